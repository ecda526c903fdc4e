#include "base/cursor.h"

#include "world.h"

/*
 * The shared mail suite: whole messages with their zones, through the steps that daemon and tool
 * take.  A case is a line of cases.tsv; alternatives are "a|b", "!x" is anything but x, an empty
 * column is not judged.
 */
#define SUITE_NOW 1795305600 /* 22 November 2026: after every message was signed */

enum column { SUITE, CASE, MESSAGE, ZONE, CLIENT, HELO, MAIL_FROM, EXP_DKIM, EXP_ARC, EXP_SPF,
	EXP_DMARC, EXP_POLICY, NOTES, COLUMNS };

static const struct {
	const char *suite;
	unsigned cases;
} suites[] = {
	{ "mail-dkim", 79 },
	{ "dkimpy", 21 },
	{ "arc-validate", 47 },
	{ "mailauth", 1 },
	{ "mailauth-dmarc", 47 },
	{ "mail-dmarc30", 4 },
	{ "sec-own", 10 },
};

static bool satisfied(struct slice want, struct slice got)
{
	if (want.len == 0)
		return true;
	if (want.ptr[0] == '!')
		return !slice_eq(slice_drop(want, 1), got);
	while (!slice_is_null(want))
		if (slice_eq(slice_split(&want, '|'), got))
			return true;
	return false;
}

/* One pass among the signatures is a pass of the message; else the first speaks. */
static struct slice dkim_word(const struct dkim_results *results)
{
	enum auth_result result = results->count == 0 ? AUTH_NONE : results->items[0].result;

	for (size_t i = 0; i < results->count; i++)
		if (results->items[i].result == AUTH_PASS)
			result = AUTH_PASS;
	return slice_str(auth_result_text(result));
}

static struct slice policy_word(const struct dmarc_result *r)
{
	if (r->author_count == 0 || r->authors[0].discovery.status != DMARC_DISCOVERED)
		return SLICE("none");
	return slice_str(dmarc_policy_text(r->authors[0].policy));
}

static char *shared_file(struct world *w, struct slice name, size_t *len_out)
{
	struct slice relative = arena_printf(w->a, "suites/mail/%.*s", SLICE_ARG(name));
	char *path = unit_shared_path(relative.ptr);
	char *text = path == NULL ? NULL : unit_read_file(path, len_out);

	free(path);
	ck_assert_msg(text != NULL, "%s cannot be read", relative.ptr);
	return text;
}

static unsigned check_column(const struct slice *columns, enum column c, const char *name,
    struct slice got)
{
	if (satisfied(columns[c], got))
		return 0;
	printf("%.*s/%.*s: %s=%.*s, want %.*s (%.*s)\n", SLICE_ARG(columns[SUITE]),
	    SLICE_ARG(columns[CASE]), name, SLICE_ARG(got), SLICE_ARG(columns[c]),
	    SLICE_ARG(columns[NOTES]));
	return 1;
}

static void set_envelope(struct world *w, const struct slice *columns)
{
	struct slice ip = columns[CLIENT];

	w->envelope.helo = columns[HELO].len > 0 ? columns[HELO] : SLICE("mta.example.edu");
	w->envelope.mail_from = ip.len > 0 ? columns[MAIL_FROM] :
	    SLICE("bounce@nospf.example.edu");
	ck_assert(ip_parse(ip.len > 0 ? ip : SLICE("192.0.2.10"), &w->envelope.client));
}

static unsigned run_case(const struct slice *columns, unsigned *judged)
{
	size_t zone_len, message_len;
	struct world w, files;
	const struct outcome *o;
	char *zone, *message;
	unsigned differ;

	world_open(&files, "");
	zone = shared_file(&files, columns[ZONE], &zone_len);
	message = shared_file(&files, columns[MESSAGE], &message_len);
	world_open(&w, zone);
	w.now = SUITE_NOW;
	set_envelope(&w, columns);
	o = world_run(&w, slice_of(message, message_len));
	differ = check_column(columns, EXP_DKIM, "dkim", dkim_word(&o->verdict.dkim)) +
	    check_column(columns, EXP_SPF, "spf",
		slice_str(auth_result_text(o->verdict.spf.r.result))) +
	    check_column(columns, EXP_DMARC, "dmarc",
		slice_str(auth_result_text(o->verdict.dmarc.result))) +
	    check_column(columns, EXP_POLICY, "policy", policy_word(&o->verdict.dmarc));
	*judged += (columns[EXP_DKIM].len > 0) + (columns[EXP_SPF].len > 0) +
	    (columns[EXP_DMARC].len > 0) + (columns[EXP_POLICY].len > 0);
	ck_assert(!o->failed);
	world_close(&w);
	world_close(&files);
	free(zone);
	free(message);
	return differ;
}

static void run_suite(struct slice table, const char *suite, unsigned want_cases)
{
	unsigned cases = 0, judged = 0, differ = 0;

	while (!slice_is_null(table)) {
		struct slice line = slice_split(&table, '\n'), columns[COLUMNS] = { 0 };

		for (size_t i = 0; i < COLUMNS && !slice_is_null(line); i++)
			columns[i] = slice_split(&line, '\t');
		if (!slice_eq(columns[SUITE], slice_str(suite)))
			continue;
		cases++;
		differ += run_case(columns, &judged);
	}
	printf("suites/mail %s: %u cases, %u results agree, %u differ\n", suite, cases,
	    judged - differ, differ);
	ck_assert_uint_eq(cases, want_cases);
	ck_assert_uint_eq(differ, 0);
}

START_TEST(suite_rows)
{
	char *path = unit_shared_path("suites/mail/cases.tsv"), *table;
	size_t len;

	if (path == NULL) {
		unit_skipped("suites/mail is not there");
		return;
	}
	table = unit_read_file(path, &len);
	free(path);
	ck_assert_ptr_nonnull(table);
	run_suite(slice_of(table, len), suites[_i].suite, suites[_i].cases);
	free(table);
}
END_TEST

Suite *mail_suite(void)
{
	Suite *s = suite_create("suites/mail");

	UNIT_TABLE(s, suite_rows, suites);
	return s;
}

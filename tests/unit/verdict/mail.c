#include "base/cursor.h"

#include "collected.h"

#include "world.h"

/* The collected messages through the steps that daemon and tool take. */
#define SUITE_NOW 1795305600 /* 22 November 2026: after every message was signed */

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

static unsigned check_column(const struct slice *row, enum collected_column c, const char *name,
    struct slice got)
{
	if (collected_meets(row[c], got))
		return 0;
	printf("%.*s/%.*s: %s=%.*s, want %.*s (%.*s)\n", SLICE_ARG(row[COLLECTED_SUITE]),
	    SLICE_ARG(row[COLLECTED_CASE]), name, SLICE_ARG(got), SLICE_ARG(row[c]),
	    SLICE_ARG(row[COLLECTED_NOTES]));
	return 1;
}

static void set_envelope(struct world *w, const struct slice *row)
{
	struct slice ip = row[COLLECTED_CLIENT];

	w->envelope.helo = row[COLLECTED_HELO].len > 0 ? row[COLLECTED_HELO] : SLICE("mta.example.edu");
	w->envelope.mail_from = ip.len > 0 ? row[COLLECTED_MAIL_FROM] :
	    SLICE("bounce@nospf.example.edu");
	ck_assert(ip_parse(ip.len > 0 ? ip : SLICE("192.0.2.10"), &w->envelope.client));
}

struct tally {
	const char *suite;
	unsigned cases, judged, differ;
};

static void run_case(void *ctx, const struct slice *row)
{
	struct tally *tally = ctx;
	size_t zone_len, message_len;
	const struct outcome *o;
	char *zone, *message;
	struct world w;

	if (!slice_eq(row[COLLECTED_SUITE], slice_str(tally->suite)))
		return;
	zone = collected_file(row[COLLECTED_ZONE], &zone_len);
	message = collected_file(row[COLLECTED_MESSAGE], &message_len);
	world_open(&w, zone);
	w.now = SUITE_NOW;
	set_envelope(&w, row);
	o = world_run(&w, slice_of(message, message_len));
	tally->cases++;
	tally->differ += check_column(row, COLLECTED_DKIM, "dkim", dkim_word(&o->verdict.dkim)) +
	    check_column(row, COLLECTED_SPF, "spf",
		slice_str(auth_result_text(o->verdict.spf.r.result))) +
	    check_column(row, COLLECTED_DMARC, "dmarc",
		slice_str(auth_result_text(o->verdict.dmarc.result))) +
	    check_column(row, COLLECTED_POLICY, "policy", policy_word(&o->verdict.dmarc));
	tally->judged += (row[COLLECTED_DKIM].len > 0) + (row[COLLECTED_SPF].len > 0) +
	    (row[COLLECTED_DMARC].len > 0) + (row[COLLECTED_POLICY].len > 0);
	ck_assert(!o->failed);
	world_close(&w);
	free(zone);
	free(message);
}

START_TEST(suite_rows)
{
	struct tally tally = { .suite = suites[_i].suite };

	if (!collected_each(run_case, &tally))
		return;
	printf("suites/mail %s: %u cases, %u results agree, %u differ\n", tally.suite, tally.cases,
	    tally.judged - tally.differ, tally.differ);
	ck_assert_uint_eq(tally.cases, suites[_i].cases);
	ck_assert_uint_eq(tally.differ, 0);
}
END_TEST

Suite *mail_suite(void)
{
	Suite *s = suite_create("suites/mail");

	UNIT_TABLE(s, suite_rows, suites);
	return s;
}

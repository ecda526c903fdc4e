/*
 * Messages that others have collected, with their zones and the results that are expected: the
 * columns of ../shared/suites/mail/cases.tsv that are about DKIM.  "a|b" are alternatives, "!x" is
 * anything but x, an empty column is not judged.
 */
#include <stdlib.h>

#include "dns/zonefile.h"
#include "mail/reader.h"

#include "fixture.h"
#include "suites.h"

enum { COL_SUITE, COL_CASE, COL_MESSAGE, COL_ZONE, COL_DKIM = 7, COL_NOTES = 12, COLUMNS };

/*
 * Mail that was collected long ago has expired since.  Every message is judged a little after its
 * own latest t=, but where a row is about the expiry.
 */
static int64_t time_of(struct arena *a, const struct message *m, struct slice notes)
{
	int64_t latest = 0;

	for (size_t i = 0; i < m->count; i++) {
		struct dkim_signature sig;

		if (slice_ieq(m->headers[i].name, SLICE("DKIM-Signature")) &&
		    dkim_signature_parse(a, SIGNATURE_DKIM, m->headers[i].value, &sig) == DKIM_WHY_GOOD &&
		    sig.has_t && sig.t > latest && sig.t < INT64_MAX)
			latest = sig.t;
	}
	return latest == 0 || slice_eq(notes, SLICE("expired signature")) ? NOW : latest + 60;
}

/* "none" where there is no signature, else the best of them all. */
static enum auth_result best_of(struct dkim_results results)
{
	static const enum auth_result order[] = { AUTH_PASS, AUTH_TEMPERROR, AUTH_FAIL, AUTH_POLICY,
		AUTH_PERMERROR, AUTH_NEUTRAL };

	for (size_t k = 0; k < N_ELEMENTS(order); k++)
		for (size_t i = 0; i < results.count; i++)
			if (results.items[i].result == order[k])
				return order[k];
	return AUTH_NONE;
}

static bool matches(struct slice expected, struct slice got)
{
	if (slice_starts_with(expected, SLICE("!")))
		return !slice_eq(slice_drop(expected, 1), got);
	while (!slice_is_null(expected))
		if (slice_eq(slice_split(&expected, '|'), got))
			return true;
	return false;
}

static char *shared_file(struct slice name)
{
	struct buf path = BUF_INIT(4096);
	char *found;

	buf_addf(&path, "suites/mail/%.*s", SLICE_ARG(name));
	found = unit_shared_path(buf_cstr(&path));
	buf_free(&path);
	return found;
}

static struct dkim_results verify_case(struct arena *a, struct slice message, struct slice zone,
    struct slice notes)
{
	struct verify_request request = VERIFY_REQUEST(SLICE_NULL, NULL);
	char *message_path = shared_file(message), *zone_path = shared_file(zone);
	char *text, *zone_text;
	struct dkim_results results;
	struct message m;
	size_t len, zone_len;

	ck_assert_msg(message_path != NULL && zone_path != NULL, "%.*s or %.*s is missing",
	    SLICE_ARG(message), SLICE_ARG(zone));
	text = unit_read_file(message_path, &len);
	zone_text = unit_read_file(zone_path, &zone_len);
	request.text = arena_copy(a, slice_of(text, len));
	request.zone = zone_text;
	message_init(&m, a);
	read_headers(&m, request.text);
	request.now = time_of(a, &m, notes);
	results = fixture_verify(a, &request);
	free(text);
	free(zone_text);
	free(message_path);
	free(zone_path);
	return results;
}

/* true: as expected, or not judged. */
static bool check_case(const struct slice column[COLUMNS])
{
	struct arena *a = arena_create(64u << 20);
	struct dkim_results results = verify_case(a, column[COL_MESSAGE], column[COL_ZONE],
	    column[COL_NOTES]);
	struct slice got = slice_str(auth_result_text(best_of(results)));
	struct slice expected = column[COL_DKIM];
	bool ok = matches(expected, got);

	if (!ok)
		for (size_t i = 0; i < results.count || i == 0; i++)
			printf("%.*s/%.*s: got %.*s (%.*s), want %.*s\n",
			    SLICE_ARG(column[COL_SUITE]), SLICE_ARG(column[COL_CASE]),
			    SLICE_ARG(got),
			    SLICE_ARG(results.count == 0 ? SLICE("") : results.items[i].reason),
			    SLICE_ARG(expected));
	arena_free(&a);
	return ok;
}

START_TEST(collected_messages)
{
	char *path = unit_shared_path("suites/mail/cases.tsv"), *text;
	size_t len, judged = 0, wrong = 0;
	struct slice rest;

	if (path == NULL) {
		unit_skipped("suites/mail is not there");
		return;
	}
	text = unit_read_file(path, &len);
	rest = slice_of(text, len);
	slice_split(&rest, '\n'); /* the names of the columns */
	while (!slice_is_null(rest)) {
		struct slice column[COLUMNS], line = slice_split(&rest, '\n');

		for (size_t i = 0; i < COLUMNS; i++)
			column[i] = slice_is_null(line) ? SLICE_NULL : slice_split(&line, '\t');
		if (column[COL_DKIM].len == 0)
			continue;
		judged++;
		wrong += !check_case(column);
	}
	printf("suites/mail: %zu of %zu messages as expected (dkim)\n", judged - wrong, judged);
	ck_assert_uint_gt(judged, 100);
	ck_assert_uint_eq(wrong, 0);
	free(text);
	free(path);
}
END_TEST

Suite *messages_suite(void)
{
	Suite *s = suite_create("messages");

	UNIT_TEST(s, collected_messages);
	return s;
}

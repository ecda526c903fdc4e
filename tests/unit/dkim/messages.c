/*
 * Messages that others have collected: what is expected of their DKIM signatures.
 */
#include <stdlib.h>

#include "dns/zonefile.h"
#include "mail/reader.h"

#include "collected.h"

#include "fixture.h"
#include "suites.h"

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

static struct dkim_results verify_row(struct arena *a, const struct slice row[COLLECTED_COLUMNS])
{
	struct verify_request request = VERIFY_REQUEST(SLICE_NULL, NULL);
	size_t len, zone_len;
	char *text = collected_file(row[COLLECTED_MESSAGE], &len);
	char *zone = collected_file(row[COLLECTED_ZONE], &zone_len);
	struct dkim_results results;
	struct message m;

	request.text = arena_copy(a, slice_of(text, len));
	request.zone = zone;
	message_init(&m, a);
	read_headers(&m, request.text);
	request.now = time_of(a, &m, row[COLLECTED_NOTES]);
	results = fixture_verify(a, &request);
	free(text);
	free(zone);
	return results;
}

struct tally {
	size_t judged, wrong;
};

static void check_dkim(void *ctx, const struct slice row[COLLECTED_COLUMNS])
{
	struct tally *tally = ctx;
	struct arena *a;
	struct dkim_results results;
	struct slice got;

	if (row[COLLECTED_DKIM].len == 0)
		return;
	a = arena_create(64u << 20);
	results = verify_row(a, row);
	got = slice_str(auth_result_text(best_of(results)));
	tally->judged++;
	if (!collected_meets(row[COLLECTED_DKIM], got)) {
		tally->wrong++;
		for (size_t i = 0; i < results.count || i == 0; i++)
			printf("%.*s/%.*s: got %.*s (%.*s), want %.*s\n",
			    SLICE_ARG(row[COLLECTED_SUITE]), SLICE_ARG(row[COLLECTED_CASE]), SLICE_ARG(got),
			    SLICE_ARG(results.count == 0 ? SLICE("") : results.items[i].reason),
			    SLICE_ARG(row[COLLECTED_DKIM]));
	}
	arena_free(&a);
}

START_TEST(collected_messages)
{
	struct tally tally = { 0 };

	if (!collected_each(check_dkim, &tally))
		return;
	printf("suites/mail: %zu of %zu messages as expected (dkim)\n", tally.judged - tally.wrong,
	    tally.judged);
	ck_assert_uint_gt(tally.judged, 100);
	ck_assert_uint_eq(tally.wrong, 0);
}
END_TEST

Suite *messages_suite(void)
{
	Suite *s = suite_create("messages");

	UNIT_TEST(s, collected_messages);
	return s;
}

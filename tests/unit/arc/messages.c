/*
 * Messages that others have collected: what is expected of their ARC sets.
 */
#include <stdlib.h>

#include "collected.h"

#include "fixture.h"
#include "suites.h"

struct tally {
	size_t judged, wrong;
};

static void check_arc(void *ctx, const struct slice row[COLLECTED_COLUMNS])
{
	struct tally *tally = ctx;
	struct arena *a;
	char *text, *zone;
	struct arc_result found;
	struct slice got;
	size_t len;

	if (row[COLLECTED_ARC].len == 0)
		return;
	a = arena_create(64u << 20);
	text = collected_file(row[COLLECTED_MESSAGE], &len);
	zone = collected_file(row[COLLECTED_ZONE], &len);
	found = fixture_verify(a, slice_str(text), zone);
	got = slice_str(auth_result_text(found.result));
	tally->judged++;
	if (!collected_meets(row[COLLECTED_ARC], got)) {
		tally->wrong++;
		printf("%.*s/%.*s: got %.*s (%.*s), want %.*s\n", SLICE_ARG(row[COLLECTED_SUITE]),
		    SLICE_ARG(row[COLLECTED_CASE]), SLICE_ARG(got), SLICE_ARG(found.reason),
		    SLICE_ARG(row[COLLECTED_ARC]));
	}
	free(text);
	free(zone);
	arena_free(&a);
}

START_TEST(collected_messages)
{
	struct tally tally = { 0 };

	if (!collected_each(check_arc, &tally))
		return;
	printf("suites/mail: %zu of %zu messages as expected (arc)\n", tally.judged - tally.wrong,
	    tally.judged);
	ck_assert_uint_gt(tally.judged, 40);
	ck_assert_uint_eq(tally.wrong, 0);
}
END_TEST

Suite *messages_suite(void)
{
	Suite *s = suite_create("messages");

	if (arc_is_built())
		UNIT_TEST(s, collected_messages);
	else
		unit_skipped("this build has no ARC");
	return s;
}

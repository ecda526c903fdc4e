/*
 * Messages that others have collected, with their zones and the results that are expected: the
 * column of ../shared/suites/mail/cases.tsv that is about ARC.  "a|b" are alternatives, an empty
 * column is not judged.
 */
#include <stdlib.h>

#include "fixture.h"
#include "suites.h"

enum { COL_SUITE, COL_CASE, COL_MESSAGE, COL_ZONE, COL_ARC = 8, COLUMNS = 13 };

static char *shared_text(struct slice name)
{
	struct buf path = BUF_INIT(4096);
	char *found, *text;
	size_t len;

	buf_addf(&path, "suites/mail/%.*s", SLICE_ARG(name));
	found = unit_shared_path(buf_cstr(&path));
	ck_assert_msg(found != NULL, "%s is missing", buf_cstr(&path));
	text = unit_read_file(found, &len);
	buf_free(&path);
	free(found);
	return text;
}

static bool matches(struct slice expected, struct slice got)
{
	while (!slice_is_null(expected))
		if (slice_eq(slice_split(&expected, '|'), got))
			return true;
	return false;
}

/* true: as expected. */
static bool check_case(const struct slice column[COLUMNS])
{
	struct arena *a = arena_create(64u << 20);
	char *text = shared_text(column[COL_MESSAGE]), *zone = shared_text(column[COL_ZONE]);
	struct arc_result found = fixture_verify(a, slice_str(text), zone);
	struct slice got = slice_str(auth_result_text(found.result));
	bool ok = matches(column[COL_ARC], got);

	if (!ok)
		printf("%.*s/%.*s: got %.*s (%.*s), want %.*s\n", SLICE_ARG(column[COL_SUITE]),
		    SLICE_ARG(column[COL_CASE]), SLICE_ARG(got), SLICE_ARG(found.reason),
		    SLICE_ARG(column[COL_ARC]));
	free(text);
	free(zone);
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
		if (column[COL_ARC].len == 0)
			continue;
		judged++;
		wrong += !check_case(column);
	}
	printf("suites/mail: %zu of %zu messages as expected (arc)\n", judged - wrong, judged);
	ck_assert_uint_gt(judged, 40);
	ck_assert_uint_eq(wrong, 0);
	free(text);
	free(path);
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

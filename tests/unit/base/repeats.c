/* repeats.h: trouble that lasts costs one line for each time, whatever the mail. */
#include <stdio.h>

#include "base/repeats.h"

#include "suites.h"

static struct repeats table;

static bool add(const char *thing, const char *line, int64_t now_ms)
{
	return repeats_add(&table, slice_str(thing), 1, slice_str(line), now_ms);
}

static void expect_next(int64_t now_ms, bool all, const char *want)
{
	struct buf out = BUF_INIT(4096);
	int level = -1;
	bool found = repeats_next(&table, now_ms, all, &level, &out);

	ck_assert_str_eq(found ? buf_cstr(&out) : "", want);
	ck_assert_int_eq(level, found ? 1 : -1);
	buf_free(&out);
}

/* The line of each row, at its time, and whether it is logged. */
static const struct {
	const char *thing, *line;
	int64_t now_ms;
	bool logged;
} rows[] = {
	{ "store", "store: full", 1000, true },
	{ "store", "store: full", 1001, false },
	{ "server 1", "server 1: silent", 1002, true },
	{ "server", "server: a name that begins alike", 1003, true },
	{ "store", "store: locked", 1000 + REPEATS_MS - 1, false },
	{ "store", "store: counted until it is summed up", 1000 + REPEATS_MS + 1, false },
	{ "server 1", "server 1: silent once more", 1002 + REPEATS_MS, true },
};

START_TEST(first_is_logged)
{
	table = (struct repeats){ 0 };
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		ck_assert_msg(add(rows[i].thing, rows[i].line, rows[i].now_ms) == rows[i].logged, "%s",
		    rows[i].line);
}
END_TEST

/* At the end of a process, and between two tests in one: what comes after is new. */
START_TEST(all_is_over)
{
	table = (struct repeats){ 0 };
	ck_assert(add("store", "store: full", 0));
	ck_assert(!add("store", "store: full", 1));
	expect_next(2, true, "store: full (1 more time in 0 s)");
	expect_next(2, true, "");
	ck_assert(add("store", "store: full", 3));
}
END_TEST

START_TEST(summed_up)
{
	table = (struct repeats){ 0 };
	add("store", "store: full", 0);
	expect_next(REPEATS_MS - 1, false, "");
	add("store", "store: full", 1);
	add("store", "store: locked", 2);
	expect_next(REPEATS_MS - 1, false, "");
	expect_next(REPEATS_MS, false, "store: locked (2 more times in 300 s)");
	expect_next(REPEATS_MS, false, "");
	/* it lasts: counted on, and one line again */
	ck_assert(!add("store", "store: full", REPEATS_MS + 1000));
	expect_next(2 * REPEATS_MS, false, "store: full (1 more time in 300 s)");
	/* a time without it: forgotten, so that the next one is logged */
	expect_next(3 * REPEATS_MS, false, "");
	ck_assert(add("store", "store: full", 3 * REPEATS_MS));
	/* the end of the process waits for no time */
	add("store", "store: away", 3 * REPEATS_MS + 5000);
	expect_next(3 * REPEATS_MS + 10000, true, "store: away (1 more time in 10 s)");
}
END_TEST

START_TEST(more_things_than_room)
{
	char thing[32];

	table = (struct repeats){ 0 };
	for (unsigned i = 0; i < REPEATS_THINGS; i++) {
		snprintf(thing, sizeof(thing), "thing %u", i);
		ck_assert(add(thing, thing, 0));
	}
	ck_assert(!add("thing 1", "again", 1));
	ck_assert(!add("one more", "one more", 2));
	ck_assert(!add("and one", "and one", 3));
	expect_next(1000, true, "again (1 more time in 1 s)");
	expect_next(1000, true, "and one (and about other things: 2 more times in 1 s)");
	expect_next(1000, true, "");
}
END_TEST

START_TEST(long_texts_are_cut)
{
	struct buf text = BUF_INIT(4096), out = BUF_INIT(4096);
	int level;

	table = (struct repeats){ 0 };
	while (text.len < 2000)
		buf_add_char(&text, 'x');
	ck_assert(repeats_add(&table, buf_slice(&text), 1, buf_slice(&text), 0));
	ck_assert(!repeats_add(&table, buf_slice(&text), 1, buf_slice(&text), 0));
	ck_assert(repeats_next(&table, 0, true, &level, &out));
	ck_assert_uint_eq(slice_find(buf_slice(&out), ' '), REPEATS_LINE_OCTETS);
	buf_free(&text);
	buf_free(&out);
}
END_TEST

Suite *repeats_suite(void)
{
	Suite *s = suite_create("repeats");

	UNIT_TEST(s, first_is_logged);
	UNIT_TEST(s, summed_up);
	UNIT_TEST(s, all_is_over);
	UNIT_TEST(s, more_things_than_room);
	UNIT_TEST(s, long_texts_are_cut);
	return s;
}

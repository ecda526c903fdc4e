/* cursor.h: a production consumes what it matches or nothing at all. */
#include "base/ascii.h"
#include "base/cursor.h"

#include "suites.h"

static const struct {
	struct slice in;
	unsigned digits;
	uint64_t max;
	bool ok;
	uint64_t value;
	size_t left;
} uint_rows[] = {
	{ SLICE("0"), 1, 9, true, 0, 0 },
	{ SLICE("007x"), 3, 9, true, 7, 1 },
	{ SLICE("255"), 3, 255, true, 255, 0 },
	{ SLICE("18446744073709551615"), 20, UINT64_MAX, true, UINT64_MAX, 0 },
	{ SLICE("256"), 3, 255, false, 0, 0 },
	{ SLICE("0255"), 3, 255, false, 0, 0 },
	{ SLICE("18446744073709551616"), 20, UINT64_MAX, false, 0, 0 },
	{ SLICE("99999999999999999999"), 20, UINT64_MAX, false, 0, 0 },
	{ SLICE("1"), 1, 0, false, 0, 0 },
	{ SLICE(""), 3, 255, false, 0, 0 },
	{ SLICE("x"), 3, 255, false, 0, 0 },
	{ SLICE("-1"), 3, 255, false, 0, 0 },
	{ SLICE("+1"), 3, 255, false, 0, 0 },
	{ SLICE(" 1"), 3, 255, false, 0, 0 },
	{ SLICE_NULL, 3, 255, false, 0, 0 },
};

START_TEST(uints)
{
	struct cursor c = cursor_of(uint_rows[_i].in), before = c;
	uint64_t value = 4711;
	bool ok = take_uint(&c, uint_rows[_i].digits, uint_rows[_i].max, &value);

	ck_assert_msg(ok == uint_rows[_i].ok, "row %d", _i);
	ck_assert_msg(value == (ok ? uint_rows[_i].value : 4711), "row %d", _i);
	if (ok)
		ck_assert_uint_eq(cursor_left(&c), uint_rows[_i].left);
	else
		ck_assert_ptr_eq(c.at, before.at);
}
END_TEST

START_TEST(literals)
{
	struct cursor c = cursor_of(SLICE("v=Spf1"));

	ck_assert(!take_literal(&c, SLICE("V=")));
	ck_assert(!take_literal(&c, SLICE("v=Spf1x")));
	ck_assert(take_literal(&c, SLICE("v=")));
	ck_assert(!take_char(&c, 's'));
	ck_assert(!take_iliteral(&c, SLICE("SPF2")));
	ck_slice_eq(cursor_rest(&c), SLICE("Spf1"));
	ck_assert(take_iliteral(&c, SLICE("SPF")));
	ck_assert_int_eq(cursor_peek(&c), '1');
	ck_assert(take_char(&c, '1'));
	ck_assert(cursor_done(&c));
	ck_assert_int_eq(cursor_peek(&c), '\0');
	ck_assert(!take_char(&c, '\0'));
	ck_assert(take_literal(&c, SLICE("")));
}
END_TEST

START_TEST(runs)
{
	struct cursor c = cursor_of(SLICE("12ab \t\r\n x"));
	struct slice out = SLICE("untouched");

	ck_assert(!take_while(&c, is_alpha, &out));
	ck_slice_eq(out, SLICE("untouched"));
	ck_assert(take_while(&c, is_digit, &out));
	ck_slice_eq(out, SLICE("12"));
	ck_assert(take_while(&c, is_alnum, &out));
	ck_slice_eq(out, SLICE("ab"));
	ck_assert_uint_eq(skip_wsp(&c), 2);
	ck_assert_uint_eq(skip_wsp(&c), 0);
	ck_assert_uint_eq(skip_fws(&c), 3);
	ck_assert_uint_eq(skip_fws(&c), 0);
	ck_slice_eq(cursor_rest(&c), SLICE("x"));
}
END_TEST

/* The null slice is an empty one, with pointers that may be compared. */
START_TEST(nothing)
{
	struct cursor c = cursor_of(SLICE_NULL);
	struct slice out;

	ck_assert(cursor_done(&c));
	ck_assert_ptr_nonnull(c.at);
	ck_assert_uint_eq(cursor_left(&c), 0);
	ck_assert(!take_while(&c, is_vchar, &out));
	ck_assert_uint_eq(skip_fws(&c), 0);
}
END_TEST

Suite *cursor_suite(void)
{
	Suite *s = suite_create("cursor");

	UNIT_TABLE(s, uints, uint_rows);
	UNIT_TEST(s, literals);
	UNIT_TEST(s, runs);
	UNIT_TEST(s, nothing);
	return s;
}

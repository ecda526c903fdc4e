/* utf8.h: RFC 3629, without C1 controls. */
#include "base/utf8.h"

#include "suites.h"

static const struct {
	struct slice in;
	size_t length;
} rows[] = {
	{ SLICE("a"), 1 },
	{ SLICE("\0"), 1 },
	{ SLICE("\x7f"), 1 },
	{ SLICE("\xc2\xa0"), 2 },
	{ SLICE("\xc3\xa4x"), 2 },
	{ SLICE("\xdf\xbf"), 2 },
	{ SLICE("\xe0\xa0\x80"), 3 },
	{ SLICE("\xed\x9f\xbf"), 3 },
	{ SLICE("\xee\x80\x80"), 3 },
	{ SLICE("\xef\xbf\xbf"), 3 },
	{ SLICE("\xf0\x90\x80\x80"), 4 },
	{ SLICE("\xf4\x8f\xbf\xbf"), 4 },
	{ SLICE(""), 0 },
	{ SLICE_NULL, 0 },
	{ SLICE("\xc2\x80"), 0 }, /* C1 controls */
	{ SLICE("\xc2\x9f"), 0 },
	{ SLICE("\xc0\x80"), 0 }, /* overlong */
	{ SLICE("\xc1\xbf"), 0 },
	{ SLICE("\xe0\x9f\xbf"), 0 },
	{ SLICE("\xf0\x8f\xbf\xbf"), 0 },
	{ SLICE("\xed\xa0\x80"), 0 }, /* surrogates */
	{ SLICE("\xed\xbf\xbf"), 0 },
	{ SLICE("\xf4\x90\x80\x80"), 0 }, /* beyond U+10FFFF */
	{ SLICE("\xf8\x88\x80\x80\x80"), 0 },
	{ SLICE("\xff"), 0 },
	{ SLICE("\x80"), 0 }, /* continuation without a start */
	{ SLICE("\xc3"), 0 }, /* cut off */
	{ SLICE("\xe2\x82"), 0 },
	{ SLICE("\xf0\x9f\x98"), 0 },
	{ SLICE("\xc3x"), 0 },
	{ SLICE("\xe2\x82x"), 0 },
	{ SLICE("\xe2x\xac"), 0 },
};

START_TEST(sequences)
{
	ck_assert_msg(utf8_sequence(rows[_i].in) == rows[_i].length, "row %d", _i);
}
END_TEST

static const struct {
	struct slice in;
	bool visible;
} visible_rows[] = {
	{ SLICE("a"), true },
	{ SLICE("\xc2\xa1"), true },
	{ SLICE("\xc3\xa4"), true },
	{ SLICE("\xe2\x82\xac"), true },
	{ SLICE("\xf0\x9f\x98\x80"), true },
	{ SLICE(" "), false },
	{ SLICE("\n"), false },
	{ SLICE("\0"), false },
	{ SLICE("\x7f"), false },
	{ SLICE("\xc2\xa0"), false },         /* NO-BREAK SPACE */
	{ SLICE("\xc2\xad"), false },         /* SOFT HYPHEN */
	{ SLICE("\xe1\x9a\x80"), false },     /* OGHAM SPACE MARK */
	{ SLICE("\xe2\x80\x83"), false },     /* EM SPACE */
	{ SLICE("\xe2\x80\x8b"), false },     /* ZERO WIDTH SPACE */
	{ SLICE("\xe2\x80\xa8"), false },     /* LINE SEPARATOR */
	{ SLICE("\xe2\x80\xae"), false },     /* RIGHT-TO-LEFT OVERRIDE */
	{ SLICE("\xe2\x81\x9f"), false },     /* MEDIUM MATHEMATICAL SPACE */
	{ SLICE("\xe3\x80\x80"), false },     /* IDEOGRAPHIC SPACE */
	{ SLICE("\xef\xbb\xbf"), false },     /* BYTE ORDER MARK */
	{ SLICE("\xc2\x85"), false },
	{ SLICE("\xff"), false },
	{ SLICE(""), false },
};

START_TEST(visible)
{
	size_t n = utf8_visible(visible_rows[_i].in);

	ck_assert_msg((n > 0) == visible_rows[_i].visible, "row %d", _i);
	ck_assert(n == 0 || n == utf8_sequence(visible_rows[_i].in));
}
END_TEST

START_TEST(whole_texts)
{
	ck_assert(utf8_valid(SLICE("")));
	ck_assert(utf8_valid(SLICE_NULL));
	ck_assert(utf8_valid(SLICE("a\0\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z")));
	ck_assert(!utf8_valid(SLICE("a\xc3\xa4\xe2\x82")));
	ck_assert(!utf8_valid(SLICE("a\xffz")));
	ck_assert(slice_is_ascii(SLICE("a\0\x7f")));
	ck_assert(slice_is_ascii(SLICE_NULL));
	ck_assert(!slice_is_ascii(SLICE("ab\xc3\xa4")));
	ck_assert(!slice_is_ascii(SLICE("\x80")));
}
END_TEST

START_TEST(cut_between_sequences)
{
	static const struct {
		struct slice in;
		size_t n, want;
	} cuts[] = {
		{ SLICE("a\xc3\xa4z"), 0, 0 }, { SLICE("a\xc3\xa4z"), 1, 1 }, { SLICE("a\xc3\xa4z"), 2, 1 },
		{ SLICE("a\xc3\xa4z"), 3, 3 }, { SLICE("a\xc3\xa4z"), 4, 4 }, { SLICE("a\xc3\xa4z"), 9, 4 },
		{ SLICE("\xf0\x9f\x98\x80"), 3, 0 }, { SLICE("\xf0\x9f\x98\x80"), 4, 4 },
		{ SLICE("\x80\x80\x80"), 2, 0 }, { SLICE_NULL, 3, 0 },
	};

	for (size_t i = 0; i < N_ELEMENTS(cuts); i++)
		ck_assert_uint_eq(utf8_take(cuts[i].in, cuts[i].n).len, cuts[i].want);
}
END_TEST

Suite *utf8_suite(void)
{
	Suite *s = suite_create("utf8");

	UNIT_TABLE(s, sequences, rows);
	UNIT_TABLE(s, visible, visible_rows);
	UNIT_TEST(s, whole_texts);
	UNIT_TEST(s, cut_between_sequences);
	return s;
}

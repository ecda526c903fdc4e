/* slice.h, ascii.h, result.h */
#include "base/ascii.h"
#include "base/result.h"

#include "suites.h"

static const struct {
	struct slice a, b;
	int order; /* of slice_icmp */
	bool eq;   /* octet by octet */
} compare_rows[] = {
	{ SLICE("abc"), SLICE("abc"), 0, true },
	{ SLICE("ABC"), SLICE("abc"), 0, false },
	{ SLICE(""), SLICE(""), 0, true },
	{ SLICE_NULL, SLICE(""), 0, true },
	{ SLICE_NULL, SLICE_NULL, 0, true },
	{ SLICE("a"), SLICE_NULL, 1, false },
	{ SLICE("ab"), SLICE("abc"), -1, false },
	{ SLICE("abd"), SLICE("abc"), 1, false },
	{ SLICE("aBd"), SLICE("AbC"), 1, false },
	{ SLICE("a\0b"), SLICE("a\0c"), -1, false }, /* NUL is an octet like any other */
	{ SLICE("a\0"), SLICE("a"), 1, false },
	{ SLICE("["), SLICE("{"), -1, false }, /* 0x20 apart and no letters */
	{ SLICE("@"), SLICE("`"), -1, false },
	{ SLICE("\xc4"), SLICE("\xe4"), -1, false }, /* ASCII only */
	{ SLICE("\xff"), SLICE("a"), 1, false },     /* octets are unsigned */
};

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

/* In rising order. */
static const struct slice ordered[] = { SLICE(""), SLICE("A"), SLICE("B"), SLICE("a"),
	SLICE("a\0"), SLICE("ab"), SLICE("b"), SLICE("\xff") };

START_TEST(octets_in_order)
{
	for (size_t i = 0; i < N_ELEMENTS(ordered); i++)
		for (size_t j = 0; j < N_ELEMENTS(ordered); j++)
			ck_assert_int_eq(sign(slice_cmp(ordered[i], ordered[j])), (i > j) - (i < j));
}
END_TEST

START_TEST(compare)
{
	struct slice a = compare_rows[_i].a, b = compare_rows[_i].b;

	ck_assert_msg(sign(slice_icmp(a, b)) == compare_rows[_i].order, "row %d", _i);
	ck_assert_msg(sign(slice_icmp(b, a)) == -compare_rows[_i].order, "row %d", _i);
	ck_assert_msg(slice_ieq(a, b) == (compare_rows[_i].order == 0), "row %d", _i);
	ck_assert_msg(slice_eq(a, b) == compare_rows[_i].eq, "row %d", _i);
	ck_assert_msg((slice_cmp(a, b) == 0) == compare_rows[_i].eq, "row %d", _i);
	ck_assert_msg(sign(slice_cmp(a, b)) == -sign(slice_cmp(b, a)), "row %d", _i);
}
END_TEST

static const struct {
	struct slice s, part;
	bool starts, istarts, iends;
} affix_rows[] = {
	{ SLICE("example.com"), SLICE("example"), true, true, false },
	{ SLICE("Example.com"), SLICE("example"), false, true, false },
	{ SLICE("example.COM"), SLICE(".com"), false, false, true },
	{ SLICE("com"), SLICE(".com"), false, false, false },
	{ SLICE("com"), SLICE("com"), true, true, true },
	{ SLICE("com"), SLICE(""), true, true, true },
	{ SLICE("com"), SLICE_NULL, true, true, true },
	{ SLICE_NULL, SLICE("c"), false, false, false },
	{ SLICE_NULL, SLICE_NULL, true, true, true },
};

START_TEST(affixes)
{
	struct slice s = affix_rows[_i].s, part = affix_rows[_i].part;

	ck_assert_msg(slice_starts_with(s, part) == affix_rows[_i].starts, "row %d", _i);
	ck_assert_msg(slice_istarts_with(s, part) == affix_rows[_i].istarts, "row %d", _i);
	ck_assert_msg(slice_iends_with(s, part) == affix_rows[_i].iends, "row %d", _i);
}
END_TEST

START_TEST(cutting)
{
	struct slice s = SLICE("abc");

	ck_slice_eq(slice_drop(s, 1), SLICE("bc"));
	ck_slice_eq(slice_drop(s, 3), SLICE(""));
	ck_slice_eq(slice_drop(s, 99), SLICE(""));
	ck_slice_eq(slice_take(s, 0), SLICE(""));
	ck_slice_eq(slice_take(s, 2), SLICE("ab"));
	ck_slice_eq(slice_take(s, 99), s);
	ck_assert(slice_is_null(slice_drop(SLICE_NULL, 1)));
	ck_assert(slice_is_null(slice_take(SLICE_NULL, 1)));
	ck_assert(!slice_is_null(slice_drop(s, 3))); /* empty, not absent */
	ck_assert(slice_is_null(slice_str(NULL)));
	ck_assert(!slice_is_null(slice_str("")));
}
END_TEST

static const struct {
	struct slice in, out;
} trim_rows[] = {
	{ SLICE(" a b "), SLICE("a b") },
	{ SLICE("\t\r\n a \r\n\t"), SLICE("a") },
	{ SLICE("a"), SLICE("a") },
	{ SLICE(" \t\r\n"), SLICE("") },
	{ SLICE(""), SLICE("") },
	{ SLICE_NULL, SLICE_NULL },
	{ SLICE("\v a \f"), SLICE("\v a \f") },
	{ SLICE("\0 a \0"), SLICE("\0 a \0") },
};

START_TEST(trim)
{
	ck_slice_eq(slice_trim(trim_rows[_i].in), trim_rows[_i].out);
}
END_TEST

START_TEST(finding)
{
	struct slice s = SLICE("a.b\0.c");

	ck_assert_uint_eq(slice_find(s, '.'), 1);
	ck_assert_uint_eq(slice_rfind(s, '.'), 4);
	ck_assert_uint_eq(slice_find(s, '\0'), 3);
	ck_assert_uint_eq(slice_find(s, 'x'), s.len);
	ck_assert_uint_eq(slice_rfind(s, 'x'), s.len);
	ck_assert_uint_eq(slice_find(SLICE_NULL, 'x'), 0);
	ck_assert_uint_eq(slice_rfind(SLICE_NULL, 'x'), 0);
}
END_TEST

static const struct {
	struct slice in;
	const char *parts[4]; /* NULL-terminated */
} split_rows[] = {
	{ SLICE("a,b,c"), { "a", "b", "c", NULL } },
	{ SLICE("a"), { "a", NULL } },
	{ SLICE(""), { "", NULL } },
	{ SLICE(","), { "", "", NULL } },
	{ SLICE("a,"), { "a", "", NULL } },
	{ SLICE(",a"), { "", "a", NULL } },
	{ SLICE_NULL, { NULL } },
};

START_TEST(split)
{
	struct slice rest = split_rows[_i].in;
	size_t n = 0;

	while (!slice_is_null(rest)) {
		ck_assert_msg(split_rows[_i].parts[n] != NULL, "row %d: too many parts", _i);
		ck_slice_eq(slice_split(&rest, ','), slice_str(split_rows[_i].parts[n++]));
	}
	ck_assert_msg(split_rows[_i].parts[n] == NULL, "row %d: too few parts", _i);
}
END_TEST

/* Every octet is in the classes of RFC 5234 appendix B.1 and in no other. */
START_TEST(classes)
{
	for (int i = 0; i < 256; i++) {
		char c = (char)i;

		ck_assert_int_eq(is_digit(c), i >= '0' && i <= '9');
		ck_assert_int_eq(is_alpha(c), (i >= 'A' && i <= 'Z') || (i >= 'a' && i <= 'z'));
		ck_assert_int_eq(is_alnum(c), is_alpha(c) || is_digit(c));
		ck_assert_int_eq(is_wsp(c), i == 0x20 || i == 0x09);
		ck_assert_int_eq(is_fws(c), i == 0x20 || i == 0x09 || i == 0x0d || i == 0x0a);
		ck_assert_int_eq(is_ctl(c), i < 0x20 || i == 0x7f);
		ck_assert_int_eq(is_vchar(c), i >= 0x21 && i <= 0x7e);
		ck_assert_int_eq(is_8bit(c), i >= 0x80);
		ck_assert_int_eq(ascii_lower(c), i >= 'A' && i <= 'Z' ? i + 32 : (int)c);
	}
	ck_assert_int_eq(hex_value('0'), 0);
	ck_assert_int_eq(hex_value('9'), 9);
	ck_assert_int_eq(hex_value('a'), 10);
	ck_assert_int_eq(hex_value('F'), 15);
	ck_assert_int_eq(hex_value('g'), -1);
	ck_assert_int_eq(hex_value('/'), -1);
	ck_assert_int_eq(hex_value('\xff'), -1);
}
END_TEST

START_TEST(result_words)
{
	static const char *const words[] = { "none", "pass", "fail", "softfail", "neutral", "policy",
		"temperror", "permerror" };

	for (int i = 0; i < (int)N_ELEMENTS(words); i++)
		ck_assert_str_eq(auth_result_text((enum auth_result)i), words[i]);
}
END_TEST

Suite *slice_suite(void)
{
	Suite *s = suite_create("slice");

	UNIT_TEST(s, octets_in_order);
	UNIT_TABLE(s, compare, compare_rows);
	UNIT_TABLE(s, affixes, affix_rows);
	UNIT_TEST(s, cutting);
	UNIT_TABLE(s, trim, trim_rows);
	UNIT_TEST(s, finding);
	UNIT_TABLE(s, split, split_rows);
	UNIT_TEST(s, classes);
	UNIT_TEST(s, result_words);
	return s;
}

#include "base/hostname.h"

#include "suites.h"

#define L63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static const struct {
	struct slice name;
	bool valid, number;
} rows[] = {
	{ SLICE("example.com"), true, false },
	{ SLICE("a"), true, false },
	{ SLICE("_dmarc.A-1.example"), true, false },
	{ SLICE(L63 ".example"), true, false },
	{ SLICE(L63 "." L63 "." L63 "." "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi"),
	    true, false },
	{ SLICE("192.0.2.1"), true, true },
	{ SLICE("1"), true, true },
	{ SLICE("a.1b"), true, false },
	{ SLICE("a.b1"), true, false },
	{ SLICE(""), false, false },
	{ SLICE("."), false, false },
	{ SLICE("example.com."), false, false },
	{ SLICE(".example.com"), false, false },
	{ SLICE("example..com"), false, false },
	{ SLICE("a" L63 ".example"), false, false },
	{ SLICE(L63 "." L63 "." L63 "." L63), false, false },
	{ SLICE("exam ple.com"), false, false },
	{ SLICE("*.example.com"), false, false },
	{ SLICE("a\0.example"), false, false },
	{ SLICE("a\0"), false, false },
	{ SLICE("b\xc3\xbc" "cher.example"), false, false },
	{ SLICE("a/b.example"), false, false },
	{ SLICE("a.-1"), true, false },
};

START_TEST(names)
{
	ck_assert_msg(hostname_valid(rows[_i].name) == rows[_i].valid, "row %d: %.*s", _i,
	    SLICE_ARG(rows[_i].name));
	ck_assert_msg(hostname_ends_in_number(rows[_i].name) == rows[_i].number, "row %d: %.*s",
	    _i, SLICE_ARG(rows[_i].name));
}
END_TEST

START_TEST(dots)
{
	ck_slice_eq(hostname_undotted(SLICE("example.com.")), SLICE("example.com"));
	ck_slice_eq(hostname_undotted(SLICE("example.com")), SLICE("example.com"));
	ck_slice_eq(hostname_undotted(SLICE("example.com..")), SLICE("example.com."));
	ck_slice_eq(hostname_undotted(SLICE(".")), SLICE(""));
	ck_slice_eq(hostname_undotted(SLICE("")), SLICE(""));
	ck_assert(!hostname_valid(SLICE_NULL) && hostname_undotted(SLICE_NULL).len == 0);
}
END_TEST

Suite *hostname_suite(void)
{
	Suite *s = suite_create("base/hostname");

	UNIT_TABLE(s, names, rows);
	UNIT_TEST(s, dots);
	return s;
}

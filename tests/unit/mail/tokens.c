/* tokens.h: the productions that several parsers share. */
#include "mail/tokens.h"

#include "suites.h"

static const struct {
	struct slice name;
	bool valid;
} name_rows[] = {
	{ SLICE("From"), true },
	{ SLICE("X-!#;~"), true },
	{ SLICE(""), false },
	{ SLICE("From:"), false },
	{ SLICE("From "), false },
	{ SLICE("Fr\tom"), false },
	{ SLICE("From\0"), false },
	{ SLICE("X-\xc3\xbc"), false },
	{ SLICE("X\x7f"), false },
};

START_TEST(field_names)
{
	ck_assert_msg(field_name_valid(name_rows[_i].name) == name_rows[_i].valid, "row %d", _i);
}
END_TEST

static const struct {
	const char *text, *rest; /* no rest: there is no route, and nothing is consumed */
} route_rows[] = {
	{ "@a.example:u@b.example", "u@b.example" },
	{ "@a.example,@b.example:u", "u" },
	{ " (x) @ a.example , , @[192.0.2.1] (y) : u", " u" },
	{ ",@a.example,:u", "u" },
	{ "@a.example u", NULL },
	{ "@a.example", NULL },
	{ "@a.example@b.example:u", NULL },
	{ "@:u", NULL },
	{ "@a.example,:", "" },
	{ ":u", NULL },
	{ ",:u", NULL },
	{ "a.example:u", NULL },
	{ "@[192.0.2.1:u", NULL },
	{ "@a;b:u", NULL },
	{ "", NULL },
};

START_TEST(routes)
{
	struct slice text = slice_str(route_rows[_i].text);
	struct cursor c = cursor_of(text);
	bool ok = take_route(&c);

	ck_assert_msg(ok == (route_rows[_i].rest != NULL), "row \"%s\"", route_rows[_i].text);
	ck_slice_eq(cursor_rest(&c), ok ? slice_str(route_rows[_i].rest) : text);
}
END_TEST

static const struct {
	const char *text;
	size_t octets; /* 0: none there */
} comment_rows[] = {
	{ "(a)b", 3 },
	{ "(a(b)c)", 7 },
	{ "(a\\)b)", 6 },
	{ "(a\\(b)c", 6 },
	{ "()", 2 },
	{ "(", 0 },
	{ "(a\\)", 0 },
	{ "(a(b)", 0 },
	{ "(\\", 0 },
	{ "a(b)", 0 },
	{ "", 0 },
};

START_TEST(comments)
{
	struct slice text = slice_str(comment_rows[_i].text);
	struct cursor c = cursor_of(text);

	ck_assert_msg(take_comment(&c) == (comment_rows[_i].octets > 0), "row \"%s\"",
	    comment_rows[_i].text);
	ck_slice_eq(cursor_rest(&c), slice_drop(text, comment_rows[_i].octets));
}
END_TEST

Suite *tokens_suite(void)
{
	Suite *s = suite_create("mail/tokens");

	UNIT_TABLE(s, field_names, name_rows);
	UNIT_TABLE(s, routes, route_rows);
	UNIT_TABLE(s, comments, comment_rows);
	return s;
}

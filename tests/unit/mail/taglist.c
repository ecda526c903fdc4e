/* taglist.h: G-01 to G-06. */
#include "base/buf.h"

#include "mail/taglist.h"

#include "suites.h"

/* A list in one line: "name=value|name=value". */
static void show(const struct taglist *list, struct buf *out)
{
	for (size_t i = 0; i < list->count; i++) {
		buf_add_str(out, i == 0 ? "" : "|");
		buf_add(out, list->tags[i].name);
		buf_add_str(out, "=");
		buf_add(out, list->tags[i].value);
	}
}

static const struct {
	const char *id;
	struct slice text;
	enum taglist_status status;
	struct slice want;
} rows[] = {
	{ "G_01", SLICE("a=1"), TAGLIST_OK, SLICE("a=1") },
	{ "G_01", SLICE("a=1;b=2"), TAGLIST_OK, SLICE("a=1|b=2") },
	{ "G_01 trailing ;", SLICE("a=1;b=2;"), TAGLIST_OK, SLICE("a=1|b=2") },
	{ "G_01 trailing ; and FWS", SLICE("a=1; b=2; \n "), TAGLIST_OK, SLICE("a=1|b=2") },
	{ "G_01 FWS", SLICE(" a = 1 ;\n\tb\n =\n 2\n ;"), TAGLIST_OK, SLICE("a=1|b=2") },
	{ "G_01 CRLF", SLICE("a=1;\r\n b=2\r\n ;\r\n"), TAGLIST_OK, SLICE("a=1|b=2") },
	{ "G_01 final line end", SLICE("a=1\n"), TAGLIST_OK, SLICE("a=1") },
	{ "G_01 several folds", SLICE("a=1;\n \n \n b=2"), TAGLIST_OK, SLICE("a=1|b=2") },
	{ "inner FWS", SLICE("b=ab\n cd ef; c=3"), TAGLIST_OK, SLICE("b=ab\n cd ef|c=3") },
	{ "G_02", SLICE("D=1;d=2"), TAGLIST_OK, SLICE("D=1|d=2") },
	{ "G_04 unknown tag", SLICE("v=1;foo_9=bar"), TAGLIST_OK, SLICE("v=1|foo_9=bar") },
	{ "G_04 - in a name", SLICE("v=1;x-foo=1"), TAGLIST_OK, SLICE("v=1|x-foo=1") },
	{ "G_05 empty value", SLICE("x=;y="), TAGLIST_OK, SLICE("x=|y=") },
	{ "G_05 empty value, FWS", SLICE("x= ;y= \n "), TAGLIST_OK, SLICE("x=|y=") },
	{ "G_06 case of values", SLICE("a=AbC"), TAGLIST_OK, SLICE("a=AbC") },
	{ "= in a value", SLICE("b=ab==;c=="), TAGLIST_OK, SLICE("b=ab==|c==") },
	{ "all of VALCHAR", SLICE("n=!\"#$%&'()*+,-./0:<=>?@[\\]^_`{|}~"), TAGLIST_OK,
	  SLICE("n=!\"#$%&'()*+,-./0:<=>?@[\\]^_`{|}~") },
	{ "RFC 8616 UTF-8", SLICE("d=münchen.de; i=jörg@münchen.de"), TAGLIST_OK,
	  SLICE("d=münchen.de|i=jörg@münchen.de") },
	{ "empty", SLICE(""), TAGLIST_SYNTAX, SLICE("") },
	{ "FWS only", SLICE(" \n "), TAGLIST_SYNTAX, SLICE("") },
	{ "; only", SLICE(";"), TAGLIST_SYNTAX, SLICE("") },
	{ "empty element", SLICE("a=1;;b=2"), TAGLIST_SYNTAX, SLICE("") },
	{ "empty element, FWS", SLICE("a=1; ;b=2"), TAGLIST_SYNTAX, SLICE("") },
	{ "two at the end", SLICE("a=1;;"), TAGLIST_SYNTAX, SLICE("") },
	{ "empty first", SLICE(";a=1"), TAGLIST_SYNTAX, SLICE("") },
	{ "no =", SLICE("a"), TAGLIST_SYNTAX, SLICE("") },
	{ "no = behind others", SLICE("a=1;b"), TAGLIST_SYNTAX, SLICE("") },
	{ "no name", SLICE("=1"), TAGLIST_SYNTAX, SLICE("") },
	{ "digit first", SLICE("1v=1"), TAGLIST_SYNTAX, SLICE("") },
	{ "_ first", SLICE("_v=1"), TAGLIST_SYNTAX, SLICE("") },
	{ "- first", SLICE("-b=1"), TAGLIST_SYNTAX, SLICE("") },
	{ "space in a name", SLICE("a b=1"), TAGLIST_SYNTAX, SLICE("") },
	{ "8-bit name", SLICE("ä=1"), TAGLIST_SYNTAX, SLICE("") },
	{ "NUL in a value", SLICE("a=1\0"), TAGLIST_SYNTAX, SLICE("") },
	{ "NUL in a name", SLICE("a\0=1"), TAGLIST_SYNTAX, SLICE("") },
	{ "NUL behind the end", SLICE("a=1;\0"), TAGLIST_SYNTAX, SLICE("") },
	{ "CTL", SLICE("a=1\x01"), TAGLIST_SYNTAX, SLICE("") },
	{ "DEL", SLICE("a=\x7f"), TAGLIST_SYNTAX, SLICE("") },
	{ "VT", SLICE("a=1\v2"), TAGLIST_SYNTAX, SLICE("") },
	{ "bare CR", SLICE("a=1\r2"), TAGLIST_SYNTAX, SLICE("") },
	{ "bare CR before WSP", SLICE("a=1\r 2"), TAGLIST_SYNTAX, SLICE("") },
	{ "LF without WSP", SLICE("a=1\n2"), TAGLIST_SYNTAX, SLICE("") },
	{ "LF without WSP before a tag", SLICE("a=1;\nb=2"), TAGLIST_SYNTAX, SLICE("") },
	{ "Latin-1", SLICE("n=\xfcx"), TAGLIST_SYNTAX, SLICE("") },
	{ "cut UTF-8", SLICE("n=\xc3"), TAGLIST_SYNTAX, SLICE("") },
	{ "G_03", SLICE("a=1;a=2"), TAGLIST_DUPLICATE, SLICE("") },
	{ "G_03 equal values", SLICE("a=1;b=2;a=1"), TAGLIST_DUPLICATE, SLICE("") },
	{ "G_03 unknown tag", SLICE("v=1;zz=1;zz="), TAGLIST_DUPLICATE, SLICE("") },
};

START_TEST(G_01_rows)
{
	struct buf got = BUF_INIT(4096);
	struct taglist list;
	enum taglist_status status = taglist_parse(rows[_i].text, false, &list);

	ck_assert_msg(status == rows[_i].status, "row %s: \"%.*s\" gave %d", rows[_i].id,
	    SLICE_ARG(rows[_i].text), status);
	show(&list, &got);
	ck_slice_eq(buf_slice(&got), rows[_i].want);
	buf_free(&got);
}
END_TEST

START_TEST(G_02_case_of_names)
{
	struct taglist list;

	ck_assert_int_eq(taglist_parse(SLICE("D=1"), false, &list), TAGLIST_OK);
	ck_assert_ptr_null(taglist_find(&list, "d"));
	ck_assert_int_eq(taglist_parse(SLICE("D=1"), true, &list), TAGLIST_OK);
	ck_slice_eq(taglist_find(&list, "d")->value, SLICE("1"));
	ck_assert_int_eq(taglist_parse(SLICE("D=1;d=2"), true, &list), TAGLIST_DUPLICATE);
	ck_assert_uint_eq(list.count, 0);
}
END_TEST

START_TEST(G_05_empty_is_not_absent)
{
	struct taglist list;

	ck_assert_int_eq(taglist_parse(SLICE("x=;y=2"), false, &list), TAGLIST_OK);
	ck_assert_ptr_nonnull(taglist_find(&list, "x"));
	ck_assert_uint_eq(taglist_find(&list, "x")->value.len, 0);
	ck_assert(!slice_is_null(taglist_find(&list, "x")->value));
	ck_assert_ptr_null(taglist_find(&list, "z"));
	ck_assert_ptr_null(taglist_find(&list, ""));
}
END_TEST

START_TEST(values_point_into_the_text)
{
	struct slice text = SLICE("a=1; b= x \n y ;");
	struct taglist list;
	struct slice b;

	ck_assert_int_eq(taglist_parse(text, false, &list), TAGLIST_OK);
	b = taglist_find(&list, "b")->value;
	ck_assert_ptr_eq(b.ptr, text.ptr + 8);
	ck_slice_eq(b, SLICE("x \n y"));
}
END_TEST

START_TEST(tag_count_ceiling)
{
	struct buf text = BUF_INIT(4096);
	struct taglist list;

	for (unsigned i = 0; i < LIMIT_TAGS; i++)
		buf_addf(&text, "t%u=;", i);
	ck_assert_int_eq(taglist_parse(buf_slice(&text), false, &list), TAGLIST_OK);
	ck_assert_uint_eq(list.count, LIMIT_TAGS);
	buf_add_str(&text, "one_more=");
	ck_assert_int_eq(taglist_parse(buf_slice(&text), false, &list), TAGLIST_TOO_MANY);
	ck_assert_uint_eq(list.count, 0);
	buf_free(&text);
}
END_TEST

static const struct {
	const char *value, *elements; /* joined by "|"; NULL value: absent */
} element_rows[] = {
	{ "a", "a|" },
	{ "a:b", "a|b|" },
	{ " a\n : b ", "a|b|" },
	{ "a::b", "a||b|" },
	{ "a:", "a||" },
	{ ":", "||" },
	{ "", "|" },
	{ NULL, "" },
};

START_TEST(element_table)
{
	struct slice rest = slice_str(element_rows[_i].value), element;
	struct buf got = BUF_INIT(256);

	while (taglist_next_element(&rest, &element)) {
		buf_add(&got, element);
		buf_add_char(&got, '|');
	}
	ck_slice_eq(buf_slice(&got), slice_str(element_rows[_i].elements));
	buf_free(&got);
}
END_TEST

Suite *taglist_suite(void)
{
	Suite *s = suite_create("mail/taglist");

	UNIT_TABLE(s, G_01_rows, rows);
	UNIT_TEST(s, G_02_case_of_names);
	UNIT_TEST(s, G_05_empty_is_not_absent);
	UNIT_TEST(s, values_point_into_the_text);
	UNIT_TEST(s, tag_count_ceiling);
	UNIT_TABLE(s, element_table, element_rows);
	return s;
}

/* The grammar of settings.h's files: what is taken, and what is told, with its line, when not. */
#include <stdlib.h>

#include "config/settings.h"

#include "suites.h"

/* --- what is taken -------------------------------------------------------------------------- */

/* want: remove-authserv-ids, joined by "|" */
static const struct {
	const char *name;
	struct slice text;
	const char *want;
} good_rows[] = {
	{ "nothing", SLICE(""), "" },
	{ "blanks and comments", SLICE(" \t\n# x = {\n\n#"), "" },
	{ "bare", SLICE("remove-authserv-ids = a"), "a" },
	{ "no blanks", SLICE("remove-authserv-ids=a"), "a" },
	{ "quoted", SLICE("remove-authserv-ids = \"a\"\n"), "a" },
	{ "escapes", SLICE("remove-authserv-ids = \"a\\\"b\\\\c\""), "a\"b\\c" },
	{ "octets inside of quotes", SLICE("remove-authserv-ids = \"#{},=;'\" # x"), "#{},=;'" },
	{ "a list", SLICE("remove-authserv-ids = { a, \"b\",c ,d }"), "a|b|c|d" },
	{ "an empty list", SLICE("remove-authserv-ids = { }"), "" },
	{ "a list without blanks", SLICE("remove-authserv-ids={a,b}"), "a|b" },
	{ "a comma at the end", SLICE("remove-authserv-ids = { a, b, }"), "a|b" },
	{ "a list over lines", SLICE("remove-authserv-ids = { # x, }\n\ta,\n\tb # }\n\t,\n\n}\n"),
	    "a|b" },
	{ "several on one line", SLICE("enforce = yes   remove-authserv-ids = a\tquarantine=hold"),
	    "a" },
	{ "CRLF", SLICE("remove-authserv-ids = {\r\n a,\r\n b\r\n}\r\nenforce = yes\r\n"), "a|b" },
	{ "a byte order mark", SLICE("\xef\xbb\xbfremove-authserv-ids = a"), "a" },
	{ "UTF-8", SLICE("remove-authserv-ids = m\xc3\xbcnchen.de # \xe2\x82\xac"),
	    "m\xc3\xbcnchen.de" },
	{ "sections", SLICE("dns { timeout = 3s deadline = 9s }remove-authserv-ids = a "
	    "spf{engine=builtin}"), "a" },
	{ "an empty section", SLICE("dns {} remove-authserv-ids = a"), "a" },
	{ "a section over lines", SLICE("dns\n{\n timeout = 3s }\nremove-authserv-ids = a"), "a" },
	{ "titles", SLICE("sign \"a.org\" { subdomains = yes } sign b.org{} remove-authserv-ids = "
	    "a"), "a" },
	{ "a section in two parts", SLICE("dns { timeout = 3s }\ndns { deadline = 9s }\n"
	    "remove-authserv-ids = a"), "a" },
	{ "a comment after a string", SLICE("remove-authserv-ids = \"a\"# x"), "a" },
	{ "special words", SLICE("remove-authserv-ids = { !a, +b, -c, @d, *, a:b, [c], 1/2, \\e, "
	    "~, a'b }"), "!a|+b|-c|@d|*|a:b|[c]|1/2|\\e|~|a'b" },
};

static struct slice joined(struct arena *a, const struct slice_list *list)
{
	struct slice text = SLICE("");

	for (size_t i = 0; i < list->count; i++)
		text = arena_printf(a, "%.*s%s%.*s", SLICE_ARG(text), i == 0 ? "" : "|",
		    SLICE_ARG(list->items[i]));
	return text;
}

START_TEST(good)
{
	struct err err = ERR_INIT;
	struct settings *s = NULL;

	ck_assert_msg(settings_load_text("t", good_rows[_i].text, &s, &err) == RC_OK, "%s: %s",
	    good_rows[_i].name, buf_cstr(&err.text));
	ck_assert_msg(err.text.len == 0, "%s: %s", good_rows[_i].name, buf_cstr(&err.text));
	ck_slice_eq(joined(s->arena, &s->policy.remove_authserv_ids),
	    slice_str(good_rows[_i].want));
	settings_release(&s);
	err_free(&err);
}
END_TEST

/* --- mistakes ------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	struct slice text;
	size_t errors;
	const char *want; /* a part of the messages */
} bad_rows[] = {
	{ "no value", SLICE("\nenforce =\nuser = x"), 1, "t:2: enforce has no value" },
	{ "no value before a comment", SLICE("enforce = # yes"), 1, "t:1: enforce has no value" },
	{ "no value in a section", SLICE("dns { timeout = }"), 1, "t:1: timeout has no value" },
	{ "no value at the end", SLICE("enforce ="), 1, "enforce has no value" },
	{ "a value on the next line", SLICE("enforce =\n yes\n"), 2, "t:1: enforce has no value" },
	{ "no equals sign", SLICE("enforce yes\nquarantine = hold\n"), 1,
	    "t:1: after enforce: write \"= value\"" },
	{ "a name alone", SLICE("enforce\nquarantine = hold\n"), 1, "t:1: after enforce: write" },
	{ "two words", SLICE("reply-url = a b\n"), 2, "t:1: after b: write" },
	{ "two equals signs", SLICE("enforce == yes\n"), 1, "t:1: unexpected \"=\"" },
	{ "an equals sign in a value", SLICE("reply-url = https://a/?b=c\n"), 1,
	    "unexpected \"=\"" },
	{ "a colon", SLICE("enforce: yes\n"), 1, "t:1: after enforce: write" },
	{ "a semicolon", SLICE("enforce = yes;\nquarantine = hold"), 1, "t:1: unexpected \";\"" },
	{ "a comma", SLICE("enforce = yes, quarantine = hold"), 1, "t:1: unexpected \",\"" },
	{ "single quotes", SLICE("user = 'x'"), 1, "t:1: unexpected \"'\": write strings in "
	    "double" },
	{ "a comment that sticks", SLICE("user = x#y"), 1, "t:1: unexpected \"#\": put a blank" },
	{ "words that stick", SLICE("user = \"x\"y"), 1, "t:1: unexpected \"y\"" },
	{ "a quote inside", SLICE("user = x\"y\""), 1, "t:1: unexpected \"\"\"" },
	{ "no name", SLICE("= x\nenforce = yes"), 1, "t:1: unexpected \"=\"" },
	{ "a string for a name", SLICE("\"enforce\" = yes"), 1, "t:1: unexpected \"\"\"" },
	{ "a digit first", SLICE("1x = yes"), 1, "t:1: unexpected \"1\"" },
	{ "an unknown escape", SLICE("user = \"a\\n\""), 1, "t:1: \"\\n\" in a string" },
	/* strings and braces without end */
	{ "a string without end", SLICE("\n\nuser = \"x\nenforce = maybe"), 2,
	    "t:3: the string that begins here has no end" },
	{ "a string that ends in a backslash", SLICE("user = \"x\\\""), 1, "has no end" },
	{ "a string at the end", SLICE("user = \""), 1, "t:1: the string that begins here" },
	{ "a section without end", SLICE("\ndns {\n timeout = 2s\n\n"), 1,
	    "t:2: the section dns that begins here has no end" },
	{ "a section without end, then another", SLICE("dns {\n timeout = 2s\nspf {\n engine = "
	    "x\n}\n"), 2, "t:3: spf is not allowed within dns, which begins in line 1" },
	{ "a list without end", SLICE("\nown-relays = { a.b,\n c.d"), 1,
	    "t:2: the list that begins here has no end" },
	{ "a list without end, then a setting", SLICE("own-relays = { a.b,\nenforce = maybe\n"), 2,
	    "t:2: the list that begins in line 1 is still open here" },
	{ "a list without end and comma", SLICE("own-relays = { a.b\nenforce = maybe\n"), 2,
	    "t:2: in the list that begins in line 1: put a comma" },
	{ "a list without commas", SLICE("own-relays = { a.b c.d }\nenforce = maybe"), 2,
	    "t:1: in the list that begins in line 1: put a comma" },
	{ "a list of commas", SLICE("own-relays = { , }\nenforce = maybe"), 2, "unexpected \",\"" },
	{ "a list in a list", SLICE("own-relays = { { a } }\nenforce = maybe"), 2,
	    "unexpected \"{\"" },
	{ "a brace too many", SLICE("dns { timeout = 2s } }\nenforce = maybe"), 2,
	    "t:1: unexpected \"}\": no section is open" },
	{ "a brace alone", SLICE("{ enforce = yes }\nquarantine = maybe"), 2,
	    "t:1: unexpected \"{\"" },
	{ "sections in sections", SLICE("dns {\n servers {\n  a = 1\n }\n}"), 3,
	    "t:2: servers is not allowed within dns" },
	{ "include in a section", SLICE("dns { include \"x\" }\nenforce = maybe"), 2,
	    "t:1: include is not allowed within a section" },
	{ "include without a name", SLICE("include\nenforce = maybe"), 2, "t:1: unexpected" },
	{ "a section's rest after a mistake", SLICE("dns { timeout = = 2s }\nenforce = maybe"), 2,
	    "t:2: enforce: \"maybe\"" },
	{ "a block after a mistake", SLICE("foo : bar {\n enforce = x\n}\nenforce = maybe"), 2,
	    "t:4: enforce: \"maybe\"" },
	/* octets */
	{ "NUL", SLICE("user = a\0b\nenforce = maybe"), 1, "t:1: control character 0x00" },
	{ "a control character", SLICE("user = x\nenforce = yes\x01"), 2,
	    "t:2: control character 0x01" },
	{ "DEL in a comment", SLICE("# \x7f\n"), 1, "t:1: control character 0x7f" },
	{ "CR alone", SLICE("enforce = yes\rquarantine = hold\n"), 1,
	    "t:1: control character 0x0d" },
	{ "Latin-1", SLICE("\n# M\xfcnchen\nenforce = maybe"), 2, "t:2: octet 0xfc is not UTF-8" },
	{ "UTF-16", SLICE("\xff\xfe" "e\0n\0f\0o\0r\0c\0e\0"), 1, "is not UTF-8" },
	{ "a surrogate", SLICE("# \xed\xa0\x80\n"), 1, "is not UTF-8" },
	{ "an overlong form", SLICE("# \xc0\xaf\n"), 1, "is not UTF-8" },
};

START_TEST(bad)
{
	struct err err = ERR_INIT;
	struct settings *s = NULL;
	const char *text;

	ck_assert_msg(settings_load_text("t", bad_rows[_i].text, &s, &err) == RC_CONFIG, "%s",
	    bad_rows[_i].name);
	text = buf_cstr(&err.text);
	ck_assert_ptr_null(s);
	ck_assert_msg(err.count == bad_rows[_i].errors, "%s: %zu errors\n%s", bad_rows[_i].name,
	    err.count, text);
	ck_assert_msg(strstr(text, bad_rows[_i].want) != NULL, "%s:\n%s", bad_rows[_i].name, text);
	err_free(&err);
}
END_TEST

/* Any text cut anywhere ends in an answer, never in anything else. */
START_TEST(cut_anywhere)
{
	struct slice text = SLICE("authserv-id = \"mx.example.com\" # x\nown-relays = { "
	    "\"192.0.2.0/24\",\n\t!a.b, }\nsign \"a.org\" {\n users = \"a\\\"b\"\n subdomains = "
	    "yes }\ndns{timeout=1s}\n");

	for (size_t n = 0; n <= text.len; n++) {
		char *copy = malloc(n + 1); /* the end is the end: a sanitizer sees a step beyond */
		struct err err = ERR_INIT;
		struct settings *s = NULL;

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, text.ptr, n);
		ck_assert_int_eq(settings_load_text("t", slice_of(copy, n), &s, &err) == RC_OK,
		    err.count == 0);
		settings_release(&s);
		err_free(&err);
		free(copy);
	}
}
END_TEST

/* One mistake a line: they are told up to a number, and the rest is one line more. */
START_TEST(very_many_mistakes)
{
	struct buf text = BUF_INIT(1u << 22);
	struct err err = ERR_INIT;
	struct settings *s = NULL;

	for (unsigned i = 0; i < 50000; i++)
		buf_addf(&text, "nonsense%u = x\n", i);
	ck_assert_int_eq(settings_load_text("t", buf_slice(&text), &s, &err), RC_CONFIG);
	ck_assert(!buf_failed(&err.text));
	ck_assert_ptr_nonnull(strstr(buf_cstr(&err.text), "t:100: nonsense99"));
	ck_assert_ptr_null(strstr(buf_cstr(&err.text), "nonsense100 "));
	ck_assert_ptr_nonnull(strstr(buf_cstr(&err.text), "further errors omitted"));
	buf_free(&text);
	err_free(&err);
}
END_TEST

Suite *parse_suite(void)
{
	Suite *s = suite_create("parse");

	UNIT_TABLE(s, good, good_rows);
	UNIT_TABLE(s, bad, bad_rows);
	UNIT_TEST(s, cut_anywhere);
	UNIT_TEST(s, very_many_mistakes);
	return s;
}

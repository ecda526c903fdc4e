/* domain.h: G-12, D-10 (A-labels), and what is never a domain. */
#include <stdlib.h>

#include "mail/domain.h"

#include "suites.h"

#define LABEL_63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz-"

#define TEN "abcdefghi."
#define NAME_250 TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN \
	TEN TEN TEN TEN TEN

static const struct {
	struct slice text;
	const char *want; /* NULL: not a domain */
} parse_rows[] = {
	{ SLICE("example.com"), "example.com" },
	{ SLICE("EXAMPLE.Com"), "example.com" },
	{ SLICE("example.com."), "example.com" },
	{ SLICE("localhost"), "localhost" },
	{ SLICE("_dmarc.example.com"), "_dmarc.example.com" },
	{ SLICE("-x.example.com"), "-x.example.com" },
	{ SLICE("1.2.0.192.in-addr.arpa"), "1.2.0.192.in-addr.arpa" },
	/* all digits is a name to the DNS; authors and HELO decide for themselves */
	{ SLICE("192.0.2.1"), "192.0.2.1" },
	{ SLICE("xn--mnchen-3ya.de"), "xn--mnchen-3ya.de" },
	{ SLICE("XN--MNCHEN-3YA.DE"), "xn--mnchen-3ya.de" },
	{ SLICE(LABEL_63 ".com"), LABEL_63 ".com" },
	{ SLICE(NAME_250 "com"), NAME_250 "com" },
	{ SLICE(NAME_250 "com."), NAME_250 "com" },
	/* G-12: U-labels */
	{ SLICE("münchen.de"), "xn--mnchen-3ya.de" },
	{ SLICE("MÜNCHEN.DE"), "xn--mnchen-3ya.de" },
	{ SLICE("mu\xcc\x88nchen.de"), "xn--mnchen-3ya.de" }, /* decomposed: NFC first */
	{ SLICE("straße.example"), "xn--strae-oqa.example" },  /* not "strasse" */
	{ SLICE("_dmarc.münchen.de."), "_dmarc.xn--mnchen-3ya.de" },
	{ SLICE("例え.テスト"), "xn--r8jz45g.xn--zckzah" },
	{ SLICE("例え。テスト"), "xn--r8jz45g.xn--zckzah" }, /* UTS 46: ideographic full stop */
	{ SLICE("例え。テスト。"), "xn--r8jz45g.xn--zckzah" },
	/* and never a domain */
	{ SLICE(""), NULL },
	{ SLICE("."), NULL },
	{ SLICE(".."), NULL },
	{ SLICE(".example.com"), NULL },
	{ SLICE("example..com"), NULL },
	{ SLICE("example.com.."), NULL },
	{ SLICE(LABEL_63 "x.com"), NULL },
	{ SLICE(NAME_250 "comx"), NULL },
	{ SLICE("example.com\0"), NULL },
	{ SLICE("exam\0ple.com"), NULL },
	{ SLICE("example.net(.example.com"), NULL }, /* CVE-2020-12272 */
	{ SLICE("example.net(x).example.com"), NULL },
	{ SLICE("exa mple.com"), NULL },
	{ SLICE(" example.com"), NULL },
	{ SLICE("example.com "), NULL },
	{ SLICE("example.com\n"), NULL },
	{ SLICE("example.com\r"), NULL },
	{ SLICE("exa\tmple.com"), NULL },
	{ SLICE("[192.0.2.1]"), NULL },
	{ SLICE("[IPv6:2001:db8::1]"), NULL },
	{ SLICE("2001:db8::1"), NULL },
	{ SLICE("a@example.com"), NULL },
	{ SLICE("example.com>"), NULL },
	{ SLICE("\"example.com\""), NULL },
	{ SLICE("*.example.com"), NULL },
	{ SLICE("example.com/"), NULL },
	{ SLICE("exa%6dple.com"), NULL },
	{ SLICE("exa\\109ple.com"), NULL },
	{ SLICE("m\xfcnchen.de"), NULL },           /* Latin-1 */
	{ SLICE("m\xc3.de"), NULL },                 /* cut off */
	{ SLICE("\xc0\xafmple.com"), NULL },         /* overlong */
	{ SLICE("m\xc3\xbcnchen.de\0.example"), NULL },
	{ SLICE("mün chen.de"), NULL },
	{ SLICE("münchen..de"), NULL },
	{ SLICE(".münchen.de"), NULL },
	{ SLICE("münchen.de.."), NULL },
	{ SLICE("mün(chen).de"), NULL },
	{ SLICE("ceo＠bank.example"), NULL },        /* U+FF20 maps to @ */
	{ SLICE("a℀b.example"), NULL },              /* U+2100 maps to a/c */
	{ SLICE("☃\xef\xbb\xbf.\xe2\x80\x8b"), NULL }, /* nothing but what is ignored in a label */
	{ SLICE("\xe2\x80\xae" "moc.elpmaxe"), NULL }, /* bidi override */
	{ SLICE("☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃.com"), NULL },
};

START_TEST(G_12_parse_rows)
{
	struct arena *a = arena_create(65536);
	struct domain d = { SLICE("untouched") };
	const char *want = parse_rows[_i].want;
	bool ok = domain_parse(a, parse_rows[_i].text, &d);

	ck_assert_msg(ok == (want != NULL), "row %d: \"%.*s\" gave %s", _i,
	    SLICE_ARG(parse_rows[_i].text), ok ? d.name.ptr : "nothing");
	ck_slice_eq(d.name, want == NULL ? SLICE("untouched") : slice_str(want));
	ck_assert(!arena_failed(a));
	arena_free(&a);
}
END_TEST

/* OpenDMARC M#443: a name is as long as it is; nothing behind it is read (a sanitizer looks on). */
START_TEST(nothing_behind_a_name)
{
	struct slice whole = SLICE(NAME_250 "com");

	for (size_t n = 1; n <= whole.len; n++) {
		struct slice text = slice_drop(whole, whole.len - n);
		struct arena *a = arena_create(65536);
		char *exact = malloc(n);
		struct domain d;

		ck_assert_ptr_nonnull(exact);
		memcpy(exact, text.ptr, n);
		if (domain_parse(a, slice_of(exact, n), &d))
			ck_slice_eq(d.name, text);
		else
			ck_assert_msg(text.ptr[0] == '.', "%zu octets", n);
		free(exact);
		arena_free(&a);
	}
}
END_TEST

static const struct {
	const char *child, *parent;
	bool below;
} below_rows[] = {
	{ "example.net", "example.net", true },
	{ "a.example.net", "example.net", true },
	{ "a.b.example.net", "example.net", true },
	{ "example.net", "net", true },
	{ "fexample.net", "example.net", false }, /* KumoMTA: i= that only ends like d= */
	{ "example.net", "a.example.net", false },
	{ "example.net", "ample.net", false },
	{ "xample.net", "example.net", false },
	{ "example.org", "example.net", false },
	{ "net", "example.net", false },
	{ "example.net.example.org", "example.net", false },
	{ "example.net", "", false },
	{ "", "example.net", false },
	{ "", "", false },
};

START_TEST(below_table)
{
	struct domain child = { slice_str(below_rows[_i].child) };
	struct domain parent = { slice_str(below_rows[_i].parent) };

	ck_assert_msg(domain_is_at_or_below(child, parent) == below_rows[_i].below,
	    "row \"%s\" below \"%s\"", below_rows[_i].child, below_rows[_i].parent);
}
END_TEST

static const struct {
	const char *name;
	unsigned labels;
	const char *parent, *last_two;
} label_rows[] = {
	{ "", 0, "", "" },
	{ "com", 1, "", "com" },
	{ "example.com", 2, "com", "example.com" },
	{ "a.b.example.com", 4, "b.example.com", "example.com" },
};

START_TEST(label_table)
{
	struct domain d = { slice_str(label_rows[_i].name) };

	ck_assert_uint_eq(domain_labels(d), label_rows[_i].labels);
	ck_slice_eq(domain_parent(d).name, slice_str(label_rows[_i].parent));
	ck_slice_eq(domain_last(d, 2).name, slice_str(label_rows[_i].last_two));
	ck_assert(domain_is_none(domain_last(d, 0)));
	ck_slice_eq(domain_last(d, 99).name, d.name);
}
END_TEST

static const struct {
	const char *name, *unicode;
} unicode_rows[] = {
	{ "xn--mnchen-3ya.de", "münchen.de" },
	{ "example.com", "example.com" },
	{ "_dmarc.xn--mnchen-3ya.de", "_dmarc.münchen.de" },
	{ "xn--a.example", "xn--a.example" },             /* decodes to nothing valid */
	{ "xn--mnchen-3ya.xn--\x7f", "xn--mnchen-3ya.xn--\x7f" },
	{ "xn--MNCHEN-foo.de", "xn--MNCHEN-foo.de" },
	{ "xn--example.com", "xn--example.com" },
	{ "", "" },
};

START_TEST(unicode_table)
{
	struct arena *a = arena_create(65536);
	struct domain d = { slice_str(unicode_rows[_i].name) };

	ck_slice_eq(domain_unicode(a, d), slice_str(unicode_rows[_i].unicode));
	arena_free(&a);
}
END_TEST

START_TEST(equality)
{
	struct domain a = { SLICE("example.com") }, b = { SLICE("example.com") };
	struct domain c = { SLICE("example.co") };

	ck_assert(domain_eq(a, b));
	ck_assert(!domain_eq(a, c));
	ck_assert(!domain_eq(a, DOMAIN_NONE));
	ck_assert(!domain_eq(DOMAIN_NONE, DOMAIN_NONE)); /* two unknowns are not aligned */
}
END_TEST

START_TEST(out_of_memory_is_not_a_domain)
{
	struct arena *a = arena_create(8);
	struct domain d = DOMAIN_NONE;

	ck_assert(!domain_parse(a, SLICE("a.very.long.name.example.com"), &d));
	ck_assert(arena_failed(a));
	ck_assert(domain_is_none(d));
	arena_free(&a);
}
END_TEST

Suite *domain_suite(void)
{
	Suite *s = suite_create("mail/domain");

	UNIT_TABLE(s, G_12_parse_rows, parse_rows);
	UNIT_TEST(s, nothing_behind_a_name);
	UNIT_TABLE(s, below_table, below_rows);
	UNIT_TABLE(s, label_table, label_rows);
	UNIT_TABLE(s, unicode_table, unicode_rows);
	UNIT_TEST(s, equality);
	UNIT_TEST(s, out_of_memory_is_not_a_domain);
	return s;
}

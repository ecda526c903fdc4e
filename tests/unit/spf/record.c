/* record.h: P_10, P_12 to P_14, P_28, P_33, P_37 to P_39, P_46. */
#include <stdlib.h>

#include "base/buf.h"
#include "spf/record.h"

#include "suites.h"

static const struct ip nobody = { .family = IP_NONE };

/* "pass a x.org /24 //64 | fail all" */
static void show(const struct spf_record *record, struct buf *out)
{
	struct cursor c = cursor_of(record->terms);
	char address[IP_TEXT_SIZE];
	struct spf_term t;

	while (spf_record_next(&c, &t)) {
		if (out->len > 0)
			buf_add_str(out, " | ");
		if (t.kind < SPF_REDIRECT)
			buf_addf(out, "%s ", auth_result_text(t.qualifier));
		buf_add_str(out, spf_kind_text(t.kind));
		if (!slice_is_null(t.spec))
			buf_addf(out, " %.*s", SLICE_ARG(t.spec));
		if (t.network.family != IP_NONE)
			buf_addf(out, " %s", ip_text(&t.network, address));
		if (t.bits4 != 32)
			buf_addf(out, " /%u", t.bits4);
		if (t.bits6 != 128)
			buf_addf(out, " //%u", t.bits6);
	}
	if (record->has_all)
		buf_add_str(out, " !");
}

static const struct {
	const char *id, *terms, *want;
} good[] = {
	{ "P_10 nothing else", "", "" },
	{ "P_10 trailing spaces", "   ", "" },
	{ "P_13 all", " ALL", "pass all !" },
	{ "P_15 qualifiers", " +a -a ~a ?a", "pass a | fail a | softfail a | neutral a" },
	{ "P_13 case of names", " InClude:x.org Mx pTr eXists:x.org REDIRECT=x.org Exp=y.org",
	    "pass include x.org | pass mx | pass ptr | pass exists x.org | redirect x.org | exp y.org" },
	{ "P_25 cidr of a", " a/24 a//64 a/24//64 a/0 a//0",
	    "pass a /24 | pass a //64 | pass a /24 //64 | pass a /0 | pass a //0" },
	{ "P_25 cidr of a with a domain", " a:x.org/24 mx:x.org//64 mx:x.org/0//128",
	    "pass a x.org /24 | pass mx x.org //64 | pass mx x.org /0" },
	{ "P_25 cidr behind a macro", " a:%{d}/24 mx:%{d2}//0",
	    "pass a %{d} /24 | pass mx %{d2} //0" },
	{ "P_28 ip4", " ip4:192.0.2.1 ip4:192.0.2.0/24 ip4:0.0.0.0/0 ip4:255.255.255.255/32",
	    "pass ip4 192.0.2.1 | pass ip4 192.0.2.0 /24 | pass ip4 0.0.0.0 /0 | pass ip4 255.255.255.255" },
	{ "P_28 ip6",
	    " ip6:2001:db8::/32 ip6:::1 ip6:::/0 ip6:1:2:3:4:5:6:7:8/128 ip6:::ffff:192.0.2.1",
	    "pass ip6 2001:db8:: //32 | pass ip6 ::1 | pass ip6 :: //0 | pass ip6 1:2:3:4:5:6:7:8 | "
	    "pass ip6 ::ffff:192.0.2.1" },
	{ "P_14 unknown modifiers", " a=b moo.cow-far_out=man:dog/cat x= x=%{s}%% all",
	    "modifier | modifier | modifier | modifier | pass all !" },
	{ "P_14 unknown modifier named like a mechanism", " all=1 include=x ip4=y -all",
	    "modifier | modifier | modifier | fail all !" },
	{ "P_37 c, r, t in an unknown modifier", " x=%{c}%{r}%{t}", "modifier" },
	{ "P_46 trailing dot", " a:x.org. redirect=x.org.", "pass a x.org. | redirect x.org." },
	{ "P_12 slash and colon in a domain-spec", " mx:foo:bar/baz.example.com",
	    "pass mx foo:bar/baz.example.com" },
	{ "P_12 any visible character", " exists:!\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~.org",
	    "pass exists !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~.org" },
	{ "P_12 toplabel with a dash", " a:x.xn--abc a:x.a-1 a:x.1-1 a:x.1a a:x.a1",
	    "pass a x.xn--abc | pass a x.a-1 | pass a x.1-1 | pass a x.1a | pass a x.a1" },
	{ "P_12 empty labels are not syntax", " a:mail.example...com",
	    "pass a mail.example...com" },
	{ "P_39 transformers", " exists:%{d1r.-+,/_=}.%{I127}.%{lR}.%{s0009}.x.org",
	    "pass exists %{d1r.-+,/_=}.%{I127}.%{lR}.%{s0009}.x.org" },
	{ "P_38 the other macro-expands", " a:x.%%%_%-.org", "pass a x.%%%_%-.org" },
	{ "P_12 domain-end is a macro-expand", " a:%{s} a:foo%% a:%_ a:%-",
	    "pass a %{s} | pass a foo%% | "
	    "pass a %_ | pass a %-" },
	{ "P_14 several spaces", "  a   mx  ", "pass a | pass mx" },
	{ "P_39 more digits than can be used", " a:%{d99999999999999999999}",
	    "pass a %{d99999999999999999999}" },
};

START_TEST(good_records)
{
	struct buf text = BUF_INIT(4096), got = BUF_INIT(4096);
	struct spf_mistake mistake = { SLICE_NULL, "" };
	struct spf_record record;

	buf_addf(&text, "v=spf1%s", good[_i].terms);
	ck_assert_msg(spf_record_is(buf_slice(&text)), "%s", good[_i].id);
	ck_assert_msg(spf_record_parse(buf_slice(&text), &nobody, &record, &mistake), "%s: %.*s: %s", good[_i].id,
	    SLICE_ARG(mistake.term), mistake.what);
	show(&record, &got);
	ck_assert_msg(strcmp(buf_cstr(&got), good[_i].want) == 0, "%s: got %s", good[_i].id,
	    buf_cstr(&got));
	buf_free(&text);
	buf_free(&got);
}
END_TEST

/* One wrong term; NUL is written as "\\0" here. */
static const struct {
	const char *id, *term;
} bad[] = {
	{ "P_14 unknown mechanism", "moo" },
	{ "P_14 unknown mechanism with an argument", "moo:x.org" },
	{ "P_14 unknown mechanism with a qualifier", "-moo" },
	{ "P_14 misspelt", "includes:x.org" },
	{ "P_14 misspelt ip4", "ipv4:192.0.2.1" },
	{ "P_14 a bare address", "192.0.2.1" },
	{ "P_14 a quoted record", "\"a\"" },
	{ "P_14 name begins with a digit", "1up=foo" },
	{ "P_14 name is empty", "=all" },
	{ "P_14 modifier with a qualifier", "-redirect=x.org" },
	{ "P_14 unknown modifier with a qualifier", "+x=y" },
	{ "P_14 modifier with a colon", "redirect:x.org" },
	{ "P_14 exp with a colon", "exp:x.org" },
	{ "P_14 name with a colon", "moo.cow:far_out=man" },
	{ "P_14 name with a slash", "moo.cow/far_out=man" },
	{ "P_14 name with a plus", "x+y=z" },
	{ "P_38 percent in an unknown modifier", "foo=%abc" },
	{ "P_12 control character in an unknown modifier", "foo=a\tb" },
	{ "P_12 8-bit in an unknown modifier", "foo=\xc3\xbc" },
	{ "P_15 two qualifiers", "--all" },
	{ "P_15 qualifier alone", "-" },
	{ "P_15 space behind the qualifier", "- all" },
	{ "P_15 not a qualifier", "!all" },
	{ "P_23 all with a dot", "all." },
	{ "P_23 all with an argument", "all:foobar" },
	{ "P_23 all with a cidr", "all/8" },
	{ "P_23 all with a colon", "all:" },
	{ "P_24 include without an argument", "include" },
	{ "P_24 include with an empty argument", "include:" },
	{ "P_24 include with a cidr", "include:x.org/24" },
	{ "P_24 include with a slash", "include/24" },
	{ "P_24 include with a bare toplabel", "include:org" },
	{ "P_24 include with an equals sign and a bad macro", "include=%" },
	{ "P_25 a with an empty domain", "a:" },
	{ "P_25 a with an empty domain and a cidr", "a:/24" },
	{ "P_25 a with an empty cidr", "a/" },
	{ "P_25 a with an empty cidr behind a domain", "a:x.org/" },
	{ "P_25 a with two empty cidrs", "a//" },
	{ "P_25 a with an IPv4 length of 33", "a/33" },
	{ "P_25 a with an IPv4 length of 033", "a/033" },
	{ "P_25 a with an IPv4 length of 08", "a/08" },
	{ "P_25 a with an IPv4 length of 00", "a/00" },
	{ "P_25 a with an IPv6 length of 129", "a//129" },
	{ "P_25 a with an IPv6 length of 064", "a//064" },
	{ "P_25 a with an IPv6 length of four digits", "a//1000" },
	{ "P_25 a with IPv6 before IPv4", "a//64/24" },
	{ "P_25 a with two IPv4 lengths", "a/24/24" },
	{ "P_25 a with three lengths", "a/24//64//64" },
	{ "P_25 a with a negative length", "a/-1" },
	{ "P_25 a with a letter in the length", "a/2x" },
	{ "P_25 a with a space before the length", "a /24" },
	{ "P_25 a with a dot", "a." },
	{ "P_12 domain with a port", "a:x.org:8080" },
	{ "P_12 toplabel of digits", "a:111.222.33.44" },
	{ "P_12 toplabel of digits behind a name", "a:x.123" },
	{ "P_12 toplabel begins with a dash", "a:x.-com" },
	{ "P_12 toplabel ends with a dash", "a:x.com-" },
	{ "P_12 toplabel with an underscore", "a:x._tcp" },
	{ "P_12 only a toplabel", "a:museum" },
	{ "P_12 only a toplabel and a dot", "a:museum." },
	{ "P_12 two trailing dots", "a:x.org.." },
	{ "P_12 only dots", "a:..." },
	{ "P_12 a dot behind a macro", "a:%{d}." },
	{ "P_12 literals behind a macro without a toplabel", "a:%{d}foo" },
	{ "P_12 NUL in a domain", "a:foo.example.com\\0" },
	{ "P_12 NUL within a domain", "mx:foo\\0.example.com" },
	{ "P_12 CR in a domain", "a:ctrl.example.com\rptr" },
	{ "P_12 LF behind a network", "ip4:192.0.2.5\n" },
	{ "P_12 tab for a space", "a\tmx" },
	{ "P_12 DEL in a domain", "a:foo\x7f.example.com" },
	{ "P_12 8-bit in a domain", "a:\xef\xbb\xbfgarbage.example.net" },
	{ "P_12 8-bit before a mechanism", "\x80" "a:example.net" },
	{ "P_12 8-bit in a mechanism", "\x96" "all" },
	{ "P_12 zero-width space (mail-auth)", "\xe2\x80\x8b-all" },
	{ "P_26 mx with an empty domain", "mx:" },
	{ "P_26 mx with a bad length", "mx:x.org/33" },
	{ "P_26 mx with a bad domain", "mx:example.-com" },
	{ "P_27 ptr with a cidr", "ptr/0" },
	{ "P_27 ptr with a domain and a cidr", "ptr:x.org/24" },
	{ "P_27 ptr with an empty domain", "ptr:" },
	{ "P_28 ip4 without an argument", "ip4" },
	{ "P_28 ip4 with an empty argument", "ip4:" },
	{ "P_28 ip4 short", "ip4:192.0.2" },
	{ "P_28 ip4 long", "ip4:192.0.2.1.1" },
	{ "P_28 ip4 of 256", "ip4:192.0.2.256" },
	{ "P_28 ip4 with a leading zero", "ip4:192.0.2.01" },
	{ "P_28 ip4 with a port", "ip4:192.0.2.1:8080" },
	{ "P_28 ip4 as hexadecimal", "ip4:0xc0.0.2.1" },
	{ "P_28 ip4 as a number", "ip4:3221225985" },
	{ "P_28 ip4 with a length of 33", "ip4:192.0.2.1/33" },
	{ "P_28 ip4 with a length of 032", "ip4:192.0.2.1/032" },
	{ "P_28 ip4 with an empty length", "ip4:192.0.2.1/" },
	{ "P_28 ip4 with two lengths", "ip4:192.0.2.1/32//32" },
	{ "P_28 ip4 with an IPv6 length", "ip4:192.0.2.1//32" },
	{ "P_28 ip4 with a name", "ip4:x.org" },
	{ "P_28 ip4 with a macro", "ip4:%{i}" },
	{ "P_28 ip4 with an IPv6 address", "ip4:2001:db8::1" },
	{ "P_28 ip4 with a NUL behind it", "ip4:192.0.2.1\\0" },
	{ "P_28 ip4 with a slash for the colon", "ip4/192.0.2.1" },
	{ "P_28 ip6 without an argument", "ip6" },
	{ "P_28 ip6 with two gaps", "ip6::CAFE::BABE" },
	{ "P_28 ip6 with nine groups", "ip6:1:2:3:4:5:6:7:8:9" },
	{ "P_28 ip6 with five digits", "ip6:12345::" },
	{ "P_28 ip6 with a zone", "ip6:fe80::1%eth0" },
	{ "P_28 ip6 in brackets", "ip6:[2001:db8::1]" },
	{ "P_28 ip6 with a length of 129", "ip6:::1/129" },
	{ "P_28 ip6 with a dual length", "ip6:::1.1.1.1//33" },
	{ "P_28 ip6 with an empty length", "ip6:::1/" },
	{ "P_28 ip6 with an IPv4 address", "ip6:192.0.2.1" },
	{ "P_30 exists without an argument", "exists" },
	{ "P_30 exists with an empty argument", "exists:" },
	{ "P_30 exists with a cidr", "exists:mail.example.com/24" },
	{ "P_32 redirect empty", "redirect=" },
	{ "P_32 redirect without a value", "redirect" },
	{ "P_32 redirect with a cidr", "redirect=x.org/24" },
	{ "P_32 redirect with a mechanism for a domain", "redirect=-all" },
	{ "P_33 exp empty", "exp=" },
	{ "P_33 exp with a mechanism for a domain", "exp=-all" },
	{ "P_33 redirect twice", "redirect=x.org redirect=x.org" },
	{ "P_33 redirect twice, in another case", "redirect=x.org ReDirect=y.org" },
	{ "P_33 exp twice", "exp=x.org a exp=y.org" },
	{ "P_37 c in a term", "exists:%{c}.x.org" },
	{ "P_37 r in a term", "a:%{r}.x.org" },
	{ "P_37 t in a term", "a:%{t}" },
	{ "P_37 T in exp", "exp=%{T}.x.org" },
	{ "P_37 no such letter", "a:%{a}.example.com" },
	{ "P_37 no letter", "a:%{}.example.com" },
	{ "P_37 two letters", "a:%{dd}.example.com" },
	{ "P_38 percent and a parenthesis", "exists:%(ir).sbl.example.com" },
	{ "P_38 percent within", "exists:foo%(ir).sbl.example.com" },
	{ "P_38 percent and a dot", "exists:foo%.sbl.example.com" },
	{ "P_38 percent at the end", "a:x.org%" },
	{ "P_38 brace not closed", "a:x.org.%{d" },
	{ "P_38 brace not closed before a dot", "a:%{d.x.org" },
	{ "P_38 space in a macro", "a:%{d 2}.x.org" },
	{ "P_39 zero parts", "a:%{d0}.example.com" },
	{ "P_39 zero parts, long", "a:%{d000}.example.com" },
	{ "P_39 r before the digits", "a:%{dr2}.example.com" },
	{ "P_39 delimiter before r", "a:%{d.r}.example.com" },
	{ "P_39 no such delimiter", "a:%{d|}.example.com" },
	{ "P_39 colon for a delimiter", "a:%{d:}.example.com" },
	{ "P_39 negative parts", "a:%{d-1}.example.com" },
};

/* At the front, behind other terms, and behind "all": the whole is checked (P_12). */
START_TEST(bad_records)
{
	static const char *const forms[] = { "v=spf1 %s", "v=spf1 a %s -all", "v=spf1 +all %s" };

	for (size_t f = 0; f < N_ELEMENTS(forms); f++) {
		struct buf text = BUF_INIT(4096);
		struct spf_mistake mistake = { SLICE_NULL, NULL };
		struct spf_record record;
		struct slice rest = slice_str(forms[f]);

		buf_add(&text, slice_take(rest, slice_find(rest, '%')));
		buf_add_str(&text, bad[_i].term);
		buf_add(&text, slice_drop(rest, slice_find(rest, '%') + 2));
		for (size_t i = 0; i + 1 < text.len; i++)
			if (text.ptr[i] == '\\' && text.ptr[i + 1] == '0')
				memcpy(text.ptr + i, "\0\0", 2);
		ck_assert_msg(!spf_record_parse(buf_slice(&text), &nobody, &record, &mistake), "%s: %s", bad[_i].id,
		    buf_cstr(&text));
		ck_assert_msg(mistake.what != NULL, "%s: no word about what is wrong", bad[_i].id);
		buf_free(&text);
	}
}
END_TEST

static const struct {
	const char *id;
	struct slice text;
	bool is;
} versions[] = {
	{ "P_10 alone", { "v=spf1", 6 }, true },
	{ "P_10 with a space", { "v=spf1 ", 7 }, true },
	{ "P_10 case", { "V=sPf1 -all", 11 }, true },
	{ "P_10 v=spf10", { "v=spf10", 7 }, false },
	{ "P_10 v=spf1.0", { "v=spf1.0 all", 12 }, false },
	{ "P_10 v=spf2.0", { "v=spf2.0/pra", 12 }, false },
	{ "P_10 a tab behind", { "v=spf1\t-all", 11 }, false },
	{ "P_10 a NUL behind", { "v=spf1\0-all", 11 }, false },
	{ "P_10 a colon behind", { "v=spf1:a", 8 }, false },
	{ "P_10 a comma behind", { "v=spf1,a", 8 }, false },
	{ "P_10 glued strings", { "v=spf1mx", 8 }, false },
	{ "P_10 a space before", { " v=spf1 -all", 12 }, false },
	{ "P_10 spaces within", { "v = spf1 -all", 13 }, false },
	{ "P_10 a quote before", { "\"v=spf1 -all\"", 13 }, false },
	{ "P_10 short", { "v=spf", 5 }, false },
	{ "P_10 empty", { "", 0 }, false },
	{ "P_10 null", { NULL, 0 }, false },
	{ "P_10 DMARC", { "v=DMARC1; p=none", 16 }, false },
};

START_TEST(version_rows)
{
	ck_assert_msg(spf_record_is(versions[_i].text) == versions[_i].is, "%s", versions[_i].id);
}
END_TEST

/* A record that is cut off anywhere is still a record or a mistake, never trouble. */
START_TEST(cut_records)
{
	static const char text[] = "v=spf1 a:%{d2r-}.x.org/24//64 ip6:2001:db8::/32 "
	    "exists:%{ir}.%{v}.x.org -mx/0 x=%{c}%%%_%- exp=%{d}.y.org redirect=x.org";
	struct spf_record record;

	for (size_t n = 6; n < sizeof(text); n++) {
		struct buf got = BUF_INIT(4096);
		char *copy = malloc(n);

		ck_assert(copy != NULL);
		memcpy(copy, text, n);
		if (spf_record_parse(slice_of(copy, n), &nobody, &record, NULL))
			show(&record, &got);
		free(copy);
		buf_free(&got);
	}
}
END_TEST

/* What can decide for 192.0.2.1. */
static const struct {
	const char *id, *terms, *want;
} steps[] = {
	{ "P_15 the network that matches", " ip4:192.0.2.0/25 all", "ip4:192.0.2.0/25" },
	{ "P_15 networks that do not", " ip4:192.0.2.128/25 ip6:::/0 -all", "-all" },
	{ "P_15 nothing", " ip4:192.0.2.128/25 ip6:::ffff:192.0.2.1 exp=x.org", "" },
	{ "P_15 terms that ask", " a ip4:10.0.0.1 mx ~ip4:192.0.2.1/0 ptr",
	    "a mx ~ip4:192.0.2.1/0" },
	{ "P_23 nothing behind all", " include:x.org ?all a", "include:x.org ?all" },
	{ "P_16 nothing behind the one too many", " a a a a a a a a a a mx exists:x.org all",
	    "a a a a a a a a a a mx" },
	{ "P_16 all behind ten", " a a a a a a a a a a all a", "a a a a a a a a a a all" },
	{ "P_28 /32 by default", " ip4:192.0.2.0 ip4:192.0.2.1", "ip4:192.0.2.1" },
};

START_TEST(step_rows)
{
	struct buf text = BUF_INIT(4096), got = BUF_INIT(4096);
	struct ip client = world_ip("192.0.2.1");
	struct spf_record record;

	buf_addf(&text, "v=spf1%s", steps[_i].terms);
	ck_assert(spf_record_parse(buf_slice(&text), &client, &record, NULL));
	for (size_t i = 0; i < record.step_count; i++)
		buf_addf(&got, "%s%.*s", i == 0 ? "" : " ", SLICE_ARG(record.steps[i].text));
	ck_assert_msg(strcmp(buf_cstr(&got), steps[_i].want) == 0, "%s: %s", steps[_i].id, buf_cstr(&got));
	buf_free(&text);
	buf_free(&got);
}
END_TEST

Suite *record_suite(void)
{
	Suite *s = suite_create("spf record");

	UNIT_TABLE(s, good_records, good);
	UNIT_TABLE(s, bad_records, bad);
	UNIT_TABLE(s, version_rows, versions);
	UNIT_TEST(s, cut_records);
	UNIT_TABLE(s, step_rows, steps);
	return s;
}

/* macro.h: P_36, P_37, P_39 to P_45. */
#include "base/limits.h"
#include "spf/macro.h"
#include "spf/name.h"

#include "suites.h"

static struct slice validated(void *ctx, struct slice domain)
{
	(void)domain;
	return slice_str(ctx);
}

static char client_name[] = "mx.example.org";

/* Names, where the steps do not matter. */
static enum spf_expansion name_of(struct arena *a, const struct spf_values *v, struct slice spec,
    struct slice *out)
{
	size_t steps = LIMIT_SPF_STEPS;

	return spf_expand_name(a, v, spec, &steps, out);
}

static bool explanation_of(struct arena *a, const struct spf_values *v, struct slice text,
    struct slice *out)
{
	size_t steps = LIMIT_SPF_STEPS;

	return spf_expand_explanation(a, v, text, &steps, out);
}

/* RFC 7208 section 7.4 */
static struct spf_values values_of_rfc(void)
{
	return (struct spf_values){
		.sender = SLICE("strong-bad@email.example.com"),
		.local_part = SLICE("strong-bad"),
		.sender_domain = SLICE("email.example.com"),
		.domain = SLICE("email.example.com"),
		.helo = SLICE("Mail Host.example.com"),
		.receiver = SLICE("mx.receiver.test"),
		.client = world_ip("192.0.2.3"),
		.now = 1700000000,
		.validated = validated,
		.ctx = client_name,
	};
}

#define V6 "2001:db8::cb01"

static const struct {
	const char *id, *client, *spec, *want;
} names[] = {
	{ "P_43 s", NULL, "%{s}", "strong-bad@email.example.com" },
	{ "P_43 o", NULL, "%{o}", "email.example.com" },
	{ "P_43 d", NULL, "%{d}", "email.example.com" },
	{ "P_43 d4", NULL, "%{d4}", "email.example.com" },
	{ "P_43 d3", NULL, "%{d3}", "email.example.com" },
	{ "P_43 d2", NULL, "%{d2}", "example.com" },
	{ "P_43 d1", NULL, "%{d1}", "com" },
	{ "P_43 dr", NULL, "%{dr}", "com.example.email" },
	{ "P_43 d2r", NULL, "%{d2r}", "example.email" },
	{ "P_43 l", NULL, "%{l}", "strong-bad" },
	{ "P_43 l-", NULL, "%{l-}", "strong.bad" },
	{ "P_43 lr", NULL, "%{lr}", "strong-bad" },
	{ "P_43 lr-", NULL, "%{lr-}", "bad.strong" },
	{ "P_43 l1r-", NULL, "%{l1r-}", "strong" },
	{ "P_43 ir v d2", NULL, "%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com" },
	{ "P_43 lr- d2", NULL, "%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com" },
	{ "P_43 lr- ir v d2", NULL, "%{lr-}.lp.%{ir}.%{v}._spf.%{d2}",
	    "bad.strong.lp.3.2.0.192.in-addr._spf.example.com" },
	{ "P_43 ir v l1r- d2", NULL, "%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}",
	    "3.2.0.192.in-addr.strong.lp._spf.example.com" },
	{ "P_43 d2 behind", NULL, "%{d2}.trusted-domains.example.net",
	    "example.com.trusted-domains.example.net" },
	{ "P_43 IPv6", V6, "%{ir}.%{v}._spf.%{d2}",
	    "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
	    "8.b.d.0.1.0.0.2.ip6._spf.example.com" },
	{ "P_41 IPv6 i", V6, "%{i}.x", "2.0.0.1.0.d.b.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
	    "c.b.0.1.x" },
	{ "P_41 IPv6 i4", V6, "%{i4}.x", "c.b.0.1.x" },
	{ "P_41 IPv4 i", NULL, "%{i}.x", "192.0.2.3.x" },
	{ "P_41 v4", NULL, "%{v}.x", "in-addr.x" },
	{ "P_37 p", NULL, "%{p}.x", "mx.example.org.x" },
	{ "P_37 p2", NULL, "%{p2}.x", "example.org.x" },
	{ "P_37 h as it came", NULL, "%{h}", "Mail Host.example.com" },
	{ "P_38 percent, space, %20", NULL, "a%%b%_c%-d.x.org", "a%b c%20d.x.org" },
	{ "P_39 all parts by default", NULL, "%{lr+}.x", "strong-bad.x" },
	{ "P_39 more parts than there are", NULL, "%{l127-}.x", "strong.bad.x" },
	{ "P_39 delimiters are rejoined with dots", NULL, "%{s_.-}",
	    "strong.bad@email.example.com" },
	{ "P_40 escaped", NULL, "%{H}", "Mail%20Host.example.com" },
	{ "P_40 escaped after the parts", NULL, "%{S1r-}.x", "strong.x" },
	{ "P_40 @ is not unreserved", NULL, "%{S}.x", "strong-bad%40email.example.com.x" },
	{ "P_40 upper case R reverses", NULL, "%{dR}", "com.example.email" },
	{ "P_46 trailing dot", NULL, "x.org.", "x.org" },
	{ "P_46 trailing dot behind a macro", NULL, "%{d}.x.org.", "email.example.com.x.org" },
};

START_TEST(name_rows)
{
	struct arena *a = arena_create(65536);
	struct spf_values v = values_of_rfc();
	struct slice got = SLICE_NULL;

	if (names[_i].client != NULL)
		v.client = world_ip(names[_i].client);
	ck_assert_msg(name_of(a, &v, slice_str(names[_i].spec), &got) == SPF_EXPANDED,
	    "%s", names[_i].id);
	ck_assert_msg(slice_eq(got, slice_str(names[_i].want)), "%s: %.*s", names[_i].id,
	    SLICE_ARG(got));
	arena_free(&a);
}
END_TEST

/* Local-parts of any kind. */
static const struct {
	const char *id, *local, *spec, *want;
} locals[] = {
	{ "P_39 no delimiter in the value", "abc", "%{l-}", "abc" },
	{ "P_39 leading delimiter", "-abc", "%{l-}", ".abc" },
	{ "P_39 trailing delimiter", "abc-", "%{l-}x", "abc.x" },
	{ "P_39 trailing delimiter, reversed", "abc-", "%{lr-}.x", ".abc.x" },
	{ "P_39 leading delimiter, reversed", "-abc", "%{lr-}x", "abc.x" },
	{ "P_39 only delimiters", "--", "%{l-}x", "..x" },
	{ "P_39 one part of only delimiters", "--", "%{l1-}x", "x" },
	{ "P_39 consecutive delimiters", "a--b", "%{l-}", "a..b" },
	{ "P_39 consecutive delimiters count", "a--b", "%{l2-}", ".b" },
	{ "P_39 consecutive delimiters count in reverse", "a--b", "%{l2r-}", ".a" },
	{ "P_39 two kinds", "foo-bar+zip+quux", "%{l2r+-}", "bar.foo" },
	{ "P_39 each kind", "a.b-c+d,e/f_g=h", "%{l.-+,/_=}", "a.b.c.d.e.f.g.h" },
	{ "P_39 only those named", "a.b-c+d", "%{l+}", "a.b-c.d" },
	{ "P_39 dots stay without a transformer", "a.b", "%{l}", "a.b" },
	{ "P_39 digits alone split on dots", "a.b-c", "%{l1}", "b-c" },
	{ "P_40 all that is not unreserved", "~jack&jill=up-a_b3.c", "%{L}",
	    "~jack%26jill%3Dup-a_b3.c" },
	{ "P_40 octets of control", "a\x01\x7f", "%{L}", "a%01%7F" },
	{ "P_40 a percent is escaped as well", "a%b", "%{L}", "a%25b" },
	{ "P_38 a percent in a value is no macro", "%{d}", "%{l}.x", "%{d}.x" },
	{ "P_42 empty value", "", "%{l}.x.org", ".x.org" },
	{ "P_45 8-bit local-part", "j\xc3\xb6rg", "%{l}.x.org", NULL },
	{ "P_45 8-bit local-part escaped (CVE-2021-33912)", "j\xc3\xb6rg", "%{L}.x.org", NULL },
	{ "P_45 8-bit local-part in s", "j\xc3\xb6rg", "%{s}.x.org", NULL },
	{ "P_45 8-bit local-part, part of it", "a-j\xc3\xb6rg", "%{l1r-}.x.org", NULL },
	{ "P_45 8-bit local-part not used", "j\xc3\xb6rg", "%{o}.x.org",
	    "email.example.com.x.org" },
};

START_TEST(local_rows)
{
	struct arena *a = arena_create(65536);
	struct spf_values v = values_of_rfc();
	struct slice got = SLICE_NULL;
	enum spf_expansion how;

	v.local_part = slice_str(locals[_i].local);
	v.sender = arena_printf(a, "%s@email.example.com", locals[_i].local);
	how = name_of(a, &v, slice_str(locals[_i].spec), &got);
	ck_assert_msg(how == (locals[_i].want != NULL ? SPF_EXPANDED : SPF_EXPANDS_TO_NOTHING), "%s",
	    locals[_i].id);
	ck_assert_msg(how != SPF_EXPANDED || slice_eq(got, slice_str(locals[_i].want)), "%s: %.*s",
	    locals[_i].id, SLICE_ARG(got));
	arena_free(&a);
}
END_TEST

/* P_42, CVE-2021-33913: what is left of a name that is too long; domain is 253 octets. */
#define LABEL10 "123456789."
#define DOMAIN253 LABEL10 LABEL10 LABEL10 LABEL10 LABEL10 LABEL10 LABEL10 LABEL10 LABEL10 LABEL10 \
	LABEL10 LABEL10 LABEL10 LABEL10 LABEL10 LABEL10 LABEL10 LABEL10 LABEL10 LABEL10 LABEL10 \
	LABEL10 LABEL10 LABEL10 LABEL10 "org"

static const struct {
	const char *id, *spec;
	size_t cut;       /* octets of the domain that are gone */
	const char *tail; /* that follows it */
} cuts[] = {
	{ "P_42 253 octets", "%{d}", 0, "" },
	{ "P_42 and a dot", "%{d}%{h}", 0, "" },
	{ "P_42 a label too many", "x.%{d}", 0, "" },
	{ "P_42 a label too many, and a dot", "x.%{d}.", 0, "" },
	{ "P_42 an empty label too many", ".%{d}", 0, "" },
	{ "P_42 two empty labels too many", "..%{d}.", 0, "" },
	{ "P_42 one octet too many: its label goes", "x%{d}", 10, "" },
	{ "P_42 one octet too many, and a dot", "x%{d}.", 10, "" },
	{ "P_42 twice", "%{d}.%{d}", 0, "" },
	{ "P_42 twice, without a dot between them", "%{d}%{d}", 10, "" },
	{ "P_42 behind a tail", "%{d}%{d}%{d}.tail.example.org", 20, ".tail.example.org" },
	{ "P_42 a tail of one octet", "%{d}x.%{d}.y", 10, ".y" },
};

START_TEST(cut_rows)
{
	struct arena *a = arena_create(65536);
	struct spf_values v = values_of_rfc();
	struct slice got = SLICE_NULL, want;

	v.domain = SLICE(DOMAIN253);
	v.helo = SLICE(".");
	ck_assert_uint_eq(v.domain.len, LIMIT_DOMAIN_OCTETS);
	want = arena_printf(a, "%s%s", &DOMAIN253[cuts[_i].cut], cuts[_i].tail);
	ck_assert_int_eq(name_of(a, &v, slice_str(cuts[_i].spec), &got), SPF_EXPANDED);
	ck_assert_msg(slice_eq(got, want), "%s: %.*s", cuts[_i].id, SLICE_ARG(got));
	arena_free(&a);
}
END_TEST

/* One label that no name can have is no name. */
START_TEST(long_label)
{
	static char label[300];
	struct arena *a = arena_create(65536);
	struct spf_values v = values_of_rfc();
	struct slice got = SLICE_NULL;

	memset(label, 'x', sizeof(label));
	v.domain = slice_of(label, sizeof(label));
	ck_assert_int_eq(name_of(a, &v, SLICE("%{d}"), &got), SPF_EXPANDED);
	ck_assert(!spf_name_valid(got));
	ck_assert_int_eq(name_of(a, &v, SLICE("a.b.%{d}."), &got), SPF_EXPANDED);
	ck_assert(!spf_name_valid(got));
	arena_free(&a);
}
END_TEST

/* RFC 8616 section 4, of what is cut off too. */
START_TEST(nothing_beyond_the_cut)
{
	struct arena *a = arena_create(65536);
	struct spf_values v = values_of_rfc();
	struct slice got = SLICE_NULL;

	v.domain = SLICE(DOMAIN253);
	v.local_part = SLICE("j\xc3\xb6rg");
	ck_assert_int_eq(name_of(a, &v, SLICE("%{l}.%{d}.%{d}"), &got), SPF_EXPANDS_TO_NOTHING);
	ck_assert_int_eq(name_of(a, &v, SLICE("%{S1}.%{d}.%{d}"), &got), SPF_EXPANDS_TO_NOTHING);
	ck_assert_int_eq(name_of(a, &v, SLICE("%%{l}.%{d}.%{d}"), &got), SPF_EXPANDED);
	arena_free(&a);
}
END_TEST

/* What a record repeats until it is full: what it takes does not grow with what it stands for. */
static const struct {
	const char *id, *macro;
} costly[] = {
	{ "L", "%{L}" }, { "S", "%{S}" }, { "lr=", "%{lr=}" }, { "l1r=", "%{l1r=}" },
	{ "l1=", "%{l1=}" }, { "L127r=", "%{L127r=}" }, { "nothing", "%{h}" }, { "percent", "%%" },
	{ "underscores", "%_" }, { "open braces", "%%{l}" }, { "p", "%{p}" },
};

START_TEST(cost_rows)
{
	static char local[2000];
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct spf_values v = values_of_rfc();
	struct buf spec = BUF_INIT(LIMIT_SPF_RECORD);
	size_t steps = LIMIT_SPF_STEPS;
	struct slice got = SLICE_NULL;

	memset(local, '=', sizeof(local));
	v.local_part = slice_of(local, sizeof(local));
	v.sender = arena_printf(a, "%.*s@x.test", SLICE_ARG(v.local_part));
	v.helo = SLICE("");
	while (spec.len + 40 < LIMIT_SPF_RECORD)
		buf_add_str(&spec, costly[_i].macro);
	buf_add_str(&spec, ".x.test");
	ck_assert_msg(spf_expand_name(a, &v, buf_slice(&spec), &steps, &got) == SPF_EXPANDED, "%s",
	    costly[_i].id);
	ck_assert_msg(LIMIT_SPF_STEPS - steps <= spec.len + 1000, "%s: %zu steps", costly[_i].id,
	    LIMIT_SPF_STEPS - steps);
	ck_assert_msg(arena_used(a) < 4096, "%s: %zu octets", costly[_i].id, arena_used(a));
	buf_free(&spec);
	arena_free(&a);
}
END_TEST

START_TEST(steps_end)
{
	struct arena *a = arena_create(65536);
	struct spf_values v = values_of_rfc();
	struct slice got = SLICE_NULL;
	size_t steps = 8, needed = 4 + v.domain.len; /* read and written */

	ck_assert_int_eq(spf_expand_name(a, &v, SLICE("%{d}.x.org"), &steps, &got),
	    SPF_EXPANSION_TOO_LONG);
	ck_assert_uint_eq(steps, 0);
	ck_assert_int_eq(spf_expand_name(a, &v, SLICE("x"), &steps, &got), SPF_EXPANSION_TOO_LONG);
	steps = needed - 1;
	ck_assert_int_eq(spf_expand_name(a, &v, SLICE("%{d}"), &steps, &got), SPF_EXPANSION_TOO_LONG);
	steps = needed;
	ck_assert_int_eq(spf_expand_name(a, &v, SLICE("%{d}"), &steps, &got), SPF_EXPANDED);
	ck_assert_uint_eq(steps, 0);
	steps = v.domain.len - 1;
	ck_assert(!spf_expand_explanation(a, &v, SLICE("%{d}"), &steps, &got));
	steps = v.domain.len;
	ck_assert(spf_expand_explanation(a, &v, SLICE("%{d}"), &steps, &got));
	ck_assert_uint_eq(steps, 0);
	arena_free(&a);
}
END_TEST

static const struct {
	const char *id, *client, *text, *want;
} explanations[] = {
	{ "P_36 plain", NULL, "Not allowed.", "Not allowed." },
	{ "P_36 spaces", NULL, "  a  b ", "  a  b " },
	{ "P_36 trailing dot stays", NULL, "This is a test.", "This is a test." },
	{ "P_37 c, r, t", NULL, "%{c} %{r} %{t}", "192.0.2.3 mx.receiver.test 1700000000" },
	{ "P_37 c of IPv6", V6, "%{c}", "2001:db8::cb01" },
	{ "P_41 i of IPv6", V6, "%{i4}", "C.B.0.1" },
	{ "P_37 d is the record's domain", NULL, "%{d}", "record.example.com" },
	{ "P_38 the others", NULL, "100%% %_ %-", "100%   %20" },
	{ "P_39 parts", NULL, "%{ir}.%{v}.arpa", "3.2.0.192.in-addr.arpa" },
	{ "P_36 empty", NULL, "", "" },
	{ "P_36 8-bit", NULL, "\xef\xbb\xbf" "Explanation", NULL },
	{ "P_36 tab", NULL, "a\tb", NULL },
	{ "P_36 CR LF", NULL, "a\r\nb", NULL },
	{ "P_36 DEL", NULL, "a\x7f", NULL },
	{ "P_38 no such letter", NULL, "The %{x}-files.", NULL },
	{ "P_38 percent alone", NULL, "100% sure", NULL },
	{ "P_38 percent at the end", NULL, "100%", NULL },
	{ "P_38 brace not closed", NULL, "%{d", NULL },
	{ "P_39 zero parts", NULL, "%{d0}", NULL },
};

START_TEST(explanation_rows)
{
	struct arena *a = arena_create(65536);
	struct spf_values v = values_of_rfc();
	struct slice got = SLICE_NULL;
	bool ok;

	if (explanations[_i].client != NULL)
		v.client = world_ip(explanations[_i].client);
	v.domain = SLICE("record.example.com");
	ok = explanation_of(a, &v, slice_str(explanations[_i].text), &got);
	ck_assert_msg(ok == (explanations[_i].want != NULL), "%s", explanations[_i].id);
	ck_assert_msg(!ok || slice_eq(got, slice_str(explanations[_i].want)), "%s: \"%.*s\"",
	    explanations[_i].id, SLICE_ARG(got));
	arena_free(&a);
}
END_TEST

/* P_36: what the client says must not get a line end or 8-bit octets into a reply. */
START_TEST(hostile_values)
{
	static const char *const helos[] = { "a\r\nb", "a\nb", "\x1b[2J", "j\xc3\xb6rg", "a\x7f",
		"\x80\xff" };
	/* CVE-2021-33912: two digits for each octet, those above 127 as well */
	static const char *const escaped[] = { "a%0D%0Ab", "a%0Ab", "%1B%5B2J", "j%C3%B6rg", "a%7F",
		"%80%FF" };
	struct arena *a = arena_create(65536);
	struct spf_values v = values_of_rfc();
	struct slice got = SLICE_NULL;

	for (size_t i = 0; i < N_ELEMENTS(helos); i++) {
		v.helo = slice_str(helos[i]);
		ck_assert_msg(!explanation_of(a, &v, SLICE("%{h}"), &got),
		    "row %zu", i);
		ck_assert_msg(explanation_of(a, &v, SLICE("%{H}"), &got),
		    "row %zu, escaped", i);
		ck_slice_eq(got, slice_str(escaped[i]));
	}
	arena_free(&a);
}
END_TEST

START_TEST(long_explanation)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct spf_values v = values_of_rfc();
	struct buf text = BUF_INIT(65536);
	struct slice got = SLICE_NULL;

	for (int i = 0; i < 127; i++)
		buf_add_str(&text, "%{d}");
	for (int i = 0; i < 40; i++)
		buf_add_char(&text, 'A');
	ck_assert(explanation_of(a, &v, buf_slice(&text), &got));
	ck_assert_uint_eq(got.len, LIMIT_SPF_EXPLANATION);
	ck_slice_eq(slice_take(got, 34), SLICE("email.example.comemail.example.com"));
	buf_free(&text);
	arena_free(&a);
}
END_TEST

static const struct {
	const char *id, *name;
	bool valid;
} validity[] = {
	{ "P_06 plain", "example.com", true },
	{ "P_06 one label", "com", true },
	{ "P_06 odd octets", "foo:bar/baz \\.example.com", true },
	{ "P_06 63 octets", "a12345678901234567890123456789012345678901234567890123456789012.com",
	    true },
	{ "P_06 64 octets",
	    "a123456789012345678901234567890123456789012345678901234567890123.com", false },
	{ "P_06 empty", "", false },
	{ "P_06 root", ".", false },
	{ "P_06 leading dot", ".example.com", false },
	{ "P_06 two dots", "example..com", false },
	{ "P_06 trailing dot", "example.com.", false },
};

START_TEST(validity_rows)
{
	ck_assert_msg(spf_name_valid(slice_str(validity[_i].name)) == validity[_i].valid, "%s",
	    validity[_i].id);
}
END_TEST

START_TEST(resolver_forms)
{
	struct arena *a = arena_create(65536);
	struct ip v4 = world_ip("192.0.2.3"), v6 = world_ip(V6);
	char reverse[SPF_REVERSE_SIZE];

	ck_slice_eq(spf_name_escaped(a, SLICE("a b\\c\xc3\0.x")), SLICE("a\\032b\\092c\\195\\000.x"));
	ck_slice_eq(spf_name_escaped(a, SLICE("a.b")), SLICE("a.b"));
	ck_slice_eq(spf_reverse_name(&v4, reverse), SLICE("3.2.0.192.in-addr.arpa"));
	ck_slice_eq(spf_reverse_name(&v6, reverse), SLICE("1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0."
	    "0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"));
	arena_free(&a);
}
END_TEST

Suite *macro_suite(void)
{
	Suite *s = suite_create("spf macro");

	UNIT_TABLE(s, name_rows, names);
	UNIT_TABLE(s, local_rows, locals);
	UNIT_TABLE(s, cut_rows, cuts);
	UNIT_TEST(s, long_label);
	UNIT_TEST(s, nothing_beyond_the_cut);
	UNIT_TABLE(s, cost_rows, costly);
	UNIT_TEST(s, steps_end);
	UNIT_TABLE(s, explanation_rows, explanations);
	UNIT_TEST(s, hostile_values);
	UNIT_TEST(s, long_explanation);
	UNIT_TABLE(s, validity_rows, validity);
	UNIT_TEST(s, resolver_forms);
	return s;
}

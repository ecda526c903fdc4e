/* record.h: D-01 to D-08, D-36, D-44 to D-47. */
#include "base/buf.h"
#include "base/limits.h"
#include "dmarc/record.h"

#include "suites.h"

static const char *policy_shown(const struct dmarc_policy_tag *t)
{
	if (t->state == DMARC_TAG_VALID)
		return dmarc_policy_text(t->policy);
	return t->state == DMARC_TAG_ABSENT ? "-" : "bad";
}

/* Everything that was understood, in one line. */
static void show(const struct dmarc_record *r, struct buf *out)
{
	buf_addf(out, "%s %s %s %c%c %c%s fo=%x", policy_shown(&r->p), policy_shown(&r->sp),
	    policy_shown(&r->np), "rs"[r->adkim], "rs"[r->aspf], "uyn"[r->psd],
	    r->testing ? " t" : "", r->failure_options);
	if (!slice_is_null(r->rua))
		buf_add_str(out, r->rua_valid ? " rua" : " badrua");
	if (!slice_is_null(r->ruf))
		buf_add_str(out, " ruf");
}

#define OTHER "other"
#define SYNTAX "syntax"

static const struct {
	const char *id, *text, *want;
} rows[] = {
	{ "D_01 plain", "v=DMARC1; p=reject", "reject - - rr u fo=1" },
	{ "D_01 tag name without case", "V=DMARC1; P=reject; Sp=none", "reject none - rr u fo=1" },
	{ "D_01 v alone", "v=DMARC1", "- - - rr u fo=1" },
	{ "D_01 v and separator", "v=DMARC1;", "- - - rr u fo=1" },
	{ "D_01 value has case", "v=dmarc1; p=reject", SYNTAX },
	{ "D_01 value has case, one letter", "v=DMARc1; p=reject", SYNTAX },
	{ "D_01 garbage behind", "v=DMARC1x; p=reject", SYNTAX },
	{ "D_01 another version", "v=DMARC2; p=reject", OTHER },
	{ "D_01 version 10", "v=DMARC10; p=reject", SYNTAX },
	{ "D_01 separator forgotten", "v=DMARC1 p=reject", SYNTAX },
	{ "D_01 separator is a comma", "v=DMARC1, p=reject", SYNTAX },
	{ "D_01 quoted", "\"v=DMARC1; p=reject\"", OTHER },
	{ "D_01 v not first", "p=reject; v=DMARC1", OTHER },
	{ "D_01 behind an empty tag", "; v=DMARC1; p=reject", OTHER },
	{ "D_01 no v", "p=reject", OTHER },
	{ "D_01 no value", "v=; p=reject", OTHER },
	{ "D_01 no equals", "v; p=reject", OTHER },
	{ "D_01 v as part of a name", "vv=DMARC1; p=reject", OTHER },
	{ "D_01 SPF", "v=spf1 -all", OTHER },
	{ "D_01 DKIM", "v=DKIM1; p=", OTHER },
	{ "D_01 empty", "", OTHER },
	{ "D_01 white space", "  ", OTHER },
	{ "D_01 v again", "v=DMARC1; v=DMARC2; p=reject", "reject - - rr u fo=1" },
	{ "D_02 unknown tags", "v=DMARC1; x=y; p=reject; foo=bar", "reject - - rr u fo=1" },
	{ "D_02 pct, rf, ri", "v=DMARC1; p=reject; pct=0; rf=afrf; ri=3600",
	  "reject - - rr u fo=1" },
	{ "D_02 name only begins alike", "v=DMARC1; p=reject; px=none; s=none",
	  "reject - - rr u fo=1" },
	{ "D_02 unknown tag twice", "v=DMARC1; x=1; x=2; p=reject", "reject - - rr u fo=1" },
	{ "D_03 any order", "v=DMARC1; t=y; rua=mailto:a@b.c; np=none; sp=quarantine; p=reject",
	  "reject quarantine none rr u t fo=1 rua" },
	{ "D_04 bad alignment", "v=DMARC1; p=reject; adkim=strict; aspf=x",
	  "reject - - rr u fo=1" },
	{ "D_04 bad psd, t", "v=DMARC1; p=reject; psd=yes; t=true", "reject - - rr u fo=1" },
	{ "D_04 bad t behind t", "v=DMARC1; p=reject; t=1", "reject - - rr u fo=1" },
	{ "D_04 empty values", "v=DMARC1; p=reject; adkim=; psd=; t=; fo=",
	  "reject - - rr u fo=1" },
	{ "D_04 a tag without equals", "v=DMARC1; garbage; p=reject; more garbage",
	  "reject - - rr u fo=1" },
	{ "D_04 empty tags", "v=DMARC1;;; p=reject;;", "reject - - rr u fo=1" },
	{ "D_04 equals only", "v=DMARC1; =; =reject; p=reject", "reject - - rr u fo=1" },
	{ "D_04 two equals", "v=DMARC1; p==reject", "bad - - rr u fo=1" },
	{ "D_04 octets that no value has", "v=DMARC1; p=reject; adkim=\xff\x01",
	  "reject - - rr u fo=1" },
	{ "D_04 separators forgotten", "v=DMARC1; p=reject sp=none", "bad - - rr u fo=1" },
	{ "D_04 given twice", "v=DMARC1; p=reject; p=none", "bad - - rr u fo=1" },
	{ "D_04 given twice alike", "v=DMARC1; p=reject; P=reject", "bad - - rr u fo=1" },
	{ "D_04 others given twice",
	  "v=DMARC1; p=reject; adkim=s; adkim=s; t=y; t=y; psd=n; psd=n; "
	  "rua=mailto:a@b.c; rua=mailto:a@b.c; fo=1; fo=1", "reject - - rr u fo=1 badrua" },
	{ "D_05 around equals", "v = DMARC1 ; p = reject ; adkim\t=\ts", "reject - - sr u fo=1" },
	{ "D_05 around the record", " v=DMARC1;p=reject ", "reject - - rr u fo=1" },
	{ "D_05 none at all", "v=DMARC1;p=reject;sp=none;np=quarantine",
	  "reject none quarantine rr u fo=1" },
	{ "D_05 inside a word", "v=DMARC1; p=re ject; s p=none", "bad - - rr u fo=1" },
	{ "D_06 all given", "v=DMARC1; p=none; adkim=r; aspf=r; psd=u; t=n; fo=0",
	  "none - - rr u fo=1" },
	{ "D_06 all others", "v=DMARC1; p=none; adkim=s; aspf=s; psd=y; t=y; fo=1",
	  "none - - ss y t fo=2" },
	{ "D_06 values without case", "v=DMARC1; p=Reject; adkim=S; psd=N; t=Y; fo=D",
	  "reject - - sr n t fo=4" },
	{ "D_07 p unknown", "v=DMARC1; p=monitor", "bad - - rr u fo=1" },
	{ "D_07 p empty", "v=DMARC1; p=; rua=mailto:a@b.c", "bad - - rr u fo=1 rua" },
	{ "D_07 p without equals", "v=DMARC1; p", "bad - - rr u fo=1" },
	{ "D_07 sp, np unknown", "v=DMARC1; p=reject; sp=x; np=rejected",
	  "reject bad bad rr u fo=1" },
	{ "D_07 sp empty", "v=DMARC1; p=reject; sp=", "reject bad - rr u fo=1" },
	{ "D_07 NUL behind a word", "v=DMARC1; p=reject\\000", "bad - - rr u fo=1" },
	{ "D_45 list", "v=DMARC1; p=none; fo=1:d:s; ruf=mailto:a@b.c", "none - - rr u fo=e ruf" },
	{ "D_45 d and s", "v=DMARC1; p=none; fo=s:d", "none - - rr u fo=c" },
	{ "D_45 any order", "v=DMARC1; p=none; fo=d:0:s", "none - - rr u fo=d" },
	{ "D_45 white space", "v=DMARC1; p=none; fo=d : s : 1", "none - - rr u fo=e" },
	{ "D_45 0 and 1", "v=DMARC1; p=none; fo=0:1", "none - - rr u fo=1" },
	{ "D_45 d twice", "v=DMARC1; p=none; fo=d:1:d", "none - - rr u fo=1" },
	{ "D_45 unknown option", "v=DMARC1; p=none; fo=1:x", "none - - rr u fo=1" },
	{ "D_45 empty option", "v=DMARC1; p=none; fo=1::d", "none - - rr u fo=1" },
	{ "D_45 colon at the end", "v=DMARC1; p=none; fo=1:", "none - - rr u fo=1" },
	{ "D_47 ruf with psd=y", "v=DMARC1; p=none; ruf=mailto:a@b.c; rua=mailto:a@b.c; psd=y",
	  "none - - rr y fo=1 rua" },
};

static enum dmarc_record_status parsed(const char *text, struct dmarc_record *r)
{
	char copy[512];
	size_t n = 0;

	/* the tables write NUL as \000 behind another backslash */
	for (const char *p = text; *p != '\0'; n++) {
		bool nul = strncmp(p, "\\000", 4) == 0;

		copy[n] = nul ? '\0' : *p;
		p += nul ? 4 : 1;
	}
	return dmarc_record_parse(slice_of(copy, n), r);
}

START_TEST(record_rows)
{
	struct dmarc_record r = { .fo = SLICE("untouched") };
	struct buf shown = BUF_INIT(1000);
	enum dmarc_record_status status = parsed(rows[_i].text, &r);

	if (status == DMARC_RECORD_OK) {
		show(&r, &shown);
	} else {
		buf_add_str(&shown, status == DMARC_RECORD_OTHER ? OTHER : SYNTAX);
		ck_slice_eq(r.fo, SLICE("untouched"));
	}
	ck_assert_msg(strcmp(buf_cstr(&shown), rows[_i].want) == 0, "%s: got \"%s\", want \"%s\"",
	    rows[_i].id, buf_cstr(&shown), rows[_i].want);
	buf_free(&shown);
}
END_TEST

/* D-46: no rua=, no ruf=, nobody to report to. */
START_TEST(absent_tags_are_null)
{
	struct dmarc_record r;

	ck_assert_int_eq(dmarc_record_parse(SLICE("v=DMARC1; p=none"), &r), DMARC_RECORD_OK);
	ck_assert(slice_is_null(r.rua) && slice_is_null(r.ruf) && slice_is_null(r.fo));
	ck_slice_eq(r.text, SLICE("v=DMARC1; p=none"));
	ck_assert_int_eq(dmarc_record_parse(SLICE("v=DMARC1; rua=; fo; ruf = a "), &r),
	    DMARC_RECORD_OK);
	ck_assert(!slice_is_null(r.rua) && !slice_is_null(r.fo));
	ck_assert_uint_eq(r.rua.len, 0);
	ck_slice_eq(r.ruf, SLICE("a"));
}
END_TEST

struct heard {
	const char *wanted;
	bool found;
	struct buf all;
};

static void hear(void *ctx, const char *text)
{
	struct heard *h = ctx;

	h->found |= h->wanted != NULL && strcmp(text, h->wanted) == 0;
	buf_addf(&h->all, "[%s]", text);
}

/* CVE-2024-25768, M#256: what is not there is a null slice, which every function takes. */
START_TEST(nothing_is_a_value)
{
	static const char whole[] = "v=DMARC1; p=; sp=; adkim=; rua=; ruf=; fo=; psd=; t=";
	struct slice none = SLICE_NULL, uri;
	struct heard h = { NULL, false, BUF_INIT(100000) };
	struct dmarc_record r;

	ck_assert_int_eq(dmarc_record_parse(SLICE_NULL, &r), DMARC_RECORD_OTHER);
	ck_assert(!dmarc_next_uri(&none, &uri));
	for (size_t n = strlen("v=DMARC1"); n < sizeof(whole); n++) {
		ck_assert_int_eq(dmarc_record_parse(slice_of(whole, n), &r), DMARC_RECORD_OK);
		ck_assert(!r.rua_valid);
		dmarc_record_remarks(&r, hear, &h);
	}
	ck_assert(h.all.len > 0);
	buf_free(&h.all);
}
END_TEST

START_TEST(length_ceiling)
{
	struct buf text = BUF_INIT(LIMIT_DMARC_RECORD + 10);
	struct dmarc_record r;

	buf_add_str(&text, "v=DMARC1; p=reject; x=");
	while (text.len < LIMIT_DMARC_RECORD)
		buf_add_char(&text, 'a');
	ck_assert_int_eq(dmarc_record_parse(buf_slice(&text), &r), DMARC_RECORD_OK);
	buf_add_char(&text, 'a');
	ck_assert_int_eq(dmarc_record_parse(buf_slice(&text), &r), DMARC_RECORD_SYNTAX);
	buf_free(&text);
}
END_TEST

/* D-44; want: what a reporter gets, separated by one space. */
static const struct {
	const char *list, *want;
} uri_rows[] = {
	{ "mailto:a@b.c", "mailto:a@b.c" },
	{ "MAILTO:a@b.c", "MAILTO:a@b.c" },
	{ "mailto:a@b.c,mailto:d@e.f", "mailto:a@b.c mailto:d@e.f" },
	{ " mailto:a@b.c , mailto:d@e.f ", "mailto:a@b.c mailto:d@e.f" },
	{ "mailto:a@b.c!10m", "mailto:a@b.c" },
	{ "mailto:a@b.c!10", "mailto:a@b.c" },
	{ "mailto:a@b.c!1K,mailto:d@e.f!2t", "mailto:a@b.c mailto:d@e.f" },
	{ "https://example.com/r?a=b&c=%2c#f", "https://example.com/r?a=b&c=%2c#f" },
	{ "https://[2001:db8::1]/r", "https://[2001:db8::1]/r" },
	{ "x-y.z+1:opaque", "x-y.z+1:opaque" },
	{ "mailto:a%2Cb%21@b.c?subject=x", "mailto:a%2Cb%21@b.c?subject=x" },
	{ "mailto:a@b.c!10x", "" },
	{ "mailto:a@b.c!", "" },
	{ "mailto:a@b.c!m", "" },
	{ "mailto:a@b.c!10m!10m", "" },
	{ "mailto:a!b@b.c", "" },
	{ "a@b.c", "" },
	{ "mailto:", "" },
	{ "mailto:a", "" },
	{ "mailto:@b.c", "" },
	{ "mailto:a@", "" },
	{ "mailto:?to=a@b.c", "" },
	{ "mailto: a@b.c", "" },
	{ "mailto :a@b.c", "" },
	{ "mailto:a@b.c d@e.f", "" },
	{ "mailto:<a@b.c>", "" },
	{ "mailto:a@b.c%", "" },
	{ "mailto:a@b.c%2", "" },
	{ "mailto:a@b.c%2g", "" },
	{ "mailto:\xc3\xa4@b.c", "" },
	{ "mailto:a@b.c\x7f", "" },
	{ "https:", "" },
	{ "1http://example.com", "" },
	{ ":a@b.c", "" },
	{ "!10m", "" },
	{ "", "" },
	{ ",,", "" },
	{ "junk,mailto:a@b.c,,more junk,mailto:d@e.f,", "mailto:a@b.c mailto:d@e.f" },
};

START_TEST(uri_lists)
{
	struct slice rest = slice_str(uri_rows[_i].list), uri;
	struct buf got = BUF_INIT(1000);
	struct buf text = BUF_INIT(1000);
	struct dmarc_record r;

	while (dmarc_next_uri(&rest, &uri)) {
		buf_add_str(&got, got.len == 0 ? "" : " ");
		buf_add(&got, uri);
	}
	ck_assert_msg(strcmp(buf_cstr(&got), uri_rows[_i].want) == 0, "D_44 %s: got \"%s\"",
	    uri_rows[_i].list, buf_cstr(&got));
	buf_addf(&text, "v=DMARC1; p=none; rua=%s", uri_rows[_i].list);
	ck_assert_int_eq(dmarc_record_parse(buf_slice(&text), &r), DMARC_RECORD_OK);
	ck_assert_msg(r.rua_valid == (got.len > 0), "D_44 rua=%s", uri_rows[_i].list);
	buf_free(&text);
	buf_free(&got);
}
END_TEST

/* One remark that must be among them; NULL: there is none at all. */
static const struct {
	const char *text, *remark;
} remark_rows[] = {
	{ "v=DMARC1; p=reject; rua=mailto:a@b.c", NULL },
	{ "v=DMARC1; p=none; sp=none; np=reject; adkim=s; aspf=r; psd=u; t=n; fo=1; "
	  "rua=mailto:a@b.c; ruf=mailto:a@b.c;", NULL },
	{ "v=DMARC1; p=reject; pct=50; rua=mailto:a@b.c", "pct= is ignored since RFC 9989" },
	{ "v=DMARC1; p=reject; RI=50; rua=mailto:a@b.c", "RI= is ignored since RFC 9989" },
	{ "v=DMARC1; p=reject; x=50; rua=mailto:a@b.c", "x= is not a DMARC tag: it is ignored" },
	{ "v=DMARC1; p=reject; x; rua=mailto:a@b.c", "x is ignored: it has no \"=\"" },
	{ "v=DMARC1; p=foo; rua=mailto:a@b.c", "p=foo is not none, quarantine or reject" },
	{ "v=DMARC1; p=foo; rua=mailto:a@b.c",
	  "the record is treated as p=none (RFC 9989 section 4.10.1)" },
	{ "v=DMARC1; p=reject; sp=\x1b[2J; rua=mailto:a@b.c",
	  "sp=\\x1b[2J is not none, quarantine or reject" },
	{ "v=DMARC1; rua=mailto:a@b.c", "p= is missing" },
	{ "v=DMARC1; p=reject; sp=x", "the record has no effect: no valid policy and no valid rua= "
	  "(RFC 9989 section 4.10.1)" },
	{ "v=DMARC1; p=reject; adkim=strict; rua=mailto:a@b.c", "adkim=strict is not r or s" },
	{ "v=DMARC1; p=reject; p=reject; rua=mailto:a@b.c",
	  "p= occurs more than once; all occurrences are ignored" },
	{ "v=DMARC1; p=reject; rua=a@b.c",
	  "rua=a@b.c has no URI such as mailto:dmarc@example.com" },
	{ "v=DMARC1; p=reject; rua=mailto:a@b.c,d@e.f", "rua= contains an invalid URI: d@e.f" },
	{ "v=DMARC1; p=reject; rua=mailto:a@b.c!10m",
	  "rua= contains an obsolete size limit, which is ignored: mailto:a@b.c!10m" },
	{ "v=DMARC1; p=reject", "rua= is missing: no aggregate reports will be sent" },
	{ "v=DMARC1; p=reject; t=y; rua=mailto:a@b.c",
	  "t=y: receivers apply the policy one step weaker" },
	{ "v=DMARC1; p=reject; fo=1; rua=mailto:a@b.c", "fo= has no effect without ruf=" },
	{ "v=DMARC1; p=reject; psd=y; rua=mailto:a@b.c; ruf=mailto:a@b.c",
	  "ruf= is ignored with psd=y (RFC 9991 section 2)" },
};

START_TEST(remarks)
{
	struct heard h = { remark_rows[_i].remark, false, BUF_INIT(10000) };
	struct dmarc_record r;

	ck_assert_int_eq(dmarc_record_parse(slice_str(remark_rows[_i].text), &r), DMARC_RECORD_OK);
	dmarc_record_remarks(&r, hear, &h);
	ck_assert_msg(h.wanted == NULL ? h.all.len == 0 : h.found, "%s: remarks %s",
	    remark_rows[_i].text, buf_cstr(&h.all));
	buf_free(&h.all);
}
END_TEST

/* Of the remarks those that are faults of the record; NULL: it has none. */
static const struct {
	const char *text, *fault;
} fault_rows[] = {
	{ "v=DMARC1; p=reject; rua=mailto:a@b.c", NULL },
	{ "v=DMARC1; p=reject", NULL },
	{ "v=DMARC1; p=reject; pct=50; x=y; t=y; fo=1; rua=mailto:a@b.c", NULL },
	{ "v=DMARC1; p=foo; rua=mailto:a@b.c", "p=foo is not none, quarantine or reject" },
	{ "v=DMARC1; rua=mailto:a@b.c", "p= is missing" },
	{ "v=DMARC1; p=none; rua=mailto:a@b.c,d@e.f", "rua= contains an invalid URI: d@e.f" },
};

START_TEST(faults)
{
	struct heard h = { fault_rows[_i].fault, false, BUF_INIT(10000) };
	struct dmarc_record r;

	ck_assert_int_eq(dmarc_record_parse(slice_str(fault_rows[_i].text), &r), DMARC_RECORD_OK);
	dmarc_record_faults(&r, hear, &h);
	ck_assert_msg(h.wanted == NULL ? h.all.len == 0 : h.found, "%s: faults %s",
	    fault_rows[_i].text, buf_cstr(&h.all));
	buf_free(&h.all);
}
END_TEST

START_TEST(weaker_policies)
{
	/* D-36 */
	ck_assert_int_eq(dmarc_policy_weaker(DMARC_POLICY_REJECT), DMARC_POLICY_QUARANTINE);
	ck_assert_int_eq(dmarc_policy_weaker(DMARC_POLICY_QUARANTINE), DMARC_POLICY_NONE);
	ck_assert_int_eq(dmarc_policy_weaker(DMARC_POLICY_NONE), DMARC_POLICY_NONE);
}
END_TEST

Suite *record_suite(void)
{
	Suite *s = suite_create("dmarc record");

	UNIT_TABLE(s, record_rows, rows);
	UNIT_TEST(s, absent_tags_are_null);
	UNIT_TEST(s, nothing_is_a_value);
	UNIT_TEST(s, length_ceiling);
	UNIT_TABLE(s, uri_lists, uri_rows);
	UNIT_TABLE(s, remarks, remark_rows);
	UNIT_TABLE(s, faults, fault_rows);
	UNIT_TEST(s, weaker_policies);
	return s;
}

/* evaluate.h: D-11, D-12, D-30 to D-37, D-48 to D-51. */
#include <stdlib.h>

#include "base/buf.h"
#include "dmarc/evaluate.h"

#include "suites.h"

#define R(name, tags) "_dmarc." name " TXT \"v=DMARC1; " tags "\"\n"
#define FAILS(name) "_dmarc." name " TXT !SERVFAIL\n"
#define TIMES_OUT(name) "_dmarc." name " TXT !TIMEOUT\n"

#define REJECT R("example.com", "p=reject")
#define NONE R("other.example", "p=none")
#define QUARANTINE R("quiet.example", "p=quarantine")

static const char *const why_words[DMARC_WHY_COUNT] = {
	[DMARC_WHY_NOT_EVALUATED] = "not-evaluated",
	[DMARC_WHY_ALIGNED] = "aligned",
	[DMARC_WHY_NOT_ALIGNED] = "not-aligned",
	[DMARC_WHY_NOTHING_PASSED] = "nothing-passed",
	[DMARC_WHY_NO_RECORD] = "no-record",
	[DMARC_WHY_RECORD_UNUSABLE] = "unusable",
	[DMARC_WHY_POLICY_UNKNOWN] = "policy-unknown",
	[DMARC_WHY_IDENTIFIER_UNKNOWN] = "identifier-unknown",
	[DMARC_WHY_FROM_MISSING] = "missing",
	[DMARC_WHY_FROM_MULTIPLE] = "multiple",
	[DMARC_WHY_FROM_INVALID] = "invalid",
	[DMARC_WHY_FROM_TOO_MANY] = "too-many",
	[DMARC_WHY_NO_MEMORY] = "memory",
};

/*
 * spf and dkim: "result:domain", several signatures separated by spaces.  want: result, why and
 * what is asked for; then SPF and DKIM where they are aligned, "t" where t=y counted.
 */
static const struct row {
	const char *id, *authors, *spf, *dkim, *zone, *want;
} rows[] = {
	/* one author, everything known */
	{ "D_31 SPF", "example.com", "pass:example.com", "", REJECT, "pass aligned reject SPF" },
	{ "D_33 DKIM", "example.com", "", "pass:example.com", REJECT, "pass aligned reject DKIM" },
	{ "D_33 both", "example.com", "pass:example.com", "pass:example.com", REJECT,
	  "pass aligned reject SPF DKIM" },
	{ "D_33 any signature will do", "example.com", "fail:example.com",
	  "fail:example.com pass:evil.test permerror:example.com pass:example.com", REJECT,
	  "pass aligned reject DKIM" },
	{ "D_33 relaxed", "a.example.com", "pass:b.example.com", "pass:example.com", REJECT,
	  "pass aligned reject SPF DKIM" },
	{ "D_34 strict", "example.com", "pass:b.example.com", "pass:c.example.com",
	  R("example.com", "p=reject; adkim=s; aspf=s"), "fail not-aligned reject" },
	{ "D_34 strict for one", "example.com", "pass:b.example.com", "pass:c.example.com",
	  R("example.com", "p=reject; adkim=s"), "pass aligned reject SPF" },
	{ "D_34 strict for the other", "example.com", "pass:b.example.com", "pass:c.example.com",
	  R("example.com", "p=reject; aspf=s"), "pass aligned reject DKIM" },
	{ "D_51 nothing at all", "example.com", "", "", REJECT, "fail nothing-passed reject" },
	{ "D_51 nothing passed", "example.com", "fail:example.com", "fail:example.com", REJECT,
	  "fail nothing-passed reject" },
	{ "D_51 strangers", "example.com", "pass:evil.test",
	  "pass:evil.test pass:example.com.evil.test",
	  REJECT, "fail not-aligned reject" },
	{ "D_31 softfail", "example.com", "softfail:example.com", "", REJECT,
	  "fail nothing-passed reject" },
	{ "D_31 neutral", "example.com", "neutral:example.com", "", REJECT,
	  "fail nothing-passed reject" },
	{ "D_31 SPF permerror", "example.com", "permerror:example.com", "", REJECT,
	  "fail nothing-passed reject" },
	{ "D_31 no SPF record", "example.com", "none:example.com", "", REJECT,
	  "fail nothing-passed reject" },
	{ "D_33 DKIM policy, neutral, permerror", "example.com", "",
	  "policy:example.com neutral:example.com permerror:example.com none:example.com", REJECT,
	  "fail nothing-passed reject" },
	{ "D_33 a signature without d=", "example.com", "", "pass: temperror:", REJECT,
	  "fail nothing-passed reject" },
	{ "D_48 B.4.1", "example.com", "pass:example.com", "pass:signing.example.com",
	  REJECT R("signing.example.com", "p=none"), "pass aligned reject SPF DKIM" },
	{ "D_48 B.4.2", "a.b.c.d.e.f.g.h.i.j.k.example.com", "pass:example.com",
	  "pass:signing.example.com",
	  R("example.com", "p=quarantine; sp=reject") R("signing.example.com", "p=none"),
	  "pass aligned reject SPF DKIM" },
	{ "D_48 B.4.3", "giant.bank.example", "pass:mail.giant.bank.example",
	  "pass:mail.mega.bank.example",
	  R("bank.example", "psd=y; p=reject") R("giant.bank.example", "p=quarantine"),
	  "pass aligned quarantine SPF" },
	{ "D_48 B.4.3 without SPF", "giant.bank.example", "fail:mail.giant.bank.example",
	  "pass:mail.mega.bank.example", R("bank.example", "psd=y; p=reject")
	  R("giant.bank.example", "p=quarantine"), "fail not-aligned quarantine" },

	/* the policy */
	{ "D_29 no record", "example.com", "pass:example.com", "pass:example.com", "",
	  "none no-record none" },
	{ "D_07 unusable record", "example.com", "pass:example.com", "", R("example.com", "p=x"),
	  "none unusable none" },
	{ "D_07 rua instead", "example.com", "", "", R("example.com", "rua=mailto:a@b.c"),
	  "fail nothing-passed none" },
	{ "D_37 p=none", "example.com", "", "", R("example.com", "p=none"),
	  "fail nothing-passed none" },
	{ "D_36 t=y, reject", "example.com", "", "", R("example.com", "p=reject; t=y"),
	  "fail nothing-passed quarantine t" },
	{ "D_36 t=y, quarantine", "example.com", "", "", R("example.com", "p=quarantine; t=y"),
	  "fail nothing-passed none t" },
	{ "D_36 t=y, none", "example.com", "", "", R("example.com", "p=none; t=y"),
	  "fail nothing-passed none" },
	{ "D_36 t=y, sp", "a.example.com", "", "", R("example.com", "p=none; sp=reject; t=y"),
	  "fail nothing-passed quarantine t" },
	{ "D_36 t=n", "example.com", "", "", R("example.com", "p=reject; t=n"),
	  "fail nothing-passed reject" },
	{ "D_02 pct=0", "example.com", "", "", R("example.com", "p=reject; pct=0"),
	  "fail nothing-passed reject" },
	{ "D_25 np", "a.example.com", "", "", R("example.com", "p=none; np=reject"),
	  "fail nothing-passed reject" },

	/* trouble: who may gain by it? */
	{ "D_30 policy unknown", "example.com", "pass:example.com", "pass:example.com",
	  TIMES_OUT("example.com"),
	  "temperror policy-unknown none" },
	{ "D_30 SPF of the author", "example.com", "temperror:example.com", "", REJECT,
	  "temperror identifier-unknown reject" },
	{ "D_30 SPF of a subdomain", "example.com", "temperror:a.example.com", "", REJECT,
	  "temperror identifier-unknown reject" },
	{ "D_30 DKIM of the author", "example.com", "fail:example.com",
	  "fail:example.com temperror:example.com",
	  REJECT, "temperror identifier-unknown reject" },
	{ "D_30 of the author, policy none", "example.com", "temperror:example.com", "",
	  R("example.com", "p=none"), "temperror identifier-unknown none" },
	{ "D_30 of the author, but another passes", "example.com", "temperror:example.com",
	  "pass:example.com",
	  REJECT, "pass aligned reject DKIM" },
	{ "D_30 of a stranger", "example.com", "temperror:evil.test", "temperror:evil.test "
	  "temperror:example.com.evil.test temperror:com", REJECT, "fail nothing-passed reject" },
	{ "D_30 of a subdomain that strict leaves out", "example.com", "temperror:a.example.com",
	  "temperror:a.example.com", R("example.com", "p=reject; adkim=s; aspf=s"),
	  "fail nothing-passed reject" },
	{ "D_30 of a subdomain that is another organization", "example.com",
	  "temperror:a.example.com", "",
	  REJECT R("a.example.com", "psd=n; p=none"), "fail nothing-passed reject" },
	{ "D_30 of an organization above", "a.example.com", "temperror:example.com", "",
	  REJECT R("a.example.com", "psd=n; p=reject"), "fail nothing-passed reject" },
	{ "D_30 a pass on an unknown walk", "example.com", "pass:a.example.com", "",
	  REJECT FAILS("a.example.com"), "temperror identifier-unknown reject" },
	{ "D_30 a pass of a stranger on an unknown walk", "example.com", "pass:a.evil.test", "",
	  REJECT FAILS("a.evil.test") FAILS("evil.test"), "fail not-aligned reject" },
	{ "D_30 an unknown walk, but another passes", "example.com", "pass:a.example.com",
	  "pass:example.com",
	  REJECT FAILS("a.example.com"), "pass aligned reject DKIM" },
	{ "D_30 a fail on an unknown walk", "example.com", "fail:a.example.com",
	  "permerror:a.example.com",
	  REJECT FAILS("a.example.com"), "fail nothing-passed reject" },
	{ "D_30 existence unknown, fails", "a.example.com", "", "",
	  R("example.com", "p=none; np=reject")
	  "a.example.com A !TIMEOUT\n", "temperror policy-unknown none" },
	{ "D_30 existence unknown, passes", "a.example.com", "pass:a.example.com", "",
	  R("example.com", "p=none; np=reject") "a.example.com A !TIMEOUT\n",
	  "pass aligned none SPF" },
	{ "D_29 no record, undecided", "example.com", "temperror:example.com", "", "",
	  "none no-record none" },

	/* several authors (evaluate.h) */
	{ "D_12 all pass", "example.com other.example", "pass:example.com", "pass:other.example",
	  REJECT NONE,
	  "pass aligned reject SPF" },
	{ "D_12 one fails", "example.com other.example", "pass:example.com", "", REJECT NONE,
	  "fail not-aligned none" },
	{ "D_12 the other fails", "other.example example.com", "pass:other.example", "",
	  REJECT NONE,
	  "fail not-aligned reject" },
	{ "D_12 strictest failing policy", "other.example example.com quiet.example", "", "",
	  REJECT NONE QUARANTINE, "fail nothing-passed reject" },
	{ "D_12 strictest failing, not strictest", "other.example quiet.example example.com",
	  "pass:example.com",
	  "", REJECT NONE QUARANTINE, "fail not-aligned quarantine" },
	{ "D_12 one without a record", "example.com norecord.test", "pass:example.com", "", REJECT,
	  "none no-record none" },
	{ "D_12 the first without a record", "norecord.test example.com", "pass:example.com", "",
	  REJECT,
	  "none no-record none" },
	{ "D_12 one without a record, one fails", "norecord.test other.example", "", "", NONE,
	  "fail nothing-passed none" },
	{ "D_12 all without a record", "norecord.test norecord.example", "", "", "",
	  "none no-record none" },
	{ "D_12 D_30 fail, reject > identifier unknown, reject", "example.com x.test",
	  "temperror:x.test", "",
	  REJECT R("x.test", "p=reject"), "fail nothing-passed reject" },
	{ "D_12 D_30 identifier unknown, reject > fail, quarantine", "quiet.example example.com",
	  "temperror:example.com", "", REJECT QUARANTINE, "temperror identifier-unknown reject" },
	{ "D_12 D_30 fail, quarantine > identifier unknown, quarantine", "x.test quiet.example",
	  "temperror:x.test", "", R("x.test", "p=quarantine") QUARANTINE,
	  "fail nothing-passed quarantine" },
	{ "D_12 D_30 identifier unknown, quarantine > policy unknown", "x.test quiet.example",
	  "temperror:quiet.example", "", FAILS("x.test") QUARANTINE,
	  "temperror identifier-unknown quarantine" },
	{ "D_12 D_30 policy unknown > fail, none", "other.example x.test", "", "",
	  NONE FAILS("x.test"),
	  "temperror policy-unknown none" },
	{ "D_12 D_30 fail, none > identifier unknown, none", "x.test other.example",
	  "temperror:x.test", "",
	  R("x.test", "p=none") NONE, "fail nothing-passed none" },
	{ "D_12 D_30 identifier unknown, none > none", "norecord.test other.example",
	  "temperror:other.example",
	  "", NONE, "temperror identifier-unknown none" },
	{ "D_12 D_30 none > pass, whatever fails in DNS for the one that passes",
	  "norecord.test example.com",
	  "pass:example.com", "temperror:example.com", REJECT, "none no-record none" },
};

struct evidence {
	struct spf_mail_from_result spf;
	struct dkim_results dkim;
	struct dkim_result items[10];
	struct authors authors;
	struct domain domains[LIMIT_AUTHOR_DOMAINS + 1];
};

static enum auth_result result_of(struct slice word)
{
	for (int r = AUTH_NONE; r <= AUTH_PERMERROR; r++)
		if (slice_eq(word, slice_str(auth_result_text((enum auth_result)r))))
			return (enum auth_result)r;
	ck_abort_msg("no result: %.*s", SLICE_ARG(word));
	return AUTH_NONE;
}

/* "pass:example.com" */
static enum auth_result read_finding(struct world *w, struct slice text, struct domain *domain_out)
{
	struct slice rest = text;
	enum auth_result result = result_of(slice_split(&rest, ':'));

	if (rest.len > 0 && !domain_parse(w->arena, rest, domain_out))
		ck_abort_msg("no domain: %.*s", SLICE_ARG(text));
	return result;
}

static void read_row(struct world *w, const struct row *row, struct evidence *e)
{
	struct slice rest = slice_str(row->authors);

	*e = (struct evidence){ .authors = { .status = FROM_OK } };
	e->authors.domains = e->domains;
	while (rest.len > 0) {
		struct slice name = slice_split(&rest, ' ');

		ck_assert(domain_parse(w->arena, name, &e->domains[e->authors.domain_count++]));
	}
	rest = slice_str(row->spf);
	if (rest.len > 0)
		e->spf.r.result = read_finding(w, rest, &e->spf.r.domain);
	rest = slice_str(row->dkim);
	e->dkim.items = e->items;
	while (rest.len > 0) {
		struct dkim_result *r = &e->items[e->dkim.count++];

		r->result = read_finding(w, slice_split(&rest, ' '), &r->sig.domain);
	}
}

static void show(const struct dmarc_result *r, struct buf *out)
{
	const struct dmarc_author_result *d = r->deciding;

	buf_addf(out, "%s %s", auth_result_text(r->result), why_words[r->why]);
	if (d == NULL)
		return;
	buf_addf(out, " %s%s%s%s", dmarc_policy_text(d->policy), d->spf_aligned ? " SPF" : "",
	    d->dkim_aligned ? " DKIM" : "", d->testing ? " t" : "");
}

static void evaluate(struct world *w, const struct row *row, enum dmarc_discovery method,
    const char *want)
{
	struct dmarc_params params = { .discovery = method };
	struct buf got = BUF_INIT(1000);
	struct dmarc_result result;
	struct evidence e;

	world_open(w, row->zone);
	read_row(w, row, &e);
	for (size_t i = 0; i < e.authors.domain_count; i++)
		dmarc_start(w->lookups, LOOKUP_POLICY, method, e.authors.domains[i]);
	ck_assert_int_eq(dmarc_evaluate(w->arena, w->lookups, &params, &e.authors, &e.spf, &e.dkim,
	    &result), RC_OK);
	show(&result, &got);
	ck_assert_msg(strcmp(buf_cstr(&got), want) == 0, "%s: got \"%s\", want \"%s\"", row->id,
	    buf_cstr(&got), want);
	ck_assert_msg(result.reason.len > 0, "%s", row->id);
	ck_assert_uint_eq(result.author_count, e.authors.domain_count);
	for (size_t i = 0; i < result.author_count; i++) {
		const struct dmarc_author_result *a = &result.authors[i];

		ck_assert(domain_eq(a->domain, e.domains[i]));
		ck_assert_msg((a->result == AUTH_PASS) == !domain_is_none(a->aligned_domain), "%s",
		    row->id);
		ck_assert_msg(!a->identifier_undecided || !domain_is_none(a->undecided_domain),
		    "%s", row->id);
		ck_assert_msg(!a->identifier_undecided || a->result == AUTH_TEMPERROR, "%s",
		    row->id);
	}
	buf_free(&got);
}

START_TEST(verdicts)
{
	struct world w;

	evaluate(&w, &rows[_i], DMARC_DISCOVERY_TREEWALK, rows[_i].want);
	world_close(&w);
}
END_TEST

START_TEST(psl_verdicts)
{
	static const struct row psl_rows[] = {
		{ "psl: psd=n does not part", "dept.example.com", "pass:example.com", "",
		  R("dept.example.com", "psd=n; p=reject"), "pass aligned reject SPF" },
		{ "psl: trouble on a walk that is not made", "example.com", "pass:a.example.com",
		  "",
		  REJECT FAILS("a.example.com"), "pass aligned reject SPF" },
		{ "psl: a stranger", "example.com", "pass:evil.test", "temperror:evil.test", REJECT,
		  "fail not-aligned reject" },
	};
	struct world w;

	for (size_t i = 0; i < N_ELEMENTS(psl_rows); i++) {
		evaluate(&w, &psl_rows[i], DMARC_DISCOVERY_PSL, psl_rows[i].want);
		world_close(&w);
	}
}
END_TEST

/* D-11, D-50: no author, no evaluation, no question. */
static const struct {
	enum from_status status;
	const char *why, *want, *reason;
	size_t domains;
} from_rows[] = {
	{ FROM_MISSING, NULL, "permerror missing", "no From field", 0 },
	{ FROM_MULTIPLE, NULL, "permerror multiple", "several From fields", 0 },
	{ FROM_INVALID, "address literal", "permerror invalid", "address literal", 0 },
	{ FROM_TOO_MANY, NULL, "permerror too-many", "too many author domains in From", 0 },
	/* whatever else the parser left behind */
	{ FROM_INVALID, NULL, "permerror invalid", "the From field does not identify an author domain", 1 },
	{ FROM_MULTIPLE, NULL, "permerror multiple", "several From fields", 2 },
	/* what it must not say */
	{ FROM_OK, NULL, "permerror invalid", "the From field does not identify an author domain", 0 },
	{ FROM_OK, NULL, "permerror too-many", "too many author domains in From",
	  LIMIT_AUTHOR_DOMAINS + 1 },
};

START_TEST(from_fields)
{
	static const struct row row = { "", "example.com", "pass:example.com", "pass:example.com",
	    REJECT, "" };
	struct dmarc_params params = { .discovery = DMARC_DISCOVERY_TREEWALK };
	struct buf got = BUF_INIT(1000);
	struct dmarc_result result;
	struct evidence e;
	struct world w;

	world_open(&w, row.zone);
	read_row(&w, &row, &e);
	for (size_t i = 1; i < N_ELEMENTS(e.domains); i++)
		e.domains[i] = e.domains[0];
	e.authors.status = from_rows[_i].status;
	e.authors.why = from_rows[_i].why;
	e.authors.domain_count = from_rows[_i].domains;
	ck_assert_int_eq(dmarc_evaluate(w.arena, w.lookups, &params, &e.authors, &e.spf, &e.dkim,
	    &result),
	    RC_OK);
	show(&result, &got);
	ck_assert_msg(strcmp(buf_cstr(&got), from_rows[_i].want) == 0, "D_11 D_50 row %d: %s", _i,
	    buf_cstr(&got));
	ck_slice_eq(result.reason, slice_str(from_rows[_i].reason));
	ck_assert_ptr_null(result.deciding);
	ck_assert_uint_eq(result.author_count, 0);
	ck_assert_uint_eq(lookups_count(w.lookups), 0);
	buf_free(&got);
	world_close(&w);
}
END_TEST

START_TEST(ten_authors)
{
	struct buf names = BUF_INIT(1000);
	struct row row = { "D_12 ten authors", NULL, "pass:a.test", "", "", NULL };
	struct world w;

	for (int i = 0; i < (int)LIMIT_AUTHOR_DOMAINS; i++)
		buf_addf(&names, "%s%c.test", i == 0 ? "" : " ", "abcdefghij"[i]);
	row.authors = buf_cstr(&names);
	row.zone = R("a.test", "p=none") R("j.test", "p=reject");
	evaluate(&w, &row, DMARC_DISCOVERY_TREEWALK, "fail not-aligned reject");
	world_close(&w);
	buf_free(&names);
}
END_TEST

START_TEST(nothing_checked)
{
	struct dmarc_params params = { .discovery = DMARC_DISCOVERY_TREEWALK };
	static const struct row row = { "", "example.com", "", "", REJECT, "" };
	struct dmarc_result result;
	struct evidence e;
	struct world w;

	world_open(&w, row.zone);
	read_row(&w, &row, &e);
	ck_assert_int_eq(dmarc_evaluate(w.arena, w.lookups, &params, &e.authors, NULL, NULL,
	    &result), RC_OK);
	ck_assert_int_eq(result.result, AUTH_FAIL);
	ck_assert_int_eq(result.why, DMARC_WHY_NOTHING_PASSED);
	world_close(&w);
}
END_TEST

/* A key with t=y (RFC 6376 section 3.6.1) does not make a signature worse here. */
START_TEST(testing_keys)
{
	struct dmarc_params params = { .discovery = DMARC_DISCOVERY_TREEWALK };
	static const struct row row = { "", "example.com", "", "pass:example.com", REJECT, "" };
	struct dmarc_result result;
	struct evidence e;
	struct world w;

	world_open(&w, row.zone);
	read_row(&w, &row, &e);
	e.items[0].testing = true;
	ck_assert_int_eq(dmarc_evaluate(w.arena, w.lookups, &params, &e.authors, &e.spf, &e.dkim,
	    &result),
	    RC_OK);
	ck_assert_int_eq(result.result, AUTH_PASS);
	world_close(&w);
}
END_TEST

/*
 * D-30: a sender fills the message with what makes questions.  All walks of his own names together
 * must leave the policy known and the author's identifier decided.
 */
START_TEST(strangers_use_nothing_up)
{
	static const struct row row = { "D_30 strangers", "example.com",
		"pass:a.b.c.d.e.f.evil.test",
		"pass:1.2.3.4.5.6.evil.test pass:2.3.4.5.6.7.evil.test pass:3.4.5.6.7.8.evil.test "
		"temperror:4.5.6.7.8.9.evil.test temperror:5.6.7.8.9.0.evil.test pass:example.com",
		REJECT "evil.test * !TIMEOUT\n", "" };
	struct world w;

	evaluate(&w, &row, DMARC_DISCOVERY_TREEWALK, "pass aligned reject DKIM");
	ck_assert_uint_eq(lookups_count(w.lookups), 3); /* two of the walk, one for existence */
	world_close(&w);
}
END_TEST

/* Whatever allocation fails: no memory, or the whole result. */
START_TEST(little_memory)
{
	static const struct row row = { "", "example.com a.example.com", "pass:b.example.com",
		"pass:example.com", R("example.com", "p=reject; np=none"), "" };
	static const struct dmarc_params params = { .discovery = DMARC_DISCOVERY_TREEWALK };
	size_t good = 0, bad = 0;
	struct evidence e;
	struct world w;

	world_open(&w, row.zone);
	read_row(&w, &row, &e);
	for (size_t max = 0; max < 30000; max += 16) {
		struct arena *small = arena_create(max);
		struct dmarc_result result = { .result = AUTH_NONE };
		enum rc rc = small == NULL ? RC_NOMEM : dmarc_evaluate(small, w.lookups, &params,
		    &e.authors, &e.spf, &e.dkim, &result);

		ck_assert(rc == RC_OK || rc == RC_NOMEM);
		ck_assert(rc != RC_OK || result.result == AUTH_PASS);
		for (size_t i = 0; rc == RC_OK && i < result.author_count; i++)
			ck_assert(!slice_is_null(result.authors[i].discovery.reason));
		ck_assert(good == 0 || rc == RC_OK);
		good += rc == RC_OK;
		bad += rc != RC_OK;
		arena_free(&small);
	}
	ck_assert(good > 0 && bad > 0);
	world_close(&w);
}
END_TEST

START_TEST(texts)
{
	for (int why = 0; why < DMARC_WHY_COUNT; why++) {
		ck_assert_ptr_nonnull(dmarc_why_text((enum dmarc_why)why));
		ck_assert_ptr_nonnull(why_words[why]);
	}
}
END_TEST

Suite *evaluate_suite(void)
{
	Suite *s = suite_create("dmarc evaluate");

	UNIT_TABLE(s, verdicts, rows);
	UNIT_TEST(s, psl_verdicts);
	UNIT_TABLE(s, from_fields, from_rows);
	UNIT_TEST(s, ten_authors);
	UNIT_TEST(s, nothing_checked);
	UNIT_TEST(s, testing_keys);
	UNIT_TEST(s, strangers_use_nothing_up);
	UNIT_TEST(s, little_memory);
	UNIT_TEST(s, texts);
	return s;
}

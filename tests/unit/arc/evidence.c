#include "arc/evidence.h"

#include "fixture.h"
#include "suites.h"

/* What the newest results show for example.org, whoever sealed them. */
static const struct {
	const char *name, *results, *how; /* how NULL: nothing */
} rows[] = {
	{ "dmarc", "mx.example; dmarc=pass header.from=example.org", "dmarc=pass" },
	{ "as Gmail writes it", "mx.google.com; dkim=pass header.i=@example.org header.s=s "
	    "header.b=\"Lj8x/gLI+\"; spf=pass (google.com: domain of joe@example.org designates "
	    "192.0.2.7 as permitted sender) smtp.mailfrom=joe@example.org; dmarc=pass (p=REJECT "
	    "sp=REJECT dis=NONE) header.from=example.org", "dmarc=pass" },
	{ "as Microsoft writes it", "1; spf=pass smtp.mailfrom=example.org; dmarc=pass action=none "
	    "header.from=example.org; dkim=pass header.d=example.org; arc=none", "dmarc=pass" },
	{ "unquoted base64", "mx; dkim=pass header.b=ab/+== header.d=example.org", "dkim=pass" },
	{ "case", "mx; DMARC=Pass Header.From=Example.ORG", "dmarc=pass" },
	{ "a version, CFWS, folds", "(c) mx (c) 1 (c) ;\n\tdmarc (c) / 1 = (c) pass\n\t(x)header . "
	    "from = example.org (y)", "dmarc=pass" },
	{ "dkim by header.i", "mx; dkim=pass header.i=joe@example.org", "dkim=pass" },
	{ "spf", "mx; spf=pass smtp.mailfrom=joe@example.org", "spf=pass" },
	{ "a semicolon at the end", "mx; spf=pass smtp.mailfrom=example.org;", "spf=pass" },

	{ "none", "mx; none", NULL },
	{ "dmarc fails", "mx; dmarc=fail header.from=example.org", NULL },
	{ "another author", "mx; dmarc=pass header.from=example.net", NULL },
	{ "a subdomain", "mx; dmarc=pass header.from=a.example.org", NULL },
	{ "the parent", "mx; dkim=pass header.d=org", NULL },
	{ "the helo", "mx; spf=pass smtp.helo=example.org", NULL },
	{ "no property", "mx; dmarc=pass", NULL },
	{ "the property twice", "mx; dmarc=pass header.from=example.org header.from=example.net", NULL },
	{ "in a comment", "mx; dmarc=fail (dmarc=pass header.from=example.org)", NULL },
	{ "in a comment, with its end", "mx; x=fail (\\); dmarc=pass header.from=example.org)", NULL },
	{ "in a reason", "mx; dmarc=fail reason=\"; dmarc=pass header.from=example.org\"", NULL },
	{ "Quoted ARC pass", "mx; dkim=fail header.i=\"x; dmarc=pass header.from=example.org\"", NULL },
	{ "in a value with a quoted quote",
	    "mx; dkim=fail header.i=\"x\\\"; dmarc=pass header.from=example.org; \"", NULL },
	{ "a comment without an end", "mx; dmarc=pass header.from=example.org (", NULL },
	{ "a quoted string without an end", "mx; dmarc=pass header.from=example.org; x=y reason=\"", NULL },
	{ "rubbish after it", "mx; dmarc=pass header.from=example.org; ???", NULL },
	{ "no id", "dmarc=pass header.from=example.org", NULL },
	{ "an empty result", "mx; dmarc=pass header.from=example.org;; x=y", NULL },
	{ "half a property", "mx; dmarc=pass header.from=example.org header.", NULL },
	{ "nothing", "", NULL },
};

static struct arc_result passing(struct arena *a, const char *results)
{
	struct arc_set *sets = arena_new_array(a, LIMIT_ARC_SETS, struct arc_set);

	sets[0].as.domain.name = SLICE("list.example");
	sets[0].as.selector.name = SLICE("s1");
	sets[0].payload = slice_str(results);
	return (struct arc_result){ .result = AUTH_PASS, .chain = { .count = 1, .sets = sets } };
}

START_TEST(R_16_newest_results)
{
	struct arena *a = arena_create(1u << 20);
	struct arc_result r = passing(a, rows[_i].results);
	struct domain author = { SLICE("example.org") };
	const char *how = NULL;
	bool shown = arc_shows_pass(a, &r, author, &how);

	ck_assert_msg(shown == (rows[_i].how != NULL), "%s: %s", rows[_i].name, shown ? how : "nothing");
	if (shown)
		ck_assert_str_eq(how, rows[_i].how);
	arena_free(&a);
}
END_TEST

/* R_13: a chain that does not pass shows nothing and has no sealer. */
START_TEST(R_13_failing_chain)
{
	struct arena *a = arena_create(1u << 20);
	struct arc_result r = passing(a, rows[0].results);
	struct domain author = { SLICE("example.org") };
	const char *how;

	ck_slice_eq(arc_sealer_domain(&r).name, SLICE("list.example"));
	r.result = AUTH_FAIL;
	ck_assert(!arc_shows_pass(a, &r, author, &how));
	ck_assert(domain_is_none(arc_sealer_domain(&r)));
	arena_free(&a);
}
END_TEST

START_TEST(R_16_too_many_results)
{
	struct arena *a = arena_create(1u << 20);
	struct buf text = BUF_INIT(1u << 20);
	struct domain author = { SLICE("example.org") };
	struct arc_result r;
	const char *how;

	buf_add_str(&text, "mx; dmarc=pass header.from=example.org");
	for (size_t i = 0; i < LIMIT_AUTHRES_PARTS; i++)
		buf_add_str(&text, "; x=y");
	r = passing(a, buf_cstr(&text));
	ck_assert(!arc_shows_pass(a, &r, author, &how));
	buf_free(&text);
	arena_free(&a);
}
END_TEST

static const struct {
	const char *first, *want;
} comments[] = {
	{ "mx; arc=none smtp.remote-ip=2001:DB8::1A",
	    "arc=pass as[1].d=list.example as[1].s=s1 remote-ip[1]=2001:db8::1a" },
	{ "mx; arc=none", "arc=pass as[1].d=list.example as[1].s=s1" },
	{ "mx; arc=none smtp.remote-ip=\"x y\"", "arc=pass as[1].d=list.example as[1].s=s1" },
	{ "rubbish(", "arc=pass as[1].d=list.example as[1].s=s1" },
};

START_TEST(R_17_comment)
{
	struct arena *a = arena_create(1u << 20);
	struct arc_result r = passing(a, comments[_i].first);

	ck_slice_eq(arc_report_comment(a, &r), slice_str(comments[_i].want));
	arena_free(&a);
}
END_TEST

Suite *evidence_suite(void)
{
	Suite *s = suite_create("evidence");

	UNIT_TABLE(s, R_16_newest_results, rows);
	UNIT_TEST(s, R_13_failing_chain);
	UNIT_TEST(s, R_16_too_many_results);
	UNIT_TABLE(s, R_17_comment, comments);
	return s;
}

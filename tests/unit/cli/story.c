/* What a line of the log is taken for, and what is said of it. */
#include "base/limits.h"
#include "cli/story.h"

#include "suites.h"

static void parse(struct arena *a, const char *rest, struct log_entry *e)
{
	struct slice line = arena_printf(a, "Q: role=%s", rest);

	ck_assert_int_eq(log_entry_parse(a, line, 0, e), LOG_LINE_MESSAGE);
}

static const struct {
	const char *line;
	enum evidence want;
} evidence_rows[] = {
	{ "judge client=192.0.2.7 from=x@b.org author=b.org spf=fail dkim=none dmarc=fail(p=reject) action=reject",
	    EVIDENCE_FORGERY },
	{ "judge client=192.0.2.7 from=<> author=b.org spf=none dkim=none dmarc=fail(p=reject) action=reject",
	    EVIDENCE_FORGERY },
	{ "judge client=192.0.2.7 from=x@b.org author=b.org spf=fail dkim=permerror(b.org/s) action=reject",
	    EVIDENCE_FORGERY },
	{ "judge client=10.0.0.7 author=b.org spf=fail dkim=none action=reject", EVIDENCE_OWN_RELAY },
	{ "judge client=fd00::7 author=b.org spf=pass from=x@c.org action=reject", EVIDENCE_OWN_RELAY },
	{ "judge client=172.32.0.1 author=b.org spf=fail dkim=none action=reject", EVIDENCE_FORGERY },
	{ "judge client=192.0.2.7 author=b.org action=quarantine why=b.org fails DMARC (p=reject); indirect flow: "
	    "list fields, DKIM pass of l.org", EVIDENCE_LIST },
	{ "judge client=192.0.2.7 author=b.org action=quarantine why=b.org fails DMARC (p=reject); indirect flow: "
	    "an ARC set, DKIM pass of l.org", EVIDENCE_FORWARDER },
	{ "judge client=192.0.2.7 author=b.org override=mailing_list action=quarantine", EVIDENCE_LIST },
	{ "judge client=192.0.2.7 author=b.org from=SRS0=x=y=b.org=z@f.org spf=pass action=reject",
	    EVIDENCE_FORWARDER },
	{ "judge client=192.0.2.7 author=b.org arc=pass(f.org/s) action=reject", EVIDENCE_FORWARDER },
	{ "judge client=192.0.2.7 author=b.org dkim=fail(mail.b.org/s) action=reject", EVIDENCE_FORWARDER },
	{ "judge client=192.0.2.7 author=b.org dkim=fail(xb.org/s) action=reject", EVIDENCE_FORGERY },
	{ "judge client=192.0.2.7 author=b.org from=x@esp.org spf=pass dkim=none action=reject", EVIDENCE_SERVICE },
	{ "judge client=192.0.2.7 author=b.org spf=fail dkim=pass(esp.org/s) action=reject", EVIDENCE_SERVICE },
	{ "judge client=192.0.2.7 author=b.org spf=temperror dkim=none action=tempfail", EVIDENCE_TROUBLE },
};

START_TEST(evidence)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct log_entry e;

	parse(a, evidence_rows[_i].line, &e);
	ck_assert_int_eq(evidence_of(&e), evidence_rows[_i].want);
	arena_free(&a);
}
END_TEST

static bool says(const struct sentences *s, const char *text)
{
	for (size_t i = 0; i < s->count; i++)
		if (strstr(s->items[i].ptr, text) != NULL)
			return true;
	return false;
}

static const struct {
	const char *line;
	const char *setting, *mend; /* NULL: none of that kind at all */
} story_rows[] = {
	{ "judge client=192.0.2.7 from=x@b.org author=b.org spf=fail dkim=none dmarc=fail(p=reject) action=reject "
	    "why=b.org fails DMARC (p=reject)", "dmarc { on-policy-reject }", "should be signed with d=b.org" },
	{ "judge client=192.0.2.7 from=x@b.org author=b.org spf=fail dkim=none dmarc=fail(p=reject) action=accept "
	    "would=reject why=b.org fails DMARC (p=reject)", "enforce", "SPF record of b.org should contain it" },
	{ "judge client=192.0.2.7 from=x@esp.org author=b.org spf=pass dkim=pass(esp.org/s) dmarc=fail(p=none) "
	    "action=accept", NULL, "an envelope sender at b.org" },
	{ "judge author=b.org from=x@b.org spf=none dkim=fail(b.org/s) dmarc=fail(p=none) action=accept", NULL,
	    "changed after it was signed" },
	{ "judge author=b.org from=x@b.org spf=permerror dkim=permerror(b.org/s) dmarc=fail(p=none) action=reject "
	    "why=SPF permerror (spf on-permerror = reject)", "spf { on-permerror }", "s._domainkey.b.org" },
	{ "judge author=b.org from=x@b.org spf=pass dkim=pass(b.org/s) dmarc=pass(p=reject) action=accept", NULL,
	    NULL },
	{ "judge author=- from=x@b.org spf=pass dkim=none dmarc=permerror action=reject why=From is missing "
	    "(from-missing = reject)", "from-missing", "exactly one From field" },
	{ "judge author=b.org dmarc=fail(p=reject) action=quarantine why=b.org fails DMARC (p=reject); the client is "
	    "in forwarders", "forwarders", "" },
	{ "judge author=b.org dmarc=temperror action=tempfail why=b.org: x (on-temperror-identifier = tempfail)",
	    "on-temperror-identifier", "name servers of b.org" },
	{ "sign user=joe author=b.org signed=- why=no key for b.org", "assay key new", NULL },
	{ "sign user=joe author=b.org signed=b.org/s", NULL, NULL },
};

START_TEST(stories)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct log_entry e;
	struct story s;

	parse(a, story_rows[_i].line, &e);
	story_of(a, &e, &s);
	ck_assert_uint_gt(s.message.count, 0);
	ck_assert_uint_gt(s.decided.count, 0);
	if (story_rows[_i].setting == NULL)
		ck_assert_uint_eq(s.settings.count, 0);
	else
		ck_assert(says(&s.settings, story_rows[_i].setting));
	if (story_rows[_i].mend == NULL)
		ck_assert_uint_eq(s.mend.count, 0);
	else
		ck_assert(story_rows[_i].mend[0] == '\0' || says(&s.mend, story_rows[_i].mend));
	ck_assert(!arena_failed(a));
	arena_free(&a);
}
END_TEST

Suite *story_suite(void)
{
	Suite *s = suite_create("story");

	UNIT_TABLE(s, evidence, evidence_rows);
	UNIT_TABLE(s, stories, story_rows);
	return s;
}

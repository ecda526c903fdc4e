#include "verdict/decide.h"

#include "../../../src/verdict/exempt.h"
#include "suites.h"

static struct policy_section section(struct arena *a, const char *name)
{
	struct policy_section s = { .has_action = true };

	ck_assert(domain_parse(a, slice_str(name), &s.domain));
	return s;
}

static const struct {
	const char *author, *want; /* the section's domain */
} sections[] = {
	{ "example.org", "example.org" },
	{ "a.example.org", "example.org" },
	{ "b.example.org", "b.example.org" }, /* the nearest */
	{ "c.b.example.org", "b.example.org" },
	{ "notexample.org", NULL },
	{ "org", NULL },
	{ "example.net", NULL },
};

START_TEST(section_rows)
{
	struct arena *a = arena_create(65536);
	struct policy_section list[] = { section(a, "b.example.org"), section(a, "example.org") };
	struct verdict_policy p = { .sections = list, .section_count = 2 };
	const struct policy_section *got;
	struct domain author;

	ck_assert(domain_parse(a, slice_str(sections[_i].author), &author));
	got = exempt_section(&p, author);
	if (sections[_i].want == NULL)
		ck_assert_msg(got == NULL, "row %d (%s)", _i, sections[_i].author);
	else
		ck_slice_eq(got == NULL ? SLICE("none") : got->domain.name, slice_str(sections[_i].want));
	arena_free(&a);
}
END_TEST

/* Which recipients a pattern of never-refuse-to (and of policy-to) stands for. */
static const struct {
	const char *pattern, *recipient;
	bool want;
} patterns[] = {
	{ "postmaster@", "postmaster@example.org", true },
	{ "postmaster@", "PostMaster@Example.net", true },
	{ "postmaster@", "postmaster", true }, /* RFC 5321 section 4.5.1 */
	{ "postmaster@", "notpostmaster@example.org", false },
	{ "postmaster@", "postmaster2@example.org", false },
	{ "postmaster@", "joe@postmaster", false },
	{ "joe@example.org", "joe@example.org", true },
	{ "joe@example.org", "JOE@EXAMPLE.ORG", true },
	{ "joe@example.org", "joe@a.example.org", false },
	{ "joe@example.org", "joe@example.orgx", false },
	{ "joe@example.org", "joe", false },
	{ "example.org", "joe@example.org", true },
	{ "@example.org", "joe@example.org", true },
	{ "example.org", "joe@a.example.org", false },
	{ "example.org", "example.org", false },
	{ "example.org", "example.org@example.net", false },
	{ "b\xc3\xbc" "cher.example", "joe@xn--bcher-kva.example", true },
	{ "xn--bcher-kva.example", "joe@b\xc3\xbc" "cher.example", true },
	{ "joe@example.org", "\"joe\"@example.org", true }, /* RFC 5321 section 4.1.2: the same mailbox */
	{ "joe@example.org", "\"j\\oe\"@example.org", true },
	{ "joe@example.org", "j\\oe@example.org", true },
	{ "joe@example.org", "j\"o\"e@example.org", true },
	{ "joe@example.org", "joe@example.org.", true },
	{ "joe@example.org", "\"JOE\"@EXAMPLE.org.", true },
	{ "joe@example.org.", "joe@example.org", true },
	{ "\"joe\"@example.org", "joe@example.org", true },
	{ "\"jo e\"@example.org", "\"jo\\ e\"@example.org", true },
	{ "example.org", "joe@example.org.", true },
	{ "postmaster@", "\"postmaster\"", true },
	{ "b\xc3\xbc" "cher.example", "joe@xn--bcher-kva.example.", true },
	{ "joe@example.org", "joe@example.org..", false },
	{ "joe@example.org", "\"joe \"@example.org", false },
	{ "joe@example.org", "\"joe\\\\\"@example.org", false },
	{ "joe@example.org", "\"jo\"@example.org", false },
	{ "joe@example.org", "\"joes\"@example.org", false },
	{ "joe@example.org", "\"\"@example.org", false },
	{ "@", "joe@example.org", false },
	{ "", "joe@example.org", false },
	{ "", "", false },
	{ "postmaster@", "", false },
};

START_TEST(pattern_rows)
{
	struct arena *a = arena_create(65536);
	struct slice list[] = { SLICE("nobody@nowhere.example"), slice_str(patterns[_i].pattern) };
	struct verdict_policy p = { .never_refuse_to = { list, 2, 2 } };
	struct authors nobody = { .status = FROM_MISSING };
	struct message m;
	struct slice got;

	message_init(&m, a);
	ck_assert(slice_is_null(exempt_from_refusal(a, &p, &m, &nobody))); /* nothing is known */
	message_add_recipient(&m, slice_str(patterns[_i].recipient));
	got = exempt_from_refusal(a, &p, &m, &nobody);
	ck_assert_msg(slice_is_null(got) != patterns[_i].want, "row %d: %s, %s", _i,
	    patterns[_i].pattern, patterns[_i].recipient);
	message_add_recipient(&m, SLICE("nobody@nowhere.example"));
	got = exempt_from_refusal(a, &p, &m, &nobody);
	ck_assert_msg(slice_is_null(got) != patterns[_i].want, "row %d: two exempt", _i);
	m.exceeded = MESSAGE_TOO_MANY_RECIPIENTS;
	ck_assert_msg(slice_is_null(exempt_from_refusal(a, &p, &m, &nobody)), "row %d: truncated", _i);
	m.exceeded = MESSAGE_FITS;
	/* THREATS, Mild recipient: one that may be refused is enough */
	message_add_recipient(&m, SLICE("other@elsewhere.example"));
	ck_assert_msg(slice_is_null(exempt_from_refusal(a, &p, &m, &nobody)), "row %d: another", _i);
	arena_free(&a);
}
END_TEST

static const struct {
	const char *entry, *from;
	bool want;
} from_entries[] = {
	{ "example.org", "joe@example.org", true },
	{ "example.org", "joe@a.example.org", true },
	{ "example.org", "joe@example.net, ann@example.org", false }, /* each must be exempt */
	{ "example.org", "joe@example.org, ceo@bank.example", false },
	{ "example.org", "joe@a.example.org, ann@example.org", true },
	{ "joe@example.org", "Joe <JOE@example.org>", true },
	{ "joe@example.org", "ann@example.org", false },
	{ "joe@example.org", "joe@a.example.org", false },
	{ "example.org", "joe@notexample.org", false },
	{ "example.org", "\"joe@example.org\" <joe@example.net>", false },
	{ "not a domain", "joe@example.org", false },
};

START_TEST(from_rows)
{
	struct arena *a = arena_create(65536);
	struct slice list[] = { slice_str(from_entries[_i].entry) };
	struct verdict_policy p = { .never_refuse_from = { list, 1, 1 } };
	struct authors authors = { .status = FROM_MISSING };
	struct message m;

	message_init(&m, a);
	authors_parse(a, slice_str(from_entries[_i].from), &authors);
	ck_assert_msg(slice_is_null(exempt_from_refusal(a, &p, &m, &authors)) != from_entries[_i].want,
	    "row %d: %s, %s", _i, from_entries[_i].entry, from_entries[_i].from);
	arena_free(&a);
}
END_TEST

START_TEST(section_never_refuse)
{
	struct arena *a = arena_create(65536);
	struct policy_section one = section(a, "example.org");
	struct verdict_policy p = { .sections = &one, .section_count = 1 };
	struct authors authors = { .status = FROM_MISSING };
	struct message m;

	message_init(&m, a);
	authors_parse(a, SLICE("joe@example.org"), &authors);
	ck_assert(slice_is_null(exempt_from_refusal(a, &p, &m, &authors)));
	one.never_refuse = true;
	ck_assert(!slice_is_null(exempt_from_refusal(a, &p, &m, &authors)));
	arena_free(&a);
}
END_TEST

/* policy-to lax.example accept, mid.example quarantine, hard.example reject: the strictest counts */
static const struct {
	const char *recipients[3];
	enum action wish, want;
	const char *by;
} strict[] = {
	{ { NULL }, ACTION_REJECT, ACTION_REJECT, NULL },
	{ { "a@other.example", NULL }, ACTION_REJECT, ACTION_REJECT, NULL },
	{ { "a@lax.example", NULL }, ACTION_REJECT, ACTION_ACCEPT, "lax.example" },
	{ { "a@lax.example", "b@lax.example", NULL }, ACTION_REJECT, ACTION_ACCEPT, "lax.example" },
	{ { "a@hard.example", NULL }, ACTION_QUARANTINE, ACTION_REJECT, "hard.example" },
	{ { "a@hard.example", "a@other.example", NULL }, ACTION_QUARANTINE, ACTION_REJECT,
		"hard.example" },
	{ { "a@other.example", "a@lax.example", NULL }, ACTION_REJECT, ACTION_REJECT, NULL },
	{ { "a@lax.example", "a@other.example", NULL }, ACTION_REJECT, ACTION_REJECT, NULL },
	{ { "a@mid.example", "a@lax.example", NULL }, ACTION_REJECT, ACTION_QUARANTINE, "mid.example" },
	{ { "a@hard.example", "a@mid.example", "a@lax.example" }, ACTION_REJECT, ACTION_REJECT,
		"hard.example" },
	{ { "a@mid.example", "a@other.example", NULL }, ACTION_ACCEPT, ACTION_QUARANTINE,
		"mid.example" },
	{ { "a@silent.example", NULL }, ACTION_REJECT, ACTION_REJECT, NULL },
};

START_TEST(recipient_rows)
{
	struct recipient_section list[] = {
		{ SLICE("silent.example"), { [ON_SPF_FAIL] = { true, ACTION_ACCEPT } } },
		{ SLICE("hard.example"), { [ON_DMARC_FAIL] = { true, ACTION_REJECT } } },
		{ SLICE("mid.example"), { [ON_DMARC_FAIL] = { true, ACTION_QUARANTINE } } },
		{ SLICE("lax.example"), { [ON_DMARC_FAIL] = { true, ACTION_ACCEPT } } },
	};
	struct verdict_policy p = { .recipient_sections = list, .recipient_section_count = N_ELEMENTS(list) };
	struct arena *a = arena_create(65536);
	struct message m;
	struct slice by;

	message_init(&m, a);
	for (size_t i = 0; i < 3 && strict[_i].recipients[i] != NULL; i++)
		message_add_recipient(&m, slice_str(strict[_i].recipients[i]));
	ck_assert_msg(exempt_recipients(a, &p, &m, ON_DMARC_FAIL, strict[_i].wish, &by) == strict[_i].want, "row %d", _i);
	ck_slice_eq(by, slice_str(strict[_i].by));
	m.exceeded = MESSAGE_TOO_MANY_RECIPIENTS; /* a list that is not whole never exempts */
	ck_assert_int_eq(exempt_recipients(a, &p, &m, ON_DMARC_FAIL, strict[_i].wish, &by), strict[_i].wish);
	arena_free(&a);
}
END_TEST

Suite *exempt_suite(void)
{
	Suite *s = suite_create("exempt");

	UNIT_TABLE(s, section_rows, sections);
	UNIT_TABLE(s, pattern_rows, patterns);
	UNIT_TABLE(s, from_rows, from_entries);
	UNIT_TEST(s, section_never_refuse);
	UNIT_TABLE(s, recipient_rows, strict);
	return s;
}

#include "trial.h"

/* Every failure is refused. */
#define FAILURES [ON_SPF_FAIL] = ACTION_REJECT, [ON_SPF_SOFTFAIL] = ACTION_REJECT, \
	[ON_SPF_PERMERROR] = ACTION_REJECT, [ON_SPF_TEMPERROR] = ACTION_REJECT

static const struct {
	const char *name;
	enum auth_result result;
	enum action set[OCCASION_COUNT];
	enum message_class class;
	char want;
	int code;
	const char *enhanced;
} spfs[] = {
	{ "P_48 defaults refuse nothing: fail", AUTH_FAIL, { 0 }, CLASS_EXTERNAL, 'A', 0, NULL },
	{ "P_48 defaults: softfail", AUTH_SOFTFAIL, { 0 }, CLASS_EXTERNAL, 'A', 0, NULL },
	{ "P_49 fail", AUTH_FAIL, { [ON_SPF_FAIL] = ACTION_REJECT }, CLASS_EXTERNAL, 'R', 550, "5.7.23" },
	{ "fail, quarantine", AUTH_FAIL, { [ON_SPF_FAIL] = ACTION_QUARANTINE }, CLASS_EXTERNAL, 'Q', 0,
		NULL },
	{ "fail is not deferred", AUTH_FAIL, { [ON_SPF_FAIL] = ACTION_TEMPFAIL }, CLASS_EXTERNAL, 'R', 550,
		"5.7.23" },
	{ "softfail, when the operator insists", AUTH_SOFTFAIL, { [ON_SPF_SOFTFAIL] = ACTION_REJECT },
		CLASS_EXTERNAL, 'R', 550, "5.7.23" },
	{ "softfail does not meet on-fail", AUTH_SOFTFAIL, { [ON_SPF_FAIL] = ACTION_REJECT },
		CLASS_EXTERNAL, 'A', 0, NULL },
	{ "P_50 permerror", AUTH_PERMERROR, { [ON_SPF_PERMERROR] = ACTION_REJECT }, CLASS_EXTERNAL, 'R',
		550, "5.7.24" },
	{ "P_50 temperror", AUTH_TEMPERROR, { [ON_SPF_TEMPERROR] = ACTION_TEMPFAIL }, CLASS_EXTERNAL, 'T',
		451, "4.7.24" },
	{ "P_50 temperror never refuses for good", AUTH_TEMPERROR, { [ON_SPF_TEMPERROR] = ACTION_REJECT },
		CLASS_EXTERNAL, 'T', 451, "4.7.24" },
	{ "P_47 neutral is none", AUTH_NEUTRAL, { FAILURES }, CLASS_EXTERNAL, 'A', 0, NULL },
	{ "P_47 neutral meets on-none", AUTH_NEUTRAL, { [ON_SPF_NONE] = ACTION_REJECT }, CLASS_EXTERNAL, 'R',
		550, "5.7.23" },
	{ "none", AUTH_NONE, { FAILURES }, CLASS_EXTERNAL, 'A', 0, NULL },
	{ "none meets on-none", AUTH_NONE, { [ON_SPF_NONE] = ACTION_REJECT }, CLASS_EXTERNAL, 'R', 550,
		"5.7.23" },
	{ "none is not deferred", AUTH_NONE, { [ON_SPF_NONE] = ACTION_TEMPFAIL }, CLASS_EXTERNAL, 'R', 550,
		"5.7.23" },
	{ "none, quarantine", AUTH_NONE, { [ON_SPF_NONE] = ACTION_QUARANTINE }, CLASS_EXTERNAL, 'Q', 0,
		NULL },
	{ "a forwarder without a record", AUTH_NONE, { [ON_SPF_NONE] = ACTION_REJECT }, CLASS_FORWARDER, 'A',
		0, NULL },
	{ "fail does not meet on-none", AUTH_FAIL, { [ON_SPF_NONE] = ACTION_REJECT }, CLASS_EXTERNAL, 'A', 0,
		NULL },
	{ "a fail of MAIL FROM does not meet on-helo-fail", AUTH_FAIL, { [ON_SPF_HELO_FAIL] = ACTION_REJECT },
		CLASS_EXTERNAL, 'A', 0, NULL },
	{ "pass", AUTH_PASS, { FAILURES, [ON_SPF_NONE] = ACTION_REJECT, [ON_SPF_HELO_FAIL] = ACTION_REJECT },
		CLASS_EXTERNAL, 'A', 0, NULL },
	{ "a forwarder does not speak for the sender", AUTH_FAIL, { [ON_SPF_FAIL] = ACTION_REJECT },
		CLASS_FORWARDER, 'A', 0, NULL },
	{ "nor does a relay", AUTH_FAIL, { [ON_SPF_FAIL] = ACTION_REJECT }, CLASS_OWN_RELAY, 'A', 0, NULL },
};

START_TEST(spf_rows)
{
	struct combination c = { .finding = PASSES, .enforce = ENFORCE_YES, .section = -1 };
	struct trial t;

	trial_begin(&t, &c);
	memcpy(t.p.on, spfs[_i].set, sizeof(t.p.on));
	t.v.spf.r.result = spfs[_i].result;
	t.v.spf.r.domain = trial_domain(t.a, "example.org");
	t.v.spf.r.explanation = SLICE("go away");
	trial_decide(&t, spfs[_i].class);
	trial_expect(&t, _i, spfs[_i].name, spfs[_i].want);
	ck_assert_msg(t.got.reply.code == spfs[_i].code, "row %d (%s): %d", _i, spfs[_i].name,
	    t.got.reply.code);
	if (spfs[_i].enhanced != NULL)
		ck_assert_str_eq(t.got.reply.enhanced, spfs[_i].enhanced);
	/* X_10 P_36: the sender's words come last, and as his */
	if (t.got.reply.code == 550 && spfs[_i].result == AUTH_FAIL)
		ck_assert(slice_iends_with(t.got.reply.text, SLICE("; example.org explains: go away")));
	trial_end(&t);
}
END_TEST

/* The HELO identity, and what has not been checked. */
static const struct {
	const char *name;
	enum auth_result spf, helo;
	enum spf_why spf_why, helo_why;
	enum action set[OCCASION_COUNT];
	enum message_class class;
	char want;
	const char *reply; /* its beginning; NULL: none */
} helos[] = {
	{ "P_01 HELO fail by default", AUTH_PASS, AUTH_FAIL, 0, 0, { 0 }, CLASS_EXTERNAL, 'A', NULL },
	{ "P_01 HELO fail", AUTH_PASS, AUTH_FAIL, 0, 0, { [ON_SPF_HELO_FAIL] = ACTION_REJECT },
		CLASS_EXTERNAL, 'R', "SPF: 192.0.2.7 is not allowed to use the HELO name mx.test" },
	{ "P_01 HELO fail, quarantine", AUTH_NONE, AUTH_FAIL, 0, 0,
		{ [ON_SPF_HELO_FAIL] = ACTION_QUARANTINE }, CLASS_EXTERNAL, 'Q', NULL },
	{ "P_01 HELO fail does not meet on-fail", AUTH_PASS, AUTH_FAIL, 0, 0,
		{ [ON_SPF_FAIL] = ACTION_REJECT, [ON_SPF_NONE] = ACTION_REJECT }, CLASS_EXTERNAL, 'A', NULL },
	{ "the stricter of both", AUTH_FAIL, AUTH_FAIL, 0, 0, { [ON_SPF_FAIL] = ACTION_QUARANTINE,
		[ON_SPF_HELO_FAIL] = ACTION_REJECT }, CLASS_EXTERNAL, 'R',
		"SPF: 192.0.2.7 is not allowed to use the HELO name mx.test" },
	{ "HELO softfail", AUTH_PASS, AUTH_SOFTFAIL, 0, 0, { [ON_SPF_HELO_FAIL] = ACTION_REJECT },
		CLASS_EXTERNAL, 'A', NULL },
	{ "HELO temperror", AUTH_PASS, AUTH_TEMPERROR, 0, 0, { [ON_SPF_HELO_FAIL] = ACTION_REJECT },
		CLASS_EXTERNAL, 'A', NULL },
	{ "HELO of a forwarder", AUTH_PASS, AUTH_FAIL, 0, 0, { [ON_SPF_HELO_FAIL] = ACTION_REJECT },
		CLASS_FORWARDER, 'A', NULL },
	{ "a list of the operator's is not none", AUTH_NONE, AUTH_NONE, SPF_WHY_NOT_CHECKED,
		SPF_WHY_NOT_CHECKED, { [ON_SPF_NONE] = ACTION_REJECT }, CLASS_EXTERNAL, 'A', NULL },
	{ "an unknown client is not none", AUTH_NONE, AUTH_NONE, SPF_WHY_NO_CLIENT, SPF_WHY_NO_CLIENT,
		{ [ON_SPF_NONE] = ACTION_REJECT }, CLASS_EXTERNAL, 'A', NULL },
	{ "a domain without a record is", AUTH_NONE, AUTH_NONE, SPF_WHY_NO_RECORD, SPF_WHY_NO_RECORD,
		{ [ON_SPF_NONE] = ACTION_REJECT }, CLASS_EXTERNAL, 'R',
		"SPF: example.org does not permit 192.0.2.7 to send its mail: no SPF record" },
};

START_TEST(helo_rows)
{
	struct combination c = { .finding = PASSES, .enforce = ENFORCE_YES, .section = -1 };
	struct trial t;

	trial_begin(&t, &c);
	ck_assert(ip_parse(SLICE("192.0.2.7"), &t.m.envelope.client));
	memcpy(t.p.on, helos[_i].set, sizeof(t.p.on));
	t.v.spf.r.result = helos[_i].spf;
	t.v.spf.r.why = helos[_i].spf_why;
	t.v.spf.r.domain = trial_domain(t.a, "example.org");
	t.v.helo.r.result = helos[_i].helo;
	t.v.helo.r.why = helos[_i].helo_why;
	t.v.helo.r.domain = trial_domain(t.a, "mx.test");
	trial_decide(&t, helos[_i].class);
	trial_expect(&t, _i, helos[_i].name, helos[_i].want);
	ck_assert_msg(slice_starts_with(t.got.reply.text, slice_str(helos[_i].reply)), "row %d (%s): %.*s",
	    _i, helos[_i].name, SLICE_ARG(t.got.reply.text));
	ck_assert_msg((t.got.reply.code == 550) == (helos[_i].reply != NULL), "row %d (%s)", _i,
	    helos[_i].name);
	trial_end(&t);
}
END_TEST

static const struct {
	const char *name;
	enum auth_result dmarc, first, second;
	bool hopeless; /* the first */
	char want;
} dkims[] = {
	{ "V_43 a key cannot be fetched", AUTH_NONE, AUTH_TEMPERROR, AUTH_FAIL, false, 'T' },
	{ "V_43 but another signature passes", AUTH_NONE, AUTH_TEMPERROR, AUTH_PASS, false, 'A' },
	{ "V_43 but DMARC passes", AUTH_PASS, AUTH_TEMPERROR, AUTH_FAIL, false, 'A' },
	{ "V_42 a wrong signature is no trouble of ours", AUTH_NONE, AUTH_FAIL, AUTH_FAIL, false, 'A' },
	{ "V_42 permerror", AUTH_NONE, AUTH_PERMERROR, AUTH_POLICY, false, 'A' },
	{ "V_43 a signature that could not pass anyhow", AUTH_NONE, AUTH_TEMPERROR, AUTH_FAIL, true,
		'A' },
};

START_TEST(dkim_rows)
{
	struct combination c = { .finding = NO_RECORD, .enforce = ENFORCE_YES, .section = -1 };
	struct dkim_result items[2] = { { .result = dkims[_i].first,
		.hopeless = dkims[_i].hopeless }, { .result = dkims[_i].second } };
	struct trial t;

	trial_begin(&t, &c);
	t.p.on[ON_DKIM_TEMPERROR] = ACTION_REJECT;
	t.v.dmarc.result = t.v.dmarc.authors[0].result = dkims[_i].dmarc;
	t.v.dkim = (struct dkim_results){ .items = items, .count = 2 };
	trial_decide(&t, CLASS_EXTERNAL);
	trial_expect(&t, _i, dkims[_i].name, dkims[_i].want);
	if (dkims[_i].want == 'T') {
		ck_assert_int_eq(t.got.reply.code, 451);
		ck_assert_str_eq(t.got.reply.enhanced, "4.7.5");
	}
	t.p.on[ON_DKIM_TEMPERROR] = ACTION_ACCEPT;
	trial_decide(&t, CLASS_EXTERNAL);
	ck_assert_int_eq(t.got.action, ACTION_ACCEPT);
	trial_end(&t);
}
END_TEST

/* --- signatures that are required ---------------------------------------------------------------- */

static const struct {
	const char *name;
	struct { enum auth_result result; const char *domain; bool hopeless; } signatures[3];
	bool recorded, aligned; /* the author has a DMARC record; DMARC found one of them aligned */
	enum action on_none, on_fail;
	enum message_class class;
	char want;
	const char *enhanced;
} required_rows[] = {
	{ "none", { { 0 } }, false, false, ACTION_REJECT, ACTION_ACCEPT, CLASS_EXTERNAL, 'R', "5.7.20" },
	{ "none, accepted", { { 0 } }, false, false, ACTION_ACCEPT, ACTION_REJECT, CLASS_EXTERNAL, 'A',
		NULL },
	{ "none, quarantined", { { 0 } }, false, false, ACTION_QUARANTINE, ACTION_REJECT, CLASS_EXTERNAL,
		'Q', NULL },
	{ "none, tempfail is done as reject", { { 0 } }, false, false, ACTION_TEMPFAIL, ACTION_ACCEPT,
		CLASS_EXTERNAL, 'R', "5.7.20" },
	{ "none, from a forwarder", { { 0 } }, false, false, ACTION_REJECT, ACTION_REJECT,
		CLASS_FORWARDER, 'Q', NULL },
	{ "one fails", { { AUTH_FAIL, "example.org", false } }, false, false, ACTION_REJECT,
		ACTION_REJECT, CLASS_EXTERNAL, 'R', "5.7.22" },
	{ "one fails, accepted", { { AUTH_FAIL, "example.org", false } }, false, false, ACTION_REJECT,
		ACTION_ACCEPT, CLASS_EXTERNAL, 'A', NULL },
	{ "a stranger's passes", { { AUTH_PASS, "example.net", false } }, false, false, ACTION_ACCEPT,
		ACTION_REJECT, CLASS_EXTERNAL, 'R', "5.7.22" },
	{ "its own passes", { { AUTH_PASS, "example.org", false } }, false, false, ACTION_REJECT,
		ACTION_REJECT, CLASS_EXTERNAL, 'A', NULL },
	{ "its organization's passes", { { AUTH_PASS, "a.example.org", false } }, false, false,
		ACTION_REJECT, ACTION_REJECT, CLASS_EXTERNAL, 'A', NULL },
	{ "its organization's passes, DMARC says it is not aligned", { { AUTH_PASS, "a.example.org",
		false } }, true, false, ACTION_REJECT, ACTION_REJECT, CLASS_EXTERNAL, 'R', "5.7.22" },
	{ "DMARC says it is aligned", { { AUTH_PASS, "a.example.org", false } }, true, true,
		ACTION_REJECT, ACTION_REJECT, CLASS_EXTERNAL, 'A', NULL },
	{ "a key is not known", { { AUTH_FAIL, "example.org", false }, { AUTH_TEMPERROR, "example.org",
		false } }, false, false, ACTION_REJECT, ACTION_REJECT, CLASS_EXTERNAL, 'A', NULL },
	{ "a key is not known, and would not help", { { AUTH_TEMPERROR, "example.org", true } }, false,
		false, ACTION_REJECT, ACTION_REJECT, CLASS_EXTERNAL, 'R', "5.7.22" },
};

START_TEST(required_signature_rows)
{
	struct combination c = { .finding = NO_RECORD, .source = DIRECT, .enforce = ENFORCE_YES,
		.section = -1 };
	struct dkim_result items[3] = { 0 };
	size_t n = 0;
	struct trial t;

	trial_begin(&t, &c);
	for (; n < 3 && required_rows[_i].signatures[n].domain != NULL; n++)
		items[n] = (struct dkim_result){ .result = required_rows[_i].signatures[n].result,
			.hopeless = required_rows[_i].signatures[n].hopeless,
			.sig.domain = trial_domain(t.a, required_rows[_i].signatures[n].domain) };
	t.v.dkim = (struct dkim_results){ .items = items, .count = n };
	t.v.dmarc.authors[0].dkim_aligned = required_rows[_i].aligned;
	if (required_rows[_i].recorded)
		t.v.dmarc.authors[0].discovery.status = DMARC_DISCOVERED;
	t.p.on[ON_DKIM_NONE] = required_rows[_i].on_none;
	t.p.on[ON_DKIM_FAIL] = required_rows[_i].on_fail;
	trial_decide(&t, required_rows[_i].class);
	trial_expect(&t, _i, required_rows[_i].name, required_rows[_i].want);
	if (required_rows[_i].enhanced != NULL)
		ck_assert_str_eq(t.got.reply.enhanced, required_rows[_i].enhanced);
	trial_end(&t);
}
END_TEST

/* --- SPF and DKIM for single recipients --------------------------------------------------------------- */

#define TO "a@hard.example", "b@mild.example", "c@plain.example"

/* hard.example refuses, mild.example accepts, plain.example has no section; the strictest counts. */
static const struct {
	const char *name;
	enum occasion on;
	enum action plain, hard, mild;
	const char *recipients[3];
	char want;
	const char *why; /* its setting; NULL: none */
} to_rows[] = {
	{ "fail", ON_SPF_FAIL, ACTION_ACCEPT, ACTION_REJECT, ACTION_ACCEPT, { "a@hard.example" }, 'R',
		"SPF fail (policy-to \"hard.example\" spf-on-fail = reject)" },
	{ "fail, a mild one", ON_SPF_FAIL, ACTION_REJECT, ACTION_REJECT, ACTION_ACCEPT, { "b@mild.example" }, 'A', NULL },
	{ "fail, without a section", ON_SPF_FAIL, ACTION_REJECT, ACTION_REJECT, ACTION_ACCEPT, { "c@plain.example" }, 'R',
		"SPF fail (spf on-fail = reject)" },
	{ "fail, mild and plain", ON_SPF_FAIL, ACTION_REJECT, ACTION_REJECT, ACTION_ACCEPT,
		{ "b@mild.example", "c@plain.example" }, 'R', "(spf on-fail = reject)" },
	{ "fail, mild and hard", ON_SPF_FAIL, ACTION_ACCEPT, ACTION_REJECT, ACTION_ACCEPT,
		{ "b@mild.example", "a@hard.example" }, 'R', "\"hard.example\"" },
	{ "fail, plain and hard", ON_SPF_FAIL, ACTION_QUARANTINE, ACTION_REJECT, ACTION_ACCEPT,
		{ "c@plain.example", "a@hard.example" }, 'R', "\"hard.example\"" },
	{ "fail, all of them", ON_SPF_FAIL, ACTION_ACCEPT, ACTION_QUARANTINE, ACTION_ACCEPT, { TO }, 'Q',
		"spf-on-fail = quarantine" },
	{ "no recipient is known", ON_SPF_FAIL, ACTION_REJECT, ACTION_REJECT, ACTION_ACCEPT, { NULL }, 'R',
		"(spf on-fail = reject)" },
	{ "fail is never deferred", ON_SPF_FAIL, ACTION_ACCEPT, ACTION_TEMPFAIL, ACTION_ACCEPT, { "a@hard.example" }, 'R',
		"spf-on-fail = reject" },
	{ "softfail", ON_SPF_SOFTFAIL, ACTION_ACCEPT, ACTION_REJECT, ACTION_ACCEPT, { "a@hard.example" }, 'R',
		"spf-on-softfail = reject" },
	{ "permerror", ON_SPF_PERMERROR, ACTION_REJECT, ACTION_REJECT, ACTION_ACCEPT, { "b@mild.example" }, 'A', NULL },
	{ "temperror never rejects for good", ON_SPF_TEMPERROR, ACTION_ACCEPT, ACTION_REJECT, ACTION_ACCEPT,
		{ "a@hard.example" }, 'T', "spf-on-temperror = tempfail" },
	{ "none", ON_SPF_NONE, ACTION_ACCEPT, ACTION_QUARANTINE, ACTION_ACCEPT, { "a@hard.example" }, 'Q',
		"spf-on-none = quarantine" },
	{ "HELO", ON_SPF_HELO_FAIL, ACTION_ACCEPT, ACTION_REJECT, ACTION_ACCEPT, { "a@hard.example" }, 'R',
		"spf-on-helo-fail = reject" },
	{ "HELO, a mild one", ON_SPF_HELO_FAIL, ACTION_REJECT, ACTION_REJECT, ACTION_ACCEPT, { "b@mild.example" }, 'A',
		NULL },
	{ "no signature", ON_DKIM_NONE, ACTION_ACCEPT, ACTION_REJECT, ACTION_ACCEPT, { "a@hard.example" }, 'R',
		"dkim-on-none = reject" },
	{ "no signature that passes", ON_DKIM_FAIL, ACTION_REJECT, ACTION_REJECT, ACTION_ACCEPT, { "b@mild.example" }, 'A',
		NULL },
	{ "no signature that passes, hard", ON_DKIM_FAIL, ACTION_ACCEPT, ACTION_REJECT, ACTION_ACCEPT, { TO }, 'R',
		"dkim-on-fail = reject" },
	{ "a key unknown", ON_DKIM_TEMPERROR, ACTION_ACCEPT, ACTION_REJECT, ACTION_ACCEPT, { "a@hard.example" }, 'T',
		"dkim-on-temperror = tempfail" },
};

static void bring_about(enum occasion on, struct verdict *v, struct dkim_result *signature)
{
	static const enum auth_result spf[] = {
		[ON_SPF_FAIL] = AUTH_FAIL, [ON_SPF_SOFTFAIL] = AUTH_SOFTFAIL, [ON_SPF_PERMERROR] = AUTH_PERMERROR,
		[ON_SPF_TEMPERROR] = AUTH_TEMPERROR, [ON_SPF_NONE] = AUTH_NONE,
	};

	v->spf.r.result = on < N_ELEMENTS(spf) ? spf[on] : AUTH_PASS;
	v->helo.r.result = on == ON_SPF_HELO_FAIL ? AUTH_FAIL : AUTH_NONE;
	signature->result = on == ON_DKIM_TEMPERROR ? AUTH_TEMPERROR : AUTH_FAIL;
	v->dkim = (struct dkim_results){ .items = signature, .count = on == ON_DKIM_NONE ? 0 : 1 };
}

/* SPF and DKIM of single recipients: every occasion of its own, by the section that names it first. */
START_TEST(occasions_of_recipients)
{
	struct combination c = { .finding = NO_RECORD, .enforce = ENFORCE_YES, .section = -1 };
	struct recipient_section sections[] = { { .pattern = SLICE("hard.example") }, { .pattern = SLICE("mild.example") },
		{ .pattern = SLICE("hard.example") } /* not the first */ };
	struct dkim_result signature = { 0 };
	struct trial t;

	trial_begin(&t, &c);
	bring_about(to_rows[_i].on, &t.v, &signature);
	t.m.envelope.recipient_count = 0;
	for (size_t i = 0; i < 3 && to_rows[_i].recipients[i] != NULL; i++)
		message_add_recipient(&t.m, slice_str(to_rows[_i].recipients[i]));
	t.p.on[to_rows[_i].on] = to_rows[_i].plain;
	sections[0].on[to_rows[_i].on] = (struct recipient_action){ true, to_rows[_i].hard };
	sections[1].on[to_rows[_i].on] = (struct recipient_action){ true, to_rows[_i].mild };
	sections[2].on[to_rows[_i].on] = (struct recipient_action){ true, ACTION_ACCEPT };
	t.p.recipient_sections = sections;
	t.p.recipient_section_count = N_ELEMENTS(sections);
	trial_decide(&t, CLASS_EXTERNAL);
	trial_expect(&t, _i, to_rows[_i].name, to_rows[_i].want);
	ck_assert_msg(to_rows[_i].why == NULL ? slice_is_null(t.got.why) :
	    memmem(t.got.why.ptr, t.got.why.len, to_rows[_i].why, strlen(to_rows[_i].why)) != NULL, "row %d (%s): %.*s", _i,
	    to_rows[_i].name, SLICE_ARG(t.got.why));
	trial_end(&t);
}
END_TEST

Suite *demand_check_suite(void)
{
	Suite *s = suite_create("demand check");

	UNIT_TABLE(s, spf_rows, spfs);
	UNIT_TABLE(s, helo_rows, helos);
	UNIT_TABLE(s, dkim_rows, dkims);
	UNIT_TABLE(s, required_signature_rows, required_rows);
	UNIT_TABLE(s, occasions_of_recipients, to_rows);
	return s;
}

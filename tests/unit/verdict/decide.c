#include "trial.h"

/*
 * The oracle: what is done with every kind of mail, as literal tables.  A action, Q quarantine,
 * T tempfail, R reject; then the reason for departing from the published policy: l local_policy,
 * m mailing_list, f trusted_forwarder, none when nothing is departed from.
 */

/* [settings][policy that applies][source] (D-37, D-38, D-39, D-40) */
static const char *const failing[SETTINGS][3][SOURCES] = {
	[DEFAULTS] = {
		[DMARC_POLICY_NONE] = { "A", "A", "A", "A", "A" },
		[DMARC_POLICY_QUARANTINE] = { "Q", "Q", "Q", "Q", "Al" },
		[DMARC_POLICY_REJECT] = { "R", "Qm", "Ql", "Qf", "Al" },
	},
	[STRICT] = {
		[DMARC_POLICY_NONE] = { "A", "A", "A", "A", "A" },
		[DMARC_POLICY_QUARANTINE] = { "Q", "Q", "Q", "Q", "Al" },
		[DMARC_POLICY_REJECT] = { "R", "R", "R", "Qf", "Al" },
	},
	[LAX] = {
		[DMARC_POLICY_NONE] = { "A", "A", "A", "A", "A" },
		[DMARC_POLICY_QUARANTINE] = { "Al", "Al", "Al", "Al", "Al" },
		[DMARC_POLICY_REJECT] = { "Ql", "Am", "Al", "Af", "Al" },
	},
};

/* policy "example.org" { on-fail = ... }: [on-fail][policy that applies][external, forwarder, relay] */
static const char *const sectioned[4][3][3] = {
	[ACTION_ACCEPT] = { { "A", "A", "A" }, { "Al", "Al", "Al" }, { "Al", "Al", "Al" } },
	[ACTION_QUARANTINE] = { { "Ql", "Ql", "A" }, { "Q", "Q", "Al" }, { "Ql", "Ql", "Al" } },
	[ACTION_REJECT] = { { "Rl", "Qf", "A" }, { "Rl", "Q", "Al" }, { "R", "Qf", "Al" } },
};

/* on-temperror-policy, on-temperror-identifier: [settings], for a stranger; never a refusal for good */
static const char *const policy_unknown[SETTINGS] = { "A", "T", "T" };
static const char *const undecided[SETTINGS][3] = {
	[DEFAULTS] = { "A", "T", "T" },
	[STRICT] = { "A", "T", "T" },
	[LAX] = { "A", "A", "A" },
};

static const char *unexempted(const struct combination *c)
{
	static const int column[SOURCES] = { 0, 0, 0, 1, 2 };
	bool stranger = c->source != FORWARDED && c->source != RELAYED;

	switch (c->finding) {
	case FAILS:
		return c->section >= 0 ? sectioned[c->section][trial_policy(c)][column[c->source]] :
		    failing[c->settings][trial_policy(c)][c->source];
	case POLICY_UNKNOWN:
		return stranger ? policy_unknown[c->settings] : "A";
	case UNDECIDED:
		if (!stranger)
			return "A";
		if (c->section >= 0)
			return c->section == ACTION_ACCEPT || c->settings == LAX ? "A" : "T";
		return undecided[c->settings][trial_policy(c)];
	case PASSES:
	case NO_RECORD:
	case FINDINGS:
		break;
	}
	return "A";
}

/* Never refused: a filter may still file it. */
static const char *oracle(const struct combination *c)
{
	const char *want = unexempted(c);

	if (c->exempted == NOBODY)
		return want;
	if (want[0] == 'T')
		return "A";
	if (want[0] == 'R')
		return trial_policy(c) == DMARC_POLICY_QUARANTINE ? "Q" : "Ql";
	return want;
}

/* --- what came out ------------------------------------------------------------------------------ */

static const char *said(const struct combination *c, char text[200])
{
	snprintf(text, 200, "finding %d p=%d t=%d null=%d source %d settings %d enforce %d exempt %d "
	    "section %d", c->finding, c->published, c->testing, c->null_sender, c->source,
	    c->settings, c->enforce, c->exempted, c->section);
	return text;
}

static void check_overrides(const struct combination *c, const char *want,
    const struct actions *got)
{
	static const char letters[] = { [OVERRIDE_LOCAL_POLICY] = 'l', [OVERRIDE_MAILING_LIST] = 'm',
		[OVERRIDE_OTHER] = 'o', [OVERRIDE_POLICY_TEST_MODE] = 't',
		[OVERRIDE_TRUSTED_FORWARDER] = 'f' };
	char expected[8] = "", found[8] = "", text[200];

	if (c->finding == FAILS)
		snprintf(expected, sizeof(expected), "%s%s%s",
		    c->testing && c->published != DMARC_POLICY_NONE ? "t" : "", want + 1,
		    c->enforce != ENFORCE_YES && want[0] != 'A' ? "l" : "");
	for (size_t i = 0; i < got->override_count && i < sizeof(found) - 1; i++) {
		found[i] = letters[got->overrides[i].type];
		ck_assert_msg(got->overrides[i].comment.len > 0, "%s", said(c, text));
	}
	ck_assert_msg(strcmp(found, expected) == 0, "%s: overrides \"%s\", want \"%s\"",
	    said(c, text), found, expected);
}

static void check_disposition(const struct combination *c, char would, const struct actions *got)
{
	const char *want = "none";
	char text[200];

	if (c->finding == PASSES && trial_policy(c) != DMARC_POLICY_NONE)
		want = "pass";
	if (c->finding == FAILS && c->enforce == ENFORCE_YES)
		want = would == 'R' ? "reject" : would == 'Q' ? "quarantine" : "none";
	ck_assert_msg(strcmp(disposition_text(got->disposition), want) == 0, "%s: disposition %s",
	    said(c, text), disposition_text(got->disposition));
}

static void check_reply(const struct combination *c, char done, const struct actions *got)
{
	const char *enhanced = c->finding == FAILS ? "5.7.26" :
	    c->finding == POLICY_UNKNOWN ? "4.4.3" : "4.7.5";
	char text[200];

	said(c, text);
	if (done != 'R' && done != 'T') {
		ck_assert_msg(got->reply.code == 0, "%s: a reply without a refusal", text);
		return;
	}
	ck_assert_msg(got->reply.code == (done == 'R' ? 550 : 451), "%s: %d", text, got->reply.code);
	ck_assert_msg(strcmp(got->reply.enhanced, enhanced) == 0, "%s: %s", text,
	    got->reply.enhanced);
	ck_assert_msg(memmem(got->reply.text.ptr, got->reply.text.len, "example.org", 11) != NULL &&
	    slice_starts_with(got->reply.text, SLICE("DMARC")), "%s: %.*s", text,
	    SLICE_ARG(got->reply.text));
}

static void check(const struct combination *c)
{
	const char *want = oracle(c);
	char done = c->enforce == ENFORCE_YES ? want[0] : 'A', text[200];
	struct trial t;

	trial_begin(&t, c);
	trial_decide(&t, trial_classes[c->source]);
	ck_assert_msg(trial_letter(t.got.would) == want[0], "%s: would %s, want %s", said(c, text),
	    action_text(t.got.would), want);
	ck_assert_msg(trial_letter(t.got.action) == done, "%s: action %s", said(c, text),
	    action_text(t.got.action));
	ck_assert_msg(t.got.edit_count == 0 && !t.got.hold, "%s: edits", said(c, text));
	ck_assert_msg(want[0] == 'A' || t.got.why.len > 0, "%s: no why", said(c, text));
	check_overrides(c, want, &t.got);
	check_disposition(c, want[0], &t.got);
	check_reply(c, done, &t.got);
	trial_end(&t);
}

static size_t check_from(struct combination c)
{
	size_t n = 0;

	for (int settings_i = 0; settings_i < SETTINGS; settings_i++)
		for (int enforce = ENFORCE_OBSERVE; enforce <= ENFORCE_YES; enforce++)
			for (int exempted = 0; exempted < EXEMPTIONS; exempted++)
				for (int section = -1; section <= ACTION_REJECT; section++) {
					if (section == ACTION_TEMPFAIL)
						continue;
					c.settings = (enum settings)settings_i;
					c.enforce = (enum enforce)enforce;
					c.exempted = (enum exempted)exempted;
					c.section = section;
					check(&c);
					n++;
				}
	return n;
}

/* D_30 D_36 D_37 D_38 D_39 D_40: every combination; a row is one finding from one source. */
START_TEST(every_combination)
{
	struct combination c = { .finding = (enum finding)(_i / SOURCES),
		.source = (enum source)(_i % SOURCES) };
	size_t n = 0;

	for (int policy = DMARC_POLICY_NONE; policy <= DMARC_POLICY_REJECT; policy++)
		for (int flags = 0; flags < 4; flags++) {
			c.published = (enum dmarc_policy)policy;
			c.testing = (flags & 1) != 0;
			c.null_sender = (flags & 2) != 0;
			n += check_from(c);
		}
	ck_assert_uint_eq(n, 3 * 4 * SETTINGS * 3 * EXEMPTIONS * 4);
}
END_TEST

/* --- what makes a flow indirect ------------------------------------------------------------------ */

#define ARC_SEAL(i) "ARC-Seal: i=" i "; a=rsa-sha256; cv=none; d=list.example.net; s=s; b=AAAA"
#define ARC_SIGNATURE(i) \
	"ARC-Message-Signature: i=" i "; a=rsa-sha256; d=list.example.net; s=s; h=from; bh=AAAA; b=AAAA"
#define ARC_RESULTS(i) "ARC-Authentication-Results: i=" i "; list.example.net; none"

/* Fields that are given by name alone have what lists and forwarders write. */
static const char *const good_marks[] = { "List-Id: A list <x.list.example.net>",
	"List-Post: <mailto:x@list.example.net>",
	"Mailing-List: list x@list.example.net; contact y@list.example.net",
	"Resent-From: Ann <ann@list.example.net>", "Resent-Sender: ann@list.example.net",
	ARC_SEAL("1"), ARC_SIGNATURE("1"), ARC_RESULTS("1"), "Precedence: list",
	"List-Unsubscribe: <mailto:x@list.example.net>", "Received: from x" };

static void add_mark(struct message *m, struct slice field)
{
	struct slice value = SLICE_NULL, name;

	for (size_t i = 0; slice_find(field, ':') == field.len; i++) {
		ck_assert_uint_lt(i, N_ELEMENTS(good_marks));
		if (slice_istarts_with(slice_str(good_marks[i]), field) &&
		    good_marks[i][field.len] == ':')
			field = slice_str(good_marks[i]);
	}
	value = field;
	name = slice_split(&value, ':');
	message_add_header(m, name, value);
}

static const struct {
	const char *name;
	const char *fields[4];
	const char *spf, *dkim; /* domains that pass */
	const char *want;
} flows[] = {
	{ "nothing", { NULL }, NULL, NULL, "R" },
	{ "marks alone prove nothing", { "List-Id", NULL }, NULL, NULL, "R" },
	{ "every list mark alone", { "List-Id", "List-Post", "Mailing-List", NULL }, NULL, NULL, "R" },
	{ "another's SPF pass alone", { NULL }, "list.example.net", NULL, "R" },
	{ "another's DKIM pass alone", { NULL }, NULL, "list.example.net", "R" },
	{ "a mark, and the author's own subdomain passes", { "List-Id", NULL }, "b.example.org", NULL,
		"R" },
	{ "a mark, and the author's own subdomain signs", { "List-Id", NULL }, NULL, "b.example.org",
		"R" },
	{ "a mark, and the author's parent signs (strict alignment)", { "List-Id", NULL }, NULL,
		"example.org", "R" },
	{ "another name with the same end", { "List-Id", NULL }, NULL, "notexample.org", "Qm" },
	{ "List-Id and SPF", { "List-Id", NULL }, "list.example.net", NULL, "Qm" },
	{ "List-Post and DKIM", { "list-post", NULL }, NULL, "list.example.net", "Qm" },
	{ "Mailing-List and DKIM", { "Mailing-List", NULL }, NULL, "list.example.net", "Qm" },
	{ "Resent-From", { "Resent-From", NULL }, NULL, "list.example.net", "Ql" },
	{ "Resent-Sender", { "Resent-Sender", NULL }, NULL, "list.example.net", "Ql" },
	{ "the names of an ARC set", { "ARC-Seal", "ARC-Message-Signature",
		"ARC-Authentication-Results", NULL }, "list.example.net", NULL, "R" },
	{ "half an ARC set", { "ARC-Seal", "ARC-Message-Signature", NULL }, "list.example.net", NULL,
		"R" },
	{ "Precedence is no mark", { "Precedence", NULL }, "list.example.net", NULL, "R" },
	/* THREATS, Empty marks: content, not presence */
	{ "an empty List-Id", { "List-Id:", NULL }, "list.example.net", NULL, "R" },
	{ "a List-Id without brackets", { "List-Id: list.example.net", NULL }, "list.example.net", NULL,
		"R" },
	{ "a List-Id without a dot", { "List-Id: <list>", NULL }, "list.example.net", NULL, "R" },
	{ "a List-Id of blanks", { "List-Id: < >", NULL }, "list.example.net", NULL, "R" },
	{ "a List-Id that ends with a dot", { "List-Id: <a.b.>", NULL }, "list.example.net", NULL, "R" },
	{ "a List-Id with an address", { "List-Id: <a@list.example.net>", NULL }, "list.example.net",
		NULL, "R" },
	{ "a List-Id with a name", { "List-Id: A <list> of \"<x\" <a_b.list.example.net>", NULL },
		"list.example.net", NULL, "Qm" },
	{ "an empty List-Post", { "List-Post:", NULL }, "list.example.net", NULL, "R" },
	{ "List-Post: NO", { "List-Post: NO", NULL }, "list.example.net", NULL, "R" },
	{ "a List-Post without address", { "List-Post: <mailto:>", NULL }, "list.example.net", NULL,
		"R" },
	{ "a List-Post with a subject", { "List-Post: <mailto:a@list.example.net?subject=x>", NULL },
		"list.example.net", NULL, "Qm" },
	{ "an empty Mailing-List", { "Mailing-List:", NULL }, "list.example.net", NULL, "R" },
	{ "a Mailing-List of words", { "Mailing-List: list of things", NULL }, "list.example.net", NULL,
		"R" },
	{ "an empty Resent-From", { "Resent-From:", NULL }, "list.example.net", NULL, "R" },
	{ "a Resent-From of words", { "Resent-From: somebody", NULL }, "list.example.net", NULL, "R" },
	{ "Resent-Date alone", { "Resent-Date: Thu, 26 Nov 2026 10:00:00 +0000", NULL },
		"list.example.net", NULL, "R" },
	{ "Resent-To", { "Resent-To: a@b.example", NULL }, "list.example.net", NULL, "Ql" },
	{ "three empty ARC fields", { "ARC-Seal:", "ARC-Message-Signature:",
		"ARC-Authentication-Results:", NULL }, "list.example.net", NULL, "R" },
	{ "three ARC fields of different sets", { ARC_SEAL("1"), ARC_SIGNATURE("2"), ARC_RESULTS("3"),
		NULL }, "list.example.net", NULL, "R" },
	{ "an ARC set without i=", { ARC_SEAL(""), ARC_SIGNATURE("1"), ARC_RESULTS("1"), NULL },
		"list.example.net", NULL, "R" },
	{ "an ARC set number 0", { ARC_SEAL("0"), ARC_SIGNATURE("0"), ARC_RESULTS("0"), NULL },
		"list.example.net", NULL, "R" },
	{ "an ARC set number 51", { ARC_SEAL("51"), ARC_SIGNATURE("51"), ARC_RESULTS("51"), NULL },
		"list.example.net", NULL, "R" },
	{ "an ARC set with empty results", { ARC_SEAL("1"), ARC_SIGNATURE("1"),
		"ARC-Authentication-Results: i=1;", NULL }, "list.example.net", NULL, "R" },
	{ "List-Unsubscribe is no mark", { "List-Unsubscribe", NULL }, "list.example.net", NULL, "R" },
	{ "Received is no mark", { "Received", NULL }, "list.example.net", NULL, "R" },
};

START_TEST(flow_rows)
{
	struct combination c = { .finding = FAILS, .published = DMARC_POLICY_REJECT,
		.source = DIRECT, .enforce = ENFORCE_YES, .section = -1 };
	struct dkim_result dkim = { .result = AUTH_PASS };
	struct trial t;

	trial_begin(&t, &c);
	for (size_t i = 0; flows[_i].fields[i] != NULL; i++)
		add_mark(&t.m, slice_str(flows[_i].fields[i]));
	if (flows[_i].spf != NULL) {
		t.v.spf.r.result = AUTH_PASS;
		t.v.spf.r.domain = trial_domain(t.a, flows[_i].spf);
	}
	if (flows[_i].dkim != NULL) {
		dkim.sig.domain = trial_domain(t.a, flows[_i].dkim);
		t.v.dkim = (struct dkim_results){ .items = &dkim, .count = 1 };
	}
	ck_assert_int_eq(arc_chain_read(t.a, &t.m, &t.v.arc.chain), RC_OK);
	trial_decide(&t, CLASS_EXTERNAL);
	trial_expect(&t, _i, flows[_i].name, flows[_i].want[0]);
	check_overrides(&c, flows[_i].want, &t.got);
	trial_end(&t);
}
END_TEST

/* --- several findings at once ----------------------------------------------------------------------- */

/* The strictest wins, whichever it is; the answer is worded for that one. */
START_TEST(strictest_wins)
{
	struct combination c = { .finding = FAILS, .published = DMARC_POLICY_QUARANTINE,
		.enforce = ENFORCE_YES, .section = -1 };
	struct trial t;

	trial_begin(&t, &c);
	t.p.on[ON_SPF_FAIL] = ACTION_REJECT;
	t.v.spf.r.result = AUTH_FAIL;
	t.v.spf.r.domain = trial_domain(t.a, "example.org");
	trial_decide(&t, CLASS_EXTERNAL);
	ck_assert_int_eq(t.got.action, ACTION_REJECT);
	ck_assert_str_eq(t.got.reply.enhanced, "5.7.23");
	ck_assert_int_eq(t.got.disposition, DISPOSITION_QUARANTINE); /* as far as the policy goes */
	trial_end(&t);
}
END_TEST

/* D_37: p=none asks for nothing, and a section for recipients does not change that. */
START_TEST(recipients_and_no_policy)
{
	struct recipient_section hard = { SLICE("mx.example"), { [ON_DMARC_FAIL] = { true, ACTION_REJECT } } };
	struct combination c = { .finding = FAILS, .published = (enum dmarc_policy)_i,
		.enforce = ENFORCE_YES, .section = -1 };
	struct trial t;

	trial_begin(&t, &c);
	t.p.recipient_sections = &hard;
	t.p.recipient_section_count = 1;
	trial_decide(&t, CLASS_EXTERNAL);
	ck_assert_int_eq(t.got.action, _i == DMARC_POLICY_NONE ? ACTION_ACCEPT : ACTION_REJECT);
	trial_end(&t);
}
END_TEST

/* D_12: several authors, the strictest failing policy, wherever it stands. */
START_TEST(several_authors)
{
	struct combination c = { .finding = FAILS, .published = DMARC_POLICY_NONE,
		.enforce = ENFORCE_YES, .section = -1 };
	struct dmarc_author_result both[2];
	struct trial t;

	trial_begin(&t, &c);
	both[0] = both[1] = t.v.dmarc.authors[0];
	both[_i].policy = DMARC_POLICY_REJECT;
	both[_i].domain = trial_domain(t.a, "strict.example");
	t.v.dmarc.authors = both;
	t.v.dmarc.author_count = 2;
	t.v.dmarc.deciding = &both[_i];
	trial_decide(&t, CLASS_EXTERNAL);
	ck_assert_int_eq(t.got.action, ACTION_REJECT);
	ck_assert_ptr_nonnull(memmem(t.got.reply.text.ptr, t.got.reply.text.len, "strict.example", 14));
	/* the strict one passing does not make the other's failure strict */
	both[_i].result = AUTH_PASS;
	trial_decide(&t, CLASS_EXTERNAL);
	ck_assert_int_eq(t.got.action, ACTION_ACCEPT);
	trial_end(&t);
}
END_TEST

/* Text of ours, with the operator's URL behind it, and within what an SMTP reply can hold. */
START_TEST(reply_text)
{
	struct combination c = { .finding = FAILS, .published = DMARC_POLICY_REJECT,
		.enforce = ENFORCE_YES, .section = -1 };
	struct dkim_result items[20] = { 0 };
	char label[64];
	struct trial t;

	trial_begin(&t, &c);
	memset(label, 'x', 63);
	label[63] = '\0';
	for (size_t i = 0; i < N_ELEMENTS(items); i++) {
		items[i].result = AUTH_FAIL;
		items[i].sig.domain = trial_domain(t.a,
		    arena_printf(t.a, "%s.%s.%s.org", label, label, label).ptr);
	}
	t.v.dkim = (struct dkim_results){ .items = items, .count = N_ELEMENTS(items) };
	t.p.reply_url = SLICE("https://example.com/100%");
	trial_decide(&t, CLASS_EXTERNAL);
	ck_assert_uint_le(t.got.reply.text.len, LIMIT_REPLY_TEXT);
	t.v.dkim.count = 0;
	trial_decide(&t, CLASS_EXTERNAL);
	ck_assert(slice_iends_with(t.got.reply.text, SLICE("; see https://example.com/100%")));
	ck_assert(slice_eq(t.got.reply.text, SLICE("DMARC: mail from example.org is refused as its "
		"policy asks (p=reject): SPF none, no DKIM signature; no passing identifier is aligned "
		"with example.org; see https://example.com/100%")));
	trial_end(&t);
}
END_TEST

/* --- our own trouble ------------------------------------------------------------------------------- */

enum spf_setting { SPF_ACCEPTED, SPF_REFUSED, SPF_NONE_REFUSED, SPF_REFUSED_TO_ONE, HELO_REFUSED };

static const struct {
	const char *name;
	enum finding finding;
	enum dmarc_policy policy;
	bool marks, signature_undecided;
	enum auth_result spf;
	enum spf_setting spf_setting;
	enum source source;
	enum enforce enforce;
	enum action set;
	const char *want; /* action, would */
} local_rows[] = {
	{ "the policy is unknown", POLICY_UNKNOWN, DMARC_POLICY_NONE, false, false, AUTH_NONE,
		SPF_ACCEPTED, DIRECT, ENFORCE_YES, ACTION_TEMPFAIL, "TT" },
	{ "... under enforce = no", POLICY_UNKNOWN, DMARC_POLICY_NONE, false, false, AUTH_NONE,
		SPF_ACCEPTED, DIRECT, ENFORCE_NO, ACTION_TEMPFAIL, "AT" },
	{ "... observed", POLICY_UNKNOWN, DMARC_POLICY_NONE, false, false, AUTH_NONE, SPF_ACCEPTED,
		DIRECT, ENFORCE_OBSERVE, ACTION_TEMPFAIL, "AT" },
	{ "... accepted by setting", POLICY_UNKNOWN, DMARC_POLICY_NONE, false, false, AUTH_NONE,
		SPF_ACCEPTED, DIRECT, ENFORCE_YES, ACTION_ACCEPT, "AA" },
	{ "... quarantined by setting", POLICY_UNKNOWN, DMARC_POLICY_NONE, false, false, AUTH_NONE,
		SPF_ACCEPTED, DIRECT, ENFORCE_YES, ACTION_QUARANTINE, "QQ" },
	{ "... of a forwarder, never refused but marked: strangers may have caused it", POLICY_UNKNOWN,
		DMARC_POLICY_NONE, false, false, AUTH_NONE, SPF_ACCEPTED, FORWARDED, ENFORCE_YES,
		ACTION_TEMPFAIL, "QQ" },
	{ "... of a forwarder, accepted by setting", POLICY_UNKNOWN, DMARC_POLICY_NONE, false, false,
		AUTH_NONE, SPF_ACCEPTED, FORWARDED, ENFORCE_YES, ACTION_ACCEPT, "AA" },
	{ "undecided under p=none", UNDECIDED, DMARC_POLICY_NONE, false, true, AUTH_NONE, SPF_ACCEPTED,
		DIRECT, ENFORCE_YES, ACTION_TEMPFAIL, "AA" },
	{ "undecided under p=reject", UNDECIDED, DMARC_POLICY_REJECT, false, true, AUTH_NONE,
		SPF_ACCEPTED, DIRECT, ENFORCE_YES, ACTION_TEMPFAIL, "TT" },
	{ "passes, a key unknown", PASSES, DMARC_POLICY_REJECT, false, true, AUTH_NONE, SPF_ACCEPTED,
		DIRECT, ENFORCE_YES, ACTION_TEMPFAIL, "AA" },
	{ "no record, SPF unknown", NO_RECORD, DMARC_POLICY_NONE, false, false, AUTH_TEMPERROR,
		SPF_ACCEPTED, DIRECT, ENFORCE_YES, ACTION_TEMPFAIL, "AA" },
	{ "no record, SPF unknown, where its fail is refused", NO_RECORD, DMARC_POLICY_NONE, false,
		false, AUTH_TEMPERROR, SPF_REFUSED, DIRECT, ENFORCE_YES, ACTION_TEMPFAIL, "TT" },
	{ "no record, SPF unknown, where none is refused", NO_RECORD, DMARC_POLICY_NONE, false, false,
		AUTH_TEMPERROR, SPF_NONE_REFUSED, DIRECT, ENFORCE_YES, ACTION_TEMPFAIL, "TT" },
	{ "no record, SPF unknown, where its fail is refused to this recipient", NO_RECORD, DMARC_POLICY_NONE, false,
		false, AUTH_TEMPERROR, SPF_REFUSED_TO_ONE, DIRECT, ENFORCE_YES, ACTION_TEMPFAIL, "TT" },
	{ "no record, SPF of HELO unknown, where its fail is refused", NO_RECORD, DMARC_POLICY_NONE, false, false,
		AUTH_PASS, HELO_REFUSED, DIRECT, ENFORCE_YES, ACTION_TEMPFAIL, "TT" },
	{ "no record, SPF passes", NO_RECORD, DMARC_POLICY_NONE, false, false, AUTH_PASS, SPF_REFUSED,
		DIRECT, ENFORCE_YES, ACTION_TEMPFAIL, "AA" },
	{ "fails, a stranger's key unknown", FAILS, DMARC_POLICY_REJECT, false, true, AUTH_NONE,
		SPF_ACCEPTED, DIRECT, ENFORCE_YES, ACTION_TEMPFAIL, "RR" },
	{ "fails with marks, the list's key unknown", FAILS, DMARC_POLICY_REJECT, true, true, AUTH_NONE,
		SPF_ACCEPTED, DIRECT, ENFORCE_YES, ACTION_TEMPFAIL, "TT" },
	{ "fails with marks, the list's SPF unknown", FAILS, DMARC_POLICY_REJECT, true, false,
		AUTH_TEMPERROR, SPF_ACCEPTED, DIRECT, ENFORCE_YES, ACTION_TEMPFAIL, "TT" },
	{ "fails with marks, all known", FAILS, DMARC_POLICY_REJECT, true, false, AUTH_FAIL,
		SPF_ACCEPTED, DIRECT, ENFORCE_YES, ACTION_TEMPFAIL, "RR" },
	{ "fails under p=quarantine with marks", FAILS, DMARC_POLICY_QUARANTINE, true, true, AUTH_NONE,
		SPF_ACCEPTED, DIRECT, ENFORCE_YES, ACTION_TEMPFAIL, "QQ" },
};

/* THREATS, Local trouble: a stall of our own accepts nothing that it would not have accepted. */
START_TEST(local_trouble_rows)
{
	struct combination c = { .finding = local_rows[_i].finding, .published = local_rows[_i].policy,
		.source = local_rows[_i].source, .enforce = local_rows[_i].enforce, .section = -1 };
	struct recipient_section hard = { SLICE("mx.example"), { [ON_SPF_FAIL] = { true, ACTION_REJECT } } };
	struct dkim_result signature = { .result = AUTH_TEMPERROR };
	struct trial t;

	trial_begin(&t, &c);
	t.p.on_local_trouble = local_rows[_i].set;
	if (local_rows[_i].spf_setting == SPF_REFUSED)
		t.p.on[ON_SPF_FAIL] = ACTION_REJECT;
	if (local_rows[_i].spf_setting == SPF_NONE_REFUSED)
		t.p.on[ON_SPF_NONE] = ACTION_REJECT;
	if (local_rows[_i].spf_setting == HELO_REFUSED) {
		t.p.on[ON_SPF_HELO_FAIL] = ACTION_REJECT;
		t.v.helo.r.result = AUTH_TEMPERROR;
	}
	if (local_rows[_i].spf_setting == SPF_REFUSED_TO_ONE) {
		t.p.recipient_sections = &hard;
		t.p.recipient_section_count = 1;
	}
	if (local_rows[_i].marks)
		add_mark(&t.m, SLICE("List-Id"));
	t.v.local_trouble = true;
	t.v.spf.r.result = local_rows[_i].spf;
	if (local_rows[_i].signature_undecided)
		t.v.dkim = (struct dkim_results){ .items = &signature, .count = 1 };
	trial_decide(&t, trial_classes[c.source]);
	ck_assert_msg(trial_letter(t.got.action) == local_rows[_i].want[0] &&
	    trial_letter(t.got.would) == local_rows[_i].want[1], "row %d (%s): %s, would %s", _i,
	    local_rows[_i].name, action_text(t.got.action), action_text(t.got.would));
	if (t.got.action == ACTION_TEMPFAIL) {
		ck_assert_int_eq(t.got.reply.code, 451);
		ck_assert_int_eq(t.got.disposition, DISPOSITION_NONE);
		ck_assert_uint_eq(t.got.override_count, 0);
	}
	trial_end(&t);
}
END_TEST

Suite *decide_suite(void)
{
	Suite *s = suite_create("decide");

	unit_table(s, "every_combination", every_combination, (int)FINDINGS * (int)SOURCES);
	UNIT_TABLE(s, flow_rows, flows);
	UNIT_TEST(s, strictest_wins);
	unit_table(s, "recipients_and_no_policy", recipients_and_no_policy, 3);
	unit_table(s, "several_authors", several_authors, 2);
	UNIT_TEST(s, reply_text);
	UNIT_TABLE(s, local_trouble_rows, local_rows);
	return s;
}

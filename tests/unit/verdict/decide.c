#include "verdict/decide.h"

#include "world.h"

/*
 * The oracle: what is done with every kind of mail, as literal tables.  A action, Q quarantine,
 * T tempfail, R reject; then the reason for departing from the published policy: l local_policy,
 * m mailing_list, f trusted_forwarder, none when nothing is departed from.
 */

enum source { DIRECT, LISTED, RESENT, FORWARDED, RELAYED, SOURCES };
enum settings { DEFAULTS, STRICT, LAX, SETTINGS };

static const struct dmarc_actions settings[SETTINGS] = {
	[DEFAULTS] = { ACTION_REJECT, ACTION_QUARANTINE, ACTION_QUARANTINE, ACTION_ACCEPT,
		ACTION_TEMPFAIL, ACTION_REJECT, ACTION_REJECT, ACTION_REJECT },
	[STRICT] = { ACTION_REJECT, ACTION_QUARANTINE, ACTION_REJECT, ACTION_TEMPFAIL,
		ACTION_REJECT, ACTION_REJECT, ACTION_REJECT, ACTION_REJECT },
	[LAX] = { ACTION_QUARANTINE, ACTION_ACCEPT, ACTION_ACCEPT, ACTION_REJECT,
		ACTION_ACCEPT, ACTION_ACCEPT, ACTION_ACCEPT, ACTION_ACCEPT },
};

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

enum finding { PASSES, FAILS, POLICY_UNKNOWN, UNDECIDED, NO_RECORD, FINDINGS };
enum exempted { NOBODY, RECIPIENT, AUTHOR, EXEMPTIONS };

struct combination {
	enum finding finding;
	enum dmarc_policy published;
	bool testing, null_sender;
	enum source source;
	enum settings settings;
	enum enforce enforce;
	enum exempted exempted;
	int section; /* an action, or -1: none */
};

static enum dmarc_policy effective(const struct combination *c)
{
	if (!c->testing || c->published == DMARC_POLICY_NONE)
		return c->published;
	return c->published == DMARC_POLICY_REJECT ? DMARC_POLICY_QUARANTINE : DMARC_POLICY_NONE;
}

static const char *unexempted(const struct combination *c)
{
	static const int column[SOURCES] = { 0, 0, 0, 1, 2 };
	bool stranger = c->source != FORWARDED && c->source != RELAYED;

	switch (c->finding) {
	case FAILS:
		return c->section >= 0 ? sectioned[c->section][effective(c)][column[c->source]] :
		    failing[c->settings][effective(c)][c->source];
	case POLICY_UNKNOWN:
		return stranger ? policy_unknown[c->settings] : "A";
	case UNDECIDED:
		if (!stranger)
			return "A";
		if (c->section >= 0)
			return c->section == ACTION_ACCEPT || c->settings == LAX ? "A" : "T";
		return undecided[c->settings][effective(c)];
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
		return effective(c) == DMARC_POLICY_QUARANTINE ? "Q" : "Ql";
	return want;
}

/* --- the mail that is asked about --------------------------------------------------------------- */

static const enum message_class classes[SOURCES] = { CLASS_EXTERNAL, CLASS_EXTERNAL,
	CLASS_EXTERNAL, CLASS_FORWARDER, CLASS_OWN_RELAY };

static struct domain domain_of(struct arena *a, const char *name)
{
	struct domain d = DOMAIN_NONE;

	ck_assert(domain_parse(a, slice_str(name), &d));
	return d;
}

static void make_policy(struct arena *a, const struct combination *c, struct verdict_policy *p)
{
	static struct slice never_from[] = { { "example.org", 11 } };

	world_defaults(p, a);
	p->enforce = c->enforce;
	p->dmarc_actions = settings[c->settings];
	p->never_refuse_from = (struct slice_list){ never_from, c->exempted == AUTHOR ? 1 : 0, 1 };
	if (c->section < 0)
		return;
	p->sections = arena_new(a, struct policy_section);
	p->sections->domain = domain_of(a, "example.org");
	p->sections->has_action = true;
	p->sections->on_fail = (enum action)c->section;
	p->section_count = 1;
}

static void make_message(struct arena *a, const struct combination *c, struct message *m)
{
	message_init(m, a);
	m->envelope.mail_from = c->null_sender ? SLICE("") : SLICE("bounce@list.example.net");
	message_add_recipient(m, c->exempted == RECIPIENT ? SLICE("postmaster") :
	    SLICE("joe@mx.example"));
	if (c->exempted == RECIPIENT)
		message_add_recipient(m, SLICE("Abuse@mx.example"));
	message_add_header(m, SLICE("From"), SLICE(" joe@example.org"));
	if (c->source == LISTED)
		message_add_header(m, SLICE("List-ID"), SLICE(" <x.list.example.net>"));
	if (c->source == RESENT)
		message_add_header(m, SLICE("Resent-From"), SLICE(" x@list.example.net"));
}

static void make_verdict(struct arena *a, const struct combination *c, struct verdict *v)
{
	static const enum auth_result results[FINDINGS] = { AUTH_PASS, AUTH_FAIL, AUTH_TEMPERROR,
		AUTH_TEMPERROR, AUTH_NONE };
	static const enum dmarc_why whys[FINDINGS] = { DMARC_WHY_ALIGNED, DMARC_WHY_NOT_ALIGNED,
		DMARC_WHY_POLICY_UNKNOWN, DMARC_WHY_IDENTIFIER_UNKNOWN, DMARC_WHY_NO_RECORD };
	struct dmarc_author_result *r = arena_new(a, struct dmarc_author_result);
	bool known = c->finding != POLICY_UNKNOWN && c->finding != NO_RECORD;

	authors_parse(a, SLICE("joe@example.org"), &v->authors);
	r->domain = domain_of(a, "example.org");
	r->result = results[c->finding];
	r->why = whys[c->finding];
	r->discovery.organizational_domain = r->domain;
	r->discovery.status = known ? DMARC_DISCOVERED : c->finding == NO_RECORD ? DMARC_DISCOVERED_NOTHING :
	    DMARC_DISCOVERY_UNKNOWN;
	if (known) {
		r->policy = effective(c);
		r->testing = c->testing && c->published != DMARC_POLICY_NONE;
	}
	v->dmarc = (struct dmarc_result){ .result = r->result, .why = r->why, .deciding = r,
		.authors = r, .author_count = 1 };
	v->spf_checked = c->source != RELAYED;
	v->dkim_checked = v->dmarc_checked = true;
	v->spf.r.result = AUTH_NONE;
	if (c->source == LISTED || c->source == RESENT) { /* somebody else answers for it */
		v->spf.r.result = AUTH_PASS;
		v->spf.r.domain = domain_of(a, "list.example.net");
	}
}

/* --- what came out ------------------------------------------------------------------------------ */

static char letter(enum action action)
{
	return "AQTR"[action];
}

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

	if (c->finding == PASSES && effective(c) != DMARC_POLICY_NONE)
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
	struct arena *a = arena_create(1024 * 1024);
	const char *want = oracle(c);
	char done = c->enforce == ENFORCE_YES ? want[0] : 'A', text[200];
	struct verdict v = { 0 };
	struct actions got = { 0 };
	struct verdict_policy p;
	struct message m;

	make_policy(a, c, &p);
	make_message(a, c, &m);
	make_verdict(a, c, &v);
	ck_assert_int_eq(decide(a, &p, classes[c->source], &m, &v, &got), RC_OK);
	ck_assert_msg(letter(got.would) == want[0], "%s: would %s, want %s", said(c, text),
	    action_text(got.would), want);
	ck_assert_msg(letter(got.action) == done, "%s: action %s", said(c, text),
	    action_text(got.action));
	ck_assert_msg(got.edit_count == 0 && !got.hold, "%s: edits", said(c, text));
	ck_assert_msg(want[0] == 'A' || got.why.len > 0, "%s: no why", said(c, text));
	check_overrides(c, want, &got);
	check_disposition(c, want[0], &got);
	check_reply(c, done, &got);
	arena_free(&a);
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
	struct arena *a = arena_create(1024 * 1024);
	struct dkim_result dkim = { .result = AUTH_PASS };
	struct verdict v = { 0 };
	struct actions got = { 0 };
	struct verdict_policy p;
	struct message m;

	make_policy(a, &c, &p);
	make_message(a, &c, &m);
	make_verdict(a, &c, &v);
	for (size_t i = 0; flows[_i].fields[i] != NULL; i++)
		add_mark(&m, slice_str(flows[_i].fields[i]));
	if (flows[_i].spf != NULL) {
		v.spf.r.result = AUTH_PASS;
		v.spf.r.domain = domain_of(a, flows[_i].spf);
	}
	if (flows[_i].dkim != NULL) {
		dkim.sig.domain = domain_of(a, flows[_i].dkim);
		v.dkim = (struct dkim_results){ .items = &dkim, .count = 1 };
	}
	ck_assert_int_eq(arc_chain_read(a, &m, &v.arc.chain), RC_OK);
	ck_assert_int_eq(decide(a, &p, CLASS_EXTERNAL, &m, &v, &got), RC_OK);
	ck_assert_msg(letter(got.action) == flows[_i].want[0], "row %d (%s): %s", _i, flows[_i].name,
	    action_text(got.action));
	check_overrides(&c, flows[_i].want, &got);
	arena_free(&a);
}
END_TEST

/* --- From ----------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *from[3]; /* values of From fields */
	bool null_sender;
	char want;
	const char *enhanced;
} froms[] = {
	{ "D_11 none", { NULL }, false, 'R', "5.6.0" },
	{ "D_11 empty", { "" }, false, 'R', "5.6.0" },
	{ "D_11 two fields", { "a@example.org", "b@example.net" }, false, 'R', "5.7.1" },
	{ "D_50 an address literal", { "joe@[192.0.2.7]" }, false, 'R', "5.6.0" },
	{ "D_11 no address", { "joe" }, false, 'R', "5.6.0" },
	{ "D_11 an empty group", { "undisclosed:;" }, false, 'R', "5.6.0" },
	{ "bounce: none", { NULL }, true, 'A', NULL },
	{ "bounce: MAILER-DAEMON", { "MAILER-DAEMON" }, true, 'A', NULL },
	{ "bounce: MAILER-DAEMON with a name", { "MAILER-DAEMON (Mail Delivery System)" }, true, 'A',
		NULL },
	{ "bounce: MAILER-DAEMON at an address", { "Mailer-Daemon@[192.0.2.7]" }, true, 'A', NULL },
	{ "bounce: null address", { "Mail Delivery System <>" }, true, 'A', NULL },
	{ "bounce: somebody at an address", { "joe@[192.0.2.7]" }, true, 'R', "5.6.0" },
	{ "bounce: two people", { "x@bank.example y@evil.example" }, true, 'R', "5.6.0" },
	{ "bounce: MAILER-DAEMON and somebody", { "MAILER-DAEMON@[192.0.2.7] x@bank@bank.example" },
		true, 'R', "5.6.0" },
	{ "bounce: MAILER-DAEMON of somebody's domain, and somebody",
		{ "MAILER-DAEMON@bank.example MAILER-DAEMON@evil.example" }, true, 'R', "5.6.0" },
	{ "bounce: accepted 1", { "MAILER-DAEMON@[192.0.2.1]" }, true, 'A', NULL },
	{ "bounce: accepted 2", { "Mail Delivery System <MAILER-DAEMON@[192.0.2.1]>" }, true, 'A', NULL },
	{ "bounce: accepted 3", { "Mail System\r\n <mailer-daemon@[IPv6:2001:db8::1]> " }, true, 'A', NULL },
	{ "bounce: accepted 4", { "=?iso-2022-jp?b?GyRCRnxLXBsoQg==?= <>" }, true, 'A', NULL },
	{ "bounce: refused 1", { "Bank <ceo-MAILER-DAEMON@[192.0.2.1].bank.example>" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 2", { "Bank CEO <ceo.MAILER-DAEMON@[192.0.2.1]bank.example>" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 3", { "MAILER-DAEMON@[ceo%bank.example]" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 4", { "MAILER-DAEMON@[192.0.2.1] <ceo%bank.example>" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 5", { "<ceo%bank.example> MAILER-DAEMON@[192.0.2.1]" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 6", { "x <MAILER-DAEMON@[192.0.2.1]" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 7", { "MAILER-DAEMON@[192.0.2.1]>" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 8", { "<MAILER-DAEMON@[192.0.2.1]> x" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 9", { "ceo.MAILER-DAEMON@[192.0.2.1]" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 10", { "MAILER-DAEMON@[192.0.2.1" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 11", { "MAILER-DAEMON@192.0.2.1]" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 12", { "MAILER-DAEMON@[]" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 13", { "MAILER-DAEMON@" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 14", { "MAILER-DAEMON@[IPv6:192.0.2.1]" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 15", { "=?utf-8?b?Y2VvQ?= =?utf-8?b?GJhbmsuZXhhbXBsZQ==?=" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 16", { "=?utf-8?q?CEO_<ceo=?= =?utf-8?q?40bank.example>?=" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 17", { "=?utf-8?q?ceo=\r\n 40bank.example?=" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 18", { "=?iso-2022-jp?b?Y2VvGyQoQiF3GyhCYmFuay5leGFtcGxl?=" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 19", { "=?gbk?q?ceo=A9=88bank.example?=" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 20", { "=?big5?q?ceo=A2=4Ebank.example?=" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 21", { "ceo\xa3\xc0" "bank.example" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 22", { "ceo\x81\x97" "bank.example" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 23", { "ceo\x1b$B!w\x1b(Bbank.example" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 24", { "\"=\\?utf-8?q?ceo=40bank.example?=\"" },
		true, 'R', "5.6.0" },
	{ "bounce: raw ISO-2022-JP", { "ceo\x1b$B!w\x1b(Bbank.example" }, true, 'R', "5.6.0" },
	{ "bounce: two fields", { "MAILER-DAEMON", "x@bank.example" }, true, 'R', "5.7.1" },
	{ "too many domains, a ceiling even for bounces", { "@@many" }, true, 'R', "5.7.1" },
};

static void add_many_authors(struct message *m)
{
	struct buf value = BUF_INIT(4096);

	for (int i = 0; i < 11; i++)
		buf_addf(&value, "%sa@d%d.example", i == 0 ? " " : ", ", i);
	message_add_header(m, SLICE("From"), buf_slice(&value));
	buf_free(&value);
}

static void from_message(struct arena *a, int row, struct message *m)
{
	message_init(m, a);
	m->envelope.mail_from = froms[row].null_sender ? SLICE("") : SLICE("a@example.org");
	for (size_t i = 0; i < 3 && froms[row].from[i] != NULL; i++) {
		struct slice value = slice_str(froms[row].from[i]);

		if (slice_eq(value, SLICE("@@many")))
			add_many_authors(m);
		else
			message_add_header(m, SLICE("From"), value);
	}
}

START_TEST(from_rows)
{
	struct arena *a = arena_create(1024 * 1024);
	struct verdict v = { .dmarc_checked = true };
	struct actions got = { 0 };
	struct verdict_policy p;
	struct message m;

	world_defaults(&p, a);
	p.enforce = ENFORCE_YES;
	from_message(a, _i, &m);
	authors_of_message(&m, &v.authors);
	ck_assert_msg(v.authors.status != FROM_OK, "row %d (%s): has an author", _i, froms[_i].name);
	v.dmarc.result = AUTH_PERMERROR;
	ck_assert_int_eq(decide(a, &p, CLASS_EXTERNAL, &m, &v, &got), RC_OK);
	ck_assert_msg(letter(got.action) == froms[_i].want, "row %d (%s): %s", _i, froms[_i].name,
	    action_text(got.action));
	if (froms[_i].enhanced != NULL)
		ck_assert_msg(got.reply.code == 550 && strcmp(got.reply.enhanced, froms[_i].enhanced) == 0,
		    "row %d (%s): %d %s", _i, froms[_i].name, got.reply.code, got.reply.enhanced);
	arena_free(&a);
}
END_TEST

/* Each status has a setting of its own. */
START_TEST(from_settings)
{
	static const enum action each[] = { ACTION_ACCEPT, ACTION_QUARANTINE, ACTION_TEMPFAIL,
		ACTION_REJECT };
	static const enum action missing[] = { ACTION_ACCEPT, ACTION_QUARANTINE, ACTION_REJECT,
		ACTION_REJECT }; /* what is wrong stays wrong: no 4xx */
	struct arena *a = arena_create(1024 * 1024);
	struct verdict_policy p;

	world_defaults(&p, a);
	p.enforce = ENFORCE_YES;
	for (size_t i = 0; i < N_ELEMENTS(each); i++) {
		struct verdict v = { .dmarc_checked = true, .authors.status = FROM_MISSING };
		struct actions got = { 0 };
		struct message m;

		message_init(&m, a);
		m.envelope.mail_from = SLICE("a@example.org");
		p.dmarc_actions.from_missing = each[i];
		p.dmarc_actions.from_multiple = each[3 - i];
		p.dmarc_actions.from_invalid = each[3 - i];
		ck_assert_int_eq(decide(a, &p, CLASS_EXTERNAL, &m, &v, &got), RC_OK);
		ck_assert_int_eq(got.action, missing[i]);
	}
	arena_free(&a);
}
END_TEST

/* A ceiling is never an acceptance, whatever is set. */
START_TEST(too_many_authors_meet_on_exceed)
{
	static const struct {
		enum action set;
		char want;
	} each[] = { { ACTION_ACCEPT, 'R' }, { ACTION_QUARANTINE, 'Q' }, { ACTION_TEMPFAIL, 'T' },
		{ ACTION_REJECT, 'R' } };
	struct arena *a = arena_create(1024 * 1024);
	struct verdict v = { .dmarc_checked = true, .authors.status = FROM_TOO_MANY };
	struct verdict_policy p;
	struct message m;

	world_defaults(&p, a);
	p.enforce = ENFORCE_YES;
	message_init(&m, a);
	for (size_t i = 0; i < N_ELEMENTS(each); i++) {
		struct actions got = { 0 };

		p.on_exceed = each[i].set;
		ck_assert_int_eq(decide(a, &p, CLASS_EXTERNAL, &m, &v, &got), RC_OK);
		ck_assert_msg(letter(got.action) == each[i].want, "on-exceed %s: %s",
		    action_text(each[i].set), action_text(got.action));
	}
	arena_free(&a);
}
END_TEST

/* --- SPF and DKIM by themselves -------------------------------------------------------------------- */

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
	struct arena *a = arena_create(1024 * 1024);
	struct verdict v = { 0 };
	struct actions got = { 0 };
	struct verdict_policy p;
	struct message m;

	make_policy(a, &c, &p);
	make_message(a, &c, &m);
	make_verdict(a, &c, &v);
	memcpy(p.on, spfs[_i].set, sizeof(p.on));
	v.spf.r.result = spfs[_i].result;
	v.spf.r.domain = domain_of(a, "example.org");
	v.spf.r.explanation = SLICE("go away");
	ck_assert_int_eq(decide(a, &p, spfs[_i].class, &m, &v, &got), RC_OK);
	ck_assert_msg(letter(got.action) == spfs[_i].want, "row %d (%s): %s", _i, spfs[_i].name,
	    action_text(got.action));
	ck_assert_msg(got.reply.code == spfs[_i].code, "row %d (%s): %d", _i, spfs[_i].name,
	    got.reply.code);
	if (spfs[_i].enhanced != NULL)
		ck_assert_str_eq(got.reply.enhanced, spfs[_i].enhanced);
	/* X_10 P_36: the sender's words come last, and as his */
	if (got.reply.code == 550 && spfs[_i].result == AUTH_FAIL)
		ck_assert(slice_iends_with(got.reply.text, SLICE("; example.org explains: go away")));
	arena_free(&a);
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
	struct arena *a = arena_create(1024 * 1024);
	struct verdict v = { 0 };
	struct actions got = { 0 };
	struct verdict_policy p;
	struct message m;

	make_policy(a, &c, &p);
	make_message(a, &c, &m);
	make_verdict(a, &c, &v);
	ck_assert(ip_parse(SLICE("192.0.2.7"), &m.envelope.client));
	memcpy(p.on, helos[_i].set, sizeof(p.on));
	v.spf.r.result = helos[_i].spf;
	v.spf.r.why = helos[_i].spf_why;
	v.spf.r.domain = domain_of(a, "example.org");
	v.helo.r.result = helos[_i].helo;
	v.helo.r.why = helos[_i].helo_why;
	v.helo.r.domain = domain_of(a, "mx.test");
	ck_assert_int_eq(decide(a, &p, helos[_i].class, &m, &v, &got), RC_OK);
	ck_assert_msg(letter(got.action) == helos[_i].want, "row %d (%s): %s", _i, helos[_i].name,
	    action_text(got.action));
	ck_assert_msg(slice_starts_with(got.reply.text, slice_str(helos[_i].reply)), "row %d (%s): %.*s",
	    _i, helos[_i].name, SLICE_ARG(got.reply.text));
	ck_assert_msg((got.reply.code == 550) == (helos[_i].reply != NULL), "row %d (%s)", _i,
	    helos[_i].name);
	arena_free(&a);
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
	struct arena *a = arena_create(1024 * 1024);
	struct dkim_result items[2] = { { .result = dkims[_i].first,
		.hopeless = dkims[_i].hopeless }, { .result = dkims[_i].second } };
	struct verdict v = { 0 };
	struct actions got = { 0 };
	struct verdict_policy p;
	struct message m;

	make_policy(a, &c, &p);
	make_message(a, &c, &m);
	make_verdict(a, &c, &v);
	p.on[ON_DKIM_TEMPERROR] = ACTION_REJECT;
	v.dmarc.result = v.dmarc.authors[0].result = dkims[_i].dmarc;
	v.dkim = (struct dkim_results){ .items = items, .count = 2 };
	ck_assert_int_eq(decide(a, &p, CLASS_EXTERNAL, &m, &v, &got), RC_OK);
	ck_assert_msg(letter(got.action) == dkims[_i].want, "row %d (%s): %s", _i, dkims[_i].name,
	    action_text(got.action));
	if (dkims[_i].want == 'T') {
		ck_assert_int_eq(got.reply.code, 451);
		ck_assert_str_eq(got.reply.enhanced, "4.7.5");
	}
	p.on[ON_DKIM_TEMPERROR] = ACTION_ACCEPT;
	got = (struct actions){ 0 };
	ck_assert_int_eq(decide(a, &p, CLASS_EXTERNAL, &m, &v, &got), RC_OK);
	ck_assert_int_eq(got.action, ACTION_ACCEPT);
	arena_free(&a);
}
END_TEST

/* --- several findings at once ----------------------------------------------------------------------- */

/* The strictest wins, whichever it is; the answer is worded for that one. */
START_TEST(strictest_wins)
{
	struct combination c = { .finding = FAILS, .published = DMARC_POLICY_QUARANTINE,
		.enforce = ENFORCE_YES, .section = -1 };
	struct arena *a = arena_create(1024 * 1024);
	struct verdict v = { 0 };
	struct actions got = { 0 };
	struct verdict_policy p;
	struct message m;

	make_policy(a, &c, &p);
	make_message(a, &c, &m);
	make_verdict(a, &c, &v);
	p.on[ON_SPF_FAIL] = ACTION_REJECT;
	v.spf.r.result = AUTH_FAIL;
	v.spf.r.domain = domain_of(a, "example.org");
	ck_assert_int_eq(decide(a, &p, CLASS_EXTERNAL, &m, &v, &got), RC_OK);
	ck_assert_int_eq(got.action, ACTION_REJECT);
	ck_assert_str_eq(got.reply.enhanced, "5.7.23");
	ck_assert_int_eq(got.disposition, DISPOSITION_QUARANTINE); /* as far as the policy goes */
	arena_free(&a);
}
END_TEST

/* D_37: p=none asks for nothing, and a section for recipients does not change that. */
START_TEST(recipients_and_no_policy)
{
	struct recipient_section hard = { SLICE("mx.example"), { [ON_DMARC_FAIL] = { true, ACTION_REJECT } } };
	struct combination c = { .finding = FAILS, .published = (enum dmarc_policy)_i,
		.enforce = ENFORCE_YES, .section = -1 };
	struct arena *a = arena_create(1024 * 1024);
	struct verdict v = { 0 };
	struct actions got = { 0 };
	struct verdict_policy p;
	struct message m;

	make_policy(a, &c, &p);
	make_message(a, &c, &m);
	make_verdict(a, &c, &v);
	p.recipient_sections = &hard;
	p.recipient_section_count = 1;
	ck_assert_int_eq(decide(a, &p, CLASS_EXTERNAL, &m, &v, &got), RC_OK);
	ck_assert_int_eq(got.action, _i == DMARC_POLICY_NONE ? ACTION_ACCEPT : ACTION_REJECT);
	arena_free(&a);
}
END_TEST

/* D_12: several authors, the strictest failing policy, wherever it stands. */
START_TEST(several_authors)
{
	struct combination c = { .finding = FAILS, .published = DMARC_POLICY_NONE,
		.enforce = ENFORCE_YES, .section = -1 };
	struct arena *a = arena_create(1024 * 1024);
	struct dmarc_author_result both[2];
	struct verdict v = { 0 };
	struct actions got = { 0 };
	struct verdict_policy p;
	struct message m;

	make_policy(a, &c, &p);
	make_message(a, &c, &m);
	make_verdict(a, &c, &v);
	both[0] = both[1] = v.dmarc.authors[0];
	both[_i].policy = DMARC_POLICY_REJECT;
	both[_i].domain = domain_of(a, "strict.example");
	v.dmarc.authors = both;
	v.dmarc.author_count = 2;
	v.dmarc.deciding = &both[_i];
	ck_assert_int_eq(decide(a, &p, CLASS_EXTERNAL, &m, &v, &got), RC_OK);
	ck_assert_int_eq(got.action, ACTION_REJECT);
	ck_assert_ptr_nonnull(memmem(got.reply.text.ptr, got.reply.text.len, "strict.example", 14));
	/* the strict one passing does not make the other's failure strict */
	both[_i].result = AUTH_PASS;
	got = (struct actions){ 0 };
	ck_assert_int_eq(decide(a, &p, CLASS_EXTERNAL, &m, &v, &got), RC_OK);
	ck_assert_int_eq(got.action, ACTION_ACCEPT);
	arena_free(&a);
}
END_TEST

/* Text of ours, with the operator's URL behind it, and within what an SMTP reply can hold. */
START_TEST(reply_text)
{
	struct combination c = { .finding = FAILS, .published = DMARC_POLICY_REJECT,
		.enforce = ENFORCE_YES, .section = -1 };
	struct arena *a = arena_create(1024 * 1024);
	struct dkim_result items[20] = { 0 };
	struct verdict v = { 0 };
	struct actions got = { 0 };
	struct verdict_policy p;
	struct message m;
	char label[64];

	make_policy(a, &c, &p);
	make_message(a, &c, &m);
	make_verdict(a, &c, &v);
	memset(label, 'x', 63);
	label[63] = '\0';
	for (size_t i = 0; i < N_ELEMENTS(items); i++) {
		items[i].result = AUTH_FAIL;
		items[i].sig.domain = domain_of(a,
		    arena_printf(a, "%s.%s.%s.org", label, label, label).ptr);
	}
	v.dkim = (struct dkim_results){ .items = items, .count = N_ELEMENTS(items) };
	p.reply_url = SLICE("https://example.com/100%");
	ck_assert_int_eq(decide(a, &p, CLASS_EXTERNAL, &m, &v, &got), RC_OK);
	ck_assert_uint_le(got.reply.text.len, LIMIT_REPLY_TEXT);
	v.dkim.count = 0;
	ck_assert_int_eq(decide(a, &p, CLASS_EXTERNAL, &m, &v, &got), RC_OK);
	ck_assert(slice_iends_with(got.reply.text, SLICE("; see https://example.com/100%")));
	ck_assert(slice_eq(got.reply.text, SLICE("DMARC: mail from example.org is refused as its "
		"policy asks (p=reject): SPF none, no DKIM signature; no passing identifier is aligned "
		"with example.org; see https://example.com/100%")));
	arena_free(&a);
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
	struct arena *a = arena_create(1024 * 1024);
	struct dkim_result items[3] = { 0 };
	struct verdict v = { 0 };
	struct actions got = { 0 };
	struct verdict_policy p;
	struct message m;
	size_t n = 0;

	make_policy(a, &c, &p);
	make_message(a, &c, &m);
	make_verdict(a, &c, &v);
	for (; n < 3 && required_rows[_i].signatures[n].domain != NULL; n++)
		items[n] = (struct dkim_result){ .result = required_rows[_i].signatures[n].result,
			.hopeless = required_rows[_i].signatures[n].hopeless,
			.sig.domain = domain_of(a, required_rows[_i].signatures[n].domain) };
	v.dkim = (struct dkim_results){ .items = items, .count = n };
	v.dmarc.authors[0].dkim_aligned = required_rows[_i].aligned;
	if (required_rows[_i].recorded)
		v.dmarc.authors[0].discovery.status = DMARC_DISCOVERED;
	p.on[ON_DKIM_NONE] = required_rows[_i].on_none;
	p.on[ON_DKIM_FAIL] = required_rows[_i].on_fail;
	ck_assert_int_eq(decide(a, &p, required_rows[_i].class, &m, &v, &got), RC_OK);
	ck_assert_msg(letter(got.action) == required_rows[_i].want, "row %d (%s): %s", _i,
	    required_rows[_i].name, action_text(got.action));
	if (required_rows[_i].enhanced != NULL)
		ck_assert_str_eq(got.reply.enhanced, required_rows[_i].enhanced);
	arena_free(&a);
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
	struct arena *a = arena_create(1024 * 1024);
	struct dkim_result signature = { 0 };
	struct verdict v = { 0 };
	struct actions got = { 0 };
	struct verdict_policy p;
	struct message m;

	make_policy(a, &c, &p);
	make_message(a, &c, &m);
	make_verdict(a, &c, &v);
	bring_about(to_rows[_i].on, &v, &signature);
	m.envelope.recipient_count = 0;
	for (size_t i = 0; i < 3 && to_rows[_i].recipients[i] != NULL; i++)
		message_add_recipient(&m, slice_str(to_rows[_i].recipients[i]));
	p.on[to_rows[_i].on] = to_rows[_i].plain;
	sections[0].on[to_rows[_i].on] = (struct recipient_action){ true, to_rows[_i].hard };
	sections[1].on[to_rows[_i].on] = (struct recipient_action){ true, to_rows[_i].mild };
	sections[2].on[to_rows[_i].on] = (struct recipient_action){ true, ACTION_ACCEPT };
	p.recipient_sections = sections;
	p.recipient_section_count = N_ELEMENTS(sections);
	ck_assert_int_eq(decide(a, &p, CLASS_EXTERNAL, &m, &v, &got), RC_OK);
	ck_assert_msg(letter(got.action) == to_rows[_i].want, "row %d (%s): %s", _i, to_rows[_i].name,
	    action_text(got.action));
	ck_assert_msg(to_rows[_i].why == NULL ? slice_is_null(got.why) :
	    memmem(got.why.ptr, got.why.len, to_rows[_i].why, strlen(to_rows[_i].why)) != NULL, "row %d (%s): %.*s", _i,
	    to_rows[_i].name, SLICE_ARG(got.why));
	arena_free(&a);
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
	struct arena *a = arena_create(1024 * 1024);
	struct dkim_result signature = { .result = AUTH_TEMPERROR };
	struct verdict v = { 0 };
	struct actions got = { 0 };
	struct verdict_policy p;
	struct message m;

	make_policy(a, &c, &p);
	make_message(a, &c, &m);
	make_verdict(a, &c, &v);
	p.on_local_trouble = local_rows[_i].set;
	if (local_rows[_i].spf_setting == SPF_REFUSED)
		p.on[ON_SPF_FAIL] = ACTION_REJECT;
	if (local_rows[_i].spf_setting == SPF_NONE_REFUSED)
		p.on[ON_SPF_NONE] = ACTION_REJECT;
	if (local_rows[_i].spf_setting == HELO_REFUSED) {
		p.on[ON_SPF_HELO_FAIL] = ACTION_REJECT;
		v.helo.r.result = AUTH_TEMPERROR;
	}
	if (local_rows[_i].spf_setting == SPF_REFUSED_TO_ONE) {
		p.recipient_sections = &hard;
		p.recipient_section_count = 1;
	}
	if (local_rows[_i].marks)
		add_mark(&m, SLICE("List-Id"));
	v.local_trouble = true;
	v.spf.r.result = local_rows[_i].spf;
	if (local_rows[_i].signature_undecided)
		v.dkim = (struct dkim_results){ .items = &signature, .count = 1 };
	ck_assert_int_eq(decide(a, &p, classes[c.source], &m, &v, &got), RC_OK);
	ck_assert_msg(letter(got.action) == local_rows[_i].want[0] &&
	    letter(got.would) == local_rows[_i].want[1], "row %d (%s): %s, would %s", _i,
	    local_rows[_i].name, action_text(got.action), action_text(got.would));
	if (got.action == ACTION_TEMPFAIL) {
		ck_assert_int_eq(got.reply.code, 451);
		ck_assert_int_eq(got.disposition, DISPOSITION_NONE);
		ck_assert_uint_eq(got.override_count, 0);
	}
	arena_free(&a);
}
END_TEST

Suite *decide_suite(void)
{
	Suite *s = suite_create("decide");

	unit_table(s, "every_combination", every_combination, (int)FINDINGS * (int)SOURCES);
	UNIT_TABLE(s, flow_rows, flows);
	UNIT_TABLE(s, from_rows, froms);
	UNIT_TEST(s, from_settings);
	UNIT_TEST(s, too_many_authors_meet_on_exceed);
	UNIT_TABLE(s, spf_rows, spfs);
	UNIT_TABLE(s, helo_rows, helos);
	UNIT_TABLE(s, dkim_rows, dkims);
	UNIT_TEST(s, strictest_wins);
	unit_table(s, "recipients_and_no_policy", recipients_and_no_policy, 3);
	unit_table(s, "several_authors", several_authors, 2);
	UNIT_TEST(s, reply_text);
	UNIT_TABLE(s, local_trouble_rows, local_rows);
	UNIT_TABLE(s, required_signature_rows, required_rows);
	UNIT_TABLE(s, occasions_of_recipients, to_rows);
	return s;
}

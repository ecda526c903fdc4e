#include "base/ascii.h"
#include "base/cursor.h"
#include "base/ip.h"
#include "dmarc/psl.h"
#include "mail/encoded_word.h"

#include "demand.h"
#include "exempt.h"
#include "indirect.h"

#include "verdict/decide.h"

static const char *const override_texts[] = {
	[OVERRIDE_LOCAL_POLICY] = "local_policy",
	[OVERRIDE_MAILING_LIST] = "mailing_list",
	[OVERRIDE_OTHER] = "other",
	[OVERRIDE_POLICY_TEST_MODE] = "policy_test_mode",
	[OVERRIDE_TRUSTED_FORWARDER] = "trusted_forwarder",
};

const char *override_type_text(enum override_type type)
{
	return override_texts[type];
}

static const char *const disposition_texts[] = {
	[DISPOSITION_NONE] = "none",
	[DISPOSITION_PASS] = "pass",
	[DISPOSITION_QUARANTINE] = "quarantine",
	[DISPOSITION_REJECT] = "reject",
};

const char *disposition_text(enum disposition d)
{
	return disposition_texts[d];
}

/* What one decision looks at. */
struct bench {
	struct arena *a;
	const struct verdict_policy *p;
	enum message_class class;
	const struct message *m;
	const struct verdict *v;
	struct indirect_marks marks;
	struct slice exempt; /* why the message is never refused; null: it may be */
};

static const struct slice listed = { "the client is in forwarders", 27 };

/* A finding that stays as it is gets no 4xx (RFC 6376 section 6.3). */
static enum action permanent(enum action action)
{
	return action == ACTION_TEMPFAIL ? ACTION_REJECT : action;
}

/* Temporary trouble never refuses for good (RFC 7208 section 8.6, RFC 9989 section 4.10.1). */
static enum action temporary(enum action action)
{
	return action == ACTION_REJECT ? ACTION_TEMPFAIL : action;
}

/* The action that replaces a refusal for mail that may not be refused. */
static enum action unrefused(enum action action)
{
	switch (action) {
	case ACTION_REJECT:
		return ACTION_QUARANTINE;
	case ACTION_TEMPFAIL:
		return ACTION_ACCEPT;
	case ACTION_ACCEPT:
	case ACTION_QUARANTINE:
		break;
	}
	return action;
}

static enum action asked_by(enum dmarc_policy policy)
{
	static const enum action asked[] = {
		[DMARC_POLICY_NONE] = ACTION_ACCEPT,
		[DMARC_POLICY_QUARANTINE] = ACTION_QUARANTINE,
		[DMARC_POLICY_REJECT] = ACTION_REJECT,
	};

	return asked[policy];
}

/*
 * Changes the action and records the reason.  A later rule replaces the reason of an earlier one.  Where it
 * restores the published policy, action equals d->asked again, and no override is reported.
 */
static void depart(struct demand *d, enum action action, enum override_type type,
    struct slice comment)
{
	if (action == d->action)
		return;
	d->action = action;
	d->override = (struct override){ type, comment };
}

static struct slice setting(const struct bench *b, const char *name, enum action action)
{
	return arena_printf(b->a, "%s = %s", name, action_text(action));
}

/* --- DMARC ----------------------------------------------------------------------------------- */

/* "SEALER" or "SEALER for AUTHOR", names that the configuration has checked; AUTHOR covers all below it. */
static bool entry_trusts(struct arena *a, struct slice entry, struct domain sealer,
    struct domain author)
{
	struct slice rest = entry, name = slice_split(&rest, ' ');
	struct domain wanted;

	if (!domain_parse(a, name, &wanted) || !domain_eq(wanted, sealer))
		return false;
	if (slice_is_null(rest))
		return true;
	slice_split(&rest, ' '); /* "for" */
	return domain_parse(a, rest, &wanted) && domain_is_at_or_below(author, wanted);
}

/*
 * The one verdict that is read from a header: the newest set of a chain that verifies, by a sealer
 * that the operator trusts by name, records an aligned pass for this author (RFC 8617 sections 7.2.1
 * and 9.4).
 */
static bool trusted_sealer_saw_pass(const struct bench *b, struct domain author)
{
	const struct slice_list *list = &b->p->arc.trusted_sealers;
	struct domain sealer = arc_sealer_domain(&b->v->arc);
	const char *how;

	for (size_t i = 0; i < list->count && !domain_is_none(sealer); i++)
		if (entry_trusts(b->a, list->items[i], sealer, author))
			return arc_shows_pass(b->a, &b->v->arc, author, &how);
	return false;
}

/* Never stricter than what is asked for. */
static bool apply_trusted_sealer(const struct bench *b, struct demand *d)
{
	enum action action = permanent(b->p->arc.on_trusted);

	if (d->author->policy == DMARC_POLICY_NONE ||
	    !trusted_sealer_saw_pass(b, d->author->domain))
		return false;
	if (action < d->action)
		depart(d, action, OVERRIDE_LOCAL_POLICY, arc_report_comment(b->a, &b->v->arc));
	return true;
}

/*
 * RFC 9989 section 7.4: p=reject alone is not a reason to reject.  Direct mail is; mail that shows an
 * indirect flow, or comes from a client that is known to forward, meets `indirect`.
 */
static void apply_published(const struct bench *b, struct demand *d)
{
	const struct dmarc_actions *set = &b->p->dmarc_actions;
	struct slice how;

	if (d->author->policy == DMARC_POLICY_QUARANTINE) {
		enum action action = permanent(set->on_policy_quarantine);

		depart(d, action, OVERRIDE_LOCAL_POLICY,
		    setting(b, "on-policy-quarantine", action));
	} else if (d->author->policy == DMARC_POLICY_REJECT) {
		enum action action = permanent(set->on_policy_reject);
		enum action indirect = permanent(set->indirect);

		if (b->class == CLASS_FORWARDER)
			depart(d, indirect, OVERRIDE_TRUSTED_FORWARDER, listed);
		else if (indirect_flow(b->a, b->v, &b->marks, d->author, &how))
			depart(d, indirect,
			    b->marks.list ? OVERRIDE_MAILING_LIST : OVERRIDE_LOCAL_POLICY, how);
		else
			depart(d, action, OVERRIDE_LOCAL_POLICY,
			    setting(b, "on-policy-reject", action));
	}
}

/* policy "...": instead of what the domain publishes, p=none included */
static bool apply_section(const struct bench *b, struct demand *d)
{
	const struct policy_section *s = exempt_section(b->p, d->author->domain);

	if (s == NULL || !s->has_action)
		return false;
	depart(d, permanent(s->on_fail), OVERRIDE_LOCAL_POLICY, s->comment.len > 0 ? s->comment :
	    arena_printf(b->a, "policy \"%.*s\"", SLICE_ARG(s->domain.name)));
	return true;
}

/* policy-to "..." */
static void apply_recipients(const struct bench *b, struct demand *d)
{
	struct slice pattern;
	enum action action = permanent(exempt_recipients(b->a, b->p, b->m, ON_DMARC_FAIL,
	    d->action, &pattern));

	if (!slice_is_null(pattern))
		depart(d, action, OVERRIDE_LOCAL_POLICY,
		    arena_printf(b->a, "policy-to \"%.*s\"", SLICE_ARG(pattern)));
}

/* Mail that fails for d->author: what is wished for, refusable or not. */
static void wish_for_failure(const struct bench *b, struct demand *d)
{
	bool sectioned;

	d->asked = d->action = asked_by(d->author->policy);
	sectioned = apply_section(b, d);
	if (!sectioned && !apply_trusted_sealer(b, d))
		apply_published(b, d);
	/* p=none asks for nothing, and recipients' sections do not change that */
	if (sectioned || d->author->policy != DMARC_POLICY_NONE)
		apply_recipients(b, d);
	/* SPF is unknown behind an own relay, so a failure of DKIM alone is not a reason to reject */
	if (b->class == CLASS_OWN_RELAY && !b->v->spf_checked)
		depart(d, ACTION_ACCEPT, OVERRIDE_LOCAL_POLICY,
		    SLICE("received through an own relay: SPF is not known"));
}

/*
 * The action for a message that may not be refused.  A sender may have caused a failure of our own resolver,
 * so such a failure leads to quarantine, as a DMARC failure would, and not to acceptance.
 */
static enum action capped(const struct demand *d)
{
	if (d->kind == DEMAND_LOCAL_TROUBLE && d->action == ACTION_TEMPFAIL)
		return ACTION_QUARANTINE;
	return unrefused(d->action);
}

static void cap_refusal(const struct bench *b, struct demand *d)
{
	enum action action = capped(d);
	bool may_refuse = class_rules(b->class)->may_refuse;

	if (action == d->action || (may_refuse && slice_is_null(b->exempt)))
		return;
	if (b->class == CLASS_FORWARDER)
		depart(d, action, OVERRIDE_TRUSTED_FORWARDER, listed);
	else if (!may_refuse)
		depart(d, action, OVERRIDE_LOCAL_POLICY, SLICE("received through an own relay"));
	else
		depart(d, action, OVERRIDE_LOCAL_POLICY, b->exempt);
}

static void demand_of_failure(const struct bench *b, struct demand *d)
{
	const struct dmarc_author_result *r = d->author;

	d->kind = DEMAND_DMARC_FAIL;
	wish_for_failure(b, d);
	cap_refusal(b, d);
	if (d->action != d->asked)
		d->why = arena_printf(b->a, "%.*s fails DMARC (p=%s); %.*s",
		    SLICE_ARG(r->domain.name), dmarc_policy_text(r->policy),
		    SLICE_ARG(d->override.comment));
	else if (d->action != ACTION_ACCEPT)
		d->why = arena_printf(b->a, "%.*s fails DMARC (p=%s)", SLICE_ARG(r->domain.name),
		    dmarc_policy_text(r->policy));
}

/* D-30: undecided mail is deferred only where a failure would have had a consequence. */
static void demand_of_temperror(const struct bench *b, struct demand *d)
{
	const struct dmarc_actions *set = &b->p->dmarc_actions;
	bool unknown = d->author->why != DMARC_WHY_IDENTIFIER_UNKNOWN; /* the policy is */
	const char *name = unknown ? "on-temperror-policy" : "on-temperror-identifier";

	d->kind = unknown ? DEMAND_DMARC_POLICY_UNKNOWN : DEMAND_DMARC_UNDECIDED;
	d->action = ACTION_ACCEPT;
	if (!unknown)
		wish_for_failure(b, d);
	if (unknown || d->action != ACTION_ACCEPT)
		d->action = temporary(unknown ? set->on_temperror_policy :
		    set->on_temperror_identifier);
	if (d->action != ACTION_ACCEPT)
		d->why = arena_printf(b->a, "%.*s: %s (%s = %s)", SLICE_ARG(d->author->domain.name),
		    dmarc_why_text(d->author->why), name, action_text(d->action));
	cap_refusal(b, d);
	d->asked = d->action; /* neither pass nor fail: there is nothing to depart from */
}

static struct demand demand_of_author(const struct bench *b, const struct dmarc_author_result *r)
{
	struct demand d = { .kind = DEMAND_NOTHING, .author = r };

	if (r->result == AUTH_FAIL)
		demand_of_failure(b, &d);
	else if (r->result == AUTH_TEMPERROR)
		demand_of_temperror(b, &d);
	return d;
}

/* RFC 9989 section 11.5: several authors, the strictest wins; at a tie, the one deciding there. */
static struct demand demand_of_dmarc(const struct bench *b)
{
	const struct dmarc_result *dmarc = &b->v->dmarc;
	struct demand best = { .kind = DEMAND_NOTHING };

	for (size_t i = 0; i < dmarc->author_count; i++) {
		struct demand d = demand_of_author(b, &dmarc->authors[i]);

		if (i == 0 || d.action > best.action ||
		    (d.action == best.action && d.author == dmarc->deciding))
			best = d;
	}
	return best;
}

/* --- From ------------------------------------------------------------------------------------ */

/* "[" (IPv4-address-literal / IPv6-address-literal) "]" (RFC 5321 section 4.1.3) */
static bool take_address_literal(struct cursor *c)
{
	struct slice text = cursor_rest(c);
	size_t end = slice_find(text, ']');
	struct ip ip;
	bool v6;

	if (end == text.len || !take_char(c, '['))
		return false;
	v6 = take_iliteral(c, SLICE("IPv6:"));
	text = slice_between(c->at, text.ptr + end);
	c->at = text.ptr + text.len + 1;
	return v6 ? ip_parse_v6(text, &ip) : ip_parse_v4(text, &ip);
}

/* [text FWS] MAILER-DAEMON@[address], or [text] "<" MAILER-DAEMON@[address] ">", and nothing else */
static bool is_mailer_daemon(struct slice value)
{
	static const struct slice daemon = { "MAILER-DAEMON", 13 };
	struct slice before = slice_take(value, slice_find(value, '@'));
	struct cursor c = cursor_of(slice_drop(value, before.len + 1));
	bool angle;

	if (!slice_iends_with(before, daemon))
		return false;
	before.len -= daemon.len;
	angle = before.len > 0 && before.ptr[before.len - 1] == '<';
	if (!angle && before.len > 0 && !is_fws(before.ptr[before.len - 1]))
		return false;
	before.len -= angle ? 1 : 0;
	if (slice_find(before, '<') < before.len || slice_find(before, '>') < before.len ||
	    !take_address_literal(&c))
		return false;
	skip_fws(&c);
	if (angle && !take_char(&c, '>'))
		return false;
	skip_fws(&c);
	return cursor_done(&c);
}

/*
 * A bounce need not name an author: its From may be missing, or show no domain in any decoding.
 * "@" may occur in it only once, as MAILER-DAEMON@[address]: a mail reader could show anything else as
 * the address of a person.
 */
static bool from_shows_no_domain(const struct bench *b)
{
	const struct header *from = message_field(b->m, SLICE("From"), 0);

	if (from == NULL)
		return true;
	if (slice_find(from->value, '@') < from->value.len && !is_mailer_daemon(from->value))
		return false;
	return !encoded_word_may_show_at(b->a, from->value);
}

static enum action from_action(const struct bench *b, const char **name_out)
{
	const struct dmarc_actions *set = &b->p->dmarc_actions;
	enum from_status status = b->v->authors.status;
	bool bounce = b->m->envelope.mail_from.len == 0 && from_shows_no_domain(b);

	switch (status) {
	case FROM_MISSING:
		*name_out = "from-missing";
		return bounce ? ACTION_ACCEPT : set->from_missing;
	case FROM_INVALID:
		*name_out = "from-invalid";
		return bounce ? ACTION_ACCEPT : set->from_invalid;
	case FROM_MULTIPLE:
		*name_out = "from-multiple";
		return set->from_multiple;
	case FROM_TOO_MANY: /* a ceiling: never accepted unjudged */
		*name_out = "on-exceed";
		return b->p->on_exceed == ACTION_ACCEPT ? ACTION_REJECT : b->p->on_exceed;
	case FROM_OK:
		break;
	}
	return ACTION_ACCEPT;
}

/* Another finding than DMARC's: its action, and words for the log with the setting that decided. */
static struct demand demand_set(const struct bench *b, enum demand_kind kind, enum action action,
    const char *finding, struct slice name, const char *value)
{
	struct demand d = { .kind = kind, .action = action };
	bool refusal = unrefused(action) != action;

	if (action == ACTION_ACCEPT)
		return (struct demand){ .kind = DEMAND_NOTHING };
	cap_refusal(b, &d);
	d.asked = d.action;
	d.why = arena_printf(b->a, "%s (%.*s = %s)%s%.*s", finding, SLICE_ARG(name), value,
	    refusal && d.action != action ? "; not refused: " : "",
	    d.action != action ? (int)d.override.comment.len : 0,
	    d.action != action ? d.override.comment.ptr : "");
	return d;
}

static struct demand demand_made(const struct bench *b, enum demand_kind kind, enum action action,
    const char *finding, const char *name)
{
	return demand_set(b, kind, action, finding, slice_str(name), action_text(action));
}

static struct demand demand_of_from(const struct bench *b)
{
	const char *name = NULL;
	enum action action = from_action(b, &name);

	if (!b->v->dmarc_checked)
		action = ACTION_ACCEPT;
	return demand_made(b, DEMAND_FROM,
	    b->v->authors.status == FROM_TOO_MANY ? action : permanent(action),
	    from_status_text(b->v->authors.status), name);
}

/* required-headers: RFC 5322 section 3.6, but From that is missing or doubled has its own settings. */
static struct demand demand_of_header(const struct bench *b)
{
	bool missing;
	const char *name = b->p->required_headers ? message_header_fault(b->m, &missing) : NULL;

	if (name == NULL || b->v->authors.status == FROM_MISSING ||
	    b->v->authors.status == FROM_MULTIPLE)
		return (struct demand){ .kind = DEMAND_NOTHING };
	return demand_set(b, DEMAND_HEADER, ACTION_REJECT,
	    missing ? "a required header field is missing" : "a header field occurs twice",
	    SLICE("required-headers"), "yes");
}

/* --- SPF and DKIM by themselves -------------------------------------------------------------- */

/* The occasions that decide by themselves: in words, with their settings. */
static const struct {
	enum demand_kind kind;
	bool passing; /* trouble that may be over tomorrow */
	const char *finding, *section, *option;
} occasions[OCCASION_COUNT] = {
	[ON_SPF_FAIL] = { DEMAND_SPF, false, "SPF fail", "spf", "on-fail" },
	[ON_SPF_SOFTFAIL] = { DEMAND_SPF, false, "SPF softfail", "spf", "on-softfail" },
	[ON_SPF_PERMERROR] = { DEMAND_SPF, false, "SPF permerror", "spf", "on-permerror" },
	[ON_SPF_TEMPERROR] = { DEMAND_SPF, true, "SPF temperror", "spf", "on-temperror" },
	[ON_SPF_NONE] = { DEMAND_SPF, false, "SPF none or neutral", "spf", "on-none" },
	[ON_SPF_HELO_FAIL] = { DEMAND_HELO, false, "SPF fail of HELO", "spf", "on-helo-fail" },
	[ON_DKIM_NONE] = { DEMAND_DKIM_NONE, false, "no DKIM signature", "dkim", "on-none" },
	[ON_DKIM_FAIL] = { DEMAND_DKIM_FAIL, false, "no DKIM signature that passes and is aligned", "dkim",
		"on-fail" },
	[ON_DKIM_TEMPERROR] = { DEMAND_DKIM_TEMPERROR, true, "a DKIM key could not be looked up", "dkim",
		"on-temperror" },
};

/* The strictest action over all recipients; *pattern_out: the policy-to section that decided, or null. */
static enum action action_on(const struct bench *b, enum occasion on, struct slice *pattern_out)
{
	enum action action = exempt_recipients(b->a, b->p, b->m, on, b->p->on[on], pattern_out);

	return occasions[on].passing ? temporary(action) : permanent(action);
}

static bool has_consequence(const struct bench *b, enum occasion on)
{
	struct slice pattern;

	return action_on(b, on, &pattern) != ACTION_ACCEPT;
}

static struct demand demand_on(const struct bench *b, enum occasion on)
{
	const char *section = occasions[on].section, *option = occasions[on].option;
	struct slice pattern;
	enum action action = action_on(b, on, &pattern);
	struct slice name = slice_is_null(pattern) ? arena_printf(b->a, "%s %s", section, option) :
	    arena_printf(b->a, "policy-to \"%.*s\" %s-%s", SLICE_ARG(pattern), section, option);

	return demand_set(b, occasions[on].kind, action, occasions[on].finding, name, action_text(action));
}

/* The SPF result counts only for external clients: relays and forwarders pass on mail of others. */
static bool spf_speaks(const struct bench *b, const struct spf_result *r)
{
	return b->v->spf_checked && b->class == CLASS_EXTERNAL && spf_was_checked(r);
}

/* RFC 7208 sections 8.2 (neutral is treated as none) and 2.3 (HELO is an identity of its own) */
static bool spf_occasion(enum auth_result result, enum occasion *out)
{
	static const struct {
		enum auth_result result;
		enum occasion on;
	} rows[] = {
		{ AUTH_FAIL, ON_SPF_FAIL },
		{ AUTH_SOFTFAIL, ON_SPF_SOFTFAIL },
		{ AUTH_PERMERROR, ON_SPF_PERMERROR },
		{ AUTH_TEMPERROR, ON_SPF_TEMPERROR },
		{ AUTH_NONE, ON_SPF_NONE },
		{ AUTH_NEUTRAL, ON_SPF_NONE },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		if (rows[i].result != result)
			continue;
		*out = rows[i].on;
		return true;
	}
	return false;
}

static struct demand demand_of_spf(const struct bench *b)
{
	enum auth_result result = b->v->spf.r.result;
	enum occasion on;

	if (!spf_speaks(b, &b->v->spf.r) || !spf_occasion(result, &on))
		return (struct demand){ .kind = DEMAND_NOTHING };
	return demand_on(b, on);
}

static struct demand demand_of_helo(const struct bench *b)
{
	if (!spf_speaks(b, &b->v->helo.r) || b->v->helo.r.result != AUTH_FAIL)
		return (struct demand){ .kind = DEMAND_NOTHING };
	return demand_on(b, ON_SPF_HELO_FAIL);
}

/* A signature that may still pass, if its key were known. */
static bool signature_undecided(const struct bench *b)
{
	for (size_t i = 0; i < b->v->dkim.count; i++)
		if (b->v->dkim.items[i].result == AUTH_TEMPERROR && !b->v->dkim.items[i].hopeless)
			return true;
	return false;
}

static bool signature_passes(const struct bench *b)
{
	for (size_t i = 0; i < b->v->dkim.count; i++)
		if (b->v->dkim.items[i].result == AUTH_PASS)
			return true;
	return false;
}

/* RFC 6376 section 6.3: one may wait for a key that cannot be fetched, if nothing else passes. */
static struct demand demand_of_dkim_temperror(const struct bench *b)
{
	bool waits = b->v->dmarc.result != AUTH_PASS && !signature_passes(b) &&
	    signature_undecided(b);

	return waits ? demand_on(b, ON_DKIM_TEMPERROR) : (struct demand){ .kind = DEMAND_NOTHING };
}

/* Uses the public suffix list, since the DNS tree is not walked if the author has no DMARC record. */
static bool is_of_same_organization(struct domain d, struct domain author)
{
	return domain_eq(dmarc_psl_organizational_domain(d), dmarc_psl_organizational_domain(author));
}

static bool signature_aligned(const struct bench *b)
{
	for (size_t i = 0; i < b->v->dmarc.author_count; i++) {
		const struct dmarc_author_result *r = &b->v->dmarc.authors[i];

		if (r->dkim_aligned)
			return true;
		for (size_t k = 0; k < b->v->dkim.count; k++)
			if (r->discovery.status != DMARC_DISCOVERED &&
			    b->v->dkim.items[k].result == AUTH_PASS &&
			    is_of_same_organization(b->v->dkim.items[k].sig.domain, r->domain))
				return true;
	}
	return false;
}

/*
 * dkim { on-none, on-fail }: for sites that require signatures; RFC 6376 section 6.3 advises against
 * refusing for a missing or a failing one alone.
 */
static struct demand demand_of_dkim_missing(const struct bench *b)
{
	if (!b->v->dkim_checked || signature_undecided(b) || signature_aligned(b))
		return (struct demand){ .kind = DEMAND_NOTHING };
	return demand_on(b, b->v->dkim.count == 0 ? ON_DKIM_NONE : ON_DKIM_FAIL);
}

/* --- our own trouble --------------------------------------------------------------------------- */

/* Would `indirect` replace the rejection of this author's mail if an undecided SPF or DKIM check passed? */
static bool could_be_indirect(const struct bench *b, const struct dmarc_author_result *r)
{
	bool undecided = signature_undecided(b) ||
	    (b->v->spf_checked && b->v->spf.r.result == AUTH_TEMPERROR);

	return r->result == AUTH_FAIL && r->policy == DMARC_POLICY_REJECT && undecided &&
	    (b->marks.list || b->marks.resent || b->marks.arc);
}

/* Could the DNS answers that are missing change the action that DMARC leads to? */
static bool dmarc_could_change(const struct bench *b)
{
	for (size_t i = 0; i < b->v->dmarc.author_count; i++) {
		const struct dmarc_author_result *r = &b->v->dmarc.authors[i];
		struct demand d = { .author = r };

		if (could_be_indirect(b, r))
			return true;
		if (r->result != AUTH_TEMPERROR)
			continue;
		if (r->why != DMARC_WHY_IDENTIFIER_UNKNOWN)
			return true;
		wish_for_failure(b, &d);
		if (d.action != ACTION_ACCEPT)
			return true;
	}
	return false;
}

/* Any other result may take the place of the temporary error. */
static bool spf_could_change(const struct bench *b)
{
	if (!b->v->spf_checked || b->class != CLASS_EXTERNAL)
		return false;
	if (b->v->helo.r.result == AUTH_TEMPERROR && has_consequence(b, ON_SPF_HELO_FAIL))
		return true;
	for (enum occasion on = ON_SPF_FAIL; on <= ON_SPF_NONE; on++)
		if (b->v->spf.r.result == AUTH_TEMPERROR && has_consequence(b, on))
			return true;
	return false;
}

static bool dkim_could_change(const struct bench *b)
{
	return demand_of_dkim_temperror(b).kind != DEMAND_NOTHING ||
	    (signature_undecided(b) && !signature_aligned(b) && has_consequence(b, ON_DKIM_FAIL));
}

/*
 * The settings for temperror assume that the sender's name servers do not answer.  If our own resolver
 * does not work, the sender is not to blame, but must not profit from it either (RFC 7208 section 11.1):
 * on-local-trouble applies if the missing answers could change what is done with the message.
 */
static struct demand demand_of_local_trouble(const struct bench *b)
{
	bool depends = b->v->local_trouble && (dmarc_could_change(b) || spf_could_change(b) ||
	    dkim_could_change(b));

	return demand_made(b, DEMAND_LOCAL_TROUBLE,
	    depends ? temporary(b->p->on_local_trouble) : ACTION_ACCEPT,
	    "our own DNS look-ups failed", "on-local-trouble");
}

/*
 * The stricter action wins, with one exception: a deferral replaces a rejection that the missing answer
 * could have turned into `indirect`.
 */
static bool outweighs(const struct bench *b, const struct demand *local,
    const struct demand *strictest)
{
	return local->action > strictest->action || (local->action == ACTION_TEMPFAIL &&
	    strictest->kind == DEMAND_DMARC_FAIL && could_be_indirect(b, strictest->author));
}

/* --- all together ---------------------------------------------------------------------------- */

static void add_override(const struct bench *b, struct actions *out, struct override override)
{
	if (arena_grow(b->a, &out->overrides, &out->override_cap, out->override_count,
		sizeof(*out->overrides)))
		out->overrides[out->override_count++] = override;
}

/* RFC 9990 section 3.1.6: every departure from the published policy, and why. */
static void record_overrides(const struct bench *b, const struct demand *dmarc, struct actions *out)
{
	if (dmarc->kind != DEMAND_DMARC_FAIL)
		return;
	if (dmarc->author->testing)
		add_override(b, out, (struct override){ OVERRIDE_POLICY_TEST_MODE, SLICE("t=y") });
	if (dmarc->action != dmarc->asked)
		add_override(b, out, dmarc->override);
	if (b->p->enforce != ENFORCE_YES && dmarc->action != ACTION_ACCEPT)
		add_override(b, out, (struct override){ OVERRIDE_LOCAL_POLICY,
			b->p->enforce == ENFORCE_NO ? SLICE("enforce = no") :
			SLICE("enforce = observe") });
}

/* The disposition in aggregate reports: "pass" only if the published policy is not none. */
static enum disposition disposition_of(const struct bench *b, const struct demand *dmarc)
{
	static const enum disposition done[] = {
		[ACTION_ACCEPT] = DISPOSITION_NONE,
		[ACTION_QUARANTINE] = DISPOSITION_QUARANTINE,
		[ACTION_TEMPFAIL] = DISPOSITION_NONE,
		[ACTION_REJECT] = DISPOSITION_REJECT,
	};

	if (b->v->dmarc.result == AUTH_PASS) {
		for (size_t i = 0; i < b->v->dmarc.author_count; i++)
			if (b->v->dmarc.authors[i].policy != DMARC_POLICY_NONE)
				return DISPOSITION_PASS;
		return DISPOSITION_NONE;
	}
	return b->p->enforce == ENFORCE_YES ? done[dmarc->action] : DISPOSITION_NONE;
}

static void carry_out(const struct bench *b, const struct demand *d, struct actions *out)
{
	out->would = d->action;
	out->why = d->why;
	out->action = b->p->enforce == ENFORCE_YES ? d->action : ACTION_ACCEPT;
	if (out->action == ACTION_REJECT || out->action == ACTION_TEMPFAIL)
		out->reply = reply_for(b->a, b->p, b->m, b->v, d);
}

enum rc decide(struct arena *a, const struct verdict_policy *p, enum message_class class,
    const struct message *m, const struct verdict *v, struct actions *out)
{
	struct bench b = { .a = a, .p = p, .class = class, .m = m, .v = v };
	struct demand demands[7], *strictest = &demands[0], local;

	indirect_marks(m, &v->arc.chain, &b.marks);
	b.exempt = exempt_from_refusal(a, p, m, &v->authors);
	demands[0] = demand_of_dmarc(&b);
	demands[1] = demand_of_from(&b);
	demands[2] = demand_of_spf(&b);
	demands[3] = demand_of_dkim_temperror(&b);
	demands[4] = demand_of_dkim_missing(&b);
	demands[5] = demand_of_helo(&b);
	demands[6] = demand_of_header(&b);
	for (size_t i = 1; i < N_ELEMENTS(demands); i++)
		if (demands[i].action > strictest->action)
			strictest = &demands[i];
	local = demand_of_local_trouble(&b);
	if (outweighs(&b, &local, strictest)) { /* the message is not decided yet, so no override is reported */
		carry_out(&b, &local, out);
		return arena_failed(a) ? RC_NOMEM : RC_OK;
	}
	carry_out(&b, strictest, out);
	record_overrides(&b, &demands[0], out);
	out->disposition = disposition_of(&b, &demands[0]);
	return arena_failed(a) ? RC_NOMEM : RC_OK;
}

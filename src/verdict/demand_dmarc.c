#include "exempt.h"
#include "indirect.h"

#include "demand_dmarc.h"

static enum action asked_by(enum dmarc_policy policy)
{
	static const enum action asked[] = {
		[DMARC_POLICY_NONE] = ACTION_ACCEPT,
		[DMARC_POLICY_QUARANTINE] = ACTION_QUARANTINE,
		[DMARC_POLICY_REJECT] = ACTION_REJECT,
	};

	return asked[policy];
}

static struct slice setting(const struct bench *b, const char *name, enum action action)
{
	return arena_printf(b->a, "%s = %s", name, action_text(action));
}

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
	enum action action = demand_permanent(b->p->arc.on_trusted);

	if (d->author->policy == DMARC_POLICY_NONE ||
	    !trusted_sealer_saw_pass(b, d->author->domain))
		return false;
	if (action < d->action)
		demand_depart(d, action, OVERRIDE_LOCAL_POLICY, arc_report_comment(b->a, &b->v->arc));
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
		enum action action = demand_permanent(set->on_policy_quarantine);

		demand_depart(d, action, OVERRIDE_LOCAL_POLICY,
		    setting(b, "on-policy-quarantine", action));
	} else if (d->author->policy == DMARC_POLICY_REJECT) {
		enum action action = demand_permanent(set->on_policy_reject);
		enum action indirect = demand_permanent(set->indirect);

		if (b->class == CLASS_FORWARDER)
			demand_depart(d, indirect, OVERRIDE_TRUSTED_FORWARDER, DEMAND_LISTED);
		else if (indirect_flow(b->a, b->v, &b->marks, d->author, &how))
			demand_depart(d, indirect,
			    b->marks.list ? OVERRIDE_MAILING_LIST : OVERRIDE_LOCAL_POLICY, how);
		else
			demand_depart(d, action, OVERRIDE_LOCAL_POLICY,
			    setting(b, "on-policy-reject", action));
	}
}

/* policy "...": instead of what the domain publishes, p=none included */
static bool apply_section(const struct bench *b, struct demand *d)
{
	const struct policy_section *s = exempt_section(b->p, d->author->domain);

	if (s == NULL || !s->has_action)
		return false;
	demand_depart(d, demand_permanent(s->on_fail), OVERRIDE_LOCAL_POLICY, s->comment.len > 0 ? s->comment :
	    arena_printf(b->a, "policy \"%.*s\"", SLICE_ARG(s->domain.name)));
	return true;
}

/* policy-to "..." */
static void apply_recipients(const struct bench *b, struct demand *d)
{
	struct slice pattern;
	enum action action = demand_permanent(exempt_recipients(b->a, b->p, b->m, ON_DMARC_FAIL,
	    d->action, &pattern));

	if (!slice_is_null(pattern))
		demand_depart(d, action, OVERRIDE_LOCAL_POLICY,
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
		demand_depart(d, ACTION_ACCEPT, OVERRIDE_LOCAL_POLICY,
		    SLICE("received through an own relay: SPF is not known"));
}

static void demand_of_failure(const struct bench *b, struct demand *d)
{
	const struct dmarc_author_result *r = d->author;

	d->kind = DEMAND_DMARC_FAIL;
	wish_for_failure(b, d);
	demand_cap_refusal(b, d);
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
		d->action = demand_temporary(unknown ? set->on_temperror_policy :
		    set->on_temperror_identifier);
	if (d->action != ACTION_ACCEPT)
		d->why = arena_printf(b->a, "%.*s: %s (%s = %s)", SLICE_ARG(d->author->domain.name),
		    dmarc_why_text(d->author->why), name, action_text(d->action));
	demand_cap_refusal(b, d);
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
struct demand demand_of_dmarc(const struct bench *b)
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

bool demand_dmarc_has_consequence(const struct bench *b, const struct dmarc_author_result *r)
{
	struct demand d = { .author = r };

	wish_for_failure(b, &d);
	return d.action != ACTION_ACCEPT;
}

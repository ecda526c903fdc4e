#include "demand.h"

/* A finding that stays as it is gets no 4xx (RFC 6376 section 6.3). */
enum action demand_permanent(enum action action)
{
	return action == ACTION_TEMPFAIL ? ACTION_REJECT : action;
}

/* Temporary trouble never refuses for good (RFC 7208 section 8.6, RFC 9989 section 4.10.1). */
enum action demand_temporary(enum action action)
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

/*
 * Changes the action and records the reason.  A later rule replaces the reason of an earlier one.  Where it
 * restores the published policy, action equals d->asked again, and no override is reported.
 */
void demand_depart(struct demand *d, enum action action, enum override_type type,
    struct slice comment)
{
	if (action == d->action)
		return;
	d->action = action;
	d->override = (struct override){ type, comment };
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

void demand_cap_refusal(const struct bench *b, struct demand *d)
{
	enum action action = capped(d);
	bool may_refuse = class_rules(b->class)->may_refuse;

	if (action == d->action || (may_refuse && slice_is_null(b->exempt)))
		return;
	if (b->class == CLASS_FORWARDER)
		demand_depart(d, action, OVERRIDE_TRUSTED_FORWARDER, DEMAND_LISTED);
	else if (!may_refuse)
		demand_depart(d, action, OVERRIDE_LOCAL_POLICY, SLICE("received through an own relay"));
	else
		demand_depart(d, action, OVERRIDE_LOCAL_POLICY, b->exempt);
}

/* Another finding than DMARC's: its action, and words for the log with the setting that decided. */
struct demand demand_set(const struct bench *b, enum demand_kind kind, enum action action,
    const char *finding, struct slice name, const char *value)
{
	struct demand d = { .kind = kind, .action = action };
	bool refusal = unrefused(action) != action;

	if (action == ACTION_ACCEPT)
		return (struct demand){ .kind = DEMAND_NOTHING };
	demand_cap_refusal(b, &d);
	d.asked = d.action;
	d.why = arena_printf(b->a, "%s (%.*s = %s)%s%.*s", finding, SLICE_ARG(name), value,
	    refusal && d.action != action ? "; not refused: " : "",
	    d.action != action ? (int)d.override.comment.len : 0,
	    d.action != action ? d.override.comment.ptr : "");
	return d;
}

struct demand demand_made(const struct bench *b, enum demand_kind kind, enum action action,
    const char *finding, const char *name)
{
	return demand_set(b, kind, action, finding, slice_str(name), action_text(action));
}

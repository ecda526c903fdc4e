#include "base/limits.h"

#include "verdict/policy.h"

static const char *const action_texts[] = {
	[ACTION_ACCEPT] = "accept",
	[ACTION_QUARANTINE] = "quarantine",
	[ACTION_TEMPFAIL] = "tempfail",
	[ACTION_REJECT] = "reject",
};

const char *action_text(enum action action)
{
	return action_texts[action];
}

static void default_internal_hosts(struct hostlist *list, struct arena *a)
{
	const char *why;

	/* constants: only memory can fail, and the arena keeps that in mind */
	(void)!hostlist_add(a, list, SLICE("127.0.0.0/8"), &why);
	(void)!hostlist_add(a, list, SLICE("::1"), &why);
}

static void default_sign_ports(struct port_list *list, struct arena *a)
{
	static const int ports[] = { 587, 465, 0 };

	list->items = arena_new_array(a, N_ELEMENTS(ports), int);
	if (list->items == NULL)
		return;
	memcpy(list->items, ports, sizeof(ports));
	list->count = list->cap = N_ELEMENTS(ports);
}

/* RFC 5321 section 4.5.1, RFC 2142: these have to be reachable. */
static void default_never_refuse_to(struct slice_list *list, struct arena *a)
{
	list->items = arena_new_array(a, 2, struct slice);
	if (list->items == NULL)
		return;
	list->items[0] = SLICE("postmaster@");
	list->items[1] = SLICE("abuse@");
	list->count = list->cap = 2;
}

void policy_defaults(struct policy *p, struct arena *a)
{
	*p = (struct policy){
		.enforce = ENFORCE_NO,
		.quarantine = QUARANTINE_HEADER,
		.quarantine_header_name = SLICE("X-Assay-Quarantine"),
		.quarantine_header_value = SLICE("dmarc"),
		.spf = SPF_DEFAULTS,
		.dkim = DKIM_VERIFY_DEFAULTS,
		.dmarc = { .discovery = DISCOVERY_TREEWALK },
		.dmarc_actions = {
			.on_policy_reject = ACTION_REJECT,
			.on_policy_quarantine = ACTION_QUARANTINE,
			.indirect = ACTION_QUARANTINE,
			.on_temperror_policy = ACTION_ACCEPT,
			.on_temperror_identifier = ACTION_TEMPFAIL,
			.from_missing = ACTION_REJECT,
			.from_multiple = ACTION_REJECT,
			.from_invalid = ACTION_REJECT,
		},
		.signing = { .header_canon = CANON_RELAXED, .body_canon = CANON_RELAXED },
		.on_exceed = ACTION_REJECT,
		.max_header_bytes = LIMIT_HEADER_BYTES,
		.max_header_fields = LIMIT_HEADER_FIELDS,
		.dns_deadline_ms = 20000,
	};
	default_internal_hosts(&p->internal_hosts, a);
	default_sign_ports(&p->sign_ports, a);
	default_never_refuse_to(&p->never_refuse_to, a);
}

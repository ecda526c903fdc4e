#include "mail/received.h"

#include "evaluate.h"

void evaluate_request(const struct message *m, struct spf_request *out)
{
	const struct envelope *e = &m->envelope;

	*out = (struct spf_request){ .client = e->client, .helo = e->helo,
		.mail_from = e->mail_from };
}

/* Whose policy a check would ask for: that of MAIL FROM, or HELO for the null reverse-path. */
static struct slice identity_domain(const struct envelope *e)
{
	return e->mail_from.len == 0 ? e->helo : address_domain_part(e->mail_from);
}

/* "example.org" is that name, ".example.org" every name below it, as in lists of hosts. */
static bool domain_listed(struct arena *a, const struct slice_list *list, struct slice text)
{
	struct domain domain, entry;

	if (list->count == 0 || !domain_parse(a, text, &domain))
		return false;
	for (size_t i = 0; i < list->count; i++) {
		struct slice item = list->items[i];
		bool below = item.len > 0 && item.ptr[0] == '.';

		if (!domain_parse(a, slice_drop(item, below ? 1 : 0), &entry))
			continue;
		if (below ? domain_is_at_or_below(domain, entry) && !domain_eq(domain, entry) :
		    domain_eq(domain, entry))
			return true;
	}
	return false;
}

/* The setting because of which SPF is not checked; the null slice: it is checked. */
static struct slice spf_skipped(const struct evaluation *e)
{
	const struct envelope *env = &e->message->envelope;

	if (hostlist_matches(&e->policy->spf_skip_hosts, &env->client, env->client_name))
		return SLICE("not checked: the client is in skip-hosts");
	if (domain_listed(e->arena, &e->policy->spf_skip_domains, identity_domain(env)))
		return SLICE("not checked: the domain is in skip-domains");
	return SLICE_NULL;
}

static void spf_not_checked(const struct evaluation *e, const struct spf_request *request,
    struct slice reason, struct verdict *v)
{
	const struct envelope *env = &e->message->envelope;
	struct spf_result none = { .request = *request, .result = AUTH_NONE,
		.why = SPF_WHY_NOT_CHECKED, .reason = reason };

	if (!domain_parse(e->arena, identity_domain(env), &none.domain))
		none.domain = DOMAIN_NONE;
	v->spf = (struct spf_mail_from_result){ .r = none, .sender = env->mail_from,
		.scope = env->mail_from.len == 0 ? SPF_SCOPE_HELO : SPF_SCOPE_MFROM };
	v->helo.r = none;
	v->helo.r.domain = DOMAIN_NONE;
}

/* The relay handed the message to another one of ours, or to a content filter of its own. */
static bool is_own_hop(const struct evaluation *e, const struct ip *client)
{
	return ip_is_loopback(client) ||
	    hostlist_matches(&e->policy->own_relays, client, SLICE_NULL);
}

/*
 * After a relay of our own the client is the one that the relay recorded.  Own hops may follow each
 * other: the first Received field that names another client counts, none below it.  Where a field
 * cannot be read the client is not known: the next one may be the sender's.
 */
static bool recorded_client(const struct evaluation *e, struct spf_request *request)
{
	const struct header *field;
	struct spf_request recorded = *request;

	if (!e->policy->spf_recorded_client)
		return false;
	for (size_t i = 0; i < LIMIT_OWN_RELAYS; i++) {
		field = message_field(e->message, SLICE("Received"), i);
		if (field == NULL || !received_client(field->value, &recorded.client, &recorded.helo))
			return false;
		if (!is_own_hop(e, &recorded.client)) {
			*request = recorded;
			return true;
		}
	}
	return false;
}

/* RFC 7208 sections 2.3, 2.4: two identities; for the null reverse-path they are one. */
static enum rc evaluate_spf(const struct evaluation *e, struct verdict *v)
{
	struct spf_params params = e->policy->spf;
	struct spf_request request;
	struct slice skipped;

	evaluate_request(e->message, &request);
	if (e->class == CLASS_OWN_RELAY && !recorded_client(e, &request)) {
		spf_not_checked(e, &request, SLICE("not checked: came through an own relay"), v);
		return RC_OK;
	}
	v->spf_checked = true;
	skipped = spf_skipped(e);
	if (!slice_is_null(skipped)) {
		spf_not_checked(e, &request, skipped, v);
		return RC_OK;
	}
	if (slice_is_null(params.receiver))
		params.receiver = e->message->envelope.mta_name;
	TRY(spf_check_mail_from(e->arena, e->lookups, &params, &request, e->trace, e->now,
	    &v->spf));
	if (v->spf.scope == SPF_SCOPE_HELO) {
		v->helo.r = v->spf.r;
		return RC_OK;
	}
	return spf_check_helo(e->arena, e->lookups, &params, &request, NULL, e->now, &v->helo);
}

/*
 * The author's policy was asked for first, when the From field arrived, and from a share of
 * questions of its own: nothing that is waited for before it is read here can take that away.
 */
enum rc evaluate(const struct evaluation *e, struct verdict *v)
{
	TRY(evaluate_spf(e, v));
	TRY(dkim_verifier_end(e->verifier, e->now, &v->dkim));
	v->dkim_checked = true;
	TRY(arc_verifier_end(e->arc, e->now, &v->arc));
	v->arc_checked = e->policy->arc.verify && arc_is_built();
	v->remote_ip = e->message->envelope.client;
	TRY(dmarc_evaluate(e->arena, e->lookups, &e->policy->dmarc, &v->authors, &v->spf, &v->dkim,
	    &v->dmarc));
	v->dmarc_checked = true;
	v->local_trouble = lookups_local_trouble(e->lookups);
	return RC_OK;
}

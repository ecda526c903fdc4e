#include "verdict/classify.h"

/* design: one row a class; nothing else in the house knows these facts */
static const struct class_rules rules[CLASS_COUNT] = {
	/*                       name           sign   judge  refuse remove our A-R */
	[CLASS_PASS_PORT]     = { "pass-port",     false, false, false, false },
	[CLASS_AUTHENTICATED] = { "authenticated", true,  false, false, true },
	[CLASS_SUBMISSION]    = { "submission",    true,  false, false, true },
	[CLASS_OWN_RELAY]     = { "own-relay",     false, true,  false, false },
	[CLASS_FORWARDER]     = { "forwarder",     false, true,  false, true },
	[CLASS_REINJECTED]    = { "reinjected",    false, false, false, true },
	[CLASS_INTERNAL]      = { "internal",      true,  false, false, true },
	[CLASS_EXTERNAL]      = { "external",      false, true,  true,  true },
};

const struct class_rules *class_rules(enum message_class class)
{
	return &rules[class];
}

/* A name alone proves nothing: a client whose address is unknown is on no list. */
static bool client_listed(const struct hostlist *list, const struct envelope *e)
{
	return e->client.family != IP_NONE && hostlist_matches(list, &e->client, e->client_name);
}

static bool fits_pass_port(const struct verdict_policy *p, const struct envelope *e, bool has_received)
{
	(void)has_received;
	return port_listed(&p->pass_ports, e->port);
}

static bool fits_authenticated(const struct verdict_policy *p, const struct envelope *e, bool has_received)
{
	(void)p;
	(void)has_received;
	return e->auth_user.len > 0;
}

static bool fits_submission(const struct verdict_policy *p, const struct envelope *e, bool has_received)
{
	(void)has_received;
	for (size_t i = 0; i < p->sign_daemon_names.count; i++)
		if (e->daemon_name.len > 0 &&
		    slice_ieq(p->sign_daemon_names.items[i], e->daemon_name))
			return true;
	return port_listed(&p->sign_ports, e->port);
}

static bool fits_own_relay(const struct verdict_policy *p, const struct envelope *e, bool has_received)
{
	(void)has_received;
	return client_listed(&p->own_relays, e);
}

static bool fits_forwarder(const struct verdict_policy *p, const struct envelope *e, bool has_received)
{
	(void)has_received;
	return client_listed(&p->forwarders, e);
}

static bool fits_internal(const struct verdict_policy *p, const struct envelope *e, bool has_received)
{
	(void)has_received;
	return client_listed(&p->internal_hosts, e);
}

/* Loopback is no proof of origin: a content filter hands back what strangers sent. */
static bool fits_reinjected(const struct verdict_policy *p, const struct envelope *e, bool has_received)
{
	return has_received && ip_is_loopback(&e->client) && fits_internal(p, e, has_received);
}

/*
 * The order says who wins when several fit: what a port or a login proves comes before what an
 * address proves, and a host named as a relay or forwarder is that also inside an internal network.
 */
static const struct {
	enum message_class class;
	bool (*fits)(const struct verdict_policy *p, const struct envelope *e, bool has_received);
} order[] = {
	{ CLASS_PASS_PORT, fits_pass_port },
	{ CLASS_AUTHENTICATED, fits_authenticated },
	{ CLASS_SUBMISSION, fits_submission },
	{ CLASS_OWN_RELAY, fits_own_relay },
	{ CLASS_FORWARDER, fits_forwarder },
	{ CLASS_REINJECTED, fits_reinjected },
	{ CLASS_INTERNAL, fits_internal },
};

enum message_class classify(const struct verdict_policy *p, const struct envelope *e, bool has_received)
{
	for (size_t i = 0; i < N_ELEMENTS(order); i++)
		if (order[i].fits(p, e, has_received))
			return order[i].class;
	return CLASS_EXTERNAL;
}

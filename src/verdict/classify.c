#include "base/cursor.h"
#include "mail/received.h"

#include "verdict/classify.h"

/* design: one row a class; nothing else in the house knows these facts */
static const struct class_rules rules[CLASS_COUNT] = {
	/*                       name           sign   judge  refuse remove our A-R */
	[CLASS_PASS_PORT]     = { "pass-port",     false, false, false, false },
	[CLASS_AUTHENTICATED] = { "authenticated", true,  false, false, true },
	[CLASS_SUBMISSION]    = { "submission",    true,  false, false, true },
	[CLASS_OWN_RELAY]     = { "own-relay",     false, true,  false, false },
	[CLASS_FORWARDER]     = { "forwarder",     false, true,  false, true },
	[CLASS_SIGN_OR_JUDGE] = { "sign-or-judge", false, true,  true, true },
	[CLASS_REINJECTED]    = { "reinjected",    false, false, false, true },
	[CLASS_INTERNAL]      = { "internal",      true,  false, false, true },
	[CLASS_EXTERNAL]      = { "external",      false, true,  true,  true },
};

const struct class_rules *class_rules(enum message_class class)
{
	return &rules[class];
}

const char *class_role(enum message_class class)
{
	return rules[class].judge ? "judge" : rules[class].sign ? "sign" : "pass";
}

/* A name alone proves nothing: a client whose address is unknown is on no list. */
static bool client_listed(const struct hostlist *list, const struct envelope *e)
{
	return e->client.family != IP_NONE && hostlist_matches(list, &e->client, e->client_name);
}

static bool name_listed(const struct slice_list *list, const struct envelope *e)
{
	for (size_t i = 0; i < list->count; i++)
		if (e->daemon_name.len > 0 && slice_ieq(list->items[i], e->daemon_name))
			return true;
	return false;
}

/* A listener by its port or its {daemon_name}, as the operator wrote it. */
static bool listener_listed(const struct slice_list *list, const struct envelope *e)
{
	for (size_t i = 0; i < list->count; i++) {
		struct cursor c = cursor_of(list->items[i]);
		uint64_t port;

		if (take_uint(&c, 5, 65535, &port) && cursor_done(&c) && (int)port == e->port)
			return true;
	}
	return name_listed(list, e);
}

/* Handed over by this host: by SMTP over loopback, or through Postfix's sendmail command. */
static bool from_this_host(const struct envelope *e)
{
	return e->port == 0 || ip_is_loopback(&e->client);
}

enum received_before received_before(const struct message *m)
{
	const struct header *field = message_field(m, SLICE("Received"), 0);
	const struct envelope *e = &m->envelope;

	if (field == NULL)
		return RECEIVED_NOWHERE;
	/* the program speaks SMTP to loopback; the sendmail command of Postfix is another */
	if (message_field(m, SLICE("Received"), 1) == NULL && e->port != 0 &&
	    received_by_submission_program(field->value, e->mta_name))
		return RECEIVED_SUBMISSION;
	return RECEIVED_ELSEWHERE;
}

static bool fits_pass_port(const struct verdict_policy *p, const struct envelope *e,
    enum received_before before)
{
	(void)before;
	return port_listed(&p->pass_ports, e->port);
}

static bool fits_authenticated(const struct verdict_policy *p, const struct envelope *e,
    enum received_before before)
{
	(void)p;
	(void)before;
	return e->auth_user.len > 0;
}

/* A listener of the list manager's or webmail's own. */
static bool fits_declared(const struct verdict_policy *p, const struct envelope *e,
    enum received_before before)
{
	(void)before;
	return listener_listed(&p->sign_reinjected, e);
}

static bool fits_submission(const struct verdict_policy *p, const struct envelope *e,
    enum received_before before)
{
	(void)before;
	return port_listed(&p->sign_ports, e->port) || name_listed(&p->sign_daemon_names, e);
}

static bool fits_own_relay(const struct verdict_policy *p, const struct envelope *e,
    enum received_before before)
{
	(void)before;
	return client_listed(&p->own_relays, e);
}

static bool fits_forwarder(const struct verdict_policy *p, const struct envelope *e,
    enum received_before before)
{
	(void)before;
	return client_listed(&p->forwarders, e);
}

static bool fits_sign_or_judge(const struct verdict_policy *p, const struct envelope *e,
    enum received_before before)
{
	(void)before;
	return client_listed(&p->sign_or_judge, e);
}

static bool fits_internal(const struct verdict_policy *p, const struct envelope *e,
    enum received_before before)
{
	(void)before;
	return client_listed(&p->internal_hosts, e);
}

/*
 * A content filter, a .forward pipe or a program that fetches mail hands back what strangers wrote:
 * this host, its sendmail command and its submission ports prove no origin then.  Loopback that was
 * declared a relay or a forwarder is judged as such, unless its port would sign it.
 */
static bool fits_reinjected(const struct verdict_policy *p, const struct envelope *e,
    enum received_before before)
{
	bool declared = fits_own_relay(p, e, before) || fits_forwarder(p, e, before);

	return before == RECEIVED_ELSEWHERE && from_this_host(e) &&
	    (!declared || fits_submission(p, e, before));
}

/*
 * The order says who wins when several fit: what a login or a declaration proves comes before what
 * a port or an address proves, and a host named as a relay or forwarder is that also inside an
 * internal network.
 */
static const struct {
	enum message_class class;
	bool (*fits)(const struct verdict_policy *p, const struct envelope *e,
	    enum received_before before);
} order[] = {
	{ CLASS_PASS_PORT, fits_pass_port },
	{ CLASS_AUTHENTICATED, fits_authenticated },
	{ CLASS_SUBMISSION, fits_declared },
	{ CLASS_REINJECTED, fits_reinjected },
	{ CLASS_SUBMISSION, fits_submission },
	{ CLASS_OWN_RELAY, fits_own_relay },
	{ CLASS_FORWARDER, fits_forwarder },
	{ CLASS_SIGN_OR_JUDGE, fits_sign_or_judge },
	{ CLASS_INTERNAL, fits_internal },
};

enum message_class classify(const struct verdict_policy *p, const struct envelope *e,
    enum received_before before)
{
	for (size_t i = 0; i < N_ELEMENTS(order); i++)
		if (order[i].fits(p, e, before))
			return order[i].class;
	return CLASS_EXTERNAL;
}

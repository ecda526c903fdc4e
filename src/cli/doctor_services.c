#include <stdio.h>

#include "base/cursor.h"

#include "doctor.h"

/*
 * Single services of master.cf: postconf -P prints each overridden setting as SERVICE/TYPE/NAME = VALUE.
 * A setting that a service does not override is main.cf's.
 */
struct service_setting {
	struct slice service, name, value;
};

/* Lines of other forms are main.cf's settings and the fields of postconf -F. */
static bool next_setting(struct slice *rest, struct service_setting *out)
{
	while (!slice_is_null(*rest)) {
		struct slice line = slice_split(rest, '\n'), key = slice_trim(slice_split(&line, '='));
		struct slice service = slice_split(&key, '/'), type = slice_split(&key, '/');

		if (slice_is_null(line) || !slice_eq(type, SLICE("inet")) || slice_is_null(key))
			continue;
		*out = (struct service_setting){ service, key, slice_trim(line) };
		return true;
	}
	return false;
}

/* Null: the service does not override it. */
static struct slice override_of(const struct doctor *d, struct slice service, const char *name)
{
	struct slice rest = d->mta;
	struct service_setting s;

	while (next_setting(&rest, &s))
		if (slice_eq(s.service, service) && slice_eq(s.name, slice_str(name)))
			return s.value;
	return SLICE_NULL;
}

/* -1: a name that is not known here. */
static int port_of(struct slice service)
{
	static const struct {
		struct slice name;
		int port;
	} names[] = {
		{ { "smtp", 4 }, 25 }, { { "submission", 10 }, 587 },
		{ { "submissions", 11 }, 465 }, { { "smtps", 5 }, 465 },
	};
	size_t colon = slice_rfind(service, ':');
	struct slice text = colon < service.len ? slice_drop(service, colon + 1) : service;
	struct cursor c = cursor_of(text);
	uint64_t port;

	for (size_t i = 0; i < N_ELEMENTS(names); i++)
		if (slice_eq(names[i].name, text))
			return names[i].port;
	return take_uint(&c, 5, 65535, &port) && cursor_done(&c) ? (int)port : -1;
}

static bool on_loopback(struct slice service)
{
	return slice_starts_with(service, SLICE("127.")) || slice_starts_with(service, SLICE("localhost:")) ||
	    slice_starts_with(service, SLICE("[::1]:"));
}

static bool listed(const struct slice_list *list, struct slice name)
{
	for (size_t i = 0; i < list->count; i++)
		if (slice_ieq(list->items[i], name))
			return true;
	return false;
}

/* sign-reinjected names a listener by its port or by its daemon name. */
static bool signs_reinjected(const struct doctor *d, struct slice service)
{
	const struct slice_list *list = &d->settings->policy.sign_reinjected;

	for (size_t i = 0; i < list->count; i++)
		if (port_of(list->items[i]) >= 0 && port_of(list->items[i]) == port_of(service))
			return true;
	return listed(list, override_of(d, service, "milter_macro_daemon_name"));
}

/* Whether assay sees what comes by that service. */
static bool reaches_us(const struct doctor *d, struct slice service)
{
	struct slice milters = override_of(d, service, "smtpd_milters");
	char name[256];

	snprintf(name, sizeof(name), "%.*s/inet", SLICE_ARG(service));
	return (slice_is_null(milters) || postfix_names_us(d, milters, postfix_chrooted(d, slice_str(name)))) &&
	    !doctor_contains(override_of(d, service, "receive_override_options"), "no_milters");
}

/* --- what each override means ------------------------------------------------------------------------ */

/* On loopback an empty list is how the listener of a content filter is set up. */
static void milters_left_out(struct doctor *d, const struct service_setting *s)
{
	if (!on_loopback(s->service) && !reaches_us(d, s->service))
		doctor_say(d, "BAD", "master.cf, %.*s: %.*s bypasses assayd, so that its mail is neither signed nor "
		    "judged: remove the override", SLICE_ARG(s->service), SLICE_ARG(s->name));
}

static void daemon_name(struct doctor *d, const struct service_setting *s)
{
	const struct verdict_policy *p = &d->settings->policy;
	int port = port_of(s->service);

	if (!listed(&p->sign_daemon_names, s->value)) {
		if (!port_listed(&p->sign_ports, port) && !signs_reinjected(d, s->service))
			doctor_say(d, "note", "master.cf, %.*s: neither its milter_macro_daemon_name %.*s is in "
			    "sign-daemon-names nor its port in sign-ports: its mail is signed only where it comes from "
			    "a login or internal-hosts", SLICE_ARG(s->service), SLICE_ARG(s->value));
	} else if (port == 25) {
		doctor_say(d, "BAD", "master.cf, %.*s: its milter_macro_daemon_name %.*s is in sign-daemon-names: mail of "
		    "strangers is signed: give that name to the submission service only", SLICE_ARG(s->service),
		    SLICE_ARG(s->value));
	}
}

/* A service with its content filter taken away is where the filter hands mail back. */
static void reinjection(struct doctor *d, const struct service_setting *s)
{
	int port = port_of(s->service);

	if (s->value.len == 0 && on_loopback(s->service) && reaches_us(d, s->service) &&
	    !port_listed(&d->settings->policy.pass_ports, port) && !signs_reinjected(d, s->service))
		doctor_say(d, "BAD", "master.cf, %.*s: what a content filter hands back there reaches assay a second time: "
		    "write pass-ports = { %d } in assay.conf", SLICE_ARG(s->service), port);
}

static const struct {
	const char *name;
	void (*examine)(struct doctor *d, const struct service_setting *s);
} overrides[] = {
	{ "smtpd_milters", milters_left_out },
	{ "receive_override_options", milters_left_out },
	{ "milter_macro_daemon_name", daemon_name },
	{ "content_filter", reinjection },
};

/* --- what main.cf and all services say together ------------------------------------------------------- */

/* The value that a service or main.cf sets, and that pred accepts; null: none does. */
static struct slice find_setting(const struct doctor *d, const char *name, bool (*pred)(struct slice value))
{
	struct slice rest = d->mta, value = postfix_setting(d, name);
	struct service_setting s;

	if (pred(value))
		return value;
	while (next_setting(&rest, &s))
		if (slice_eq(s.name, slice_str(name)) && pred(s.value))
			return s.value;
	return SLICE_NULL;
}

static bool not_empty(struct slice value)
{
	return value.len > 0;
}

static bool is_yes(struct slice value)
{
	return slice_eq(value, SLICE("yes"));
}

static bool holds_logins(struct slice value)
{
	return doctor_contains(value, "sender_login_mismatch");
}

/* Of a filter whose way back is not in master.cf, or that is not one of the usual kind. */
static void content_filter(struct doctor *d)
{
	struct slice filter = find_setting(d, "content_filter", not_empty), rest = d->mta;
	struct service_setting s;

	while (next_setting(&rest, &s))
		if (slice_eq(s.name, SLICE("content_filter")) && s.value.len == 0)
			return; /* reinjection() has judged it */
	if (filter.len > 0 && d->settings->policy.pass_ports.count == 0)
		doctor_say(d, "BAD", "content_filter = %.*s: what it hands back reaches assay a second time: name the "
		    "port it comes back on in pass-ports", SLICE_ARG(filter));
}

static void logins(struct doctor *d)
{
	static const char *const restrictions[] = { "smtpd_sender_restrictions", "smtpd_recipient_restrictions",
		"smtpd_relay_restrictions", "smtpd_client_restrictions", "smtpd_helo_restrictions" };

	if (slice_is_null(find_setting(d, "smtpd_sasl_auth_enable", is_yes)))
		return;
	for (size_t i = 0; i < N_ELEMENTS(restrictions); i++)
		if (!slice_is_null(find_setting(d, restrictions[i], holds_logins)))
			return;
	doctor_say(d, "note", "smtpd_sender_restrictions: a login may use any envelope sender, and gets the signature of its "
	    "domain: write smtpd_sender_login_maps and reject_sender_login_mismatch");
}

static void daemon_names(struct doctor *d)
{
	const struct slice_list *names = &d->settings->policy.sign_daemon_names;
	struct slice common = postfix_setting(d, "milter_macro_daemon_name");

	if (common.len > 0 && listed(names, common) &&
	    slice_is_null(override_of(d, SLICE("smtp"), "milter_macro_daemon_name")))
		doctor_say(d, "BAD", "milter_macro_daemon_name = %.*s is in sign-daemon-names, and port 25 has it too: mail of "
		    "strangers is signed: set it for the submission service in master.cf only", SLICE_ARG(common));
	for (size_t i = 0; i < names->count; i++) {
		struct slice rest = d->mta;
		struct service_setting s;
		bool used = slice_ieq(names->items[i], common);

		while (!used && next_setting(&rest, &s))
			used = slice_eq(s.name, SLICE("milter_macro_daemon_name")) && slice_ieq(names->items[i], s.value);
		if (!used)
			doctor_say(d, "BAD", "sign-daemon-names: %.*s is not the milter_macro_daemon_name of any service: write "
			    "-o milter_macro_daemon_name=%.*s for the service in master.cf", SLICE_ARG(names->items[i]),
			    SLICE_ARG(names->items[i]));
	}
}

void doctor_services(struct doctor *d)
{
	struct slice rest = d->mta;
	struct service_setting s;

	while (next_setting(&rest, &s))
		for (size_t i = 0; i < N_ELEMENTS(overrides); i++)
			if (slice_eq(s.name, slice_str(overrides[i].name)))
				overrides[i].examine(d, &s);
	content_filter(d);
	logins(d);
	daemon_names(d);
}

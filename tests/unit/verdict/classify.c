#include "verdict/classify.h"

#include "world.h"

/* --- the table of the design, said a second time ---------------------------------------------- */

static const struct {
	enum message_class class;
	const char *name;
	const char *rights; /* s signed, j judged, r may be refused, d our A-R is deleted */
} rights[] = {
	{ CLASS_PASS_PORT, "pass-port", "" },
	{ CLASS_AUTHENTICATED, "authenticated", "sd" },
	{ CLASS_SUBMISSION, "submission", "sd" },
	{ CLASS_OWN_RELAY, "own-relay", "j" },
	{ CLASS_FORWARDER, "forwarder", "jd" },
	{ CLASS_REINJECTED, "reinjected", "d" },
	{ CLASS_INTERNAL, "internal", "sd" },
	{ CLASS_EXTERNAL, "external", "jrd" },
};

START_TEST(rights_rows)
{
	const struct class_rules *r = class_rules(rights[_i].class);
	struct buf got = BUF_INIT(16);

	buf_add_str(&got, r->sign ? "s" : "");
	buf_add_str(&got, r->judge ? "j" : "");
	buf_add_str(&got, r->may_refuse ? "r" : "");
	buf_add_str(&got, r->remove_authres ? "d" : "");
	ck_assert_str_eq(buf_cstr(&got), rights[_i].rights);
	ck_assert_str_eq(r->name, rights[_i].name);
	buf_free(&got);
}
END_TEST

START_TEST(rights_cover_every_class)
{
	ck_assert_uint_eq(N_ELEMENTS(rights), CLASS_COUNT);
}
END_TEST

/* --- who wins --------------------------------------------------------------------------------- */

struct classify_row {
	const char *name;
	const char *ip, *client_name, *user, *daemon;
	int port;
	bool received;
	enum message_class want;
};

/*
 * internal 127/8, ::1, 10/8, .corp.example; own relays 10.9.9.9, 198.51.100.9, mx2.example.org;
 * forwarders 10.8.8.8, 203.0.113.0/24 but not 203.0.113.66; sign-ports 587 465 0; pass-ports 10026;
 * sign-daemon-names submission
 */
static const struct classify_row rows[] = {
	{ "stranger", "192.0.2.7", NULL, NULL, NULL, 25, false, CLASS_EXTERNAL },
	{ "stranger, port not told", "192.0.2.7", NULL, NULL, NULL, -1, false, CLASS_EXTERNAL },
	{ "stranger over IPv6", "2001:db8::7", NULL, NULL, NULL, 25, true, CLASS_EXTERNAL },
	{ "unknown address", NULL, NULL, NULL, NULL, 25, false, CLASS_EXTERNAL },
	{ "unknown address, port not told", NULL, NULL, NULL, NULL, -1, true, CLASS_EXTERNAL },
	{ "unknown address with an internal name", NULL, "a.corp.example", NULL, NULL, 25, false,
		CLASS_EXTERNAL },
	{ "unknown address with a relay's name", NULL, "mx2.example.org", NULL, NULL, 25, false,
		CLASS_EXTERNAL },
	{ "sendmail command: port 0, loopback", "127.0.0.1", NULL, NULL, NULL, 0, false,
		CLASS_SUBMISSION },
	{ "sendmail command: port 0, address unknown", NULL, NULL, NULL, NULL, 0, false,
		CLASS_SUBMISSION },
	{ "sendmail command fed by fetchmail", "127.0.0.1", NULL, NULL, NULL, 0, true,
		CLASS_SUBMISSION },
	{ "submission port without a login", "192.0.2.7", NULL, NULL, NULL, 587, false,
		CLASS_SUBMISSION },
	{ "smtps", "192.0.2.7", NULL, NULL, NULL, 465, false, CLASS_SUBMISSION },
	{ "a login on the submission port", "192.0.2.7", NULL, "joe", NULL, 587, false,
		CLASS_AUTHENTICATED },
	{ "a login on port 25", "192.0.2.7", NULL, "joe", NULL, 25, true, CLASS_AUTHENTICATED },
	{ "a login from loopback with Received (webmail)", "127.0.0.1", NULL, "joe", NULL, 25, true,
		CLASS_AUTHENTICATED },
	{ "an empty login is none", "192.0.2.7", NULL, "", NULL, 25, false, CLASS_EXTERNAL },
	{ "a login through a relay", "198.51.100.9", NULL, "joe", NULL, 25, false,
		CLASS_AUTHENTICATED },
	{ "a login from a forwarder", "203.0.113.4", NULL, "joe", NULL, 25, false,
		CLASS_AUTHENTICATED },
	{ "a login on a pass port", "127.0.0.1", NULL, "joe", NULL, 10026, true, CLASS_PASS_PORT },
	{ "a pass port from anywhere", "192.0.2.7", NULL, NULL, NULL, 10026, true, CLASS_PASS_PORT },
	{ "a daemon's name", "192.0.2.7", NULL, NULL, "submission", 2525, false, CLASS_SUBMISSION },
	{ "a daemon's name, other case", "192.0.2.7", NULL, NULL, "SUBMISSION", -1, false,
		CLASS_SUBMISSION },
	{ "another daemon's name", "192.0.2.7", NULL, NULL, "submission2", 25, false, CLASS_EXTERNAL },
	{ "an empty daemon's name", "192.0.2.7", NULL, NULL, "", 25, false, CLASS_EXTERNAL },
	{ "own relay", "198.51.100.9", NULL, NULL, NULL, 25, true, CLASS_OWN_RELAY },
	{ "own relay by its verified name", "198.51.100.77", "mx2.example.org", NULL, NULL, 25, true,
		CLASS_OWN_RELAY },
	{ "own relay inside the internal network", "10.9.9.9", NULL, NULL, NULL, 25, true,
		CLASS_OWN_RELAY },
	{ "own relay, mapped address", "::ffff:198.51.100.9", NULL, NULL, NULL, 25, true,
		CLASS_OWN_RELAY },
	{ "forwarder", "203.0.113.4", NULL, NULL, NULL, 25, true, CLASS_FORWARDER },
	{ "forwarder inside the internal network", "10.8.8.8", NULL, NULL, NULL, 25, true,
		CLASS_FORWARDER },
	{ "not a forwarder, by negation", "203.0.113.66", NULL, NULL, NULL, 25, true,
		CLASS_EXTERNAL },
	{ "internal host", "10.1.2.3", NULL, NULL, NULL, 25, false, CLASS_INTERNAL },
	{ "internal host that relays with Received", "10.1.2.3", NULL, NULL, NULL, 25, true,
		CLASS_INTERNAL },
	{ "internal by verified name", "192.0.2.7", "a.corp.example", NULL, NULL, 25, true,
		CLASS_INTERNAL },
	{ "loopback, new mail", "127.0.0.1", NULL, NULL, NULL, 25, false, CLASS_INTERNAL },
	{ "loopback, handed in again", "127.0.0.1", NULL, NULL, NULL, 25, true, CLASS_REINJECTED },
	{ "loopback, handed in again, port not told", "127.0.0.1", NULL, NULL, NULL, -1, true,
		CLASS_REINJECTED },
	{ "loopback, another address, handed in again", "127.8.0.1", NULL, NULL, NULL, 10025, true,
		CLASS_REINJECTED },
	{ "IPv6 loopback, handed in again", "::1", NULL, NULL, NULL, 25, true, CLASS_REINJECTED },
	{ "IPv6 loopback, new mail", "::1", NULL, NULL, NULL, 25, false, CLASS_INTERNAL },
};

static void fill(struct verdict_policy *p, struct arena *a)
{
	static int pass_ports[] = { 10026 };
	static struct slice daemons[] = { { "submission", 10 } };
	const char *why;

	world_defaults(p, a);
	ck_assert_int_eq(hostlist_add(a, &p->internal_hosts, SLICE("10.0.0.0/8"), &why), RC_OK);
	ck_assert_int_eq(hostlist_add(a, &p->internal_hosts, SLICE(".corp.example"), &why), RC_OK);
	ck_assert_int_eq(hostlist_add(a, &p->own_relays, SLICE("10.9.9.9"), &why), RC_OK);
	ck_assert_int_eq(hostlist_add(a, &p->own_relays, SLICE("198.51.100.9"), &why), RC_OK);
	ck_assert_int_eq(hostlist_add(a, &p->own_relays, SLICE("mx2.example.org"), &why), RC_OK);
	ck_assert_int_eq(hostlist_add(a, &p->forwarders, SLICE("10.8.8.8"), &why), RC_OK);
	ck_assert_int_eq(hostlist_add(a, &p->forwarders, SLICE("203.0.113.0/24"), &why), RC_OK);
	ck_assert_int_eq(hostlist_add(a, &p->forwarders, SLICE("!203.0.113.66"), &why), RC_OK);
	p->pass_ports = (struct port_list){ pass_ports, 1, 1 };
	p->sign_daemon_names = (struct slice_list){ daemons, 1, 1 };
}

static struct envelope envelope_of(const struct classify_row *r)
{
	struct envelope e = { .port = r->port, .client_name = slice_str(r->client_name),
		.auth_user = slice_str(r->user), .daemon_name = slice_str(r->daemon) };

	if (r->ip != NULL)
		ck_assert_msg(ip_parse(slice_str(r->ip), &e.client), "%s: ip", r->name);
	return e;
}

START_TEST(classify_rows)
{
	struct arena *a = arena_create(65536);
	struct envelope e = envelope_of(&rows[_i]);
	struct verdict_policy p;
	enum message_class got;

	fill(&p, a);
	got = classify(&p, &e, rows[_i].received);
	ck_assert_msg(got == rows[_i].want, "row %d (%s): %s, want %s", _i, rows[_i].name,
	    class_rules(got)->name, class_rules(rows[_i].want)->name);
	arena_free(&a);
}
END_TEST

/* What is known at MAIL decides whether a message is judged: Received may not change that later. */
START_TEST(received_never_changes_judging)
{
	struct arena *a = arena_create(65536);
	struct envelope e = envelope_of(&rows[_i]);
	struct verdict_policy p;

	fill(&p, a);
	ck_assert_msg(class_rules(classify(&p, &e, false))->judge ==
	    class_rules(classify(&p, &e, true))->judge, "row %d (%s)", _i, rows[_i].name);
	arena_free(&a);
}
END_TEST

START_TEST(loopback_removed_from_internal_hosts)
{
	struct verdict_policy p = { .enforce = ENFORCE_YES };
	struct envelope e = { .port = 25 };

	ck_assert(ip_parse(SLICE("127.0.0.1"), &e.client));
	ck_assert_int_eq(classify(&p, &e, true), CLASS_EXTERNAL);
	ck_assert_int_eq(classify(&p, &e, false), CLASS_EXTERNAL);
}
END_TEST

Suite *classify_suite(void)
{
	Suite *s = suite_create("classify");

	UNIT_TABLE(s, rights_rows, rights);
	UNIT_TEST(s, rights_cover_every_class);
	UNIT_TABLE(s, classify_rows, rows);
	UNIT_TABLE(s, received_never_changes_judging, rows);
	UNIT_TEST(s, loopback_removed_from_internal_hosts);
	return s;
}

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
	{ CLASS_SIGN_OR_JUDGE, "sign-or-judge", "jrd" },
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
	enum received_before received;
	enum message_class want;
};

#define NOWHERE RECEIVED_NOWHERE
#define ELSEWHERE RECEIVED_ELSEWHERE
#define SUBMISSION_PROGRAM RECEIVED_SUBMISSION

/*
 * internal 127/8, ::1, 10/8, .corp.example; own relays 10.9.9.9, 198.51.100.9, mx2.example.org;
 * forwarders 10.8.8.8, 203.0.113.0/24 but not 203.0.113.66; sign-ports 587 465 0; pass-ports 10026;
 * sign-daemon-names submission; sign-reinjected 10027 lists
 */
static const struct classify_row rows[] = {
	{ "stranger", "192.0.2.7", NULL, NULL, NULL, 25, NOWHERE, CLASS_EXTERNAL },
	{ "stranger, port not told", "192.0.2.7", NULL, NULL, NULL, -1, NOWHERE, CLASS_EXTERNAL },
	{ "stranger over IPv6", "2001:db8::7", NULL, NULL, NULL, 25, ELSEWHERE, CLASS_EXTERNAL },
	{ "unknown address", NULL, NULL, NULL, NULL, 25, NOWHERE, CLASS_EXTERNAL },
	{ "unknown address, port not told", NULL, NULL, NULL, NULL, -1, ELSEWHERE, CLASS_EXTERNAL },
	{ "unknown address with an internal name", NULL, "a.corp.example", NULL, NULL, 25, NOWHERE,
		CLASS_EXTERNAL },
	{ "unknown address with a relay's name", NULL, "mx2.example.org", NULL, NULL, 25, NOWHERE,
		CLASS_EXTERNAL },
	{ "sendmail command: port 0, loopback", "127.0.0.1", NULL, NULL, NULL, 0, NOWHERE,
		CLASS_SUBMISSION },
	{ "sendmail command: port 0, address unknown", NULL, NULL, NULL, NULL, 0, NOWHERE,
		CLASS_SUBMISSION },
	{ "sendmail command fed by fetchmail or a .forward pipe", "127.0.0.1", NULL, NULL, NULL, 0,
		ELSEWHERE, CLASS_REINJECTED },
	{ "sendmail command fed by a pipe, address unknown", NULL, NULL, NULL, NULL, 0, ELSEWHERE,
		CLASS_REINJECTED },
	{ "sendmail command fed with the field of the submission program", "127.0.0.1", NULL, NULL,
		NULL, 0, SUBMISSION_PROGRAM, CLASS_SUBMISSION },
	{ "submission port, handed in again without a login", "127.0.0.1", NULL, NULL, NULL, 587,
		ELSEWHERE, CLASS_REINJECTED },
	{ "a signing daemon's name, handed in again", "::1", NULL, NULL, "submission", 10025,
		ELSEWHERE, CLASS_REINJECTED },
	{ "a declared port, handed in again", "127.0.0.1", NULL, NULL, NULL, 10027, ELSEWHERE,
		CLASS_SUBMISSION },
	{ "a declared port, longer", "127.0.0.1", NULL, NULL, NULL, 1002, ELSEWHERE,
		CLASS_REINJECTED },
	{ "a declared daemon's name, handed in again", "127.0.0.1", NULL, NULL, "LISTS", 25, ELSEWHERE,
		CLASS_SUBMISSION },
	{ "a stranger on the submission port with Received", "192.0.2.7", NULL, NULL, NULL, 587,
		ELSEWHERE, CLASS_SUBMISSION },
	{ "submission port without a login", "192.0.2.7", NULL, NULL, NULL, 587, NOWHERE,
		CLASS_SUBMISSION },
	{ "smtps", "192.0.2.7", NULL, NULL, NULL, 465, NOWHERE, CLASS_SUBMISSION },
	{ "a login on the submission port", "192.0.2.7", NULL, "joe", NULL, 587, NOWHERE,
		CLASS_AUTHENTICATED },
	{ "a login on port 25", "192.0.2.7", NULL, "joe", NULL, 25, ELSEWHERE, CLASS_AUTHENTICATED },
	{ "a login from loopback with Received (webmail)", "127.0.0.1", NULL, "joe", NULL, 25, ELSEWHERE,
		CLASS_AUTHENTICATED },
	{ "an empty login is none", "192.0.2.7", NULL, "", NULL, 25, NOWHERE, CLASS_EXTERNAL },
	{ "a login through a relay", "198.51.100.9", NULL, "joe", NULL, 25, NOWHERE,
		CLASS_AUTHENTICATED },
	{ "a login from a forwarder", "203.0.113.4", NULL, "joe", NULL, 25, NOWHERE,
		CLASS_AUTHENTICATED },
	{ "a login on a pass port", "127.0.0.1", NULL, "joe", NULL, 10026, ELSEWHERE, CLASS_PASS_PORT },
	{ "a pass port from anywhere", "192.0.2.7", NULL, NULL, NULL, 10026, ELSEWHERE, CLASS_PASS_PORT },
	{ "a daemon's name", "192.0.2.7", NULL, NULL, "submission", 2525, NOWHERE, CLASS_SUBMISSION },
	{ "a daemon's name, other case", "192.0.2.7", NULL, NULL, "SUBMISSION", -1, NOWHERE,
		CLASS_SUBMISSION },
	{ "another daemon's name", "192.0.2.7", NULL, NULL, "submission2", 25, NOWHERE, CLASS_EXTERNAL },
	{ "an empty daemon's name", "192.0.2.7", NULL, NULL, "", 25, NOWHERE, CLASS_EXTERNAL },
	{ "own relay", "198.51.100.9", NULL, NULL, NULL, 25, ELSEWHERE, CLASS_OWN_RELAY },
	{ "own relay by its verified name", "198.51.100.77", "mx2.example.org", NULL, NULL, 25, ELSEWHERE,
		CLASS_OWN_RELAY },
	{ "own relay inside the internal network", "10.9.9.9", NULL, NULL, NULL, 25, ELSEWHERE,
		CLASS_OWN_RELAY },
	{ "own relay, mapped address", "::ffff:198.51.100.9", NULL, NULL, NULL, 25, ELSEWHERE,
		CLASS_OWN_RELAY },
	{ "forwarder", "203.0.113.4", NULL, NULL, NULL, 25, ELSEWHERE, CLASS_FORWARDER },
	{ "forwarder inside the internal network", "10.8.8.8", NULL, NULL, NULL, 25, ELSEWHERE,
		CLASS_FORWARDER },
	{ "not a forwarder, by negation", "203.0.113.66", NULL, NULL, NULL, 25, ELSEWHERE,
		CLASS_EXTERNAL },
	{ "a mixed host", "198.51.100.66", NULL, NULL, NULL, 25, ELSEWHERE, CLASS_SIGN_OR_JUDGE },
	{ "a mixed host inside the internal network", "10.7.7.7", NULL, NULL, NULL, 25, NOWHERE,
		CLASS_SIGN_OR_JUDGE },
	{ "a login through a mixed host", "10.7.7.7", NULL, "joe", NULL, 25, NOWHERE,
		CLASS_AUTHENTICATED },
	{ "internal host", "10.1.2.3", NULL, NULL, NULL, 25, NOWHERE, CLASS_INTERNAL },
	{ "internal host that relays with Received", "10.1.2.3", NULL, NULL, NULL, 25, ELSEWHERE,
		CLASS_INTERNAL },
	{ "internal by verified name", "192.0.2.7", "a.corp.example", NULL, NULL, 25, ELSEWHERE,
		CLASS_INTERNAL },
	{ "loopback, new mail", "127.0.0.1", NULL, NULL, NULL, 25, NOWHERE, CLASS_INTERNAL },
	{ "loopback, handed in again", "127.0.0.1", NULL, NULL, NULL, 25, ELSEWHERE, CLASS_REINJECTED },
	{ "loopback, handed in again, port not told", "127.0.0.1", NULL, NULL, NULL, -1, ELSEWHERE,
		CLASS_REINJECTED },
	{ "loopback, another address, handed in again", "127.8.0.1", NULL, NULL, NULL, 10025, ELSEWHERE,
		CLASS_REINJECTED },
	{ "IPv6 loopback, handed in again", "::1", NULL, NULL, NULL, 25, ELSEWHERE, CLASS_REINJECTED },
	{ "loopback, Sendmail's submission program", "127.0.0.1", NULL, NULL, NULL, 25,
		SUBMISSION_PROGRAM, CLASS_INTERNAL },
	{ "loopback, Sendmail's submission program, port 587", "127.0.0.1", NULL, NULL, NULL, 587,
		SUBMISSION_PROGRAM, CLASS_SUBMISSION },
	{ "the submission program's field from a stranger", "192.0.2.7", NULL, NULL, NULL, 25,
		SUBMISSION_PROGRAM, CLASS_EXTERNAL },
	{ "IPv6 loopback, new mail", "::1", NULL, NULL, NULL, 25, NOWHERE, CLASS_INTERNAL },
};

static void fill(struct verdict_policy *p, struct arena *a)
{
	static int pass_ports[] = { 10026 };
	static struct slice daemons[] = { { "submission", 10 } };
	static struct slice declared[] = { { "10027", 5 }, { "lists", 5 } };
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
	ck_assert_int_eq(hostlist_add(a, &p->sign_or_judge, SLICE("198.51.100.66"), &why), RC_OK);
	ck_assert_int_eq(hostlist_add(a, &p->sign_or_judge, SLICE("10.7.7.7"), &why), RC_OK);
	p->pass_ports = (struct port_list){ pass_ports, 1, 1 };
	p->sign_daemon_names = (struct slice_list){ daemons, 1, 1 };
	p->sign_reinjected = (struct slice_list){ declared, 2, 2 };
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

/* What is known at MAIL decides whether a message is judged: Received never adds that later. */
START_TEST(received_never_adds_judging)
{
	struct arena *a = arena_create(65536);
	struct envelope e = envelope_of(&rows[_i]);
	struct verdict_policy p;

	fill(&p, a);
	ck_assert_msg(class_rules(classify(&p, &e, NOWHERE))->judge ||
	    !class_rules(classify(&p, &e, ELSEWHERE))->judge, "row %d (%s)", _i, rows[_i].name);
	arena_free(&a);
}
END_TEST

/* Re-injection does not depend on internal-hosts; a declared relay or forwarder stays one. */
START_TEST(loopback_in_other_lists)
{
	struct arena *a = arena_create(65536);
	struct verdict_policy p = { .enforce = ENFORCE_YES };
	struct envelope e = { .port = 25 };
	const char *why;

	ck_assert(ip_parse(SLICE("127.0.0.1"), &e.client));
	ck_assert_int_eq(classify(&p, &e, ELSEWHERE), CLASS_REINJECTED);
	ck_assert_int_eq(classify(&p, &e, NOWHERE), CLASS_EXTERNAL);
	ck_assert_int_eq(hostlist_add(a, &p.forwarders, SLICE("127.0.0.1"), &why), RC_OK);
	ck_assert_int_eq(classify(&p, &e, ELSEWHERE), CLASS_FORWARDER);
	ck_assert_int_eq(hostlist_add(a, &p.own_relays, SLICE("127.0.0.1"), &why), RC_OK);
	ck_assert_int_eq(classify(&p, &e, ELSEWHERE), CLASS_OWN_RELAY);
	arena_free(&a);
}
END_TEST

/* --- where it has been (THREATS, Submit field) --------------------------------------------------- */

#define BY_SUBMIT " (from joe@localhost)\n\tby mx.example.com (8.17.1/8.17.1/Submit) id X; Thu"

static const struct {
	const char *name, *fields[3];
	int port;
	enum received_before want;
} been[] = {
	{ "nowhere", { NULL }, 25, NOWHERE },
	{ "a stranger's", { " from h (n [192.0.2.66]) by mx.example.com" }, 25, ELSEWHERE },
	{ "the submission program", { BY_SUBMIT }, 25, SUBMISSION_PROGRAM },
	{ "the submission program, port not told", { BY_SUBMIT }, -1, SUBMISSION_PROGRAM },
	{ "the submission program on top of a stranger's", { BY_SUBMIT, " from h" }, 25, ELSEWHERE },
	{ "the submission program below another", { " from h", BY_SUBMIT }, 25, ELSEWHERE },
	{ "the submission program twice", { BY_SUBMIT, BY_SUBMIT }, 25, ELSEWHERE },
	{ "its field through the sendmail command", { BY_SUBMIT }, 0, ELSEWHERE },
	{ "an empty field", { "" }, 25, ELSEWHERE },
};

START_TEST(been_rows)
{
	struct arena *a = arena_create(65536);
	struct message m;

	message_init(&m, a);
	m.envelope.port = been[_i].port;
	m.envelope.mta_name = SLICE("mx.example.com");
	for (size_t i = 0; i < 3 && been[_i].fields[i] != NULL; i++)
		message_add_header(&m, SLICE("received"), slice_str(been[_i].fields[i]));
	ck_assert_msg(received_before(&m) == been[_i].want, "%s", been[_i].name);
	m.envelope.mta_name = SLICE_NULL;
	ck_assert_int_ne(received_before(&m), RECEIVED_SUBMISSION);
	arena_free(&a);
}
END_TEST

Suite *classify_suite(void)
{
	Suite *s = suite_create("classify");

	UNIT_TABLE(s, rights_rows, rights);
	UNIT_TEST(s, rights_cover_every_class);
	UNIT_TABLE(s, classify_rows, rows);
	UNIT_TABLE(s, received_never_adds_judging, rows);
	UNIT_TEST(s, loopback_in_other_lists);
	UNIT_TABLE(s, been_rows, been);
	return s;
}

/* servers.h: whom to ask next, with time as an argument. */
#include "dns/servers.h"

#include "suites.h"

static const struct {
	const char *text, *want; /* want NULL: refused */
} parse_rows[] = {
	{ "192.0.2.1", "192.0.2.1:53" },
	{ "192.0.2.1:5353", "192.0.2.1:5353" },
	{ "2001:db8::1", "[2001:db8::1]:53" },
	{ "[2001:db8::1]", "[2001:db8::1]:53" },
	{ "[2001:db8::1]:5353", "[2001:db8::1]:5353" },
	{ "", NULL },
	{ "ns.example.com", NULL },
	{ "192.0.2.1:", NULL },
	{ "192.0.2.1:0", NULL },
	{ "192.0.2.1:65536", NULL },
	{ "192.0.2.1:53 ", NULL },
	{ "192.0.2.1#53", NULL },
	{ "192.0.2", NULL },
	{ "[192.0.2.1]", NULL },
	{ "[2001:db8::1", NULL },
	{ "[2001:db8::1]53", NULL },
	{ "[2001:db8::1]:", NULL },
	{ "2001:db8::1]:53", NULL },
};

static void describe(const struct servers *s, struct buf *out)
{
	for (size_t i = 0; i < s->count; i++) {
		const char *health = server_health_text(&s->list[i]);

		buf_add_str(out, i == 0 ? "" : ", ");
		server_describe(&s->list[i], out);
		if (strcmp(health, "fails") == 0)
			buf_add_str(out, " (fails)");
	}
}

START_TEST(parse)
{
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT(100);
	struct servers s = { .count = 0 };
	enum rc rc = servers_parse(&s, slice_str(parse_rows[_i].text), &err);

	ck_assert_msg(rc == (parse_rows[_i].want != NULL ? RC_OK : RC_CONFIG), "row %d: %s", _i,
	    parse_rows[_i].text);
	ck_assert_uint_eq(err.count, rc != RC_OK);
	describe(&s, &text);
	ck_assert_str_eq(buf_cstr(&text), rc == RC_OK ? parse_rows[_i].want : "");
	buf_free(&text);
	err_free(&err);
}
END_TEST

static struct servers three(void)
{
	static const struct ip ip = { IP_V4, { 192, 0, 2, 1 } };
	struct servers s = { .count = 0 };

	for (uint16_t i = 1; i <= 3; i++)
		ck_assert(servers_add(&s, &ip, i));
	return s;
}

START_TEST(order)
{
	struct servers s = three();

	ck_assert_int_eq(servers_next(&s, 0), 0);
	ck_assert_int_eq(servers_next(&s, 1), 1);
	ck_assert_int_eq(servers_next(&s, 3), 2);
	ck_assert_int_eq(servers_next(&s, 7), -1);
	servers_silent(&s, 0, 1000, 2000);
	ck_assert_int_eq(servers_next(&s, 0), 1);
	ck_assert_int_eq(servers_next(&s, 6), 0); /* last, but not never */
	servers_silent(&s, 1, 1000, 2000);
	servers_silent(&s, 2, 1000, 2000);
	ck_assert_int_eq(servers_next(&s, 0), 0); /* all silent: as configured */
	servers_useful(&s, 2, 3000);
	ck_assert_int_eq(servers_next(&s, 0), 2);
}
END_TEST

/* A slow name at a server that answers others does not make it silent. */
START_TEST(a_slow_name)
{
	struct servers s = three();

	servers_useful(&s, 0, 1500);
	servers_silent(&s, 0, 1000, 3000);
	ck_assert_int_eq(servers_next(&s, 0), 0);
	servers_silent(&s, 0, 1501, 3501);
	ck_assert_int_eq(servers_next(&s, 0), 1);
}
END_TEST

START_TEST(probes)
{
	struct servers s = three();

	ck_assert(!servers_probe_due(&s, 0, 1000));
	servers_silent(&s, 0, 1000, 3000);
	ck_assert(servers_probe_due(&s, 0, 3000));
	ck_assert(!servers_probe_due(&s, 0, 99000)); /* it has not ended */
	ck_assert(servers_probed(&s, 0, 3000, 5000));
	ck_assert(!servers_probe_due(&s, 0, 5000 + SERVERS_PROBE_MS - 1));
	servers_silent(&s, 0, 4000, 6000); /* does not bring it forward */
	ck_assert(!servers_probe_due(&s, 0, 5000 + SERVERS_PROBE_MS - 1));
	ck_assert(servers_probe_due(&s, 0, 5000 + SERVERS_PROBE_MS));
	servers_useful(&s, 0, 19000);
	ck_assert(!servers_probed(&s, 0, 10000, 19000));
	ck_assert(!servers_probe_due(&s, 0, 99000));
}
END_TEST

/* An idle resolver that meets one dead zone has nothing to report about its server. */
START_TEST(a_dead_zone_is_not_a_dead_server)
{
	struct servers s = three();
	struct buf text = BUF_INIT(200);

	servers_silent(&s, 0, 1000, 3000);
	servers_silent(&s, 0, 1000, 3000);
	ck_assert(servers_probe_due(&s, 0, 3000));
	describe(&s, &text);
	ck_assert_str_eq(buf_cstr(&text), "192.0.2.1:1, 192.0.2.1:2, 192.0.2.1:3");
	ck_assert(!servers_useful(&s, 0, 3001));
	ck_assert(!servers_probed(&s, 0, 3000, 3001));
	ck_assert_int_eq(servers_next(&s, 0), 0);
	buf_free(&text);
}
END_TEST

START_TEST(reported_once)
{
	struct servers s = three();

	servers_silent(&s, 0, 1000, 3000);
	ck_assert(servers_probed(&s, 0, 3000, 5000));
	ck_assert(!servers_probed(&s, 0, 10000, 12000));
	ck_assert(servers_useful(&s, 0, 13000));
	ck_assert(!servers_useful(&s, 0, 13001));
}
END_TEST

static const struct {
	const char *name;
	int64_t useful[3]; /* 0: never */
	bool fails[3];     /* a probe has shown it */
	enum servers_blame blame;
} blame_rows[] = {
	{ "one has worked since", { 0, 0, 1000 }, { true, true, false }, BLAME_SENDER },
	{ "one that had failed has worked since", { 0, 2000, 0 }, { true, false, true }, BLAME_SENDER },
	{ "all fail", { 0, 500, 0 }, { true, true, true }, BLAME_OURS },
	{ "one has not shown it", { 0, 0, 0 }, { true, true, false }, BLAME_UNDECIDED },
	{ "one worked before", { 0, 0, 999 }, { true, true, false }, BLAME_UNDECIDED },
	{ "nothing is known", { 0, 0, 0 }, { false, false, false }, BLAME_UNDECIDED },
};

START_TEST(blame)
{
	struct servers s = three();
	unsigned due = 0;

	for (unsigned i = 0; i < 3; i++) {
		if (blame_rows[_i].useful[i] > 0)
			servers_useful(&s, i, blame_rows[_i].useful[i]);
		if (blame_rows[_i].fails[i])
			servers_probed(&s, i, blame_rows[_i].useful[i] + 1, 3000);
	}
	ck_assert_msg(servers_blame(&s, 1000, 4000) == blame_rows[_i].blame, "%s", blame_rows[_i].name);
	for (unsigned i = 0; i < 3; i++)
		due += servers_probe_due(&s, i, 4000);
	ck_assert_msg((due > 0) == (blame_rows[_i].blame == BLAME_UNDECIDED), "%s", blame_rows[_i].name);
	ck_assert_msg(servers_all_fail(&s) == (blame_rows[_i].blame == BLAME_OURS), "%s",
	    blame_rows[_i].name);
}
END_TEST

static const struct {
	const char *name, *text, *servers;
} read_rows[] = {
	{ "one", "nameserver 192.0.2.1\n", "192.0.2.1:53" },
	{ "two, other lines, blanks, CR", "# x\nsearch a.test\nnameserver\t192.0.2.1 \r\n"
	    "nameserver  2001:db8::1\noptions edns0", "192.0.2.1:53, [2001:db8::1]:53" },
	{ "no line end", "nameserver 192.0.2.1", "192.0.2.1:53" },
	{ "none", "search a.test\n", "127.0.0.1:53" },
	{ "nothing", "", "127.0.0.1:53" },
	{ "not an address", "nameserver ns.test\nnameserver\nnameserver fe80::1%eth0\n",
	    "127.0.0.1:53" },
	{ "not the word", "nameservers 192.0.2.1\n;nameserver 192.0.2.1\n", "127.0.0.1:53" },
};

START_TEST(reading)
{
	struct servers s = { .count = 0 };
	struct buf text = BUF_INIT(200);

	servers_read(&s, slice_str(read_rows[_i].text));
	describe(&s, &text);
	ck_assert_msg(strcmp(buf_cstr(&text), read_rows[_i].servers) == 0, "%s: %s", read_rows[_i].name,
	    buf_cstr(&text));
	buf_free(&text);
}
END_TEST

START_TEST(too_many)
{
	struct err err = ERR_INIT;
	struct servers s = { .count = 0 };

	for (unsigned i = 0; i < SERVERS_MAX; i++)
		ck_assert_int_eq(servers_parse(&s, SLICE("192.0.2.1"), &err), RC_OK);
	ck_assert_int_eq(servers_parse(&s, SLICE("192.0.2.1"), &err), RC_CONFIG);
	err_free(&err);
}
END_TEST

START_TEST(description)
{
	struct servers s = three();
	struct buf text = BUF_INIT(200);

	servers_probed(&s, 1, 1000, 2000);
	describe(&s, &text);
	ck_assert_str_eq(buf_cstr(&text), "192.0.2.1:1, 192.0.2.1:2 (fails), 192.0.2.1:3");
	buf_free(&text);
}
END_TEST

Suite *servers_suite(void)
{
	Suite *s = suite_create("servers");

	UNIT_TABLE(s, parse, parse_rows);
	UNIT_TEST(s, order);
	UNIT_TEST(s, a_slow_name);
	UNIT_TEST(s, probes);
	UNIT_TEST(s, a_dead_zone_is_not_a_dead_server);
	UNIT_TEST(s, reported_once);
	UNIT_TABLE(s, blame, blame_rows);
	UNIT_TABLE(s, reading, read_rows);
	UNIT_TEST(s, too_many);
	UNIT_TEST(s, description);
	return s;
}

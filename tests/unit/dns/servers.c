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

START_TEST(parse)
{
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT(100);
	struct servers s = { .count = 0 };
	enum rc rc = servers_parse(&s, slice_str(parse_rows[_i].text), &err);

	ck_assert_msg(rc == (parse_rows[_i].want != NULL ? RC_OK : RC_CONFIG), "row %d: %s", _i,
	    parse_rows[_i].text);
	ck_assert_uint_eq(err.count, rc != RC_OK);
	servers_describe(&s, &text);
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
	servers_failed(&s, 0, 1000, 2000);
	ck_assert_int_eq(servers_next(&s, 0), 1);
	ck_assert_int_eq(servers_next(&s, 6), 0); /* last, but not never */
	servers_failed(&s, 1, 1000, 2000);
	servers_failed(&s, 2, 1000, 2000);
	ck_assert_int_eq(servers_next(&s, 0), 0); /* all silent: as configured */
	servers_answered(&s, 2, 3000);
	ck_assert_int_eq(servers_next(&s, 0), 2);
}
END_TEST

/* A slow name at a server that answers others does not make it silent. */
START_TEST(a_slow_name)
{
	struct servers s = three();

	servers_answered(&s, 0, 1500);
	servers_failed(&s, 0, 1000, 3000);
	ck_assert_int_eq(servers_next(&s, 0), 0);
	servers_failed(&s, 0, 1501, 3501);
	ck_assert_int_eq(servers_next(&s, 0), 1);
}
END_TEST

START_TEST(probes)
{
	struct servers s = three();

	ck_assert(!servers_probe_due(&s, 0, 1000));
	servers_failed(&s, 0, 1000, 3000);
	ck_assert(servers_probe_due(&s, 0, 3000));
	ck_assert(!servers_probe_due(&s, 0, 3000));
	ck_assert(!servers_probe_due(&s, 0, 3000 + SERVERS_PROBE_MS - 1));
	servers_failed(&s, 0, 3000, 5000); /* the probe too: not sooner */
	ck_assert(!servers_probe_due(&s, 0, 3000 + SERVERS_PROBE_MS - 1));
	ck_assert(servers_probe_due(&s, 0, 3000 + SERVERS_PROBE_MS));
	servers_answered(&s, 0, 9000);
	ck_assert(!servers_probe_due(&s, 0, 99000));
}
END_TEST

/* One lost packet is not worth a line in the log. */
START_TEST(told_once)
{
	struct servers s = three();

	ck_assert(!servers_failed(&s, 0, 1000, 2000));
	ck_assert(!servers_answered(&s, 0, 2500));
	ck_assert(!servers_failed(&s, 0, 3000, 4000));
	ck_assert(servers_failed(&s, 0, 3000, 4000));
	ck_assert(!servers_failed(&s, 0, 3000, 4000));
	ck_assert(servers_answered(&s, 0, 5000));
	ck_assert(!servers_answered(&s, 0, 5001));
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

	servers_failed(&s, 1, 1000, 2000);
	servers_describe(&s, &text);
	ck_assert_str_eq(buf_cstr(&text), "192.0.2.1:1, 192.0.2.1:2 (does not answer), 192.0.2.1:3");
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
	UNIT_TEST(s, told_once);
	UNIT_TEST(s, too_many);
	UNIT_TEST(s, description);
	return s;
}

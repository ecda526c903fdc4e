/* authority.h over zone texts, and one server asked. */
#include "base/limits.h"

#include "dns/authority.h"
#include "dns/zonefile.h"

#include "dnsserver.h"
#include "suites.h"

static const char zone[] =
    "a.example NS ns1.x.example\n"
    "a.example NS ns2.x.example\n"
    "a.example NS ns3.x.example\n"
    "deep.a.example NS ns2.x.example\n"
    "alias.a.example CNAME top.example\n"
    "top.example NS ns1.x.example\n"
    "ns1.x.example A 192.0.2.1\n"
    "ns1.x.example AAAA 2001:db8::1\n"
    "ns2.x.example A 192.0.2.2\n"
    "ns2.x.example A 192.0.2.3\n"
    "lame.example NS nowhere.x.example\n"
    "silent.example NS silent.x.example\n"
    "silent.x.example A !TIMEOUT\n"
    "broken.example NS !SERVFAIL\n"
    "example A 192.0.2.9\n";

static const struct {
	const char *name;
	enum dns_status status;
	const char *zone, *servers;
} rows[] = {
	{ "s._domainkey.a.example", DNS_FOUND, "a.example", "192.0.2.1 2001:db8::1 192.0.2.2 192.0.2.3 " },
	{ "A.Example.", DNS_FOUND, "a.example", "192.0.2.1 2001:db8::1 192.0.2.2 192.0.2.3 " },
	{ "s.deep.a.example", DNS_FOUND, "deep.a.example", "192.0.2.2 192.0.2.3 " },
	/* the servers of the alias, not of the zone that it leads to */
	{ "alias.a.example", DNS_FOUND, "a.example", "192.0.2.1 2001:db8::1 192.0.2.2 192.0.2.3 " },
	{ "s.lame.example", DNS_NODATA, "lame.example", "" },
	{ "s.silent.example", DNS_TIMEOUT, "silent.example", "" },
	{ "s.broken.example", DNS_SERVFAIL, "broken.example", "" },
	{ "s.other.example", DNS_NODATA, "example", "" },
	{ "a..example", DNS_BADNAME, "", "" },
};

START_TEST(servers_of_a_zone)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct buf list = BUF_INIT(4096);
	struct err err = ERR_INIT;
	struct resolver *r = NULL;
	struct authority found;
	enum dns_status status;
	struct lookups *l;

	ck_assert_msg(resolver_zonetext("zone", slice_str(zone), &r, &err) == RC_OK, "%s", buf_cstr(&err.text));
	l = lookups_new(r, 1000);
	ck_assert_int_eq(authority_find(a, l, slice_str(rows[_i].name), &found, &status), RC_OK);
	ck_assert_msg(status == rows[_i].status, "%s: %s", rows[_i].name, dns_status_text(status));
	for (size_t i = 0; i < found.count; i++)
		buf_addf(&list, "%.*s ", SLICE_ARG(found.servers[i].address));
	ck_slice_eq(buf_slice(&list), slice_str(rows[_i].servers));
	if (status == DNS_FOUND)
		ck_slice_eq(found.zone, slice_str(rows[_i].zone));
	buf_free(&list);
	lookups_release(&l);
	resolver_free(&r);
	arena_free(&a);
}
END_TEST

START_TEST(too_many_addresses)
{
	struct buf text = BUF_INIT(64u * 1024);
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct err err = ERR_INIT;
	struct resolver *r = NULL;
	struct authority found;
	enum dns_status status;
	struct lookups *l;

	buf_addf(&text, "a.example NS ns.a.example\n");
	for (unsigned i = 0; i <= LIMIT_AUTHORITY_SERVERS; i++)
		buf_addf(&text, "ns.a.example A 192.0.2.%u\n", i);
	ck_assert_int_eq(resolver_zonetext("zone", buf_slice(&text), &r, &err), RC_OK);
	l = lookups_new(r, 1000);
	ck_assert_int_eq(authority_find(a, l, SLICE("s.a.example"), &found, &status), RC_OK);
	ck_assert_int_eq(status, DNS_LIMIT);
	ck_assert_uint_eq(found.count, LIMIT_AUTHORITY_SERVERS);
	lookups_release(&l);
	resolver_free(&r);
	buf_free(&text);
	arena_free(&a);
}
END_TEST

/* What it answers is not remembered; an alias that is asked for is not followed. */
START_TEST(one_server)
{
	static const struct dnsserver_params params = { .authentic = false };
	struct dnsserver *s = dnsserver_start(SLICE("a.test TXT old\nc.test CNAME a.elsewhere\n"), &params);
	struct err err = ERR_INIT;
	struct resolver *r = NULL;
	const struct dns_answer *answer;
	struct lookups *l;

	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(authority_resolver(dnsserver_address(s), 10000, &r, &err), RC_OK);
	ck_assert_ptr_nonnull(r);
	l = lookups_new(r, 60000);
	answer = lookups_await(l, LOOKUP_DKIM, SLICE("c.test"), DNS_CNAME);
	ck_assert_int_eq(answer->status, DNS_FOUND);
	ck_slice_eq(answer->records[0].text, SLICE("a.elsewhere"));
	ck_assert_int_eq(lookups_await(l, LOOKUP_DKIM, SLICE("a.test"), DNS_CNAME)->status, DNS_NODATA);
	ck_assert_int_eq(lookups_await(l, LOOKUP_DKIM, SLICE("a.test"), DNS_TXT)->status, DNS_FOUND);
	lookups_release(&l);
	ck_assert(dnsserver_set_zone(s, SLICE("b.test TXT new\n")));
	l = lookups_new(r, 60000);
	ck_assert_int_eq(lookups_await(l, LOOKUP_DKIM, SLICE("a.test"), DNS_TXT)->status, DNS_NXDOMAIN);
	lookups_release(&l);
	resolver_free(&r);
	dnsserver_stop(&s);
}
END_TEST

START_TEST(not_an_address)
{
	struct resolver *r = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(authority_resolver(SLICE("ns.example"), 1000, &r, &err), RC_CONFIG);
	ck_assert_ptr_null(r);
	ck_assert_uint_gt(err.count, 0);
	err_free(&err);
}
END_TEST

Suite *authority_suite(void)
{
	Suite *s = suite_create("authority");

	UNIT_TABLE(s, servers_of_a_zone, rows);
	UNIT_TEST(s, too_many_addresses);
	UNIT_TEST(s, one_server);
	UNIT_TEST(s, not_an_address);
	return s;
}

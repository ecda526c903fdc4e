/* quota.h: ceilings of a client and over all */
#include <stdlib.h>

#include "base/limits.h"

#include "dns/quota.h"

#include "suites.h"

static struct ip address(const char *text)
{
	struct ip ip;

	ck_assert(ip_parse(slice_str(text), &ip));
	return ip;
}

static const struct {
	const char *name, *first, *second;
	bool same;
} rows[] = {
	{ "one address", "192.0.2.1", "192.0.2.1", true },
	{ "neighbours", "192.0.2.1", "192.0.2.2", false },
	{ "one IPv6 network", "2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true },
	{ "IPv6 networks", "2001:db8::1", "2001:db8:0:1::1", false },
	{ "one of each family", "192.0.2.1", "c000:201::", false },
};

START_TEST(a_client_has_a_ceiling)
{
	struct ip first = address(rows[_i].first), second = address(rows[_i].second);
	struct quota_client *c, *clients[LIMIT_DNS_CLIENT];
	struct quota q;

	ck_assert(quota_init(&q));
	for (size_t i = 0; i < LIMIT_DNS_CLIENT; i++)
		ck_assert(quota_take(&q, &first, &clients[i]));
	ck_assert(!quota_take(&q, &first, &c));
	ck_assert_msg(quota_take(&q, &second, &c) == !rows[_i].same, "%s", rows[_i].name);
	if (!rows[_i].same)
		quota_give(&q, c);
	quota_give(&q, clients[0]);
	ck_assert(quota_take(&q, &second, &clients[0]));
	for (size_t i = 0; i < LIMIT_DNS_CLIENT; i++)
		quota_give(&q, clients[i]);
	ck_assert_uint_eq(q.in_flight, 0);
	ck_assert_uint_eq(q.clients.count, 0);
	quota_free(&q);
}
END_TEST

START_TEST(one_ceiling_over_all)
{
	struct ip client = address("192.0.2.1");
	struct quota_client *mine, *c;
	struct quota q;

	ck_assert(quota_init(&q));
	for (size_t i = 0; i < LIMIT_DNS_IN_FLIGHT; i++)
		ck_assert(quota_take(&q, NULL, &c));
	ck_assert(!quota_take(&q, NULL, &c));
	ck_assert(!quota_take(&q, &client, &c));
	ck_assert_uint_eq(q.clients.count, 0);
	quota_give(&q, NULL);
	ck_assert(quota_take(&q, &client, &mine));
	ck_assert(!quota_take(&q, NULL, &c));
	for (size_t i = 1; i < LIMIT_DNS_IN_FLIGHT; i++)
		quota_give(&q, NULL);
	ck_assert(quota_take(&q, NULL, &(struct quota_client *){ NULL }));
	quota_give(&q, NULL);
	quota_give(&q, mine);
	ck_assert_uint_eq(q.in_flight, 0);
	ck_assert_uint_eq(q.clients.count, 0);
	quota_free(&q);
}
END_TEST

Suite *quota_suite(void)
{
	Suite *s = suite_create("quota");

	UNIT_TABLE(s, a_client_has_a_ceiling, rows);
	UNIT_TEST(s, one_ceiling_over_all);
	return s;
}

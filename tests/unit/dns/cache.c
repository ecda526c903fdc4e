/* cache.h: lifetimes (RFC 2308), joining, eviction, waiters that leave; time is an argument. X_03 */
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"

#include "dns/cache.h"

#include "suites.h"

static const struct resolver_params params = {
	.cache_entries = 4, .max_ttl = 1000, .max_negative_ttl = 100, .failure_ttl = 5 };

/* One who waits, alone in its owner. */
struct listener {
	struct waiter waiter;
	atomic_uint refs;
	unsigned told;
	const struct dns_answer *answer;
};

static void told(struct waiter *w, const struct dns_answer *answer)
{
	struct listener *l = (struct listener *)w;

	l->told++;
	l->answer = answer;
	atomic_fetch_sub(&l->refs, 1);
}

static void listen_to(struct listener *l)
{
	*l = (struct listener){ .waiter = { .owner_refs = &l->refs, .settled = told } };
	atomic_init(&l->refs, 1);
}

static enum cache_found join(struct cache *c, const char *name, struct listener *l, int64_t now)
{
	listen_to(l);
	return cache_join(c, name, DNS_TXT, &l->waiter, now);
}

static struct dns_answer *answer_new(enum dns_status status, uint32_t ttl)
{
	struct dns_answer *a = dns_answer_new(status, 0, 0, NULL);

	ck_assert_ptr_nonnull(a);
	a->ttl = ttl;
	return a;
}

static unsigned settle(struct dns_question *q, struct dns_answer *answer, int64_t now)
{
	struct waiter *next, *w = cache_settle(q, answer, now);
	unsigned count = 0;

	for (; w != NULL; w = next, count++) {
		next = w->next;
		w->settled(w, cache_answer(w->question));
	}
	return count;
}

/* Asks for a name that must be new and answers it. */
static void fill(struct cache *c, const char *name, enum dns_status status, uint32_t ttl,
    int64_t now)
{
	struct listener l;

	ck_assert_int_eq(join(c, name, &l, now), CACHE_NEW);
	ck_assert_uint_eq(settle(l.waiter.question, answer_new(status, ttl), now), 1);
	cache_leave(&l.waiter);
}

/* What a question for the name finds; one that is new is settled so that it is not kept. */
static enum cache_found look(struct cache *c, const char *name, int64_t now)
{
	struct listener l;
	enum cache_found found = join(c, name, &l, now);

	if (found == CACHE_NEW)
		settle(l.waiter.question, answer_new(DNS_BADNAME, 0), now);
	cache_leave(&l.waiter);
	return found;
}

static const struct {
	const char *name;
	enum dns_status status;
	uint32_t ttl;
	int64_t lives_ms; /* 0: not kept at all */
} life_rows[] = {
	{ "found", DNS_FOUND, 10, 10000 },
	{ "found, cut to the maximum", DNS_FOUND, 86400, 1000000 },
	{ "found, TTL 0", DNS_FOUND, 0, 0 },
	{ "NXDOMAIN by its SOA", DNS_NXDOMAIN, 10, 10000 },
	{ "NXDOMAIN, cut to the maximum", DNS_NXDOMAIN, 900, 100000 },
	{ "NODATA, cut to the maximum", DNS_NODATA, 900, 100000 },
	{ "NODATA without SOA", DNS_NODATA, 0, 0 },
	{ "a failure, whatever its ttl says", DNS_SERVFAIL, 900, 5000 },
	{ "trouble of our own, whatever its ttl says", DNS_LOCAL_TROUBLE, 900, 0 },
	{ "a time-out", DNS_TIMEOUT, 0, 5000 },
};

START_TEST(lifetimes)
{
	struct cache *c = cache_new(&params);
	const int64_t start = 123456;

	fill(c, "a.test", life_rows[_i].status, life_rows[_i].ttl, start);
	if (life_rows[_i].lives_ms > 0)
		ck_assert_msg(look(c, "a.test", start + life_rows[_i].lives_ms - 1) == CACHE_HIT,
		    "row %d: %s", _i, life_rows[_i].name);
	ck_assert_msg(look(c, "a.test", start + life_rows[_i].lives_ms) == CACHE_NEW, "row %d: %s", _i,
	    life_rows[_i].name);
	cache_free(&c);
}
END_TEST

START_TEST(failures_are_short)
{
	struct resolver_params long_memory = params;
	struct cache *c;

	long_memory.failure_ttl = 86400; /* RFC 2308 section 7.1: five minutes at most */
	c = cache_new(&long_memory);
	fill(c, "a.test", DNS_SERVFAIL, 0, 0);
	ck_assert_int_eq(look(c, "a.test", 299999), CACHE_HIT);
	ck_assert_int_eq(look(c, "a.test", 300000), CACHE_NEW);
	cache_free(&c);
}
END_TEST

START_TEST(name_and_type_count)
{
	struct cache *c = cache_new(&params);
	struct listener l;

	fill(c, "a.test", DNS_FOUND, 10, 0);
	ck_assert_int_eq(look(c, "b.test", 1), CACHE_NEW);
	listen_to(&l);
	ck_assert_int_eq(cache_join(c, "a.test", DNS_A, &l.waiter, 1), CACHE_NEW);
	settle(l.waiter.question, NULL, 1);
	cache_leave(&l.waiter);
	ck_assert_int_eq(look(c, "a.test", 1), CACHE_HIT);
	cache_free(&c);
}
END_TEST

/* A hundred who ask while it is in flight: one question, and all are told in their order. */
START_TEST(in_flight_once)
{
	struct cache *c = cache_new(&params);
	struct listener l[100];
	struct dns_answer *a = answer_new(DNS_FOUND, 10);
	struct waiter *w;

	ck_assert_int_eq(join(c, "a.test", &l[0], 0), CACHE_NEW);
	for (int i = 1; i < 100; i++)
		ck_assert_int_eq(join(c, "a.test", &l[i], 0), CACHE_JOINED);
	w = cache_settle(l[0].waiter.question, a, 0);
	for (int i = 0; i < 100; i++, w = w->next)
		ck_assert_ptr_eq(w, &l[i].waiter);
	ck_assert_ptr_null(w);
	for (int i = 0; i < 100; i++) {
		ck_assert_ptr_eq(cache_answer(l[i].waiter.question), a);
		ck_assert_uint_eq(atomic_load(&l[i].refs), 2); /* one for the call */
		cache_leave(&l[i].waiter);
	}
	cache_free(&c);
}
END_TEST

/* Those who left are not told, wherever they stood; nor those whose owner is going. */
START_TEST(leaving)
{
	struct cache *c = cache_new(&params);
	struct listener l[5];

	for (int i = 0; i < 5; i++)
		join(c, "a.test", &l[i], 0);
	cache_leave(&l[0].waiter);
	cache_leave(&l[2].waiter);
	cache_leave(&l[4].waiter);
	atomic_store(&l[3].refs, 0);
	ck_assert_uint_eq(settle(l[1].waiter.question, answer_new(DNS_FOUND, 10), 0), 1);
	ck_assert_uint_eq(l[1].told, 1);
	ck_assert_uint_eq(l[3].told, 0);
	ck_assert_uint_eq(atomic_load(&l[3].refs), 0);
	cache_leave(&l[1].waiter);
	cache_leave(&l[3].waiter);
	cache_free(&c);
}
END_TEST

START_TEST(nobody_left)
{
	struct cache *c = cache_new(&params);
	struct dns_question *q;
	struct listener l;

	join(c, "a.test", &l, 0);
	q = l.waiter.question;
	cache_leave(&l.waiter);
	ck_assert_uint_eq(settle(q, answer_new(DNS_FOUND, 10), 0), 0);
	ck_assert_int_eq(look(c, "a.test", 1), CACHE_HIT); /* the late answer was not for nothing */
	cache_free(&c);
}
END_TEST

static size_t entries(struct cache *c)
{
	struct resolver_counters counters;

	cache_counters(c, &counters);
	return counters.cache_entries;
}

START_TEST(the_least_used_goes)
{
	struct cache *c = cache_new(&params);

	fill(c, "a.test", DNS_FOUND, 10, 0);
	fill(c, "b.test", DNS_FOUND, 10, 0);
	fill(c, "c.test", DNS_FOUND, 10, 0);
	fill(c, "d.test", DNS_FOUND, 10, 0);
	ck_assert_uint_eq(entries(c), 4);
	ck_assert_int_eq(look(c, "a.test", 1), CACHE_HIT);
	fill(c, "e.test", DNS_FOUND, 10, 1);
	ck_assert_uint_eq(entries(c), 4);
	ck_assert_int_eq(look(c, "b.test", 2), CACHE_NEW);
	ck_assert_int_eq(look(c, "a.test", 2), CACHE_HIT);
	ck_assert_int_eq(look(c, "c.test", 2), CACHE_HIT);
	cache_free(&c);
}
END_TEST

/* An evicted answer, and one of a cache that is gone, lives on for those who hold it. */
START_TEST(answers_outlive_the_cache)
{
	struct cache *c = cache_new(&params);
	struct listener l;
	char name[] = "x0.test";

	join(c, "a.test", &l, 0);
	settle(l.waiter.question, answer_new(DNS_FOUND, 77), 0);
	for (char i = '0'; i < '9'; i++) {
		name[1] = i;
		fill(c, name, DNS_FOUND, 10, 0);
	}
	ck_assert_int_eq(look(c, "a.test", 1), CACHE_NEW);
	ck_assert_uint_eq(l.answer->ttl, 77);
	cache_free(&c);
	ck_assert_uint_eq(cache_answer(l.waiter.question)->ttl, 77);
	cache_leave(&l.waiter);
}
END_TEST

START_TEST(octets_are_limited)
{
	struct resolver_params large = params;
	struct resolver_counters counters;
	struct cache *c;
	char name[32], *text;

	large.cache_entries = 100000;
	c = cache_new(&large);
	for (int i = 0; i < 1100; i++) {
		struct dns_answer *a = dns_answer_new(DNS_FOUND, 1, 65536, &text);
		struct listener l;

		ck_assert_ptr_nonnull(a);
		a->records[0].text = slice_of(text, 65535);
		a->ttl = 100;
		snprintf(name, sizeof(name), "n%d.test", i);
		join(c, name, &l, 0);
		settle(l.waiter.question, a, 0);
		cache_leave(&l.waiter);
	}
	cache_counters(c, &counters);
	ck_assert_uint_le(counters.cache_entries, LIMIT_DNS_CACHE / 65536);
	ck_assert_uint_ge(counters.cache_entries, LIMIT_DNS_CACHE / 65536 - 10);
	ck_assert_int_eq(look(c, "n1099.test", 1), CACHE_HIT);
	ck_assert_int_eq(look(c, "n0.test", 1), CACHE_NEW);
	cache_free(&c);
}
END_TEST

START_TEST(without_a_cache)
{
	struct resolver_params none = { .cache_entries = 0, .max_ttl = 1000 };
	struct cache *c = cache_new(&none);
	struct listener a, b;

	ck_assert_int_eq(join(c, "a.test", &a, 0), CACHE_NEW);
	ck_assert_int_eq(join(c, "a.test", &b, 0), CACHE_JOINED); /* still once in flight */
	ck_assert_uint_eq(settle(a.waiter.question, answer_new(DNS_FOUND, 10), 0), 2);
	cache_leave(&a.waiter);
	cache_leave(&b.waiter);
	ck_assert_int_eq(look(c, "a.test", 0), CACHE_NEW);
	cache_free(&c);
}
END_TEST

START_TEST(out_of_memory_is_local_trouble)
{
	struct cache *c = cache_new(&params);
	struct listener l;

	join(c, "a.test", &l, 0);
	settle(l.waiter.question, NULL, 0);
	ck_assert_int_eq(l.answer->status, DNS_LOCAL_TROUBLE);
	cache_leave(&l.waiter);
	ck_assert_int_eq(look(c, "a.test", 0), CACHE_NEW); /* it may be over already */
	cache_free(&c);
}
END_TEST

START_TEST(counting)
{
	struct cache *c = cache_new(&params);
	struct resolver_counters n;

	fill(c, "a.test", DNS_FOUND, 10, 0);
	fill(c, "b.test", DNS_TIMEOUT, 0, 0);
	fill(c, "c.test", DNS_SERVFAIL, 0, 0);
	look(c, "a.test", 1);
	look(c, "b.test", 1);
	cache_counters(c, &n);
	ck_assert_uint_eq(n.questions, 5);
	ck_assert_uint_eq(n.cache_hits, 2);
	ck_assert_uint_eq(n.timeouts, 1);
	ck_assert_uint_eq(n.failures, 1);
	ck_assert_uint_eq(n.cache_entries, 3);
	cache_free(&c);
}
END_TEST

Suite *cache_suite(void)
{
	Suite *s = suite_create("cache");

	UNIT_TABLE(s, lifetimes, life_rows);
	UNIT_TEST(s, failures_are_short);
	UNIT_TEST(s, name_and_type_count);
	UNIT_TEST(s, in_flight_once);
	UNIT_TEST(s, leaving);
	UNIT_TEST(s, nobody_left);
	UNIT_TEST(s, the_least_used_goes);
	UNIT_TEST(s, answers_outlive_the_cache);
	UNIT_TEST(s, octets_are_limited);
	UNIT_TEST(s, without_a_cache);
	UNIT_TEST(s, out_of_memory_is_local_trouble);
	UNIT_TEST(s, counting);
	return s;
}

/* lookups.h: a message's questions: shares, hooks, deadline, release.  X_04, X_07 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"

#include "dns/backend.h"
#include "dns/lookups.h"
#include "dns/zonefile.h"

#include "suites.h"

/* A backend that answers when the test says so. */
struct fake {
	struct dns_question *asked[LIMIT_DNS_CLIENT + 512];
	size_t count, delivered;
	bool in_trouble;
};

static void fake_ask(void *ctx, struct dns_question *question, const char *name,
    enum dns_type type)
{
	struct fake *f = ctx;

	(void)name;
	(void)type;
	ck_assert_uint_lt(f->count, N_ELEMENTS(f->asked));
	f->asked[f->count++] = question;
}

static void fake_deliver(struct fake *f, enum dns_status status)
{
	struct dns_answer *a = dns_answer_new(status, 0, 0, NULL);

	a->ttl = 60;
	resolver_deliver(f->asked[f->delivered++], a);
}

static void fake_free(void *ctx)
{
	struct fake *f = ctx;

	while (f->delivered < f->count)
		resolver_deliver(f->asked[f->delivered++], NULL);
}

static bool fake_in_trouble(void *ctx)
{
	const struct fake *f = ctx;

	return f->in_trouble;
}

static struct resolver *fake_open(struct fake *f)
{
	static const struct dns_backend backend = { .ask = fake_ask, .free = fake_free,
		.in_trouble = fake_in_trouble };
	static const struct resolver_params params = RESOLVER_PARAMS_DEFAULT;

	*f = (struct fake){ .count = 0 };
	return resolver_new(&backend, f, &params);
}

static struct resolver *open_zone(struct slice text)
{
	struct err err = ERR_INIT;
	struct resolver *r = NULL;

	if (resolver_zonetext("zone", text, &r, &err) != RC_OK)
		ck_abort_msg("%s", buf_cstr(&err.text));
	err_free(&err);
	return r;
}

START_TEST(same_question_once)
{
	struct fake f;
	struct resolver *r = fake_open(&f);
	struct lookups *l = lookups_new(r, 1000), *other = lookups_new(r, 1000);
	const struct dns_answer *a;

	lookups_start(l, LOOKUP_SPF, SLICE("a.test"), DNS_TXT, NULL, NULL);
	lookups_start(l, LOOKUP_SPF, SLICE("A.TEST."), DNS_TXT, NULL, NULL);
	lookups_start(l, LOOKUP_DKIM, SLICE("a.test"), DNS_TXT, NULL, NULL);
	lookups_start(other, LOOKUP_DKIM, SLICE("a.test"), DNS_TXT, NULL, NULL);
	ck_assert_uint_eq(f.count, 1);
	ck_assert_uint_eq(lookups_count(l), 1);
	lookups_start(l, LOOKUP_SPF, SLICE("a.test"), DNS_A, NULL, NULL);
	ck_assert_uint_eq(f.count, 2);
	fake_deliver(&f, DNS_FOUND);
	a = lookups_await(l, LOOKUP_SPF, SLICE("a.test"), DNS_TXT);
	ck_assert_int_eq(a->status, DNS_FOUND);
	ck_assert_ptr_eq(a, lookups_await(l, LOOKUP_POLICY, SLICE("a.Test"), DNS_TXT));
	ck_assert_ptr_eq(a, lookups_await(other, LOOKUP_POLICY, SLICE("a.test"), DNS_TXT));
	lookups_release(&l);
	lookups_release(&other);
	ck_assert_ptr_null(l);
	resolver_free(&r);
}
END_TEST

START_TEST(bad_names_are_not_asked)
{
	static const char *const names[] = { "", ".", "a..test", "\\256.test" };
	struct fake f;
	struct resolver *r = fake_open(&f);
	struct lookups *l = lookups_new(r, 1000);

	for (size_t i = 0; i < N_ELEMENTS(names); i++)
		ck_assert_int_eq(lookups_await(l, LOOKUP_SPF, slice_str(names[i]), DNS_A)->status,
		    DNS_BADNAME);
	ck_assert_uint_eq(f.count, 0);
	ck_assert_uint_eq(lookups_count(l), 0);
	lookups_release(&l);
	resolver_free(&r);
}
END_TEST

static const struct {
	enum lookup_purpose purpose;
	size_t share;
} shares[] = {
	{ LOOKUP_POLICY, LIMIT_DNS_POLICY },
	{ LOOKUP_DKIM, LIMIT_DNS_DKIM },
	{ LOOKUP_ARC, LIMIT_DNS_ARC },
	{ LOOKUP_SPF, LIMIT_DNS_SPF },
	{ LOOKUP_HELO, LIMIT_DNS_HELO },
	{ LOOKUP_ALIGNMENT, LIMIT_DNS_ALIGNMENT },
};

_Static_assert(N_ELEMENTS(shares) == LOOKUP_PURPOSES, "every purpose has a row");

static void hook_unwanted(struct lookups *l, const struct dns_answer *answer, void *arg)
{
	(void)l;
	(void)answer;
	(void)arg;
	ck_abort_msg("a hook for a question that was never asked");
}

START_TEST(a_purpose_keeps_to_its_share)
{
	enum lookup_purpose mine = shares[_i].purpose;
	struct resolver *r = open_zone(SLICE("*.test A 192.0.2.1\n"));
	struct lookups *l = lookups_new(r, 1000);
	char name[32];

	for (size_t i = 0; i < shares[_i].share; i++) {
		snprintf(name, sizeof(name), "n%zu.test", i);
		ck_assert_int_eq(lookups_await(l, mine, slice_str(name), DNS_A)->status, DNS_FOUND);
	}
	ck_assert_int_eq(lookups_await(l, mine, SLICE("one.more.test"), DNS_A)->status, DNS_LIMIT);
	lookups_start(l, mine, SLICE("another.test"), DNS_A, hook_unwanted, NULL);
	ck_assert_int_eq(lookups_await(l, mine, SLICE("n0.test"), DNS_A)->status, DNS_FOUND);
	for (size_t other = 0; other < N_ELEMENTS(shares); other++) {
		if (shares[other].purpose == mine)
			continue;
		snprintf(name, sizeof(name), "p%zu.test", other);
		ck_assert_int_eq(lookups_await(l, shares[other].purpose, slice_str(name), DNS_A)->status,
		    DNS_FOUND);
		/* refused to one, granted to another */
		ck_assert_int_eq(lookups_await(l, shares[other].purpose, SLICE("one.more.test"),
		    DNS_A)->status, DNS_FOUND);
	}
	/* and then it is there for the first as well */
	ck_assert_int_eq(lookups_await(l, mine, SLICE("one.more.test"), DNS_A)->status, DNS_FOUND);
	lookups_release(&l);
	resolver_free(&r);
}
END_TEST

START_TEST(temporary)
{
	static const bool want[] = { [DNS_SERVFAIL] = true, [DNS_TIMEOUT] = true,
		[DNS_LOCAL_TROUBLE] = true, [DNS_LIMIT] = true };

	for (int status = DNS_FOUND; status <= DNS_LIMIT; status++) {
		ck_assert_int_eq(dns_status_is_temporary((enum dns_status)status), want[status]);
		ck_assert_ptr_nonnull(dns_status_text((enum dns_status)status));
	}
}
END_TEST

/* --- trouble of our own ----------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum dns_status delivered; /* DNS_LIMIT: nothing before the deadline */
	bool in_trouble;
	enum dns_status want;
	bool local;
} trouble_rows[] = {
	{ "an answer", DNS_FOUND, true, DNS_FOUND, false },
	{ "a broken zone", DNS_SERVFAIL, true, DNS_SERVFAIL, false },
	{ "a silent zone", DNS_TIMEOUT, true, DNS_TIMEOUT, false },
	{ "our resolver", DNS_LOCAL_TROUBLE, false, DNS_LOCAL_TROUBLE, true },
	{ "the deadline", DNS_LIMIT, false, DNS_TIMEOUT, false },
	{ "the deadline, while our resolver is in trouble", DNS_LIMIT, true, DNS_LOCAL_TROUBLE, true },
};

START_TEST(local_trouble)
{
	struct fake f;
	struct resolver *r = fake_open(&f);
	struct lookups *l = lookups_new(r, trouble_rows[_i].delivered == DNS_LIMIT ? 1 : 60000);

	f.in_trouble = trouble_rows[_i].in_trouble;
	lookups_start(l, LOOKUP_SPF, SLICE("a.test"), DNS_TXT, NULL, NULL);
	if (trouble_rows[_i].delivered != DNS_LIMIT)
		fake_deliver(&f, trouble_rows[_i].delivered);
	ck_assert_msg(!lookups_local_trouble(l), "%s: nothing was awaited yet", trouble_rows[_i].name);
	ck_assert_msg(lookups_await(l, LOOKUP_SPF, SLICE("a.test"), DNS_TXT)->status ==
	    trouble_rows[_i].want, "%s", trouble_rows[_i].name);
	ck_assert_int_eq(lookups_await(l, LOOKUP_SPF, SLICE("a..test"), DNS_TXT)->status, DNS_BADNAME);
	ck_assert_msg(lookups_local_trouble(l) == trouble_rows[_i].local, "%s", trouble_rows[_i].name);
	lookups_release(&l);
	resolver_free(&r);
}
END_TEST

/* THREATS: Aborted mail.  A later message of the same client is local trouble: nothing is gained. */
START_TEST(aborted_messages_use_up_their_clients_share)
{
	struct ip attacker = { .family = IP_V4, .octets = { 192, 0, 2, 1 } },
	    other = { .family = IP_V4, .octets = { 192, 0, 2, 2 } };
	static struct fake f;
	struct resolver *r = fake_open(&f);
	struct resolver_counters n;
	struct lookups *l;
	char name[32];

	for (unsigned i = 0; i < LIMIT_DNS_CLIENT; i++) {
		l = lookups_new(r, 1000);
		lookups_set_client(l, &attacker);
		snprintf(name, sizeof(name), "n%u.test", i);
		lookups_start(l, LOOKUP_SPF, slice_str(name), DNS_TXT, NULL, NULL);
		lookups_release(&l);
	}
	ck_assert_uint_eq(f.count, LIMIT_DNS_CLIENT);
	l = lookups_new(r, 1000);
	lookups_set_client(l, &attacker);
	ck_assert_int_eq(lookups_await(l, LOOKUP_POLICY, SLICE("a.test"), DNS_TXT)->status,
	    DNS_LOCAL_TROUBLE);
	ck_assert(lookups_local_trouble(l));
	lookups_release(&l);
	l = lookups_new(r, 1000);
	lookups_set_client(l, &other);
	lookups_start(l, LOOKUP_POLICY, SLICE("a.test"), DNS_TXT, NULL, NULL);
	ck_assert_uint_eq(f.count, LIMIT_DNS_CLIENT + 1);
	lookups_release(&l);
	resolver_counters(r, &n);
	ck_assert_uint_eq(n.refused, 1);
	resolver_free(&r);
}
END_TEST

/* --- hooks ------------------------------------------------------------------------------------ */

static void count_call(struct lookups *l, const struct dns_answer *answer, void *arg)
{
	unsigned *calls = arg;

	(void)l;
	ck_assert_int_eq(answer->status, DNS_FOUND);
	++*calls;
}

START_TEST(hook_once)
{
	unsigned first = 0, second = 0;
	struct fake f;
	struct resolver *r = fake_open(&f);
	struct lookups *l = lookups_new(r, 1000);

	lookups_start(l, LOOKUP_SPF, SLICE("a.test"), DNS_TXT, NULL, NULL);
	lookups_start(l, LOOKUP_SPF, SLICE("a.test"), DNS_TXT, count_call, &first);
	lookups_start(l, LOOKUP_SPF, SLICE("a.test"), DNS_TXT, count_call, &second);
	ck_assert_uint_eq(first, 0);
	fake_deliver(&f, DNS_FOUND);
	ck_assert_uint_eq(first, 1);
	lookups_start(l, LOOKUP_SPF, SLICE("a.test"), DNS_TXT, count_call, &first);
	ck_assert_uint_eq(first, 1);
	ck_assert_uint_eq(second, 0);
	lookups_release(&l);
	resolver_free(&r);
}
END_TEST

START_TEST(hook_for_an_answer_that_is_there)
{
	unsigned calls = 0;
	struct resolver *r = open_zone(SLICE("a.test TXT x\n"));
	struct lookups *l = lookups_new(r, 1000);

	lookups_await(l, LOOKUP_SPF, SLICE("a.test"), DNS_TXT);
	lookups_start(l, LOOKUP_SPF, SLICE("a.test"), DNS_TXT, count_call, &calls);
	ck_assert_uint_eq(calls, 1);
	lookups_release(&l);
	resolver_free(&r);
}
END_TEST

/* n0.test leads to n1.test and so on; hooks follow each other but never nest. */
struct walk {
	unsigned calls, depth, deepest;
};

static void walk_on(struct lookups *l, const struct dns_answer *answer, void *arg)
{
	struct walk *w = arg;
	char name[32];

	w->calls++;
	if (++w->depth > w->deepest)
		w->deepest = w->depth;
	if (answer->status == DNS_FOUND) {
		snprintf(name, sizeof(name), "n%u.test", w->calls);
		lookups_start(l, LOOKUP_SPF, slice_str(name), DNS_TXT, walk_on, arg);
	}
	w->depth--;
}

START_TEST(hooks_do_not_nest)
{
	struct walk w = { 0, 0, 0 };
	struct resolver *r = open_zone(SLICE("*.test TXT on\n"));
	struct lookups *l = lookups_new(r, 1000);

	lookups_start(l, LOOKUP_SPF, SLICE("n0.test"), DNS_TXT, walk_on, &w);
	ck_assert_uint_eq(w.calls, LIMIT_DNS_SPF);
	ck_assert_uint_eq(w.deepest, 1);
	ck_assert_uint_eq(lookups_count(l), LIMIT_DNS_SPF);
	lookups_release(&l);
	resolver_free(&r);
}
END_TEST

/* --- the end ---------------------------------------------------------------------------------- */

START_TEST(released_before_the_answer)
{
	struct fake f;
	struct resolver *r = fake_open(&f);
	struct lookups *l = lookups_new(r, 1000);

	lookups_start(l, LOOKUP_SPF, SLICE("a.test"), DNS_TXT, hook_unwanted, NULL);
	lookups_release(&l);
	fake_deliver(&f, DNS_FOUND);
	l = lookups_new(r, 1000);
	ck_assert_int_eq(lookups_await(l, LOOKUP_SPF, SLICE("a.test"), DNS_TXT)->status, DNS_FOUND);
	ck_assert_uint_eq(f.count, 1); /* from the cache */
	lookups_release(&l);
	resolver_free(&r);
}
END_TEST

START_TEST(past_the_deadline)
{
	struct fake f;
	struct resolver *r = fake_open(&f);
	struct lookups *l = lookups_new(r, 30), *later;

	lookups_start(l, LOOKUP_SPF, SLICE("late.test"), DNS_TXT, hook_unwanted, NULL);
	lookups_start(l, LOOKUP_SPF, SLICE("early.test"), DNS_TXT, NULL, NULL);
	ck_assert_int_eq(lookups_await(l, LOOKUP_SPF, SLICE("late.test"), DNS_TXT)->status, DNS_TIMEOUT);
	ck_assert_int_ge(lookups_waited_ms(l), 30);
	fake_deliver(&f, DNS_FOUND);
	fake_deliver(&f, DNS_FOUND);
	/* the one that was given up stays so, the other has arrived in time for its first use */
	ck_assert_int_eq(lookups_await(l, LOOKUP_SPF, SLICE("late.test"), DNS_TXT)->status, DNS_TIMEOUT);
	lookups_start(l, LOOKUP_SPF, SLICE("late.test"), DNS_TXT, hook_unwanted, NULL);
	ck_assert_int_eq(lookups_await(l, LOOKUP_SPF, SLICE("early.test"), DNS_TXT)->status, DNS_FOUND);
	lookups_start(l, LOOKUP_SPF, SLICE("never.test"), DNS_TXT, NULL, NULL);
	ck_assert_int_eq(lookups_await(l, LOOKUP_SPF, SLICE("never.test"), DNS_TXT)->status, DNS_TIMEOUT);
	lookups_start(l, LOOKUP_SPF, SLICE("never.test"), DNS_TXT, hook_unwanted, NULL);
	ck_assert_int_eq(lookups_await(l, LOOKUP_SPF, SLICE("new.test"), DNS_TXT)->status, DNS_TIMEOUT);
	later = lookups_new(r, 1000);
	ck_assert_int_eq(lookups_await(later, LOOKUP_SPF, SLICE("late.test"), DNS_TXT)->status, DNS_FOUND);
	lookups_release(&later);
	lookups_release(&l);
	resolver_free(&r);
}
END_TEST

START_TEST(one_deadline_for_all)
{
	struct fake f;
	struct resolver *r = fake_open(&f);
	struct lookups *l = lookups_new(r, 40);
	char name[32];

	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "n%d.test", i);
		ck_assert_int_eq(lookups_await(l, LOOKUP_SPF, slice_str(name), DNS_A)->status, DNS_TIMEOUT);
	}
	ck_assert_int_lt(lookups_waited_ms(l), 50 * 40);
	lookups_release(&l);
	resolver_free(&r);
}
END_TEST

START_TEST(the_end_of_the_resolver)
{
	struct fake f;
	struct resolver *r = fake_open(&f);
	struct lookups *l = lookups_new(r, 1000);
	const struct dns_answer *a;

	lookups_start(l, LOOKUP_SPF, SLICE("a.test"), DNS_TXT, NULL, NULL);
	lookups_start(l, LOOKUP_SPF, SLICE("b.test"), DNS_TXT, NULL, NULL);
	fake_deliver(&f, DNS_FOUND);
	a = lookups_await(l, LOOKUP_SPF, SLICE("a.test"), DNS_TXT);
	resolver_free(&r);
	ck_assert_int_eq(a->status, DNS_FOUND);
	lookups_release(&l);
}
END_TEST

static void count_release(void *ptr)
{
	++*(unsigned *)ptr;
}

/* What hooks work on goes when no hook can come any more. */
START_TEST(deferred_release)
{
	unsigned released = 0;
	struct resolver *r = open_zone(SLICE("a.test A 192.0.2.1\n"));
	struct lookups *l = lookups_new(r, 1000);

	ck_assert(lookups_defer(l, count_release, &released));
	ck_assert(lookups_defer(l, count_release, &released));
	lookups_await(l, LOOKUP_SPF, SLICE("a.test"), DNS_A);
	ck_assert_uint_eq(released, 0);
	lookups_release(&l);
	ck_assert_uint_eq(released, 2);
	resolver_free(&r);
}
END_TEST

/* --- threads ---------------------------------------------------------------------------------- */

static void *deliver_all(void *arg)
{
	struct fake *f = arg;

	while (f->delivered < f->count)
		fake_deliver(f, DNS_NXDOMAIN);
	return NULL;
}

START_TEST(woken_by_another_thread)
{
	struct fake f;
	struct resolver *r = fake_open(&f);
	struct lookups *l = lookups_new(r, 100000);
	pthread_t thread;
	char name[32];

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "n%d.test", i);
		lookups_start(l, LOOKUP_SPF, slice_str(name), DNS_A, NULL, NULL);
	}
	pthread_create(&thread, NULL, deliver_all, &f);
	for (int i = 99; i >= 0; i--) {
		snprintf(name, sizeof(name), "n%d.test", i);
		ck_assert_int_eq(lookups_await(l, LOOKUP_SPF, slice_str(name), DNS_A)->status, DNS_NXDOMAIN);
	}
	pthread_join(thread, NULL);
	lookups_release(&l);
	resolver_free(&r);
}
END_TEST

Suite *lookups_suite(void)
{
	Suite *s = suite_create("lookups");

	UNIT_TEST(s, same_question_once);
	UNIT_TEST(s, bad_names_are_not_asked);
	UNIT_TABLE(s, a_purpose_keeps_to_its_share, shares);
	UNIT_TEST(s, temporary);
	UNIT_TABLE(s, local_trouble, trouble_rows);
	UNIT_TEST(s, aborted_messages_use_up_their_clients_share);
	UNIT_TEST(s, hook_once);
	UNIT_TEST(s, hook_for_an_answer_that_is_there);
	UNIT_TEST(s, hooks_do_not_nest);
	UNIT_TEST(s, released_before_the_answer);
	UNIT_TEST(s, past_the_deadline);
	UNIT_TEST(s, one_deadline_for_all);
	UNIT_TEST(s, the_end_of_the_resolver);
	UNIT_TEST(s, deferred_release);
	UNIT_TEST(s, woken_by_another_thread);
	return s;
}

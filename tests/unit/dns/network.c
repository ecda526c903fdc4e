/* network.h against our own name server: outcomes, failover, forgery, load.  X_03, X_07 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/limits.h"

#include "dns/network.h"
#include "dns/lookups.h"

#include "dnsserver.h"
#include "suites.h"

static const char zone[] =
    "a.test TXT hello\n"
    "a.test A 192.0.2.1\n"
    "c.test CNAME a.test\n"
    "loop.test CNAME loop2.test\n"
    "loop2.test CNAME loop.test\n"
    "zero.test 0 IN TXT gone\n"
    "one.test 1 IN TXT short\n"
    "x\\000\\032\\092.test A 192.0.2.2\n"
    "*.many.test A 192.0.2.3\n"
    "servfail.test TXT !SERVFAIL\n"
    "refused.test TXT !REFUSED\n"
    "formerr.test TXT !FORMERR\n"
    "timeout.test TXT !TIMEOUT\n"
    "tc.test TXT !TC\n"
    "tcponly.test TXT !TCPONLY\n"
    "tcponly.test TXT by tcp\n"
    "garbage.test TXT !GARBAGE\n"
    "wrongid.test TXT !WRONGID\n"
    "slow.test TXT !SLOW=150\n"
    "slow.test TXT patience\n";

/* A busy machine must not make a time-out of an answer: tries are short only where one is wanted. */
#define LONG_MS  10000
#define SHORT_MS 1500

static struct dnsserver *serve(const char *text)
{
	static const struct dnsserver_params params = { .authentic = true };
	struct dnsserver *s = dnsserver_start(slice_str(text), &params);

	ck_assert_ptr_nonnull(s);
	return s;
}

static struct resolver *open_for(struct slice *servers, size_t count, int64_t timeout_ms,
    unsigned tries)
{
	struct network_params params = { .servers = servers, .server_count = count,
		.timeout_ms = timeout_ms, .tries = tries };
	struct resolver_params cache = RESOLVER_PARAMS_DEFAULT;
	struct log_params quiet = { .target = LOG_TARGET_STDERR, .level = LOG_LEVEL_ERROR,
		.ident = "test" };
	struct err err = ERR_INIT;
	struct resolver *r = NULL;

	log_open(&quiet);
	if (resolver_network(&params, &cache, &r, &err) != RC_OK)
		ck_abort_msg("%s", buf_cstr(&err.text));
	err_free(&err);
	return r;
}

static struct resolver *open_one(const struct dnsserver *s, int64_t timeout_ms)
{
	struct slice address = dnsserver_address(s);

	return open_for(&address, 1, timeout_ms, 2);
}

static enum dns_status get(struct resolver *r, const char *name, enum dns_type type)
{
	struct lookups *l = lookups_new(r, 60000);
	enum dns_status status = lookups_await(l, LOOKUP_SPF, slice_str(name), type)->status;

	lookups_release(&l);
	return status;
}

/* --- one question ----------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum dns_type type;
	enum dns_status status;
	int rcode;
	const char *text;
} rows[] = {
	{ "a.test", DNS_TXT, DNS_FOUND, 0, "hello" },
	{ "c.test", DNS_TXT, DNS_FOUND, 0, "hello" },
	{ "a.test", DNS_MX, DNS_NODATA, 0, NULL },
	{ "b.test", DNS_TXT, DNS_NXDOMAIN, 3, NULL },
	{ "test", DNS_TXT, DNS_NODATA, 0, NULL },
	{ "loop.test", DNS_TXT, DNS_SERVFAIL, 2, NULL },
	{ "servfail.test", DNS_TXT, DNS_SERVFAIL, 2, NULL },
	{ "refused.test", DNS_TXT, DNS_SERVFAIL, 5, NULL },
	{ "formerr.test", DNS_TXT, DNS_SERVFAIL, 1, NULL },
	{ "timeout.test", DNS_TXT, DNS_TIMEOUT, 0, NULL },
	{ "tc.test", DNS_TXT, DNS_TIMEOUT, 0, NULL },
	{ "tcponly.test", DNS_TXT, DNS_FOUND, 0, "by tcp" },
	{ "wrongid.test", DNS_TXT, DNS_TIMEOUT, 0, NULL },
	{ "slow.test", DNS_TXT, DNS_FOUND, 0, "patience" },
};

START_TEST(outcomes)
{
	struct dnsserver *s = serve(zone);
	struct resolver *r = open_one(s, rows[_i].status == DNS_TIMEOUT ? SHORT_MS : LONG_MS);
	struct lookups *l = lookups_new(r, 60000);
	const struct dns_answer *a = lookups_await(l, LOOKUP_SPF, slice_str(rows[_i].name), rows[_i].type);

	ck_assert_msg(a->status == rows[_i].status, "row %d: %s: %s", _i, rows[_i].name,
	    dns_status_text(a->status));
	ck_assert_int_eq(a->rcode, rows[_i].rcode);
	if (rows[_i].text != NULL)
		ck_slice_eq(a->records[0].text, slice_str(rows[_i].text));
	if (!dns_status_is_temporary(a->status)) {
		ck_assert(a->authentic);
		ck_assert_uint_eq(a->ttl, 300);
	}
	lookups_release(&l);
	resolver_free(&r);
	dnsserver_stop(&s);
}
END_TEST

/* An answer to another question is not ours: it is waited on. */
START_TEST(garbage)
{
	struct dnsserver *s = serve(zone);
	struct resolver *r = open_one(s, SHORT_MS);

	ck_assert_int_eq(get(r, "garbage.test", DNS_TXT), DNS_TIMEOUT);
	resolver_free(&r);
	dnsserver_stop(&s);
}
END_TEST

/* Names of SPF macros contain what the sender wrote. */
static const struct {
	const char *name;
	enum dns_status status;
} octet_rows[] = {
	{ "joe+x.many.test", DNS_FOUND },
	{ "joe=20x.many.test", DNS_FOUND },
	{ "x\\000\\032\\092.test", DNS_FOUND },
	{ "\\255!$&'{}~.many.test", DNS_FOUND },
	{ "dot\\.in.test", DNS_NXDOMAIN },
};

START_TEST(any_octets)
{
	struct dnsserver *s = serve(zone);
	struct resolver *r = open_one(s, LONG_MS);

	ck_assert_msg(get(r, octet_rows[_i].name, DNS_A) == octet_rows[_i].status, "%s",
	    octet_rows[_i].name);
	resolver_free(&r);
	dnsserver_stop(&s);
}
END_TEST

START_TEST(a_server_without_edns)
{
	struct dnsserver *s = serve(zone);
	struct resolver *r = open_one(s, LONG_MS);
	struct dnsserver_query q;

	dnsserver_set_plain(s, true);
	ck_assert_int_eq(get(r, "a.test", DNS_TXT), DNS_FOUND);
	ck_assert_uint_eq(dnsserver_count(s, NULL, 0), 2);
	ck_assert(dnsserver_query(s, 1, &q));
	ck_assert_uint_eq(q.edns, 0);
	resolver_free(&r);
	dnsserver_stop(&s);
}
END_TEST

START_TEST(what_is_sent)
{
	struct dnsserver *s = serve(zone);
	struct resolver *r = open_one(s, LONG_MS);
	struct dnsserver_query q;

	get(r, "A.TEST.", DNS_TXT);
	ck_assert_uint_eq(dnsserver_count(s, NULL, 0), 1);
	ck_assert(dnsserver_query(s, 0, &q));
	ck_assert_str_eq(q.name, "a.test");
	ck_assert_uint_eq(q.type, DNS_TXT);
	ck_assert_uint_eq(q.edns, 1232);
	ck_assert(q.authentic);
	ck_assert(q.recursion);
	ck_assert(!q.tcp);
	resolver_free(&r);
	dnsserver_stop(&s);
}
END_TEST

START_TEST(truncation_leads_to_tcp)
{
	struct dnsserver *s = serve(zone);
	struct resolver *r = open_one(s, LONG_MS);
	struct dnsserver_query q;

	get(r, "tcponly.test", DNS_TXT);
	ck_assert_uint_eq(dnsserver_count(s, "tcponly.test", DNS_TXT), 2);
	ck_assert(dnsserver_query(s, 1, &q));
	ck_assert(q.tcp);
	resolver_free(&r);
	dnsserver_stop(&s);
}
END_TEST

START_TEST(a_thousand_records_over_tcp)
{
	struct buf text = BUF_INIT(LIMIT_ZONE_BYTES);
	struct dnsserver *s;
	struct resolver *r;
	struct lookups *l;
	const struct dns_answer *a;

	for (int i = 0; i < 1000; i++)
		buf_addf(&text, "big.test TXT \"record number %d of a thousand\"\n", i);
	s = serve(buf_cstr(&text));
	r = open_one(s, LONG_MS);
	l = lookups_new(r, 60000);
	a = lookups_await(l, LOOKUP_SPF, SLICE("big.test"), DNS_TXT);
	ck_assert_int_eq(a->status, DNS_FOUND);
	ck_assert_uint_eq(a->count, 1000);
	ck_slice_eq(a->records[999].text, SLICE("record number 999 of a thousand"));
	lookups_release(&l);
	resolver_free(&r);
	dnsserver_stop(&s);
	buf_free(&text);
}
END_TEST

/* --- many questions --------------------------------------------------------------------------- */

#define MANY 100u

static void start_many(struct lookups *l, unsigned from, unsigned count)
{
	char name[32];

	for (unsigned i = from; i < from + count; i++) {
		snprintf(name, sizeof(name), "n%u.many.test", i);
		lookups_start(l, LOOKUP_SPF, slice_str(name), DNS_A, NULL, NULL);
	}
}

static void get_many(struct lookups *l, unsigned from, unsigned count)
{
	char name[32];

	for (unsigned i = from; i < from + count; i++) {
		snprintf(name, sizeof(name), "n%u.many.test", i);
		ck_assert_int_eq(lookups_await(l, LOOKUP_SPF, slice_str(name), DNS_A)->status, DNS_FOUND);
	}
}

/* All are on the wire at once: a hundred answers that take 100 ms each do not take ten seconds. */
START_TEST(overlap)
{
	struct dnsserver *s = serve(zone);
	struct resolver *r = open_one(s, LONG_MS);
	struct lookups *l = lookups_new(r, 60000);

	dnsserver_set_trouble(s, 100, 0);
	start_many(l, 0, MANY);
	get_many(l, 0, MANY);
	ck_assert_int_lt(lookups_waited_ms(l), 100 * MANY);
	ck_assert_uint_eq(dnsserver_count(s, NULL, DNS_A), MANY);
	lookups_release(&l);
	resolver_free(&r);
	dnsserver_stop(&s);
}
END_TEST

/* A burst of thousands is lost in no buffer and spread over many sockets. */
START_TEST(a_burst)
{
	struct dnsserver *s = serve(zone);
	struct resolver *r = open_one(s, LONG_MS);
	struct lookups *l[30];
	struct resolver_counters n;

	dnsserver_set_trouble(s, 200, 0);
	for (unsigned i = 0; i < N_ELEMENTS(l); i++) {
		l[i] = lookups_new(r, 60000);
		start_many(l[i], i * MANY, MANY);
	}
	for (unsigned i = 0; i < N_ELEMENTS(l); i++) {
		get_many(l[i], i * MANY, MANY);
		lookups_release(&l[i]);
	}
	resolver_counters(r, &n);
	ck_assert_uint_eq(n.timeouts, 0);
	resolver_free(&r);
	dnsserver_stop(&s);
}
END_TEST

static int by_value(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static size_t distinct(int *values, size_t count)
{
	size_t n = 0;

	qsort(values, count, sizeof(*values), by_value);
	for (size_t i = 0; i < count; i++)
		n += i == 0 || values[i] != values[i - 1];
	return n;
}

/* One by one every query has a port of its own; at once, a few share one. */
START_TEST(ids_and_ports_vary)
{
	struct dnsserver *s = serve(zone);
	struct resolver *r = open_one(s, LONG_MS);
	struct lookups *l = lookups_new(r, 60000);
	int ids[MANY], ports[MANY];
	struct dnsserver_query q;
	unsigned in_order = 0;

	if (_i == 0) {
		dnsserver_set_trouble(s, 100, 0);
		start_many(l, 0, MANY);
	}
	get_many(l, 0, MANY);
	for (unsigned i = 0; i < MANY; i++) {
		ck_assert(dnsserver_query(s, i, &q));
		ids[i] = q.id;
		ports[i] = q.port;
		in_order += i > 0 && ids[i] == ids[i - 1] + 1;
	}
	ck_assert_uint_lt(in_order, 3);
	ck_assert_uint_gt(distinct(ids, MANY), MANY - 10);
	ck_assert_uint_ge(distinct(ports, MANY), _i == 0 ? MANY / 16 : MANY / 2);
	lookups_release(&l);
	resolver_free(&r);
	dnsserver_stop(&s);
}
END_TEST

START_TEST(cached)
{
	struct dnsserver *s = serve(zone);
	struct resolver *r = open_one(s, LONG_MS);
	struct resolver_counters n;

	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(get(r, "a.test", DNS_TXT), DNS_FOUND);
		ck_assert_int_eq(get(r, "b.test", DNS_TXT), DNS_NXDOMAIN);
		ck_assert_int_eq(get(r, "a.test", DNS_MX), DNS_NODATA);
		ck_assert_int_eq(get(r, "servfail.test", DNS_TXT), DNS_SERVFAIL);
		ck_assert_int_eq(get(r, "zero.test", DNS_TXT), DNS_FOUND);
	}
	ck_assert_uint_eq(dnsserver_count(s, "a.test", DNS_TXT), 1);
	ck_assert_uint_eq(dnsserver_count(s, "b.test", DNS_TXT), 1);
	ck_assert_uint_eq(dnsserver_count(s, "a.test", DNS_MX), 1);
	ck_assert_uint_eq(dnsserver_count(s, "servfail.test", DNS_TXT), 1);
	ck_assert_uint_eq(dnsserver_count(s, "zero.test", DNS_TXT), 10);
	resolver_counters(r, &n);
	ck_assert_uint_eq(n.queries, 14);
	ck_assert_uint_eq(n.questions, 50);
	ck_assert_uint_eq(n.cache_hits, 36);
	resolver_free(&r);
	dnsserver_stop(&s);
}
END_TEST

/* --- servers ---------------------------------------------------------------------------------- */

/* A port on which nothing listens any more. */
static void dead_address(char *out, size_t size)
{
	struct dnsserver *s = serve("");

	snprintf(out, size, "127.0.0.1:%u", (unsigned)dnsserver_port(s));
	dnsserver_stop(&s);
}

START_TEST(first_server_dead)
{
	struct dnsserver *s = serve(zone);
	char dead[32];
	struct slice servers[2];
	struct resolver *r;

	dead_address(dead, sizeof(dead));
	servers[0] = slice_str(dead);
	servers[1] = dnsserver_address(s);
	r = open_for(servers, 2, LONG_MS, 2);
	ck_assert_int_eq(get(r, "a.test", DNS_TXT), DNS_FOUND);
	ck_assert_int_eq(get(r, "a.test", DNS_A), DNS_FOUND);
	resolver_free(&r);
	dnsserver_stop(&s);
}
END_TEST

START_TEST(both_servers_dead)
{
	char dead[32];
	struct slice servers[2];
	struct resolver *r;

	dead_address(dead, sizeof(dead));
	servers[0] = servers[1] = slice_str(dead);
	r = open_for(servers, 2, LONG_MS, 3);
	ck_assert_int_eq(get(r, "a.test", DNS_TXT), DNS_LOCAL_TROUBLE);
	resolver_free(&r);
}
END_TEST

/*
 * THREATS: DNS outage.  Whose fault: that of the sender when some server of ours works, as a question about the root shows
 * where nothing else does.
 */
static const struct {
	const char *name, *first, *second; /* zones; NULL: the server is silent */
	enum dns_status status;
} fault_rows[] = {
	{ "a silent zone", "a.test TXT !TIMEOUT\n", "a.test TXT !TIMEOUT\n", DNS_TIMEOUT },
	{ "one server is silent, the zone at the other", NULL, "a.test TXT !TIMEOUT\n", DNS_TIMEOUT },
	{ "a broken zone", "a.test TXT !SERVFAIL\n", NULL, DNS_SERVFAIL },
	{ "all fail about everything", "*.test * !SERVFAIL\n", "*.test * !SERVFAIL\n", DNS_SERVFAIL },
	{ "one name is refused", "a.test TXT !REFUSED\n", "a.test TXT !REFUSED\n", DNS_SERVFAIL },
	{ "all silent", NULL, NULL, DNS_LOCAL_TROUBLE },
	{ "all is refused", "a.test TXT !REFUSED\n. NS !REFUSED\n", "a.test TXT !REFUSED\n. NS !REFUSED\n",
	    DNS_LOCAL_TROUBLE },
	{ "one refuses, one is silent", "a.test TXT !REFUSED\n. NS !REFUSED\n", NULL, DNS_LOCAL_TROUBLE },
};

START_TEST(whose_fault)
{
	const char *zones[2] = { fault_rows[_i].first, fault_rows[_i].second };
	struct dnsserver *s[2];
	struct slice servers[2];
	struct resolver *r;

	for (int i = 0; i < 2; i++) {
		s[i] = serve(zones[i] == NULL ? "" : zones[i]);
		servers[i] = dnsserver_address(s[i]);
		if (zones[i] == NULL)
			dnsserver_set_trouble(s[i], 0, 100);
	}
	r = open_for(servers, 2, SHORT_MS, 2);
	ck_assert_msg(get(r, "a.test", DNS_TXT) == fault_rows[_i].status, "%s", fault_rows[_i].name);
	resolver_free(&r);
	dnsserver_stop(&s[0]);
	dnsserver_stop(&s[1]);
}
END_TEST

/* At the message's deadline, which comes before all tries are over. */
START_TEST(silent_at_the_deadline)
{
	struct dnsserver *s = serve(zone);
	struct resolver *r = open_one(s, 100);
	struct lookups *l;

	dnsserver_set_trouble(s, 0, 100);
	ck_assert_int_eq(get(r, "a.test", DNS_TXT), DNS_LOCAL_TROUBLE);
	l = lookups_new(r, 1);
	ck_assert_int_eq(lookups_await(l, LOOKUP_SPF, SLICE("b.test"), DNS_TXT)->status,
	    DNS_LOCAL_TROUBLE);
	ck_assert(lookups_local_trouble(l));
	lookups_release(&l);
	resolver_free(&r);
	dnsserver_stop(&s);
}
END_TEST

/* THREATS: No descriptor.  Sockets are there from the start: a process that has no descriptor left resolves. */
START_TEST(no_descriptor_left)
{
	struct dnsserver *s = serve(zone);
	struct resolver *r = open_one(s, LONG_MS);
	struct rlimit limit = { .rlim_cur = 256, .rlim_max = 256 };
	int fds[256], count = 0;

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while ((fds[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		count++;
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(get(r, "zero.test", DNS_TXT), DNS_FOUND);
	while (count > 0)
		close(fds[--count]);
	resolver_free(&r);
	dnsserver_stop(&s);
}
END_TEST

/* More than there are connections for: the others wait for one. */
START_TEST(many_over_tcp)
{
	struct dnsserver *s = serve("*.cut.test TXT !TCPONLY\n*.cut.test TXT by tcp\n");
	struct resolver *r = open_one(s, LONG_MS);
	struct lookups *l = lookups_new(r, 60000);
	char name[32];

	for (unsigned i = 0; i < 2 * MANY; i++) {
		snprintf(name, sizeof(name), "n%u.cut.test", i % MANY);
		if (i < MANY)
			lookups_start(l, LOOKUP_SPF, slice_str(name), DNS_TXT, NULL, NULL);
		else
			ck_assert_int_eq(lookups_await(l, LOOKUP_SPF, slice_str(name), DNS_TXT)->status,
			    DNS_FOUND);
	}
	lookups_release(&l);
	resolver_free(&r);
	dnsserver_stop(&s);
}
END_TEST

static void wait_for_query(struct dnsserver *s, const char *name, enum dns_type type)
{
	while (dnsserver_count(s, name, type) == 0)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/*
 * The first server is silent.  It gets the first question, and from then on probes only; when one
 * is answered, it is the first again.  The first probe is waited for, as other threads send it.
 */
START_TEST(silent_server_goes_last)
{
	struct dnsserver *silent = serve(zone), *good = serve(zone);
	struct slice servers[2] = { dnsserver_address(silent), dnsserver_address(good) };
	struct resolver *r = open_for(servers, 2, SHORT_MS, 2);
	struct lookups *l;

	dnsserver_set_trouble(silent, 0, 100);
	ck_assert_int_eq(get(r, "a.test", DNS_TXT), DNS_FOUND);
	ck_assert_uint_ge(dnsserver_count(silent, "a.test", DNS_TXT), 1);
	wait_for_query(silent, "", DNS_NS);
	l = lookups_new(r, 60000);
	for (unsigned i = 0; i < MANY; i++)
		get_many(l, i, 1);
	ck_assert_uint_eq(dnsserver_count(silent, NULL, DNS_A), 0);
	lookups_release(&l);
	resolver_free(&r);
	dnsserver_stop(&silent);
	dnsserver_stop(&good);
}
END_TEST

/* A packet of its probe arrives when it hears again; until then the questions go to the second. */
START_TEST(server_comes_back)
{
	struct dnsserver *first = serve(zone), *second = serve(zone);
	struct slice servers[2] = { dnsserver_address(first), dnsserver_address(second) };
	struct resolver *r = open_for(servers, 2, SHORT_MS, 2);
	char name[32];

	dnsserver_set_trouble(first, 0, 100);
	ck_assert_int_eq(get(r, "a.test", DNS_TXT), DNS_FOUND);
	dnsserver_set_trouble(first, 0, 0);
	for (unsigned i = 0; dnsserver_count(first, NULL, DNS_A) == 0; i++) {
		snprintf(name, sizeof(name), "n%u.many.test", i);
		ck_assert_int_eq(get(r, name, DNS_A), DNS_FOUND);
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
	resolver_free(&r);
	dnsserver_stop(&first);
	dnsserver_stop(&second);
}
END_TEST

/* The second server knows what the first one fails at. */
START_TEST(failing_server)
{
	struct dnsserver *first = serve("a.test * !SERVFAIL\nb.test * !REFUSED\n"), *second =
	    serve("a.test TXT x\n");
	struct slice servers[2] = { dnsserver_address(first), dnsserver_address(second) };
	struct resolver *r = open_for(servers, 2, LONG_MS, 2);

	ck_assert_int_eq(get(r, "a.test", DNS_TXT), DNS_FOUND);
	ck_assert_int_eq(get(r, "b.test", DNS_TXT), DNS_NXDOMAIN);
	ck_assert_uint_eq(dnsserver_count(first, NULL, 0), 2);
	ck_assert_uint_eq(dnsserver_count(second, NULL, 0), 2);
	resolver_free(&r);
	dnsserver_stop(&first);
	dnsserver_stop(&second);
}
END_TEST

/* What a server said is worth more than the silence of the next. */
START_TEST(failure_then_silence)
{
	struct dnsserver *first = serve("a.test * !SERVFAIL\n"), *second = serve("");
	struct slice servers[2] = { dnsserver_address(first), dnsserver_address(second) };
	struct resolver *r = open_for(servers, 2, SHORT_MS, 2);

	dnsserver_set_trouble(second, 0, 100);
	ck_assert_int_eq(get(r, "a.test", DNS_TXT), DNS_SERVFAIL);
	resolver_free(&r);
	dnsserver_stop(&first);
	dnsserver_stop(&second);
}
END_TEST

START_TEST(lost_packets)
{
	struct dnsserver *s = serve(zone);
	struct slice address = dnsserver_address(s);
	struct resolver *r = open_for(&address, 1, 200, 20);
	struct lookups *l = lookups_new(r, 60000);

	dnsserver_set_trouble(s, 0, 30);
	start_many(l, 0, MANY);
	get_many(l, 0, MANY);
	lookups_release(&l);
	resolver_free(&r);
	dnsserver_stop(&s);
}
END_TEST

/* Long before the try is over, which is one all the while. */
START_TEST(a_lost_packet_is_sent_again)
{
	struct dnsserver *s = serve(zone);
	struct resolver *r = open_one(s, LONG_MS);
	struct lookups *l = lookups_new(r, 60000);
	struct resolver_counters counters;

	dnsserver_set_trouble(s, 0, 100);
	lookups_start(l, LOOKUP_SPF, SLICE("a.test"), DNS_TXT, NULL, NULL);
	while (dnsserver_count(s, "a.test", DNS_TXT) == 0)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	dnsserver_set_trouble(s, 0, 0);
	ck_assert_int_eq(lookups_await(l, LOOKUP_SPF, SLICE("a.test"), DNS_TXT)->status, DNS_FOUND);
	ck_assert_uint_ge(dnsserver_count(s, "a.test", DNS_TXT), 2);
	resolver_counters(r, &counters);
	ck_assert_uint_eq(counters.queries, 1);
	lookups_release(&l);
	resolver_free(&r);
	dnsserver_stop(&s);
}
END_TEST

/* A slow name among quick ones, at a server that is known to be quick. */
START_TEST(slow_among_quick)
{
	struct dnsserver *s = serve("*.many.test A 192.0.2.3\nslow.test A !SLOW=900\nslow.test A 192.0.2.4\n");
	struct slice address = dnsserver_address(s);
	struct resolver *r = open_for(&address, 1, 5000, 2);
	struct lookups *l = lookups_new(r, 60000);

	start_many(l, 0, MANY);
	get_many(l, 0, MANY);
	ck_assert_int_eq(get(r, "slow.test", DNS_A), DNS_FOUND);
	lookups_release(&l);
	resolver_free(&r);
	dnsserver_stop(&s);
}
END_TEST

START_TEST(bad_servers)
{
	struct slice servers[] = { SLICE("192.0.2.1"), SLICE("ns.test"), SLICE("1.2.3.4:x") };
	struct network_params params = { .servers = servers, .server_count = N_ELEMENTS(servers) };
	struct resolver_params cache = RESOLVER_PARAMS_DEFAULT;
	struct err err = ERR_INIT;
	struct resolver *r = NULL;

	ck_assert_int_eq(resolver_network(&params, &cache, &r, &err), RC_CONFIG);
	ck_assert_uint_eq(err.count, 2); /* all of them are told */
	err_free(&err);
}
END_TEST

START_TEST(system_servers)
{
	struct resolver *r = open_for(NULL, 0, LONG_MS, 2);
	struct buf text = BUF_INIT(1000);
	struct dns_source source;

	ck_assert(resolver_source(r, 0, &source, &text));
	ck_assert_ptr_nonnull(strchr(buf_cstr(&text), ':'));
	ck_assert_str_eq(source.health, "works");
	ck_assert(!resolver_source(r, 100, &source, &text));
	resolver_free(&r);
	buf_free(&text);
}
END_TEST

/* --- the end, and load ------------------------------------------------------------------------ */

struct ending {
	atomic_uint told;
	atomic_uint extra;
};

static void count_failure(struct lookups *l, const struct dns_answer *answer, void *arg)
{
	struct ending *e = arg;

	ck_assert_int_eq(answer->status, DNS_LOCAL_TROUBLE);
	/* asking while the resolver ends fails as well, and does not hang */
	if (atomic_fetch_add(&e->told, 1) == 0)
		lookups_start(l, LOOKUP_DKIM, SLICE("more.test"), DNS_A, count_failure, e);
}

START_TEST(ends_with_questions_in_flight)
{
	struct dnsserver *s = serve(zone);
	struct resolver *r = open_one(s, LONG_MS);
	struct lookups *l = lookups_new(r, 60000);
	struct ending e = { .told = 0 };
	char name[32];

	dnsserver_set_trouble(s, 0, 100);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "n%u.many.test", i);
		lookups_start(l, LOOKUP_SPF, slice_str(name), DNS_A, count_failure, &e);
	}
	resolver_free(&r);
	ck_assert_uint_eq(atomic_load(&e.told), MANY + 1);
	lookups_release(&l);
	dnsserver_stop(&s);
}
END_TEST

START_TEST(released_while_answers_come)
{
	struct dnsserver *s = serve(zone);
	struct resolver *r = open_one(s, LONG_MS);

	for (unsigned i = 0; i < 50; i++) {
		struct lookups *l = lookups_new(r, 60000);

		start_many(l, i * 20, 20);
		if (i % 2 == 0)
			get_many(l, i * 20, 1);
		lookups_release(&l);
	}
	resolver_free(&r);
	dnsserver_stop(&s);
}
END_TEST

#define THREADS  16u
#define MESSAGES 40u

struct worker {
	pthread_t thread;
	struct resolver *resolver;
	unsigned number, good;
};

static void follow_up(struct lookups *l, const struct dns_answer *answer, void *arg)
{
	(void)arg;
	if (answer->status == DNS_FOUND)
		lookups_start(l, LOOKUP_ALIGNMENT, SLICE("a.test"), DNS_A, NULL, NULL);
}

static bool one_message(struct resolver *r, unsigned which)
{
	struct lookups *l = lookups_new(r, 60000);
	char own[32], shared[32];
	bool good;

	snprintf(own, sizeof(own), "w%u.many.test", which);
	snprintf(shared, sizeof(shared), "s%u.many.test", which % 50);
	lookups_start(l, LOOKUP_SPF, slice_str(own), DNS_A, follow_up, NULL);
	lookups_start(l, LOOKUP_SPF, slice_str(shared), DNS_A, follow_up, NULL);
	lookups_start(l, LOOKUP_DKIM, SLICE("b.test"), DNS_TXT, follow_up, NULL);
	if (which % 7 == 0) {
		lookups_release(&l);
		return true;
	}
	good = lookups_await(l, LOOKUP_SPF, slice_str(own), DNS_A)->status == DNS_FOUND &&
	    lookups_await(l, LOOKUP_SPF, slice_str(shared), DNS_A)->status == DNS_FOUND &&
	    lookups_await(l, LOOKUP_DKIM, SLICE("b.test"), DNS_TXT)->status == DNS_NXDOMAIN &&
	    lookups_await(l, LOOKUP_ALIGNMENT, SLICE("a.test"), DNS_A)->status == DNS_FOUND;
	lookups_release(&l);
	return good;
}

static void *work(void *arg)
{
	struct worker *w = arg;

	for (unsigned i = 0; i < MESSAGES; i++)
		w->good += one_message(w->resolver, w->number * MESSAGES + i);
	return NULL;
}

START_TEST(many_threads)
{
	struct dnsserver *s = serve(zone);
	struct slice address = dnsserver_address(s);
	struct resolver *r = open_for(&address, 1, 10000, 3);
	struct worker workers[THREADS];

	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .resolver = r, .number = i };
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		ck_assert_uint_eq(workers[i].good, MESSAGES);
	}
	ck_assert_uint_eq(dnsserver_count(s, "b.test", DNS_TXT), 1);
	resolver_free(&r);
	dnsserver_stop(&s);
}
END_TEST

Suite *network_suite(void)
{
	Suite *s = suite_create("network");

	UNIT_TABLE(s, outcomes, rows);
	UNIT_TEST(s, garbage);
	UNIT_TABLE(s, any_octets, octet_rows);
	UNIT_TEST(s, a_server_without_edns);
	UNIT_TEST(s, what_is_sent);
	UNIT_TEST(s, truncation_leads_to_tcp);
	UNIT_TEST(s, a_thousand_records_over_tcp);
	UNIT_TEST(s, overlap);
	UNIT_TEST(s, a_burst);
	unit_table(s, "ids_and_ports_vary", ids_and_ports_vary, 2);
	UNIT_TEST(s, cached);
	UNIT_TEST(s, first_server_dead);
	UNIT_TEST(s, both_servers_dead);
	UNIT_TABLE(s, whose_fault, fault_rows);
	UNIT_TEST(s, silent_at_the_deadline);
	UNIT_TEST(s, no_descriptor_left);
	UNIT_TEST(s, many_over_tcp);
	UNIT_TEST(s, silent_server_goes_last);
	UNIT_TEST(s, server_comes_back);
	UNIT_TEST(s, failing_server);
	UNIT_TEST(s, failure_then_silence);
	UNIT_TEST(s, lost_packets);
	UNIT_TEST(s, a_lost_packet_is_sent_again);
	UNIT_TEST(s, slow_among_quick);
	UNIT_TEST(s, bad_servers);
	UNIT_TEST(s, system_servers);
	UNIT_TEST(s, ends_with_questions_in_flight);
	UNIT_TEST(s, released_while_answers_come);
	UNIT_TEST(s, many_threads);
	return s;
}

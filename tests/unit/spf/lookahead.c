/* lookahead.h: how many round trips a check takes, and what it asks. */
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "dns/backend.h"
#include "dns/zonefile.h"
#include "spf/spf.h"

#include "suites.h"

#define MAX_PENDING 400u

/* A name server that answers when told to: all that is asked by then is one round trip. */
struct slow {
	struct resolver *zone;
	struct lookups *answers;
	struct {
		struct dns_question *question;
		char name[1024];
		enum dns_type type;
	} pending[MAX_PENDING];
	size_t count, asked;
	bool at_once;   /* answers when it is asked */
	int broken;     /* type whose questions never leave this machine; 0: none */
	struct buf log; /* "TXT x.test\n" */
};

static struct dns_answer *copied(const struct dns_answer *from);

static void slow_ask(void *ctx, struct dns_question *question, const char *name, enum dns_type type)
{
	struct slow *s = ctx;

	s->asked++;
	buf_addf(&s->log, "%s %s\n", type == DNS_TXT ? "TXT" : type == DNS_MX ? "MX" :
	    type == DNS_PTR ? "PTR" : type == DNS_A ? "A" : "AAAA", name);
	if (s->broken == (int)type) {
		resolver_deliver(question, dns_answer_new(DNS_LOCAL_TROUBLE, 0, 0, NULL));
		return;
	}
	if (s->at_once) {
		resolver_deliver(question, copied(lookups_await(s->answers, LOOKUP_SPF,
		    slice_str(name), type)));
		return;
	}
	ck_assert_uint_lt(s->count, MAX_PENDING);
	s->pending[s->count].question = question;
	snprintf(s->pending[s->count].name, sizeof(s->pending[0].name), "%s", name);
	s->pending[s->count++].type = type;
}

static void slow_free(void *ctx)
{
	struct slow *s = ctx;

	lookups_release(&s->answers);
	resolver_free(&s->zone);
	buf_free(&s->log);
	free(s);
}

static struct dns_answer *copied(const struct dns_answer *from)
{
	struct dns_answer *a;
	size_t octets = 0;
	char *text;

	for (size_t i = 0; i < from->count; i++)
		octets += from->records[i].text.len;
	a = dns_answer_new(from->status, from->count, octets, &text);
	for (size_t i = 0; a != NULL && i < from->count; i++) {
		struct slice t = from->records[i].text;

		a->records[i] = from->records[i];
		a->records[i].text = slice_of(text, t.len);
		if (t.len > 0)
			memcpy(text, t.ptr, t.len);
		text += t.len;
	}
	return a;
}

/* Answers what has been asked so far; false: nothing. */
static bool slow_round(struct slow *s)
{
	size_t n = s->count;
	struct slow copy;

	if (n == 0)
		return false;
	memcpy(copy.pending, s->pending, sizeof(copy.pending));
	s->count = 0;
	for (size_t i = 0; i < n; i++) {
		const struct dns_answer *a = lookups_await(s->answers, LOOKUP_SPF,
		    slice_str(copy.pending[i].name), copy.pending[i].type);

		resolver_deliver(copy.pending[i].question, copied(a));
	}
	return true;
}

static struct resolver *slow_new(struct slice zone, struct slow **out)
{
	static const struct dns_backend backend = { .ask = slow_ask, .free = slow_free };
	static const struct resolver_params cache = { .cache_entries = 0 };
	struct err err = ERR_INIT;
	struct slow *s = calloc(1, sizeof(*s));
	struct resolver *r;

	ck_assert_ptr_nonnull(s);
	s->log = (struct buf)BUF_INIT(1024u * 1024);
	if (resolver_zonetext("zone", zone, &s->zone, &err) != RC_OK)
		ck_abort_msg("%s", buf_cstr(&err.text));
	s->answers = lookups_new(s->zone, 1000);
	r = resolver_new(&backend, s, &cache);
	ck_assert(s->answers != NULL && r != NULL);
	*out = s;
	return r;
}

static const char zone[] =
    "flat.test TXT v=spf1 include:i1.test include:i2.test include:i3.test a mx:m.test -all\n"
    "i1.test TXT v=spf1 ip4:10.0.0.1 ?all\ni2.test TXT v=spf1 ip4:10.0.0.2 ?all\n"
    "i3.test TXT v=spf1 ip4:10.0.0.3 ?all\nflat.test A 10.0.0.4\n"
    "m.test MX 1 h1.m.test.\nm.test MX 1 h2.m.test.\nh1.m.test A 10.0.0.5\nh2.m.test A 10.0.0.6\n"
    "h1.m.test AAAA 2001:db8::5\nh2.m.test AAAA 2001:db8::6\nflat.test AAAA 2001:db8::4\n"
    "deep.test TXT v=spf1 include:d1.test a:h1.m.test -all\nd1.test TXT v=spf1 redirect=d2.test\n"
    "d2.test TXT v=spf1 include:d3.test a:h2.m.test ?all\nd3.test TXT v=spf1 mx:m.test ?all\n"
    "macro.test TXT v=spf1 exists:%{ir}.%{l}.e.test include:%{o}.inc.test -all\n"
    "9.9.0.10.joe.e.test A 127.0.0.2\nmacro.test.inc.test TXT v=spf1 a:h1.m.test ?all\n"
    "p.test TXT v=spf1 exists:%{p}.e.test a:h1.m.test -all\n"
    "ptr.test TXT v=spf1 ptr -all\n9.9.0.10.in-addr.arpa PTR a.ptr.test.\n"
    "9.9.0.10.in-addr.arpa PTR b.other.test.\na.ptr.test A 10.0.9.9\n"
    "stop.test TXT v=spf1 ip4:10.0.9.0/24 include:i1.test a:h1.m.test -all\n"
    "all.test TXT v=spf1 include:i1.test +all include:i2.test redirect=i3.test\n"
    "syntax.test TXT v=spf1 include:i1.test a:h1.m.test moo\n"
    "two.test TXT v=spf1 include:i1.test\ntwo.test TXT v=spf1 include:i2.test\n"
    "exp.test TXT v=spf1 -all exp=why.test\nwhy.test TXT no\n"
    "mx11.test TXT v=spf1 mx -all\n"
    "mx11.test MX 1 a.x.test.\nmx11.test MX 1 b.x.test.\nmx11.test MX 1 c.x.test.\n"
    "mx11.test MX 1 d.x.test.\nmx11.test MX 1 e.x.test.\nmx11.test MX 1 f.x.test.\n"
    "mx11.test MX 1 g.x.test.\nmx11.test MX 1 h.x.test.\nmx11.test MX 1 i.x.test.\n"
    "mx11.test MX 1 j.x.test.\nmx11.test MX 1 k.x.test.\n"
    "helo.test TXT v=spf1 a ?all\nhelo.test A 10.0.7.7\n";

/* rounds: until nothing is asked any more; asked: questions by then, and none later. */
static const struct {
	const char *id, *client, *helo, *from;
	enum auth_result want;
	unsigned rounds, asked;
} rows[] = {
	{ "names of one record together", "10.0.9.9", "h", "joe@flat.test", AUTH_FAIL, 3, 8 },
	{ "of the client's family", "2001:db8::9", "h", "joe@flat.test", AUTH_FAIL, 3, 8 },
	{ "as deep as the includes", "10.0.9.9", "h", "joe@deep.test", AUTH_FAIL, 5, 7 },
	{ "ptr", "10.0.9.9", "h", "joe@ptr.test", AUTH_PASS, 3, 3 },
	{ "nothing behind a network that matches", "10.0.9.9", "h", "joe@stop.test", AUTH_PASS, 1,
	    1 },
	{ "nothing behind all", "10.0.9.9", "h", "joe@all.test", AUTH_PASS, 2, 2 },
	{ "nothing of a wrong record", "10.0.9.9", "h", "joe@syntax.test", AUTH_PERMERROR, 1, 1 },
	{ "nothing of two records", "10.0.9.9", "h", "joe@two.test", AUTH_PERMERROR, 1, 1 },
	{ "no host of eleven", "10.0.9.9", "h", "joe@mx11.test", AUTH_PERMERROR, 2, 2 },
	{ "no domain", "10.0.9.9", "h", "joe@flat", AUTH_NONE, 0, 0 },
	{ "HELO as well", "10.0.9.9", "helo.test", "joe@i1.test", AUTH_NEUTRAL, 2, 3 },
	{ "HELO for the null sender, once", "10.0.9.9", "helo.test", "", AUTH_NEUTRAL, 2, 2 },
};

START_TEST(round_trips)
{
	struct spf_request request = { world_ip(rows[_i].client), slice_str(rows[_i].helo),
		slice_str(rows[_i].from) };
	struct spf_params params = SPF_DEFAULTS;
	struct slow *slow;
	struct resolver *r = slow_new(slice_str(zone), &slow);

	for (int e = 0; e < world_engine_count(); e++) {
		struct arena *a = arena_create(LIMIT_ARENA_BYTES);
		struct lookups *l = lookups_new(r, 1000);
		struct spf_mail_from_result result;
		unsigned rounds = 0;

		slow->asked = 0;
		buf_clear(&slow->log);
		params.engine = world_engines[e];
		spf_start(l, &request);
		while (slow_round(slow))
			rounds++;
		ck_assert_msg(rounds == rows[_i].rounds && slow->asked == rows[_i].asked,
		    "%s: %u rounds, %zu questions:\n%s", rows[_i].id, rounds, slow->asked,
		    buf_cstr(&slow->log));
		ck_assert_int_eq(spf_check_mail_from(a, l, &params, &request, NULL, 0, &result), RC_OK);
		ck_assert_msg(result.r.result == rows[_i].want, "%s: %.*s", rows[_i].id,
		    SLICE_ARG(result.r.reason));
		ck_assert_msg(slow->asked == rows[_i].asked, "%s: asked more:\n%s", rows[_i].id,
		    buf_cstr(&slow->log));
		lookups_release(&l);
		arena_free(&a);
	}
	resolver_free(&r);
}
END_TEST

/* Hooks leave names with macros alone; the check starts all those of a record when it reads it. */
START_TEST(macros)
{
	struct spf_request request = { world_ip("10.0.9.9"), SLICE("h"), SLICE("joe@macro.test") };
	struct spf_params params = SPF_DEFAULTS;
	struct slow *slow;
	struct resolver *r = slow_new(slice_str(zone), &slow);

	for (int e = 0; e < world_engine_count(); e++) {
		struct arena *a = arena_create(LIMIT_ARENA_BYTES);
		struct lookups *l = lookups_new(r, 1000);
		struct spf_mail_from_result result;

		buf_clear(&slow->log);
		params.engine = world_engines[e];
		slow->at_once = false;
		spf_start(l, &request);
		while (slow_round(slow))
			;
		ck_slice_eq(buf_slice(&slow->log), SLICE("TXT macro.test\n"));
		slow->at_once = true;
		ck_assert_int_eq(spf_check_mail_from(a, l, &params, &request, NULL, 0, &result), RC_OK);
		ck_assert_int_eq(result.r.result, AUTH_PASS);
		ck_assert_uint_eq(result.r.terms, 1);
		ck_slice_eq(buf_slice(&slow->log), SLICE("TXT macro.test\nA 9.9.0.10.joe.e.test\n"
		    "TXT macro.test.inc.test\nA h1.m.test\n"));
		lookups_release(&l);
		arena_free(&a);
	}
	resolver_free(&r);
}
END_TEST

/* Hooks read so many octets of records, and no more. */
START_TEST(octets_end)
{
	struct buf text = BUF_INIT(1024u * 1024);
	struct spf_request request = { world_ip("10.9.9.9"), SLICE("h"), SLICE("a@x0.test") };
	struct slow *slow;
	struct resolver *r;
	struct lookups *l;

	for (int i = 0; i < 9; i++) {
		buf_addf(&text, "x%d.test TXT v=spf1 include:x%d.test", i, i + 1);
		for (int k = 0; k < 100; k++)
			buf_addf(&text, " ip4:203.0.113.%d", 100 + k);
		buf_add_str(&text, " -all\n");
	}
	r = slow_new(buf_slice(&text), &slow);
	l = lookups_new(r, 1000);
	spf_start(l, &request);
	while (slow_round(slow))
		;
	/* each record has 1835 octets */
	ck_assert_uint_eq(slow->asked, 1 + LIMIT_SPF_AHEAD_OCTETS / 1835);
	lookups_release(&l);
	resolver_free(&r);
	buf_free(&text);
}
END_TEST

/* What is our own fault is temperror, also where a failure of the sender's is an answer. */
static const struct {
	const char *id, *from;
	enum dns_type broken;
	enum auth_result want;
	enum spf_why why;
} troubles[] = {
	{ "the record", "joe@flat.test", DNS_TXT, AUTH_TEMPERROR, SPF_WHY_LOCAL_TROUBLE },
	{ "a host", "joe@deep.test", DNS_A, AUTH_TEMPERROR, SPF_WHY_LOCAL_TROUBLE },
	{ "mx", "joe@mx11.test", DNS_MX, AUTH_TEMPERROR, SPF_WHY_LOCAL_TROUBLE },
	{ "ptr", "joe@ptr.test", DNS_PTR, AUTH_TEMPERROR, SPF_WHY_LOCAL_TROUBLE },
	{ "a name of the client's", "joe@ptr.test", DNS_A, AUTH_TEMPERROR, SPF_WHY_LOCAL_TROUBLE },
	{ "%{p}", "joe@p.test", DNS_PTR, AUTH_TEMPERROR, SPF_WHY_LOCAL_TROUBLE },
	{ "what is not needed", "joe@stop.test", DNS_A, AUTH_PASS, SPF_WHY_MATCH },
	{ "nothing", "joe@exp.test", DNS_A, AUTH_FAIL, SPF_WHY_MATCH },
};

START_TEST(local_trouble)
{
	struct spf_request request = { world_ip("10.0.9.9"), SLICE("h"), slice_str(troubles[_i].from) };
	struct spf_params params = SPF_DEFAULTS;
	struct slow *slow;
	struct resolver *r = slow_new(slice_str(zone), &slow);

	slow->at_once = true;
	slow->broken = (int)troubles[_i].broken;
	for (int e = 0; e < world_engine_count(); e++) {
		struct arena *a = arena_create(LIMIT_ARENA_BYTES);
		struct lookups *l = lookups_new(r, 1000);
		struct spf_mail_from_result result;

		params.engine = world_engines[e];
		ck_assert_int_eq(spf_check_mail_from(a, l, &params, &request, NULL, 0, &result), RC_OK);
		ck_assert_msg(result.r.result == troubles[_i].want && result.r.why == troubles[_i].why,
		    "%s: %.*s", troubles[_i].id, SLICE_ARG(result.r.reason));
		lookups_release(&l);
		arena_free(&a);
	}
	resolver_free(&r);
}
END_TEST

/* Questions only the look-ahead has asked count for nothing: three of them are void. */
START_TEST(void_ahead)
{
	static const char voids[] = "x.test TXT v=spf1 include:y.test a:n1.test a:n2.test a:n3.test -all\n"
	    "y.test TXT v=spf1 a:host.test ?all\nhost.test A 192.0.2.1\n";
	struct spf_mail_from_result r;
	struct world w;

	world_open(&w, slice_str(voids));
	for (int e = 0; e < world_engine_count(); e++) {
		r = world_check(&w, world_engines[e], "192.0.2.1", SLICE("h"), SLICE("a@x.test"));
		ck_assert_int_eq(r.r.result, AUTH_PASS);
		ck_assert_uint_eq(r.r.terms, 2);
		ck_assert_uint_eq(r.r.voids, 0);
		ck_assert_uint_eq(lookups_count(w.lookups), 6);
		r = world_check(&w, world_engines[e], "192.0.2.2", SLICE("h"), SLICE("a@x.test"));
		ck_assert_int_eq(r.r.result, AUTH_PERMERROR);
		ck_assert_uint_eq(r.r.voids, 3);
	}
	world_close(&w);
}
END_TEST

/* The lookups may go before the answers come. */
START_TEST(released_early)
{
	struct spf_request request = { world_ip("10.0.9.9"), SLICE("helo.test"), SLICE("a@deep.test") };
	struct slow *slow;
	struct resolver *r = slow_new(slice_str(zone), &slow);

	for (int rounds = 0; rounds < 6; rounds++) {
		struct lookups *l = lookups_new(r, 1000);

		spf_start(l, &request);
		for (int i = 0; i < rounds; i++)
			slow_round(slow);
		lookups_release(&l);
		while (slow_round(slow))
			;
	}
	resolver_free(&r);
}
END_TEST

/* P_21: the time is that of the whole check; what is not answered by then is temperror. */
START_TEST(P_21_time_ends)
{
	struct spf_request request = { world_ip("10.0.9.9"), SLICE("h"), SLICE("joe@deep.test") };
	struct spf_params params = SPF_DEFAULTS;
	struct slow *slow;
	struct resolver *r = slow_new(slice_str(zone), &slow);

	for (int rounds = 0; rounds < 6; rounds++) {
		struct arena *a = arena_create(LIMIT_ARENA_BYTES);
		struct lookups *l = lookups_new(r, 50);
		struct spf_mail_from_result result;

		spf_start(l, &request);
		for (int i = 0; i < rounds; i++)
			slow_round(slow);
		ck_assert_int_eq(spf_check_mail_from(a, l, &params, &request, NULL, 0, &result), RC_OK);
		ck_assert_msg(result.r.result == (rounds < 5 ? AUTH_TEMPERROR : AUTH_FAIL), "%d rounds: %.*s",
		    rounds, SLICE_ARG(result.r.reason));
		while (slow_round(slow))
			;
		lookups_release(&l);
		arena_free(&a);
	}
	resolver_free(&r);
}
END_TEST

/* Far more than may be asked: the look-ahead stops, and what the check needs is still there. */
START_TEST(bounded)
{
	struct buf text = BUF_INIT(1024u * 1024);
	struct spf_request request = { world_ip("10.9.9.9"), SLICE("h"), SLICE("a@x.test") };
	struct slow *slow;
	struct resolver *r;
	struct lookups *l;

	for (int i = 0; i < 10; i++) {
		buf_addf(&text, "m%d.test MX 1 h.m%d.test.\n", i, i);
		for (int k = 1; k < 10; k++)
			buf_addf(&text, "m%d.test MX 1 h%d.m%d.test.\n", i, k, i);
	}
	buf_add_str(&text, "x.test TXT v=spf1");
	for (int i = 0; i < 100; i++)
		buf_addf(&text, " mx:m%d.test a:a%d.test include:i%d.test", i, i, i);
	buf_add_str(&text, " -all\n*.test A 10.0.0.1\n*.test TXT v=spf1 include:%{d}.%{i} -all\n");
	r = slow_new(buf_slice(&text), &slow);
	l = lookups_new(r, 1000);
	spf_start(l, &request);
	while (slow_round(slow))
		;
	ck_assert_uint_le(slow->asked, LIMIT_SPF_AHEAD);
	ck_assert_uint_gt(slow->asked, 10);
	lookups_release(&l);
	resolver_free(&r);
	buf_free(&text);
}
END_TEST

Suite *lookahead_suite(void)
{
	Suite *s = suite_create("spf lookahead");

	UNIT_TABLE(s, round_trips, rows);
	UNIT_TEST(s, macros);
	UNIT_TEST(s, octets_end);
	UNIT_TABLE(s, local_trouble, troubles);
	UNIT_TEST(s, void_ahead);
	UNIT_TEST(s, released_early);
	UNIT_TEST(s, P_21_time_ends);
	UNIT_TEST(s, bounded);
	return s;
}

/* store.h and history.h: incidents for failure reports.  F-02, F-21, F-22. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"

#include "suites.h"

#define HOUR 480000
#define NOON (HOUR * INT64_C(3600))
#define RECORD "v=DMARC1; p=reject; ruf=mailto:f@a.example"

struct world {
	struct store *s;
	int64_t sequence;
	struct buf items;
	uint64_t of_domain, of_hour;
};

static void reopen(struct world *w, const char *location)
{
	struct err err = ERR_INIT;

	store_close(&w->s);
	if (store_open(slice_str(location), &w->s, &err) != RC_OK)
		ck_abort_msg("%s", buf_cstr(&err.text));
}

static bool world_open(struct world *w, int kind, char location[512])
{
	*w = (struct world){ .items = BUF_INIT(10000000), .of_domain = 100, .of_hour = 100 };
	if (!store_location(kind, location))
		return false;
	reopen(w, location);
	return true;
}

static void world_close(struct world *w)
{
	store_close(&w->s);
	buf_free(&w->items);
}

static struct failure_incident incident_like(int64_t time, const char *domain, unsigned key)
{
	struct failure_incident i = { .time = time, .policy = { .domain = slice_str(domain), .text = SLICE(RECORD) },
		.header_from = slice_str(domain), .subject = SLICE("s"), .feedback = SLICE("Auth-Failure: dmarc\n"),
		.header = SLICE("From: <x@a.example>\n") };

	i.key[0] = (unsigned char)(key >> 8);
	i.key[1] = (unsigned char)key;
	return i;
}

static void put(struct world *w, int64_t time, const char *domain, unsigned key)
{
	struct failure_incident i = incident_like(time, domain, key);
	size_t begun = store_item_begin(&w->items, STORE_INCIDENT);

	failure_encode(&i, &w->items);
	store_item_end(&w->items, begun);
}

static struct store_added flush(struct world *w)
{
	struct store_batch batch = { .host = SLICE("h"), .boot = SLICE("b"), .sequence = ++w->sequence, .now = NOON,
		.items = buf_slice(&w->items), .rows_of_domain = 10, .rows_of_day = 10, .incidents_of_domain = w->of_domain,
		.incidents_of_hour = w->of_hour };
	struct store_added out;
	struct err err = ERR_INIT;

	if (store_add(w->s, &batch, &out, &err) != RC_OK)
		ck_abort_msg("%s", buf_cstr(&err.text));
	buf_clear(&w->items);
	return out;
}

static enum rc list(void *ctx, const struct store_incident *i)
{
	struct failure_incident incident;

	ck_assert(failure_decode(&i->octets, &incident));
	ck_slice_eq(incident.policy.text, SLICE(RECORD));
	ck_slice_eq(incident.header, SLICE("From: <x@a.example>\n"));
	buf_addf(ctx, "%lld+%lld %.*s:%u x%llu\n", (long long)(i->hour - HOUR), (long long)(incident.time - i->hour * 3600),
	    SLICE_ARG(incident.policy.domain), incident.key[1], (unsigned long long)i->count);
	return RC_OK;
}

static void expect(struct world *w, const char *want)
{
	struct buf got = BUF_INIT(100000);

	ck_assert_int_eq(store_incidents(w->s, 0, NOON + 1000 * 3600, 1000, list, &got, NULL), RC_OK);
	ck_assert_str_eq(buf_cstr(&got), want);
	buf_free(&got);
}

static enum rc sum(void *ctx, int64_t day, uint64_t incidents)
{
	(void)day;
	*(uint64_t *)ctx += incidents;
	return RC_OK;
}

static uint64_t left_out(struct world *w)
{
	uint64_t n = 0;

	ck_assert_int_eq(store_incidents_left_out(w->s, 0, sum, &n, NULL), RC_OK);
	return n;
}

START_TEST(similar_ones_are_counted)
{
	char location[512];
	struct store_added added;
	struct world w;

	if (!world_open(&w, _i, location))
		return;
	put(&w, NOON + 20, "a.example", 1);
	put(&w, NOON + 10, "a.example", 1); /* the first one in time is kept */
	put(&w, NOON + 30, "a.example", 2);
	put(&w, NOON + 30, "b.example", 1);
	put(&w, NOON + 3600, "a.example", 1); /* another hour */
	added = flush(&w);
	ck_assert_uint_eq(added.incidents, 5);
	ck_assert_uint_eq(added.messages, 0); /* rows are counted apart */
	put(&w, NOON + 40, "a.example", 1);
	put(&w, NOON + 40, "b.example", 2);
	(void)flush(&w);
	expect(&w, "0+10 a.example:1 x3\n0+30 a.example:2 x1\n0+30 b.example:1 x1\n0+40 b.example:2 x1\n"
	    "1+0 a.example:1 x1\n");
	w.sequence--; /* a COMMIT whose answer was lost */
	put(&w, NOON + 40, "a.example", 1);
	added = flush(&w);
	ck_assert(added.repeated);
	expect(&w, "0+10 a.example:1 x3\n0+30 a.example:2 x1\n0+30 b.example:1 x1\n0+40 b.example:2 x1\n"
	    "1+0 a.example:1 x1\n");
	ck_assert_uint_eq(left_out(&w), 0);
	world_close(&w);
}
END_TEST

START_TEST(growth_ends)
{
	char location[512];
	struct store_added added;
	struct world w;

	if (!world_open(&w, _i, location))
		return;
	w.of_domain = 2;
	w.of_hour = 3;
	for (unsigned key = 1; key <= 5; key++)
		put(&w, NOON, "a.example", key);
	put(&w, NOON, "b.example", 1);
	added = flush(&w);
	ck_assert_uint_eq(added.incidents, 6);
	ck_assert_uint_eq(added.incidents_left_out, 3);
	put(&w, NOON, "b.example", 2); /* the hour is full */
	put(&w, NOON, "a.example", 1); /* what is there is counted nevertheless */
	put(&w, NOON + 3600, "a.example", 1); /* the domain's day is full */
	put(&w, NOON + 3600, "b.example", 3);
	(void)flush(&w);
	expect(&w, "0+0 a.example:1 x2\n0+0 a.example:2 x1\n0+0 b.example:1 x1\n1+0 b.example:3 x1\n");
	ck_assert_uint_eq(left_out(&w), 5);
	put(&w, NOON + 24 * 3600, "a.example", 1); /* the next day */
	ck_assert_uint_eq(flush(&w).incidents_left_out, 0);
	world_close(&w);
}
END_TEST

static enum rc make(void *ctx, const struct store_incident *i)
{
	struct store_incident *out = ctx;

	if (out->count == 0) {
		*out = *i;
		out->octets.domain = SLICE("a.example");
	}
	return RC_OK;
}

/* What was reported is not kept any longer than needed, and is not reported again. */
START_TEST(made_and_forgotten)
{
	struct store_incident one = { .count = 0 };
	unsigned char key[FAILURE_KEY_OCTETS] = { 0, 1 };
	char location[512];
	struct world w;

	if (!world_open(&w, _i, location))
		return;
	put(&w, NOON, "a.example", 1);
	put(&w, NOON + 7200, "a.example", 2);
	(void)flush(&w);
	ck_assert_int_eq(store_incidents(w.s, NOON, NOON + 3600, 10, make, &one, NULL), RC_OK);
	one.octets.key = slice_of((const char *)key, sizeof(key));
	ck_assert_int_eq(store_incident_made(w.s, &one, NOON, NULL), RC_OK);
	put(&w, NOON, "a.example", 1);
	(void)flush(&w);
	expect(&w, "2+0 a.example:2 x1\n");
	ck_assert_int_eq(sql_run(store_sql(w.s), "DELETE FROM incident WHERE length(octets) = 0", NULL, 0, NULL, NULL,
	    NULL), RC_OK);
	ck_assert_uint_eq(sql_changed(store_sql(w.s)), 1);
	ck_assert_int_eq(store_incidents_forget(w.s, NOON + 7200, NULL), RC_OK);
	expect(&w, "2+0 a.example:2 x1\n");
	ck_assert_int_eq(store_incidents_forget(w.s, NOON + 3 * 3600, NULL), RC_OK);
	expect(&w, "");
	world_close(&w);
}
END_TEST

/* Also where no sender runs any more, which would have deleted it. */
START_TEST(octets_of_reports_end)
{
	static const char *const statements[] = {
		"INSERT INTO outgoing (kind, day, domain, variant, report, octets, messages, made) VALUES"
		" (1, 1, 'a', 'v', 'r1', 'octets', 1, 100), (1, 1, 'a', 'w', 'r2', 'octets', 1, 200),"
		" (0, 1, 'a', 'v', 'r3', 'octets', 1, 100)",
		"INSERT INTO delivery (report, address, state, why, uri, tag, due, tried, tries, leased, token) VALUES"
		" ('r1', 'x', 0, '', '', '1', 0, 0, 0, 0, 0), ('r2', 'x', 0, '', '', '2', 0, 0, 0, 0, 0),"
		" ('r3', 'x', 0, '', '', '3', 0, 0, 0, 0, 0)",
	};
	char location[512];
	struct world w;

	if (!world_open(&w, _i, location))
		return;
	for (size_t i = 0; i < N_ELEMENTS(statements); i++)
		ck_assert_int_eq(sql_run(store_sql(w.s), statements[i], NULL, 0, NULL, NULL, NULL), RC_OK);
	ck_assert_int_eq(store_incidents_forget(w.s, 200, NULL), RC_OK);
	ck_assert_int_eq(sql_run(store_sql(w.s), "DELETE FROM outgoing WHERE length(octets) = 0 AND report = 'r1'", NULL, 0,
	    NULL, NULL, NULL), RC_OK);
	ck_assert_uint_eq(sql_changed(store_sql(w.s)), 1);
	ck_assert_int_eq(sql_run(store_sql(w.s), "DELETE FROM outgoing WHERE length(octets) > 0", NULL, 0, NULL, NULL, NULL),
	    RC_OK);
	ck_assert_uint_eq(sql_changed(store_sql(w.s)), 2);
	ck_assert_int_eq(sql_run(store_sql(w.s), "DELETE FROM delivery WHERE state = 3", NULL, 0, NULL, NULL, NULL), RC_OK);
	ck_assert_uint_eq(sql_changed(store_sql(w.s)), 1);
	world_close(&w);
}
END_TEST

/* A store that was made before there were incidents gets their tables, and keeps what it has. */
START_TEST(older_schema)
{
	static const char *const statements[] = { "DROP TABLE incident", "DROP TABLE incident_left_out",
		"ALTER TABLE delivery DROP COLUMN recipient", "DELETE FROM schema_version WHERE version > 13" };
	unsigned char before[STORE_SECRET_OCTETS], after[STORE_SECRET_OCTETS];
	char location[512];
	struct world w;

	if (!world_open(&w, _i, location))
		return;
	ck_assert_int_eq(store_secret(w.s, before, NULL), RC_OK);
	for (size_t i = 0; i < N_ELEMENTS(statements); i++)
		ck_assert_int_eq(sql_run(store_sql(w.s), statements[i], NULL, 0, NULL, NULL, NULL), RC_OK);
	reopen(&w, location);
	ck_assert_int_eq(store_secret(w.s, after, NULL), RC_OK);
	ck_assert_mem_eq(before, after, sizeof(before));
	put(&w, NOON, "a.example", 1);
	(void)flush(&w);
	expect(&w, "0+0 a.example:1 x1\n");
	world_close(&w);
}
END_TEST

/* --- the daemon's end ----------------------------------------------------------------------------------- */

static void await(struct history *h, uint64_t incidents)
{
	struct history_facts f = { .incidents = 0 };

	for (int waited = 0; waited < 60000 && f.incidents < incidents; waited += 10) {
		history_facts(h, &f);
		poll(NULL, 0, 10);
	}
	ck_assert_uint_eq(f.incidents, incidents);
	ck_assert_uint_eq(f.written, 0);
	ck_assert_uint_eq(f.waiting, 0);
}

START_TEST(through_the_history)
{
	struct report_settings settings = { .keep_seconds = 100000 * INT64_C(86400), .memory = 1024 * 1024,
		.domain_rows = 10, .day_rows = 10, .failure = { .enabled = true, .per_domain = 10, .per_hour = 10 } };
	struct failure_incident i = incident_like(NOON, "a.example", 1);
	unsigned char secret[STORE_SECRET_OCTETS], stored[STORE_SECRET_OCTETS];
	struct history *h = NULL;
	char location[512];
	struct world w;

	if (!world_open(&w, _i, location))
		return;
	settings.store = slice_str(location);
	ck_assert_int_eq(history_start(&settings, SLICE("i"), &h), RC_OK);
	for (int waited = 0; waited < 60000 && !history_secret(h, secret); waited += 10)
		poll(NULL, 0, 10);
	ck_assert(history_secret(h, secret));
	ck_assert_int_eq(store_secret(w.s, stored, NULL), RC_OK);
	ck_assert_mem_eq(secret, stored, sizeof(secret));
	ck_assert(history_incident(h, &i));
	await(h, 1);
	expect(&w, "0+0 a.example:1 x1\n");
	history_stop(&h);
	world_close(&w);
}
END_TEST

/* Incidents leave half of the memory to the counts. */
START_TEST(memory_ends)
{
	struct report_settings settings = { .store = SLICE("sqlite:/nowhere/at/all.sqlite"), .keep_seconds = 86400,
		.memory = 1024 * 1024 };
	struct failure_incident i = incident_like(NOON, "a.example", 1);
	struct report_row row = row_like(20000, "a.example", 1);
	unsigned char secret[STORE_SECRET_OCTETS];
	struct history *h = NULL;
	struct history_facts f;
	unsigned taken = 0;

	ck_assert_int_eq(history_start(&settings, SLICE("i"), &h), RC_OK);
	while (history_incident(h, &i))
		taken++;
	history_facts(h, &f);
	ck_assert_uint_gt(taken, 100);
	ck_assert_uint_le(f.waiting_octets, settings.memory / 2);
	ck_assert_uint_eq(f.incidents_lost, 1);
	ck_assert_uint_eq(f.lost, 0);
	ck_assert(history_row(h, &row));
	ck_assert(!history_secret(h, secret)); /* so that nothing could be redacted, and nothing is made */
	history_stop(&h);
}
END_TEST

Suite *incident_suite(void)
{
	Suite *s = suite_create("report incidents");

	unit_table(s, "similar_ones_are_counted", similar_ones_are_counted, STORE_KINDS);
	unit_table(s, "growth_ends", growth_ends, STORE_KINDS);
	unit_table(s, "made_and_forgotten", made_and_forgotten, STORE_KINDS);
	unit_table(s, "octets_of_reports_end", octets_of_reports_end, STORE_KINDS);
	unit_table(s, "older_schema", older_schema, STORE_KINDS);
	unit_table(s, "through_the_history", through_the_history, STORE_KINDS);
	UNIT_TEST(s, memory_ends);
	return s;
}

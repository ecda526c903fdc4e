/* sending.h: reports are made for the outbox; what runs it and what comes back is in tests/cli/sending.py. */
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "dns/zonefile.h"
#include "report/build.h"
#include "report/sending.h"

#include "files.h"
#include "suites.h"

#define DAY 20000
#define NOW (INT64_C(20001) * SECONDS_OF_DAY + 7200)

/* A day with mail of three domains, and a clock that goes on by `step` with each of them. */
struct world {
	char *dir, *location;
	struct store *store;
	struct arena *arena;
	struct err err;
	struct report_settings settings;
	struct sending sending;
	int64_t now, step;
};

static int64_t now(void *ctx) { return ((struct world *)ctx)->now; }
static bool never(void *ctx) { (void)ctx; return false; }
static bool must_not_wait(void *ctx) { (void)ctx; ck_abort_msg("nothing is due, and a turn is waited for"); }

static void go_on(void *ctx, const struct outgoing *report, const struct delivery *d)
{
	struct world *w = ctx;

	(void)report;
	(void)d;
	w->now += w->step;
}

static void add_row(struct buf *items, const char *domain)
{
	struct report_row row = { .day = DAY, .count = 1, .header_from = slice_str(domain) };
	size_t begun = store_item_begin(items, STORE_ROW);
	struct buf record = BUF_INIT(200);

	buf_addf(&record, "v=DMARC1; p=none; rua=mailto:d@%s", domain);
	row.policy.domain = row.header_from;
	row.policy.text = buf_slice(&record);
	ck_assert_int_eq(dmarc_record_parse(row.policy.text, &row.policy.record), DMARC_RECORD_OK);
	report_row_encode(&row, items);
	store_item_end(items, begun);
	buf_free(&record);
}

static void fill(struct world *w)
{
	struct buf items = BUF_INIT(LIMIT_ARENA_BYTES);
	struct store_batch batch = { .host = SLICE("mx"), .boot = SLICE("1"), .sequence = 1, .now = NOW - 10000,
		.rows_of_domain = 100, .rows_of_day = 100 };
	struct store_added added;

	add_row(&items, "a.example");
	add_row(&items, "b.example");
	add_row(&items, "c.example");
	batch.items = buf_slice(&items);
	ck_assert_int_eq(store_add(w->store, &batch, &added, &w->err), RC_OK);
	ck_assert_int_eq(store_drained(w->store, batch.host, DAY, NOW, &w->err), RC_OK);
	buf_free(&items);
}

static void open_world(struct world *w, int64_t step)
{
	char *path;

	*w = (struct world){ .dir = files_dir(), .arena = arena_create(LIMIT_ARENA_BYTES), .err = ERR_INIT,
		.settings = { .from = SLICE("r@mx.example"), .sending = { .daily_cap = 1000 } }, .now = NOW, .step = step };
	path = files_path(w->dir, "reports.sqlite");
	ck_assert_int_gt(asprintf(&w->location, "sqlite:%s", path), 0);
	free(path);
	ck_assert_msg(store_open(slice_str(w->location), &w->store, &w->err) == RC_OK, "%s", buf_cstr(&w->err.text));
	w->sending = (struct sending){ .store = w->store, .settings = &w->settings, .dns_deadline_ms = 1000,
		.discovery = DMARC_DISCOVERY_TREEWALK, .day = OUTBOX_ANY_DAY, .now = now, .pause = never, .stop = never,
		.progress = go_on, .ctx = w };
	ck_assert_int_eq(report_sender_of(w->arena, &w->settings, w->store, &w->sending.by, &w->err), RC_OK);
	ck_assert_int_eq(resolver_zonetext("zone", SLICE("x.example TXT y\n"), &w->sending.resolver, &w->err), RC_OK);
	fill(w);
}

static void close_world(struct world *w)
{
	ck_assert_msg(w->err.count == 0, "%s", buf_cstr(&w->err.text));
	store_close(&w->store);
	resolver_free(&w->sending.resolver);
	arena_free(&w->arena);
	err_free(&w->err);
	free(w->location);
	free(w->dir);
}

static const struct {
	int64_t step;
	int cap, made, left_out;
	enum suppression why;
} makings[] = {
	{ 1, 1000, 3, 0, SUPPRESSED_TIME },
	{ 5400, 1000, 3, 0, SUPPRESSED_TIME },     /* the third one begins after exactly three hours */
	{ 5401, 1000, 2, 1, SUPPRESSED_TIME },
	{ 4 * 3600, 1000, 1, 2, SUPPRESSED_TIME },
	{ 1, 2, 2, 1, SUPPRESSED_CAP },
	{ 4 * 3600, 1, 1, 2, SUPPRESSED_CAP },     /* of two reasons the one that the operator can set */
};

START_TEST(what_is_left_out)
{
	struct prepared done;
	struct world w;

	open_world(&w, makings[_i].step);
	w.settings.sending.daily_cap = makings[_i].cap;
	ck_assert_int_eq(sending_prepare(&w.sending, &done, &w.err), RC_OK);
	ck_assert_int_eq(done.reports, makings[_i].made);
	for (int why = 0; why < SUPPRESSIONS; why++)
		ck_assert_int_eq(done.suppressed.reports[why], why == (int)makings[_i].why ? makings[_i].left_out : 0);
	ck_assert_int_eq(sending_prepare(&w.sending, &done, &w.err), RC_OK); /* a day is made once */
	ck_assert_int_eq(done.days, 0);
	close_world(&w);
}
END_TEST

/* The last minute was full, but nothing is due: a run ends at once. */
START_TEST(nothing_due_waits_for_no_turn)
{
	struct outbox_claim claim = { .now = NOW, .until = NOW + 60, .day = OUTBOX_ANY_DAY };
	struct dispatched out = DISPATCHED_INIT;
	struct outgoing report;
	struct prepared done;
	struct delivery d;
	struct world w;
	bool found, ours;

	open_world(&w, 0);
	ck_assert_int_eq(sending_prepare(&w.sending, &done, &w.err), RC_OK);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(outbox_lease(store_sql(w.store), w.arena, &claim, &report, &d, &found, &w.err), RC_OK);
		ck_assert(found);
		d.state = DELIVERY_DONE;
		ck_assert_int_eq(outbox_settle(store_sql(w.store), &report, &d, &ours, &w.err), RC_OK);
	}
	w.settings.sending.per_minute = 2;
	w.settings.sending.via = SLICE("smtp:127.0.0.1:1");
	w.settings.keep_seconds = 100 * SECONDS_OF_DAY;
	w.sending.pause = must_not_wait;
	ck_assert_int_eq(sending_dispatch(&w.sending, &out, &w.err), RC_OK);
	ck_assert_int_eq(out.done + out.later, 0);
	buf_free(&out.words);
	close_world(&w);
}
END_TEST

Suite *prepare_suite(void)
{
	Suite *s = suite_create("prepare");

	unit_table(s, "what_is_left_out", what_is_left_out, N_ELEMENTS(makings));
	UNIT_TEST(s, nothing_due_waits_for_no_turn);
	return s;
}

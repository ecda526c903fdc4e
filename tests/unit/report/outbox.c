/* outbox.h: on SQLite here; tests/cli/sending.py runs two senders on either backend. */
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "report/outbox.h"
#include "report/store.h"

#include "files.h"
#include "suites.h"

#define NOW 1764115200 /* 2025-11-26 00:00 UTC, day 20418 */
#define DAY 20417

struct world {
	char *dir, *location;
	struct store *store, *other; /* two processes, as it were */
	struct sql *sql, *sql2;
	struct arena *arena;
	struct err err;
};

static void open_world(struct world *w)
{
	char *path;

	*w = (struct world){ .dir = files_dir(), .arena = arena_create(LIMIT_ARENA_BYTES), .err = ERR_INIT };
	path = files_path(w->dir, "reports.sqlite");
	ck_assert_int_gt(asprintf(&w->location, "sqlite:%s", path), 0);
	free(path);
	ck_assert_msg(store_open(slice_str(w->location), &w->store, &w->err) == RC_OK, "%s", buf_cstr(&w->err.text));
	ck_assert_msg(store_open(slice_str(w->location), &w->other, &w->err) == RC_OK, "%s", buf_cstr(&w->err.text));
	w->sql = store_sql(w->store);
	w->sql2 = store_sql(w->other);
}

static void close_world(struct world *w)
{
	ck_assert_msg(w->err.count == 0, "%s", buf_cstr(&w->err.text));
	store_close(&w->store);
	store_close(&w->other);
	arena_free(&w->arena);
	err_free(&w->err);
	free(w->location);
	free(w->dir);
}

static struct outgoing report_of(const char *domain, const char *id)
{
	return (struct outgoing){ .kind = OUTGOING_AGGREGATE, .day = DAY, .domain = slice_str(domain),
		.variant = SLICE("v"), .id = slice_str(id), .octets = SLICE("Subject: x\r\n\r\n\0octets\xff"),
		.messages = 7, .made = NOW };
}

static bool add(struct world *w, const char *domain, const char *id, const char *address, const char *tag)
{
	struct outgoing r = report_of(domain, id);
	struct delivery d = { .address = slice_str(address), .tag = slice_str(tag), .due = NOW + 100 };
	bool added;

	ck_assert_int_eq(outbox_add(w->sql, &r, &d, 1, &added, &w->err), RC_OK);
	return added;
}

static bool lease_at(struct world *w, struct sql *s, int64_t now, struct outgoing *r, struct delivery *d)
{
	struct outbox_claim claim = { .now = now, .until = now + 600, .day = OUTBOX_ANY_DAY };
	bool found;

	ck_assert_int_eq(outbox_lease(s, w->arena, &claim, r, d, &found, &w->err), RC_OK);
	return found;
}

static bool settle_as(struct world *w, struct sql *s, const struct outgoing *r, struct delivery d,
    enum delivery_state state)
{
	bool ours;

	d.state = state;
	ck_assert_int_eq(outbox_settle(s, r, &d, &ours, &w->err), RC_OK);
	return ours;
}

/* U_34: one report for a policy and day, whoever makes another one, whatever is in it. */
START_TEST(U_34_a_report_enters_once)
{
	struct outgoing again = report_of("example.org", "other-id"), r;
	struct delivery d[2] = { { .address = SLICE("b@example.org"), .tag = SLICE("t2") } };
	struct world w;
	bool added, there;

	open_world(&w);
	ck_assert(add(&w, "example.org", "id1", "a@example.org", "t1"));
	again.octets = SLICE("different");
	ck_assert_int_eq(outbox_add(w.sql2, &again, d, 1, &added, &w.err), RC_OK);
	ck_assert(!added);
	ck_assert_int_eq(outbox_has(w.sql2, &again, &there, &w.err), RC_OK);
	ck_assert(there);
	ck_assert(lease_at(&w, w.sql2, NOW + 100, &r, &d[0]));
	ck_slice_eq(r.octets, report_of("", "").octets);
	ck_slice_eq(r.id, SLICE("id1"));
	ck_slice_eq(d[0].address, SLICE("a@example.org"));
	ck_assert(!lease_at(&w, w.sql2, NOW + 100, &r, &d[0]));
	close_world(&w);
}
END_TEST

START_TEST(U_34_a_lease_that_expires_gives_the_same_octets)
{
	struct outgoing first, second;
	struct delivery d1, d2;
	struct world w;

	open_world(&w);
	add(&w, "example.org", "id1", "a@example.org", "t1");
	ck_assert(!lease_at(&w, w.sql, NOW + 99, &first, &d1));  /* not due */
	ck_assert(lease_at(&w, w.sql, NOW + 100, &first, &d1));
	ck_assert(!lease_at(&w, w.sql2, NOW + 699, &second, &d2)); /* leased */
	ck_assert(lease_at(&w, w.sql2, NOW + 700, &second, &d2));  /* the first sender died */
	ck_slice_eq(first.octets, second.octets);
	ck_slice_eq(first.id, second.id);
	ck_slice_eq(d1.tag, d2.tag);
	ck_assert_int_gt(d2.token, d1.token);
	/* it did not: what it says now no longer counts */
	ck_assert(!settle_as(&w, w.sql, &first, d1, DELIVERY_REFUSED));
	ck_assert(settle_as(&w, w.sql2, &second, d2, DELIVERY_DONE));
	ck_assert(!settle_as(&w, w.sql2, &second, d2, DELIVERY_REFUSED));
	ck_assert(!lease_at(&w, w.sql, NOW + 100000, &first, &d1));
	close_world(&w);
}
END_TEST

START_TEST(a_delivery_again_later)
{
	struct outgoing r;
	struct delivery d;
	struct world w;

	open_world(&w);
	add(&w, "example.org", "id1", "a@example.org", "t1");
	ck_assert(lease_at(&w, w.sql, NOW + 100, &r, &d));
	d.due = NOW + 1000;
	d.why = SLICE("451 later");
	ck_assert(settle_as(&w, w.sql, &r, d, DELIVERY_PENDING));
	ck_assert(!lease_at(&w, w.sql, NOW + 999, &r, &d));
	ck_assert(lease_at(&w, w.sql, NOW + 1000, &r, &d));
	ck_assert_int_eq(d.tries, 2);
	ck_slice_eq(d.why, SLICE("451 later"));
	close_world(&w);
}
END_TEST

START_TEST(one_day_alone_due_or_not)
{
	struct outbox_claim claim = { .now = NOW, .until = NOW + 600, .day = DAY, .tried_before = NOW };
	struct outgoing r;
	struct delivery d;
	struct world w;
	bool found;

	open_world(&w);
	add(&w, "example.org", "id1", "a@example.org", "t1");
	ck_assert_int_eq(outbox_lease(w.sql, w.arena, &claim, &r, &d, &found, &w.err), RC_OK);
	ck_assert(found);
	settle_as(&w, w.sql, &r, d, DELIVERY_PENDING);
	ck_assert_int_eq(outbox_lease(w.sql, w.arena, &claim, &r, &d, &found, &w.err), RC_OK);
	ck_assert(!found); /* tried in this run */
	claim.day = DAY - 1;
	claim.tried_before = NOW + 1;
	ck_assert_int_eq(outbox_lease(w.sql, w.arena, &claim, &r, &d, &found, &w.err), RC_OK);
	ck_assert(!found);
	close_world(&w);
}
END_TEST

static enum rc count_delivery(void *ctx, const struct outgoing *r, const struct delivery *d)
{
	(void)r;
	(void)d;
	++*(int *)ctx;
	return RC_OK;
}

static int count_in_state(struct world *w, enum delivery_state state)
{
	int n = 0;

	ck_assert_int_eq(outbox_list(w->sql, state, 1000, count_delivery, &n, &w->err), RC_OK);
	return n;
}

START_TEST(expiry_and_oblivion)
{
	struct outgoing r;
	struct delivery d;
	struct world w;
	uint64_t n;

	open_world(&w);
	add(&w, "example.org", "id1", "a@example.org", "t1");
	add(&w, "example.net", "id2", "a@example.net", "t2");
	ck_assert_int_eq(outbox_expire(w.sql, NOW, NOW + 100, &n, &w.err), RC_OK);
	ck_assert_uint_eq(n, 0);
	ck_assert(lease_at(&w, w.sql, NOW + 100, &r, &d)); /* leased ones may be on their way */
	ck_assert_int_eq(outbox_expire(w.sql, NOW + 1, NOW + 100, &n, &w.err), RC_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(outbox_forget(w.sql, NOW + 1, &w.err), RC_OK);
	ck_assert_int_eq(count_in_state(&w, DELIVERY_EXPIRED), 0);
	ck_assert_int_eq(count_in_state(&w, DELIVERY_PENDING), 1);
	ck_assert(settle_as(&w, w.sql, &r, d, DELIVERY_DONE));
	ck_assert_int_eq(outbox_forget(w.sql, NOW + 1, &w.err), RC_OK);
	ck_assert_int_eq(count_in_state(&w, DELIVERY_DONE), 0);
	close_world(&w);
}
END_TEST

START_TEST(U_34_repeated_with_the_same_octets)
{
	struct outgoing first, again;
	struct delivery d;
	struct world w;
	uint64_t n;

	open_world(&w);
	add(&w, "example.org", "id1", "a@example.org", "t1");
	add(&w, "example.net", "id2", "a@example.net", "t2");
	ck_assert(lease_at(&w, w.sql, NOW + 100, &first, &d));
	settle_as(&w, w.sql, &first, d, DELIVERY_DONE);
	ck_assert_int_eq(outbox_repeat(w.sql, DAY, SLICE("nowhere.example"), NOW, &n, &w.err), RC_OK);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(outbox_repeat(w.sql, DAY, first.domain, NOW, &n, &w.err), RC_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert(lease_at(&w, w.sql, NOW + 1, &again, &d));
	ck_slice_eq(again.id, first.id);
	ck_slice_eq(again.octets, first.octets);
	close_world(&w);
}
END_TEST

START_TEST(a_day_is_made_by_one)
{
	struct suppressed counts = { .reports = { [SUPPRESSED_CAP] = 3 }, .messages = { [SUPPRESSED_CAP] = 30 } };
	int64_t mine = 0, theirs = 0;
	struct world w;
	bool ours, made;

	open_world(&w);
	ck_assert_int_eq(outbox_lease_day(w.sql, DAY, NOW, NOW + 600, &mine, &ours, &w.err), RC_OK);
	ck_assert(ours);
	ck_assert_int_eq(outbox_lease_day(w.sql2, DAY, NOW, NOW + 600, &theirs, &ours, &w.err), RC_OK);
	ck_assert(!ours);
	ck_assert_int_eq(outbox_lease_day(w.sql, DAY, NOW + 300, NOW + 900, &mine, &ours, &w.err), RC_OK);
	ck_assert(ours);
	ck_assert_int_eq(outbox_lease_day(w.sql2, DAY, NOW + 899, NOW + 1500, &theirs, &ours, &w.err), RC_OK);
	ck_assert(!ours);
	ck_assert_int_eq(outbox_lease_day(w.sql2, DAY, NOW + 900, NOW + 1500, &theirs, &ours, &w.err), RC_OK);
	ck_assert(ours);
	ck_assert_int_eq(outbox_lease_day(w.sql, DAY, NOW + 901, NOW + 1501, &mine, &ours, &w.err), RC_OK);
	ck_assert(!ours); /* too slow: someone else goes on */
	ck_assert_int_eq(outbox_day_made(w.sql, DAY, &made, &w.err), RC_OK);
	ck_assert(!made);
	ck_assert_int_eq(outbox_day_done(w.sql2, DAY, NOW + 1000, &counts, &w.err), RC_OK);
	ck_assert_int_eq(outbox_day_made(w.sql, DAY, &made, &w.err), RC_OK);
	ck_assert(made);
	ck_assert_int_eq(outbox_lease_day(w.sql, DAY, NOW + 9999, NOW + 19999, &mine, &ours, &w.err), RC_OK);
	ck_assert(!ours);
	close_world(&w);
}
END_TEST

START_TEST(addresses_are_suspended)
{
	struct slice a = SLICE("a@example.org"), why = SLICE("550 no such user");
	struct suspension s;
	struct world w;
	int64_t until;

	open_world(&w);
	for (int i = 1; i <= 2; i++) {
		ck_assert_int_eq(outbox_failed(w.sql, a, why, NOW + i, 3, 86400, &s, &w.err), RC_OK);
		ck_assert_int_eq(s.failures, i);
		ck_assert_int_eq(s.until, 0);
	}
	ck_assert_int_eq(outbox_suspended(w.sql, a, NOW + 3, &until, &w.err), RC_OK);
	ck_assert_int_eq(until, 0);
	ck_assert_int_eq(outbox_failed(w.sql, a, why, NOW + 3, 3, 86400, &s, &w.err), RC_OK);
	ck_assert_int_eq(s.until, NOW + 3 + 86400);
	ck_assert_int_eq(outbox_suspended(w.sql2, a, NOW + 3 + 86399, &until, &w.err), RC_OK);
	ck_assert_int_eq(until, s.until);
	ck_assert_int_eq(outbox_suspended(w.sql2, SLICE("b@example.org"), NOW + 4, &until, &w.err), RC_OK);
	ck_assert_int_eq(until, 0);
	/* tried again, and it fails again: suspended at once */
	ck_assert_int_eq(outbox_suspended(w.sql, a, s.until, &until, &w.err), RC_OK);
	ck_assert_int_eq(until, 0);
	ck_assert_int_eq(outbox_failed(w.sql, a, why, s.until + 1, 3, 86400, &s, &w.err), RC_OK);
	ck_assert_int_eq(s.until, NOW + 3 + 86400 + 1 + 86400);
	/* no failure for long: it begins anew */
	until = s.until + 2 * 86400;
	ck_assert_int_eq(outbox_failed(w.sql, a, why, until, 3, 86400, &s, &w.err), RC_OK);
	ck_assert_int_eq(s.failures, 1);
	/* only what is older is forgotten */
	ck_assert_int_eq(outbox_forget(w.sql, until, &w.err), RC_OK);
	ck_assert_int_eq(outbox_failed(w.sql, a, why, until, 3, 86400, &s, &w.err), RC_OK);
	ck_assert_int_eq(s.failures, 2);
	ck_assert_int_eq(outbox_forget(w.sql, until + 1, &w.err), RC_OK);
	ck_assert_int_eq(outbox_failed(w.sql, a, why, until + 1, 3, 86400, &s, &w.err), RC_OK);
	ck_assert_int_eq(s.failures, 1);
	close_world(&w);
}
END_TEST

START_TEST(a_notification_counts_once)
{
	struct slice address;
	struct outgoing r;
	struct delivery d;
	struct world w;
	bool found;

	open_world(&w);
	add(&w, "example.org", "id1", "a@example.org", "t1");
	ck_assert_int_eq(outbox_bounced(w.sql, w.arena, SLICE("t1"), SLICE("x"), &address, &found, &w.err), RC_OK);
	ck_assert(!found); /* not handed over yet */
	ck_assert(lease_at(&w, w.sql, NOW + 100, &r, &d));
	settle_as(&w, w.sql, &r, d, DELIVERY_DONE);
	ck_assert_int_eq(outbox_bounced(w.sql, w.arena, SLICE("t2"), SLICE("x"), &address, &found, &w.err), RC_OK);
	ck_assert(!found);
	ck_assert_int_eq(outbox_bounced(w.sql, w.arena, SLICE("t1"), SLICE("x"), &address, &found, &w.err), RC_OK);
	ck_assert(found);
	ck_slice_eq(address, SLICE("a@example.org"));
	ck_assert_int_eq(outbox_bounced(w.sql, w.arena, SLICE("t1"), SLICE("x"), &address, &found, &w.err), RC_OK);
	ck_assert(!found);
	/* RFC 9990 section 4: it counts for the address that the record of consent gave */
	add(&w, "example.net", "id2", "a@example.org", "t2");
	ck_assert(lease_at(&w, w.sql, NOW + 100, &r, &d));
	d.recipient = SLICE("new@example.org");
	settle_as(&w, w.sql, &r, d, DELIVERY_DONE);
	ck_assert_int_eq(outbox_bounced(w.sql, w.arena, SLICE("t2"), SLICE("x"), &address, &found, &w.err), RC_OK);
	ck_assert(found);
	ck_slice_eq(address, SLICE("new@example.org"));
	close_world(&w);
}
END_TEST

Suite *outbox_suite(void)
{
	Suite *s = suite_create("outbox");

	UNIT_TEST(s, U_34_a_report_enters_once);
	UNIT_TEST(s, U_34_a_lease_that_expires_gives_the_same_octets);
	UNIT_TEST(s, a_delivery_again_later);
	UNIT_TEST(s, one_day_alone_due_or_not);
	UNIT_TEST(s, expiry_and_oblivion);
	UNIT_TEST(s, U_34_repeated_with_the_same_octets);
	UNIT_TEST(s, a_day_is_made_by_one);
	UNIT_TEST(s, addresses_are_suspended);
	UNIT_TEST(s, a_notification_counts_once);
	return s;
}

/* history.h: the daemon's end of the store.  Store away: it goes on. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#include "postgres.h"
#include "suites.h"

#define DAY 20000
#define PATIENCE_MS 60000

static struct report_settings settings_for(const char *location)
{
	return (struct report_settings){ .store = slice_str(location), .keep_seconds = 100000 * INT64_C(86400),
		.memory = 1024 * 1024, .domain_rows = 10000, .day_rows = 100000 };
}

static struct history *started_as(const struct report_settings *settings, const char *instance)
{
	struct history *h = NULL;

	ck_assert_int_eq(history_start(settings, slice_str(instance), &h), RC_OK);
	return h;
}

static struct history *started(const struct report_settings *settings)
{
	return started_as(settings, "/run/assay/control.sock");
}

static void put(struct history *h, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct report_row row = row_like(DAY, "a.example", i);

		(void)history_row(h, &row);
	}
}

static void await(struct history *h, bool (*is)(const struct history_facts *f))
{
	struct history_facts f;

	for (int waited = 0; waited < PATIENCE_MS; waited += 10) {
		history_facts(h, &f);
		if (is(&f))
			return;
		poll(NULL, 0, 10);
	}
	ck_abort_msg("waiting %llu, written %llu, lost %llu, away %d", (unsigned long long)f.waiting,
	    (unsigned long long)f.written, (unsigned long long)f.lost, f.away);
}

static bool all_written(const struct history_facts *f) { return f->waiting == 0 && !f->away; }
static bool is_away(const struct history_facts *f) { return f->away; }

static enum rc take_messages(void *ctx, const struct store_domain *d)
{
	*(uint64_t *)ctx += d->messages;
	return RC_OK;
}

static uint64_t kept(const char *location)
{
	struct store *s = NULL;
	struct err err = ERR_INIT;
	uint64_t messages = 0;

	if (store_open(slice_str(location), &s, &err) != RC_OK)
		ck_abort_msg("%s", buf_cstr(&err.text));
	ck_assert_int_eq(store_domains(s, DAY, take_messages, &messages, &err), RC_OK);
	store_close(&s);
	err_free(&err);
	return messages;
}

START_TEST(written_and_drained)
{
	struct report_settings settings;
	struct history_facts f;
	struct history *h;
	char location[512];

	if (!store_location(_i, location))
		return;
	settings = settings_for(location);
	h = started(&settings);
	put(h, 100);
	await(h, all_written);
	put(h, 50);
	ck_assert_uint_eq(history_drain(h, PATIENCE_MS), 0);
	history_facts(h, &f);
	ck_assert_uint_eq(f.written, 150);
	ck_assert_uint_eq(f.waiting_octets, 0);
	put(h, 1); /* after the end: lost, and counted */
	history_facts(h, &f);
	ck_assert_uint_eq(f.lost, 1);
	history_stop(&h);
	ck_assert_uint_eq(kept(location), 150);
}
END_TEST

/* The store comes later than the daemon; what does not fit the memory meanwhile is counted. */
START_TEST(store_comes_later)
{
	struct report_settings settings;
	struct history_facts f;
	struct history *h;
	char directory[300], location[512];

	snprintf(directory, sizeof(directory), "%s/later", unit_tmpdir());
	snprintf(location, sizeof(location), "sqlite:%s/store.sqlite", directory);
	settings = settings_for(location);
	h = started(&settings);
	put(h, 20000); /* of about 100 octets each */
	await(h, is_away);
	history_facts(h, &f);
	ck_assert_uint_gt(f.lost, 0);
	ck_assert_uint_gt(f.waiting, 1000);
	ck_assert_uint_eq(f.lost + f.waiting, 20000);
	ck_assert_uint_le(f.waiting_octets, settings.memory + 1000);
	ck_assert_int_eq(mkdir(directory, 0700), 0);
	await(h, all_written);
	history_stop(&h);
	ck_assert_uint_eq(kept(location), f.waiting);
}
END_TEST

/* It stays away until the daemon stops: that takes no longer than it may. */
START_TEST(store_never_comes)
{
	struct report_settings settings = settings_for("sqlite:/nowhere/at/all.sqlite");
	struct history *h = started(&settings);

	put(h, 10);
	await(h, is_away);
	ck_assert_uint_eq(history_drain(h, 1000), 10);
	history_stop(&h);
}
END_TEST

START_TEST(file_moved_away)
{
	struct report_settings settings;
	struct history *h;
	char location[512], moved[600];

	ck_assert(store_location(0, location));
	settings = settings_for(location);
	h = started(&settings);
	put(h, 10);
	await(h, all_written);
	snprintf(moved, sizeof(moved), "%s.old", location);
	ck_assert_int_eq(rename(location + strlen("sqlite:"), moved + strlen("sqlite:")), 0);
	put(h, 20);
	await(h, all_written);
	history_stop(&h);
	ck_assert_uint_eq(kept(location), 20);
}
END_TEST

/* A disk of its own, which only root can make. */
START_TEST(full_disk)
{
	struct report_settings settings;
	struct history *h;
	char directory[300], location[512], filler[400], zeros[4096] = { 0 };
	int fd;

	snprintf(directory, sizeof(directory), "%s/full", unit_tmpdir());
	ck_assert_int_eq(mkdir(directory, 0700), 0);
	if (mount("tmpfs", directory, "tmpfs", 0, "size=4m") != 0) {
		unit_skipped("no permission to mount a small disk");
		return;
	}
	snprintf(location, sizeof(location), "sqlite:%s/store.sqlite", directory);
	snprintf(filler, sizeof(filler), "%s/filler", directory);
	settings = settings_for(location);
	h = started(&settings);
	put(h, 10);
	await(h, all_written);
	fd = open(filler, O_WRONLY | O_CREAT, 0600);
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	close(fd);
	put(h, 2000);
	await(h, is_away);
	ck_assert_int_eq(unlink(filler), 0);
	await(h, all_written);
	history_stop(&h);
	ck_assert_uint_eq(kept(location), 2010);
	ck_assert_int_eq(umount2(directory, MNT_DETACH), 0);
}
END_TEST

START_TEST(server_goes_and_returns)
{
	struct report_settings settings;
	struct history *h;
	char location[512];

	if (!store_location(1, location))
		return;
	settings = settings_for(location);
	h = started(&settings);
	put(h, 100);
	await(h, all_written);
	postgres_crash();
	put(h, 100);
	await(h, is_away);
	ck_assert(postgres_return());
	await(h, all_written);
	history_stop(&h);
	ck_assert_uint_eq(kept(location), 200);
	postgres_crash(); /* the one of this test is this process's child */
}
END_TEST

START_TEST(a_day_is_marked)
{
	struct report_settings settings;
	struct store *s = NULL;
	struct history *h;
	char location[512];
	bool may = false;
	int64_t today;

	if (!store_location(_i, location))
		return;
	settings = settings_for(location);
	h = started(&settings);
	put(h, 1);
	ck_assert_uint_eq(history_drain(h, PATIENCE_MS), 0);
	history_stop(&h);
	h = started(&settings); /* marks what was before it */
	ck_assert_int_eq(store_open(settings.store, &s, NULL), RC_OK);
	today = DAY; /* long ago: over, and marked */
	for (int waited = 0; !may && waited < PATIENCE_MS; waited += 10) {
		ck_assert_int_eq(store_may_close(s, today, (today + 1) * SECONDS_OF_DAY, INT64_MAX / 2, &may, NULL), RC_OK);
		poll(NULL, 0, 10);
	}
	ck_assert(may);
	store_close(&s);
	history_stop(&h);
}
END_TEST

static enum rc take_number(void *ctx, const struct sql_value *columns, size_t count)
{
	(void)count;
	*(int64_t *)ctx = columns[0].integer;
	return RC_OK;
}

/* Daemons that have marked the day. */
static int64_t marks(struct store *s)
{
	struct sql_value day = sql_integer(DAY);
	int64_t number = 0;

	ck_assert_int_eq(sql_run(store_sql(s), "SELECT count(*) FROM history_host WHERE drained >= $1", &day, 1, take_number,
	    &number, NULL), RC_OK);
	return number;
}

static void await_marks(struct store *s, int64_t wanted)
{
	for (int waited = 0; marks(s) < wanted && waited < PATIENCE_MS; waited += 10)
		poll(NULL, 0, 10);
	ck_assert_int_eq(marks(s), wanted);
}

/* Two daemons of one host: the day is over when both have marked it. */
START_TEST(daemons_of_one_host)
{
	int64_t noon = DAY * INT64_C(86400) + 43200 - clock_now();
	struct report_settings settings;
	struct history *one, *two;
	struct store *s = NULL;
	char location[512];
	bool may;

	if (!store_location(_i, location))
		return;
	settings = settings_for(location);
	settings.test_clock_offset = noon;
	one = started_as(&settings, "/run/assay/one.sock");
	two = started_as(&settings, "/run/assay/two.sock");
	put(one, 1);
	put(two, 1);
	await(one, all_written);
	await(two, all_written);
	ck_assert_int_eq(store_open(settings.store, &s, NULL), RC_OK);
	history_set_clock_offset(one, noon + 86400);
	await_marks(s, 1);
	ck_assert_int_eq(store_may_close(s, DAY, (DAY + 1) * SECONDS_OF_DAY, INT64_MAX / 2, &may, NULL), RC_OK);
	ck_assert(!may);
	history_set_clock_offset(two, noon + 86400);
	await_marks(s, 2);
	ck_assert_int_eq(store_may_close(s, DAY, (DAY + 1) * SECONDS_OF_DAY, INT64_MAX / 2, &may, NULL), RC_OK);
	ck_assert(may);
	store_close(&s);
	history_stop(&one);
	history_stop(&two);
}
END_TEST

Suite *history_suite(void)
{
	Suite *s = suite_create("report history");

	unit_table(s, "written_and_drained", written_and_drained, STORE_KINDS);
	UNIT_TEST(s, store_comes_later);
	UNIT_TEST(s, store_never_comes);
	UNIT_TEST(s, file_moved_away);
	UNIT_TEST(s, full_disk);
	unit_table(s, "a_day_is_marked", a_day_is_marked, STORE_KINDS);
	unit_table(s, "daemons_of_one_host", daemons_of_one_host, STORE_KINDS);
	UNIT_TEST(s, server_goes_and_returns); /* the last: its server ends with it */
	return s;
}

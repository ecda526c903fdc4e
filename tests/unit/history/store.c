/* store.h and sql.h, over SQLite and over PostgreSQL. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/limits.h"

#include "postgres.h"
#include "suites.h"

#define DAY 20000
#define NOON (DAY * INT64_C(86400) + 43200)

bool store_location(int kind, char out[512])
{
	static unsigned number;
	struct sql *sql = NULL;

	if (kind == 0) {
		snprintf(out, 512, "sqlite:%s/%ld-%u.sqlite", unit_tmpdir(), (long)getpid(), number++);
		return true;
	}
	if (postgres_uri() == NULL) {
		unit_skipped("no PostgreSQL");
		return false;
	}
	snprintf(out, 512, "%s", postgres_uri());
	ck_assert_int_eq(sql_open(slice_str(out), &sql, NULL), RC_OK);
	ck_assert_int_eq(sql_run(sql, "DROP SCHEMA public CASCADE", NULL, 0, NULL, NULL, NULL), RC_OK);
	ck_assert_int_eq(sql_run(sql, "CREATE SCHEMA public", NULL, 0, NULL, NULL, NULL), RC_OK);
	sql_close(&sql);
	return true;
}

static struct store *opened(const char *location)
{
	struct store *s = NULL;
	struct err err = ERR_INIT;

	if (store_open(slice_str(location), &s, &err) != RC_OK)
		ck_abort_msg("%s", buf_cstr(&err.text));
	err_free(&err);
	return s;
}

/* --- sql.h ------------------------------------------------------------------------------------------ */

static enum rc take_three(void *ctx, const struct sql_value *columns, size_t count)
{
	struct buf *out = ctx;

	ck_assert_uint_eq(count, 3);
	ck_assert_int_eq(columns[0].type, SQL_INTEGER);
	ck_assert_int_eq(columns[1].type, SQL_TEXT);
	ck_assert_int_eq(columns[2].type, SQL_OCTETS);
	buf_addf(out, "%lld %.*s ", (long long)columns[0].integer, SLICE_ARG(columns[1].octets));
	for (size_t i = 0; i < columns[2].octets.len; i++)
		buf_addf(out, "%02x", (unsigned)(unsigned char)columns[2].octets.ptr[i]);
	buf_add_char(out, '\n');
	return RC_OK;
}

static enum rc stop_at_once(void *ctx, const struct sql_value *columns, size_t count)
{
	(void)columns;
	(void)count;
	++*(int *)ctx;
	return RC_LIMIT;
}

static void make_table(struct sql *s)
{
	char text[200];

	snprintf(text, sizeof(text), "CREATE TABLE t (a BIGINT PRIMARY KEY, b TEXT NOT NULL, c %s NOT NULL)",
	    sql_octets_word(s));
	ck_assert_int_eq(sql_run(s, text, NULL, 0, NULL, NULL, NULL), RC_OK);
}

#define INSERT "INSERT INTO t (a, b, c) VALUES ($1, $2, $3)"

START_TEST(values_there_and_back)
{
	struct sql_value args[] = { sql_integer(INT64_MIN), sql_text(SLICE("\xc3\xa9")), sql_octets(SLICE("\0\xff'")) };
	struct sql_value empty[] = { sql_integer(INT64_MAX), sql_text(SLICE_NULL), sql_octets(SLICE_NULL) };
	struct buf out = BUF_INIT(1000);
	struct sql *s = NULL;
	char location[512];
	int rows = 0;

	if (!store_location(_i, location))
		return;
	ck_assert_int_eq(sql_open(slice_str(location), &s, NULL), RC_OK);
	make_table(s);
	ck_assert_int_eq(sql_run(s, INSERT, args, 3, NULL, NULL, NULL), RC_OK);
	ck_assert_int_eq(sql_run(s, INSERT, empty, 3, NULL, NULL, NULL), RC_OK);
	ck_assert_uint_eq(sql_changed(s), 1);
	ck_assert_int_eq(sql_run(s, "SELECT a, b, c FROM t ORDER BY a", NULL, 0, take_three, &out, NULL), RC_OK);
	ck_assert_str_eq(buf_cstr(&out), "-9223372036854775808 \xc3\xa9 00ff27\n9223372036854775807  \n");
	ck_assert_int_eq(sql_run(s, "SELECT a FROM t", NULL, 0, stop_at_once, &rows, NULL), RC_LIMIT);
	ck_assert_int_eq(rows, 1);
	ck_assert_int_eq(sql_run(s, "UPDATE t SET a = a - 1 WHERE a = $1", args, 1, NULL, NULL, NULL),
	    _i == 0 ? RC_OK : RC_REFUSED); /* SQLite goes over to floating point, PostgreSQL says no */
	sql_close(&s);
	buf_free(&out);
}
END_TEST

static const struct {
	struct slice text;
	enum rc rc;
} texts[] = {
	{ SLICE("plain"), RC_OK },
	{ SLICE("nul\0"), RC_REFUSED },
	{ SLICE("\xff"), RC_REFUSED },
	{ SLICE("\xed\xa0\x80"), RC_REFUSED }, /* a surrogate */
	{ SLICE("'; DROP TABLE t; --"), RC_OK },
};

START_TEST(refused_values)
{
	char location[512];
	struct sql *s = NULL;

	if (!store_location(_i, location))
		return;
	ck_assert_int_eq(sql_open(slice_str(location), &s, NULL), RC_OK);
	make_table(s);
	for (size_t i = 0; i < N_ELEMENTS(texts); i++) {
		struct sql_value args[] = { sql_integer((int64_t)i), sql_text(texts[i].text), sql_octets(SLICE("")) };

		ck_assert_msg(sql_run(s, INSERT, args, 3, NULL, NULL, NULL) == texts[i].rc, "text %zu", i);
		if (texts[i].rc == RC_OK) /* the key is there */
			ck_assert_int_eq(sql_run(s, INSERT, args, 3, NULL, NULL, NULL), RC_REFUSED);
	}
	ck_assert_int_eq(sql_run(s, "SELECT nothing FROM nowhere", NULL, 0, NULL, NULL, NULL), RC_CONFIG);
	sql_close(&s);
}
END_TEST

static void run_many_statements(struct sql *s)
{
	char text[40];

	for (int i = 0; i < 60; i++) {
		snprintf(text, sizeof(text), "SELECT a FROM t WHERE a = %d", i);
		ck_assert_int_eq(sql_run(s, text, NULL, 0, NULL, NULL, NULL), RC_OK);
	}
}

/* A transaction that failed leaves nothing, and the next one works, even if no more statements can be kept. */
START_TEST(transactions)
{
	struct sql_value args[] = { sql_integer(1), sql_text(SLICE("x")), sql_octets(SLICE("")) };
	struct buf out = BUF_INIT(1000);
	char location[512];
	struct sql *s = NULL;

	if (!store_location(_i, location))
		return;
	ck_assert_int_eq(sql_open(slice_str(location), &s, NULL), RC_OK);
	make_table(s);
	ck_assert_int_eq(sql_begin(s, NULL), RC_OK);
	ck_assert_int_eq(sql_run(s, INSERT, args, 3, NULL, NULL, NULL), RC_OK);
	run_many_statements(s);
	ck_assert_int_eq(sql_run(s, INSERT, args, 3, NULL, NULL, NULL), RC_REFUSED);
	sql_rollback(s);
	sql_rollback(s);
	ck_assert_int_eq(sql_begin(s, NULL), RC_OK);
	args[0].integer = 2;
	ck_assert_int_eq(sql_run(s, INSERT, args, 3, NULL, NULL, NULL), RC_OK);
	ck_assert_int_eq(sql_commit(s, NULL), RC_OK);
	ck_assert_int_eq(sql_begin(s, NULL), RC_OK);
	args[0].integer = 3;
	ck_assert_int_eq(sql_run(s, INSERT, args, 3, NULL, NULL, NULL), RC_OK);
	sql_close(&s); /* rolls back */
	ck_assert_int_eq(sql_open(slice_str(location), &s, NULL), RC_OK);
	ck_assert_int_eq(sql_run(s, "SELECT a, b, c FROM t ORDER BY a", NULL, 0, take_three, &out, NULL), RC_OK);
	ck_assert_str_eq(buf_cstr(&out), "2 x \n");
	sql_close(&s);
	buf_free(&out);
}
END_TEST

static void is_directory(const char *path) { ck_assert_int_eq(mkdir(path, 0700), 0); }
static void is_other_file(const char *path)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	for (int i = 0; i < 1000; i++)
		fputs("this is not a database\n", f);
	fclose(f);
}
/* Root's log would lock the daemon out. */
static void is_of_another_user(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0666);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fchown(fd, 65534, 65534), 0);
	close(fd);
}

static const struct {
	void (*make)(const char *path);
	const char *store;   /* NULL: sqlite: and the path */
	bool as_root;
	enum rc rc;
	const char *says;
} unusable[] = {
	{ is_directory, NULL, false, RC_CONFIG, "not a regular file: name another one" },
	{ is_other_file, NULL, false, RC_CONFIG, "not an SQLite database: move the file away, or name another one" },
	{ is_of_another_user, NULL, true, RC_CONFIG, "would be inaccessible to the daemon: run this program as" },
	{ NULL, "sqlite:/nowhere/at/all.sqlite", false, RC_CONFIG, "No such file or directory: its directory must" },
	{ NULL, "mysql:/x", false, RC_CONFIG, "the store must begin with" },
	{ NULL, "postgresql://x:secret@[y/z", false, RC_CONFIG, "is not a valid URI of PostgreSQL" },
	{ NULL, "postgresql:///x?host=/nowhere/at/all", false, RC_IO, "postgresql:///nowhere/at/all/x: " },
};

START_TEST(one_clear_line)
{
	struct err err = ERR_INIT;
	struct store *s = NULL;
	char path[300], location[512];

	snprintf(path, sizeof(path), "%s/unusable-%d", unit_tmpdir(), _i);
	snprintf(location, sizeof(location), "sqlite:%s", path);
	if (unusable[_i].as_root && geteuid() != 0) {
		unit_skipped("only root can make another user's file");
		return;
	}
	if (unusable[_i].make != NULL)
		unusable[_i].make(path);
	ck_assert_int_eq(store_open(slice_str(unusable[_i].store != NULL ? unusable[_i].store : location), &s, &err),
	    unusable[_i].rc);
	ck_assert_msg(strstr(buf_cstr(&err.text), unusable[_i].says) != NULL, "%s", buf_cstr(&err.text));
	ck_assert_uint_eq(err.count, 1);
	ck_assert_ptr_null(strstr(buf_cstr(&err.text), "secret"));
	ck_assert_ptr_null(s);
	err_free(&err);
}
END_TEST

Suite *sql_suite(void)
{
	Suite *s = suite_create("report sql");

	unit_table(s, "values_there_and_back", values_there_and_back, STORE_KINDS);
	unit_table(s, "refused_values", refused_values, STORE_KINDS);
	unit_table(s, "transactions", transactions, STORE_KINDS);
	UNIT_TABLE(s, one_clear_line, unusable);
	return s;
}

/* --- store.h ---------------------------------------------------------------------------------------- */

static void add(struct buf *items, const struct report_row *row, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		size_t begun = store_item_begin(items, STORE_ROW);

		report_row_encode(row, items);
		store_item_end(items, begun);
	}
	ck_assert(!buf_failed(items));
}

static struct store_batch batch_of(const char *boot, int64_t sequence, const struct buf *items)
{
	return (struct store_batch){ .host = SLICE("mx1"), .boot = slice_str(boot), .sequence = sequence, .now = NOON,
		.items = buf_slice(items), .rows_of_domain = 1000, .rows_of_day = 100000 };
}

static struct store_added added(struct store *s, const struct store_batch *batch)
{
	struct store_added out = { 0 };
	struct err err = ERR_INIT;

	if (store_add(s, batch, &out, &err) != RC_OK)
		ck_abort_msg("%s", buf_cstr(&err.text));
	err_free(&err);
	return out;
}

static enum rc write_day(void *ctx, const struct store_day *day)
{
	buf_addf(ctx, "%lld: %llu messages of %llu domains%s%s%.0llu\n", (long long)day->day,
	    (unsigned long long)day->messages, (unsigned long long)day->domains, day->closed ? ", closed" : "",
	    day->late > 0 ? ", late " : "", (unsigned long long)day->late);
	return RC_OK;
}

static enum rc write_domain(void *ctx, const struct store_domain *d)
{
	buf_addf(ctx, " %.*s: %llu messages, %llu aligned, %llu rows\n", SLICE_ARG(d->domain),
	    (unsigned long long)d->messages, (unsigned long long)d->aligned, (unsigned long long)d->rows);
	return RC_OK;
}

static enum rc write_row(void *ctx, const struct report_row *row)
{
	char ip[IP_TEXT_SIZE];

	buf_addf(ctx, "  %.*s %s%s %s %llu\n", SLICE_ARG(row->policy.text), ip_text(&row->source, ip),
	    row->overflow ? " (overflow)" : "", disposition_text(row->disposition), (unsigned long long)row->count);
	return RC_OK;
}

static void expect_days(struct store *s, const char *want)
{
	struct buf text = BUF_INIT(100000);

	ck_assert_int_eq(store_days(s, 0, write_day, &text, NULL), RC_OK);
	ck_assert_str_eq(buf_cstr(&text), want);
	buf_free(&text);
}

static void expect_domains(struct store *s, int64_t day, const char *want)
{
	struct buf text = BUF_INIT(100000);

	ck_assert_int_eq(store_domains(s, day, write_domain, &text, NULL), RC_OK);
	ck_assert_str_eq(buf_cstr(&text), want);
	buf_free(&text);
}

static void expect_rows(struct store *s, int64_t day, const char *domain, const char *want)
{
	struct buf text = BUF_INIT(100000);

	ck_assert_int_eq(store_rows(s, day, slice_str(domain), write_row, &text, NULL), RC_OK);
	ck_assert_str_eq(buf_cstr(&text), want);
	buf_free(&text);
}

#define RECORD "v=DMARC1; p=reject; rua=mailto:r@example.org"

START_TEST(counts_add_up)
{
	struct buf items = BUF_INIT(1000000);
	struct report_row pass = row_like(DAY, "b.example", 1), other = row_like(DAY, "b.example", 2);
	struct store_batch batch;
	struct store *s;
	struct buf text = BUF_INIT(1000);
	char location[512];

	if (!store_location(_i, location))
		return;
	s = opened(location);
	pass.spf_aligned = true;
	pass.disposition = DISPOSITION_PASS;
	add(&items, &pass, 3);
	add(&items, &other, 2);
	add(&items, &pass, 1);
	for (unsigned i = 0; i < 40; i++) { /* more than fit one statement, and some are left over */
		struct report_row many = row_like(DAY + 1, "a.example", i);

		add(&items, &many, 1);
	}
	batch = batch_of("boot", 1, &items);
	ck_assert_uint_eq(added(s, &batch).rows, 42);
	batch.sequence = 2;
	ck_assert_uint_eq(added(s, &batch).messages, 46);
	store_close(&s);
	s = opened(location); /* what is there stays there, and the schema is made once */
	expect_days(s, "20000: 12 messages of 1 domains\n20001: 80 messages of 1 domains\n");
	ck_assert_int_eq(store_days(s, DAY + 1, write_day, &text, NULL), RC_OK);
	ck_assert_str_eq(buf_cstr(&text), "20001: 80 messages of 1 domains\n");
	buf_free(&text);
	expect_domains(s, DAY, " b.example: 12 messages, 8 aligned, 2 rows\n");
	expect_domains(s, DAY + 1, " a.example: 80 messages, 0 aligned, 40 rows\n");
	expect_rows(s, DAY, "b.example", "  " RECORD " 192.0.0.1 pass 8\n  " RECORD " 192.0.0.2 reject 4\n");
	expect_rows(s, DAY, "nothing.example", "");
	store_close(&s);
	buf_free(&items);
}
END_TEST

/* Lost answer: a COMMIT without one is repeated; another boot, and another host, have numbers of their own. */
START_TEST(a_batch_counts_once)
{
	struct buf items = BUF_INIT(1000000);
	struct report_row row = row_like(DAY, "a.example", 1);
	struct store_batch batch;
	struct store *s;
	char location[512];

	if (!store_location(_i, location))
		return;
	s = opened(location);
	add(&items, &row, 1);
	batch = batch_of("one", 1, &items);
	ck_assert(!added(s, &batch).repeated);
	ck_assert(added(s, &batch).repeated);
	batch.sequence = 2;
	ck_assert(!added(s, &batch).repeated);
	batch.sequence = 1;
	ck_assert(added(s, &batch).repeated);
	batch.boot = SLICE("two");
	ck_assert(!added(s, &batch).repeated);
	batch.host = SLICE("mx2");
	ck_assert(!added(s, &batch).repeated);
	expect_domains(s, DAY, " a.example: 4 messages, 0 aligned, 1 rows\n");
	store_close(&s);
	buf_free(&items);
}
END_TEST

/* Endless rows: random addresses and changing records end at a number of them. */
START_TEST(growth_ends)
{
	struct buf items = BUF_INIT(1000000);
	struct store_batch batch;
	struct store_added out;
	struct store *s;
	char location[512], text[100];

	if (!store_location(_i, location))
		return;
	s = opened(location);
	for (unsigned i = 0; i < 30; i++) {
		struct report_row row = row_like(DAY, "a.example", i);

		row.spf_aligned = i % 2 == 0;
		add(&items, &row, 1);
	}
	batch = batch_of("one", 1, &items);
	batch.rows_of_domain = 10;
	out = added(s, &batch);
	ck_assert_uint_eq(out.overflow, 20);
	expect_domains(s, DAY, " a.example: 30 messages, 15 aligned, 12 rows\n");
	batch.sequence = 2; /* the ten that have a row go on to be counted in it */
	out = added(s, &batch);
	ck_assert_uint_eq(out.overflow, 20);
	expect_domains(s, DAY, " a.example: 60 messages, 30 aligned, 12 rows\n");
	buf_clear(&items);
	for (unsigned i = 0; i < LIMIT_HISTORY_POLICIES + 5; i++) {
		struct report_row row = row_like(DAY, "b.example", 1);

		snprintf(text, sizeof(text), RECORD "; x=%u", i);
		row.policy.text = slice_str(text);
		add(&items, &row, 1);
	}
	batch = batch_of("one", 3, &items);
	out = added(s, &batch);
	ck_assert_uint_eq(out.overflow, 5);
	batch.sequence = 4;
	batch.rows_of_day = 10; /* and those whose domain is not there yet are not kept */
	buf_clear(&items);
	add(&items, &(struct report_row){ 0 }, 0);
	for (unsigned i = 0; i < 3; i++) {
		struct report_row row = row_like(DAY, "c.example", i);

		add(&items, &row, 1);
	}
	batch.items = buf_slice(&items);
	ck_assert_uint_eq(added(s, &batch).overflow, 3);
	expect_domains(s, DAY, " a.example: 60 messages, 30 aligned, 12 rows\n b.example: 10 messages, 0 aligned, 10 rows\n");
	store_close(&s);
	buf_free(&items);
}
END_TEST

/* U-03: a record that was changed during the day is another policy. */
START_TEST(policies_apart)
{
	struct buf items = BUF_INIT(1000000);
	struct report_row before = row_like(DAY, "a.example", 1), after = before;
	struct store_batch batch;
	struct store *s;
	char location[512];

	if (!store_location(_i, location))
		return;
	s = opened(location);
	add(&items, &before, 1);
	batch = batch_of("one", 1, &items);
	(void)added(s, &batch);
	buf_clear(&items);
	after.policy.text = SLICE("v=DMARC1; p=none; rua=mailto:r@example.org");
	add(&items, &after, 2);
	add(&items, &before, 1);
	batch = batch_of("one", 2, &items);
	(void)added(s, &batch);
	expect_rows(s, DAY, "a.example", "  " RECORD " 192.0.0.1 reject 2\n"
	    "  v=DMARC1; p=none; rua=mailto:r@example.org 192.0.0.1 reject 2\n");
	store_close(&s);
	buf_free(&items);
}
END_TEST

/* Domains of which each has one row more than the one before it, from 1 to 4, then again. */
#define MANY_DOMAINS 150
#define ROWS_OF(domain) ((domain) % 4 + 1)

static void add_many(struct buf *items, unsigned times)
{
	char name[20];

	for (unsigned d = 0; d < MANY_DOMAINS; d++)
		for (unsigned i = 0; i < ROWS_OF(d); i++) {
			struct report_row row;

			snprintf(name, sizeof(name), "d%u.example", d);
			row = row_like(DAY + d % 2, name, i);
			add(items, &row, times);
		}
}

static enum rc check_count(void *ctx, const struct sql_value *columns, size_t count)
{
	struct cursor number = cursor_of(slice_drop(columns[3].octets, 1));
	uint64_t domain = 0;

	ck_assert_uint_eq(count, 4);
	ck_assert(take_uint(&number, 3, MANY_DOMAINS, &domain));
	ck_assert_uint_eq(columns[0].integer, ROWS_OF(domain));
	ck_assert_int_eq(columns[1].integer, columns[0].integer);
	ck_assert_int_eq(columns[2].integer, 5 * columns[0].integer);
	++*(unsigned *)ctx;
	return RC_OK;
}

static enum rc take_integer(void *ctx, const struct sql_value *columns, size_t count)
{
	ck_assert_uint_eq(count, 1);
	*(int64_t *)ctx = columns[0].integer;
	return RC_OK;
}

/* More policies and rows than one statement takes, new ones and known ones: each is counted where it belongs. */
START_TEST(many_at_once)
{
	struct buf items = BUF_INIT(10000000);
	struct store_batch batch;
	struct store *s;
	unsigned domains = 0;
	int64_t rows = 0;
	char location[512];

	if (!store_location(_i, location))
		return;
	s = opened(location);
	add_many(&items, 2);
	batch = batch_of("one", 1, &items);
	(void)added(s, &batch);
	buf_clear(&items);
	add_many(&items, 3);
	batch = batch_of("one", 2, &items);
	(void)added(s, &batch);
	ck_assert_int_eq(sql_run(store_sql(s), "SELECT count(*), p.row_count, CAST(sum(r.messages) AS BIGINT), p.domain"
	    " FROM history_policy p JOIN history_row r ON r.policy = p.id GROUP BY p.id, p.row_count, p.domain", NULL, 0,
	    check_count, &domains, NULL), RC_OK);
	ck_assert_uint_eq(domains, MANY_DOMAINS);
	ck_assert_int_eq(sql_run(store_sql(s), "SELECT CAST(sum(row_count) AS BIGINT) FROM history_day", NULL, 0, take_integer,
	    &rows, NULL), RC_OK);
	ck_assert_int_eq(rows, 373);
	store_close(&s);
	buf_free(&items);
}
END_TEST

/* NUL in a row: what the store never takes is left out, and the rest is written. */
START_TEST(set_aside)
{
	struct buf items = BUF_INIT(1000000);
	struct report_row bad = row_like(DAY, "nul.example", 1);
	struct store_added out = { 0 };
	struct store_batch batch;
	struct err err = ERR_INIT;
	struct store *s;
	char location[512];
	size_t begun;

	if (!store_location(_i, location))
		return;
	s = opened(location);
	bad.policy.domain = SLICE("n\0l.example");
	add(&items, &bad, 2);
	bad.disposition = DISPOSITION_NONE; /* another row, and another policy, of the same domain */
	add(&items, &bad, 1);
	bad.policy.text = SLICE("v=DMARC1; p=none; rua=mailto:r@example.org");
	add(&items, &bad, 4);
	for (unsigned i = 0; i < 20; i++) {
		struct report_row row = row_like(DAY, i < 10 ? "a.example" : "z.example", i);

		add(&items, &row, 1);
	}
	begun = store_item_begin(&items, STORE_ROW);
	buf_add(&items, SLICE("these are not the octets of a row"));
	store_item_end(&items, begun);
	batch = batch_of("one", 1, &items);
	ck_assert_int_eq(store_add(s, &batch, &out, &err), RC_OK);
	ck_assert_uint_eq(out.refused, 7);
	ck_assert_uint_ge(err.count, 1);
	expect_domains(s, DAY, " a.example: 10 messages, 0 aligned, 10 rows\n z.example: 10 messages, 0 aligned, 10 rows\n");
	err_free(&err);
	store_close(&s);
	buf_free(&items);
}
END_TEST

static bool may_close(struct store *s, int64_t day, int64_t now)
{
	bool may = false;

	ck_assert_int_eq(store_may_close(s, day, now, 3600, &may, NULL), RC_OK);
	return may;
}

/* A day is closed when its hosts have marked it; what comes later is late. */
START_TEST(closing_a_day)
{
	const int64_t midnight = (DAY + 1) * INT64_C(86400);
	struct buf items = BUF_INIT(1000000);
	struct report_row row = row_like(DAY, "a.example", 1);
	struct store_batch batch;
	struct store *s;
	char location[512];

	if (!store_location(_i, location))
		return;
	s = opened(location);
	add(&items, &row, 1);
	batch = batch_of("one", 1, &items);
	(void)added(s, &batch);
	batch.host = SLICE("mx2");
	(void)added(s, &batch);
	ck_assert(!may_close(s, DAY, NOON));
	ck_assert(!may_close(s, DAY, midnight));
	ck_assert_int_eq(store_drained(s, SLICE("mx1"), DAY, midnight, NULL), RC_OK);
	ck_assert(!may_close(s, DAY, midnight + 1)); /* mx2 may have more */
	ck_assert(may_close(s, DAY, midnight + 3600));
	ck_assert_int_eq(store_drained(s, SLICE("mx2"), DAY, midnight, NULL), RC_OK);
	ck_assert(may_close(s, DAY, midnight + 1));
	ck_assert(!may_close(s, DAY + 1, midnight + 1));
	ck_assert_int_eq(store_close_day(s, DAY, midnight + 2, NULL), RC_OK);
	ck_assert_int_eq(store_close_day(s, DAY, midnight + 3, NULL), RC_OK);
	batch.sequence = 2;
	ck_assert_uint_eq(added(s, &batch).late, 1);
	expect_days(s, "20000: 2 messages of 1 domains, closed, late 1\n");
	store_close(&s);
	buf_free(&items);
}
END_TEST

START_TEST(retention)
{
	struct buf items = BUF_INIT(1000000);
	struct store_batch batch;
	struct store *s;
	char location[512], domain[40];
	bool done = false;

	if (!store_location(_i, location))
		return;
	s = opened(location);
	for (unsigned i = 0; i < 30; i++) {
		struct report_row row;

		snprintf(domain, sizeof(domain), "d%u.example", i);
		row = row_like(DAY + i % 2, domain, i);
		add(&items, &row, 1);
	}
	batch = batch_of("one", 1, &items);
	(void)added(s, &batch);
	for (int calls = 0; !done; calls++) {
		ck_assert_int_lt(calls, 10);
		ck_assert_int_eq(store_expire(s, DAY + 1, &done, NULL), RC_OK);
	}
	expect_days(s, "20001: 15 messages of 15 domains\n");
	store_close(&s);
	buf_free(&items);
}
END_TEST

/* "Host ahead": its clock does not decide what a server keeps for others. */
START_TEST(the_earlier_clock_counts)
{
	const int64_t far = INT64_C(100000000000);
	struct store *s;
	char location[512];
	int64_t now = 0;

	if (!store_location(_i, location))
		return;
	s = opened(location);
	ck_assert_int_eq(sql_earlier(store_sql(s), far, &now, NULL), RC_OK);
	if (_i == 0)
		ck_assert_int_eq(now, far);
	else
		ck_assert(now > NOON && now < far);
	ck_assert_int_eq(sql_earlier(store_sql(s), NOON, &now, NULL), RC_OK);
	ck_assert_int_eq(now, NOON);
	store_close(&s);
}
END_TEST

START_TEST(secret_is_made_once)
{
	unsigned char first[STORE_SECRET_OCTETS] = { 0 }, second[STORE_SECRET_OCTETS], zero[STORE_SECRET_OCTETS] = { 0 };
	struct store *s;
	char location[512];

	if (!store_location(_i, location))
		return;
	s = opened(location);
	ck_assert_int_eq(store_secret(s, first, NULL), RC_OK);
	store_close(&s);
	s = opened(location);
	ck_assert_int_eq(store_secret(s, second, NULL), RC_OK);
	ck_assert_mem_eq(first, second, sizeof(first));
	ck_assert_mem_ne(first, zero, sizeof(first));
	store_close(&s);
}
END_TEST

START_TEST(newer_schema)
{
	struct err err = ERR_INIT;
	struct store *s;
	char location[512];

	if (!store_location(_i, location))
		return;
	s = opened(location);
	ck_assert_int_eq(sql_run(store_sql(s), "INSERT INTO schema_version (version) VALUES (100000)", NULL, 0, NULL,
	    NULL, NULL), RC_OK);
	store_close(&s);
	ck_assert_int_eq(store_open(slice_str(location), &s, &err), RC_CONFIG);
	ck_assert_msg(strstr(buf_cstr(&err.text), "upgrade assay on this host") != NULL, "%s", buf_cstr(&err.text));
	err_free(&err);
}
END_TEST

/* --- several daemons ------------------------------------------------------------------------------------ */

#define WRITERS 3
#define BATCHES 20

struct writer {
	pthread_t thread;
	char location[512], boot[8];
};

/* The same keys in different order: locks in a circle would show as an error. */
static void *write_batches(void *arg)
{
	struct writer *w = arg;
	struct store *s = NULL;
	long failed = store_open(slice_str(w->location), &s, NULL) != RC_OK;

	for (int b = 1; !failed && b <= BATCHES; b++) {
		struct buf items = BUF_INIT(1000000);
		struct store_added out;
		struct store_batch batch;

		for (unsigned i = 0; i < 40; i++) {
			struct report_row row = row_like(DAY, (i + (unsigned)b) % 2 ? "a.example" : "b.example", i * 7 % 40);

			add(&items, &row, 1);
		}
		batch = batch_of(w->boot, b, &items);
		failed += store_add(s, &batch, &out, NULL) != RC_OK;
		buf_free(&items);
	}
	store_close(&s);
	return (void *)failed;
}

START_TEST(several_writers)
{
	struct buf text = BUF_INIT(100000);
	struct writer writers[WRITERS];
	char location[512];
	struct store *s;

	if (!store_location(_i, location))
		return;
	for (int i = 0; i < WRITERS; i++) { /* the schema, too, is made by whoever is first */
		snprintf(writers[i].location, sizeof(writers[i].location), "%s", location);
		snprintf(writers[i].boot, sizeof(writers[i].boot), "%d", i);
		ck_assert_int_eq(pthread_create(&writers[i].thread, NULL, write_batches, &writers[i]), 0);
	}
	for (int i = 0; i < WRITERS; i++) {
		void *failed = NULL;

		pthread_join(writers[i].thread, &failed);
		ck_assert_ptr_null(failed);
	}
	s = opened(location);
	expect_domains(s, DAY, " a.example: 1200 messages, 0 aligned, 40 rows\n b.example: 1200 messages, 0 aligned, 40 rows\n");
	store_close(&s);
	buf_free(&text);
}
END_TEST

/* The server process of this connection. */
static enum rc take_pid(void *ctx, const struct sql_value *columns, size_t count)
{
	ck_assert_uint_eq(count, 1);
	*(int64_t *)ctx = columns[0].integer;
	return RC_OK;
}

/* Silent store: a server that is stopped, or whose disk is, answers nothing, and its own limits do not end the statement. */
START_TEST(silent_server)
{
	struct store *s = NULL;
	struct err err = ERR_INIT;
	char location[512];
	int64_t pid = 0;

	if (!store_location(1, location))
		return;
	ck_assert_int_eq(store_open(slice_str(location), &s, NULL), RC_OK);
	sql_set_patience(store_sql(s), 500);
	ck_assert_int_eq(sql_run(store_sql(s), "SELECT CAST(pg_backend_pid() AS BIGINT)", NULL, 0, take_pid, &pid, NULL),
	    RC_OK);
	ck_assert_int_eq(kill((pid_t)pid, SIGSTOP), 0);
	ck_assert_int_eq(sql_begin(store_sql(s), &err), RC_IO);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&err.text), "the server does not answer"));
	ck_assert_int_eq(kill((pid_t)pid, SIGCONT), 0);
	sql_set_patience(store_sql(s), SQL_PATIENCE_MS);
	ck_assert_int_eq(sql_begin(store_sql(s), NULL), RC_OK); /* by a connection of its own */
	sql_rollback(store_sql(s));
	err_free(&err);
	store_close(&s);
}
END_TEST

Suite *store_suite(void)
{
	Suite *s = suite_create("report store");

	unit_table(s, "counts_add_up", counts_add_up, STORE_KINDS);
	unit_table(s, "a_batch_counts_once", a_batch_counts_once, STORE_KINDS);
	unit_table(s, "growth_ends", growth_ends, STORE_KINDS);
	unit_table(s, "policies_apart", policies_apart, STORE_KINDS);
	unit_table(s, "many_at_once", many_at_once, STORE_KINDS);
	unit_table(s, "set_aside", set_aside, STORE_KINDS);
	unit_table(s, "closing_a_day", closing_a_day, STORE_KINDS);
	unit_table(s, "retention", retention, STORE_KINDS);
	unit_table(s, "the_earlier_clock_counts", the_earlier_clock_counts, STORE_KINDS);
	unit_table(s, "secret_is_made_once", secret_is_made_once, STORE_KINDS);
	unit_table(s, "newer_schema", newer_schema, STORE_KINDS);
	unit_table(s, "several_writers", several_writers, STORE_KINDS);
	UNIT_TEST(s, silent_server);
	return s;
}

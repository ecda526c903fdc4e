#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/limits.h"
#include "base/log.h"

#include "schema.h"
#include "store_bulk.h"

/* --- opening -------------------------------------------------------------------------------------- */

enum rc store_open(struct slice location, struct store **out, struct err *err)
{
	struct store *s = calloc(1, sizeof(*s));
	enum rc rc;

	if (s == NULL)
		return RC_NOMEM;
	rc = bulk_texts_write(&s->bulk) ? sql_open(location, &s->sql, err) : RC_NOMEM;
	if (rc == RC_OK)
		rc = schema_migrate(s->sql, err);
	if (rc == RC_OK)
		*out = s;
	else
		store_close(&s);
	return rc;
}

void store_close(struct store **s)
{
	struct store *old = *s;

	*s = NULL;
	if (old == NULL)
		return;
	sql_close(&old->sql);
	bulk_texts_free(&old->bulk);
	free(old);
}

struct sql *store_sql(struct store *s)
{
	return s->sql;
}

static enum rc take_secret(void *ctx, const struct sql_value *columns, size_t count)
{
	if (count != 1 || columns[0].octets.len != STORE_SECRET_OCTETS)
		return RC_CONFIG;
	memcpy(ctx, columns[0].octets.ptr, STORE_SECRET_OCTETS);
	return RC_OK;
}

/* Of two programs that make one at the same time, the first one's is kept. */
enum rc store_secret(struct store *s, unsigned char out[STORE_SECRET_OCTETS], struct err *err)
{
	unsigned char random[STORE_SECRET_OCTETS];
	struct sql_value args[] = { sql_integer(1), sql_octets(slice_of((const char *)random, sizeof(random))) };

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_config(err, "the system gives no random octets: %s", strerror(errno));
	TRY(sql_run(s->sql, "INSERT INTO secret (id, octets) VALUES ($1, $2) ON CONFLICT DO NOTHING", args, 2,
	    NULL, NULL, err));
	return sql_run(s->sql, "SELECT octets FROM secret WHERE id = $1", args, 1, take_secret, out, err);
}

/* --- reading -------------------------------------------------------------------------------------- */

struct each_day {
	enum rc (*each)(void *ctx, const struct store_day *day);
	void *ctx;
};

static enum rc give_day(void *ctx, const struct sql_value *c, size_t count)
{
	const struct each_day *e = ctx;
	struct store_day day;

	if (count != 5)
		return RC_CONFIG;
	day = (struct store_day){ c[0].integer, (uint64_t)c[1].integer, (uint64_t)c[2].integer,
		c[3].integer != 0, (uint64_t)c[4].integer };
	return e->each(e->ctx, &day);
}

enum rc store_days(struct store *s, int64_t since, enum rc (*each)(void *ctx, const struct store_day *day), void *ctx,
    struct err *err)
{
	struct each_day e = { each, ctx };
	struct sql_value args[] = { sql_integer(since) };

	return sql_run(s->sql,
	    "SELECT d.day, CAST(coalesce(sum(r.messages), 0) AS BIGINT), count(DISTINCT p.domain), d.closed, d.late"
	    " FROM history_day d LEFT JOIN history_policy p ON p.day = d.day"
	    " LEFT JOIN history_row r ON r.policy = p.id"
	    " WHERE d.day >= $1 GROUP BY d.day, d.closed, d.late ORDER BY d.day", args, 1, give_day, &e, err);
}

struct each_domain {
	enum rc (*each)(void *ctx, const struct store_domain *domain);
	void *ctx;
};

static enum rc give_domain(void *ctx, const struct sql_value *c, size_t count)
{
	const struct each_domain *e = ctx;
	struct store_domain domain;

	if (count != 4)
		return RC_CONFIG;
	domain = (struct store_domain){ c[0].octets, (uint64_t)c[1].integer, (uint64_t)c[2].integer,
		(uint64_t)c[3].integer };
	return e->each(e->ctx, &domain);
}

enum rc store_domains(struct store *s, int64_t day,
    enum rc (*each)(void *ctx, const struct store_domain *domain), void *ctx, struct err *err)
{
	struct each_domain e = { each, ctx };
	struct sql_value args[] = { sql_integer(day) };

	return sql_run(s->sql,
	    "SELECT p.domain, CAST(sum(r.messages) AS BIGINT), count(*),"
	    " CAST(sum(r.messages * r.aligned) AS BIGINT)"
	    " FROM history_policy p JOIN history_row r ON r.policy = p.id WHERE p.day = $1"
	    " GROUP BY p.domain ORDER BY 2 DESC, 1", args, 1, give_domain, &e, err);
}

struct each_row {
	enum rc (*each)(void *ctx, const struct report_row *row);
	void *ctx;
	int64_t day;
	struct slice domain;
	bool unreadable; /* a row was */
};

static enum rc give_row(void *ctx, const struct sql_value *c, size_t count)
{
	struct each_row *e = ctx;
	struct arena *a = arena_create(LIMIT_HEADER_BYTES);
	struct report_row row;
	enum rc rc = a == NULL ? RC_NOMEM : RC_OK;

	if (rc == RC_OK && (count != 4 || !report_row_decode(a, &(struct row_octets){ .day = e->day,
			.domain = e->domain, .policy = c[0].octets, .tuple = c[1].octets,
			.aligned = c[2].integer != 0 }, &row))) {
		e->unreadable = true;
		rc = RC_CONFIG;
	}
	if (rc == RC_OK) {
		row.count = (uint64_t)c[3].integer;
		rc = e->each(e->ctx, &row);
	}
	arena_free(&a);
	return rc;
}

static enum rc fail_unreadable(const struct store *s, struct slice domain, struct err *err)
{
	struct buf name = BUF_INIT(LIMIT_LOG_LINE);
	enum rc rc;

	log_escape(&name, domain);
	rc = err_config(err, "%s: a row of the policy domain %s cannot be read: the database is damaged: restore it, or "
	    "move it away", sql_name(s->sql), buf_cstr(&name));
	buf_free(&name);
	return rc;
}

enum rc store_rows(struct store *s, int64_t day, struct slice domain,
    enum rc (*each)(void *ctx, const struct report_row *row), void *ctx, struct err *err)
{
	struct each_row e = { each, ctx, day, domain, false };
	struct sql_value args[] = { sql_integer(day), sql_text(domain) };
	enum rc rc;

	rc = sql_run(s->sql,
	    "SELECT p.policy, r.tuple, r.aligned, r.messages"
	    " FROM history_policy p JOIN history_row r ON r.policy = p.id WHERE p.day = $1 AND p.domain = $2"
	    " ORDER BY p.id, r.messages DESC, r.digest", args, 2, give_row, &e, err);
	return rc == RC_CONFIG && e.unreadable ? fail_unreadable(s, domain, err) : rc;
}

/* --- closing -------------------------------------------------------------------------------------- */

enum rc store_may_close(struct store *s, int64_t day, int64_t now, int64_t grace, bool *out, struct err *err)
{
	int64_t end = (day + 1) * SECONDS_OF_DAY, missing = 0;
	struct sql_value args[] = { sql_integer(day * SECONDS_OF_DAY), sql_integer(day) };

	TRY(sql_run(s->sql, "SELECT count(*) FROM history_host WHERE seen >= $1 AND drained < $2", args, 2,
	    sql_take_integer, &missing, err));
	*out = now >= end && (missing == 0 || now - end >= grace);
	return RC_OK;
}

/* A batch holds the row of its host until it ends (store_add.c): taking them all awaits every batch. */
static enum rc close_day(struct store *s, int64_t day, int64_t now, struct err *err)
{
	struct sql_value args[] = { sql_integer(day), sql_integer(now) };

	TRY(sql_run(s->sql, "UPDATE history_host SET seen = seen", NULL, 0, NULL, NULL, err));
	return sql_run(s->sql, "INSERT INTO history_day (day, row_count, dropped, closed, late)"
	    " VALUES ($1, 0, 0, $2, 0) ON CONFLICT (day) DO UPDATE SET closed = excluded.closed"
	    " WHERE history_day.closed = 0", args, 2, NULL, NULL, err);
}

enum rc store_close_day(struct store *s, int64_t day, int64_t now, struct err *err)
{
	TRY(sql_begin(s->sql, err));
	return sql_end(s->sql, close_day(s, day, now, err), err);
}

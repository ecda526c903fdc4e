/* store_add.c - the daemon's half of the store. */
#include "base/limits.h"

#include "store_batch.h"
#include "store_bulk.h"

/* Rows that one batch may leave out, one transaction after the other. */
#define REFUSED_MAX 100u

/* --- days ------------------------------------------------------------------------------------------- */

static enum rc take_day(void *ctx, const struct sql_value *columns, size_t count)
{
	struct day *d = ctx;

	if (count != 2)
		return RC_CONFIG;
	d->row_count = columns[0].integer;
	d->closed = columns[1].integer;
	return RC_OK;
}

static enum rc day_begin(struct store *s, struct day *d, struct err *err)
{
	struct sql_value args[] = { sql_integer(d->day) };

	return sql_run(s->sql, "SELECT row_count, closed FROM history_day WHERE day = $1", args, 1, take_day, d, err);
}

/* Writes the day's row last.  Closing a day does so, too: the same order of locks prevents a deadlock. */
static enum rc day_end(struct store *s, const struct day *d, struct err *err)
{
	struct sql_value args[] = { sql_integer(d->day), sql_integer(d->new_rows), sql_integer(d->dropped),
		sql_integer(d->late) };

	return sql_run(s->sql, "INSERT INTO history_day (day, row_count, dropped, closed, late)"
	    " VALUES ($1, $2, $3, 0, $4) ON CONFLICT (day) DO UPDATE SET"
	    " row_count = history_day.row_count + excluded.row_count,"
	    " dropped = history_day.dropped + excluded.dropped, late = history_day.late + excluded.late",
	    args, 4, NULL, NULL, err);
}

/* --- policies --------------------------------------------------------------------------------------- */

/* Rows that group i of the day may add. */
static int64_t room_for(const struct batch *b, const struct day *d, size_t i)
{
	int64_t of_domain = (int64_t)b->given->rows_of_domain - d->groups[i].row_count;
	int64_t of_day = (int64_t)b->given->rows_of_day - d->row_count - d->new_rows;

	for (; i > 0 && day_same_domain(d, i, i - 1); i--)
		of_domain -= d->groups[i - 1].new_rows;
	return of_domain < of_day ? of_domain : of_day;
}

/* A stored policy counts for all groups of its domain. */
static enum rc take_policy(void *ctx, const struct sql_value *columns, size_t count)
{
	struct day *d = ctx;

	if (count != 4)
		return RC_CONFIG;
	for (size_t i = day_find_domain(d, columns[1].octets); i < d->count; i++) {
		struct group *g = &d->groups[i];

		if (!slice_eq(g->entries.first->row.domain, columns[1].octets))
			break;
		if (slice_eq(columns[2].octets, slice_of(g->entries.first->policy_digest, DIGEST_OCTETS)))
			g->policy = columns[0].integer;
		g->row_count += columns[3].integer;
		g->policies++;
	}
	return RC_OK;
}

static enum rc find_policies(struct store *s, struct batch *b, struct day *d, struct err *err)
{
	struct bulk find = { .s = s, .which = BULK_FIND_POLICIES, .batch = b,
		.take = take_policy, .ctx = d, .args = { sql_integer(d->day) } };

	for (size_t i = 0; i < d->count; i++)
		d->groups[i].policies = d->groups[i].row_count = 0;
	for (size_t i = 0, asked = SIZE_MAX; i < d->count; i++) {
		struct sql_value domain = sql_text(d->groups[i].entries.first->row.domain);

		if (span_messages(d->groups[i].entries) == 0 || (asked < i && day_same_domain(d, i, asked)))
			continue;
		TRY(bulk_add(&find, d->groups[i].entries, &domain, err));
		asked = i;
	}
	return bulk_end(&find, err);
}

/* The arguments of BULK_MAKE_POLICIES and BULK_COUNT_ROWS. */
static enum rc add_policy(struct bulk *b, const struct group *g, struct err *err)
{
	const struct entry *e = g->entries.first;
	struct sql_value args[] = { sql_integer(e->row.day), sql_text(e->row.domain),
		sql_octets(slice_of(e->policy_digest, DIGEST_OCTETS)), sql_octets(e->row.policy), sql_integer(g->new_rows) };

	return bulk_add(b, g->entries, args, err);
}

/* Those that are not there and may be; whether there is room is known of what was there before this batch. */
static enum rc make_policies(struct store *s, struct batch *b, struct day *d, struct err *err)
{
	struct bulk make = { .s = s, .batch = b, .which = BULK_MAKE_POLICIES };
	size_t made = 0, of_domain = 0;

	for (size_t i = 0; i < d->count; i++) {
		struct group *g = &d->groups[i];

		if (i == 0 || !day_same_domain(d, i, i - 1))
			of_domain = 0;
		if (g->policy != NO_POLICY || span_messages(g->entries) == 0 || room_for(b, d, i) <= 0 ||
		    g->policies + (int64_t)of_domain >= LIMIT_HISTORY_POLICIES)
			continue;
		TRY(add_policy(&make, g, err));
		of_domain++;
		made++;
	}
	TRY(bulk_end(&make, err));
	return made == 0 ? RC_OK : find_policies(s, b, d, err); /* another host may have been faster */
}

static enum rc count_rows(struct store *s, struct batch *b, struct day *d, struct err *err)
{
	struct bulk count = { .s = s, .batch = b, .which = BULK_COUNT_ROWS };

	for (size_t i = 0; i < d->count; i++)
		if (d->groups[i].new_rows > 0)
			TRY(add_policy(&count, &d->groups[i], err));
	return bulk_end(&count, err);
}

/* --- rows ------------------------------------------------------------------------------------------- */

/* A row whose count equals the number of messages just added is a new row. */
static void count_inserted(struct entry *e, int64_t messages)
{
	if (messages == e->messages) {
		e->group->new_rows++;
		e->group->day->new_rows++;
	}
}

/* Rows come back in the order in which they were given, if the store keeps to it. */
static enum rc take_inserted(void *ctx, const struct sql_value *columns, size_t count)
{
	struct bulk *b = ctx;

	if (count != 3)
		return RC_CONFIG;
	for (size_t i = 0; i < b->count; i++) {
		struct entry *e = b->written[(b->taken + i) % b->count].first;

		if (e->group->policy == columns[0].integer &&
		    slice_eq(columns[1].octets, slice_of(e->digest, DIGEST_OCTETS))) {
			count_inserted(e, columns[2].integer);
			b->taken += i + 1;
			break;
		}
	}
	return RC_OK;
}

static enum rc add_row(struct bulk *b, struct entry *e, struct err *err)
{
	struct sql_value args[] = { sql_integer(e->group->policy), sql_octets(slice_of(e->digest, DIGEST_OCTETS)),
		sql_octets(e->row.tuple), sql_integer(e->row.aligned), sql_integer(e->messages) };

	return bulk_add(b, (struct span){ e, e + 1 }, args, err);
}

static enum rc insert_all(struct bulk *b, struct span entries, struct err *err)
{
	for (struct entry *e = entries.first; e < entries.end; e++)
		if (!e->refused)
			TRY(add_row(b, e, err));
	return RC_OK;
}

static enum rc add_to_existing(struct bulk *b, const struct entry *e, bool *out, struct err *err)
{
	struct sql_value args[] = { sql_integer(e->messages), sql_integer(e->group->policy),
		sql_octets(slice_of(e->digest, DIGEST_OCTETS)) };

	TRY(sql_run(b->s->sql, "UPDATE history_row SET messages = messages + $1 WHERE policy = $2 AND digest = $3",
	    args, 3, NULL, NULL, err));
	*out = sql_changed(b->s->sql) > 0;
	return RC_OK;
}

static enum rc add_overflow(struct bulk *b, struct entry *e, struct err *err)
{
	struct entry overflow = *e;
	struct arena *a = arena_create(LIMIT_HISTORY_CHUNK); /* thousands of rows of a batch may come here */
	bool is_row = a != NULL && report_row_overflow(a, &e->row, &overflow.row.tuple);
	enum rc rc = a == NULL || arena_failed(a) ? RC_NOMEM : RC_OK;

	if (rc == RC_OK && is_row)
		rc = entry_digest(overflow.row.tuple, overflow.digest);
	if (rc == RC_OK && is_row)
		rc = add_row(b, &overflow, err);
	if (rc == RC_OK)
		rc = bulk_end(b, err);
	b->batch->at = (struct span){ e, e + 1 }; /* not overflow, which ends here */
	b->batch->added.overflow += (uint64_t)e->messages;
	arena_free(&a);
	return rc;
}

/* Used when the domain is close to its maximum of rows: each entry is checked on its own.  Nothing waits in b. */
static enum rc insert_capped(struct bulk *b, struct group *g, int64_t room, struct err *err)
{
	for (struct entry *e = g->entries.first; e < g->entries.end; e++) {
		bool exists = false;

		if (e->refused)
			continue;
		b->batch->at = (struct span){ e, e + 1 };
		TRY(add_to_existing(b, e, &exists, err));
		if (exists)
			continue;
		if (g->new_rows >= room) {
			TRY(add_overflow(b, e, err));
			continue;
		}
		TRY(add_row(b, e, err));
		TRY(bulk_end(b, err)); /* g->new_rows counts it */
	}
	b->batch->at = NOTHING;
	return RC_OK;
}

/* What waits counts as new rows, until it was written and is known. */
static enum rc insert_group(struct bulk *b, struct day *d, size_t i, struct err *err)
{
	struct group *g = &d->groups[i];
	int64_t count = g->entries.end - g->entries.first, room;

	if (count <= room_for(b->batch, d, i) - (int64_t)b->waiting)
		return insert_all(b, g->entries, err);
	TRY(bulk_end(b, err));
	room = room_for(b->batch, d, i);
	return count <= room ? insert_all(b, g->entries, err) : insert_capped(b, g, room, err);
}

static enum rc insert_rows(struct store *s, struct batch *b, struct day *d, struct err *err)
{
	struct bulk insert = { .s = s, .batch = b, .which = BULK_INSERT_ROWS, .take = take_inserted };

	for (size_t i = 0; i < d->count; i++)
		if (d->groups[i].policy != NO_POLICY)
			TRY(insert_group(&insert, d, i, err));
		else
			d->dropped += span_messages(d->groups[i].entries);
	return bulk_end(&insert, err);
}

/*
 * Step by step for all policies of the day, in the order of their keys: hosts that write at the same time take their
 * locks in the same order.
 */
static enum rc write_day(struct store *s, struct batch *b, struct day *d, struct err *err)
{
	struct span all = { d->groups[0].entries.first, d->groups[d->count - 1].entries.end };

	TRY(day_begin(s, d, err));
	if (d->closed != 0) {
		d->late = span_messages(all);
		return day_end(s, d, err);
	}
	TRY(find_policies(s, b, d, err));
	TRY(make_policies(s, b, d, err));
	TRY(insert_rows(s, b, d, err));
	TRY(count_rows(s, b, d, err));
	return day_end(s, d, err);
}

/* --- the transaction ---------------------------------------------------------------------------------- */

/* RC_OK with *repeated_out: these rows were added when the answer to their COMMIT was lost. */
static enum rc take_sequence(struct store *s, const struct store_batch *given, bool *repeated_out,
    struct err *err)
{
	struct sql_value args[] = { sql_text(given->host), sql_text(given->boot), sql_integer(given->sequence),
		sql_integer(given->now) };
	struct sql_value host[] = { args[0], args[3] };

	TRY(sql_run(s->sql, "INSERT INTO history_batch (host, boot, sequence, seen) VALUES ($1, $2, $3, $4)"
	    " ON CONFLICT (host, boot) DO UPDATE SET sequence = excluded.sequence, seen = excluded.seen"
	    " WHERE history_batch.sequence < excluded.sequence", args, 4, NULL, NULL, err));
	*repeated_out = sql_changed(s->sql) == 0;
	return sql_run(s->sql, "INSERT INTO history_host (host, seen, drained) VALUES ($1, $2, -1)"
	    " ON CONFLICT (host) DO UPDATE SET seen = excluded.seen", host, 2, NULL, NULL, err);
}

static enum rc write_days(struct store *s, struct batch *b, struct err *err)
{
	b->added.overflow = b->added.late = 0;
	for (size_t at = 0; at < b->count;) {
		struct day d;

		batch_day(b, &at, &d);
		TRY(write_day(s, b, &d, err));
		b->added.late += (uint64_t)d.late;
		b->added.overflow += (uint64_t)d.dropped;
	}
	return RC_OK;
}

static enum rc try_batch(struct store *s, struct batch *b, struct err *err)
{
	bool repeated = false;
	enum rc rc;

	b->at = NOTHING;
	TRY(sql_begin(s->sql, err));
	rc = take_sequence(s, b->given, &repeated, err);
	if (rc == RC_OK && !repeated)
		rc = write_days(s, b, err);
	if (rc == RC_OK && !repeated)
		rc = incidents_write(s->sql, b->given, &b->incidents, &b->added, err);
	if (rc == RC_OK && !repeated)
		return sql_commit(s->sql, err);
	sql_rollback(s->sql);
	b->added.repeated = repeated;
	return rc;
}

static void refuse(struct batch *b)
{
	b->added.refused += (uint64_t)span_messages(b->at);
	for (struct entry *e = b->at.first; e < b->at.end; e++)
		e->refused = true;
}

/* If one row makes the transaction fail, the transaction is repeated without that row. */
static enum rc write_batch(struct store *s, struct batch *b, struct err *err)
{
	enum rc rc = try_batch(s, b, err);

	for (unsigned refused = 0; rc == RC_REFUSED && refused < REFUSED_MAX; refused++) {
		if (b->singly && b->at.first == NULL)
			break; /* what the store refuses is not a row */
		refuse(b);
		b->singly = true;
		rc = try_batch(s, b, err);
	}
	return rc;
}

enum rc store_add(struct store *s, const struct store_batch *given, struct store_added *out, struct err *err)
{
	struct batch b = { .given = given, .a = arena_create(LIMIT_HISTORY_BATCH) };
	enum rc rc = b.a == NULL ? RC_NOMEM : batch_read(&b);

	if (rc == RC_OK)
		rc = write_batch(s, &b, err);
	if (rc == RC_OK)
		*out = b.added;
	arena_free(&b.a);
	return rc;
}

/* --- marks and retention --------------------------------------------------------------------------------- */

enum rc store_drained(struct store *s, struct slice host, int64_t day, int64_t now, struct err *err)
{
	struct sql_value args[] = { sql_text(host), sql_integer(now), sql_integer(day) };

	return sql_run(s->sql, "INSERT INTO history_host (host, seen, drained) VALUES ($1, $2, $3)"
	    " ON CONFLICT (host) DO UPDATE SET seen = excluded.seen, drained = excluded.drained", args, 3, NULL,
	    NULL, err);
}

/* Each call deletes a part; the next one continues.  Policies go after their rows, which are found by them. */
static enum rc expire(struct store *s, int64_t before, uint64_t *deleted, struct err *err)
{
	static const char *const statements[] = {
		"DELETE FROM history_row WHERE policy IN (SELECT id FROM history_policy WHERE day < $1"
		" ORDER BY id LIMIT 10)",
		"DELETE FROM history_policy WHERE id IN (SELECT id FROM history_policy WHERE day < $1"
		" ORDER BY id LIMIT 10)",
		"DELETE FROM history_day WHERE day < $1",
		"DELETE FROM incident_left_out WHERE day < $1",
	};
	struct sql_value args[] = { sql_integer(before) };
	struct sql_value seen[] = { sql_integer(before * SECONDS_OF_DAY) };

	for (size_t i = 0; i < N_ELEMENTS(statements); i++) {
		TRY(sql_run(s->sql, statements[i], args, 1, NULL, NULL, err));
		if (i == 1)
			*deleted = sql_changed(s->sql);
	}
	TRY(sql_run(s->sql, "DELETE FROM history_batch WHERE seen < $1", seen, 1, NULL, NULL, err));
	return sql_run(s->sql, "DELETE FROM history_host WHERE seen < $1", seen, 1, NULL, NULL, err);
}

enum rc store_expire(struct store *s, int64_t before, bool *done_out, struct err *err)
{
	uint64_t deleted = 0;
	enum rc rc;

	TRY(sql_begin(s->sql, err));
	rc = sql_end(s->sql, expire(s, before, &deleted, err), err);
	*done_out = deleted == 0;
	return rc;
}

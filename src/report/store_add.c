/* store_add.c - the daemon's half of the store. */
#include <stdlib.h>

#include "base/cursor.h"
#include "base/limits.h"
#include "crypto/digest.h"

#include "store_private.h"

#define DIGEST_OCTETS 16u /* of SHA-256 */

/* Rows that one batch may leave out, one transaction after the other. */
#define REFUSED_MAX 100u

/* --- items ---------------------------------------------------------------------------------------- */

/* Its kind, and its length in four octets. */
#define ITEM_HEAD 5u

size_t store_item_begin(struct buf *out, enum store_item kind)
{
	size_t begun = out->len;

	buf_add_char(out, (char)kind);
	buf_add(out, SLICE("\0\0\0\0"));
	return begun;
}

void store_item_end(struct buf *out, size_t begun)
{
	size_t len = out->len - begun - ITEM_HEAD;

	if (buf_failed(out)) {
		buf_truncate(out, begun);
		return;
	}
	for (size_t i = 1; i < ITEM_HEAD; i++)
		out->ptr[begun + i] = (char)(unsigned char)(len >> 8 * (ITEM_HEAD - 1 - i) & 0xff);
}

bool store_item_next(struct cursor *c, enum store_item *kind, struct slice *out)
{
	size_t len = 0;

	if (cursor_left(c) < ITEM_HEAD)
		return false;
	*kind = (enum store_item)*c->at++;
	for (size_t i = 1; i < ITEM_HEAD; i++)
		len = len << 8 | (unsigned char)*c->at++;
	if (len > cursor_left(c))
		return false;
	*out = slice_of(c->at, len);
	c->at += len;
	return true;
}

/* --- a batch, sorted and summed up --------------------------------------------------------------------- */

struct entry {
	struct row_octets row;
	char digest[DIGEST_OCTETS];   /* of the tuple */
	char policy_digest[DIGEST_OCTETS];
	int64_t messages;
	bool refused;                 /* the store does not take it: left out */
};

struct batch {
	const struct store_batch *given;
	struct arena *a;
	struct entry *entries;
	size_t count;
	struct incidents incidents;
	struct entry *at;             /* that is being written; NULL: none */
	struct store_added added;
};

static int order_of(struct slice a, struct slice b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = shorter == 0 ? 0 : memcmp(a.ptr, b.ptr, shorter);

	return order != 0 ? order : a.len < b.len ? -1 : a.len > b.len;
}

/* By the key of the policy's table, then by that of the row's: the order in which locks are taken. */
static int entry_order(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;
	int order;

	if (a->row.day != b->row.day)
		return a->row.day < b->row.day ? -1 : 1;
	order = order_of(a->row.domain, b->row.domain);
	if (order == 0)
		order = memcmp(a->policy_digest, b->policy_digest, DIGEST_OCTETS);
	return order != 0 ? order : memcmp(a->digest, b->digest, DIGEST_OCTETS);
}

static enum rc digest_of(struct slice octets, char out[DIGEST_OCTETS])
{
	unsigned char digest[SHA256_OCTETS];

	TRY(sha256(octets, digest));
	memcpy(out, digest, DIGEST_OCTETS);
	return RC_OK;
}

/* Policies of neighbours are mostly the same octets. */
static enum rc add_entry(struct batch *b, struct slice encoded)
{
	struct entry *e = &b->entries[b->count], *before = b->count == 0 ? NULL : e - 1;

	*e = (struct entry){ .messages = 1 };
	if (!report_row_split(encoded, &e->row))
		return RC_OK; /* not ours: passed over */
	TRY(digest_of(e->row.tuple, e->digest));
	if (before != NULL && slice_eq(before->row.policy, e->row.policy))
		memcpy(e->policy_digest, before->policy_digest, DIGEST_OCTETS);
	else
		TRY(digest_of(e->row.policy, e->policy_digest));
	b->count++;
	return RC_OK;
}

static size_t items_in(struct slice items)
{
	struct cursor c = cursor_of(items);
	struct slice item;
	enum store_item kind;
	size_t n = 0;

	while (store_item_next(&c, &kind, &item))
		n++;
	return n;
}

static void sum_up(struct batch *b)
{
	size_t kept = 0;

	for (size_t i = 1; i < b->count; i++)
		if (entry_order(&b->entries[kept], &b->entries[i]) == 0)
			b->entries[kept].messages += b->entries[i].messages;
		else
			b->entries[++kept] = b->entries[i];
	b->count = b->count == 0 ? 0 : kept + 1;
}

static enum rc read_items(struct batch *b)
{
	struct cursor c = cursor_of(b->given->items);
	struct slice item;
	enum store_item kind;

	b->entries = arena_new_array(b->a, items_in(b->given->items) + 1, struct entry);
	if (b->entries == NULL)
		return RC_NOMEM;
	while (store_item_next(&c, &kind, &item))
		if (kind == STORE_ROW)
			TRY(add_entry(b, item));
	b->added.messages = b->count;
	qsort(b->entries, b->count, sizeof(*b->entries), entry_order);
	sum_up(b);
	b->added.rows = b->count;
	return incidents_read(b->a, b->given->items, &b->incidents);
}

/* --- days ------------------------------------------------------------------------------------------- */

struct day {
	int64_t day, row_count, closed;
	int64_t new_rows, dropped, late; /* by this batch */
};

static enum rc take_day(void *ctx, const struct sql_value *columns, size_t count)
{
	struct day *d = ctx;

	if (count != 2)
		return RC_CONFIG;
	d->row_count = columns[0].integer;
	d->closed = columns[1].integer;
	return RC_OK;
}

static enum rc day_begin(struct store *s, int64_t day, struct day *out, struct err *err)
{
	struct sql_value args[] = { sql_integer(day) };

	*out = (struct day){ .day = day };
	return sql_run(s->sql, "SELECT row_count, closed FROM history_day WHERE day = $1", args, 1, take_day, out,
	    err);
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

/* Entries of one policy; they stand together. */
struct group {
	struct entry *first, *end;
	int64_t policy;               /* its id */
	int64_t policies, row_count;  /* of the domain and day */
	int64_t new_rows;             /* by this batch */
};

static enum rc take_policy(void *ctx, const struct sql_value *columns, size_t count)
{
	struct group *g = ctx;

	if (count != 3)
		return RC_CONFIG;
	if (slice_eq(columns[1].octets, slice_of(g->first->policy_digest, DIGEST_OCTETS)))
		g->policy = columns[0].integer;
	g->row_count += columns[2].integer;
	g->policies++;
	return RC_OK;
}

static enum rc find_policy(struct store *s, struct group *g, struct err *err)
{
	struct sql_value args[] = { sql_integer(g->first->row.day), sql_text(g->first->row.domain) };

	g->policy = -1;
	g->policies = g->row_count = 0;
	return sql_run(s->sql, "SELECT id, digest, row_count FROM history_policy WHERE day = $1 AND domain = $2",
	    args, 2, take_policy, g, err);
}

static enum rc make_policy(struct store *s, struct group *g, struct err *err)
{
	struct sql_value args[] = { sql_integer(g->first->row.day), sql_text(g->first->row.domain),
		sql_octets(slice_of(g->first->policy_digest, DIGEST_OCTETS)), sql_octets(g->first->row.policy) };

	TRY(sql_run(s->sql, "INSERT INTO history_policy (day, domain, digest, policy, row_count)"
	    " VALUES ($1, $2, $3, $4, 0) ON CONFLICT DO NOTHING", args, 4, NULL, NULL, err));
	return find_policy(s, g, err); /* another host may have been faster */
}

static enum rc count_rows(struct store *s, const struct group *g, struct err *err)
{
	struct sql_value args[] = { sql_integer(g->new_rows), sql_integer(g->policy) };

	if (g->new_rows == 0)
		return RC_OK;
	return sql_run(s->sql, "UPDATE history_policy SET row_count = row_count + $1 WHERE id = $2", args, 2, NULL,
	    NULL, err);
}

/* --- rows ------------------------------------------------------------------------------------------- */

static int64_t messages_in(const struct entry *first, const struct entry *end)
{
	int64_t n = 0;

	for (; first < end; first++)
		n += first->refused ? 0 : first->messages;
	return n;
}

struct insertion {
	struct entry **entries;
	size_t count;
	int64_t new_rows;
};

/* A row whose count equals the number of messages just added is a new row. */
static enum rc take_inserted(void *ctx, const struct sql_value *columns, size_t count)
{
	struct insertion *in = ctx;

	if (count != 2)
		return RC_CONFIG;
	for (size_t i = 0; i < in->count; i++)
		if (slice_eq(columns[0].octets, slice_of(in->entries[i]->digest, DIGEST_OCTETS)) &&
		    columns[1].integer == in->entries[i]->messages)
			in->new_rows++;
	return RC_OK;
}

static enum rc insert(struct store *s, struct batch *b, struct group *g, struct entry **entries, size_t count,
    struct err *err)
{
	struct sql_value args[5 * ROWS_AT_ONCE], *v = args;
	struct insertion in = { entries, count, 0 };

	for (size_t i = 0; i < count; i++) {
		*v++ = sql_integer(g->policy);
		*v++ = sql_octets(slice_of(entries[i]->digest, DIGEST_OCTETS));
		*v++ = sql_octets(entries[i]->row.tuple);
		*v++ = sql_integer(entries[i]->row.aligned);
		*v++ = sql_integer(entries[i]->messages);
	}
	b->at = count == 1 ? entries[0] : NULL;
	TRY(sql_run(s->sql, buf_cstr(count == 1 ? &s->one : &s->many), args, (size_t)(v - args), take_inserted, &in,
	    err));
	g->new_rows += in.new_rows;
	return RC_OK;
}

/* Inserts ROWS_AT_ONCE rows with one statement; singly: one by one, to find the row that the store rejects. */
static enum rc insert_all(struct store *s, struct batch *b, struct group *g, bool singly, struct err *err)
{
	struct entry *some[ROWS_AT_ONCE];
	size_t n = 0;

	for (struct entry *e = g->first; e < g->end; e++) {
		if (e->refused)
			continue;
		if (singly) {
			TRY(insert(s, b, g, &e, 1, err));
			continue;
		}
		some[n++] = e;
		if (n == ROWS_AT_ONCE) {
			TRY(insert(s, b, g, some, n, err));
			n = 0;
		}
	}
	for (size_t i = 0; i < n; i++)
		TRY(insert(s, b, g, &some[i], 1, err));
	return RC_OK;
}

static enum rc add_to_existing(struct store *s, const struct group *g, const struct entry *e, bool *out,
    struct err *err)
{
	struct sql_value args[] = { sql_integer(e->messages), sql_integer(g->policy),
		sql_octets(slice_of(e->digest, DIGEST_OCTETS)) };

	TRY(sql_run(s->sql, "UPDATE history_row SET messages = messages + $1 WHERE policy = $2 AND digest = $3",
	    args, 3, NULL, NULL, err));
	*out = sql_changed(s->sql) > 0;
	return RC_OK;
}

static enum rc add_overflow(struct store *s, struct batch *b, struct group *g, struct entry *e,
    struct err *err)
{
	struct entry overflow = *e, *one = &overflow;
	struct arena *a = arena_create(LIMIT_HISTORY_CHUNK); /* thousands of rows of a batch may come here */
	bool is_row = a != NULL && report_row_overflow(a, &e->row, &overflow.row.tuple);
	enum rc rc = a == NULL || arena_failed(a) ? RC_NOMEM : RC_OK;

	if (rc == RC_OK && is_row)
		rc = digest_of(overflow.row.tuple, overflow.digest);
	if (rc == RC_OK && is_row)
		rc = insert(s, b, g, &one, 1, err);
	b->at = e; /* not overflow, which ends here */
	b->added.overflow += (uint64_t)e->messages;
	arena_free(&a);
	return rc;
}

/* Used when the domain is close to its maximum of rows: each entry is checked on its own. */
static enum rc insert_capped(struct store *s, struct batch *b, struct group *g, int64_t room, struct err *err)
{
	for (struct entry *e = g->first; e < g->end; e++) {
		bool exists = false;

		if (e->refused)
			continue;
		b->at = e;
		TRY(add_to_existing(s, g, e, &exists, err));
		if (exists)
			continue;
		if (g->new_rows < room)
			TRY(insert(s, b, g, &e, 1, err));
		else
			TRY(add_overflow(s, b, g, e, err));
	}
	return RC_OK;
}

static int64_t room_for(const struct batch *b, const struct group *g, const struct day *d)
{
	int64_t of_domain = (int64_t)b->given->rows_of_domain - g->row_count;
	int64_t of_day = (int64_t)b->given->rows_of_day - d->row_count - d->new_rows;

	return of_domain < of_day ? of_domain : of_day;
}

/* False, and counted: the day is closed, or there is no room for another policy. */
static enum rc open_group(struct store *s, struct batch *b, struct group *g, struct day *d, bool *out,
    struct err *err)
{
	*out = false;
	if (d->closed != 0) {
		d->late += messages_in(g->first, g->end);
		return RC_OK;
	}
	TRY(find_policy(s, g, err));
	if (g->policy < 0 && g->policies < LIMIT_HISTORY_POLICIES && room_for(b, g, d) > 0)
		TRY(make_policy(s, g, err));
	*out = g->policy >= 0;
	if (!*out)
		d->dropped += messages_in(g->first, g->end);
	return RC_OK;
}

static enum rc write_group(struct store *s, struct batch *b, struct group *g, struct day *d, bool singly,
    struct err *err)
{
	int64_t room;
	bool opened;

	if (messages_in(g->first, g->end) == 0)
		return RC_OK; /* all of it was refused */
	b->at = g->first;
	TRY(open_group(s, b, g, d, &opened, err));
	if (!opened)
		return RC_OK;
	room = room_for(b, g, d);
	if (g->end - g->first > room)
		TRY(insert_capped(s, b, g, room, err));
	else
		TRY(insert_all(s, b, g, singly, err));
	b->at = NULL;
	d->new_rows += g->new_rows;
	return count_rows(s, g, err);
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

static struct entry *end_of_group(const struct batch *b, struct entry *first)
{
	struct entry *end = first + 1, *last = b->entries + b->count;

	while (end < last && end->row.day == first->row.day && slice_eq(end->row.domain, first->row.domain) &&
	    memcmp(end->policy_digest, first->policy_digest, DIGEST_OCTETS) == 0)
		end++;
	return end;
}

static enum rc write_entries(struct store *s, struct batch *b, bool singly, struct err *err)
{
	struct entry *last = b->entries + b->count;
	struct day d = { .day = -1 };

	b->added.overflow = b->added.late = 0;
	for (struct entry *e = b->entries; e < last;) {
		struct group g = { .first = e, .end = end_of_group(b, e) };

		if (e == b->entries || e->row.day != d.day)
			TRY(day_begin(s, e->row.day, &d, err));
		TRY(write_group(s, b, &g, &d, singly, err));
		e = g.end;
		if (e == last || e->row.day != d.day) {
			TRY(day_end(s, &d, err));
			b->added.late += (uint64_t)d.late;
			b->added.overflow += (uint64_t)d.dropped;
		}
	}
	return RC_OK;
}

static enum rc try_batch(struct store *s, struct batch *b, bool singly, struct err *err)
{
	bool repeated = false;
	enum rc rc;

	b->at = NULL;
	TRY(sql_begin(s->sql, err));
	rc = take_sequence(s, b->given, &repeated, err);
	if (rc == RC_OK && !repeated)
		rc = write_entries(s, b, singly, err);
	if (rc == RC_OK && !repeated)
		rc = incidents_write(s->sql, b->given, &b->incidents, &b->added, err);
	if (rc == RC_OK && !repeated)
		return sql_commit(s->sql, err);
	sql_rollback(s->sql);
	b->added.repeated = repeated;
	return rc;
}

/* If one row makes the transaction fail, the transaction is repeated without that row. */
static enum rc write_batch(struct store *s, struct batch *b, struct err *err)
{
	enum rc rc = try_batch(s, b, false, err);

	for (unsigned refused = 0; rc == RC_REFUSED && refused < REFUSED_MAX; refused++) {
		if (b->at != NULL) {
			b->at->refused = true;
			b->added.refused += (uint64_t)b->at->messages;
		}
		rc = try_batch(s, b, true, err);
	}
	return rc;
}

enum rc store_add(struct store *s, const struct store_batch *given, struct store_added *out, struct err *err)
{
	struct batch b = { .given = given, .a = arena_create(LIMIT_HISTORY_BATCH) };
	enum rc rc = b.a == NULL ? RC_NOMEM : read_items(&b);

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

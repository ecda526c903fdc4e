/* store_incident.c - the part of the store that keeps incidents for failure reports (RFC 9991). */
#include <stdlib.h>

#include "base/limits.h"
#include "report/failure.h"

#include "store_private.h"

#define SECONDS_OF_HOUR 3600
#define HOURS_OF_DAY    24

/* --- a batch, sorted and summed up ------------------------------------------------------------------ */

struct incident_entry {
	struct incident_octets incident; /* the first of those that are similar */
	int64_t hour, count;
};

static int slice_order(struct slice a, struct slice b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = shorter == 0 ? 0 : memcmp(a.ptr, b.ptr, shorter);

	return order != 0 ? order : a.len < b.len ? -1 : a.len > b.len;
}

/* By the table's key: the order in which locks are taken. */
static int key_order(const struct incident_entry *a, const struct incident_entry *b)
{
	int order;

	if (a->hour != b->hour)
		return a->hour < b->hour ? -1 : 1;
	order = slice_order(a->incident.domain, b->incident.domain);
	return order != 0 ? order : slice_order(a->incident.key, b->incident.key);
}

static int entry_order(const void *x, const void *y)
{
	const struct incident_entry *a = x, *b = y;
	int order = key_order(a, b);

	return order != 0 || a->incident.time == b->incident.time ? order : a->incident.time < b->incident.time ? -1 : 1;
}

static void sum_up(struct incidents *all)
{
	size_t kept = 0;

	for (size_t i = 1; i < all->count; i++)
		if (key_order(&all->items[kept], &all->items[i]) == 0)
			all->items[kept].count++;
		else
			all->items[++kept] = all->items[i];
	all->count = all->count == 0 ? 0 : kept + 1;
}

enum rc incidents_read(struct arena *a, struct slice items, struct incidents *out)
{
	struct cursor c = cursor_of(items);
	struct incident_entry *e;
	enum store_item kind;
	struct slice item;

	*out = (struct incidents){ NULL, 0, 0 };
	while (store_item_next(&c, &kind, &item)) {
		if (kind != STORE_INCIDENT)
			continue;
		if (!arena_grow(a, &out->items, &out->cap, out->count, sizeof(*out->items)))
			return RC_NOMEM;
		e = &out->items[out->count];
		*e = (struct incident_entry){ .count = 1 };
		if (!failure_split(item, &e->incident))
			continue; /* not ours: ignored */
		e->hour = e->incident.time / SECONDS_OF_HOUR;
		out->count++;
	}
	if (out->count > 1)
		qsort(out->items, out->count, sizeof(*out->items), entry_order);
	sum_up(out);
	return RC_OK;
}

/* --- writing --------------------------------------------------------------------------------------------- */

struct writing {
	struct sql *sql;
	const struct store_batch *given;
	struct store_added *added;
	int64_t hour, of_hour;        /* incidents that are kept of it; -1: not known yet */
	int64_t day, left_out;        /* to be added to the day's number */
};

static enum rc add_to_existing(const struct writing *w, const struct incident_entry *e, bool *out, struct err *err)
{
	struct sql_value args[] = { sql_integer(e->count), sql_integer(e->hour), sql_text(e->incident.domain),
		sql_octets(e->incident.key) };

	TRY(sql_run(w->sql, "UPDATE incident SET incidents = incidents + $1 WHERE hour = $2 AND domain = $3 AND digest = $4",
	    args, 4, NULL, NULL, err));
	*out = sql_changed(w->sql) > 0;
	return RC_OK;
}

static enum rc count_of_hour(struct writing *w, int64_t hour, struct err *err)
{
	struct sql_value args[] = { sql_integer(hour) };

	if (w->of_hour >= 0 && w->hour == hour)
		return RC_OK;
	w->hour = hour;
	w->of_hour = 0;
	return sql_run(w->sql, "SELECT count(*) FROM incident WHERE hour = $1", args, 1, sql_take_integer, &w->of_hour,
	    err);
}

/* RFC 9991 sections 2 and 8.1: there is room in the hour, and for that policy domain in the day. */
static enum rc has_room(struct writing *w, const struct incident_entry *e, bool *out, struct err *err)
{
	int64_t first = e->hour - e->hour % HOURS_OF_DAY, of_domain = 0;
	struct sql_value args[] = { sql_text(e->incident.domain), sql_integer(first), sql_integer(first + HOURS_OF_DAY) };

	*out = false;
	TRY(count_of_hour(w, e->hour, err));
	if (w->of_hour >= (int64_t)w->given->incidents_of_hour)
		return RC_OK;
	TRY(sql_run(w->sql, "SELECT count(*) FROM incident WHERE domain = $1 AND hour >= $2 AND hour < $3", args, 3,
	    sql_take_integer, &of_domain, err));
	*out = of_domain < (int64_t)w->given->incidents_of_domain;
	return RC_OK;
}

static enum rc insert(struct writing *w, const struct incident_entry *e, struct err *err)
{
	struct sql_value args[] = { sql_integer(e->hour), sql_text(e->incident.domain), sql_octets(e->incident.key),
		sql_integer(e->incident.time), sql_integer(e->count), sql_octets(e->incident.octets) };

	w->of_hour++;
	return sql_run(w->sql, "INSERT INTO incident (hour, domain, digest, began, incidents, octets, made)"
	    " VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (hour, domain, digest)"
	    " DO UPDATE SET incidents = incident.incidents + excluded.incidents", args, 6, NULL, NULL, err);
}

static enum rc flush_left_out(struct writing *w, struct err *err)
{
	struct sql_value args[] = { sql_integer(w->day), sql_integer(w->left_out) };

	if (w->left_out == 0)
		return RC_OK;
	w->added->incidents_left_out += (uint64_t)w->left_out;
	w->left_out = 0;
	return sql_run(w->sql, "INSERT INTO incident_left_out (day, incidents) VALUES ($1, $2) ON CONFLICT (day)"
	    " DO UPDATE SET incidents = incident_left_out.incidents + excluded.incidents", args, 2, NULL, NULL, err);
}

static enum rc leave_out(struct writing *w, const struct incident_entry *e, struct err *err)
{
	if (w->day != e->hour / HOURS_OF_DAY)
		TRY(flush_left_out(w, err));
	w->day = e->hour / HOURS_OF_DAY;
	w->left_out += e->count;
	return RC_OK;
}

static enum rc write_entry(struct writing *w, const struct incident_entry *e, struct err *err)
{
	bool exists, room;

	TRY(add_to_existing(w, e, &exists, err));
	if (exists)
		return RC_OK;
	TRY(has_room(w, e, &room, err));
	return room ? insert(w, e, err) : leave_out(w, e, err);
}

enum rc incidents_write(struct sql *sql, const struct store_batch *given, const struct incidents *all,
    struct store_added *added, struct err *err)
{
	struct writing w = { .sql = sql, .given = given, .added = added, .of_hour = -1 };

	added->incidents = added->incidents_left_out = 0;
	for (size_t i = 0; i < all->count; i++) {
		TRY(write_entry(&w, &all->items[i], err));
		added->incidents += (uint64_t)all->items[i].count;
	}
	return flush_left_out(&w, err);
}

/* --- reading ------------------------------------------------------------------------------------------------ */

struct each_incident {
	enum rc (*each)(void *ctx, const struct store_incident *incident);
	void *ctx;
};

static enum rc give_incident(void *ctx, const struct sql_value *c, size_t count)
{
	const struct each_incident *e = ctx;

	if (count != 6)
		return RC_CONFIG;
	return e->each(e->ctx, &(struct store_incident){ .hour = c[0].integer, .octets = { .time = c[3].integer,
	    .domain = c[1].octets, .key = c[2].octets, .octets = c[5].octets }, .count = (uint64_t)c[4].integer });
}

enum rc store_incidents(struct store *s, int64_t since, int64_t before, int64_t limit,
    enum rc (*each)(void *ctx, const struct store_incident *incident), void *ctx, struct err *err)
{
	struct each_incident e = { each, ctx };
	struct sql_value args[] = { sql_integer(since / SECONDS_OF_HOUR), sql_integer(before / SECONDS_OF_HOUR),
		sql_integer(limit) };

	return sql_run(s->sql, "SELECT hour, domain, digest, began, incidents, octets FROM incident"
	    " WHERE made = 0 AND hour >= $1 AND hour < $2 ORDER BY incidents DESC, hour, domain, digest LIMIT $3", args, 3,
	    give_incident, &e, err);
}

enum rc store_incident_made(struct store *s, const struct store_incident *i, int64_t now, struct err *err)
{
	struct sql_value args[] = { sql_integer(now), sql_octets(SLICE("")), sql_integer(i->hour),
		sql_text(i->octets.domain), sql_octets(i->octets.key) };

	return sql_run(s->sql, "UPDATE incident SET made = $1, octets = $2 WHERE hour = $3 AND domain = $4 AND digest = $5",
	    args, 5, NULL, NULL, err);
}

/*
 * Reports in the outbox, even if no sender runs any longer (report/outbox.h): what is pending expires, since there are
 * no octets to hand over any more.
 */
static enum rc forget_octets(struct store *s, int64_t before, struct err *err)
{
	struct sql_value args[] = { sql_octets(SLICE("")), sql_integer(before) };

	TRY(sql_run(s->sql, "UPDATE delivery SET state = 3 WHERE state = 0 AND report IN"
	    " (SELECT report FROM outgoing WHERE kind = 1 AND made < $1)", &args[1], 1, NULL, NULL, err));
	return sql_run(s->sql, "UPDATE outgoing SET octets = $1 WHERE kind = 1 AND made < $2 AND length(octets) > 0", args, 2,
	    NULL, NULL, err);
}

enum rc store_incidents_forget(struct store *s, int64_t before, struct err *err)
{
	struct sql_value args[] = { sql_integer(before / SECONDS_OF_HOUR) };

	TRY(sql_run(s->sql, "DELETE FROM incident WHERE hour < $1", args, 1, NULL, NULL, err));
	return forget_octets(s, before, err);
}

struct each_left_out {
	enum rc (*each)(void *ctx, int64_t day, uint64_t incidents);
	void *ctx;
};

static enum rc give_left_out(void *ctx, const struct sql_value *c, size_t count)
{
	const struct each_left_out *e = ctx;

	return count != 2 ? RC_CONFIG : e->each(e->ctx, c[0].integer, (uint64_t)c[1].integer);
}

enum rc store_incidents_left_out(struct store *s, int64_t since_day,
    enum rc (*each)(void *ctx, int64_t day, uint64_t incidents), void *ctx, struct err *err)
{
	struct each_left_out e = { each, ctx };
	struct sql_value args[] = { sql_integer(since_day) };

	return sql_run(s->sql, "SELECT day, incidents FROM incident_left_out WHERE day >= $1 ORDER BY day", args, 1,
	    give_left_out, &e, err);
}

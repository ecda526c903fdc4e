#include "base/limits.h"
#include "base/log.h"
#include "report/row.h"

#include "report/outbox.h"

/* the statements name them by number */
_Static_assert(DELIVERY_PENDING == 0 && DELIVERY_DONE == 1 && DELIVERY_REFUSED == 2 && DELIVERY_EXPIRED == 3 &&
    DELIVERY_SUPPRESSED == 4 && DELIVERY_BOUNCED == 5 && OUTGOING_AGGREGATE == 0 && OUTGOING_FAILURE == 1,
    "the store keeps these numbers");

#define CANDIDATES 16u /* due deliveries looked at before one is leased: others lease as well */

const char *const delivery_state_word[DELIVERY_STATES] = {
	[DELIVERY_PENDING] = "pending",
	[DELIVERY_DONE] = "sent",
	[DELIVERY_REFUSED] = "refused",
	[DELIVERY_EXPIRED] = "expired",
	[DELIVERY_SUPPRESSED] = "suppressed",
	[DELIVERY_BOUNCED] = "bounced",
};

const char *const outgoing_kind_word[2] = { "aggregate", "failure" };

const char *const suppression_words[SUPPRESSIONS] = {
	[SUPPRESSED_NOT_ONLY] = "not named by only",
	[SUPPRESSED_EXCEPT] = "named by except",
	[SUPPRESSED_FEW] = "fewer than minimum-messages",
	[SUPPRESSED_FAILING] = "no message passed, and for = passing",
	[SUPPRESSED_CAP] = "beyond daily-cap",
	[SUPPRESSED_NO_URI] = "no usable address in rua",
	[SUPPRESSED_UNREADABLE] = "its rows in the store cannot be read",
	[SUPPRESSED_TIME] = "not made within three hours, because DNS servers answered slowly",
};

#define RUN(s, text, row, ctx, err, ...) \
	sql_run((s), (text), (const struct sql_value[]){ __VA_ARGS__ }, \
	    sizeof((const struct sql_value[]){ __VA_ARGS__ }) / sizeof(struct sql_value), (row), (ctx), (err))

struct slice outbox_words(struct arena *a, struct slice said)
{
	struct buf out = BUF_INIT(LIMIT_LOG_LINE);
	struct slice rest = slice_take(said, LIMIT_LOG_FIELD);

	while (rest.len > 0) {
		log_escape(&out, slice_split(&rest, ' '));
		if (rest.len > 0)
			buf_add_char(&out, ' ');
	}
	return out.len == 0 ? SLICE("") : arena_take_buf(a, &out);
}

/* --- in --------------------------------------------------------------------------------------------- */

static enum rc add_report(struct sql *s, const struct outgoing *r, bool *added_out, struct err *err)
{
	TRY(RUN(s, "INSERT INTO outgoing (kind, day, domain, variant, report, octets, messages, made) "
	    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING", NULL, NULL, err,
	    sql_integer(r->kind), sql_integer(r->day), sql_text(r->domain), sql_text(r->variant),
	    sql_text(r->id), sql_octets(r->octets), sql_integer(r->messages), sql_integer(r->made)));
	*added_out = sql_changed(s) == 1;
	return RC_OK;
}

/* An address that is there twice gets one delivery. */
static enum rc add_delivery(struct sql *s, const struct outgoing *r, const struct delivery *d, struct err *err)
{
	return RUN(s, "INSERT INTO delivery (report, address, state, why, uri, tag, due, tried, tries, leased, token) "
	    "VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0) ON CONFLICT DO NOTHING", NULL, NULL, err,
	    sql_text(r->id), sql_text(d->address), sql_integer(d->state), sql_text(d->why), sql_text(d->uri),
	    sql_text(d->tag), sql_integer(d->due));
}

static enum rc add_all(struct sql *s, const struct outgoing *report, const struct delivery *deliveries,
    size_t count, bool *added_out, struct err *err)
{
	TRY(add_report(s, report, added_out, err));
	for (size_t i = 0; *added_out && i < count; i++)
		TRY(add_delivery(s, report, &deliveries[i], err));
	return RC_OK;
}

enum rc outbox_add(struct sql *s, const struct outgoing *report, const struct delivery *deliveries,
    size_t count, bool *added_out, struct err *err)
{
	TRY(sql_begin(s, err));
	return sql_end(s, add_all(s, report, deliveries, count, added_out, err), err);
}

enum rc outbox_has(struct sql *s, const struct outgoing *r, bool *out, struct err *err)
{
	int64_t count = 0;

	TRY(RUN(s, "SELECT count(*) FROM outgoing WHERE kind = $1 AND day = $2 AND domain = $3 AND variant = $4",
	    sql_take_integer, &count, err, sql_integer(r->kind), sql_integer(r->day), sql_text(r->domain),
	    sql_text(r->variant)));
	*out = count > 0;
	return RC_OK;
}

/* --- out -------------------------------------------------------------------------------------------- */

struct candidates {
	struct arena *arena;
	struct slice report[CANDIDATES], address[CANDIDATES];
	size_t count;
};

static enum rc take_candidate(void *ctx, const struct sql_value *columns, size_t count)
{
	struct candidates *c = ctx;

	if (c->count == CANDIDATES || count != 2)
		return RC_OK;
	c->report[c->count] = arena_copy(c->arena, columns[0].octets);
	c->address[c->count] = arena_copy(c->arena, columns[1].octets);
	c->count++;
	return arena_failed(c->arena) ? RC_NOMEM : RC_OK;
}

static enum rc find_due(struct sql *s, const struct outbox_claim *claim, struct candidates *c, struct err *err)
{
	c->count = 0;
	if (claim->day != OUTBOX_ANY_DAY)
		return RUN(s, "SELECT d.report, d.address FROM delivery d JOIN outgoing o ON o.report = d.report "
		    "WHERE d.state = 0 AND d.leased <= $1 AND o.kind = 0 AND o.day = $2 AND d.tried < $3 "
		    "ORDER BY d.due LIMIT 16", take_candidate, c, err,
		    sql_integer(claim->now), sql_integer(claim->day), sql_integer(claim->tried_before));
	return RUN(s, "SELECT report, address FROM delivery WHERE state = 0 AND due <= $1 AND leased <= $1 "
	    "ORDER BY due LIMIT 16", take_candidate, c, err, sql_integer(claim->now));
}

/* Of several that try this at once, one changes the row. */
static enum rc lease(struct sql *s, const struct outbox_claim *claim, struct slice report, struct slice address,
    bool *ours_out, struct err *err)
{
	TRY(RUN(s, "UPDATE delivery SET leased = $1, token = token + 1, tried = $2, tries = tries + 1 "
	    "WHERE report = $3 AND address = $4 AND state = 0 AND leased <= $2", NULL, NULL, err,
	    sql_integer(claim->until), sql_integer(claim->now), sql_text(report), sql_text(address)));
	*ours_out = sql_changed(s) == 1;
	return RC_OK;
}

/* Where a row of a join of the two tables goes. */
struct reading {
	struct arena *arena;
	struct outgoing report;
	struct delivery delivery;
	bool found;
};

#define COLUMNS "o.kind, o.day, o.domain, o.variant, o.report, o.messages, o.made, " \
	"d.address, d.state, d.why, d.uri, d.tag, d.due, d.tried, d.tries, d.token, d.recipient"
#define COLUMN_COUNT 17u

static void read_columns(const struct sql_value *c, struct outgoing *r, struct delivery *d)
{
	*r = (struct outgoing){ .kind = c[0].integer == OUTGOING_FAILURE ? OUTGOING_FAILURE : OUTGOING_AGGREGATE,
		.day = c[1].integer, .domain = c[2].octets, .variant = c[3].octets, .id = c[4].octets,
		.messages = c[5].integer, .made = c[6].integer };
	*d = (struct delivery){ .address = c[7].octets, .why = c[9].octets, .uri = c[10].octets,
		.tag = c[11].octets, .due = c[12].integer, .tried = c[13].integer, .tries = c[14].integer,
		.token = c[15].integer, .recipient = c[16].octets };
	d->state = c[8].integer >= 0 && c[8].integer < DELIVERY_STATES ? (enum delivery_state)c[8].integer
	                                                               : DELIVERY_SUPPRESSED;
}

static enum rc take_leased(void *ctx, const struct sql_value *columns, size_t count)
{
	struct reading *r = ctx;
	struct slice *const slices[] = { &r->report.domain, &r->report.variant, &r->report.id,
		&r->delivery.address, &r->delivery.why, &r->delivery.uri, &r->delivery.tag, &r->delivery.recipient };

	if (count != COLUMN_COUNT + 1)
		return RC_CONFIG;
	read_columns(columns, &r->report, &r->delivery);
	for (size_t i = 0; i < N_ELEMENTS(slices); i++)
		*slices[i] = arena_copy(r->arena, *slices[i]);
	r->report.octets = arena_copy(r->arena, columns[COLUMN_COUNT].octets);
	r->found = true;
	return arena_failed(r->arena) ? RC_NOMEM : RC_OK;
}

static enum rc read_leased(struct sql *s, struct slice report, struct slice address, struct reading *r,
    struct err *err)
{
	return RUN(s, "SELECT " COLUMNS ", o.octets FROM delivery d JOIN outgoing o ON o.report = d.report "
	    "WHERE d.report = $1 AND d.address = $2", take_leased, r, err, sql_text(report), sql_text(address));
}

enum rc outbox_is_due(struct sql *s, struct arena *a, const struct outbox_claim *claim, bool *due_out,
    struct err *err)
{
	struct candidates c = { .arena = a };

	TRY(find_due(s, claim, &c, err));
	*due_out = c.count > 0;
	return RC_OK;
}

enum rc outbox_lease(struct sql *s, struct arena *a, const struct outbox_claim *claim,
    struct outgoing *report_out, struct delivery *delivery_out, bool *found_out, struct err *err)
{
	struct candidates c = { .arena = a };
	bool ours = false;

	*found_out = false;
	do { /* until one is ours, or none is due: what others have leased is not due any longer */
		TRY(find_due(s, claim, &c, err));
		for (size_t i = 0; i < c.count && !ours; i++) {
			struct reading r = { .arena = a };

			TRY(lease(s, claim, c.report[i], c.address[i], &ours, err));
			if (!ours)
				continue;
			TRY(read_leased(s, c.report[i], c.address[i], &r, err));
			*report_out = r.report;
			*delivery_out = r.delivery;
			*found_out = r.found;
		}
	} while (!ours && c.count > 0);
	return RC_OK;
}

enum rc outbox_settle(struct sql *s, const struct outgoing *report, const struct delivery *d, bool *ours_out,
    struct err *err)
{
	TRY(RUN(s, "UPDATE delivery SET state = $1, why = $2, due = $3, uri = $4, recipient = $5, leased = 0 "
	    "WHERE report = $6 AND address = $7 AND token = $8 AND state = 0", NULL, NULL, err,
	    sql_integer(d->state), sql_text(d->why), sql_integer(d->due), sql_text(d->uri), sql_text(d->recipient),
	    sql_text(report->id), sql_text(d->address), sql_integer(d->token)));
	*ours_out = sql_changed(s) == 1;
	return RC_OK;
}

enum rc outbox_expire(struct sql *s, int64_t made_before, int64_t now, uint64_t *count_out, struct err *err)
{
	TRY(RUN(s, "UPDATE delivery SET state = 3 WHERE state = 0 AND leased <= $1 AND report IN "
	    "(SELECT report FROM outgoing WHERE made < $2)", NULL, NULL, err, sql_integer(now),
	    sql_integer(made_before)));
	*count_out = sql_changed(s);
	return RC_OK;
}

enum rc outbox_tried(struct sql *s, int64_t since, int64_t now, int64_t *count_out, struct err *err)
{
	*count_out = 0;
	return RUN(s, "SELECT count(*) FROM delivery WHERE tried > $1 AND tried <= $2", sql_take_integer, count_out, err,
	    sql_integer(since), sql_integer(now));
}

enum rc outbox_made_since(struct sql *s, enum outgoing_kind kind, int64_t since, int64_t now, int64_t *count_out,
    struct err *err)
{
	*count_out = 0;
	return RUN(s, "SELECT count(*) FROM delivery d JOIN outgoing o ON o.report = d.report "
	    "WHERE o.kind = $1 AND o.made > $2 AND o.made <= $3 AND d.state <> 4", sql_take_integer, count_out, err,
	    sql_integer(kind), sql_integer(since), sql_integer(now));
}

enum rc outbox_of_day(struct sql *s, int64_t day, int64_t *count_out, struct err *err)
{
	*count_out = 0;
	return RUN(s, "SELECT count(*) FROM delivery d JOIN outgoing o ON o.report = d.report "
	    "WHERE o.kind = 0 AND o.day = $1 AND d.state <> 4", sql_take_integer, count_out, err, sql_integer(day));
}

enum rc outbox_repeat(struct sql *s, int64_t day, struct slice domain, int64_t now, uint64_t *count_out,
    struct err *err)
{
	/* a new time of making restarts the time limit; the octets with their date and ids stay the same */
	TRY(RUN(s, "UPDATE outgoing SET made = $1 WHERE kind = 0 AND day = $2 AND (domain = $3 OR $3 = '')", NULL,
	    NULL, err, sql_integer(now), sql_integer(day), sql_text(domain)));
	TRY(RUN(s, "UPDATE delivery SET state = 0, due = $1, tried = 0, tries = 0 WHERE state IN (1, 2, 3, 5) AND report IN "
	    "(SELECT report FROM outgoing WHERE kind = 0 AND day = $2 AND (domain = $3 OR $3 = ''))", NULL, NULL,
	    err, sql_integer(now), sql_integer(day), sql_text(domain)));
	*count_out = sql_changed(s);
	return RC_OK;
}

enum rc outbox_forget(struct sql *s, int64_t made_before, struct err *err)
{
	TRY(RUN(s, "UPDATE outgoing SET octets = $1 WHERE kind = 1 AND length(octets) > 0 AND report NOT IN "
	    "(SELECT report FROM delivery WHERE state = 0)", NULL, NULL, err, sql_octets(SLICE(""))));
	TRY(RUN(s, "DELETE FROM delivery WHERE state <> 0 AND report IN (SELECT report FROM outgoing WHERE made < $1)",
	    NULL, NULL, err, sql_integer(made_before)));
	TRY(RUN(s, "DELETE FROM outgoing WHERE made < $1 AND report NOT IN (SELECT report FROM delivery)", NULL,
	    NULL, err, sql_integer(made_before)));
	TRY(RUN(s, "DELETE FROM destination WHERE last < $1 AND suspended < $1", NULL, NULL, err,
	    sql_integer(made_before)));
	return RUN(s, "DELETE FROM suppressed WHERE day < $1", NULL, NULL, err,
	    sql_integer(made_before / SECONDS_OF_DAY));
}

/* --- days -------------------------------------------------------------------------------------------- */

enum rc outbox_lease_day(struct sql *s, int64_t day, int64_t now, int64_t wanted, int64_t *until,
    bool *ours_out, struct err *err)
{
	TRY(RUN(s, "INSERT INTO sending_day (day, made, leased) VALUES ($1, 0, 0) ON CONFLICT DO NOTHING", NULL, NULL,
	    err, sql_integer(day)));
	/* renews the caller's lease, even if it has expired, or takes one that is free */
	TRY(RUN(s, "UPDATE sending_day SET leased = $1 WHERE day = $2 AND made = 0 AND (leased = $3 OR leased <= $4)",
	    NULL, NULL, err, sql_integer(wanted), sql_integer(day), sql_integer(*until), sql_integer(now)));
	*ours_out = sql_changed(s) == 1;
	if (*ours_out)
		*until = wanted;
	return RC_OK;
}

enum rc outbox_day_made(struct sql *s, int64_t day, bool *made_out, struct err *err)
{
	int64_t made = 0;

	TRY(RUN(s, "SELECT made FROM sending_day WHERE day = $1", sql_take_integer, &made, err, sql_integer(day)));
	*made_out = made > 0;
	return RC_OK;
}

static enum rc keep_counts(struct sql *s, int64_t day, int64_t now, const struct suppressed *counts,
    struct err *err)
{
	TRY(RUN(s, "DELETE FROM suppressed WHERE day = $1", NULL, NULL, err, sql_integer(day)));
	for (int i = 0; i < SUPPRESSIONS; i++)
		if (counts->reports[i] > 0)
			TRY(RUN(s, "INSERT INTO suppressed (day, why, reports, messages) VALUES ($1, $2, $3, $4)",
			    NULL, NULL, err, sql_integer(day), sql_integer(i), sql_integer(counts->reports[i]),
			    sql_integer(counts->messages[i])));
	return RUN(s, "UPDATE sending_day SET made = $1, leased = 0 WHERE day = $2", NULL, NULL, err,
	    sql_integer(now), sql_integer(day));
}

enum rc outbox_day_done(struct sql *s, int64_t day, int64_t now, const struct suppressed *counts,
    struct err *err)
{
	TRY(sql_begin(s, err));
	return sql_end(s, keep_counts(s, day, now, counts, err), err);
}

/* --- addresses that fail ------------------------------------------------------------------------------ */

enum rc outbox_suspended(struct sql *s, struct slice address, int64_t now, int64_t *until_out, struct err *err)
{
	*until_out = 0;
	return RUN(s, "SELECT suspended FROM destination WHERE address = $1 AND suspended > $2", sql_take_integer,
	    until_out, err, sql_text(address), sql_integer(now));
}

static enum rc take_suspension(void *ctx, const struct sql_value *columns, size_t count)
{
	struct suspension *s = ctx;

	if (count == 2) {
		s->failures = columns[0].integer;
		s->until = columns[1].integer;
	}
	return RC_OK;
}

enum rc outbox_failed(struct sql *s, struct slice address, struct slice why, int64_t now, int64_t suspend_after,
    int64_t suspend_for, struct suspension *out, struct err *err)
{
	*out = (struct suspension){ .address = address, .why = why, .last = now };
	TRY(RUN(s, "INSERT INTO destination AS t (address, failures, last, suspended, why) VALUES ($1, 1, $2, 0, $3) "
	    "ON CONFLICT (address) DO UPDATE SET why = excluded.why, last = excluded.last, "
	    "failures = CASE WHEN t.last < $4 THEN 1 ELSE t.failures + 1 END", NULL, NULL, err,
	    sql_text(address), sql_integer(now), sql_text(why), sql_integer(now - 2 * suspend_for)));
	if (suspend_after > 0)
		TRY(RUN(s, "UPDATE destination SET suspended = $1 WHERE address = $2 AND failures >= $3", NULL, NULL,
		    err, sql_integer(now + suspend_for), sql_text(address), sql_integer(suspend_after)));
	return RUN(s, "SELECT failures, suspended FROM destination WHERE address = $1", take_suspension, out, err,
	    sql_text(address));
}

enum rc outbox_bounced(struct sql *s, struct arena *a, struct slice tag, struct slice why,
    struct slice *address_out, bool *found_out, struct err *err)
{
	struct candidates c = { .arena = a };

	TRY(RUN(s, "UPDATE delivery SET state = 5, why = $1 WHERE tag = $2 AND state = 1 "
	    "RETURNING report, CASE recipient WHEN '' THEN address ELSE recipient END", take_candidate, &c, err,
	    sql_text(why), sql_text(tag)));
	*found_out = c.count > 0;
	*address_out = c.address[0];
	return RC_OK;
}

/* --- for people ---------------------------------------------------------------------------------------- */

struct listing {
	void *ctx;
	enum rc (*total)(void *ctx, const struct outbox_total *t);
	enum rc (*delivery)(void *ctx, const struct outgoing *report, const struct delivery *d);
	enum rc (*suspension)(void *ctx, const struct suspension *s);
	enum rc (*suppressed)(void *ctx, int64_t day, enum suppression why, int64_t reports, int64_t messages);
};

static enum rc list_total(void *ctx, const struct sql_value *c, size_t count)
{
	const struct listing *l = ctx;

	if (count != 4 || c[1].integer < 0 || c[1].integer >= DELIVERY_STATES)
		return RC_OK;
	return l->total(l->ctx, &(struct outbox_total){ .day = c[0].integer,
	    .state = (enum delivery_state)c[1].integer, .deliveries = c[2].integer, .messages = c[3].integer });
}

enum rc outbox_totals(struct sql *s, enum outgoing_kind kind, int64_t since_day,
    enum rc (*each)(void *ctx, const struct outbox_total *t), void *ctx, struct err *err)
{
	struct listing l = { .ctx = ctx, .total = each };

	return RUN(s, "SELECT o.day, d.state, count(*), CAST(sum(o.messages) AS BIGINT) FROM delivery d "
	    "JOIN outgoing o ON o.report = d.report WHERE o.kind = $1 AND o.day >= $2 GROUP BY o.day, d.state "
	    "ORDER BY o.day, d.state", list_total, &l, err, sql_integer(kind), sql_integer(since_day));
}

static enum rc list_delivery(void *ctx, const struct sql_value *columns, size_t count)
{
	const struct listing *l = ctx;
	struct outgoing report;
	struct delivery d;

	if (count != COLUMN_COUNT)
		return RC_OK;
	read_columns(columns, &report, &d);
	return l->delivery(l->ctx, &report, &d);
}

enum rc outbox_list(struct sql *s, enum delivery_state state, int64_t limit, enum rc (*each)(void *ctx,
    const struct outgoing *report, const struct delivery *d), void *ctx, struct err *err)
{
	struct listing l = { .ctx = ctx, .delivery = each };

	return RUN(s, "SELECT " COLUMNS " FROM delivery d JOIN outgoing o ON o.report = d.report WHERE d.state = $1 "
	    "ORDER BY o.day DESC, o.messages DESC, d.address LIMIT $2", list_delivery, &l, err, sql_integer(state),
	    sql_integer(limit));
}

static enum rc list_suspension(void *ctx, const struct sql_value *c, size_t count)
{
	const struct listing *l = ctx;

	if (count != 5)
		return RC_OK;
	return l->suspension(l->ctx, &(struct suspension){ .address = c[0].octets, .why = c[1].octets,
	    .failures = c[2].integer, .last = c[3].integer, .until = c[4].integer });
}

enum rc outbox_suspensions(struct sql *s, int64_t now, enum rc (*each)(void *ctx, const struct suspension *s),
    void *ctx, struct err *err)
{
	struct listing l = { .ctx = ctx, .suspension = each };

	return RUN(s, "SELECT address, why, failures, last, suspended FROM destination WHERE suspended > $1 "
	    "ORDER BY address", list_suspension, &l, err, sql_integer(now));
}

static enum rc list_suppressed(void *ctx, const struct sql_value *c, size_t count)
{
	const struct listing *l = ctx;

	if (count != 4 || c[1].integer < 0 || c[1].integer >= SUPPRESSIONS)
		return RC_OK;
	return l->suppressed(l->ctx, c[0].integer, (enum suppression)c[1].integer, c[2].integer, c[3].integer);
}

enum rc outbox_suppressed(struct sql *s, int64_t since_day, enum rc (*each)(void *ctx, int64_t day,
    enum suppression why, int64_t reports, int64_t messages), void *ctx, struct err *err)
{
	struct listing l = { .ctx = ctx, .suppressed = each };

	return RUN(s, "SELECT day, why, reports, messages FROM suppressed WHERE day >= $1 ORDER BY day, why",
	    list_suppressed, &l, err, sql_integer(since_day));
}

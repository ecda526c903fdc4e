#include "report/failure_message.h"

#include "addressing.h"
#include "failures.h"

#define AT_A_TIME 200 /* incidents looked at by one run: more than what may be sent in several hours */

/* State while failure reports are made, for the outbox or only for a preview. */
struct making {
	const struct sending *s;
	struct addressing addressing;
	unsigned char secret[STORE_SECRET_OCTETS];
	int64_t deliveries;   /* of the last hour, those made by others included */
	struct prepared *out;
	sending_preview_fn *preview; /* NULL: no preview */
	void *ctx;
	bool full;            /* failure-per-hour is reached: the rest waits */
};

/* Collected first, because making a report runs further statements on the same connection. */
struct waiting {
	struct arena *arena;
	struct store_incident *items;
	size_t count, cap;
};

static enum rc keep_incident(void *ctx, const struct store_incident *incident)
{
	struct waiting *w = ctx;
	struct store_incident *kept;

	if (!arena_grow(w->arena, &w->items, &w->cap, w->count, sizeof(*w->items)))
		return RC_NOMEM;
	kept = &w->items[w->count++];
	*kept = *incident;
	kept->octets.domain = arena_copy(w->arena, incident->octets.domain);
	kept->octets.key = arena_copy(w->arena, incident->octets.key);
	kept->octets.octets = arena_copy(w->arena, incident->octets.octets);
	return arena_failed(w->arena) ? RC_NOMEM : RC_OK;
}

/* The hour and the key, in letters and digits. */
static struct slice variant_of(struct arena *a, const struct store_incident *i)
{
	struct buf out = BUF_INIT(100);

	buf_addf(&out, "%lldh", (long long)i->hour);
	for (size_t at = 0; at < i->octets.key.len; at++)
		buf_addf(&out, "%02x", (unsigned)(unsigned char)i->octets.key.ptr[at]);
	return arena_take_buf(a, &out);
}

bool failure_report_of(struct arena *a, const struct store_incident *i, struct failure_report *out)
{
	*out = (struct failure_report){ .count = i->count, .variant = variant_of(a, i) };
	return !slice_is_null(out->variant) && failure_decode(&i->octets, &out->incident);
}

static enum rc show(const struct making *m, const struct outgoing *report, const struct deliveries *d)
{
	for (size_t i = 0; i < d->count; i++)
		TRY(m->preview(m->ctx, report, &d->items[i]));
	return RC_OK;
}

static enum rc keep(struct making *m, struct outgoing *report, const struct deliveries *d)
{
	bool added;

	m->deliveries += (int64_t)d->pending;
	if (m->preview != NULL)
		return show(m, report, d);
	TRY(addressing_keep(&m->addressing, report, d, &added));
	if (!added)
		return RC_OK;
	m->out->failures += d->pending > 0;
	m->out->failure_deliveries += (int64_t)d->pending;
	m->out->refused += (int64_t)(d->count - d->pending);
	return RC_OK;
}

/* RFC 9991 section 2: to each address of ruf, with a limit on their number in all. */
static enum rc make_report(struct making *m, struct arena *a, const struct failure_report *r, struct outgoing *report)
{
	int64_t limit = (int64_t)m->s->settings->failure.per_hour;
	struct report_destinations to = { .count = 0 };
	struct failure_message message;
	struct deliveries deliveries;

	TRY(addressing_destinations(m->s, a, REPORT_FAILURE, &r->incident.policy, &to));
	report->made = m->s->now(m->s->ctx);
	TRY(failure_message(a, r, &m->s->by, report->made, &message));
	report->id = message.id;
	report->octets = message.octets;
	TRY(addressing_deliveries(&m->addressing, a, report->id, &to, &deliveries));
	/* a report with more addresses than the limit goes out alone */
	m->full = m->deliveries > 0 && m->deliveries + (int64_t)deliveries.pending > limit;
	return m->full ? RC_OK : keep(m, report, &deliveries);
}

static enum rc make_from_incident(struct making *m, struct arena *a, const struct store_incident *i)
{
	struct outgoing report = { .kind = OUTGOING_FAILURE, .day = i->octets.time / SECONDS_OF_DAY,
		.domain = i->octets.domain, .messages = (int64_t)i->count };
	enum suppression why;
	struct failure_report r;
	bool there;

	if (!failure_report_of(a, i, &r) || !sending_allows_domain(m->s->settings, report.domain, &why))
		return RC_OK; /* never to be sent */
	report.variant = r.variant;
	TRY(outbox_has(m->addressing.sql, &report, &there, m->addressing.err));
	return there ? RC_OK : make_report(m, a, &r, &report);
}

static enum rc make_all(struct making *m, const struct waiting *w)
{
	for (size_t i = 0; i < w->count && !m->full && !m->s->stop(m->s->ctx); i++) {
		struct arena *a = arena_create(LIMIT_ARENA_BYTES);
		enum rc rc = a == NULL ? RC_NOMEM : make_from_incident(m, a, &w->items[i]);

		arena_free(&a);
		if (rc == RC_OK && !m->full && m->preview == NULL)
			rc = store_incident_made(m->s->store, &w->items[i], m->s->now(m->s->ctx), m->addressing.err);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

/* Those of hours that are over and for which no host has a batch any more, but not what is too old to be of use. */
static enum rc make_waiting(struct making *m, struct waiting *w)
{
	int64_t now = m->s->now(m->s->ctx);

	TRY(store_secret(m->s->store, m->secret, m->addressing.err));
	TRY(outbox_made_since(m->addressing.sql, OUTGOING_FAILURE, now - 3600, now, &m->deliveries,
	    m->addressing.err));
	TRY(store_incidents(m->s->store, now - SENDING_PATIENCE, now - FAILURE_STRAGGLERS, AT_A_TIME, keep_incident, w,
	    m->addressing.err));
	return make_all(m, w);
}

static enum rc run(struct making *m, struct err *err)
{
	struct waiting w = { .arena = arena_create(LIMIT_REPORT_ARENA) };
	enum rc rc = RC_NOMEM;

	m->addressing = (struct addressing){ .s = m->s, .sql = store_sql(m->s->store), .err = err,
		.secret = slice_of((const char *)m->secret, sizeof(m->secret)) };
	if (w.arena != NULL)
		rc = make_waiting(m, &w);
	arena_free(&w.arena);
	return rc;
}

enum rc failures_prepare(const struct sending *s, struct prepared *out, struct err *err)
{
	struct making m = { .s = s, .out = out };

	if (!s->settings->failure.enabled)
		return RC_OK;
	TRY(store_incidents_forget(s->store, s->now(s->ctx) - STORE_INCIDENTS_KEPT, err));
	return run(&m, err);
}

enum rc sending_preview_failures(const struct sending *s, sending_preview_fn *each, void *ctx, struct err *err)
{
	struct making m = { .s = s, .preview = each, .ctx = ctx };

	return s->settings->failure.enabled ? run(&m, err) : RC_OK;
}

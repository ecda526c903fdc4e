#include "base/limits.h"
#include "mail/tokens.h"
#include "report/build.h"

#include "addressing.h"
#include "failures.h"

#include "report/sending.h"

#define DAY_LEASE        600  /* seconds, renewed with each report */
#define WORK_OF_CAP      10   /* reports whose addresses are looked up, for each that the cap allows */
#define MAKING_MAX       (3 * 3600) /* seconds: whatever strangers' DNS servers do, dispatching is not kept waiting */

/* State while the reports of one day are made, for the outbox or only for a preview. */
struct making {
	const struct sending *s;
	struct sql *sql;
	struct err *err;
	unsigned char secret[STORE_SECRET_OCTETS];
	struct addressing addressing;
	int64_t day, lease;
	int64_t began;
	int64_t deliveries;         /* of the day, those made before included */
	int64_t considered;
	struct suppressed suppressed;
	struct prepared *out;
	sending_preview_fn *preview; /* NULL: no preview */
	void *ctx;
};

/* --- what is wanted ---------------------------------------------------------------------------------- */

static bool is_about_address(struct slice entry)
{
	return slice_find(entry, '@') < entry.len;
}

/* "user@domain", "@domain", "user@" */
static bool address_is(struct slice address, struct slice entry)
{
	struct slice local = address_local_part(entry), domain = address_domain_part(entry);

	return (local.len == 0 || local_part_eq(local, address_local_part(address))) &&
	    (domain.len == 0 || slice_ieq(domain, address_domain_part(address)));
}

/* Entries of one kind: is there any, and does one match? */
static bool listed(const struct slice_list *list, struct slice text, bool addresses, bool *any_out)
{
	bool found = false;

	*any_out = false;
	for (size_t i = 0; i < list->count; i++) {
		struct slice entry = list->items[i];

		if (is_about_address(entry) != addresses)
			continue;
		*any_out = true;
		found = found || (addresses ? address_is(text, entry)
		    : domain_is_at_or_below((struct domain){ text }, (struct domain){ entry }));
	}
	return found;
}

bool sending_allows_domain(const struct report_settings *settings, struct slice domain, enum suppression *why_out)
{
	bool any;

	*why_out = SUPPRESSED_EXCEPT;
	if (listed(&settings->sending.except, domain, false, &any))
		return false;
	*why_out = SUPPRESSED_NOT_ONLY;
	return listed(&settings->sending.only, domain, false, &any) || !any;
}

bool sending_allows_address(const struct report_settings *settings, struct slice address)
{
	bool any;

	if (listed(&settings->sending.except, address, true, &any))
		return false;
	return listed(&settings->sending.only, address, true, &any) || !any;
}

static void suppress(struct making *m, enum suppression why, uint64_t messages)
{
	m->suppressed.reports[why]++;
	m->suppressed.messages[why] += (int64_t)messages;
}

/* --- one report ---------------------------------------------------------------------------------------- */

static enum rc freeze(const struct making *m, struct arena *a, const struct report *r, struct outgoing *out)
{
	const struct report_sender *by = &m->s->by;
	struct report_message message;
	struct report_file file;

	out->made = m->s->now(m->s->ctx);
	TRY(report_render(a, r, by, &file));
	TRY(report_message(a, r, &file, by, out->made, &message));
	out->id = file.id;
	out->octets = message.octets;
	return RC_OK;
}

static enum rc keep(struct making *m, struct outgoing *report, const struct deliveries *d)
{
	bool added;

	m->deliveries += (int64_t)d->pending;
	for (size_t i = 0; m->preview != NULL && i < d->count; i++)
		TRY(m->preview(m->ctx, report, &d->items[i]));
	if (m->preview != NULL)
		return RC_OK;
	TRY(addressing_keep(&m->addressing, report, d, &added));
	if (!added)
		return RC_OK;
	m->out->reports++;
	m->out->deliveries += (int64_t)d->pending;
	m->out->refused += (int64_t)(d->count - d->pending);
	return RC_OK;
}

static bool is_over_cap(const struct making *m, size_t more)
{
	int64_t cap = m->s->settings->sending.daily_cap;

	return cap > 0 && (m->deliveries + (int64_t)more > cap || m->considered > cap * WORK_OF_CAP);
}

static enum rc make_report(struct making *m, struct arena *a, const struct report *r)
{
	struct outgoing report = { .kind = OUTGOING_AGGREGATE, .day = r->day, .domain = r->policy.domain,
		.variant = r->variant, .messages = (int64_t)r->messages };
	struct report_destinations to = { .count = 0 };
	struct deliveries deliveries;
	bool there;

	TRY(outbox_has(m->sql, &report, &there, m->err));
	if (there) /* made by an earlier run, which was interrupted */
		return RC_OK;
	m->considered++;
	if (is_over_cap(m, 1)) {
		suppress(m, SUPPRESSED_CAP, r->messages);
		return RC_OK;
	}
	if (m->s->now(m->s->ctx) - m->began > MAKING_MAX) {
		suppress(m, SUPPRESSED_TIME, r->messages);
		return RC_OK;
	}
	TRY(addressing_destinations(m->s, a, REPORT_AGGREGATE, &r->policy, &to));
	TRY(freeze(m, a, r, &report));
	TRY(addressing_deliveries(&m->addressing, a, report.id, &to, &deliveries));
	if (deliveries.count == 0 || is_over_cap(m, deliveries.pending)) {
		suppress(m, deliveries.count == 0 ? SUPPRESSED_NO_URI : SUPPRESSED_CAP, r->messages);
		return RC_OK;
	}
	return keep(m, &report, &deliveries);
}

/* --- one domain ------------------------------------------------------------------------------------------ */

static enum rc make_reports(struct making *m, struct slice domain)
{
	struct arena *a = arena_create(LIMIT_REPORT_ARENA);
	struct report_set set = { .count = 0 };
	enum rc rc = RC_NOMEM;

	if (a != NULL)
		rc = report_build(a, m->s->store, m->day, domain, &set, m->err);
	for (size_t i = 0; rc == RC_OK && i < set.count; i++)
		rc = make_report(m, a, &set.items[i]);
	arena_free(&a);
	return rc;
}

static bool is_wanted(struct making *m, const struct store_domain *d)
{
	const struct report_sending *p = &m->s->settings->sending;
	enum suppression why;

	if (!sending_allows_domain(m->s->settings, d->domain, &why))
		suppress(m, why, d->messages);
	else if ((int64_t)d->messages < p->minimum_messages)
		suppress(m, SUPPRESSED_FEW, d->messages);
	else if (p->passing_only && d->aligned == 0)
		suppress(m, SUPPRESSED_FAILING, d->messages);
	else
		return true;
	return false;
}

struct domain_name {
	struct slice name;
	uint64_t messages;
};

struct domain_names {
	struct making *making;
	struct arena *arena;
	struct domain_name *items;
	size_t count, cap;
};

/* Collects the names first, because making a report runs further statements on the same connection. */
static enum rc take_domain(void *ctx, const struct store_domain *d)
{
	struct domain_names *names = ctx;

	if (!is_wanted(names->making, d))
		return RC_OK;
	if (!arena_grow(names->arena, &names->items, &names->cap, names->count, sizeof(*names->items)))
		return RC_NOMEM;
	names->items[names->count++] = (struct domain_name){ arena_copy(names->arena, d->domain), d->messages };
	return arena_failed(names->arena) ? RC_NOMEM : RC_OK;
}

/* One domain whose rows are damaged, or too many, does not keep the others from getting their reports. */
static enum rc make_reports_if_readable(struct making *m, const struct domain_name *d)
{
	enum rc rc = make_reports(m, d->name);

	if (rc != RC_CONFIG && rc != RC_LIMIT)
		return rc;
	suppress(m, SUPPRESSED_UNREADABLE, d->messages);
	return RC_OK;
}

/* Those with the most messages come first (store.h). */
static enum rc make_domains(struct making *m, struct domain_names *names)
{
	TRY(store_domains(m->s->store, m->day, take_domain, names, m->err));
	for (size_t i = 0; i < names->count; i++) {
		bool ours = true;

		if (m->s->stop(m->s->ctx)) {
			err_add(m->err, "ended by a signal: the reports of that day are completed by the next run");
			return RC_IO;
		}
		if (m->preview == NULL)
			TRY(outbox_lease_day(m->sql, m->day, m->s->now(m->s->ctx), m->s->now(m->s->ctx) + DAY_LEASE,
			    &m->lease, &ours, m->err));
		if (!ours) {
			err_add(m->err, "another process is making the reports of that day: nothing to do here");
			return RC_IO;
		}
		TRY(make_reports_if_readable(m, &names->items[i]));
		if (m->s->progress != NULL && m->preview == NULL)
			m->s->progress(m->s->ctx, NULL, NULL);
	}
	return RC_OK;
}

static enum rc make_day(struct making *m)
{
	struct domain_names names = { .making = m, .arena = arena_create(LIMIT_REPORT_ARENA) };
	enum rc rc = names.arena == NULL ? RC_NOMEM : RC_OK;

	m->began = m->s->now(m->s->ctx);
	m->addressing = (struct addressing){ .s = m->s, .sql = m->sql, .err = m->err,
		.secret = slice_of((const char *)m->secret, sizeof(m->secret)),
		.spread = m->s->day != OUTBOX_ANY_DAY ? 0 : m->s->settings->sending.spread };
	if (rc == RC_OK)
		rc = store_secret(m->s->store, m->secret, m->err);
	if (rc == RC_OK)
		rc = outbox_of_day(m->sql, m->day, &m->deliveries, m->err);
	if (rc == RC_OK)
		rc = make_domains(m, &names);
	arena_free(&names.arena);
	return rc;
}

/* --- days -------------------------------------------------------------------------------------------------- */

struct open_days {
	const struct sending *s;
	int64_t today;
	int64_t items[SENDING_PAST + 1];
	size_t count;
};

static enum rc take_day(void *ctx, const struct store_day *d)
{
	struct open_days *days = ctx;
	bool wanted = days->s->day == OUTBOX_ANY_DAY ? d->day >= days->today - SENDING_PAST : d->day == days->s->day;

	/* RFC 9990 section 3.1.1.4: whole days; today's is not over */
	if (wanted && d->day < days->today && days->count < N_ELEMENTS(days->items))
		days->items[days->count++] = d->day;
	return RC_OK;
}

static enum rc may_make(const struct sending *s, int64_t day, bool *out, struct err *err)
{
	const struct report_sending *p = &s->settings->sending;
	int64_t now = s->now(s->ctx);
	bool made;

	TRY(outbox_day_made(store_sql(s->store), day, &made, err));
	*out = !made && (s->day != OUTBOX_ANY_DAY || now >= (day + 1) * SECONDS_OF_DAY + p->hour * 3600);
	return RC_OK;
}

static enum rc close_and_make(const struct sending *s, int64_t day, struct prepared *out, struct err *err)
{
	struct making m = { .s = s, .sql = store_sql(s->store), .err = err, .day = day, .out = out };
	int64_t now = s->now(s->ctx);
	bool may, ours;

	TRY(store_may_close(s->store, day, now, s->settings->sending.close_after, &may, err));
	if (!may) {
		out->waiting_day = day;
		return RC_OK;
	}
	TRY(outbox_lease_day(m.sql, day, now, now + DAY_LEASE, &m.lease, &ours, err));
	if (!ours)
		return RC_OK;
	TRY(store_close_day(s->store, day, now, err));
	TRY(make_day(&m));
	TRY(outbox_day_done(m.sql, day, s->now(s->ctx), &m.suppressed, err));
	out->days++;
	for (int i = 0; i < SUPPRESSIONS; i++) {
		out->suppressed.reports[i] += m.suppressed.reports[i];
		out->suppressed.messages[i] += m.suppressed.messages[i];
	}
	return RC_OK;
}

enum rc sending_prepare(const struct sending *s, struct prepared *out, struct err *err)
{
	struct open_days days = { .s = s, .today = s->now(s->ctx) / SECONDS_OF_DAY };
	int64_t since = s->day == OUTBOX_ANY_DAY ? days.today - SENDING_PAST : s->day;
	bool may;

	*out = (struct prepared){ .days = 0 };
	if (s->day == OUTBOX_ANY_DAY)
		TRY(failures_prepare(s, out, err));
	TRY(store_days(s->store, since, take_day, &days, err));
	for (size_t i = 0; i < days.count; i++) {
		TRY(may_make(s, days.items[i], &may, err));
		if (may)
			TRY(close_and_make(s, days.items[i], out, err));
	}
	return RC_OK;
}

enum rc sending_preview(const struct sending *s, int64_t day, sending_preview_fn *each, void *ctx,
    struct suppressed *out, struct err *err)
{
	struct making m = { .s = s, .sql = store_sql(s->store), .err = err, .day = day, .preview = each, .ctx = ctx };

	TRY(make_day(&m));
	*out = m.suppressed;
	return RC_OK;
}

#include "base/limits.h"
#include "dns/lookups.h"
#include "report/bounce.h"
#include "report/external.h"
#include "report/handover.h"

#include "report/sending.h"

#define LEASE         (2 * HANDOVER_LIMIT_MS / 1000) /* seconds: none expires while its message is handed over */
#define FIRST_DELAY   900                 /* seconds after a 4yz answer; doubled with each further one */
#define LONGEST_DELAY (4 * 3600)
#define STOP_DELAY    300                 /* after no answer at all */
#define CONSENT_DELAY 3600                /* after temporary DNS trouble */
#define SETTLE_TRIES  5                   /* seconds in which a store that went away may come back */

struct dispatching {
	const struct sending *s;
	struct sql *sql;
	struct handover *handover;
	struct dispatched *out;
	struct err *err;
	int64_t began;
};

/* --- one delivery ------------------------------------------------------------------------------------ */

/* Retries if the store is unavailable: a delivery that is not settled would be handed over a second time. */
static enum rc settle(struct dispatching *t, const struct outgoing *report, const struct delivery *d)
{
	enum rc rc = RC_IO;
	bool ours;

	for (int i = 0; rc == RC_IO && i < SETTLE_TRIES; i++) {
		struct err quiet = ERR_INIT;

		rc = outbox_settle(t->sql, report, d, &ours, i + 1 < SETTLE_TRIES ? &quiet : t->err);
		if (rc == RC_IO && i + 1 < SETTLE_TRIES)
			t->s->pause(t->s->ctx);
		err_free(&quiet);
	}
	if (rc == RC_OK && t->s->progress != NULL)
		t->s->progress(t->s->ctx, report, d);
	return rc;
}

/*
 * RFC 9990 section 4, once more: the DNS did not answer when the report was made.  d->uri stays, so that a later
 * try asks again: the record that consents may replace the address.  The null recipient: not now, or never.
 */
static enum rc ask_for_consent(struct dispatching *t, struct arena *a, const struct outgoing *report,
    struct delivery *d, struct slice *recipient)
{
	struct lookups *l = lookups_new(t->s->resolver, t->s->dns_deadline_ms);
	struct report_destinations to = { .count = 0 };
	struct domain policy = { report->domain };
	enum rc rc = RC_NOMEM;

	*recipient = SLICE_NULL;
	if (l != NULL)
		rc = report_destinations_find(a, l, t->s->discovery,
		    report->kind == OUTGOING_FAILURE ? REPORT_FAILURE : REPORT_AGGREGATE, policy, d->uri, &to);
	lookups_release(&l);
	if (rc != RC_OK)
		return rc;
	if (to.count == 0 || to.items[0].consent == REPORT_REFUSED) {
		d->state = DELIVERY_SUPPRESSED;
		d->why = to.count > 0 ? to.items[0].why : SLICE("no usable address");
	} else if (to.items[0].consent == REPORT_POSTPONED) {
		d->due = t->s->now(t->s->ctx) + CONSENT_DELAY;
		d->why = to.items[0].why;
	} else if (!sending_allows_address(t->s->settings, to.items[0].to.address)) {
		d->state = DELIVERY_SUPPRESSED;
		d->why = SLICE("only or except leaves it out");
	} else {
		*recipient = to.items[0].to.address;
	}
	return RC_OK;
}

static int64_t next_try(const struct dispatching *t, const struct delivery *d)
{
	int64_t delay = FIRST_DELAY;

	for (int64_t i = 1; i < d->tries && delay < LONGEST_DELAY; i++)
		delay *= 2;
	return t->s->now(t->s->ctx) + (delay < LONGEST_DELAY ? delay : LONGEST_DELAY);
}

/* RFC 6650 section 6 has it too: without an address for bounces the sender is null, and nothing comes back. */
static struct slice envelope_sender(const struct dispatching *t, struct arena *a, const struct delivery *d)
{
	struct slice address = t->s->settings->sending.bounce_address;

	return address.len == 0 ? SLICE("") : bounce_sender(a, address, d->tag);
}

/* Of the address that was tried, which a record of consent may have put in the place of the delivery's own. */
static enum rc note_failure(struct dispatching *t, struct slice recipient, struct slice why)
{
	const struct report_sending *p = &t->s->settings->sending;
	struct suspension s;

	/* where no notification comes back, nothing is counted at all */
	if (p->bounce_address.len == 0)
		return RC_OK;
	return outbox_failed(t->sql, recipient, why, t->s->now(t->s->ctx), p->suspend_after, p->suspend_for, &s,
	    t->err);
}

static enum rc hand_over(struct dispatching *t, struct arena *a, const struct outgoing *report,
    struct delivery *d, struct slice recipient)
{
	struct slice message = arena_printf(a, "To: %.*s\r\n%.*s", SLICE_ARG(recipient), SLICE_ARG(report->octets));
	struct slice sender = envelope_sender(t, a, d);
	enum handover_result result;

	if (arena_failed(a))
		return RC_NOMEM;
	d->recipient = recipient;
	result = handover(t->handover, sender, recipient, message, &t->out->words);
	d->why = result == HANDOVER_TAKEN ? SLICE("") : outbox_words(a, buf_slice(&t->out->words));
	switch (result) {
	case HANDOVER_TAKEN:
		d->state = DELIVERY_DONE;
		t->out->done++;
		return RC_OK;
	case HANDOVER_REFUSED:
	case HANDOVER_UNKNOWN:
		d->state = DELIVERY_REFUSED;
		t->out->refused++;
		return result == HANDOVER_UNKNOWN ? note_failure(t, recipient, d->why) : RC_OK;
	case HANDOVER_LATER:
		d->due = next_try(t, d);
		t->out->later++;
		return RC_OK;
	case HANDOVER_STOPPED:
		break;
	}
	d->due = t->s->now(t->s->ctx) + STOP_DELAY;
	t->out->later++;
	t->out->stopped = true;
	return RC_OK;
}

static enum rc deliver(struct dispatching *t, struct arena *a, const struct outgoing *report,
    struct delivery *d)
{
	struct slice recipient = d->address;
	int64_t until = 0;

	if (d->uri.len > 0)
		TRY(ask_for_consent(t, a, report, d, &recipient));
	if (!slice_is_null(recipient))
		TRY(outbox_suspended(t->sql, recipient, t->s->now(t->s->ctx), &until, t->err));
	if (until > 0) {
		d->state = DELIVERY_SUPPRESSED;
		d->why = SLICE("suspended after failures");
	}
	if (d->state == DELIVERY_SUPPRESSED)
		t->out->suppressed++;
	else if (slice_is_null(recipient))
		t->out->later++;
	else
		TRY(hand_over(t, a, report, d, recipient));
	return settle(t, report, d);
}

/* --- the queue ---------------------------------------------------------------------------------------------- */

/* Waits until fewer than per_minute deliveries were tried in the last minute, by all hosts; false: end early. */
static enum rc wait_for_turn(struct dispatching *t, bool *go_on)
{
	int64_t tried, now, most = t->s->settings->sending.per_minute;

	*go_on = true;
	do {
		now = t->s->now(t->s->ctx);
		TRY(outbox_tried(t->sql, now - 60, now, &tried, t->err));
		if (tried >= most)
			*go_on = t->s->pause(t->s->ctx);
	} while (*go_on && tried >= most);
	return RC_OK;
}

static enum rc dispatch_next(struct dispatching *t, struct arena *a, bool *more_out)
{
	struct outbox_claim claim = { .day = t->s->day, .tried_before = t->began };
	struct outgoing report;
	struct delivery d;

	claim.now = t->s->now(t->s->ctx);
	TRY(outbox_is_due(t->sql, a, &claim, more_out, t->err));
	if (*more_out)
		TRY(wait_for_turn(t, more_out));
	if (!*more_out)
		return RC_OK;
	claim.now = t->s->now(t->s->ctx);
	claim.until = claim.now + LEASE;
	TRY(outbox_lease(t->sql, a, &claim, &report, &d, more_out, t->err));
	return *more_out ? deliver(t, a, &report, &d) : RC_OK;
}

static enum rc dispatch_all(struct dispatching *t)
{
	bool more = true;

	while (more && !t->out->stopped && !t->s->stop(t->s->ctx)) {
		struct arena *a = arena_create(LIMIT_REPORT_ARENA);
		enum rc rc = a == NULL ? RC_NOMEM : dispatch_next(t, a, &more);

		arena_free(&a);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

/* What has waited for too long, and what has been kept for long enough. */
static enum rc clean_up(struct dispatching *t)
{
	const struct report_settings *settings = t->s->settings;
	uint64_t expired;

	TRY(outbox_expire(t->sql, t->began - SENDING_PATIENCE - settings->sending.spread, t->began, &expired, t->err));
	t->out->expired = (int64_t)expired;
	return outbox_forget(t->sql, t->began - settings->keep_seconds, t->err);
}

enum rc sending_dispatch(const struct sending *s, struct dispatched *out, struct err *err)
{
	struct dispatching t = { .s = s, .sql = store_sql(s->store), .out = out, .err = err, .began = s->now(s->ctx) };
	enum rc rc;

	TRY(clean_up(&t));
	TRY(handover_open(s->settings->sending.via, &t.handover, err));
	rc = dispatch_all(&t);
	handover_close(&t.handover);
	return rc;
}

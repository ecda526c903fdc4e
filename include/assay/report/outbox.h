/*
 * outbox.h - reports that are to be sent, in the store that all hosts share (report/sql.h).
 *
 * A report enters once: its octets are frozen, and a second report for the same policy on the same day is
 * refused, whoever makes it.  It has a delivery for each address.  Whoever sends leases a delivery (an expiry
 * and a fencing token), hands the octets over and settles it.  A sender that dies leaves a lease that expires;
 * the next one hands over the same octets under the same ids: at least once, never anything else.
 *
 *     PENDING --lease, hand over--> DONE | REFUSED | PENDING, due later
 *     PENDING --too old--> EXPIRED            DONE --a notification comes back--> BOUNCED
 *     SUPPRESSED from the beginning: the reason is kept for people
 *
 * Addresses that fail again and again are suspended for a while.  Times are seconds since the epoch.  Errors are
 * those of report/sql.h.  Texts are ours, or addresses and names that were checked; what others said comes
 * escaped.
 */
#ifndef ASSAY_REPORT_OUTBOX_H
#define ASSAY_REPORT_OUTBOX_H

#include "base/arena.h"
#include "report/sql.h"

enum delivery_state {
	DELIVERY_PENDING,
	DELIVERY_DONE,       /* the MTA has it */
	DELIVERY_REFUSED,    /* the MTA refused it for good */
	DELIVERY_EXPIRED,    /* it was not handed over in time */
	DELIVERY_SUPPRESSED, /* a rule says not to send it there */
	DELIVERY_BOUNCED,    /* handed over; a notification said that it failed */
	DELIVERY_STATES
};
extern const char *const delivery_state_word[DELIVERY_STATES];

enum outgoing_kind { OUTGOING_AGGREGATE, OUTGOING_FAILURE };
extern const char *const outgoing_kind_word[2]; /* "aggregate", "failure" */

struct delivery {
	struct slice address;
	enum delivery_state state;
	struct slice why;      /* the last answer or reason; empty: none */
	struct slice uri;      /* where the address comes from, if consent must be asked for at each try; or empty */
	struct slice recipient; /* of the last try: the address, or what a record of consent has instead; or empty */
	struct slice tag;      /* of its envelope sender (report/bounce.h) */
	int64_t due;           /* not before that */
	int64_t tried;         /* the last try; 0: none */
	int64_t tries;
	int64_t token;         /* of the lease */
};

struct outgoing {
	enum outgoing_kind kind;
	int64_t day;           /* UTC day of an aggregate report; of a failure report, when it was made */
	struct slice domain;   /* policy domain */
	struct slice variant;  /* distinguishes the reports of one kind, day and domain */
	struct slice id;       /* Report-ID */
	struct slice octets;   /* the message without a To field */
	int64_t messages;      /* that it reports on */
	int64_t made;
};

/* What others said, as it is kept and shown: the beginning, escaped as in the log, in words. */
struct slice outbox_words(struct arena *a, struct slice said);

/* A report with its deliveries, in one transaction.  *added_out false: there is such a report; nothing changed. */
MUST_CHECK enum rc outbox_add(struct sql *s, const struct outgoing *report, const struct delivery *deliveries,
    size_t count, bool *added_out, struct err *err);

MUST_CHECK enum rc outbox_has(struct sql *s, const struct outgoing *report, bool *out, struct err *err);

/* --- sending ------------------------------------------------------------------------------------------ */

#define OUTBOX_ANY_DAY INT64_MIN

struct outbox_claim {
	int64_t now, until;    /* the lease's end */
	int64_t day;           /* OUTBOX_ANY_DAY; or of that day alone, what was not tried since ... */
	int64_t tried_before;  /* ... that time, due or not */
};

/* Is a delivery due?  Nothing is leased. */
MUST_CHECK enum rc outbox_is_due(struct sql *s, struct arena *a, const struct outbox_claim *claim, bool *due_out,
    struct err *err);

/* Leases a delivery that is due; false in *found_out: there is none.  Slices live in the arena. */
MUST_CHECK enum rc outbox_lease(struct sql *s, struct arena *a, const struct outbox_claim *claim,
    struct outgoing *report_out, struct delivery *delivery_out, bool *found_out, struct err *err);

/*
 * Ends the lease with a state; PENDING: it is due again at d->due.  *ours_out false: the lease had expired and
 * someone else has it now; nothing changed.
 */
MUST_CHECK enum rc outbox_settle(struct sql *s, const struct outgoing *report, const struct delivery *d,
    bool *ours_out, struct err *err);

/* Pending deliveries of reports made before that time expire, unless they are leased. */
MUST_CHECK enum rc outbox_expire(struct sql *s, int64_t made_before, int64_t now, uint64_t *count_out,
    struct err *err);

/* Deliveries tried since that time, by anyone; not what a clock that was ahead has noted for times after now. */
MUST_CHECK enum rc outbox_tried(struct sql *s, int64_t since, int64_t now, int64_t *count_out, struct err *err);

/* Deliveries of reports of that kind that were made since that time, up to now, and are not suppressed. */
MUST_CHECK enum rc outbox_made_since(struct sql *s, enum outgoing_kind kind, int64_t since, int64_t now,
    int64_t *count_out, struct err *err);

/* Aggregate deliveries for that day that are not suppressed. */
MUST_CHECK enum rc outbox_of_day(struct sql *s, int64_t day, int64_t *count_out, struct err *err);

/* Done deliveries of that day (and domain, unless empty) are pending again, with their octets and ids. */
MUST_CHECK enum rc outbox_repeat(struct sql *s, int64_t day, struct slice domain, int64_t now,
    uint64_t *count_out, struct err *err);

/*
 * Forgets what is settled and was made before that time, and older failures and suppressed reports; of failure
 * reports the octets as soon as nothing is pending.
 */
MUST_CHECK enum rc outbox_forget(struct sql *s, int64_t made_before, struct err *err);

/* --- days ---------------------------------------------------------------------------------------------- */

/*
 * Leases the making of a day's reports.  *until is the end of the caller's lease, 0 where it has none, and becomes
 * wanted.  *ours_out false: they are made already, or someone else is at it.
 */
MUST_CHECK enum rc outbox_lease_day(struct sql *s, int64_t day, int64_t now, int64_t wanted, int64_t *until,
    bool *ours_out, struct err *err);
MUST_CHECK enum rc outbox_day_made(struct sql *s, int64_t day, bool *made_out, struct err *err);

/*
 * Why the report of a policy was not made at all; counted by day, since strangers choose how many there are.  The
 * store keeps these numbers: new ones come last.
 */
enum suppression {
	SUPPRESSED_NOT_ONLY,  /* reports { only } does not name it */
	SUPPRESSED_EXCEPT,
	SUPPRESSED_FEW,       /* fewer than minimum-messages */
	SUPPRESSED_FAILING,   /* for = passing, and nothing passed */
	SUPPRESSED_CAP,       /* daily-cap was used up by larger ones */
	SUPPRESSED_NO_URI,    /* no usable address in rua */
	SUPPRESSED_TIME,      /* the time for making reports was used up by larger ones */
	SUPPRESSED_UNREADABLE, /* the store is damaged there, or there is too much of it */
	SUPPRESSIONS
};
extern const char *const suppression_words[SUPPRESSIONS];

struct suppressed {
	int64_t reports[SUPPRESSIONS], messages[SUPPRESSIONS];
};

/* The day's reports are all in the outbox: ends the lease, keeps the counts. */
MUST_CHECK enum rc outbox_day_done(struct sql *s, int64_t day, int64_t now, const struct suppressed *counts,
    struct err *err);

/* --- addresses that fail --------------------------------------------------------------------------------- */

struct suspension {
	struct slice address, why;
	int64_t failures, last, until; /* until 0: not suspended */
};

/* The time until which an address is suspended, or 0. */
MUST_CHECK enum rc outbox_suspended(struct sql *s, struct slice address, int64_t now, int64_t *until_out,
    struct err *err);

/*
 * One lasting failure more, or the first one where the last is older than suspend_for.  From the
 * suspend_after-th on each one suspends the address for suspend_for seconds; 0: none does.
 */
MUST_CHECK enum rc outbox_failed(struct sql *s, struct slice address, struct slice why, int64_t now,
    int64_t suspend_after, int64_t suspend_for, struct suspension *out, struct err *err);

/*
 * A notification for the delivery with that tag; *address_out is its recipient.  *found_out false: no delivery has it,
 * or it came before.
 */
MUST_CHECK enum rc outbox_bounced(struct sql *s, struct arena *a, struct slice tag, struct slice why,
    struct slice *address_out, bool *found_out, struct err *err);

/* --- for people --------------------------------------------------------------------------------------------- */

struct outbox_total {
	int64_t day;
	enum delivery_state state;
	int64_t deliveries, messages;
};
/* By the day and state. */
MUST_CHECK enum rc outbox_totals(struct sql *s, enum outgoing_kind kind, int64_t since_day, enum rc (*each)(void *ctx,
    const struct outbox_total *t), void *ctx, struct err *err);

/* Deliveries in that state, the latest first, at most limit. */
MUST_CHECK enum rc outbox_list(struct sql *s, enum delivery_state state, int64_t limit, enum rc (*each)(void *ctx,
    const struct outgoing *report, const struct delivery *d), void *ctx, struct err *err);

MUST_CHECK enum rc outbox_suspensions(struct sql *s, int64_t now, enum rc (*each)(void *ctx,
    const struct suspension *s), void *ctx, struct err *err);

MUST_CHECK enum rc outbox_suppressed(struct sql *s, int64_t since_day, enum rc (*each)(void *ctx, int64_t day,
    enum suppression why, int64_t reports, int64_t messages), void *ctx, struct err *err);

#endif

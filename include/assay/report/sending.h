/*
 * sending.h - from the store to the site's MTA: sending_prepare() makes the reports of closed days, and failure
 * reports of closed hours, and puts them into the outbox,
 * sending_dispatch() hands over what is due there.  Any number of hosts and processes may do either at a time.
 *
 * Sending must not hurt the sender: deliveries are spread over hours, so many a minute go out, so many a day at
 * most, the reports on the most messages first, and what is not handed over within SENDING_PATIENCE is given up.
 */
#ifndef ASSAY_REPORT_SENDING_H
#define ASSAY_REPORT_SENDING_H

#include "config/reports.h"
#include "dns/resolver.h"
#include "report/message.h"
#include "report/outbox.h"
#include "report/store.h"

#define SENDING_PATIENCE (24 * 60 * 60) /* seconds from when a delivery was first due */
#define SENDING_PAST     7              /* days: older ones are made only when they are asked for */

struct sending {
	struct store *store;
	const struct report_settings *settings;
	struct report_sender by;
	struct resolver *resolver;
	int64_t dns_deadline_ms;
	enum dmarc_discovery discovery;
	int64_t day;                /* OUTBOX_ANY_DAY, or that one alone, without waiting for its hour */
	int64_t (*now)(void *ctx);
	bool (*pause)(void *ctx);   /* a second; false: end early, with everything settled */
	bool (*stop)(void *ctx);    /* true: end early; asked between two reports and between two deliveries */
	/* called at each step, to show progress; report and d may be NULL */
	void (*progress)(void *ctx, const struct outgoing *report, const struct delivery *d);
	void *ctx;
};

struct prepared {
	int64_t days, reports, deliveries;
	int64_t failures, failure_deliveries; /* reports on single messages */
	struct suppressed suppressed;   /* reports that were not made */
	int64_t refused;                /* deliveries that were suppressed */
	int64_t waiting_day;            /* a day that is over and cannot be closed yet; 0: none */
};

MUST_CHECK enum rc sending_prepare(const struct sending *s, struct prepared *out, struct err *err);

typedef enum rc sending_preview_fn(void *ctx, const struct outgoing *report, const struct delivery *d);

/* What sending_prepare() would put into the outbox for a day, one by one; nothing is changed. */
MUST_CHECK enum rc sending_preview(const struct sending *s, int64_t day, sending_preview_fn *each, void *ctx,
    struct suppressed *out, struct err *err);

/* The same for failure reports, which are made an hour at a time (report/store.h), not a day. */
MUST_CHECK enum rc sending_preview_failures(const struct sending *s, sending_preview_fn *each, void *ctx,
    struct err *err);

struct dispatched {
	int64_t done, later, refused, suppressed, expired;
	bool stopped;                   /* the MTA did not answer: words say what it said */
	struct buf words;               /* octets of others; to be freed */
};
#define DISPATCHED_INIT { .words = BUF_INIT(1000) }

MUST_CHECK enum rc sending_dispatch(const struct sending *s, struct dispatched *out, struct err *err);

/* Is a report to this address, or of this policy domain, wanted?  An entry with "@" is about addresses. */
bool sending_allows_domain(const struct report_settings *settings, struct slice domain, enum suppression *why_out);
bool sending_allows_address(const struct report_settings *settings, struct slice address);

#endif

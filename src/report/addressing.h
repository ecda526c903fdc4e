/*
 * addressing.h - the addresses that a report is sent to: its deliveries in the outbox, and why any of them is not sent.
 */
#ifndef ASSAY_REPORT_ADDRESSING_H
#define ASSAY_REPORT_ADDRESSING_H

#include "base/limits.h"
#include "report/external.h"
#include "report/sending.h"

#define DELIVERIES_MAX (LIMIT_REPORT_URIS + LIMIT_REPORT_BCC)

struct addressing {
	const struct sending *s;
	struct sql *sql;
	struct slice secret; /* of the store */
	int64_t spread;      /* seconds over which deliveries become due */
	struct err *err;
};

struct deliveries {
	struct delivery items[DELIVERIES_MAX];
	size_t count;
	size_t pending;      /* of them, to be handed over */
};

/* Those of the report with that id, copies included; texts live in the arena. */
MUST_CHECK enum rc addressing_deliveries(const struct addressing *ad, struct arena *a, struct slice id,
    const struct report_destinations *to, struct deliveries *out);

/* Puts the report into the outbox; where nothing of it is to be sent, without its octets, for the reasons. */
MUST_CHECK enum rc addressing_keep(const struct addressing *ad, struct outgoing *report, const struct deliveries *d,
    bool *added_out);

/* The policy's destinations, by look-ups of their own. */
MUST_CHECK enum rc addressing_destinations(const struct sending *s, struct arena *a, enum report_kind kind,
    const struct report_policy *policy, struct report_destinations *out);

#endif

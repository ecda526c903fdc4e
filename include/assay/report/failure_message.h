/*
 * failure_message.h - the mail that carries a failure report: multipart/report with three parts (RFC 5965, RFC 6591,
 * RFC 9991): words for people, message/feedback-report, text/rfc822-headers.
 *
 * As with aggregate reports the octets are made once and kept, and the sender writes the To field.  All of it is
 * ASCII in short lines and is sent as 7bit: no MTA has a reason to encode it anew on its way, which would spoil the
 * signature, and readers find the fields of the second and third part as they are (RFC 5965 section 2).
 */
#ifndef ASSAY_REPORT_FAILURE_MESSAGE_H
#define ASSAY_REPORT_FAILURE_MESSAGE_H

#include "report/aggregate.h"
#include "report/store.h"

struct failure_report {
	struct failure_incident incident; /* the first one */
	uint64_t count;                   /* similar incidents, this one included */
	struct slice variant;             /* distinguishes the reports on one policy domain: letters and digits */
};

/* What the store has, as a report; borrows from it.  False: not the octets of an incident, or no memory. */
bool failure_report_of(struct arena *a, const struct store_incident *i, struct failure_report *out);

struct failure_message {
	struct slice id;         /* letters and digits */
	struct slice subject;    /* unfolded */
	struct slice octets;     /* header without To, body; lines end with CRLF */
};

/* now: seconds since the epoch, for the Date field.  Everything in out lives in the arena. */
MUST_CHECK enum rc failure_message(struct arena *a, const struct failure_report *r, const struct report_sender *by,
    int64_t now, struct failure_message *out);

#endif

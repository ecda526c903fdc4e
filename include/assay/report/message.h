/*
 * message.h - the mail that carries an aggregate report (RFC 9990 section 3.5.2).
 *
 * It is made once and kept: every addressee, and everyone who gets it again, gets the same octets under
 * the same Message-ID.  The To field is not among them: the sender writes that first.
 */
#ifndef ASSAY_REPORT_MESSAGE_H
#define ASSAY_REPORT_MESSAGE_H

#include "report/aggregate.h"

struct report_message {
	struct slice message_id; /* with its <> */
	struct slice subject;    /* unfolded */
	struct slice octets;     /* header without To, body; lines end with CRLF; 7-bit */
};

/* now: seconds since the epoch, for the Date field.  Everything in out lives in the arena. */
MUST_CHECK enum rc report_message(struct arena *a, const struct report *r,
    const struct report_file *file, const struct report_sender *by, int64_t now,
    struct report_message *out);

#endif

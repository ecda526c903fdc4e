/*
 * handover.h - one finished message to the site's own MTA: by SMTP (RFC 5321) or by its sendmail command.
 *
 * A transaction has one recipient, so that each address has an answer of its own.  Both ways are bounded in
 * time: HANDOVER_LIMIT_MS is the longest that one call takes.  Transport security, queueing and tries at the
 * destination are the MTA's work.  Not thread-safe.
 */
#ifndef ASSAY_REPORT_HANDOVER_H
#define ASSAY_REPORT_HANDOVER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define HANDOVER_LIMIT_MS INT64_C(300000)

enum handover_result {
	HANDOVER_TAKEN,    /* the MTA is responsible for the message now */
	HANDOVER_LATER,    /* a 4yz answer about this message: the same octets again later */
	HANDOVER_REFUSED,  /* a 5yz answer about the message */
	HANDOVER_UNKNOWN,  /* a 5yz answer about the recipient: a lasting failure of that address */
	HANDOVER_STOPPED,  /* no answer about this message at all: the MTA is away, silent, or refuses us */
};

struct handover;

/* via as handover_way_parse() takes it. */
MUST_CHECK enum rc handover_open(struct slice via, struct handover **out, struct err *err);
void handover_close(struct handover **h); /* sets *h to NULL; NULL is fine */

/*
 * sender "" is the null reverse-path.  sender and recipient are addresses without <> and without white
 * space.  message: a whole one, its lines end by CRLF or by LF.  What the MTA said, octets of others, is added
 * to words.
 */
enum handover_result handover(struct handover *h, struct slice sender, struct slice recipient,
    struct slice message, struct buf *words);

#endif

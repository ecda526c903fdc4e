/*
 * messages.h - the message files that a person hands to the commands.
 */
#ifndef ASSAY_CLI_MESSAGES_H
#define ASSAY_CLI_MESSAGES_H

#include "base/buf.h"
#include "base/err.h"
#include "base/hostlist.h"
#include "mail/message.h"

/*
 * Reads a whole file, or standard input for "-" and NULL.  Returns RC_CONFIG, with an error that says what
 * the input is, if it is not a message (empty, another format, no header field at its start), or if it is
 * a mailbox and mbox is false.
 */
MUST_CHECK enum rc message_read(const char *path, bool mbox, struct buf *out, struct err *err);

/*
 * The next message of a mailbox (RFC 4155: "From " after an empty line begins one; one ">" is taken
 * off lines that begin with ">From ", in any depth) into out.  false: there is none.
 */
bool mbox_next(struct slice *rest, struct buf *out);

/*
 * Fills the members of e that are not set (an address of no family, null slices) from the header: client
 * and HELO name from the Received field of our own MTA, and the sender from its Return-Path.  Received
 * fields of our own hops (loopback, own_relays, delivery by LMTP) are skipped.  Fields below the first
 * foreign client are ignored, since the sender can forge them.  Values in e live in the arena.
 */
MUST_CHECK enum rc envelope_from_headers(struct arena *a, struct slice text, const struct hostlist *own_relays,
    struct envelope *e, struct err *err);

#endif

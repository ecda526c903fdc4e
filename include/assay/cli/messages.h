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
 * A whole file, or standard input for "-" and NULL.  What is not a message (nothing, another format,
 * text without a header field at its start) is RC_CONFIG with a message that says what it is, and so
 * is a mailbox of several, unless mbox.
 */
MUST_CHECK enum rc message_read(const char *path, bool mbox, struct buf *out, struct err *err);

/*
 * The next message of a mailbox (RFC 4155: "From " after an empty line begins one; one ">" is taken
 * off lines that begin with ">From ", in any depth) into out.  false: there is none.
 */
bool mbox_next(struct slice *rest, struct buf *out);

/*
 * The client and HELO name that our own MTA wrote into its Received field, and the sender of its
 * Return-Path, into what of e is not given yet (an address of no family, null slices).  Fields of own
 * hops above are passed over: loopback, own_relays, a delivery by LMTP.  Below the first client that
 * is another's, everything is the sender's word.  What is put into e lives in the arena.
 */
MUST_CHECK enum rc envelope_from_headers(struct arena *a, struct slice text, const struct hostlist *own_relays,
    struct envelope *e, struct err *err);

#endif

/*
 * messages.h - the message files that a person hands to the commands.
 */
#ifndef ASSAY_CLI_MESSAGES_H
#define ASSAY_CLI_MESSAGES_H

#include "base/buf.h"
#include "base/err.h"

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

#endif

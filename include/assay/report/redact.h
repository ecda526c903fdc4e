/*
 * redact.h - what a failure report shows of a message's header (RFC 6590, RFC 9991 section 7).
 *
 * The local-part of each address is replaced by a keyed hash of the address: whoever reads several reports
 * about one policy domain sees that an address is the same, and not which one it is.  The hash differs from one
 * policy domain to the next, so that readers of reports cannot join what they have.
 *
 * Fields are copied by a list of names; of those that are not in it, the name remains.  Fields with addresses are
 * reduced to the addresses, and Received to hosts, protocol and time, since names of persons are in the rest.
 * Everything that is written is printable ASCII, in lines that begin with a field name or a tab: whatever a
 * sender wrote, no line of it is a delimiter of MIME or ends the header.
 */
#ifndef ASSAY_REPORT_REDACT_H
#define ASSAY_REPORT_REDACT_H

#include "base/buf.h"
#include "mail/domain.h"
#include "mail/message.h"

struct redactor {
	struct arena *arena;         /* for what is made on the way */
	struct slice secret;         /* of the store */
	struct slice policy_domain;
};

/* "redacted-HASH@domain" of a single address; "redacted" of a text without "@"; nothing of an empty one. */
void redact_address(const struct redactor *r, struct slice address, struct buf *out);

/* Free text, in which each "@" ends a local-part; at most LIMIT_FAILURE_VALUE octets of it. */
void redact_text(const struct redactor *r, struct slice text, struct buf *out);

/* The same for what people read; the whole is omitted where a reader of mail could show an address in it. */
void redact_words(const struct redactor *r, struct slice text, struct buf *out);

/* The fields of the message, each ended by LF, up to LIMIT_FAILURE_HEADER octets. */
void redact_header(const struct redactor *r, const struct message *m, bool subject, struct buf *out);

#endif

/*
 * compose.h - the parts of a mail message that reports have in common (RFC 5322, RFC 2045).
 *
 * Lines end with CRLF.  Everything put in is ASCII without controls: our own text, domain names,
 * addresses that were checked.
 */
#ifndef ASSAY_REPORT_COMPOSE_H
#define ASSAY_REPORT_COMPOSE_H

#include <stdint.h>

#include "base/buf.h"

/* A header field; words that spaces separate may be folded between. */
void compose_field(struct buf *out, const char *name, struct slice words);

/* "Thu, 01 Jan 1970 00:00:00 +0000" (RFC 5322 section 3.3) of seconds since the epoch. */
void compose_date(struct buf *out, int64_t time);

/* Lines that end with LF, as they are. */
void compose_text(struct buf *out, struct slice lines);

/* Base64 in lines (RFC 2045 section 6.8). */
void compose_base64(struct buf *out, struct slice octets);

/* From, Date, Message-ID, Auto-Submitted (RFC 3834 section 5), MIME-Version. */
void compose_begin(struct buf *out, struct slice from, int64_t date, struct slice message_id);

#endif

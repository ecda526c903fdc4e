/*
 * canon.h - canonicalization of header fields and bodies (RFC 6376 section 3.4), as streams.
 */
#ifndef ASSAY_MAIL_CANON_H
#define ASSAY_MAIL_CANON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "mail/message.h"

enum canon { CANON_SIMPLE, CANON_RELAXED };

/* "simple", "relaxed" */
const char *canon_text(enum canon kind);

/* Where canonical octets go: a digest, a buffer, a counter. */
struct sink {
	void (*put)(void *ctx, struct slice octets);
	void *ctx;
};

/*
 * One field, CRLF at its end.  LF inside the value counts as CRLF.  without_crlf: as the field
 * that is signed last (RFC 6376 section 3.7).
 */
void canon_header(enum canon kind, const struct header *h, bool without_crlf, struct sink out);

/*
 * The same with the value of the b= tag left out (RFC 6376 section 3.5, "b="): value must be the
 * field's value and b a slice within it.
 */
void canon_header_without(enum canon kind, const struct header *h, struct slice b,
    struct sink out);

/*
 * A body in chunks cut anywhere, octets in, canonical octets out; any cut gives the same octets.
 * Bare CR and bare LF are ordinary octets to it (MTAs hand over CRLF only), unless lines of a
 * file were made CRLF by the reader.
 */
struct body_canon {
	enum canon kind;
	bool pending_cr;       /* a CR that may be half of a CRLF */
	bool pending_wsp;      /* relaxed: a WSP run that may be trailing */
	bool in_line;          /* octets of the current line were put out */
	bool any;              /* anything was put out at all */
	uint64_t blank_lines;  /* held back: dropped at the end of the body */
};

void body_canon_init(struct body_canon *c, enum canon kind);
void body_canon_feed(struct body_canon *c, struct slice chunk, struct sink out);
void body_canon_end(struct body_canon *c, struct sink out);

#endif

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
 * One field, CRLF at its end unless without_crlf.  LF inside the value counts as CRLF.
 */
void canon_header(enum canon kind, const struct header *h, bool without_crlf, struct sink out);

/*
 * The signature field itself: b, the value of its b= tag and a slice within h->value, is left out
 * with all the white space around it, and no CRLF follows (RFC 6376 section 3.7).
 */
void canon_header_without(enum canon kind, const struct header *h, struct slice b,
    struct sink out);

/*
 * A body in chunks cut anywhere, octets in, canonical octets out; any cut gives the same octets.
 * Bare CR and bare LF are ordinary octets (MTAs hand over CRLF, and so does the reader of files).
 * Stretches that need no change are passed on as one slice of the chunk, however many lines long.
 */
struct body_canon {
	enum canon kind;
	bool pending_cr;    /* a CR that may be half of a CRLF */
	bool pending_wsp;   /* relaxed: a WSP run that may be trailing */
	bool any;           /* octets were put out */
	uint64_t line_ends; /* CRLFs held back until an octet follows them: a count, never memory */
};

void body_canon_init(struct body_canon *c, enum canon kind);
void body_canon_feed(struct body_canon *c, struct slice chunk, struct sink out);
void body_canon_end(struct body_canon *c, struct sink out);

#endif

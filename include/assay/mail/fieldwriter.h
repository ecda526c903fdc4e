/*
 * fieldwriter.h - the one writer of header fields: words on lines of fewer than 78 columns.
 *
 * RFC 5322 section 2.1.1 asks for lines of at most 78 characters.  A word that is longer has a
 * line of its own; words are never cut, so the caller must limit their length.  Octets are written as
 * they come: the caller has made them safe for the place where they go.
 */
#ifndef ASSAY_MAIL_FIELDWRITER_H
#define ASSAY_MAIL_FIELDWRITER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/slice.h"

struct field_writer {
	struct buf value; /* begins with a space; a fold is LF + HTAB, as libmilter takes it */
	size_t column;    /* where the next octet goes */
};

#define FIELD_WRITER_INIT { .value = BUF_INIT(LIMIT_HEADER_VALUE) }

/* The columns before the value: the name and its colon, which the MTA writes. */
void field_begin(struct field_writer *w, struct slice name);

/* What must stay together, after a space, or after a fold where the line would get too long. */
void field_word(struct field_writer *w, struct slice word);

/* The words of text that spaces separate. */
void field_words(struct field_writer *w, struct slice text);

/* As field_word(), but joined to what it follows on the same line. */
void field_part(struct field_writer *w, struct slice part);

/* Octets that may be separated anywhere, such as base64. */
void field_octets(struct field_writer *w, struct slice octets);

/* A ";" or the like: always on the line of what it follows. */
void field_separator(struct field_writer *w, char c);

/* The next word begins a line; nothing when it does so already. */
void field_fold(struct field_writer *w);

/*
 * Moves the value into the arena and frees the writer.  The null slice: the ceiling was reached or
 * memory was short, and the arena is marked as failed.
 */
struct slice field_end(struct field_writer *w, struct arena *a);

void field_free(struct field_writer *w); /* instead of field_end(); both may follow it */

#endif

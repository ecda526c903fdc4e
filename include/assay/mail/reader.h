/*
 * reader.h - a message in a file, as if an MTA had handed it over.
 *
 * Every LF ends a line, with or without a CR before it, so files of either kind and mixed ones are
 * understood; a CR elsewhere is an octet like any other.  Header lines end at the first empty line
 * or, as in Postfix, at the first line that is not a header field (that line then begins the
 * body).  An mbox separator ("From " and no field) as the very first line is skipped.
 */
#ifndef ASSAY_MAIL_READER_H
#define ASSAY_MAIL_READER_H

#include "base/slice.h"
#include "mail/canon.h"
#include "mail/message.h"

/* Adds every field of text to m; returns where the body begins in text. */
struct slice read_headers(struct message *m, struct slice text);

/* Passes the body on, every line end as CRLF; text was what read_headers() returned. */
void read_body(struct slice text, struct sink out);

#endif

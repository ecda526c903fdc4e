/*
 * cfws.h - lexical tokens of structured fields (RFC 5322 section 3.2).
 *
 * As lenient as obsolete syntax: any 8-bit octet passes for UTF-8, any octet may be quoted, folds
 * need no CRLF.
 */
#ifndef ASSAY_MAIL_CFWS_H
#define ASSAY_MAIL_CFWS_H

#include <stdbool.h>

#include "base/cursor.h"

/* Nested at most LIMIT_COMMENT_DEPTH deep. */
bool take_comment(struct cursor *c);

/* [CFWS].  It stops before a comment that does not end, which no other production accepts. */
void skip_cfws(struct cursor *c);

/* quoted-string without the CFWS around it. */
bool take_quoted_string(struct cursor *c);

#endif

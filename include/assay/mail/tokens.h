/*
 * tokens.h - lexical tokens of header fields (RFC 5322 section 3.2), for every parser of them.
 *
 * As lenient as obsolete syntax: any 8-bit octet passes for UTF-8, any octet may be quoted, folds
 * need no CRLF.
 */
#ifndef ASSAY_MAIL_TOKENS_H
#define ASSAY_MAIL_TOKENS_H

#include <stdbool.h>

#include "base/cursor.h"

/* atext, with the UTF-8 of RFC 6532 section 3.2 */
bool is_atext_utf8(char c);

/* dot-atom-text in ASCII, and nothing else. */
bool is_dot_atom(struct slice s);

/* field-name = 1*ftext (RFC 5322 section 3.6.8): what a header field may be called. */
bool is_ftext(char c);
bool field_name_valid(struct slice name);

/* Nested at most LIMIT_COMMENT_DEPTH deep. */
bool take_comment(struct cursor *c);

/* [CFWS].  It stops before a comment that does not end, which no other production accepts. */
void skip_cfws(struct cursor *c);

/* quoted-string without the CFWS around it. */
bool take_quoted_string(struct cursor *c);

/*
 * Do two local-parts name one mailbox?  Letter case and quoting make no difference (RFC 5321 section
 * 4.1.2: a quoted form is the same as the one without quotes; a quoted-pair is its octet).
 */
bool local_part_eq(struct slice x, struct slice y);

/* domain-literal (RFC 5322 section 3.4.1), quoted-pairs excepted */
bool take_domain_literal(struct cursor *c);

/*
 * The source route before an address and its ":", which is parsed and ignored: obs-route of header
 * fields (RFC 5322 section 4.4), of which A-d-l of SMTP paths (RFC 5321 section 4.1.2) is a part.
 */
bool take_route(struct cursor *c);

#endif

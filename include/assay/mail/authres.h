/*
 * authres.h - Authentication-Results (RFC 8601): written by us, recognised when others wrote it.
 *
 * Fields of others are read only as far as their authserv-id, and never believed.
 */
#ifndef ASSAY_MAIL_AUTHRES_H
#define ASSAY_MAIL_AUTHRES_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/result.h"
#include "base/slice.h"
#include "mail/fieldwriter.h"

#define AUTHRES_NAME SLICE("Authentication-Results")

/*
 * Whose field is it?  The authserv-id, unquoted and stripped of CFWS, is put into out; false when
 * the field cannot be parsed far enough to know (RFC 8601 section 2.2: [CFWS] authserv-id [CFWS
 * authres-version] and then ";" or the end).  Any version is taken.  An id with controls or white
 * space in it is nobody's.
 */
bool authres_authserv_id(struct slice value, struct buf *out);

/*
 * A field under construction; text in it is safe whatever the sender wrote.  A property, reason or
 * comment is at most 512 octets as written: a longer one is cut, quoted, and ends with "...".  Once
 * half of LIMIT_HEADER_VALUE is filled they are left out, so that every result has its place.
 */
struct authres {
	struct field_writer field;
	size_t results;
	bool bare; /* comments are left out */
};

#define AUTHRES_INIT { .field = FIELD_WRITER_INIT }

void authres_begin(struct authres *ar, struct slice authserv_id);
void authres_result(struct authres *ar, const char *method, enum auth_result result);

/* reason= as a quoted-string; only text of ours (static tables, numbers). */
void authres_reason(struct authres *ar, struct slice text);

/* A comment behind the result; folded at its spaces; only text of ours. */
void authres_comment(struct authres *ar, struct slice text);

/*
 * ptype.property=value.  The value may be remote: it is written as it is where it consists of
 * tokens in ASCII ("a.b", "a@b.c", "@b.c"), else as a quoted-string; octets that no quoted-string
 * may have are dropped (RFC 8601 section 7.8).  A value that is empty then leaves the property out.
 */
void authres_property(struct authres *ar, const char *ptype, const char *property,
    struct slice value);

/*
 * "; none" when no result was added.  The value stays in ar->field.value until authres_free(); it
 * must not be used when buf_failed() of it (out of memory).
 */
void authres_end(struct authres *ar);
void authres_free(struct authres *ar);

#endif

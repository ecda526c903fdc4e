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
 * space in it matches no site.
 */
bool authres_authserv_id(struct slice value, struct buf *out);

/*
 * A field under construction.  Whatever the sender wrote, it is printable ASCII, folded, and says
 * to every reader what we meant; text of the sender is in it only where this header says so.  A
 * reason or comment is at most 512 octets as written: a longer one is cut and ends with "...".
 * Once half of LIMIT_HEADER_VALUE is filled, reasons, comments and properties are left out.
 */
struct authres {
	struct field_writer field;
	size_t results;
	bool bare; /* comments are left out */
};

#define AUTHRES_INIT { .field = FIELD_WRITER_INIT }

/* The id is ours; a U-label has been converted by the caller. */
void authres_begin(struct authres *ar, struct slice authserv_id);
void authres_result(struct authres *ar, const char *method, enum auth_result result);

/*
 * reason= as a quoted-string.  A few words of it may be the sender's: octets other than printable
 * ASCII become "?", and "=" before the name of a result becomes ":".
 */
void authres_reason(struct authres *ar, struct slice text);

/* A comment that follows the result, folded at its spaces; only text of ours. */
void authres_comment(struct authres *ar, struct slice text);

/* What properties there are; each has its grammar (RFC 8601 sections 2.7.1 and 2.7.2). */
enum authres_property {
	AUTHRES_SMTP_MAILFROM, /* domain names */
	AUTHRES_SMTP_HELO,
	AUTHRES_HEADER_FROM,
	AUTHRES_HEADER_D,
	AUTHRES_HEADER_I, /* [ local-part ] "@" domain, the local-part being atoms and dots */
	AUTHRES_HEADER_S, /* selector */
	AUTHRES_HEADER_A, /* keyword */
	AUTHRES_HEADER_B, /* base64 */
	AUTHRES_POLICY_DMARC, /* keyword */
	AUTHRES_SMTP_REMOTE_IP, /* RFC 8617 section 10.2: an address */
	AUTHRES_HEADER_OLDEST_PASS, /* a number */
};

/* A value that is not what the property's grammar says, too long or empty, leaves it out. */
void authres_property(struct authres *ar, enum authres_property property, struct slice value);

/*
 * "; none" when no result was added.  The value stays in ar->field.value until authres_free(); it
 * must not be used when buf_failed() of it (out of memory).
 */
void authres_end(struct authres *ar);
void authres_free(struct authres *ar);

#endif

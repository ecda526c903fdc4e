/*
 * sign.h - DKIM signing (RFC 6376 section 5, RFC 8301, RFC 8463).
 *
 * Which fields are covered: dkim/fields.h.  There never is an l=.
 */
#ifndef ASSAY_DKIM_SIGN_H
#define ASSAY_DKIM_SIGN_H

#include "dkim/bodyhash.h"
#include "dkim/fields.h"
#include "mail/message.h"

/* Is "local@domain" or "@domain" a possible i= for this d=? (RFC 6376 section 3.5) */
bool dkim_sign_identity_ok(struct arena *a, struct slice identity, struct slice domain);

struct dkim_sign_params {
	struct slice domain;     /* d=, A- or U-labels; the message decides which are written */
	struct slice selector;   /* s=, alike */
	struct slice identity;   /* i=; null, or one that is not within d=: left out */
	const struct private_key *key;
	enum canon header_canon, body_canon;
	int64_t expire_after;    /* seconds: x= is t= plus this; 0: no x= */
	const struct sign_header_set *fields; /* NULL: the defaults */
};

/* Why a message cannot be signed; dkim_sign_why_text() is a text for people. */
enum dkim_sign_why {
	DKIM_SIGN_GOOD,
	DKIM_SIGN_NO_FROM,         /* RFC 6376 section 5.4 */
	DKIM_SIGN_TOO_MANY_FIELDS, /* more than LIMIT_SIGNED_FIELDS names in h= */
	DKIM_SIGN_TOO_LARGE,       /* beyond LIMIT_HEADER_VALUE */
	DKIM_SIGN_NAME,            /* domain or selector is not a name */
	DKIM_SIGN_KEY,             /* the key is damaged: its first signature did not verify */
};
const char *dkim_sign_why_text(enum dkim_sign_why why);

struct dkim_signed {
	enum dkim_sign_why why;
	struct field_list fields; /* with DKIM_SIGN_GOOD: what to insert at the top, in that order */
};

struct dkim_signer; /* one signature of one message; the arena's */

/*
 * Before the first body octet; fields added to m until dkim_signer_end() are not yet looked at.
 * What params points to is borrowed until then.  NULL: out of memory or body hash slots.
 */
struct dkim_signer *dkim_signer_new(const struct message *m, const struct dkim_sign_params *params,
    struct bodyhashes *set);

/*
 * After bodyhashes_end(): the field, folded with LF + HTAB, its value beginning with a space; or why
 * the message must go out without.  RC_NOMEM only.
 *
 * U-labels are written in an internationalised message only: one that came with SMTPUTF8 and has a
 * field that is not ASCII (RFC 8616 section 5); all other mail must be able to travel as ASCII.
 */
MUST_CHECK enum rc dkim_signer_end(struct dkim_signer *s, int64_t now, struct dkim_signed *out);

#endif

/*
 * sign.h - DKIM signing (RFC 6376 section 5, RFC 8301, RFC 8463).
 *
 * A signature covers the fields that a reader sees or software acts upon.  Those that a message has
 * once at most are named once more than they occur, present or not, so that none can be added
 * (section 5.4); Date and Message-ID only when present, as Sendmail adds them behind its milters.
 * From always is.  There never is an l=.
 */
#ifndef ASSAY_DKIM_SIGN_H
#define ASSAY_DKIM_SIGN_H

#include "dkim/bodyhash.h"
#include "mail/message.h"

/* Changes to the default field set: "+Name" signs and oversigns more, "-Name" leaves one out. */
struct sign_header_set {
	struct slice *add;
	size_t add_count;
	struct slice *remove;
	size_t remove_count;
};

/*
 * Why "+Name" (or, removing, "-Name") is impossible: a text that follows the name, such as "is
 * changed in transit and cannot be signed"; NULL when it is possible.  Impossible ones that a set
 * has all the same are without effect.
 */
const char *dkim_sign_field_error(struct slice name, bool removing);

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

struct dkim_signer; /* one signature of one message; the arena's */

/*
 * Before the first body octet; fields added to m until dkim_signer_end() are not yet looked at.
 * What params points to is borrowed until then.  NULL: out of memory or body hash slots.
 */
struct dkim_signer *dkim_signer_new(struct message *m, const struct dkim_sign_params *params,
    struct bodyhashes *set);

/*
 * After bodyhashes_end(): the value of the DKIM-Signature field to insert at the top, folded with
 * LF + HTAB, beginning with a space.  RC_LIMIT: the message has no From field (RFC 6376 section
 * 5.4), or so many fields that the signature would not fit into one, and must not be signed.
 * RC_CONFIG: domain or selector is none.
 *
 * U-labels are written in an internationalised message only: one that came with SMTPUTF8 and has a
 * field that is not ASCII (RFC 8616 section 5); all other mail must be able to travel as ASCII.
 */
MUST_CHECK enum rc dkim_signer_end(struct dkim_signer *s, int64_t now, struct slice *value_out);

#endif

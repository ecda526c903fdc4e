/*
 * sign.h - DKIM signing (RFC 6376 section 5, RFC 8301, RFC 8463).
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

struct dkim_sign_params {
	struct slice domain;     /* d=, A-label or U-label as it is to be written */
	struct slice selector;   /* s= */
	struct slice identity;   /* i=; null: left out */
	const struct private_key *key;
	enum canon header_canon, body_canon;
	int64_t expire_after;    /* seconds: x= is t= plus this; 0: no x= */
	const struct sign_header_set *fields; /* NULL: the defaults */
};

struct dkim_signer; /* one signature of one message; the arena's */

/*
 * Before the first body octet; fields added to m until dkim_signer_end() are not yet looked at.
 * NULL: out of memory or body hash slots.
 */
struct dkim_signer *dkim_signer_new(struct message *m, const struct dkim_sign_params *params,
    struct bodyhashes *set);

/*
 * After bodyhashes_end(): the value of the DKIM-Signature field to insert at the top, folded with
 * LF + HTAB, beginning with a space.  RC_LIMIT: the message has no From field (RFC 6376 section
 * 5.4) and must not be signed.
 */
MUST_CHECK enum rc dkim_signer_end(struct dkim_signer *s, int64_t now, struct slice *value_out);

#endif

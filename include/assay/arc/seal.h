/*
 * seal.h - adds an ARC Set to a message that goes on (RFC 8617 section 5.1).
 *
 * What the set says of the message is the verdict of this site, handed in as the text of its
 * Authentication-Results; what it says of the chain is what the verifier found.  A chain that does
 * not verify is marked: the new seal has cv=fail and covers its own set only (section 5.1.2).
 */
#ifndef ASSAY_ARC_SEAL_H
#define ASSAY_ARC_SEAL_H

#include "arc/verify.h"
#include "dkim/sign.h"

struct arc_seal_params {
	struct slice domain, selector; /* d= and s= of both signatures, A- or U-labels */
	const struct private_key *key;
};

/* Why no set was added; arc_unsealed_text() is a text for people. */
enum arc_unsealed {
	ARC_SEALED,
	ARC_UNSEALED_BROKEN,   /* the newest seal says cv=fail already (section 5.1 step 2) */
	ARC_UNSEALED_FULL,     /* there are LIMIT_ARC_SETS already (section 4.2.1) */
	ARC_UNSEALED_UNSIGNED, /* see sign_why */
	ARC_UNSEALED_NOT_BUILT,
};
const char *arc_unsealed_text(enum arc_unsealed why);

struct arc_sealed {
	enum arc_unsealed why;
	enum dkim_sign_why sign_why;
	struct field_list fields; /* to be inserted at the top one after the other: results, message
	                             signature, seal (section 5.1 step 4) */
};

struct arc_sealer; /* of one message; the arena's */

/*
 * Before the first body octet.  m, borrowed, is the message as it goes on, in the header fields that
 * are signed.  NULL: out of memory or body hash slots.
 */
struct arc_sealer *arc_sealer_new(const struct message *m, const struct arc_seal_params *params,
    struct bodyhashes *set);

/*
 * After bodyhashes_end() and all other changes.  chain is the verifier's finding of the same
 * message, results the value of an Authentication-Results field without its first space:
 * "authserv-id; spf=pass ...", folds included.  now: seconds since the epoch.  RC_NOMEM only.
 */
MUST_CHECK enum rc arc_sealer_end(struct arc_sealer *s, const struct arc_result *chain,
    struct slice results, int64_t now, struct arc_sealed *out);

#endif

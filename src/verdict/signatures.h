/*
 * signatures.h - the signer's role: which keys sign a message, chosen when its header is complete,
 * and the fields that they make when its body has gone by.  Used by transaction.c.
 */
#ifndef ASSAY_VERDICT_SIGNATURES_H
#define ASSAY_VERDICT_SIGNATURES_H

#include "verdict/verdict.h"

struct signatures {
	struct dkim_signer **signers; /* parallel to made */
	struct signed_by *made;       /* until signatures_end(): to be made */
	size_t count;
	enum signing_why why;         /* of the last one that was not made; SIGNING_DONE: none */
	struct slice reason;          /* the same in words for the log; null with SIGNING_DONE */
};

/*
 * m as the receiver will see it (RFC 6376 section 5.3): without what is taken away from it.  It is
 * borrowed until signatures_end(), as are the keys.  authenticated: it came from a login.
 */
MUST_CHECK enum rc signatures_begin(const struct verdict_policy *p, struct keystore *keys,
    struct message *m, const struct authors *authors, bool authenticated,
    struct bodyhashes *bodies, int64_t now_ms, struct signatures *out);

/* After bodyhashes_end(): one DKIM-Signature field each, added to the edits. */
MUST_CHECK enum rc signatures_end(struct signatures *s, struct arena *a, int64_t now,
    struct actions *actions);

#endif

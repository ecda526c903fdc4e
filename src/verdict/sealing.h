/*
 * sealing.h - the sealer's role: whether a message that is judged and goes on gets an ARC set of ours
 * (RFC 8617 section 5.1), begun when its header is complete.  Used by transaction.c.
 */
#ifndef ASSAY_VERDICT_SEALING_H
#define ASSAY_VERDICT_SEALING_H

#include "arc/seal.h"
#include "signing/keystore.h"
#include "verdict/verdict.h"

struct sealing {
	struct arc_sealer *sealer; /* NULL: the message is not to be sealed */
	struct sealed_by made;     /* until sealing_end(): to be made, its instance 0 */
	struct slice reason;       /* why a message that was to be sealed is not; or null */
};

/*
 * By the settings of p->arc.  m as the receiver will see it, borrowed until sealing_end(), as is the
 * key.  RC_NOMEM only: a missing key is a reason.
 */
MUST_CHECK enum rc sealing_begin(const struct verdict_policy *p, struct keystore *keys,
    const struct message *m, struct bodyhashes *bodies, int64_t now_ms, struct sealing *out);

/* After all other edits.  A message that is refused or deferred does not go on, and gets no set. */
MUST_CHECK enum rc sealing_end(struct sealing *s, struct arena *a, struct slice authserv_id,
    const struct verdict *v, int64_t now, struct actions *actions);

#endif

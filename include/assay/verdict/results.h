/*
 * results.h - the header edits: forged Authentication-Results removed, ours written, Received-SPF,
 * the quarantine field.
 */
#ifndef ASSAY_VERDICT_RESULTS_H
#define ASSAY_VERDICT_RESULTS_H

#include "verdict/verdict.h"

/*
 * Deletions: every Authentication-Results that carries authserv_id or one of remove-authserv-ids
 * (A-labels and U-labels compared alike), or that cannot be parsed far enough to know; and incoming
 * copies of the quarantine field.  From the highest index down, without a limit on their number.
 */
MUST_CHECK enum rc results_remove_forged(struct arena *a, const struct policy *p,
    struct slice authserv_id, const struct message *m, struct actions *actions);

/* One Authentication-Results with all methods, at index 0 (inserted last); Received-SPF by setting. */
MUST_CHECK enum rc results_write(struct arena *a, const struct policy *p,
    struct slice authserv_id, const struct message *m, const struct verdict *v,
    struct actions *actions);

#endif

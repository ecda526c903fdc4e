/*
 * results.h - the header edits: forged Authentication-Results removed, ours written, Received-SPF,
 * the quarantine field.  Under `enforce = observe` nothing is touched.
 */
#ifndef ASSAY_VERDICT_RESULTS_H
#define ASSAY_VERDICT_RESULTS_H

#include "verdict/verdict.h"

/*
 * What is taken away: every Authentication-Results that carries authserv_id or one of
 * remove-authserv-ids (A-labels and U-labels compared alike), or that cannot be parsed far enough to
 * know; and incoming copies of the quarantine field.
 */
MUST_CHECK enum rc results_find_forged(struct arena *a, const struct verdict_policy *p,
    struct slice authserv_id, const struct message *m, struct field_set *out);

/* The deletions of such a set: from the highest index of a name down. */
MUST_CHECK enum rc results_remove(struct arena *a, const struct verdict_policy *p,
    const struct message *m, const struct field_set *set, struct actions *actions);

/*
 * By the setting: the quarantine field, or hold; nothing for other actions.  results_write() calls
 * it.
 */
MUST_CHECK enum rc results_quarantine(struct arena *a, const struct verdict_policy *p,
    struct actions *actions);

/* Each of them at the top, so that the last is uppermost. */
MUST_CHECK enum rc results_insert_fields(struct arena *a, const struct field_list *fields,
    struct actions *actions);

/*
 * The same results for an ARC-Authentication-Results field (RFC 8617 section 4.1.1), without comments, on
 * which receivers were seen to break: "authserv-id; spf=pass ...".  The null slice: out of memory.
 */
struct slice results_for_seal(struct arena *a, struct slice authserv_id, const struct verdict *v,
    const struct actions *actions);

/* One Authentication-Results with all methods, at the top (inserted last); Received-SPF by setting. */
MUST_CHECK enum rc results_write(struct arena *a, const struct verdict_policy *p,
    struct slice authserv_id, const struct verdict *v, struct actions *actions);

#endif

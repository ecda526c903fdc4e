/*
 * decide.h - one pure function from (verdict, policy, marks of an indirect flow) to actions.
 *
 * Nothing here asks the DNS or a clock.  Every departure from the published policy is recorded
 * as an override.
 */
#ifndef ASSAY_VERDICT_DECIDE_H
#define ASSAY_VERDICT_DECIDE_H

#include "verdict/verdict.h"

/* What the header shows of an indirect flow (List-Id, List-Post, Mailing-List, resent fields, ARC set). */
struct indirect_marks {
	bool list, resent, arc;
};
void indirect_marks(const struct message *m, struct indirect_marks *out);

/*
 * Fills action, would, why, reply, hold, disposition and overrides of out; the edits are made by
 * verdict/results.h.
 */
MUST_CHECK enum rc decide(struct arena *a, const struct policy *p, enum message_class class,
    const struct message *m, const struct verdict *v, struct actions *out);

#endif

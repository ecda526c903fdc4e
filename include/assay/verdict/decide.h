/*
 * decide.h - one pure function from (verdict, policy, marks of an indirect flow) to actions.
 *
 * Nothing here asks the DNS or a clock.  Every departure from the published policy is recorded
 * as an override.
 */
#ifndef ASSAY_VERDICT_DECIDE_H
#define ASSAY_VERDICT_DECIDE_H

#include "verdict/verdict.h"

/*
 * What the header shows of an indirect flow: List-Id with an identifier, List-Post or Mailing-List with
 * an address; a Resent- field with an address; an ARC set whose three fields parse and have one i=.
 */
struct indirect_marks {
	bool list, resent, arc;
};
/* arc: the shape of its chain.  An ARC set is three fields with the same i= that can be read. */
void indirect_marks(const struct message *m, const struct arc_chain *arc, struct indirect_marks *out);

/*
 * Fills action, would, why, reply, disposition and overrides of out; the edits and hold are made by
 * verdict/results.h.  class must be one that judges.  RC_NOMEM only.
 *
 * The rules, in the order in which they are applied to mail that fails DMARC:
 *   1. a section for the author's domain, also under p=none; else what the domain publishes (after
 *      sp, np, t), by the settings on-policy-...: under p=reject, an indirect flow or a client in
 *      forwarders meets `indirect` instead
 *   2. sections for recipients, of which the strictest counts
 *   3. mail of an own relay without SPF: nothing
 *   4. where nothing may be refused (class, never-refuse lists), reject becomes quarantine and
 *      tempfail accept
 * Trouble with the From field, SPF and DKIM by themselves have settings of their own, those of SPF and
 * DKIM in recipients' sections as well; the strictest of all wins.
 */
MUST_CHECK enum rc decide(struct arena *a, const struct verdict_policy *p, enum message_class class,
    const struct message *m, const struct verdict *v, struct actions *out);

#endif

/*
 * exempt.h - mail that the operator treats differently: sections of author domains and of recipients, and
 * the lists of those who are never refused, or not signed for.  Used by demand_dmarc.c, demand_check.c and
 * signatures.c.
 */
#ifndef ASSAY_VERDICT_EXEMPT_H
#define ASSAY_VERDICT_EXEMPT_H

#include "verdict/verdict.h"

/* The section with the most labels that author is at or below; NULL: none. */
const struct policy_section *exempt_section(const struct verdict_policy *p, struct domain author);

/*
 * Recipients' sections: what is done on that occasion to mail that would meet `wish`.  One message has one answer, the
 * strictest of its recipients'; a recipient without a section counts with `wish` itself, and so does
 * a list of recipients that is not known or not whole.  *pattern_out names the section that decided,
 * or is the null slice.
 */
enum action exempt_recipients(struct arena *a, const struct verdict_policy *p, const struct message *m,
    enum occasion on, enum action wish, struct slice *pattern_out);

/* Does an entry of the list ("user@domain", "user@", "domain", "@domain") mean that recipient? */
bool exempt_recipient_listed(struct arena *a, const struct slice_list *list, struct slice address);

/* The last recipient's entry when every recipient of m has one in the list; else NULL. */
const struct slice *exempt_every_recipient(struct arena *a, const struct slice_list *list,
    const struct message *m);

/*
 * Why this message is never refused, in words for the log: every recipient is exempt, or every author.
 * The null slice: it may be refused.
 */
struct slice exempt_from_refusal(struct arena *a, const struct verdict_policy *p, const struct message *m,
    const struct authors *authors);

#endif

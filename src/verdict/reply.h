/*
 * reply.h - how a refusal is worded: code, enhanced status code (RFC 3463, RFC 7372) and text.
 *
 * The text is the arena's; remote names in it are escaped.  What it may become on the wire: verdict/verdict.h.
 */
#ifndef ASSAY_VERDICT_REPLY_H
#define ASSAY_VERDICT_REPLY_H

#include "demand.h"

/* The refusal of a message (action REJECT or TEMPFAIL). */
struct reply reply_for(struct arena *a, const struct verdict_policy *p, const struct message *m,
    const struct verdict *v, const struct demand *d);

/* The refusal at a ceiling: what was reached, and its size. */
struct reply reply_exceeded(struct arena *a, const struct verdict_policy *p, const struct message *m);

#endif

/*
 * demand.h - what one finding asks to be done with a message, and how a refusal for it is worded.
 * Used by decide.c (which makes demands) and reply.c (which words them).
 */
#ifndef ASSAY_VERDICT_DEMAND_H
#define ASSAY_VERDICT_DEMAND_H

#include "verdict/verdict.h"

enum demand_kind {
	DEMAND_NOTHING,
	DEMAND_DMARC_FAIL,
	DEMAND_DMARC_POLICY_UNKNOWN,
	DEMAND_DMARC_UNDECIDED, /* an aligned candidate is temperror */
	DEMAND_FROM,            /* the author domain cannot be determined */
	DEMAND_HEADER,          /* a field that is missing or doubled */
	DEMAND_SPF,
	DEMAND_HELO,
	DEMAND_DKIM_TEMPERROR,
	DEMAND_DKIM_NONE,
	DEMAND_DKIM_FAIL,       /* nothing that passes is aligned */
	DEMAND_LOCAL_TROUBLE,   /* our own resolver does not work */
	DEMAND_COUNT
};

struct demand {
	enum demand_kind kind;
	enum action action;
	struct slice why; /* reason for the log; null: none */

	/* DMARC only */
	const struct dmarc_author_result *author;
	enum action asked;               /* what the published policy asks for */
	struct override override;        /* the reason when action is not asked */
};

/* The refusal of a message (action REJECT or TEMPFAIL). The text is the arena's. */
struct reply reply_for(struct arena *a, const struct verdict_policy *p, const struct message *m,
    const struct verdict *v, const struct demand *d);

/* The refusal at a ceiling: what was reached, and its size. */
struct reply reply_exceeded(struct arena *a, const struct verdict_policy *p, const struct message *m);

#endif

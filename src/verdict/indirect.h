/*
 * indirect.h - does a message that fails DMARC show that a list or a forwarder sent it on?  Used by demand_dmarc.c.
 *
 * Marks alone prove nothing, for a sender writes them at will.  Marks together with another domain
 * that answers for the message (SPF or DKIM pass) make it worth a look instead of a refusal.
 */
#ifndef ASSAY_VERDICT_INDIRECT_H
#define ASSAY_VERDICT_INDIRECT_H

#include "verdict/decide.h"

/* *how_out: words for the log and the override, when true. */
bool indirect_flow(struct arena *a, const struct verdict *v, const struct indirect_marks *marks,
    const struct dmarc_author_result *author, struct slice *how_out);

#endif

/*
 * lookahead.h - starts the questions that a check will need before it needs them.
 *
 * As each record arrives, the names of its terms are started together, by hooks in the resolver's
 * thread, so that a check lasts about as many round trips as its includes are deep.  Nothing is
 * decided here: terms and void look-ups are counted by the check, in the RFC's order.
 *
 * Bounded like the check itself: ten terms and LIMIT_SPF_AHEAD questions, whatever the zones hold.
 */
#ifndef ASSAY_SPF_LOOKAHEAD_H
#define ASSAY_SPF_LOOKAHEAD_H

#include "dns/lookups.h"
#include "spf/macro.h"

/* Copies what it keeps; values->validated is not used. */
void spf_ahead(struct lookups *l, enum lookup_purpose purpose, const struct spf_values *values,
    struct slice domain);

#endif

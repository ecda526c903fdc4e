/*
 * demand_dmarc.h - what DMARC asks to be done with a message: the published policy (RFC 9989 section 7.4), what
 * the operator makes of it, and sealers that are trusted by name (RFC 8617 section 7.2.1).
 *
 * The rules and their order are those of verdict/decide.h.
 */
#ifndef ASSAY_VERDICT_DEMAND_DMARC_H
#define ASSAY_VERDICT_DEMAND_DMARC_H

#include "demand.h"

/* RFC 9989 section 11.5: several authors, the strictest wins; at a tie, the one deciding there. */
struct demand demand_of_dmarc(const struct bench *b);

/* Would anything but acceptance be wished for if mail failed for this author? */
bool demand_dmarc_has_consequence(const struct bench *b, const struct dmarc_author_result *author);

#endif

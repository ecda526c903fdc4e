/*
 * align.h - identifier alignment (RFC 9989 section 4.4), one function, tested as a table.
 *
 *     identifier                                 strict      relaxed
 *     the author domain                          aligned     aligned, without a look-up
 *     not at or below the author's org. domain   unaligned   unaligned, without a look-up
 *     another, its org. domain is the author's   unaligned   aligned
 *     another, its org. domain is another        unaligned   unaligned
 *     another, one of the two is not known       unaligned   unknown, unless no name above both
 *                                                            can be both
 *
 * An organizational domain is the name itself or above it, so the second row loses nothing; it
 * keeps names that a stranger chose, and trouble that he can make, out of the result.  While the
 * author's organizational domain is not known, the highest possible one is used instead.
 */
#ifndef ASSAY_DMARC_ALIGN_H
#define ASSAY_DMARC_ALIGN_H

#include "dmarc/discover.h"

enum dmarc_alignment {
	DMARC_UNALIGNED,
	DMARC_ALIGNED,
	DMARC_ALIGNMENT_UNKNOWN, /* DNS trouble on one of the walks */
};

/*
 * Starts the walk of an identifier where dmarc_align() could need it for one of the authors,
 * whatever their records say: they have more than a public suffix in common.  For look-ahead, when
 * the header is complete; what is not started here is started when it is needed.
 */
void dmarc_start_identifier(struct lookups *l, enum dmarc_discovery method,
    const struct domain *authors, size_t author_count, struct domain identifier);

/* Would dmarc_align() walk the tree for this identifier?  Then dmarc_start() pays off. */
bool dmarc_align_asks(const struct dmarc_policy_discovery *author, enum dmarc_alignment_mode mode,
    struct domain identifier);

MUST_CHECK enum rc dmarc_align(struct arena *a, struct lookups *l,
    const struct dmarc_policy_discovery *author, enum dmarc_alignment_mode mode, struct domain identifier,
    enum dmarc_alignment *out);

#endif

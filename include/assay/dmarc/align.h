/*
 * align.h - identifier alignment (RFC 9989 section 4.4), one function, tested as a table.
 */
#ifndef ASSAY_DMARC_ALIGN_H
#define ASSAY_DMARC_ALIGN_H

#include "dmarc/discover.h"

enum alignment { UNALIGNED, ALIGNED, ALIGNMENT_UNKNOWN /* DNS trouble on the identifier's walk */ };

MUST_CHECK enum rc dmarc_align(struct arena *a, struct lookups *l,
    const struct policy_discovery *author, enum dmarc_alignment mode, struct domain identifier,
    enum alignment *out);

#endif

/*
 * domain.h - the one validating domain type, at every entry.
 *
 * A struct domain holds a host-name-like DNS name in the only form in which names are compared
 * and asked for: A-labels, lower case, no trailing dot, labels of 1 to 63 octets of letters,
 * digits, "-" and "_", at most 253 octets in all.  U-labels are converted (IDNA2008 by libidn2,
 * RFC 9989 section 5.3.1, RFC 8616).  Nothing else is ever a domain: no parenthesis, no NUL.  Names
 * of digits only ("192.0.2.1") are names to the DNS: who needs a registered domain asks further.
 */
#ifndef ASSAY_MAIL_DOMAIN_H
#define ASSAY_MAIL_DOMAIN_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"

struct domain {
	struct slice name; /* lives in the arena it was parsed with; empty: no domain */
};

#define DOMAIN_NONE ((struct domain){ SLICE_NULL })

/* false: not a domain (out stays untouched) or out of memory (the arena's mark is set). */
bool domain_parse(struct arena *a, struct slice text, struct domain *out);

static inline bool domain_is_none(struct domain d)
{
	return d.name.len == 0;
}

bool domain_eq(struct domain a, struct domain b);

/* child equals parent or is below it, compared label by label. */
bool domain_is_at_or_below(struct domain child, struct domain parent);

unsigned domain_labels(struct domain d);                /* number of labels; 0 for none */
struct domain domain_parent(struct domain d);           /* without the first label; or none */
struct domain domain_last(struct domain d, unsigned n); /* the n rightmost labels; all when fewer */

/* U-label form for people where every label converts back to the same A-label; else d's own. */
struct slice domain_unicode(struct arena *a, struct domain d);

#endif

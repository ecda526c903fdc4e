/*
 * cost.h - how many of the ten look-ups (RFC 7208 section 4.6.4) a published record may use.
 *
 * It prices published records for `assay check`; no check of a message uses it.  It counts as if no
 * mechanism matched: what the least fortunate client costs.  Targets that depend on the message
 * (macros other than %{d} and %{o}) are counted, but cannot be followed.
 */
#ifndef ASSAY_SPF_COST_H
#define ASSAY_SPF_COST_H

#include "spf/spf.h"

struct spf_cost_line {
	unsigned depth;      /* 0: the domain's own record */
	struct slice term;   /* the include or redirect that leads here; null at depth 0 */
	struct slice domain; /* whose record this is; null: it depends on the message */
	unsigned own;        /* look-ups of this record's terms, that lead further included */
	unsigned total;      /* with all below */
	enum spf_why why;    /* SPF_WHY_DEFAULT: nothing is wrong with the record */
	struct slice wrong;  /* the term that is wrong; null: none */
	const char *detail;  /* static text; may be NULL */
};

struct spf_cost {
	struct spf_cost_line *lines; /* each record before those that it leads to */
	size_t count, cap;
	bool complete; /* false: more records than LIMIT_SPF_COST, the rest was not followed */
};

/* The sum for the domain is lines[0].total; everything lives in the arena. */
MUST_CHECK enum rc spf_cost(struct arena *a, struct lookups *l, struct domain domain,
    struct spf_cost *out);

#endif

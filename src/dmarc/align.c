#include "dmarc/psl.h"

#include "dmarc/align.h"

/* The longest common suffix in labels; none: there is no such name. */
static struct domain common_domain(struct domain a, struct domain b)
{
	while (!domain_is_none(a) && !domain_is_at_or_below(b, a))
		a = domain_parent(a);
	return a;
}

void dmarc_start_identifier(struct lookups *l, enum dmarc_discovery method,
    const struct domain *authors, size_t author_count, struct domain identifier)
{
	for (size_t i = 0; i < author_count; i++) {
		struct domain common = common_domain(authors[i], identifier);

		if (!domain_is_none(common) && !dmarc_is_public_suffix(common) &&
		    !domain_eq(authors[i], identifier))
			dmarc_start(l, LOOKUP_ALIGNMENT, method, identifier);
	}
}

bool dmarc_align_asks(const struct dmarc_policy_discovery *author, enum dmarc_alignment_mode mode,
    struct domain identifier)
{
	return mode == DMARC_RELAXED && !domain_eq(identifier, author->author_domain) &&
	    domain_is_at_or_below(identifier, author->organizational_domain);
}

enum rc dmarc_align(struct arena *a, struct lookups *l, const struct dmarc_policy_discovery *author,
    enum dmarc_alignment_mode mode, struct domain identifier, enum dmarc_alignment *out)
{
	struct dmarc_walk walk;

	if (!dmarc_align_asks(author, mode, identifier)) {
		*out = domain_eq(identifier, author->author_domain) ? DMARC_ALIGNED :
		    DMARC_UNALIGNED;
		return RC_OK;
	}
	TRY(dmarc_walk(a, l, LOOKUP_ALIGNMENT, author->method, identifier, &walk));
	if (!domain_is_at_or_below(author->author_domain, walk.organizational_domain))
		*out = DMARC_UNALIGNED;
	else if (walk.status == DMARC_DISCOVERY_UNKNOWN || author->walk.status == DMARC_DISCOVERY_UNKNOWN)
		*out = DMARC_ALIGNMENT_UNKNOWN;
	else
		*out = domain_eq(walk.organizational_domain, author->organizational_domain) ?
		    DMARC_ALIGNED : DMARC_UNALIGNED;
	return RC_OK;
}

#include "dmarc/align.h"

#include "dmarc/evaluate.h"

static const char *const why_text[DMARC_WHY_COUNT] = {
	[DMARC_WHY_NOT_EVALUATED] = "not evaluated",
	[DMARC_WHY_ALIGNED] = "an aligned identifier passed",
	[DMARC_WHY_NOT_ALIGNED] = "no passing identifier is aligned with the From domain",
	[DMARC_WHY_NOTHING_PASSED] = "neither SPF nor DKIM passed",
	[DMARC_WHY_NO_RECORD] = "no DMARC record",
	[DMARC_WHY_RECORD_UNUSABLE] = "the DMARC record has no usable policy",
	[DMARC_WHY_POLICY_UNKNOWN] = "the DMARC policy could not be looked up",
	[DMARC_WHY_IDENTIFIER_UNKNOWN] = "an identifier that could be aligned is undecided",
	[DMARC_WHY_FROM_MISSING] = "no From field",
	[DMARC_WHY_FROM_MULTIPLE] = "several From fields",
	[DMARC_WHY_FROM_INVALID] = "the From field does not identify an author domain",
	[DMARC_WHY_FROM_TOO_MANY] = "too many author domains in From",
	[DMARC_WHY_NO_MEMORY] = "out of memory",
};

const char *dmarc_why_text(enum dmarc_why why)
{
	return why_text[why];
}

/* --- identifiers --------------------------------------------------------------------------- */

struct evidence {
	const struct spf_mail_from_result *spf;
	const struct dkim_results *dkim;
};

/* What SPF or a signature says about a domain: AUTH_PASS or AUTH_TEMPERROR. */
struct identifier {
	struct domain domain;
	enum auth_result result;
	enum dmarc_alignment_mode mode;
	bool is_dkim;
};

static size_t identifier_count(const struct evidence *e)
{
	return 1 + (e->dkim == NULL ? 0 : e->dkim->count);
}

/*
 * The nth piece of evidence; false when nothing follows from it.  SPF counts by its MAIL FROM
 * identity, which for the null sender is the HELO name (section 4.4.2, RFC 7208 section 2.4); DKIM
 * by d=, whether or not the key is being tested (section 4.4.1).
 */
static bool identifier_at(const struct evidence *e, size_t n, const struct dmarc_record *record,
    struct identifier *out)
{
	if (n > 0) {
		const struct dkim_result *d = &e->dkim->items[n - 1];

		if (d->hopeless)
			return false;
		*out = (struct identifier){ d->sig.domain, d->result, record->adkim, true };
	} else if (e->spf != NULL) {
		const struct spf_result *s = &e->spf->r;

		*out = (struct identifier){ s->domain, s->result, record->aspf, false };
	} else {
		return false;
	}
	return !domain_is_none(out->domain) &&
	    (out->result == AUTH_PASS || out->result == AUTH_TEMPERROR);
}

static void note_identifier(struct dmarc_author_result *r, const struct identifier *id,
    enum dmarc_alignment alignment)
{
	if (alignment == DMARC_UNALIGNED)
		return;
	if (id->result != AUTH_PASS || alignment == DMARC_ALIGNMENT_UNKNOWN) {
		if (!r->identifier_undecided)
			r->undecided_domain = id->domain;
		r->identifier_undecided = true;
		return;
	}
	if (domain_is_none(r->aligned_domain))
		r->aligned_domain = id->domain;
	if (id->is_dkim)
		r->dkim_aligned = true;
	else
		r->spf_aligned = true;
}

/* All walks are started before the first one is waited for. */
static enum rc judge_identifiers(struct arena *a, struct lookups *l, const struct evidence *e,
    struct dmarc_author_result *r)
{
	const struct dmarc_policy_discovery *author = &r->discovery;
	enum dmarc_alignment alignment;
	struct identifier id;

	for (size_t i = 0; i < identifier_count(e); i++)
		if (identifier_at(e, i, &author->record, &id) &&
		    dmarc_align_asks(author, id.mode, id.domain))
			dmarc_start(l, LOOKUP_ALIGNMENT, author->method, id.domain);
	r->why = DMARC_WHY_NOTHING_PASSED;
	for (size_t i = 0; i < identifier_count(e); i++) {
		if (!identifier_at(e, i, &author->record, &id))
			continue;
		TRY(dmarc_align(a, l, author, id.mode, id.domain, &alignment));
		note_identifier(r, &id, alignment);
		if (id.result == AUTH_PASS)
			r->why = DMARC_WHY_NOT_ALIGNED;
	}
	return RC_OK;
}

/* --- one author ---------------------------------------------------------------------------- */

static const struct {
	enum auth_result result;
	enum dmarc_why why;
} without_policy[] = {
	[DMARC_DISCOVERED] = { AUTH_NONE, DMARC_WHY_NOT_EVALUATED },
	[DMARC_DISCOVERED_NOTHING] = { AUTH_NONE, DMARC_WHY_NO_RECORD },
	[DMARC_DISCOVERY_UNKNOWN] = { AUTH_TEMPERROR, DMARC_WHY_POLICY_UNKNOWN },
	[DMARC_DISCOVERY_UNUSABLE] = { AUTH_NONE, DMARC_WHY_RECORD_UNUSABLE },
};

void dmarc_author_of(const struct dmarc_policy_discovery *d, struct dmarc_author_result *out)
{
	*out = (struct dmarc_author_result){ .domain = d->author_domain, .discovery = *d,
		.result = without_policy[d->status].result, .why = without_policy[d->status].why };
	if (d->status != DMARC_DISCOVERED)
		return;
	out->policy = d->record.testing ? dmarc_policy_weaker(d->policy) : d->policy; /* section 4.7 */
	out->testing = out->policy != d->policy;
}

static enum rc judge_author(struct arena *a, struct lookups *l, enum dmarc_discovery method,
    const struct evidence *e, struct domain domain, struct dmarc_author_result *r)
{
	struct dmarc_policy_discovery d;

	TRY(dmarc_discover(a, l, method, domain, &d));
	dmarc_author_of(&d, r);
	if (d.status != DMARC_DISCOVERED)
		return RC_OK;
	TRY(judge_identifiers(a, l, e, r));
	if (r->spf_aligned || r->dkim_aligned) {
		r->identifier_undecided = false;
		r->result = AUTH_PASS;
		r->why = DMARC_WHY_ALIGNED;
	} else if (r->identifier_undecided) {
		r->result = AUTH_TEMPERROR;
		r->why = DMARC_WHY_IDENTIFIER_UNKNOWN;
	} else if (r->discovery.policy_undecided) {
		r->result = AUTH_TEMPERROR;
		r->why = DMARC_WHY_POLICY_UNKNOWN;
	} else {
		r->result = AUTH_FAIL;
	}
	return RC_OK;
}

static struct slice author_reason(struct arena *a, const struct dmarc_author_result *r)
{
	switch (r->why) {
	case DMARC_WHY_ALIGNED:
		return arena_printf(a, "%.*s passed %s and is aligned",
		    SLICE_ARG(r->aligned_domain.name), r->spf_aligned ? "SPF" : "DKIM");
	case DMARC_WHY_IDENTIFIER_UNKNOWN:
		return arena_printf(a, "%.*s could be aligned and is undecided",
		    SLICE_ARG(r->undecided_domain.name));
	case DMARC_WHY_NOT_ALIGNED:
	case DMARC_WHY_NOTHING_PASSED:
		return arena_printf(a, "%s (%.*s%s)", dmarc_why_text(r->why),
		    SLICE_ARG(r->discovery.reason), r->testing ? ", t=y" : "");
	default:
		break;
	}
	if (r->discovery.policy_undecided)
		return arena_printf(a, "whether %.*s exists is not known: sp= or np=",
		    SLICE_ARG(r->domain.name));
	return r->discovery.reason;
}

/* --- all authors --------------------------------------------------------------------------- */

/* The order in evaluate.h. */
static unsigned severity(const struct dmarc_author_result *r)
{
	static const unsigned fail[] = { 3, 6, 8 }, identifier_unknown[] = { 2, 5, 7 };

	switch (r->result) {
	case AUTH_PASS:
		return 0;
	case AUTH_FAIL:
		return fail[r->policy];
	case AUTH_TEMPERROR:
		return r->why == DMARC_WHY_POLICY_UNKNOWN ? 4 : identifier_unknown[r->policy];
	default:
		return 1;
	}
}

/* Section 5.3.1: no author domain, no evaluation. */
static bool no_author(const struct authors *authors, struct dmarc_result *out)
{
	static const enum dmarc_why whys[] = {
		[FROM_MISSING] = DMARC_WHY_FROM_MISSING,
		[FROM_MULTIPLE] = DMARC_WHY_FROM_MULTIPLE,
		[FROM_INVALID] = DMARC_WHY_FROM_INVALID,
		[FROM_TOO_MANY] = DMARC_WHY_FROM_TOO_MANY,
	};
	enum from_status status = authors->status;

	if (status == FROM_OK && authors->domain_count == 0)
		status = FROM_INVALID;
	if (status == FROM_OK && authors->domain_count > LIMIT_AUTHOR_DOMAINS)
		status = FROM_TOO_MANY;
	if (status == FROM_OK)
		return false;
	*out = (struct dmarc_result){ .result = AUTH_PERMERROR, .why = whys[status] };
	out->reason = slice_str(authors->why != NULL ? authors->why : dmarc_why_text(out->why));
	return true;
}

enum rc dmarc_evaluate(struct arena *a, struct lookups *l, const struct dmarc_params *params,
    const struct authors *authors, const struct spf_mail_from_result *spf,
    const struct dkim_results *dkim, struct dmarc_result *out)
{
	const struct evidence e = { spf, dkim };
	struct dmarc_author_result *all, *worst;

	if (no_author(authors, out))
		return RC_OK;
	all = arena_new_array(a, authors->domain_count, struct dmarc_author_result);
	if (all == NULL)
		return RC_NOMEM;
	worst = all;
	for (size_t i = 0; i < authors->domain_count; i++) {
		TRY(judge_author(a, l, params->discovery, &e, authors->domains[i], &all[i]));
		if (severity(&all[i]) > severity(worst))
			worst = &all[i];
	}
	*out = (struct dmarc_result){ .result = worst->result, .why = worst->why,
		.reason = author_reason(a, worst), .deciding = worst, .authors = all,
		.author_count = authors->domain_count };
	return slice_is_null(out->reason) ? RC_NOMEM : RC_OK;
}

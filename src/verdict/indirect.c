#include "indirect.h"

static const struct {
	struct slice name;
	bool list; /* else resent (RFC 5322 section 3.6.6) */
} mark_fields[] = {
	{ { "List-Id", 7 }, true },
	{ { "List-Post", 9 }, true },
	{ { "Mailing-List", 12 }, true },
	{ { "Resent-From", 11 }, false },
	{ { "Resent-Sender", 13 }, false },
	{ { "Resent-To", 9 }, false },
	{ { "Resent-Date", 11 }, false },
};

void indirect_marks(const struct message *m, const struct arc_chain *arc, struct indirect_marks *out)
{
	*out = (struct indirect_marks){ 0 };
	for (size_t i = 0; i < N_ELEMENTS(mark_fields); i++) {
		bool *mark = mark_fields[i].list ? &out->list : &out->resent;

		*mark = *mark || message_field(m, mark_fields[i].name, 0) != NULL;
	}
	out->arc = arc_chain_has_set(arc);
}

/* Some domain outside the author's organization that answers for this message. */
static bool other_passes(const struct verdict *v, struct domain organization, const char **how,
    struct domain *domain_out)
{
	if (v->spf_checked && v->spf.r.result == AUTH_PASS && !domain_is_none(v->spf.r.domain) &&
	    !domain_is_at_or_below(v->spf.r.domain, organization)) {
		*how = "SPF";
		*domain_out = v->spf.r.domain;
		return true;
	}
	for (size_t i = 0; i < v->dkim.count; i++) {
		const struct dkim_result *r = &v->dkim.items[i];

		if (r->result == AUTH_PASS && !domain_is_at_or_below(r->sig.domain, organization)) {
			*how = "DKIM";
			*domain_out = r->sig.domain;
			return true;
		}
	}
	return false;
}

bool indirect_flow(struct arena *a, const struct verdict *v, const struct indirect_marks *marks,
    const struct dmarc_author_result *author, struct slice *how_out)
{
	struct domain organization = author->discovery.organizational_domain;
	struct domain other;
	const char *how;

	if (!marks->list && !marks->resent && !marks->arc)
		return false;
	if (domain_is_none(organization))
		organization = author->domain;
	if (!other_passes(v, organization, &how, &other))
		return false;
	*how_out = arena_printf(a, "indirect flow:%s%s%s, %s pass of %.*s",
	    marks->list ? " list fields" : "", marks->resent ? " resent fields" : "",
	    marks->arc ? " an ARC set" : "", how, SLICE_ARG(other.name));
	return true;
}

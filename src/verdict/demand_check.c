#include "dmarc/psl.h"

#include "exempt.h"

#include "demand_check.h"

/* The occasions that decide by themselves: in words, with their settings. */
static const struct {
	enum demand_kind kind;
	bool passing; /* trouble that may be over tomorrow */
	const char *finding, *section, *option;
} occasions[OCCASION_COUNT] = {
	[ON_SPF_FAIL] = { DEMAND_SPF, false, "SPF fail", "spf", "on-fail" },
	[ON_SPF_SOFTFAIL] = { DEMAND_SPF, false, "SPF softfail", "spf", "on-softfail" },
	[ON_SPF_PERMERROR] = { DEMAND_SPF, false, "SPF permerror", "spf", "on-permerror" },
	[ON_SPF_TEMPERROR] = { DEMAND_SPF, true, "SPF temperror", "spf", "on-temperror" },
	[ON_SPF_NONE] = { DEMAND_SPF, false, "SPF none or neutral", "spf", "on-none" },
	[ON_SPF_HELO_FAIL] = { DEMAND_HELO, false, "SPF fail of HELO", "spf", "on-helo-fail" },
	[ON_DKIM_NONE] = { DEMAND_DKIM_NONE, false, "no DKIM signature", "dkim", "on-none" },
	[ON_DKIM_FAIL] = { DEMAND_DKIM_FAIL, false, "no DKIM signature that passes and is aligned", "dkim",
		"on-fail" },
	[ON_DKIM_TEMPERROR] = { DEMAND_DKIM_TEMPERROR, true, "a DKIM key could not be looked up", "dkim",
		"on-temperror" },
};

/* The strictest action over all recipients; *pattern_out: the policy-to section that decided, or null. */
static enum action action_on(const struct bench *b, enum occasion on, struct slice *pattern_out)
{
	enum action action = exempt_recipients(b->a, b->p, b->m, on, b->p->on[on], pattern_out);

	return occasions[on].passing ? demand_temporary(action) : demand_permanent(action);
}

static bool has_consequence(const struct bench *b, enum occasion on)
{
	struct slice pattern;

	return action_on(b, on, &pattern) != ACTION_ACCEPT;
}

static struct demand demand_on(const struct bench *b, enum occasion on)
{
	const char *section = occasions[on].section, *option = occasions[on].option;
	struct slice pattern;
	enum action action = action_on(b, on, &pattern);
	struct slice name = slice_is_null(pattern) ? arena_printf(b->a, "%s %s", section, option) :
	    arena_printf(b->a, "policy-to \"%.*s\" %s-%s", SLICE_ARG(pattern), section, option);

	return demand_set(b, occasions[on].kind, action, occasions[on].finding, name, action_text(action));
}

/* The SPF result counts only for external clients: relays and forwarders pass on mail of others. */
static bool spf_speaks(const struct bench *b, const struct spf_result *r)
{
	return b->v->spf_checked && b->class == CLASS_EXTERNAL && spf_was_checked(r);
}

/* RFC 7208 sections 8.2 (neutral is treated as none) and 2.3 (HELO is an identity of its own) */
static bool spf_occasion(enum auth_result result, enum occasion *out)
{
	static const struct {
		enum auth_result result;
		enum occasion on;
	} rows[] = {
		{ AUTH_FAIL, ON_SPF_FAIL },
		{ AUTH_SOFTFAIL, ON_SPF_SOFTFAIL },
		{ AUTH_PERMERROR, ON_SPF_PERMERROR },
		{ AUTH_TEMPERROR, ON_SPF_TEMPERROR },
		{ AUTH_NONE, ON_SPF_NONE },
		{ AUTH_NEUTRAL, ON_SPF_NONE },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		if (rows[i].result != result)
			continue;
		*out = rows[i].on;
		return true;
	}
	return false;
}

struct demand demand_of_spf(const struct bench *b)
{
	enum auth_result result = b->v->spf.r.result;
	enum occasion on;

	if (!spf_speaks(b, &b->v->spf.r) || !spf_occasion(result, &on))
		return (struct demand){ .kind = DEMAND_NOTHING };
	return demand_on(b, on);
}

struct demand demand_of_helo(const struct bench *b)
{
	if (!spf_speaks(b, &b->v->helo.r) || b->v->helo.r.result != AUTH_FAIL)
		return (struct demand){ .kind = DEMAND_NOTHING };
	return demand_on(b, ON_SPF_HELO_FAIL);
}

/* A signature that may still pass, if its key were known. */
bool demand_waits_for_key(const struct bench *b)
{
	for (size_t i = 0; i < b->v->dkim.count; i++)
		if (b->v->dkim.items[i].result == AUTH_TEMPERROR && !b->v->dkim.items[i].hopeless)
			return true;
	return false;
}

static bool signature_passes(const struct bench *b)
{
	for (size_t i = 0; i < b->v->dkim.count; i++)
		if (b->v->dkim.items[i].result == AUTH_PASS)
			return true;
	return false;
}

/* RFC 6376 section 6.3: one may wait for a key that cannot be fetched, if nothing else passes. */
struct demand demand_of_dkim_temperror(const struct bench *b)
{
	bool waits = b->v->dmarc.result != AUTH_PASS && !signature_passes(b) &&
	    demand_waits_for_key(b);

	return waits ? demand_on(b, ON_DKIM_TEMPERROR) : (struct demand){ .kind = DEMAND_NOTHING };
}

/* Uses the public suffix list, since the DNS tree is not walked if the author has no DMARC record. */
static bool is_of_same_organization(struct domain d, struct domain author)
{
	return domain_eq(dmarc_psl_organizational_domain(d), dmarc_psl_organizational_domain(author));
}

static bool signature_aligned(const struct bench *b)
{
	for (size_t i = 0; i < b->v->dmarc.author_count; i++) {
		const struct dmarc_author_result *r = &b->v->dmarc.authors[i];

		if (r->dkim_aligned)
			return true;
		for (size_t k = 0; k < b->v->dkim.count; k++)
			if (r->discovery.status != DMARC_DISCOVERED &&
			    b->v->dkim.items[k].result == AUTH_PASS &&
			    is_of_same_organization(b->v->dkim.items[k].sig.domain, r->domain))
				return true;
	}
	return false;
}

/*
 * dkim { on-none, on-fail }: for sites that require signatures; RFC 6376 section 6.3 advises against
 * refusing for a missing or a failing one alone.
 */
struct demand demand_of_dkim_missing(const struct bench *b)
{
	if (!b->v->dkim_checked || demand_waits_for_key(b) || signature_aligned(b))
		return (struct demand){ .kind = DEMAND_NOTHING };
	return demand_on(b, b->v->dkim.count == 0 ? ON_DKIM_NONE : ON_DKIM_FAIL);
}

/* Any other result may take the place of the temporary error. */
bool demand_of_spf_could_change(const struct bench *b)
{
	if (!b->v->spf_checked || b->class != CLASS_EXTERNAL)
		return false;
	if (b->v->helo.r.result == AUTH_TEMPERROR && has_consequence(b, ON_SPF_HELO_FAIL))
		return true;
	for (enum occasion on = ON_SPF_FAIL; on <= ON_SPF_NONE; on++)
		if (b->v->spf.r.result == AUTH_TEMPERROR && has_consequence(b, on))
			return true;
	return false;
}

bool demand_of_dkim_could_change(const struct bench *b)
{
	return demand_of_dkim_temperror(b).kind != DEMAND_NOTHING ||
	    (demand_waits_for_key(b) && !signature_aligned(b) && has_consequence(b, ON_DKIM_FAIL));
}

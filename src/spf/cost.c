#include "base/limits.h"
#include "run.h"

#include "spf/cost.h"

struct counting {
	struct arena *arena;
	struct spf_run *run;
	struct spf_cost cost;
};

static bool line_new(struct counting *k, unsigned depth, struct slice term, struct slice domain)
{
	struct spf_cost *b = &k->cost;

	if (b->count == LIMIT_SPF_COST || depth > LIMIT_SPF_TERMS) {
		b->complete = false;
		return false;
	}
	if (!arena_grow(k->arena, &b->lines, &b->cap, b->count, sizeof(*b->lines)))
		return false;
	b->lines[b->count++] = (struct spf_cost_line){ .depth = depth, .term = term,
		.domain = domain, .why = SPF_WHY_DEFAULT };
	return true;
}

static unsigned count_record(struct counting *k, unsigned depth, struct slice term,
    struct slice domain);

static unsigned follow(struct counting *k, unsigned depth, const struct spf_term *t,
    struct slice domain)
{
	struct slice target = SLICE_NULL;

	/* d and o are values that a record and its domain alone give */
	if (!spf_uses_macro(t->spec, "slhpiv") && !spf_run_target(k->run, t, domain, &target))
		return 0;
	return count_record(k, depth + 1, t->text, target);
}

/* The terms of a record up to "all"; *own is counted beside the sum that is returned. */
static unsigned count_terms(struct counting *k, unsigned depth, const struct spf_record *record,
    struct slice domain, unsigned *own)
{
	struct cursor c = cursor_of(record->terms);
	unsigned below = 0;
	struct spf_term t;

	*own = 0;
	while (spf_record_next(&c, &t) && t.kind != SPF_ALL) {
		if (t.kind == SPF_REDIRECT || !spf_kind_queries(t.kind))
			continue;
		++*own;
		if (t.kind == SPF_INCLUDE)
			below += follow(k, depth, &t, domain);
	}
	if (!record->has_all && !slice_is_null(record->redirect.text)) {
		++*own;
		below += follow(k, depth, &record->redirect, domain);
	}
	return *own + below;
}

/* The look-ups of domain's record and of all below it.  The recursion is bounded by its depth. */
static unsigned count_record(struct counting *k, unsigned depth, struct slice term,
    struct slice domain)
{
	size_t n = k->cost.count;
	const struct spf_finding *found = spf_run_finding(k->run);
	struct spf_record record;
	unsigned own = 0, total = 0;

	if (!line_new(k, depth, term, domain) || slice_is_null(domain))
		return 0;
	spf_run_begin(k->run, domain); /* an error ends a check, not the count */
	if (spf_run_fetch(k->run, domain, &record) == SPF_FETCHED_RECORD) {
		total = count_terms(k, depth, &record, domain, &own);
	} else {
		k->cost.lines[n].why = found->why;
		k->cost.lines[n].wrong = found->term;
		k->cost.lines[n].detail = found->detail;
		spf_run_begin(k->run, domain);
	}
	k->cost.lines[n].own = own;
	k->cost.lines[n].total = total;
	return total;
}

enum rc spf_cost(struct arena *a, struct lookups *l, struct domain domain,
    struct spf_cost *out)
{
	static const struct spf_params params = SPF_DEFAULTS;
	const struct spf_setting setting = { .arena = a, .lookups = l, .purpose = LOOKUP_SPF,
		.params = &params, .values.sender_domain = domain.name };
	struct counting k = { .arena = a, .run = spf_run_new(&setting), .cost = { .complete = true } };

	if (k.run == NULL)
		return RC_NOMEM;
	count_record(&k, 0, SLICE_NULL, domain.name);
	if (arena_failed(a))
		return RC_NOMEM;
	*out = k.cost;
	return RC_OK;
}

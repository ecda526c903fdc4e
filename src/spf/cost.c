#include "base/limits.h"
#include "run.h"

#include "spf/cost.h"

struct counting {
	struct spf_run run;
	struct spf_cost cost;
};

/* No macros but those that a record and its domain alone give a value. */
static bool is_constant(struct slice spec)
{
	struct cursor c = cursor_of(spec);
	struct slice literals;
	struct spf_macro m;

	while (!cursor_done(&c)) {
		if (take_macro_literals(&c, &literals))
			continue;
		if (!take_macro_expand(&c, &m) || strchr("do%_-", m.letter) == NULL)
			return false;
	}
	return true;
}

static bool line_new(struct counting *k, unsigned depth, struct slice term, struct slice domain)
{
	struct spf_cost *b = &k->cost;

	if (b->count == LIMIT_SPF_COST || depth > LIMIT_SPF_TERMS) {
		b->complete = false;
		return false;
	}
	if (!arena_grow(k->run.arena, &b->lines, &b->cap, b->count, sizeof(*b->lines)))
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

	if (is_constant(t->spec) && !spf_run_target(&k->run, t, domain, &target))
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
	enum auth_result result;
	struct spf_record record;
	unsigned own = 0, total = 0;

	if (!line_new(k, depth, term, domain) || slice_is_null(domain))
		return 0;
	k->run.detail = NULL;
	k->run.term = SLICE_NULL;
	if (spf_run_fetch(&k->run, domain, &record, &result)) {
		total = count_terms(k, depth, &record, domain, &own);
	} else {
		k->cost.lines[n].why = k->run.why;
		k->cost.lines[n].wrong = k->run.term;
		k->cost.lines[n].detail = k->run.detail;
		k->run.error = AUTH_NONE; /* of this record only */
	}
	k->cost.lines[n].own = own;
	k->cost.lines[n].total = total;
	return total;
}

enum rc spf_cost(struct arena *a, struct lookups *l, struct domain domain,
    struct spf_cost *out)
{
	static const struct spf_params params = SPF_DEFAULTS;
	struct counting k = {
		.run = { .arena = a, .lookups = l, .purpose = LOOKUP_SPF, .params = &params,
			.values.sender_domain = domain.name },
		.cost = { .complete = true },
	};

	count_record(&k, 0, SLICE_NULL, domain.name);
	if (arena_failed(a))
		return RC_NOMEM;
	*out = k.cost;
	return RC_OK;
}

#include "base/limits.h"
#include "spf/lookahead.h"
#include "spf/name.h"

#include "run_private.h"

static struct slice best_client_name(void *ctx, struct slice domain);

struct spf_run *spf_run_new(const struct spf_setting *setting)
{
	struct spf_run *r = arena_new(setting->arena, struct spf_run);

	if (r == NULL)
		return NULL;
	r->set = *setting;
	r->set.values.validated = best_client_name;
	r->set.values.ctx = r;
	return r;
}

void spf_run_begin(struct spf_run *r, struct slice domain)
{
	r->found = (struct spf_finding){ .error = AUTH_NONE, .why = SPF_WHY_DEFAULT,
		.domain = domain };
	r->depth = 0;
	r->steps = LIMIT_SPF_STEPS;
	r->ahead_steps = LIMIT_SPF_AHEAD_STEPS;
	r->counts_void = false;
	r->personal = false;
	r->existing_voids = 0;
	r->exp = SLICE_NULL;
	r->nearest = (struct nearest){ .term = SLICE_NULL };
	r->name_count = 0;
	r->names_asked = false;
}

void spf_run_look_ahead(struct spf_run *r, struct slice domain)
{
	r->ahead = spf_ahead_new(r->set.lookups, r->set.purpose, &r->set.values.client);
	spf_ahead_record(r->ahead, domain);
}

const struct spf_finding *spf_run_finding(const struct spf_run *r)
{
	return &r->found;
}

enum auth_result spf_run_error(const struct spf_run *r)
{
	return r->found.error;
}

struct arena *spf_run_arena(const struct spf_run *r)
{
	return r->set.arena;
}

const struct ip *spf_run_client(const struct spf_run *r)
{
	return &r->set.values.client;
}

unsigned spf_run_terms_left(const struct spf_run *r)
{
	return LIMIT_SPF_TERMS - r->found.terms;
}

/* --- outcomes --------------------------------------------------------------------------------- */

bool spf_run_fail(struct spf_run *r, enum auth_result error, enum spf_why why, const char *detail)
{
	r->found.error = error;
	r->found.why = why;
	r->found.detail = detail;
	return false;
}

/* Memory is ours, not theirs: temperror.  The coordinator sees the arena's mark anyway. */
bool spf_run_fail_memory(struct spf_run *r)
{
	return spf_run_fail(r, AUTH_TEMPERROR, SPF_WHY_NO_MEMORY, NULL);
}

/* Section 2.6.6 */
static bool fail_by_dns(struct spf_run *r, enum dns_status status)
{
	enum spf_why why = status == DNS_TIMEOUT ? SPF_WHY_DNS_TIMEOUT :
	    status == DNS_LOCAL_TROUBLE ? SPF_WHY_LOCAL_TROUBLE : SPF_WHY_DNS_FAILURE;

	return spf_run_fail(r, AUTH_TEMPERROR, why, dns_status_text(status));
}

void spf_run_match(struct spf_run *r, const struct spf_term *t, const struct spf_record *record,
    struct slice domain)
{
	r->found.why = SPF_WHY_MATCH;
	r->found.term = t->text;
	r->found.domain = domain;
	r->exp = record->exp.spec;
}

enum auth_result spf_run_default(struct spf_run *r, struct slice domain)
{
	r->found.why = SPF_WHY_DEFAULT;
	r->found.term = SLICE_NULL;
	r->found.domain = domain;
	return AUTH_NEUTRAL;
}

enum auth_result spf_run_none(struct spf_run *r, enum spf_why why)
{
	r->found.why = why;
	return AUTH_NONE;
}

bool spf_run_begin_term(struct spf_run *r, const struct spf_term *t, struct slice domain)
{
	r->found.term = t->text;
	r->found.domain = domain;
	r->counts_void = true;
	if (!spf_kind_queries(t->kind))
		return true;
	if (r->found.terms == LIMIT_SPF_TERMS) /* section 4.6.4 */
		return spf_run_fail(r, AUTH_PERMERROR, SPF_WHY_TOO_MANY_TERMS, NULL);
	r->found.terms++;
	return true;
}

/* --- look-ups --------------------------------------------------------------------------------- */

/*
 * Section 4.6.4 limits the terms that lead to void look-ups: a term with several of them (an mx
 * whose hosts have no address of the client's family) counts once.
 */
static bool count_void(struct spf_run *r, enum dns_status status)
{
	bool nodata = status == DNS_NODATA && r->set.params->void_answers == SPF_VOID_RFC;

	if ((status != DNS_NXDOMAIN && !nodata) || !r->counts_void)
		return true;
	r->counts_void = false;
	r->found.voids++;
	r->existing_voids += nodata;
	if (r->found.voids <= r->set.params->void_limit) /* section 4.6.4 */
		return true;
	return spf_run_fail(r, AUTH_PERMERROR, SPF_WHY_TOO_MANY_VOID, r->existing_voids == 0 ? NULL :
	    "some for names that exist (void = nxdomain ignores those)");
}

static const struct dns_answer *await(struct spf_run *r, struct slice name, enum dns_type type)
{
	const struct dns_answer *answer = lookups_await(r->set.lookups, r->set.purpose, name, type);

	if (r->set.trace != NULL && (type != DNS_TXT || answer->status != DNS_FOUND))
		spf_run_trace_answer(r, name, type, answer);
	return answer;
}

/* A failure of the sender's DNS is an answer like any other (section 5.5); one of ours is not. */
static bool ask_leniently(struct spf_run *r, struct slice name, enum dns_type type,
    const struct dns_answer **out)
{
	*out = await(r, name, type);
	if ((*out)->status == DNS_LOCAL_TROUBLE)
		return fail_by_dns(r, (*out)->status);
	return count_void(r, (*out)->status);
}

bool spf_run_ask(struct spf_run *r, struct slice name, enum dns_type type,
    const struct dns_answer **out)
{
	if (!ask_leniently(r, name, type, out))
		return false;
	if (dns_status_is_temporary((*out)->status))
		return fail_by_dns(r, (*out)->status);
	return true;
}

bool spf_run_ask_mx(struct spf_run *r, struct slice name, const struct dns_answer **out)
{
	if (!spf_run_ask(r, name, DNS_MX, out))
		return false;
	if ((*out)->count > LIMIT_SPF_MX) /* section 4.6.4 */
		return spf_run_fail(r, AUTH_PERMERROR, SPF_WHY_TOO_MANY_MX, NULL);
	return true;
}

enum dns_type spf_run_address_type(const struct spf_run *r)
{
	return r->set.values.client.family == IP_V6 ? DNS_AAAA : DNS_A;
}

/* --- targets ---------------------------------------------------------------------------------- */

static enum spf_expansion expand(struct spf_run *r, struct slice spec, struct slice domain,
    size_t *steps, struct slice *out)
{
	r->set.values.domain = domain;
	return spf_expand_name(r->set.arena, &r->set.values, spec, steps, out);
}

bool spf_run_target(struct spf_run *r, const struct spf_term *t, struct slice domain,
    struct slice *out)
{
	enum spf_expansion how = SPF_EXPANDED;
	struct slice name = domain;

	*out = SLICE_NULL;
	r->personal = r->personal || ((t->kind == SPF_INCLUDE || t->kind == SPF_REDIRECT) &&
	    spf_uses_macro(t->spec, "sl"));
	if (!slice_is_null(t->spec)) /* section 4.8 */
		how = expand(r, t->spec, domain, &r->steps, &name);
	if (how == SPF_EXPANSION_NO_MEMORY)
		return spf_run_fail_memory(r);
	if (how == SPF_EXPANSION_TOO_LONG) /* section 11.1 */
		return spf_run_fail(r, AUTH_PERMERROR, SPF_WHY_TOO_MUCH_WORK, NULL);
	if (r->found.error != AUTH_NONE) /* %{p} has passed the limit of void look-ups */
		return false;
	if (how == SPF_EXPANDED &&
	    (t->kind == SPF_INCLUDE || t->kind == SPF_REDIRECT || spf_name_valid(name)))
		*out = name;
	return true;
}

/* %{p} would have to be asked for. */
static void start_macro_term(struct spf_run *r, const struct spf_term *t, struct slice domain)
{
	struct slice name;

	if (slice_find(t->spec, '%') < t->spec.len && !spf_uses_macro(t->spec, "p") &&
	    expand(r, t->spec, domain, &r->ahead_steps, &name) == SPF_EXPANDED)
		spf_ahead_term(r->ahead, t->kind, name);
}

/* All names with macros of a record at once, which only this thread expands (spf/lookahead.h). */
static void start_macro_terms(struct spf_run *r, const struct spf_record *record,
    struct slice domain)
{
	if (r->ahead == NULL)
		return;
	for (size_t i = 0; i < record->step_count; i++) {
		if (!spf_kind_queries(record->steps[i].kind))
			return;
		start_macro_term(r, &record->steps[i], domain);
	}
	if (!record->has_all)
		start_macro_term(r, &record->redirect, domain);
}

/* --- section 5.5: the client's names ---------------------------------------------------------- */

bool spf_run_client_names(struct spf_run *r, size_t *count_out)
{
	const struct dns_answer *answer;
	char reverse[SPF_REVERSE_SIZE];

	*count_out = r->name_count;
	if (r->names_asked)
		return true;
	r->names_asked = true;
	r->names = arena_new_array(r->set.arena, LIMIT_SPF_PTR, struct client_name);
	if (r->names == NULL)
		return spf_run_fail_memory(r);
	if (!ask_leniently(r, spf_reverse_name(&r->set.values.client, reverse), DNS_PTR, &answer))
		return false;
	/* section 4.6.4: all names but the first ten are ignored */
	for (size_t i = 0; i < answer->count && i < LIMIT_SPF_PTR; i++)
		r->names[r->name_count++].name = answer->records[i].text;
	*count_out = r->name_count;
	return true;
}

struct slice spf_run_client_name(const struct spf_run *r, size_t i)
{
	return r->names[i].name;
}

bool spf_run_validated(struct spf_run *r, size_t i)
{
	struct client_name *n = &r->names[i];
	const struct dns_answer *answer;

	if (n->state != NAME_UNKNOWN)
		return n->state == NAME_VALID;
	n->state = NAME_INVALID;
	if (n->name.len == 0 ||
	    !ask_leniently(r, n->name, spf_run_address_type(r), &answer))
		return false;
	for (size_t k = 0; k < answer->count; k++)
		if (ip_eq(&answer->records[k].ip, &r->set.values.client))
			n->state = NAME_VALID;
	return n->state == NAME_VALID;
}

/* Section 7.3: <domain> itself before a name below it before any other one. */
static struct slice best_client_name(void *ctx, struct slice domain)
{
	struct spf_run *r = ctx;
	struct slice own = spf_name_escaped(r->set.arena, domain);
	size_t count;

	if (slice_is_null(own) || !spf_run_client_names(r, &count))
		return SLICE("unknown");
	for (unsigned pass = 0; pass < 3; pass++) {
		for (size_t i = 0; i < count; i++) {
			struct slice name = r->names[i].name;

			if ((pass == 0 && !slice_ieq(name, own)) ||
			    (pass == 1 && !spf_name_is_below(name, own)))
				continue;
			if (spf_run_validated(r, i))
				return name;
		}
	}
	return SLICE("unknown");
}

/* --- sections 4.3 to 4.6: records ------------------------------------------------------------- */

static enum spf_fetched fetched_none(struct spf_run *r, enum spf_why why)
{
	spf_run_none(r, why);
	return SPF_FETCHED_NONE;
}

/* Section 11.1: what a sender makes us do has an end.  false: it is reached. */
static bool spend(struct spf_run *r, size_t steps)
{
	if (steps > r->steps)
		return spf_run_fail(r, AUTH_PERMERROR, SPF_WHY_TOO_MUCH_WORK, NULL);
	r->steps -= steps;
	return true;
}

/* Section 4.6: the syntax of the whole record comes first. */
static bool check_record(struct spf_run *r, size_t found, struct slice text,
    struct spf_record *out)
{
	struct spf_mistake mistake;

	r->found.term = SLICE_NULL;
	if (found > 1) /* section 4.5 */
		return spf_run_fail(r, AUTH_PERMERROR, SPF_WHY_MULTIPLE_RECORDS, NULL);
	if (text.len > LIMIT_SPF_RECORD)
		return spf_run_fail(r, AUTH_PERMERROR, SPF_WHY_RECORD_TOO_LARGE, NULL);
	if (!spend(r, text.len))
		return false;
	spf_run_trace(r, "%.*s: %.*s", SLICE_ARG(r->found.domain), SLICE_ARG(text));
	if (spf_record_parse(text, &r->set.values.client, out, &mistake))
		return true;
	r->found.term = mistake.term;
	return spf_run_fail(r, AUTH_PERMERROR, SPF_WHY_RECORD_SYNTAX, mistake.what);
}

/* Without memory for it the record is left out; the arena's mark is seen at the end of the check. */
static void note_record(struct spf_run *r, struct slice domain, struct slice text)
{
	struct spf_finding *f = &r->found;

	if (!r->personal && arena_grow(r->set.arena, &f->used, &f->used_cap, f->used_count, sizeof(*f->used)))
		f->used[f->used_count++] = (struct spf_used){ domain, text };
}

enum spf_fetched spf_run_fetch(struct spf_run *r, struct slice domain, struct spf_record *out)
{
	struct slice name, text = SLICE_NULL;
	const struct dns_answer *answer;
	size_t found;

	if (!spf_name_can_have_record(domain)) /* section 4.3 */
		return fetched_none(r, SPF_WHY_NO_DOMAIN);
	name = spf_name_escaped(r->set.arena, domain);
	if (slice_is_null(name)) {
		spf_run_fail_memory(r);
		return SPF_FETCHED_ERROR;
	}
	if (!spf_run_ask(r, name, DNS_TXT, &answer)) /* section 4.4 */
		return SPF_FETCHED_ERROR;
	found = spf_record_select(answer, &text);
	if (found == 0)
		return fetched_none(r, answer->status == DNS_NXDOMAIN ? SPF_WHY_NXDOMAIN :
		    SPF_WHY_NO_RECORD);
	r->found.domain = domain;
	note_record(r, domain, text);
	if (!check_record(r, found, text, out))
		return SPF_FETCHED_ERROR;
	start_macro_terms(r, out, domain);
	return SPF_FETCHED_RECORD;
}

/* --- section 6.2: explanations ---------------------------------------------------------------- */

/*
 * An error here does not change the result; the explanation is then omitted: DNS trouble, no
 * record, several of them, a syntax error.
 */
struct slice spf_run_explanation(struct spf_run *r)
{
	struct slice name, text = SLICE_NULL;
	const struct dns_answer *answer;

	r->counts_void = false; /* section 4.6.4: exp= does not count */
	if (slice_is_null(r->exp) ||
	    expand(r, r->exp, r->found.domain, &r->steps, &name) != SPF_EXPANDED ||
	    !spf_name_valid(name))
		return SLICE_NULL;
	name = spf_name_escaped(r->set.arena, name);
	if (slice_is_null(name))
		return SLICE_NULL;
	answer = await(r, name, DNS_TXT);
	if (answer->count != 1)
		return SLICE_NULL;
	if (!spf_expand_explanation(r->set.arena, &r->set.values, answer->records[0].text, &r->steps,
	    &text))
		return SLICE_NULL;
	spf_run_trace(r, "exp=%.*s: %.*s", SLICE_ARG(r->exp), SLICE_ARG(text));
	return text;
}

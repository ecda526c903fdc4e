#include <stdarg.h>

#include "base/limits.h"

#include "run.h"

/* --- outcomes --------------------------------------------------------------------------------- */

bool spf_run_fail(struct spf_run *r, enum auth_result error, enum spf_why why, const char *detail)
{
	r->error = error;
	r->why = why;
	r->detail = detail;
	return false;
}

/* Memory is ours, not theirs: temperror.  The coordinator sees the arena's mark anyway. */
bool spf_run_fail_memory(struct spf_run *r)
{
	return spf_run_fail(r, AUTH_TEMPERROR, SPF_WHY_NO_MEMORY, NULL);
}

static bool fail_by_dns(struct spf_run *r, enum dns_status status)
{
	enum spf_why why = status == DNS_TIMEOUT ? SPF_WHY_DNS_TIMEOUT : SPF_WHY_DNS_FAILURE;

	return spf_run_fail(r, AUTH_TEMPERROR, why, dns_status_text(status));
}

void spf_run_match(struct spf_run *r, const struct spf_term *t, const struct spf_record *record,
    struct slice domain)
{
	r->why = SPF_WHY_MATCH;
	r->term = t->text;
	r->domain = domain;
	r->exp = record->exp.spec;
}

enum auth_result spf_run_default(struct spf_run *r, struct slice domain)
{
	r->why = SPF_WHY_DEFAULT;
	r->term = SLICE_NULL;
	r->domain = domain;
	return AUTH_NEUTRAL;
}

bool spf_run_begin_term(struct spf_run *r, const struct spf_term *t, struct slice domain)
{
	r->term = t->text;
	r->domain = domain;
	r->counts_void = true;
	if (!spf_kind_queries(t->kind))
		return true;
	if (r->terms == LIMIT_SPF_TERMS)
		return spf_run_fail(r, AUTH_PERMERROR, SPF_WHY_TOO_MANY_TERMS, NULL);
	r->terms++;
	return true;
}

/* --- the trace -------------------------------------------------------------------------------- */

void spf_run_trace(struct spf_run *r, const char *fmt, ...)
{
	struct buf line = BUF_INIT(2 * LIMIT_SPF_RECORD);
	va_list ap;

	if (r->trace == NULL)
		return;
	va_start(ap, fmt);
	buf_vaddf(&line, fmt, ap);
	va_end(ap);
	r->trace->line(r->trace->ctx, r->depth, buf_slice(&line));
	buf_free(&line);
}

void spf_run_trace_term(struct spf_run *r, const struct spf_term *t, const char *outcome)
{
	if (r->trace != NULL)
		spf_run_trace(r, "%.*s: %s (%u of %u terms, %u of %u void)", SLICE_ARG(t->text),
		    outcome, r->terms, LIMIT_SPF_TERMS, r->voids, r->params->void_limit);
}

void spf_run_trace_networks(struct spf_run *r, const struct spf_record *record, size_t step)
{
	const char *from = step == 0 ? record->terms.ptr :
	    record->steps[step - 1].text.ptr + record->steps[step - 1].text.len;
	const char *to = step == record->step_count ? record->terms.ptr + record->terms.len :
	    record->steps[step].text.ptr;
	struct cursor c = cursor_of(slice_between(from, to));
	struct spf_term t;

	while (r->trace != NULL && spf_record_next(&c, &t))
		if (t.kind == SPF_IP4 || t.kind == SPF_IP6)
			spf_run_trace_term(r, &t, "no match");
}

static const char *type_text(enum dns_type type)
{
	switch (type) {
	case DNS_A:
		return "A";
	case DNS_AAAA:
		return "AAAA";
	case DNS_MX:
		return "MX";
	case DNS_PTR:
		return "PTR";
	default:
		return "TXT";
	}
}

static void add_record_text(struct buf *b, const struct dns_record *record)
{
	char address[IP_TEXT_SIZE];

	buf_add_char(b, ' ');
	if (record->ip.family != IP_NONE)
		buf_add_str(b, ip_text(&record->ip, address));
	else
		buf_add(b, record->text);
}

static void trace_answer(struct spf_run *r, struct slice name, enum dns_type type,
    const struct dns_answer *answer)
{
	struct buf found = BUF_INIT(LIMIT_SPF_RECORD);

	if (answer->status != DNS_FOUND)
		buf_addf(&found, " %s", dns_status_text(answer->status));
	for (size_t i = 0; i < answer->count && type != DNS_TXT; i++)
		add_record_text(&found, &answer->records[i]);
	spf_run_trace(r, "    %s %.*s:%s", type_text(type), SLICE_ARG(name), buf_cstr(&found));
	buf_free(&found);
}

/* --- look-ups --------------------------------------------------------------------------------- */

/*
 * Section 4.6.4 limits the terms that lead to void look-ups: a term with several of them (an mx
 * whose hosts have no address of the client's family) counts once.
 */
static bool count_void(struct spf_run *r, enum dns_status status)
{
	if ((status != DNS_NXDOMAIN && status != DNS_NODATA) || !r->counts_void)
		return true;
	r->counts_void = false;
	r->voids++;
	if (r->voids > r->params->void_limit)
		return spf_run_fail(r, AUTH_PERMERROR, SPF_WHY_TOO_MANY_VOID, NULL);
	return true;
}

/* A failure of the DNS is an answer like any other (section 5.5). */
static bool ask_leniently(struct spf_run *r, struct slice name, enum dns_type type,
    const struct dns_answer **out)
{
	*out = lookups_await(r->lookups, r->purpose, name, type);
	if (r->trace != NULL && (type != DNS_TXT || (*out)->status != DNS_FOUND))
		trace_answer(r, name, type, *out);
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
	if ((*out)->count > LIMIT_SPF_MX)
		return spf_run_fail(r, AUTH_PERMERROR, SPF_WHY_TOO_MANY_MX, NULL);
	return true;
}

enum dns_type spf_run_address_type(const struct spf_run *r)
{
	return r->values.client.family == IP_V6 ? DNS_AAAA : DNS_A;
}

bool spf_run_target(struct spf_run *r, const struct spf_term *t, struct slice domain,
    struct slice *out)
{
	struct slice name = domain;

	*out = SLICE_NULL;
	if (!slice_is_null(t->spec) &&
	    !spf_expand_name(r->arena, &r->values, domain, t->spec, &name))
		return arena_failed(r->arena) ? spf_run_fail_memory(r) : true;
	if (r->error != AUTH_NONE) /* %{p} has passed the limit of void look-ups */
		return false;
	if (t->kind == SPF_INCLUDE || t->kind == SPF_REDIRECT || spf_name_valid(name))
		*out = name;
	return true;
}

/* --- section 5.5: the client's names ---------------------------------------------------------- */

bool spf_run_client_names(struct spf_run *r)
{
	const struct dns_answer *answer;
	struct slice reverse;

	if (r->names_asked)
		return true;
	r->names_asked = true;
	reverse = spf_reverse_name(r->arena, &r->values.client);
	r->names = arena_new_array(r->arena, LIMIT_SPF_PTR, struct spf_client_name);
	if (slice_is_null(reverse) || r->names == NULL)
		return spf_run_fail_memory(r);
	if (!ask_leniently(r, reverse, DNS_PTR, &answer))
		return false;
	/* section 4.6.4: all names but the first ten are ignored */
	for (size_t i = 0; i < answer->count && i < LIMIT_SPF_PTR; i++)
		r->names[r->name_count++].name = answer->records[i].text;
	return true;
}

bool spf_run_validated(struct spf_run *r, struct spf_client_name *n)
{
	const struct dns_answer *answer;

	if (n->state != SPF_NAME_UNKNOWN)
		return n->state == SPF_NAME_VALID;
	n->state = SPF_NAME_INVALID;
	if (n->name.len == 0 ||
	    !ask_leniently(r, n->name, spf_run_address_type(r), &answer))
		return false;
	for (size_t i = 0; i < answer->count; i++)
		if (ip_eq(&answer->records[i].ip, &r->values.client))
			n->state = SPF_NAME_VALID;
	return n->state == SPF_NAME_VALID;
}

bool spf_name_is_below(struct slice name, struct slice target)
{
	return slice_iends_with(name, target) &&
	    (name.len == target.len || name.ptr[name.len - target.len - 1] == '.');
}

/* Section 7.3: <domain> itself before a name below it before any other one. */
static struct slice best_client_name(void *ctx, struct slice domain)
{
	struct spf_run *r = ctx;
	struct slice own = spf_name_escaped(r->arena, domain);

	if (slice_is_null(own) || !spf_run_client_names(r))
		return SLICE("unknown");
	for (unsigned pass = 0; pass < 3; pass++) {
		for (size_t i = 0; i < r->name_count; i++) {
			struct spf_client_name *n = &r->names[i];

			if ((pass == 0 && !slice_ieq(n->name, own)) ||
			    (pass == 1 && !spf_name_is_below(n->name, own)))
				continue;
			if (spf_run_validated(r, n))
				return n->name;
		}
	}
	return SLICE("unknown");
}

void spf_run_init_values(struct spf_run *r)
{
	r->values.validated = best_client_name;
	r->values.ctx = r;
}

/* --- sections 4.3 to 4.6: records ------------------------------------------------------------- */

/* Section 4.3: labels that the DNS can hold, and two of them at least. */
static bool can_have_record(struct slice domain)
{
	return spf_name_valid(domain) && slice_find(domain, '.') < domain.len;
}

/* Section 4.5: how many records there are, and the last of them */
static size_t select_records(const struct dns_answer *answer, struct slice *text)
{
	size_t found = 0;

	for (size_t i = 0; i < answer->count; i++) {
		if (!spf_record_is(answer->records[i].text))
			continue;
		*text = answer->records[i].text;
		found++;
	}
	return found;
}

/* Section 4.6: the syntax of the whole record comes first. */
static bool check_record(struct spf_run *r, size_t found, struct slice text,
    struct spf_record *out)
{
	struct spf_mistake mistake;

	r->term = SLICE_NULL;
	if (found > 1)
		return spf_run_fail(r, AUTH_PERMERROR, SPF_WHY_MULTIPLE_RECORDS, NULL);
	if (text.len > LIMIT_SPF_RECORD)
		return spf_run_fail(r, AUTH_PERMERROR, SPF_WHY_RECORD_TOO_LARGE, NULL);
	spf_run_trace(r, "%.*s: %.*s", SLICE_ARG(r->domain), SLICE_ARG(text));
	if (spf_record_parse(text, &r->values.client, out, &mistake))
		return true;
	r->term = mistake.term;
	return spf_run_fail(r, AUTH_PERMERROR, SPF_WHY_RECORD_SYNTAX, mistake.what);
}

bool spf_run_fetch(struct spf_run *r, struct slice domain, struct spf_record *out,
    enum auth_result *result_out)
{
	struct slice name = SLICE_NULL, text = SLICE_NULL;
	const struct dns_answer *answer;
	size_t found;

	*result_out = AUTH_NONE;
	r->why = SPF_WHY_NO_DOMAIN;
	if (!can_have_record(domain))
		return false;
	*result_out = AUTH_TEMPERROR;
	name = spf_name_escaped(r->arena, domain);
	if (slice_is_null(name))
		return spf_run_fail_memory(r);
	if (!spf_run_ask(r, name, DNS_TXT, &answer)) {
		*result_out = r->error;
		return false;
	}
	found = select_records(answer, &text);
	if (found == 0) {
		*result_out = AUTH_NONE;
		r->why = answer->status == DNS_NXDOMAIN ? SPF_WHY_NXDOMAIN : SPF_WHY_NO_RECORD;
		return false;
	}
	r->domain = domain;
	if (!check_record(r, found, text, out)) {
		*result_out = r->error;
		return false;
	}
	return true;
}

/* --- section 6.2: exp= ------------------------------------------------------------------------ */

struct slice spf_run_explanation(struct spf_run *r)
{
	struct slice name, text = SLICE_NULL;
	const struct dns_answer *answer;

	r->counts_void = false; /* section 4.6.4 */
	if (slice_is_null(r->exp) ||
	    !spf_expand_name(r->arena, &r->values, r->domain, r->exp, &name) ||
	    !spf_name_valid(name))
		return SLICE_NULL;
	name = spf_name_escaped(r->arena, name);
	if (slice_is_null(name) || !ask_leniently(r, name, DNS_TXT, &answer) || answer->count != 1)
		return SLICE_NULL;
	if (!spf_expand_explanation(r->arena, &r->values, r->domain, answer->records[0].text,
	    &text))
		return SLICE_NULL;
	spf_run_trace(r, "exp=%.*s: %.*s", SLICE_ARG(r->exp), SLICE_ARG(text));
	return text;
}

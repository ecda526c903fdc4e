#include "base/limits.h"

#include "spf/name.h"

#include "run.h"

/* What a mechanism says (RFC 7208 section 4.6.2); the finding has the exception. */
enum outcome { NO_MATCH, MATCH, EXCEPTION };

/* Section 5.3: is the client among the addresses of name?  domain has the record. */
static enum outcome match_host(struct spf_run *r, const struct spf_term *t, struct slice domain,
    struct slice name)
{
	const struct dns_answer *answer;

	if (!spf_run_ask(r, name, spf_run_address_type(r), &answer))
		return EXCEPTION;
	for (size_t i = 0; i < answer->count; i++) {
		if (spf_term_in_cidr(t, &answer->records[i].ip, spf_run_client(r)))
			return MATCH;
		spf_run_trace_address(r, t, domain, &answer->records[i].ip);
	}
	return NO_MATCH;
}

/* Section 5.4; there is no implicit MX, and a null MX (RFC 7505) has no host. */
static enum outcome match_mx(struct spf_run *r, const struct spf_term *t, struct slice domain,
    struct slice name)
{
	const struct dns_answer *mx;
	enum outcome outcome = NO_MATCH;

	if (!spf_run_ask_mx(r, name, &mx))
		return EXCEPTION;
	for (size_t i = 0; i < mx->count && outcome == NO_MATCH; i++)
		if (mx->records[i].text.len > 0)
			outcome = match_host(r, t, domain, mx->records[i].text);
	return outcome;
}

/* Section 5.5, as erratum 4751 has it: a validated name equals the target or is below it. */
static enum outcome match_ptr(struct spf_run *r, struct slice name)
{
	size_t count;

	if (!spf_run_client_names(r, &count))
		return EXCEPTION;
	for (size_t i = 0; i < count; i++) {
		if (!spf_name_is_below(spf_run_client_name(r, i), name))
			continue;
		if (spf_run_validated(r, i))
			return MATCH;
		if (spf_run_error(r) != AUTH_NONE)
			return EXCEPTION;
	}
	return NO_MATCH;
}

/* Section 5.7: A records, whatever the client's family. */
static enum outcome match_exists(struct spf_run *r, struct slice name)
{
	const struct dns_answer *answer;

	if (!spf_run_ask(r, name, DNS_A, &answer))
		return EXCEPTION;
	return answer->count > 0 ? MATCH : NO_MATCH;
}

/* Section 5.2's table.  The recursion is as deep as the limit of terms allows. */
static enum outcome match_include(struct spf_run *r, struct slice target)
{
	unsigned depth = spf_run_depth(r);
	enum auth_result result;

	spf_run_set_depth(r, depth + 1);
	result = spf_check_host(r, target);
	spf_run_set_depth(r, depth);
	switch (result) {
	case AUTH_PASS:
		return MATCH;
	case AUTH_NONE: /* section 5.2: not what the domain's own lack of a record means */
		spf_run_fail(r, AUTH_PERMERROR, SPF_WHY_INCLUDE_NO_RECORD, NULL);
		return EXCEPTION;
	case AUTH_TEMPERROR:
	case AUTH_PERMERROR:
		return EXCEPTION;
	default:
		return NO_MATCH;
	}
}

static enum outcome match_by_name(struct spf_run *r, const struct spf_term *t, struct slice domain)
{
	struct slice target, name;

	if (!spf_run_target(r, t, domain, &target))
		return EXCEPTION;
	if (slice_is_null(target))
		return NO_MATCH;
	if (t->kind == SPF_INCLUDE)
		return match_include(r, target);
	name = spf_name_escaped(spf_run_arena(r), target);
	if (slice_is_null(name)) {
		spf_run_fail_memory(r);
		return EXCEPTION;
	}
	switch (t->kind) {
	case SPF_A:
		return match_host(r, t, domain, name);
	case SPF_MX:
		return match_mx(r, t, domain, name);
	case SPF_PTR:
		return match_ptr(r, name);
	default:
		return match_exists(r, name);
	}
}

/* Left to right, the first match decides (section 4.6.2).  false: nothing has matched. */
static bool walk_directives(struct spf_run *r, const struct spf_record *record,
    struct slice domain, enum auth_result *result_out)
{
	for (size_t i = 0; i < record->step_count; i++) {
		const struct spf_term *t = &record->steps[i];
		enum outcome outcome = EXCEPTION;

		spf_run_trace_networks(r, record, domain, i);
		if (!spf_kind_queries(t->kind)) /* sections 5.1 and 5.6 */
			outcome = MATCH; /* no other such term is a step */
		else if (spf_run_begin_term(r, t, domain))
			outcome = match_by_name(r, t, domain);
		spf_run_trace_term(r, t, outcome == MATCH ? auth_result_text(t->qualifier) :
		    outcome == NO_MATCH ? "no match" : auth_result_text(spf_run_error(r)));
		if (outcome == NO_MATCH)
			continue;
		if (outcome == MATCH)
			spf_run_match(r, t, record, domain);
		*result_out = outcome == MATCH ? t->qualifier : spf_run_error(r);
		return true;
	}
	spf_run_trace_networks(r, record, domain, record->step_count);
	return false;
}

/*
 * Section 6.1; where there is an "all", that has matched.  false: there is no redirect, or the check
 * has come to its end.
 */
static bool follow_redirect(struct spf_run *r, const struct spf_record *record,
    struct slice *domain)
{
	const struct spf_term *redirect = &record->redirect;
	struct slice target;

	if (slice_is_null(redirect->text))
		return false;
	if (!spf_run_begin_term(r, redirect, *domain) ||
	    !spf_run_target(r, redirect, *domain, &target) || slice_is_null(target))
		return false;
	spf_run_trace_term(r, redirect, "taken");
	*domain = target;
	return true;
}

enum auth_result spf_check_record(struct spf_run *r, struct spf_record *record,
    struct slice domain)
{
	enum spf_fetched fetched = SPF_FETCHED_RECORD;
	enum auth_result result;

	while (fetched == SPF_FETCHED_RECORD) {
		if (walk_directives(r, record, domain, &result))
			return result;
		if (!follow_redirect(r, record, &domain))
			return spf_run_error(r) != AUTH_NONE ? spf_run_error(r) :
			    spf_run_default(r, domain);
		fetched = spf_run_fetch(r, domain, record);
	}
	if (fetched == SPF_FETCHED_NONE) /* section 6.1 */
		spf_run_fail(r, AUTH_PERMERROR, SPF_WHY_REDIRECT_NO_RECORD, NULL);
	return spf_run_error(r);
}

enum auth_result spf_check_host(struct spf_run *r, struct slice domain)
{
	struct spf_record record;

	switch (spf_run_fetch(r, domain, &record)) {
	case SPF_FETCHED_RECORD:
		return spf_check_record(r, &record, domain);
	case SPF_FETCHED_NONE:
		return AUTH_NONE;
	case SPF_FETCHED_ERROR:
		break;
	}
	return spf_run_error(r);
}

#include "base/ascii.h"
#include "base/hostname.h"
#include "base/limits.h"
#include "mail/tokens.h"
#include "run.h"
#include "spf/lookahead.h"

#include "spf/spf.h"

/* Longer terms and domains are cut in a reason. */
#define REASON_TERM_OCTETS 100u

static const char *const why_texts[SPF_WHY_COUNT] = {
	[SPF_WHY_MATCH] = "a mechanism matches",
	[SPF_WHY_DEFAULT] = "no mechanism matches",
	[SPF_WHY_NO_RECORD] = "no SPF record",
	[SPF_WHY_NO_DOMAIN] = "not a domain that can have an SPF record",
	[SPF_WHY_NXDOMAIN] = "the domain does not exist",
	[SPF_WHY_NOT_CHECKED] = "not checked",
	[SPF_WHY_NO_CLIENT] = "the client's address is not known",
	[SPF_WHY_MULTIPLE_RECORDS] = "more than one SPF record",
	[SPF_WHY_RECORD_SYNTAX] = "syntax error",
	[SPF_WHY_RECORD_TOO_LARGE] = "the record is too large",
	[SPF_WHY_TOO_MANY_TERMS] = "more than 10 terms that need look-ups",
	[SPF_WHY_TOO_MANY_VOID] = "too many look-ups without an answer",
	[SPF_WHY_TOO_MANY_MX] = "more than 10 MX hosts",
	[SPF_WHY_TOO_MUCH_WORK] = "records and macros exceed the processing limit",
	[SPF_WHY_INCLUDE_NO_RECORD] = "the included domain has no SPF record",
	[SPF_WHY_REDIRECT_NO_RECORD] = "the domain of redirect= has no SPF record",
	[SPF_WHY_DNS_TIMEOUT] = "DNS time-out",
	[SPF_WHY_DNS_FAILURE] = "DNS failure",
	[SPF_WHY_LOCAL_TROUBLE] = "DNS failure on this host",
	[SPF_WHY_NO_MEMORY] = "out of memory",
};

const char *spf_why_text(enum spf_why why)
{
	return why < SPF_WHY_COUNT ? why_texts[why] : "unknown";
}

bool spf_was_checked(const struct spf_result *r)
{
	return r->why != SPF_WHY_NOT_CHECKED && r->why != SPF_WHY_NO_CLIENT;
}

/* --- identities (RFC 7208 sections 2.3, 2.4 and 4.3) ------------------------------------------ */

struct identity {
	struct slice local_part;
	struct domain domain; /* none: there is nothing to check */
	struct slice sender;
};

static void identity_set(struct arena *a, struct slice local_part, struct slice domain,
    struct identity *out)
{
	*out = (struct identity){ .local_part = local_part };
	if (local_part.len == 0)
		out->local_part = SLICE("postmaster"); /* section 4.3 */
	/* section 4.3; "1.2.3.4" without brackets is not the name of a host either */
	if (!domain_parse(a, domain, &out->domain) || hostname_ends_in_number(out->domain.name)) {
		out->domain = DOMAIN_NONE;
		return;
	}
	out->sender = arena_printf(a, "%.*s@%.*s", SLICE_ARG(out->local_part),
	    SLICE_ARG(out->domain.name));
}

/* The A-d-l of a source route is ignored (RFC 5321 section 4.1.1.3). */
static struct slice without_route(struct slice path)
{
	struct cursor c = cursor_of(path);

	take_route(&c);
	return cursor_rest(&c);
}

static enum spf_scope identity_of(struct arena *a, const struct spf_request *request,
    struct identity *out)
{
	struct slice path = without_route(request->mail_from);
	size_t at = slice_rfind(path, '@');

	if (path.len == 0) { /* section 2.4: the null reverse-path */
		identity_set(a, SLICE("postmaster"), request->helo, out);
		return SPF_SCOPE_HELO;
	}
	if (at == path.len)
		identity_set(a, SLICE(""), path, out);
	else
		identity_set(a, slice_take(path, at), slice_drop(path, at + 1), out);
	return SPF_SCOPE_MFROM;
}

/* What is reported of a check outlives what it was asked about. */
static struct spf_request kept_request(struct arena *a, const struct spf_request *request)
{
	return (struct spf_request){ .client = request->client,
		.helo = arena_copy(a, request->helo),
		.mail_from = arena_copy(a, request->mail_from) };
}

static struct spf_values values_of(const struct spf_request *request, const struct identity *id)
{
	return (struct spf_values){
		.sender = id->sender,
		.local_part = id->local_part,
		.sender_domain = id->domain.name,
		.helo = request->helo,
		.client = request->client,
	};
}

/* --- reasons ---------------------------------------------------------------------------------- */

/*
 * Remote text that may hold anything.  The reason is shown in header fields which people search for
 * "dmarc=pass" and the like: no "=" of others gets there.
 */
static void add_clean(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.len && i < REASON_TERM_OCTETS; i++)
		buf_add_char(b, is_vchar(s.ptr[i]) && s.ptr[i] != '=' ? s.ptr[i] : '?');
	if (s.len > REASON_TERM_OCTETS)
		buf_add_str(b, "...");
}

/* A term, where "redirect=" is our word. */
static void add_term(struct buf *b, struct slice term)
{
	static const struct slice redirect = { "redirect=", 9 };

	if (slice_istarts_with(term, redirect)) {
		buf_add(b, redirect);
		term = slice_drop(term, redirect.len);
	}
	add_clean(b, term);
}

/* "-all of example.com", "include:x of example.com: DNS failure: SERVFAIL" */
static struct slice reason_of(struct arena *a, const struct spf_finding *f)
{
	struct buf b = BUF_INIT(LIMIT_LOG_LINE);

	if (f->term.len > 0) {
		add_term(&b, f->term);
		buf_add_str(&b, " of ");
	}
	add_clean(&b, f->domain);
	if (f->why != SPF_WHY_MATCH)
		buf_addf(&b, "%s%s", f->domain.len > 0 ? ": " : "", spf_why_text(f->why));
	if (f->detail != NULL)
		buf_addf(&b, ": %s", f->detail);
	return arena_take_buf(a, &b);
}

/* Without the qualifier, clean as in a reason: Received-SPF shows it. */
static struct slice mechanism_of(struct arena *a, const struct spf_finding *f,
    enum auth_result result)
{
	struct buf b = BUF_INIT(LIMIT_LOG_LINE);
	bool qualified = f->term.len > 0 && is_one_of(f->term.ptr[0], "+-~?");

	if (result == AUTH_NONE || f->error != AUTH_NONE)
		return SLICE_NULL;
	if (f->why == SPF_WHY_DEFAULT)
		return SLICE("default");
	add_clean(&b, slice_drop(f->term, qualified));
	return arena_take_buf(a, &b);
}

/* --- the check -------------------------------------------------------------------------------- */

static enum auth_result evaluate(struct spf_run *r, struct slice domain, enum spf_engine engine)
{
	spf_run_begin(r, domain);
	if (spf_run_client(r)->family == IP_NONE)
		return spf_run_none(r, SPF_WHY_NO_CLIENT);
	if (domain.len == 0)
		return spf_run_none(r, SPF_WHY_NO_DOMAIN);
	spf_run_look_ahead(r, domain);
	if (engine == SPF_ENGINE_LIBSPF2)
		return spf_check_host_libspf2(r, domain);
	return spf_check_host(r, domain);
}

/* Section 6.2 */
static struct slice explanation_of(struct spf_run *r, const struct spf_params *params)
{
	struct slice text = spf_run_explanation(r);

	return text.len > 0 ? text : params->default_explanation;
}

static enum rc check(struct spf_setting *s, const struct spf_request *request,
    const struct identity *id, int64_t now, struct spf_result *out)
{
	struct spf_result result = { .request = kept_request(s->arena, request),
		.domain = id->domain, .explanation = SLICE_NULL };
	const struct spf_finding *found;
	struct spf_run *r;

	s->values = values_of(request, id);
	s->values.now = now;
	s->values.receiver = s->params->receiver;
	r = spf_run_new(s);
	if (r == NULL)
		return RC_NOMEM;
	result.result = evaluate(r, id->domain.name, s->params->engine);
	if (s->params->engine == SPF_ENGINE_BUILTIN && (result.result == AUTH_FAIL ||
	    result.result == AUTH_SOFTFAIL || result.result == AUTH_NEUTRAL))
		spf_run_trace_nearest(r); /* libspf2 does not report which addresses it has compared */
	found = spf_run_finding(r);
	result.why = found->why;
	result.reason = reason_of(s->arena, found);
	result.mechanism = mechanism_of(s->arena, found, result.result);
	result.terms = found->terms;
	result.voids = found->voids;
	result.used = found->used;
	result.used_count = found->used_count;
	if (result.result == AUTH_FAIL)
		result.explanation = explanation_of(r, s->params);
	if (arena_failed(s->arena))
		return RC_NOMEM;
	*out = result;
	return RC_OK;
}

enum rc spf_check_mail_from(struct arena *a, struct lookups *l, const struct spf_params *params,
    const struct spf_request *request, const struct spf_trace *trace, int64_t now,
    struct spf_mail_from_result *out)
{
	struct spf_setting s = { .arena = a, .lookups = l, .purpose = LOOKUP_SPF, .params = params,
		.trace = trace };
	struct spf_mail_from_result result = { .sender = SLICE_NULL };
	struct identity id;

	result.scope = identity_of(a, request, &id);
	result.sender = id.sender;
	TRY(check(&s, request, &id, now, &result.r));
	*out = result;
	return RC_OK;
}

enum rc spf_check_helo(struct arena *a, struct lookups *l, const struct spf_params *params,
    const struct spf_request *request, const struct spf_trace *trace, int64_t now,
    struct spf_helo_result *out)
{
	struct spf_setting s = { .arena = a, .lookups = l, .purpose = LOOKUP_HELO, .params = params,
		.trace = trace };
	struct spf_helo_result result;
	struct identity id;

	identity_set(a, SLICE("postmaster"), request->helo, &id);
	TRY(check(&s, request, &id, now, &result.r));
	*out = result;
	return RC_OK;
}

static void start(struct lookups *l, enum lookup_purpose purpose, const struct ip *client,
    const struct identity *id)
{
	if (!domain_is_none(id->domain) && client->family != IP_NONE)
		spf_ahead_record(spf_ahead_new(l, purpose, client), id->domain.name);
}

void spf_start(struct lookups *l, const struct spf_request *request)
{
	struct arena *a = arena_create(LIMIT_ADDRESS_OCTETS);
	struct identity id, helo;

	if (a == NULL)
		return;
	identity_of(a, request, &id);
	start(l, LOOKUP_SPF, &request->client, &id);
	identity_set(a, SLICE("postmaster"), request->helo, &helo);
	if (!domain_eq(helo.domain, id.domain))
		start(l, LOOKUP_HELO, &request->client, &helo);
	arena_free(&a);
}

bool spf_engine_available(enum spf_engine engine)
{
	return engine == SPF_ENGINE_BUILTIN || spf_libspf2_available();
}

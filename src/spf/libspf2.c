/*
 * The engine `libspf2`.  That library has known memory errors in the compiler of macros, no limits
 * over a whole check, and drops without a word what does not fit its records; so no octet from
 * outside ever reaches it.  It walks what rewrite.h writes; the names that the tokens replace are expanded
 * and asked for by our own functions when it asks for the tokens, and these count terms and void
 * look-ups.
 */
#include "config.h"

#include "run.h"

#ifndef HAVE_LIBSPF2

bool spf_libspf2_available(void)
{
	return false;
}

enum auth_result spf_check_host_libspf2(struct spf_run *r, struct slice domain)
{
	return spf_check_host(r, domain);
}

#else

#include <sys/types.h>

#include <limits.h>
#include <netinet/in.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <spf2/spf.h>
#include <spf2/spf_dns.h>
#include <spf2/spf_log.h>

#include "base/limits.h"
#include "spf/name.h"

#include "rewrite.h"

/* What libspf2 expects of an answer without trouble; musl has no name for it. */
#ifndef NETDB_SUCCESS
#define NETDB_SUCCESS 0
#endif

#define TOKEN_OCTETS 64u

/* A record that the library walks, or that `builtin` has evaluated for it. */
struct walked {
	struct spf_record record;
	struct slice domain;
	unsigned depth;
	bool top;       /* not inside an include: what matches here decides */
	bool decided;   /* by `builtin`: the library sees its result only */
	size_t first;   /* token of the first term that asks; the others follow */
};

struct library_walk {
	struct spf_run *r;
	SPF_server_t *server;
	SPF_request_t *request;
	SPF_dns_rr_t *spare; /* preallocated: the library requires an answer even if memory is exhausted */
	struct spf_rewriter out;
	size_t next;         /* token that can be asked for next */
	struct slice domain;
	const struct walked *top;
	bool none;           /* the domain itself has no record */
	bool lost;           /* the library asked for a name that is not in any record it was given */
};

bool spf_libspf2_available(void)
{
	return true;
}

/* --- answers ---------------------------------------------------------------------------------- */

/* The library calls abort() when it is given NULL. */
static SPF_dns_rr_t *answer_new(struct library_walk *w, const char *name, ns_type type, int status)
{
	SPF_dns_rr_t *rr = SPF_dns_rr_new_init(NULL, name, type, 0, status);

	if (rr == NULL) {
		spf_run_fail_memory(w->r);
		rr = w->spare;
		w->spare = NULL;
		rr->herrno = TRY_AGAIN;
	}
	return rr;
}

/* Ends the library's walk: whatever it makes of that, our own error counts. */
static SPF_dns_rr_t *answer_stop(struct library_walk *w, const char *name, ns_type type)
{
	return answer_new(w, name, type, TRY_AGAIN);
}

static SPF_dns_rr_t *answer_nothing(struct library_walk *w, const char *name, ns_type type)
{
	return answer_new(w, name, type, HOST_NOT_FOUND);
}

static bool answer_grow(struct library_walk *w, SPF_dns_rr_t *rr, size_t octets)
{
	if (SPF_dns_rr_buf_realloc(rr, rr->num_rr, octets) == SPF_E_SUCCESS)
		return true;
	rr->herrno = TRY_AGAIN;
	return spf_run_fail_memory(w->r);
}

static void add_address(struct library_walk *w, SPF_dns_rr_t *rr, const struct ip *ip)
{
	struct ip other = spf_rewrite_address(&w->out, ip);

	if (!answer_grow(w, rr, sizeof(SPF_dns_rr_data_t)))
		return;
	if (rr->rr_type == ns_t_a)
		memcpy(&rr->rr[rr->num_rr]->a, other.octets, sizeof(rr->rr[0]->a));
	else
		memcpy(&rr->rr[rr->num_rr]->aaaa, other.octets, sizeof(rr->rr[0]->aaaa));
	rr->num_rr++;
}

static void add_token(struct library_walk *w, SPF_dns_rr_t *rr, char kind, size_t i, size_t n)
{
	char text[TOKEN_OCTETS];
	int len = snprintf(text, sizeof(text), "%c%zu.t%zu.x", kind, i, n);

	if (!answer_grow(w, rr, sizeof(text)))
		return;
	memcpy((void *)rr->rr[rr->num_rr], text, (size_t)len + 1);
	rr->num_rr++;
}

/* The client's own address replaces any where /0 was written, which the library refuses. */
static SPF_dns_rr_t *answer_addresses(struct library_walk *w, const struct spf_term *t,
    const struct dns_answer *found, const char *name, ns_type type)
{
	const struct ip *client = spf_run_client(w->r);
	bool any = t->kind != SPF_EXISTS && (client->family == IP_V6 ? t->bits6 : t->bits4) == 0;
	SPF_dns_rr_t *rr;

	if (found->count == 0)
		return answer_nothing(w, name, type);
	rr = answer_new(w, name, type, NETDB_SUCCESS);
	for (size_t i = 0; i < found->count && (i == 0 || !any); i++)
		add_address(w, rr, any ? client : &found->records[i].ip);
	return rr;
}

/* --- questions -------------------------------------------------------------------------------- */

/* The token's term begins: it must be the one whose turn it is. */
static struct spf_token *begin(struct library_walk *w, size_t n, struct slice *target)
{
	struct spf_token *t = n < w->out.count ? &w->out.tokens[n] : NULL;

	if (t == NULL || n != w->next || t->begun) {
		w->lost = true;
		return NULL;
	}
	t->begun = true;
	spf_run_set_depth(w->r, t->in->depth);
	if (!spf_run_begin_term(w->r, &t->term, t->in->domain) ||
	    !spf_run_target(w->r, &t->term, t->in->domain, target))
		return NULL;
	return t;
}

/* begin() for all but include and redirect; the name in the resolver's form. */
static struct spf_token *begin_name(struct library_walk *w, size_t n, struct slice *name)
{
	struct spf_token *t = begin(w, n, name);

	if (t == NULL || slice_is_null(*name))
		return t;
	*name = spf_name_escaped(spf_run_arena(w->r), *name);
	if (!slice_is_null(*name))
		return t;
	spf_run_fail_memory(w->r);
	return NULL;
}

/* a and exists */
static SPF_dns_rr_t *ask_host(struct library_walk *w, size_t n, const char *token, ns_type type)
{
	const struct dns_answer *found;
	struct slice name;
	struct spf_token *t = begin_name(w, n, &name);
	enum dns_type wanted;

	if (t == NULL)
		return answer_stop(w, token, type);
	if (slice_is_null(name))
		return answer_nothing(w, token, type);
	wanted = t->term.kind == SPF_EXISTS ? DNS_A : spf_run_address_type(w->r);
	if (!spf_run_ask(w->r, name, wanted, &found))
		return answer_stop(w, token, type);
	return answer_addresses(w, &t->term, found, token, type);
}

static SPF_dns_rr_t *ask_mx(struct library_walk *w, size_t n, const char *token)
{
	struct slice name;
	struct spf_token *t = begin_name(w, n, &name);
	SPF_dns_rr_t *rr;

	if (t == NULL)
		return answer_stop(w, token, ns_t_mx);
	if (slice_is_null(name))
		return answer_nothing(w, token, ns_t_mx);
	if (!spf_run_ask_mx(w->r, name, &t->mx))
		return answer_stop(w, token, ns_t_mx);
	rr = answer_new(w, token, ns_t_mx, NETDB_SUCCESS);
	for (size_t i = 0; i < t->mx->count; i++)
		if (t->mx->records[i].text.len > 0)
			add_token(w, rr, 'h', i, n);
	return rr;
}

static SPF_dns_rr_t *ask_mx_host(struct library_walk *w, size_t i, size_t n, const char *token,
    ns_type type)
{
	struct spf_token *t = n < w->out.count ? &w->out.tokens[n] : NULL;
	const struct dns_answer *found;

	if (t == NULL || t->mx == NULL || i >= t->mx->count) {
		w->lost = true;
		return answer_stop(w, token, type);
	}
	if (!spf_run_ask(w->r, t->mx->records[i].text, spf_run_address_type(w->r), &found))
		return answer_stop(w, token, type);
	return answer_addresses(w, &t->term, found, token, type);
}

/* The question is about the client; names outside the target's domain need no validation. */
static SPF_dns_rr_t *ask_ptr(struct library_walk *w, const char *question)
{
	size_t n = w->next;
	struct slice target;
	struct spf_token *t = begin_name(w, n, &target);
	SPF_dns_rr_t *rr;
	size_t count = 0;

	if (t == NULL || (!slice_is_null(target) && !spf_run_client_names(w->r, &count)))
		return answer_stop(w, question, ns_t_ptr);
	rr = answer_new(w, question, ns_t_ptr, NETDB_SUCCESS);
	for (size_t i = 0; i < count; i++)
		if (spf_name_is_below(spf_run_client_name(w->r, i), target))
			add_token(w, rr, 'p', i, n);
	return rr;
}

static SPF_dns_rr_t *ask_ptr_host(struct library_walk *w, size_t i, const char *token, ns_type type)
{
	SPF_dns_rr_t *rr;
	size_t count;
	bool valid;

	if (!spf_run_client_names(w->r, &count) || i >= count) {
		w->lost = true;
		return answer_stop(w, token, type);
	}
	valid = spf_run_validated(w->r, i);
	if (spf_run_error(w->r) != AUTH_NONE)
		return answer_stop(w, token, type);
	if (!valid)
		return answer_nothing(w, token, type);
	rr = answer_new(w, token, type, NETDB_SUCCESS);
	add_address(w, rr, spf_run_client(w->r));
	return rr;
}

static SPF_dns_rr_t *note_no_match(struct library_walk *w, size_t n, const char *token, ns_type type)
{
	if (n >= w->out.count || !w->out.tokens[n].begun) {
		w->lost = true;
		return answer_stop(w, token, type);
	}
	w->out.tokens[n].done = true;
	w->next = n + 1;
	spf_run_set_depth(w->r, w->out.tokens[n].in->depth);
	spf_run_trace_term(w->r, &w->out.tokens[n].term, "no match");
	return answer_nothing(w, token, type);
}

static SPF_dns_rr_t *lookup(SPF_dns_server_t *layer, const char *name, ns_type type, int cache)
{
	struct library_walk *w = layer->hook;
	size_t i, n;
	char kind;

	(void)cache;
	if (spf_run_error(w->r) != AUTH_NONE || w->lost)
		return answer_stop(w, name, type);
	if (type == ns_t_ptr)
		return ask_ptr(w, name);
	if (!spf_read_token(slice_str(name), &kind, &i, &n))
		kind = '\0';
	switch (kind) {
	case 't':
		return type == ns_t_mx ? ask_mx(w, n, name) : ask_host(w, n, name, type);
	case 'h':
		return ask_mx_host(w, i, n, name, type);
	case 'p':
		return ask_ptr_host(w, i, name, type);
	case 'n':
		return note_no_match(w, n, name, type);
	default:
		w->lost = true;
		return answer_stop(w, name, type);
	}
}

/* --- records ---------------------------------------------------------------------------------- */

/* false: the library cannot hold it, or says so. */
static bool compile(struct library_walk *w, const struct spf_rewriting *text, SPF_record_t **out)
{
	SPF_response_t *messages = SPF_response_new(w->request);
	bool held;

	if (messages == NULL || buf_failed(&text->text)) {
		if (messages != NULL)
			SPF_response_free(messages);
		return false;
	}
	held = SPF_record_compile(w->server, messages, out, buf_cstr(&text->text)) ==
	    SPF_E_SUCCESS && *out != NULL && (*out)->num_mech == text->mechanisms;
	SPF_response_free(messages);
	if (!held && *out != NULL) {
		SPF_record_free(*out);
		*out = NULL;
	}
	return held;
}

/* A record that only says what is known already. */
static SPF_errcode_t say(struct library_walk *w, enum auth_result result, SPF_record_t **out)
{
	struct spf_rewriting text = SPF_REWRITING_INIT;
	SPF_errcode_t code = SPF_E_NO_MEMORY;

	if (spf_run_error(w->r) != AUTH_NONE)
		return spf_run_error(w->r) == AUTH_TEMPERROR ? SPF_E_DNS_ERROR : SPF_E_SYNTAX;
	spf_rewrite_result(result, &text);
	if (compile(w, &text, out))
		code = SPF_E_SUCCESS;
	else
		w->lost = true;
	buf_free(&text.text);
	return code;
}

/* Records of more than 511 octets in the library's form, and whatever else it cannot hold. */
static SPF_errcode_t say_what_builtin_says(struct library_walk *w, struct walked *in, SPF_record_t **out)
{
	w->out.count = in->first;
	in->decided = true;
	spf_run_trace(w->r, "%.*s: too large for libspf2, evaluated by the builtin engine",
	    SLICE_ARG(in->domain));
	return say(w, spf_check_record(w->r, &in->record, in->domain), out);
}

/* RFC 7208 sections 5.2 and 6.1: what no record means depends on who asks. */
static SPF_errcode_t no_record(struct library_walk *w, const struct spf_token *t)
{
	if (t == NULL)
		w->none = true;
	else
		spf_run_fail(w->r, AUTH_PERMERROR, t->term.kind == SPF_REDIRECT ?
		    SPF_WHY_REDIRECT_NO_RECORD : SPF_WHY_INCLUDE_NO_RECORD, NULL);
	return SPF_E_NOT_SPF;
}

/* The record of the root (t is NULL), of an include or of a redirect. */
static SPF_errcode_t give_record(struct library_walk *w, const struct spf_token *t, struct slice domain,
    SPF_record_t **out)
{
	struct walked *in = arena_new(spf_run_arena(w->r), struct walked);
	struct spf_rewriting text = SPF_REWRITING_INIT;
	bool redirected = t != NULL && t->term.kind == SPF_REDIRECT;
	SPF_errcode_t code = SPF_E_DNS_ERROR;
	enum spf_fetched fetched;

	if (in == NULL) {
		spf_run_fail_memory(w->r);
		return SPF_E_DNS_ERROR;
	}
	in->domain = domain;
	in->top = t == NULL || (redirected && t->in->top);
	in->depth = t == NULL ? 0 : t->in->depth + !redirected;
	spf_run_set_depth(w->r, in->depth);
	if (in->top)
		w->top = in;
	fetched = spf_run_fetch(w->r, domain, &in->record);
	if (fetched != SPF_FETCHED_RECORD)
		return fetched == SPF_FETCHED_NONE ? no_record(w, t) : say(w, spf_run_error(w->r), out);
	in->first = w->next = w->out.count;
	if (!spf_rewrite(&w->out, &in->record, in, spf_run_terms_left(w->r), &text))
		spf_run_fail_memory(w->r);
	else if (compile(w, &text, out))
		code = SPF_E_SUCCESS;
	else
		code = say_what_builtin_says(w, in, out);
	buf_free(&text.text);
	return code;
}

static SPF_errcode_t get_spf(SPF_server_t *server, SPF_request_t *request,
    SPF_response_t *response, SPF_record_t **out)
{
	struct library_walk *w = server->resolver->hook;
	struct slice target;
	struct spf_token *t;
	size_t i, n;
	char kind;

	(void)response;
	*out = NULL;
	if (strcmp(request->cur_dom, "root.x") == 0)
		return give_record(w, NULL, w->domain, out);
	if (spf_run_error(w->r) != AUTH_NONE || w->lost ||
	    !spf_read_token(slice_str(request->cur_dom), &kind, &i, &n) || kind != 't') {
		w->lost = w->lost || spf_run_error(w->r) == AUTH_NONE;
		return SPF_E_DNS_ERROR;
	}
	t = begin(w, n, &target);
	if (t == NULL)
		return w->lost ? SPF_E_DNS_ERROR : say(w, spf_run_error(w->r), out);
	if (slice_is_null(target)) /* RFC 8616 section 4: it matches nothing */
		return say(w, AUTH_NEUTRAL, out);
	return give_record(w, t, target, out);
}

/* Never asked, as no record given to the library has an exp=. */
static SPF_errcode_t get_exp(SPF_server_t *server, const char *domain, char **out, size_t *size)
{
	(void)server;
	(void)domain;
	if (*size > 0)
		(*out)[0] = '\0';
	return SPF_E_SUCCESS;
}

/* --- the check -------------------------------------------------------------------------------- */

static void say_nothing(const char *file, int line, const char *message)
{
	(void)file;
	(void)line;
	(void)message;
}

/* The library would write to standard output and error. */
static void quiet(void)
{
	SPF_warning_handler = say_nothing;
	SPF_info_handler = say_nothing;
	SPF_debug_handler = say_nothing;
}

static bool prepare(struct library_walk *w, SPF_dns_server_t *layer)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct ip client = spf_rewrite_address(&w->out, &w->out.client);
	struct in_addr v4;
	struct in6_addr v6;

	pthread_once(&once, quiet);
	w->spare = SPF_dns_rr_new();
	w->server = w->spare == NULL ? NULL : SPF_server_new_dns(layer, 0);
	w->request = w->server == NULL ? NULL : SPF_request_new(w->server);
	if (w->request == NULL)
		return false;
	SPF_server_set_max_dns_mech(w->server, INT_MAX); /* markers are counted with the terms */
	memcpy(&v4, client.octets, sizeof(v4));
	memcpy(&v6, client.octets, sizeof(v6));
	if (client.family == IP_V4)
		SPF_request_set_ipv4(w->request, v4);
	else
		SPF_request_set_ipv6(w->request, v6);
	return SPF_request_set_helo_dom(w->request, "root.x") == SPF_E_SUCCESS &&
	    SPF_request_set_env_from(w->request, "x@root.x") == SPF_E_SUCCESS;
}

static bool result_of(SPF_result_t result, enum auth_result *out)
{
	switch (result) {
	case SPF_RESULT_PASS:
		*out = AUTH_PASS;
		return true;
	case SPF_RESULT_FAIL:
		*out = AUTH_FAIL;
		return true;
	case SPF_RESULT_SOFTFAIL:
		*out = AUTH_SOFTFAIL;
		return true;
	case SPF_RESULT_NEUTRAL:
		*out = AUTH_NEUTRAL;
		return true;
	default:
		return false;
	}
}

/*
 * Which term of the deciding record was it?  The one that began and did not end, or the network or
 * "all" that follows those that ended.  false: it could not give that result.
 */
static bool find_match(struct library_walk *w, enum auth_result result)
{
	const struct walked *top = w->top;
	size_t n = top->first;

	spf_run_set_depth(w->r, top->depth);
	for (size_t i = 0; i < top->record.step_count && !top->decided; i++) {
		const struct spf_term *t = &top->record.steps[i];

		if (spf_kind_queries(t->kind) && n < w->out.count && w->out.tokens[n++].done)
			continue;
		spf_run_match(w->r, t, &top->record, top->domain);
		spf_run_trace_term(w->r, t, auth_result_text(t->qualifier));
		return result == t->qualifier;
	}
	return top->decided || result == spf_run_default(w->r, top->domain);
}

/* The whole again, by the other engine. */
static enum auth_result start_over(struct spf_run *r, struct slice domain)
{
	spf_run_begin(r, domain);
	spf_run_trace(r, "libspf2 returned an internal error: evaluated by the builtin engine");
	return spf_check_host(r, domain);
}

enum auth_result spf_check_host_libspf2(struct spf_run *r, struct slice domain)
{
	struct library_walk w = { .r = r, .domain = domain,
		.out = { .arena = spf_run_arena(r), .client = *spf_run_client(r) } };
	SPF_dns_server_t layer = { .lookup = lookup, .get_spf = get_spf, .get_exp = get_exp,
		.name = "assay", .hook = &w };
	SPF_response_t *response = NULL;
	enum auth_result result = AUTH_NONE;
	bool known = false;

	if (ip_is_loopback(spf_run_client(r)))
		w.out.mask = 0xa5;
	if (prepare(&w, &layer)) {
		SPF_request_query_mailfrom(w.request, &response);
		known = response != NULL && !w.lost && !w.none &&
		    result_of(SPF_response_result(response), &result);
	}
	if (response != NULL)
		SPF_response_free(response);
	if (w.request != NULL)
		SPF_request_free(w.request);
	if (w.server != NULL)
		SPF_server_free(w.server);
	if (w.spare != NULL)
		SPF_dns_rr_free(w.spare);
	spf_run_set_depth(r, 0);
	if (spf_run_error(r) != AUTH_NONE)
		return spf_run_error(r);
	if (w.none)
		return AUTH_NONE;
	return known && find_match(&w, result) ? result : start_over(r, domain);
}

#endif

#include <inttypes.h>
#include <stdlib.h>

#include "base/limits.h"
#include "dkim/headerhash.h"

#include "dkim/verify.h"

static const struct slice from_name = { "From", 4 };

/* One DKIM-Signature field on its way to a result. */
struct candidate {
	size_t header_index; /* in the message */
	enum dkim_why why;   /* DKIM_WHY_GOOD until something is found */
	struct dkim_signature sig;
	struct slice key_name;
	bool started;        /* its key is on the way */
	bool chosen;         /* to be verified */
	struct bodyhash *body;
};

struct dkim_verifier {
	struct message *message;
	struct arena *arena;
	struct dkim_verify_params params;
	struct lookups *lookups;
	struct bodyhashes *bodies;
	struct candidate *candidates;
	size_t count, cap;
	size_t started;
	size_t ignored;
};

struct dkim_verifier *dkim_verifier_new(struct message *m, const struct dkim_verify_params *params,
    struct lookups *l, struct bodyhashes *set)
{
	struct dkim_verifier *v = arena_new(m->arena, struct dkim_verifier);

	if (v == NULL)
		return NULL;
	*v = (struct dkim_verifier){ .message = m, .arena = m->arena, .params = *params,
		.lookups = l, .bodies = set };
	return v;
}

/* --- while the header arrives ------------------------------------------------------------ */

static void start_key(struct dkim_verifier *v, struct candidate *c)
{
	if (c->started)
		return;
	c->key_name = dkim_key_name(v->arena, &c->sig);
	if (slice_is_null(c->key_name))
		return;
	lookups_start(v->lookups, LOOKUP_DKIM, c->key_name, DNS_TXT, NULL, NULL);
	c->started = true;
	v->started++;
}

/*
 * The first signatures get their keys started at once; who the author is, and so which of many
 * signatures matter, is often known later only.
 */
void dkim_verifier_field(struct dkim_verifier *v, size_t header_index)
{
	struct candidate *c;

	if (v->count == LIMIT_SIGNATURE_FIELDS) {
		v->ignored++;
		return;
	}
	if (!arena_grow(v->arena, &v->candidates, &v->cap, v->count, sizeof(*v->candidates)))
		return;
	c = &v->candidates[v->count++];
	*c = (struct candidate){ .header_index = header_index };
	c->why = dkim_signature_parse(v->arena, SIGNATURE_DKIM,
	    v->message->headers[header_index].value, &c->sig);
	if ((c->why == DKIM_WHY_GOOD || c->why == DKIM_WHY_SIG_SHA1) &&
	    v->started < v->params.max_signatures)
		start_key(v, c);
}

/* --- choosing ---------------------------------------------------------------------------- */

enum nearness { NEAR_AUTHOR, NEAR_LINE, NEAR_NEIGHBOUR, NEAR_NOBODY };

static enum nearness nearness_to(struct domain signer, struct domain author)
{
	if (domain_eq(signer, author))
		return NEAR_AUTHOR;
	if (domain_is_at_or_below(signer, author) || domain_is_at_or_below(author, signer))
		return NEAR_LINE;
	return domain_eq(domain_last(signer, 2), domain_last(author, 2)) ? NEAR_NEIGHBOUR :
	    NEAR_NOBODY;
}

static enum nearness nearness_of(const struct candidate *c, const struct domain *authors,
    size_t count)
{
	enum nearness best = NEAR_NOBODY;

	for (size_t i = 0; i < count; i++) {
		enum nearness near = nearness_to(c->sig.domain, authors[i]);

		if (near < best)
			best = near;
	}
	return best;
}

/* More Froms than h= names: one is not signed, and a reader may see just that (section 8.15). */
static bool signs_every_from(const struct dkim_signature *sig, size_t fields)
{
	size_t names = 0;

	for (size_t i = 0; i < sig->signed_count; i++)
		names += slice_ieq(sig->signed_names[i], from_name);
	return fields > 0 && names >= fields;
}

static void choose(struct dkim_verifier *v, struct candidate *c)
{
	c->body = dkim_want_body(&v->params, &c->sig, v->bodies);
	if (c->body == NULL)
		return;
	c->chosen = true;
	start_key(v, c);
}

void dkim_verifier_headers_done(struct dkim_verifier *v, const struct domain *author_domains,
    size_t author_domain_count)
{
	size_t from_fields = message_count(v->message, from_name);
	unsigned left = v->params.max_signatures;

	for (size_t i = 0; i < v->count; i++) {
		struct candidate *c = &v->candidates[i];

		if (c->why == DKIM_WHY_GOOD && !signs_every_from(&c->sig, from_fields))
			c->why = DKIM_WHY_SIG_FROM_UNSIGNED;
	}
	for (enum nearness near = NEAR_AUTHOR; near <= NEAR_NOBODY; near++)
		for (size_t i = 0; i < v->count && left > 0; i++) {
			struct candidate *c = &v->candidates[i];

			if (c->why != DKIM_WHY_GOOD ||
			    nearness_of(c, author_domains, author_domain_count) != near)
				continue;
			choose(v, c);
			left--;
		}
}

/* --- judging ----------------------------------------------------------------------------- */

/* What judging one signature needs and finds. */
struct judgement {
	struct dkim_verifier *v;
	const struct candidate *c;
	struct header_fields *fields;
	int64_t now;
	struct dkim_result *out;
};

static enum dkim_why judge_times(const struct judgement *j)
{
	return dkim_check_times(&j->v->params, &j->c->sig, j->now);
}

static enum dkim_why judge_body(const struct judgement *j)
{
	return dkim_check_body(&j->v->params, &j->c->sig, j->c->body);
}

/* RFC 6376 section 3.7 */
static enum dkim_why judge_hash(const struct judgement *j, unsigned char hash[SHA256_OCTETS])
{
	const struct dkim_signature *sig = &j->c->sig;
	struct header_hash_params params = { .canon = sig->header_canon, .b = sig->b_text,
		.signature = &j->v->message->headers[j->c->header_index] };

	if (j->fields == NULL || header_fields_choose(j->fields, sig->signed_names,
	    sig->signed_count, params.signature, &params.fields) != RC_OK ||
	    header_hash(j->v->arena, &params, hash) != RC_OK)
		return DKIM_WHY_NO_MEMORY;
	return DKIM_WHY_GOOD;
}

/* RFC 6376 section 6.1.2 */
static enum dkim_why judge_with_key(const struct judgement *j)
{
	unsigned char hash[SHA256_OCTETS];
	const struct dns_answer *answer;
	struct dkim_key_check found;
	enum dkim_why why;

	if (!j->c->started)
		return DKIM_WHY_NO_MEMORY;
	answer = lookups_await(j->v->lookups, LOOKUP_DKIM, j->c->key_name, DNS_TXT);
	j->out->authentic = answer->authentic;
	why = dkim_check_answer(answer);
	if (why == DKIM_WHY_GOOD)
		why = judge_hash(j, hash);
	if (why != DKIM_WHY_GOOD)
		return why;
	found = dkim_check_key(j->v->arena, &j->v->params, &j->c->sig, answer, hash);
	j->out->bits = found.bits;
	j->out->testing = found.testing;
	return found.why;
}

/*
 * RFC 8301 section 3.1: rsa-sha1 never passes, so the key is not needed.  If the look-up of the key has
 * failed temporarily, that is reported instead: the domain's other signatures depend on the same DNS.
 */
static enum dkim_why judge_sha1(const struct judgement *j)
{
	const struct dns_answer *answer;

	j->out->hopeless = true;
	if (!j->c->started)
		return DKIM_WHY_SIG_SHA1;
	answer = lookups_await(j->v->lookups, LOOKUP_DKIM, j->c->key_name, DNS_TXT);
	return dns_status_is_temporary(answer->status) && answer->status != DNS_LIMIT ?
	    dkim_check_answer(answer) : DKIM_WHY_SIG_SHA1;
}

static enum dkim_why judge(const struct judgement *j)
{
	static enum dkim_why (*const steps[])(const struct judgement *) = {
		judge_times, judge_body, judge_with_key,
	};
	enum dkim_why why = j->c->why;

	if (why == DKIM_WHY_SIG_SHA1)
		return judge_sha1(j);
	if (why == DKIM_WHY_GOOD && !j->c->chosen)
		why = DKIM_WHY_SIG_TOO_MANY;
	for (size_t i = 0; i < N_ELEMENTS(steps) && why == DKIM_WHY_GOOD; i++)
		why = steps[i](j);
	return why;
}

/* --- the report -------------------------------------------------------------------------- */

/* The text of the reason, with the numbers that explain it. */
static struct slice reason_for(const struct judgement *j)
{
	const struct dkim_signature *sig = &j->c->sig;
	const char *text = dkim_why_text(j->out->why);
	uint64_t octets;

	switch (j->out->why) {
	case DKIM_WHY_SIG_EXPIRED:
		return arena_printf(j->v->arena, "%s %" PRId64 " s ago", text, j->now - sig->x);
	case DKIM_WHY_SIG_FUTURE:
		return arena_printf(j->v->arena, "%s: %" PRId64 " s", text, sig->t - j->now);
	case DKIM_WHY_KEY_TOO_SHORT:
	case DKIM_WHY_KEY_BELOW_MINIMUM:
		return arena_printf(j->v->arena, "%s: %u bits", text, j->out->bits);
	case DKIM_WHY_GOOD:
	case DKIM_WHY_BODY_LENGTH_REFUSED:
		octets = bodyhash_canonical_octets(j->c->body);
		if (sig->body_length < octets)
			return arena_printf(j->v->arena, "%s: %" PRIu64 " octets", dkim_why_text(
			    DKIM_WHY_BODY_LENGTH_REFUSED), octets - sig->body_length);
		break;
	default:
		break;
	}
	return slice_str(text);
}

static size_t common_prefix(struct slice a, struct slice b)
{
	size_t n = 0;

	while (n < a.len && n < b.len && a.ptr[n] == b.ptr[n])
		n++;
	return n;
}

static int by_b(const void *x, const void *y)
{
	struct slice a = (*(struct dkim_result *const *)x)->sig.b_compact;
	struct slice b = (*(struct dkim_result *const *)y)->sig.b_compact;
	size_t n = common_prefix(a, b);

	if (n == a.len || n == b.len)
		return (a.len > b.len) - (a.len < b.len);
	return (unsigned char)a.ptr[n] < (unsigned char)b.ptr[n] ? -1 : 1;
}

/*
 * RFC 6008 section 4: at least eight characters of b=, and as many as distinguish it from the others.  The
 * values are sorted, so each is compared with its neighbours only: comparing all pairs would let a sender
 * cause quadratic work with many long signatures.
 */
static void mark_header_b(struct dkim_results *results, struct arena *arena)
{
	struct dkim_result **order = arena_new_array(arena, results->count, struct dkim_result *);
	size_t before = 0, after, end;

	if (order == NULL || results->count == 0)
		return;
	for (size_t i = 0; i < results->count; i++)
		order[i] = &results->items[i];
	qsort(order, results->count, sizeof(struct dkim_result *), by_b);
	for (size_t i = 0; i < results->count; i = end, before = after) {
		struct slice b = order[i]->sig.b_compact;
		size_t len = 8;

		for (end = i + 1; end < results->count && slice_eq(order[end]->sig.b_compact, b); end++)
			;
		after = end < results->count ? common_prefix(b, order[end]->sig.b_compact) : 0;
		if (before >= len)
			len = before + 1;
		if (after >= len)
			len = after + 1;
		for (size_t k = i; k < end; k++)
			order[k]->header_b = slice_take(b, len);
	}
}

enum rc dkim_verifier_end(struct dkim_verifier *v, int64_t now, struct dkim_results *results_out)
{
	struct dkim_results results = { .count = v->count, .ignored = v->ignored };
	struct judgement j = { .v = v, .now = now };

	results.items = arena_new_array(v->arena, v->count, struct dkim_result);
	if (results.items == NULL)
		return RC_NOMEM;
	if (v->count > 0)
		j.fields = header_fields_new(v->message, v->arena);
	for (size_t i = 0; i < v->count; i++) {
		struct dkim_result *r = &results.items[i];

		j.c = &v->candidates[i];
		j.out = r;
		r->sig = j.c->sig;
		r->field = &v->message->headers[j.c->header_index];
		r->why = judge(&j);
		r->result = dkim_why_result(r->why);
		r->reason = reason_for(&j);
	}
	mark_header_b(&results, v->arena);
	if (arena_failed(v->arena))
		return RC_NOMEM;
	*results_out = results;
	return RC_OK;
}

#include <inttypes.h>
#include <stdlib.h>

#include "base/limits.h"
#include "dkim/headerhash.h"

#include "dkim/verify.h"

#define RSA_MIN_BITS 1024u /* RFC 8301 section 3.2 */

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
	c->why = dkim_signature_parse(v->arena, v->message->headers[header_index].value, &c->sig);
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

/* A part of the body is never acceptable where policy refuses it: the whole is what is hashed. */
static uint64_t hashed_length(const struct dkim_verifier *v, const struct dkim_signature *sig)
{
	return v->params.body_length == DKIM_LENGTH_REFUSE ? BODY_LENGTH_ALL : sig->body_length;
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
	c->body = bodyhashes_want(v->bodies, c->sig.body_canon, hashed_length(v, &c->sig));
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

/* RFC 6376 section 3.5: t=, x= */
static enum dkim_why judge_times(const struct judgement *j)
{
	const struct dkim_signature *sig = &j->c->sig;
	int64_t skew = j->v->params.clock_skew;

	if (sig->has_x && sig->x < j->now - skew)
		return DKIM_WHY_SIG_EXPIRED;
	if (sig->has_t && sig->t > j->now + skew)
		return DKIM_WHY_SIG_FUTURE;
	return DKIM_WHY_GOOD;
}

/* RFC 6376 sections 3.5 (l=) and 6.1.3 */
static enum dkim_why judge_body(const struct judgement *j)
{
	const struct dkim_signature *sig = &j->c->sig;
	uint64_t octets = bodyhash_canonical_octets(j->c->body);

	if (sig->body_length != BODY_LENGTH_ALL && sig->body_length > octets)
		return DKIM_WHY_BODY_LENGTH_TOO_LONG;
	if (sig->body_length < octets && j->v->params.body_length == DKIM_LENGTH_REFUSE)
		return DKIM_WHY_BODY_LENGTH_REFUSED;
	if (!slice_eq(sig->body_hash,
	    slice_of((const char *)bodyhash_value(j->c->body), SHA256_OCTETS)))
		return DKIM_WHY_BODY_HASH;
	return DKIM_WHY_GOOD;
}

static enum dkim_why judge_hash(const struct judgement *j, unsigned char hash[SHA256_OCTETS])
{
	const struct dkim_signature *sig = &j->c->sig;
	struct header_hash_params params = { .canon = sig->header_canon, .names = sig->signed_names,
		.name_count = sig->signed_count, .b = sig->b_text,
		.signature = &j->v->message->headers[j->c->header_index] };

	if (j->fields == NULL || header_hash(j->fields, &params, hash) != RC_OK)
		return DKIM_WHY_NO_MEMORY;
	return DKIM_WHY_GOOD;
}

/* RFC 6376 section 6.1.2 steps 5 to 8 */
static enum dkim_why judge_record(const struct key_record *record, const struct dkim_signature *sig)
{
	if (!record->sha256_allowed)
		return DKIM_WHY_KEY_HASH;
	if (!record->email_service)
		return DKIM_WHY_KEY_SERVICE;
	if (record->type != sig->algorithm)
		return DKIM_WHY_KEY_TYPE;
	/* section 3.10 */
	if (record->strict_identity && !domain_eq(sig->identity_domain, sig->domain))
		return DKIM_WHY_KEY_STRICT_IDENTITY;
	return DKIM_WHY_GOOD;
}

/* Lengths are compared for RSA; an Ed25519 key has no other. */
static unsigned minimum_bits(enum key_type type, unsigned rsa)
{
	return type == KEY_RSA ? rsa : 0;
}

static enum dkim_why judge_key(const struct judgement *j, struct slice octets,
    const unsigned char hash[SHA256_OCTETS])
{
	static const enum dkim_why whys[] = {
		[PUBLIC_KEY_OK] = DKIM_WHY_GOOD,
		[PUBLIC_KEY_SYNTAX] = DKIM_WHY_KEY_SYNTAX,
		[PUBLIC_KEY_TOO_LARGE] = DKIM_WHY_KEY_TOO_LARGE,
		[PUBLIC_KEY_NO_MEMORY] = DKIM_WHY_NO_MEMORY,
	};
	const struct dkim_signature *sig = &j->c->sig;
	struct public_key *key = NULL;
	enum dkim_why why = whys[public_key_parse(j->v->arena, sig->algorithm, octets, &key)];
	bool valid = false;

	if (why != DKIM_WHY_GOOD)
		return why;
	j->out->bits = public_key_bits(key);
	if (j->out->bits < minimum_bits(sig->algorithm, RSA_MIN_BITS))
		return DKIM_WHY_KEY_TOO_SHORT;
	if (public_key_verify(key, hash, sig->signature, &valid) != RC_OK)
		return DKIM_WHY_NO_MEMORY;
	if (!valid)
		return DKIM_WHY_SIGNATURE_WRONG;
	return j->out->bits < minimum_bits(sig->algorithm, j->v->params.minimum_bits) ?
	    DKIM_WHY_KEY_BELOW_MINIMUM : DKIM_WHY_GOOD;
}

/* One record; whatever it shows of itself is put into out. */
static enum dkim_why judge_text(const struct judgement *j, struct slice text,
    const unsigned char hash[SHA256_OCTETS])
{
	struct key_record record;
	enum dkim_why why = key_record_parse(j->v->arena, text, &record);

	j->out->testing = record.testing;
	if (why == DKIM_WHY_GOOD)
		why = judge_record(&record, &j->c->sig);
	return why == DKIM_WHY_GOOD ? judge_key(j, record.key, hash) : why;
}

/*
 * RFC 6376 section 6.1.2 step 4: each record is tried, up to a limit.  None good: the one that came
 * furthest is told.
 */
static enum dkim_why judge_answer(const struct judgement *j, const struct dns_answer *answer,
    const unsigned char hash[SHA256_OCTETS])
{
	struct dkim_result best = *j->out;
	enum dkim_why furthest = DKIM_WHY_KEY_NONE;

	for (size_t i = 0; i < answer->count && i < LIMIT_KEY_RECORDS; i++) {
		struct dkim_result tried = *j->out;
		struct judgement one = *j;
		enum dkim_why why;

		one.out = &tried;
		why = judge_text(&one, answer->records[i].text, hash);
		if (why == DKIM_WHY_GOOD || why > furthest) {
			furthest = why;
			best = tried;
		}
		if (why == DKIM_WHY_GOOD)
			break;
	}
	*j->out = best;
	return furthest;
}

/* RFC 6376 section 6.1.2 steps 1 to 3 */
static enum dkim_why judge_with_key(const struct judgement *j)
{
	static const enum dkim_why whys[] = {
		[DNS_FOUND] = DKIM_WHY_GOOD,
		[DNS_NXDOMAIN] = DKIM_WHY_KEY_NONE,
		[DNS_NODATA] = DKIM_WHY_KEY_NONE,
		[DNS_SERVFAIL] = DKIM_WHY_KEY_DNS_FAILURE,
		[DNS_TIMEOUT] = DKIM_WHY_KEY_TIMEOUT,
		[DNS_BADNAME] = DKIM_WHY_SIG_DOMAIN,
		/* asking again later would end here again: not temporary */
		[DNS_LIMIT] = DKIM_WHY_SIG_TOO_MANY,
	};
	unsigned char hash[SHA256_OCTETS];
	const struct dns_answer *answer;
	enum dkim_why why;

	if (!j->c->started)
		return DKIM_WHY_NO_MEMORY;
	answer = lookups_await(j->v->lookups, LOOKUP_DKIM, j->c->key_name, DNS_TXT);
	j->out->authentic = answer->authentic;
	if (whys[answer->status] != DKIM_WHY_GOOD)
		return whys[answer->status];
	why = judge_hash(j, hash);
	return why == DKIM_WHY_GOOD ? judge_answer(j, answer, hash) : why;
}

/*
 * RFC 8301 section 3.1: rsa-sha1 never passes, and no key is used.  But a signer whose DNS does not
 * answer is told of that first: his key record is the same for his other signatures.
 */
static enum dkim_why judge_sha1(const struct judgement *j)
{
	const struct dns_answer *answer;

	j->out->hopeless = true;
	if (!j->c->started)
		return DKIM_WHY_SIG_SHA1;
	answer = lookups_await(j->v->lookups, LOOKUP_DKIM, j->c->key_name, DNS_TXT);
	if (answer->status == DNS_TIMEOUT)
		return DKIM_WHY_KEY_TIMEOUT;
	return answer->status == DNS_SERVFAIL ? DKIM_WHY_KEY_DNS_FAILURE : DKIM_WHY_SIG_SHA1;
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

/* The table's text, with the numbers that tell more. */
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
 * RFC 6008 section 4: eight characters, more until no other signature begins like that.  In order,
 * the one most alike is a neighbour: every pair would cost a sender's square of long signatures.
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

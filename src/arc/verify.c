#include "dkim/headerhash.h"

#include "arc/verify.h"

struct arc_verifier {
	const struct message *message;
	struct arena *arena;
	struct dkim_verify_params params;
	struct lookups *lookups;
	struct bodyhashes *bodies_wanted;
	struct bodyhash *bodies[LIMIT_ARC_SETS]; /* of each AMS; NULL: no slot */
	struct arc_chain chain;
	struct header_fields *fields;            /* for h=; made when first needed */
	int64_t now;
	struct arc_result *out;
};

bool arc_is_built(void)
{
	return true;
}

struct arc_verifier *arc_verifier_new(const struct message *m,
    const struct dkim_verify_params *params, struct lookups *l, struct bodyhashes *set)
{
	struct arc_verifier *v = arena_new(m->arena, struct arc_verifier);

	if (v == NULL)
		return NULL;
	*v = (struct arc_verifier){ .message = m, .arena = m->arena, .params = *params,
		.lookups = l, .bodies_wanted = set, .chain = { .why = ARC_WHY_NO_CHAIN } };
	return v;
}

/* --- the header is complete ------------------------------------------------------------------ */

static void start_key(struct arc_verifier *v, const struct dkim_signature *sig)
{
	struct slice name = dkim_key_name(v->arena, sig);

	if (!slice_is_null(name))
		lookups_start(v->lookups, LOOKUP_ARC, name, DNS_TXT, NULL, NULL);
}

/* Nothing is asked for a chain whose shape is wrong already (RFC 8617 section 5.2 step 3). */
void arc_verifier_headers_done(struct arc_verifier *v)
{
	if (arc_chain_read(v->arena, v->message, &v->chain) != RC_OK ||
	    v->chain.why != ARC_WHY_GOOD || v->lookups == NULL)
		return;
	for (unsigned i = v->chain.count; i-- > 0;) {
		const struct arc_set *set = &v->chain.sets[i];

		v->bodies[i] = dkim_want_body(&v->params, &set->ams, v->bodies_wanted);
		start_key(v, &set->ams);
		start_key(v, &set->as);
	}
}

/* --- one signature --------------------------------------------------------------------------- */

/* A signature of one set, and what is hashed before it. */
struct subject {
	const struct header *field;
	const struct dkim_signature *sig;
	struct header_list fields;
	unsigned bits; /* found */
};

static enum dkim_why judge_key(struct arc_verifier *v, struct subject *s)
{
	struct header_hash_params params = { .canon = s->sig->header_canon, .fields = s->fields,
		.signature = s->field, .b = s->sig->b_text };
	struct slice name = dkim_key_name(v->arena, s->sig);
	const struct dns_answer *answer;
	unsigned char hash[SHA256_OCTETS];
	struct dkim_key_check found;
	enum dkim_why why;

	if (slice_is_null(name))
		return DKIM_WHY_NO_MEMORY;
	answer = lookups_await(v->lookups, LOOKUP_ARC, name, DNS_TXT);
	why = dkim_check_answer(answer);
	if (why != DKIM_WHY_GOOD) {
		v->out->temporary |= dkim_why_result(why) == AUTH_TEMPERROR;
		return why;
	}
	if (header_hash(v->arena, &params, hash) != RC_OK)
		return DKIM_WHY_NO_MEMORY;
	found = dkim_check_key(v->arena, &v->params, s->sig, answer, hash);
	s->bits = found.bits;
	return found.why;
}

/* RFC 8617 section 4.1.2: as a DKIM-Signature, so t=, x=, body and header. */
static enum dkim_why judge_message_signature(struct arc_verifier *v, unsigned index)
{
	const struct arc_set *set = &v->chain.sets[index];
	struct subject s = { .field = set->message_signature, .sig = &set->ams };
	enum dkim_why why = dkim_check_times(&v->params, s.sig, v->now);

	if (why == DKIM_WHY_GOOD && v->bodies[index] == NULL)
		why = DKIM_WHY_SIG_TOO_MANY;
	if (why == DKIM_WHY_GOOD)
		why = dkim_check_body(&v->params, s.sig, v->bodies[index]);
	if (why != DKIM_WHY_GOOD)
		return why;
	if (v->fields == NULL)
		v->fields = header_fields_new(v->message, v->arena);
	if (v->fields == NULL || header_fields_choose(v->fields, s.sig->signed_names,
	    s.sig->signed_count, s.field, &s.fields) != RC_OK)
		return DKIM_WHY_NO_MEMORY;
	return judge_key(v, &s);
}

/* RFC 8617 section 5.1.1: every set up to this one, in order, without this seal itself. */
static enum dkim_why judge_seal(struct arc_verifier *v, unsigned index)
{
	struct subject s = { .field = v->chain.sets[index].seal, .sig = &v->chain.sets[index].as };
	enum dkim_why why = dkim_check_times(&v->params, s.sig, v->now);

	if (why != DKIM_WHY_GOOD)
		return why;
	if (arc_chain_fields(v->arena, &v->chain, index + 1, &s.fields) != RC_OK)
		return DKIM_WHY_NO_MEMORY;
	s.fields.count--;
	why = judge_key(v, &s);
	if (index + 1 == v->chain.count)
		v->out->bits = s.bits;
	return why;
}

/* --- the chain ------------------------------------------------------------------------------- */

static void fail(struct arc_verifier *v, enum arc_why why, unsigned at, enum dkim_why detail)
{
	v->chain.why = why;
	v->chain.at = at;
	v->chain.detail = detail;
}

/* RFC 8617 section 5.2 step 4 */
static void judge_newest(struct arc_verifier *v)
{
	enum dkim_why why = judge_message_signature(v, v->chain.count - 1);

	if (why != DKIM_WHY_GOOD)
		fail(v, ARC_WHY_MESSAGE_SIGNATURE, v->chain.count, why);
}

/* RFC 8617 section 5.2 step 6 */
static void judge_seals(struct arc_verifier *v)
{
	for (unsigned i = v->chain.count; i > 0 && v->chain.why == ARC_WHY_GOOD; i--) {
		enum dkim_why why = judge_seal(v, i - 1);

		if (why != DKIM_WHY_GOOD)
			fail(v, ARC_WHY_SEAL, i, why);
	}
}

/*
 * RFC 8617 section 5.2 step 5, of chains that pass.  What an old signature meets in the DNS decides
 * nothing, and is not reported as trouble.
 */
static void find_oldest_pass(struct arc_verifier *v)
{
	unsigned oldest = v->chain.count;
	bool temporary = v->out->temporary;

	while (oldest > 1 && judge_message_signature(v, oldest - 2) == DKIM_WHY_GOOD)
		oldest--;
	v->out->temporary = temporary;
	v->out->oldest_pass_known = true;
	v->out->oldest_pass = oldest == 1 ? 0 : oldest;
}

static enum auth_result result_of(enum arc_why why)
{
	if (why == ARC_WHY_NO_CHAIN || why == ARC_WHY_NOT_BUILT)
		return AUTH_NONE;
	return why == ARC_WHY_GOOD ? AUTH_PASS : AUTH_FAIL;
}

/* "an ARC-Seal does not verify (i=2): no key for signature" */
static struct slice reason_of(struct arena *a, const struct arc_chain *chain)
{
	const char *text = arc_why_text(chain->why);
	const char *detail = chain->detail == DKIM_WHY_GOOD ? "" : dkim_why_text(chain->detail);
	const char *colon = chain->detail == DKIM_WHY_GOOD ? "" : ": ";

	if (chain->at == 0)
		return arena_printf(a, "%s%s%s", text, colon, detail);
	return arena_printf(a, "%s (i=%u)%s%s", text, chain->at, colon, detail);
}

enum rc arc_verifier_end(struct arc_verifier *v, int64_t now, struct arc_result *out)
{
	*out = (struct arc_result){ .result = AUTH_NONE };
	v->out = out;
	v->now = now;
	if (v->lookups == NULL) {
		out->chain = v->chain;
		return arena_failed(v->arena) ? RC_NOMEM : RC_OK;
	}
	if (v->chain.why == ARC_WHY_GOOD)
		judge_newest(v);
	if (v->chain.why == ARC_WHY_GOOD)
		judge_seals(v);
	if (v->chain.why == ARC_WHY_GOOD)
		find_oldest_pass(v);
	out->chain = v->chain;
	out->why = v->chain.why;
	out->result = result_of(out->why);
	out->reason = reason_of(v->arena, &out->chain);
	return arena_failed(v->arena) ? RC_NOMEM : RC_OK;
}

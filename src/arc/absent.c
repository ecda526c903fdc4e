/*
 * Built instead of verify.c and seal.c by `configure --without-arc`: the shape of a chain is read, as a
 * mark of an indirect flow; nothing is verified or sealed.
 */
#include "arc/seal.h"

struct arc_verifier {
	const struct message *message;
	struct arc_chain chain;
};

bool arc_is_built(void)
{
	return false;
}

struct arc_verifier *arc_verifier_new(const struct message *m,
    const struct dkim_verify_params *params, struct lookups *l, struct bodyhashes *set)
{
	struct arc_verifier *v = arena_new(m->arena, struct arc_verifier);

	(void)params;
	(void)l;
	(void)set;
	if (v != NULL)
		*v = (struct arc_verifier){ .message = m, .chain = { .why = ARC_WHY_NO_CHAIN } };
	return v;
}

void arc_verifier_headers_done(struct arc_verifier *v)
{
	/* what is short of memory is the arena, which the end asks */
	(void)!arc_chain_read(v->message->arena, v->message, &v->chain);
}

enum rc arc_verifier_end(struct arc_verifier *v, int64_t now, struct arc_result *out)
{
	(void)now;
	*out = (struct arc_result){ .result = AUTH_NONE, .why = ARC_WHY_NOT_BUILT,
		.chain = v->chain };
	out->reason = slice_str(arc_why_text(out->why));
	return arena_failed(v->message->arena) ? RC_NOMEM : RC_OK;
}

const char *arc_unsealed_text(enum arc_unsealed why)
{
	(void)why;
	return arc_why_text(ARC_WHY_NOT_BUILT);
}

struct arc_sealer *arc_sealer_new(const struct message *m, const struct arc_seal_params *params,
    struct bodyhashes *set)
{
	(void)m;
	(void)params;
	(void)set;
	return NULL;
}

enum rc arc_sealer_end(struct arc_sealer *s, const struct arc_result *chain, struct slice results,
    int64_t now, struct arc_sealed *out)
{
	(void)s;
	(void)chain;
	(void)results;
	(void)now;
	*out = (struct arc_sealed){ .why = ARC_UNSEALED_NOT_BUILT };
	return RC_OK;
}

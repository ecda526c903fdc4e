#include "verdict/results.h"

#include "exempt.h"
#include "sealing.h"

/* seal-to and seal-ports: an empty list leaves out nothing. */
static bool is_wanted(const struct verdict_policy *p, const struct message *m)
{
	const struct envelope *e = &m->envelope;

	if (p->arc.seal.len == 0 || p->enforce == ENFORCE_OBSERVE)
		return false;
	if (p->arc.seal_ports.count > 0 && !port_listed(&p->arc.seal_ports, e->port))
		return false;
	for (size_t i = 0; i < e->recipient_count && p->arc.seal_to.count > 0; i++)
		if (exempt_recipient_listed(m->arena, &p->arc.seal_to, e->recipients[i]))
			return true;
	return p->arc.seal_to.count == 0;
}

/* The active key of "DOMAIN/SELECTOR"; NULL where the key directory has none. */
static enum rc find_key(struct keystore *keys, struct arena *a, struct arc_seal_params *params,
    int64_t now_ms)
{
	struct key_set set = { 0 };
	struct domain domain;

	if (keys == NULL || !domain_parse(a, params->domain, &domain))
		return RC_OK;
	TRY(keystore_find(keys, a, domain, now_ms, &set));
	for (size_t i = 0; i < set.count; i++)
		if (slice_ieq(set.keys[i].selector, params->selector))
			params->key = set.keys[i].key;
	return RC_OK;
}

enum rc sealing_begin(const struct verdict_policy *p, struct keystore *keys,
    const struct message *m, struct bodyhashes *bodies, int64_t now_ms, struct sealing *out)
{
	struct slice selector = p->arc.seal, domain = slice_split(&selector, '/');
	struct arc_seal_params params = { .domain = domain, .selector = selector };

	*out = (struct sealing){ 0 };
	if (!is_wanted(p, m))
		return RC_OK;
	TRY(find_key(keys, m->arena, &params, now_ms));
	if (params.key == NULL) {
		out->reason = arena_printf(m->arena, "no active key %.*s in the key directory",
		    SLICE_ARG(p->arc.seal));
		return RC_OK;
	}
	out->made = (struct sealed_by){ .domain = domain, .selector = selector };
	out->sealer = arc_sealer_new(m, &params, bodies);
	if (out->sealer == NULL)
		out->reason = slice_str(arc_is_built() ? "too many different canonicalizations for one "
		    "message" : arc_why_text(ARC_WHY_NOT_BUILT));
	return RC_OK;
}

static bool goes_on(const struct actions *actions)
{
	return actions->action == ACTION_ACCEPT || actions->action == ACTION_QUARANTINE;
}

enum rc sealing_end(struct sealing *s, struct arena *a, struct slice authserv_id,
    const struct verdict *v, int64_t now, struct actions *actions)
{
	struct slice results;
	struct arc_sealed sealed;

	if (s->sealer == NULL || !goes_on(actions))
		return RC_OK;
	results = results_for_seal(a, authserv_id, v, actions);
	if (slice_is_null(results))
		return RC_LIMIT;
	TRY(arc_sealer_end(s->sealer, &v->arc, results, now, &sealed));
	if (sealed.why != ARC_SEALED) {
		s->reason = slice_str(sealed.why == ARC_UNSEALED_UNSIGNED ?
		    dkim_sign_why_text(sealed.sign_why) : arc_unsealed_text(sealed.why));
		return RC_OK;
	}
	s->made.instance = arc_next_instance(&v->arc.chain);
	return results_insert_fields(a, &sealed.fields, actions);
}

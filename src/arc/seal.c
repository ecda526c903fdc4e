#include "dkim/compose.h"
#include "dkim/fields.h"

#include "arc/seal.h"

#define RESULTS_NAME SLICE("ARC-Authentication-Results")

struct arc_sealer {
	const struct message *message;
	struct arena *arena;
	struct arc_seal_params params;
	struct bodyhash *body;
};

const char *arc_unsealed_text(enum arc_unsealed why)
{
	static const char *const texts[] = {
		[ARC_SEALED] = "sealed",
		[ARC_UNSEALED_BROKEN] = "the newest seal says cv=fail already",
		[ARC_UNSEALED_FULL] = "the message has as many ARC sets as it may have",
		[ARC_UNSEALED_UNSIGNED] = "the message cannot be signed",
		[ARC_UNSEALED_NOT_BUILT] = "this program was built without ARC",
	};

	return texts[why];
}

struct arc_sealer *arc_sealer_new(const struct message *m, const struct arc_seal_params *params,
    struct bodyhashes *set)
{
	struct arc_sealer *s = arena_new(m->arena, struct arc_sealer);
	struct bodyhash *body = bodyhashes_want(set, CANON_RELAXED, BODY_LENGTH_ALL);

	if (s == NULL || body == NULL)
		return NULL;
	*s = (struct arc_sealer){ .message = m, .arena = m->arena, .params = *params, .body = body };
	return s;
}

/* RFC 8617 section 5.1 step 2 and section 4.2.1 */
static enum arc_unsealed may_seal(const struct arc_chain *chain)
{
	if (chain->why == ARC_WHY_SEALED_AS_BROKEN)
		return ARC_UNSEALED_BROKEN;
	return chain->why == ARC_WHY_TOO_MANY || chain->count >= LIMIT_ARC_SETS ?
	    ARC_UNSEALED_FULL : ARC_SEALED;
}

/* --- the three fields ------------------------------------------------------------------------ */

/* RFC 8617 section 4.1.1 */
static struct header results_field(struct arena *a, unsigned instance, struct slice results)
{
	return (struct header){ RESULTS_NAME, RESULTS_NAME,
		arena_printf(a, " i=%u; %.*s", instance, SLICE_ARG(results)) };
}

/* What both signatures have alike. */
static struct signature_draft draft_of(const struct arc_sealer *s, enum signature_kind kind,
    unsigned instance, int64_t now)
{
	return (struct signature_draft){ .kind = kind, .key = s->params.key,
		.domain = s->params.domain, .selector = s->params.selector, .identity = SLICE_NULL,
		.instance = instance, .header_canon = CANON_RELAXED, .body_canon = CANON_RELAXED,
		.t = now };
}

/* RFC 8617 section 4.1.2 */
static enum rc message_signature(const struct arc_sealer *s, unsigned instance, int64_t now,
    const struct name_list *names, struct header *out)
{
	struct signature_draft draft = draft_of(s, SIGNATURE_ARC_MESSAGE, instance, now);
	struct header_fields *fields = header_fields_new(s->message, s->arena);

	if (fields == NULL)
		return RC_NOMEM;
	draft.names = names->names;
	draft.name_count = names->count;
	draft.body = s->body;
	TRY(header_fields_choose(fields, names->names, names->count, NULL, &draft.fields));
	return signature_compose(s->arena, &draft, out);
}

/* RFC 8617 section 4.4: what the sealer found of the chain before its own set. */
static enum chain_status status_of(const struct arc_result *chain)
{
	switch (chain->result) {
	case AUTH_PASS:
		return CHAIN_PASS;
	case AUTH_NONE:
		return CHAIN_NONE;
	default:
		return CHAIN_FAIL;
	}
}

/* RFC 8617 sections 4.1.3, 5.1.1 and, of a broken chain, 5.1.2 */
static enum rc seal(const struct arc_sealer *s, const struct arc_result *chain, int64_t now,
    struct header set[3])
{
	unsigned before = chain->result == AUTH_PASS ? chain->chain.count : 0;
	struct signature_draft draft = draft_of(s, SIGNATURE_ARC_SEAL,
	    arc_next_instance(&chain->chain), now);
	struct header_list older, all;

	draft.chain_status = status_of(chain);
	TRY(arc_chain_fields(s->arena, &chain->chain, before, &older));
	all.fields = arena_new_array(s->arena, older.count + 2, const struct header *);
	if (all.fields == NULL)
		return RC_NOMEM;
	for (all.count = 0; all.count < older.count; all.count++)
		all.fields[all.count] = older.fields[all.count];
	all.fields[all.count++] = &set[0];
	all.fields[all.count++] = &set[1];
	draft.fields = all;
	return signature_compose(s->arena, &draft, &set[2]);
}

/* --- the whole ------------------------------------------------------------------------------- */

/* d= and s= as they are written: sealers see no reason for U-labels (RFC 8617 section 4.1.4: may). */
static bool name_ok(struct arc_sealer *s)
{
	struct domain domain, selector;

	if (!domain_parse(s->arena, s->params.domain, &domain) ||
	    !domain_parse(s->arena, s->params.selector, &selector))
		return false;
	s->params.domain = domain.name;
	s->params.selector = selector.name;
	return true;
}

static enum dkim_sign_why choose(struct arc_sealer *s, struct name_list *names)
{
	if (!name_ok(s))
		return DKIM_SIGN_NAME;
	if (message_count(s->message, SLICE("From")) == 0)
		return DKIM_SIGN_NO_FROM;
	return dkim_fields_choose(s->arena, SIGNATURE_ARC_MESSAGE, s->message, NULL, names) ?
	    DKIM_SIGN_GOOD : DKIM_SIGN_TOO_MANY_FIELDS;
}

static enum rc unsigned_because(enum dkim_sign_why why, struct arc_sealed *out)
{
	*out = (struct arc_sealed){ .why = ARC_UNSEALED_UNSIGNED, .sign_why = why };
	return RC_OK;
}

enum rc arc_sealer_end(struct arc_sealer *s, const struct arc_result *chain, struct slice results,
    int64_t now, struct arc_sealed *out)
{
	unsigned instance = arc_next_instance(&chain->chain);
	struct header *set = arena_new_array(s->arena, 3, struct header);
	struct name_list names = { 0 };
	enum dkim_sign_why why;
	enum rc rc;

	*out = (struct arc_sealed){ .why = may_seal(&chain->chain) };
	if (out->why != ARC_SEALED)
		return RC_OK;
	why = choose(s, &names);
	if (set == NULL || arena_failed(s->arena))
		return RC_NOMEM;
	if (why != DKIM_SIGN_GOOD)
		return unsigned_because(why, out);
	set[0] = results_field(s->arena, instance, results);
	rc = message_signature(s, instance, now, &names, &set[1]);
	if (rc == RC_OK)
		rc = seal(s, chain, now, set);
	if (rc == RC_LIMIT)
		return unsigned_because(DKIM_SIGN_TOO_LARGE, out);
	if (rc == RC_CONFIG)
		return unsigned_because(DKIM_SIGN_KEY, out);
	if (rc == RC_OK)
		out->fields = (struct field_list){ set, 3 };
	return rc;
}

#include "verdict/results.h"

#include "exempt.h"
#include "signatures.h"

static enum rc unsigned_as(struct signatures *s, enum signing_why why, struct slice reason)
{
	s->why = why;
	s->reason = reason;
	return RC_OK;
}

static void begin_one(struct signatures *s, struct message *m, struct bodyhashes *bodies,
    const struct dkim_sign_params *params)
{
	struct dkim_signer *signer = dkim_signer_new(m, params, bodies);

	if (signer == NULL) { /* no free body hash, or out of memory, which arena_failed() reports */
		(void)!unsigned_as(s, SIGNING_LIMIT,
		    SLICE("too many different canonicalizations for one message"));
		return;
	}
	s->signers[s->count] = signer;
	s->made[s->count++] = (struct signed_by){ .domain = params->domain,
		.selector = params->selector, .algorithm = private_key_type(params->key) };
}

enum rc signatures_begin(const struct verdict_policy *p, struct keystore *keys,
    struct message *m, const struct authors *authors, bool authenticated,
    struct bodyhashes *bodies, int64_t now_ms, struct signatures *out)
{
	struct signing_selection selection;
	const struct slice *entry;

	*out = (struct signatures){ .why = SIGNING_DONE };
	if (p->enforce == ENFORCE_OBSERVE)
		return unsigned_as(out, SIGNING_OBSERVED, SLICE("enforce = observe"));
	entry = exempt_every_recipient(m->arena, &p->never_sign_to, m);
	if (entry != NULL)
		return unsigned_as(out, SIGNING_RECIPIENTS, arena_printf(m->arena,
		    "every recipient is in never-sign-to (%.*s)", SLICE_ARG(*entry)));
	if (keys == NULL && p->signing.tables == NULL)
		return unsigned_as(out, SIGNING_NO_KEY, SLICE("no keys are configured"));
	TRY(signing_select(m->arena, &p->signing, keys, m, authors, authenticated, now_ms,
	    &selection));
	out->why = selection.why;
	out->reason = selection.reason;
	out->made = arena_new_array(m->arena, selection.count, struct signed_by);
	out->signers = arena_new_array(m->arena, selection.count, struct dkim_signer *);
	if (out->made == NULL || out->signers == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < selection.count; i++)
		begin_one(out, m, bodies, &selection.signatures[i]);
	return RC_OK;
}

enum rc signatures_end(struct signatures *s, struct arena *a, int64_t now, struct actions *actions)
{
	size_t begun = s->count;
	struct dkim_signed made;

	s->count = 0;
	for (size_t i = 0; i < begun; i++) {
		TRY(dkim_signer_end(s->signers[i], now, &made));
		if (made.why != DKIM_SIGN_GOOD) { /* what must not be signed goes out without */
			(void)!unsigned_as(s, made.why == DKIM_SIGN_KEY ? SIGNING_KEY_TROUBLE : SIGNING_LIMIT,
			    arena_printf(a, "%.*s/%.*s: %s", SLICE_ARG(s->made[i].domain), SLICE_ARG(s->made[i].selector),
			    dkim_sign_why_text(made.why)));
			continue;
		}
		TRY(results_insert_fields(a, &made.fields, actions));
		s->made[s->count++] = s->made[i];
	}
	return RC_OK;
}

#include "demand_check.h"
#include "demand_dmarc.h"
#include "demand_from.h"
#include "exempt.h"
#include "reply.h"

#include "verdict/decide.h"

static const char *const override_texts[] = {
	[OVERRIDE_LOCAL_POLICY] = "local_policy",
	[OVERRIDE_MAILING_LIST] = "mailing_list",
	[OVERRIDE_OTHER] = "other",
	[OVERRIDE_POLICY_TEST_MODE] = "policy_test_mode",
	[OVERRIDE_TRUSTED_FORWARDER] = "trusted_forwarder",
};

const char *override_type_text(enum override_type type)
{
	return override_texts[type];
}

static const char *const disposition_texts[] = {
	[DISPOSITION_NONE] = "none",
	[DISPOSITION_PASS] = "pass",
	[DISPOSITION_QUARANTINE] = "quarantine",
	[DISPOSITION_REJECT] = "reject",
};

const char *disposition_text(enum disposition d)
{
	return disposition_texts[d];
}

/* --- our own trouble --------------------------------------------------------------------------- */

/* Would `indirect` replace the rejection of this author's mail if an undecided SPF or DKIM check passed? */
static bool could_be_indirect(const struct bench *b, const struct dmarc_author_result *r)
{
	bool undecided = demand_waits_for_key(b) ||
	    (b->v->spf_checked && b->v->spf.r.result == AUTH_TEMPERROR);

	return r->result == AUTH_FAIL && r->policy == DMARC_POLICY_REJECT && undecided &&
	    (b->marks.list || b->marks.resent || b->marks.arc);
}

/* Could the DNS answers that are missing change the action that DMARC leads to? */
static bool dmarc_could_change(const struct bench *b)
{
	for (size_t i = 0; i < b->v->dmarc.author_count; i++) {
		const struct dmarc_author_result *r = &b->v->dmarc.authors[i];

		if (could_be_indirect(b, r))
			return true;
		if (r->result != AUTH_TEMPERROR)
			continue;
		if (r->why != DMARC_WHY_IDENTIFIER_UNKNOWN || demand_dmarc_has_consequence(b, r))
			return true;
	}
	return false;
}

/*
 * The settings for temperror assume that the sender's name servers do not answer.  If our own resolver
 * does not work, the sender is not to blame, but must not profit from it either (RFC 7208 section 11.1):
 * on-local-trouble applies if the missing answers could change what is done with the message.
 */
static struct demand demand_of_local_trouble(const struct bench *b)
{
	bool depends = b->v->local_trouble && (dmarc_could_change(b) || demand_of_spf_could_change(b) ||
	    demand_of_dkim_could_change(b));

	return demand_made(b, DEMAND_LOCAL_TROUBLE,
	    depends ? demand_temporary(b->p->on_local_trouble) : ACTION_ACCEPT,
	    "our own DNS look-ups failed", "on-local-trouble");
}

/*
 * The stricter action wins, with one exception: a deferral replaces a rejection that the missing answer
 * could have turned into `indirect`.
 */
static bool outweighs(const struct bench *b, const struct demand *local,
    const struct demand *strictest)
{
	return local->action > strictest->action || (local->action == ACTION_TEMPFAIL &&
	    strictest->kind == DEMAND_DMARC_FAIL && could_be_indirect(b, strictest->author));
}

/* --- all together ---------------------------------------------------------------------------- */

static void add_override(const struct bench *b, struct actions *out, struct override override)
{
	if (arena_grow(b->a, &out->overrides, &out->override_cap, out->override_count,
		sizeof(*out->overrides)))
		out->overrides[out->override_count++] = override;
}

/* RFC 9990 section 3.1.6: every departure from the published policy, and why. */
static void record_overrides(const struct bench *b, const struct demand *dmarc, struct actions *out)
{
	if (dmarc->kind != DEMAND_DMARC_FAIL)
		return;
	if (dmarc->author->testing)
		add_override(b, out, (struct override){ OVERRIDE_POLICY_TEST_MODE, SLICE("t=y") });
	if (dmarc->action != dmarc->asked)
		add_override(b, out, dmarc->override);
	if (b->p->enforce != ENFORCE_YES && dmarc->action != ACTION_ACCEPT)
		add_override(b, out, (struct override){ OVERRIDE_LOCAL_POLICY,
			b->p->enforce == ENFORCE_NO ? SLICE("enforce = no") :
			SLICE("enforce = observe") });
}

/* The disposition in aggregate reports: "pass" only if the published policy is not none. */
static enum disposition disposition_of(const struct bench *b, const struct demand *dmarc)
{
	static const enum disposition done[] = {
		[ACTION_ACCEPT] = DISPOSITION_NONE,
		[ACTION_QUARANTINE] = DISPOSITION_QUARANTINE,
		[ACTION_TEMPFAIL] = DISPOSITION_NONE,
		[ACTION_REJECT] = DISPOSITION_REJECT,
	};

	if (b->v->dmarc.result == AUTH_PASS) {
		for (size_t i = 0; i < b->v->dmarc.author_count; i++)
			if (b->v->dmarc.authors[i].policy != DMARC_POLICY_NONE)
				return DISPOSITION_PASS;
		return DISPOSITION_NONE;
	}
	return b->p->enforce == ENFORCE_YES ? done[dmarc->action] : DISPOSITION_NONE;
}

static void carry_out(const struct bench *b, const struct demand *d, struct actions *out)
{
	out->would = d->action;
	out->why = d->why;
	out->action = b->p->enforce == ENFORCE_YES ? d->action : ACTION_ACCEPT;
	if (out->action == ACTION_REJECT || out->action == ACTION_TEMPFAIL)
		out->reply = reply_for(b->a, b->p, b->m, b->v, d);
}

enum rc decide(struct arena *a, const struct verdict_policy *p, enum message_class class,
    const struct message *m, const struct verdict *v, struct actions *out)
{
	struct bench b = { .a = a, .p = p, .class = class, .m = m, .v = v };
	struct demand demands[7], *strictest = &demands[0], local;

	indirect_marks(m, &v->arc.chain, &b.marks);
	b.exempt = exempt_from_refusal(a, p, m, &v->authors);
	demands[0] = demand_of_dmarc(&b);
	demands[1] = demand_of_from(&b);
	demands[2] = demand_of_spf(&b);
	demands[3] = demand_of_dkim_temperror(&b);
	demands[4] = demand_of_dkim_missing(&b);
	demands[5] = demand_of_helo(&b);
	demands[6] = demand_of_header(&b);
	for (size_t i = 1; i < N_ELEMENTS(demands); i++)
		if (demands[i].action > strictest->action)
			strictest = &demands[i];
	local = demand_of_local_trouble(&b);
	if (outweighs(&b, &local, strictest)) { /* the message is not decided yet, so no override is reported */
		carry_out(&b, &local, out);
		return arena_failed(a) ? RC_NOMEM : RC_OK;
	}
	carry_out(&b, strictest, out);
	record_overrides(&b, &demands[0], out);
	out->disposition = disposition_of(&b, &demands[0]);
	return arena_failed(a) ? RC_NOMEM : RC_OK;
}

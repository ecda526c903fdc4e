#include "base/limits.h"
#include "signing/tables.h"

#include "private.h"

/* --- settings without a key ------------------------------------------------------------------ */

static void check_section(const struct settings *s, const struct config_section *c,
    const struct sign_section *sign, struct err *err)
{
	struct slice d = sign->domain.name;

	for (size_t i = 0; i < sign->selector_count; i++)
		if (!keystore_has(s->keystore, sign->domain, sign->selectors[i]))
			config_finding(err, slot_of(c, "selectors")->at, "there is no active key of "
			    "%.*s with the selector %s that can be used: nothing is signed by it",
			    SLICE_ARG(d), config_shown(s->arena, sign->selectors[i]));
	/* with tables a section may be there for its users only */
	if (sign->selector_count == 0 && s->tables == NULL &&
	    !keystore_has(s->keystore, sign->domain, SLICE_NULL))
		config_finding(err, c->at, "there is no active key of %.*s that can be used: nothing "
		    "is signed by this section: `assay key new %.*s` makes one", SLICE_ARG(d),
		    SLICE_ARG(d));
}

static bool has_seal_key(const struct settings *s, struct slice seal)
{
	struct arena *a = arena_create(LIMIT_CONFIG_ARENA);
	struct slice selector = seal, name = slice_split(&selector, '/');
	struct domain domain;
	bool has = a != NULL && domain_parse(a, name, &domain) &&
	    keystore_has(s->keystore, domain, selector);

	arena_free(&a);
	return has;
}

static void check_seal(const struct settings *s, struct err *err)
{
	struct slice seal = s->policy.arc.seal;

	if (seal.len > 0 && !has_seal_key(s, seal))
		config_finding(err, place_of(s, "arc", "seal"), "there is no active key %.*s in the key "
		    "directory that can be used: nothing is sealed", SLICE_ARG(seal));
}

void settings_check_signing(const struct settings *s, struct err *err)
{
	struct domain fallback = s->policy.signing.sign_fallback;

	if (!domain_is_none(fallback) && !keystore_has(s->keystore, fallback, SLICE_NULL))
		config_finding(err, place_of(s, "", "sign-fallback"), "there is no active key of "
		    "%.*s that can be used: nothing is signed by sign-fallback", SLICE_ARG(fallback.name));
	for (const struct config_section *c = s->record->first; c != NULL; c = c->next)
		if (c->kind == &section_kinds[SECTION_SIGN])
			check_section(s, c, &s->policy.signing.sections[c->index], err);
	check_seal(s, err);
}

/* --- what will happen ------------------------------------------------------------------------ */

/* The first texts, then how many more there are. */
struct told {
	struct buf *out;
	size_t count;
};

static void tell(struct told *t, struct slice text)
{
	if (t->count < SETTINGS_DESCRIBED)
		buf_addf(t->out, "%s%.*s", t->count == 0 ? "" : ", ", SLICE_ARG(text));
	t->count++;
}

static enum rc tell_domains(const struct settings *s, struct arena *a, struct told *t)
{
	struct key_domain *domains = NULL;
	size_t count = 0;

	if (s->keystore == NULL)
		return RC_OK;
	TRY(keystore_domains(s->keystore, a, &domains, &count));
	for (size_t i = 0; i < count; i++) {
		struct buf text = BUF_INIT(LIMIT_TABLE_LINE);

		buf_addf(&text, "%.*s (", SLICE_ARG(domains[i].domain.name));
		for (size_t k = 0; k < domains[i].count; k++)
			buf_addf(&text, "%s%.*s", k == 0 ? "" : ", ",
			    SLICE_ARG(domains[i].selectors[k]));
		buf_add_char(&text, ')');
		tell(t, buf_slice(&text));
		buf_free(&text);
	}
	return RC_OK;
}

static enum rc tell_tables(const struct settings *s, struct arena *a, struct told *t)
{
	struct slice *texts = NULL;
	size_t count = 0;

	if (s->tables == NULL)
		return RC_OK;
	TRY(sign_tables_describe(s->tables, a, &texts, &count));
	for (size_t i = 0; i < count; i++)
		tell(t, texts[i]);
	return RC_OK;
}

static enum rc describe_signing(const struct settings *s, struct buf *out)
{
	struct arena *a = arena_create(LIMIT_CONFIG_ARENA);
	struct told t = { .out = out };
	enum rc rc = a == NULL ? RC_NOMEM : RC_OK;

	buf_add_str(out, "signs: ");
	if (rc == RC_OK)
		rc = tell_domains(s, a, &t);
	if (rc == RC_OK)
		rc = tell_tables(s, a, &t);
	if (t.count == 0)
		buf_add_str(out, "nothing");
	else if (t.count > SETTINGS_DESCRIBED)
		buf_addf(out, " and %zu more", t.count - SETTINGS_DESCRIBED);
	buf_add_char(out, '\n');
	arena_free(&a);
	return rc;
}

static const char *const enforce_texts[] = {
	[ENFORCE_OBSERVE] = "enforce = observe: nothing is changed or refused; the log shows what would be",
	[ENFORCE_NO] = "enforce = no: results are written, nothing is refused; the log shows what would be",
	[ENFORCE_YES] = "enforce = yes: results are written, and mail is refused accordingly",
};

/* What must be configured outside of assay: a filter for quarantined mail, and sender checks in the MTA. */
static void describe_trust(const struct verdict_policy *p, struct buf *out)
{
	if (p->enforce == ENFORCE_YES && p->quarantine == QUARANTINE_HEADER)
		buf_addf(out, "quarantined mail is delivered with %.*s: set up a filter that "
		    "files mail with that field (quarantine.sieve)\n", SLICE_ARG(p->quarantine_header_name));
	if (!p->signing.sign_mismatch)
		buf_add_str(out, "logins: mail is signed for the domain of its envelope sender, so the MTA "
		    "must reject senders that the login does not own (Postfix: "
		    "reject_sender_login_mismatch), or sign { users } must list the logins\n");
}

enum rc settings_describe(const struct settings *s, struct buf *out)
{
	TRY(describe_signing(s, out));
	if (s->policy.arc.seal.len > 0)
		buf_addf(out, "seals: judged mail that is not refused, with %.*s\n",
		    SLICE_ARG(s->policy.arc.seal));
	buf_addf(out, "judges: mail of all clients that are not trusted to sign, as %.*s\n",
	    SLICE_ARG(s->policy.authserv_id.len > 0 ? s->policy.authserv_id :
	    SLICE("the name that the MTA gives itself")));
	buf_addf(out, "%s\n", enforce_texts[s->policy.enforce]);
	describe_trust(&s->policy, out);
	return buf_failed(out) ? RC_NOMEM : RC_OK;
}

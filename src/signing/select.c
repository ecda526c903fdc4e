#include "base/ascii.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "base/log.h"

#include "signing/select.h"
#include "signing/tables.h"

const char *signing_why_code(enum signing_why why)
{
	static const char *const codes[SIGNING_WHY_COUNT] = {
		[SIGNING_NO_AUTHOR] = "no-author",
		[SIGNING_SEVERAL_AUTHORS] = "several-authors",
		[SIGNING_NO_KEY] = "no-key",
		[SIGNING_MISMATCH] = "mismatch",
		[SIGNING_KEY_TROUBLE] = "key-trouble",
		[SIGNING_LIMIT] = "limit",
		[SIGNING_OBSERVED] = "observed",
		[SIGNING_RECIPIENTS] = "recipients",
		[SIGNING_REINJECTED] = "reinjected",
	};

	return codes[why];
}

/* One choice under way: everything that the rule looks at. */
struct choice {
	struct arena *a;
	const struct signing_params *params;
	struct keystore *keys;
	int64_t now_ms;
	const struct envelope *envelope;
	const struct authors *authors;
	struct domain author;         /* of all of them */
	struct dkim_sign_params *signatures;
	size_t count;
	bool users_named;             /* a sign section names who may use the author domain */
	bool trouble;                 /* selectors that a section names are not there */
	bool unusable;                /* keys are there that cannot be used: the log says why */
	bool inactive;                /* keys are there, pending or retired */
};

static enum rc unsigned_as(struct arena *a, enum signing_why why, struct slice reason,
    struct signing_selection *out)
{
	if (arena_failed(a))
		return RC_NOMEM;
	*out = (struct signing_selection){ .why = why, .reason = reason };
	return RC_OK;
}

/* --- keys ----------------------------------------------------------------------------------- */

static void add_signature(struct choice *c, struct dkim_sign_params p)
{
	if (c->signatures == NULL)
		c->signatures = arena_new_array(c->a, LIMIT_SIGNATURES, struct dkim_sign_params);
	if (c->signatures == NULL || c->count == LIMIT_SIGNATURES)
		return; /* verifiers look at no more */
	p.fields = &c->params->headers;
	c->signatures[c->count++] = p;
}

/* What the settings say for keys of that section's domain; section may be NULL. */
static struct dkim_sign_params params_for(const struct signing_params *params,
    const struct sign_section *section)
{
	struct dkim_sign_params p = { .header_canon = params->header_canon,
		.body_canon = params->body_canon, .expire_after = params->expire_after };

	if (section == NULL)
		return p;
	p.identity = section->identity;
	if (section->has_canon) {
		p.header_canon = section->header_canon;
		p.body_canon = section->body_canon;
	}
	if (section->has_expire)
		p.expire_after = section->expire_after;
	return p;
}

static const struct sign_section *section_for(const struct signing_params *params, struct domain d)
{
	for (size_t i = 0; i < params->section_count; i++)
		if (domain_eq(params->sections[i].domain, d))
			return &params->sections[i];
	return NULL;
}

static bool wants_selector(const struct sign_section *section, struct slice selector)
{
	if (section == NULL || section->selector_count == 0)
		return true;
	for (size_t i = 0; i < section->selector_count; i++)
		if (slice_ieq(section->selectors[i], selector))
			return true;
	return false;
}

/* The directory's keys of exactly this domain. */
static enum rc keys_of_domain(struct choice *c, struct domain d)
{
	const struct sign_section *section = section_for(c->params, d);
	struct dkim_sign_params p = params_for(c->params, section);
	struct key_set set;

	if (c->keys == NULL || domain_is_none(d))
		return RC_OK;
	TRY(keystore_find(c->keys, c->a, d, c->now_ms, &set));
	for (size_t i = 0; i < set.count; i++) {
		if (!wants_selector(section, set.keys[i].selector))
			continue;
		p.domain = set.keys[i].domain.name;
		p.selector = arena_copy(c->a, set.keys[i].selector);
		p.key = set.keys[i].key;
		add_signature(c, p);
	}
	c->unusable = c->unusable || set.unusable;
	c->inactive = c->inactive || set.inactive;
	c->trouble = c->trouble || (set.count > 0 && c->count == 0) ||
	    (set.count == 0 && section != NULL && section->selector_count > 0);
	return RC_OK;
}

/* The lines for the first author; none unless every author has one: each must be allowed to sign. */
static enum rc find_in_tables(struct choice *c, struct table_matches *out)
{
	struct table_matches found = { .count = 0 };

	for (size_t i = c->authors->count; i > 0; i--) {
		TRY(sign_tables_find(c->params->tables, c->a, arena_printf(c->a, "%.*s@%.*s",
		    SLICE_ARG(c->authors->mailboxes[i - 1].local_part), SLICE_ARG(c->author.name)),
		    &found));
		c->unusable = c->unusable || found.unusable;
		if (found.count == 0)
			break;
	}
	*out = found;
	return RC_OK;
}

static enum rc keys_of_tables(struct choice *c)
{
	struct table_matches found;

	if (c->params->tables == NULL)
		return RC_OK;
	TRY(find_in_tables(c, &found));
	for (size_t i = 0; i < found.count; i++) {
		struct dkim_sign_params p = params_for(c->params, NULL);

		p.domain = found.items[i].domain;
		p.selector = found.items[i].selector;
		p.identity = found.items[i].identity;
		p.key = found.items[i].key;
		add_signature(c, p);
	}
	return RC_OK;
}

/* From the tables, else of the author domain, else of the closest parent that has subdomains = yes. */
static enum rc find_keys(struct choice *c)
{
	TRY(keys_of_tables(c));
	if (c->count == 0)
		TRY(keys_of_domain(c, c->author));
	for (struct domain d = domain_parent(c->author); c->count == 0 && !domain_is_none(d);
	    d = domain_parent(d)) {
		const struct sign_section *section = section_for(c->params, d);

		if (section != NULL && section->subdomains)
			TRY(keys_of_domain(c, d));
	}
	return RC_OK;
}

/* --- the rule ------------------------------------------------------------------------------- */

static bool is_entry_octet(char c)
{
	return !is_wsp(c) && c != ',';
}

static void skip_separators(struct cursor *c)
{
	while (skip_wsp(c) > 0 || take_char(c, ','))
		;
}

static bool is_author(struct choice *c, struct slice address)
{
	struct domain d;

	return domain_parse(c->a, address_domain_part(address), &d) && domain_eq(d, c->author);
}

/* One address, or "@domain" for all of it, as in smtpd_sender_login_maps. */
static bool is_author_address(const struct mailbox *author, struct slice pattern)
{
	struct slice local = address_local_part(pattern), domain = address_domain_part(pattern);

	return (local.len == 0 || slice_ieq(local, author->local_part)) &&
	    slice_ieq(domain, author->domain.name);
}

/* "login", or "address login, login": those logins for that address only. */
static bool entry_allows(const struct choice *c, const struct mailbox *author, struct slice entry)
{
	struct cursor cursor = cursor_of(entry);
	struct slice word;

	if (!take_while(&cursor, is_entry_octet, &word))
		return false;
	skip_separators(&cursor);
	if (cursor_done(&cursor))
		return slice_eq(word, c->envelope->auth_user);
	if (!is_author_address(author, word))
		return false;
	while (take_while(&cursor, is_entry_octet, &word)) {
		if (slice_eq(word, c->envelope->auth_user))
			return true;
		skip_separators(&cursor);
	}
	return false;
}

/* Does this section apply to the author domain? */
static bool covers(const struct choice *c, const struct sign_section *section, struct domain d)
{
	return section != NULL && (domain_eq(d, c->author) || section->subdomains);
}

/*
 * May the login use that author's address, by sign "..." { users = ... } of the author domain or of a parent
 * that has subdomains = yes?  *named_out: at least one of these sections has users.
 */
static bool is_listed(const struct choice *c, const struct mailbox *author, bool *named_out)
{
	*named_out = false;
	for (struct domain d = c->author; !domain_is_none(d); d = domain_parent(d)) {
		const struct sign_section *section = section_for(c->params, d);

		for (size_t i = 0; covers(c, section, d) && i < section->user_count; i++) {
			*named_out = true;
			if (entry_allows(c, author, section->users[i]))
				return true;
		}
	}
	return false;
}

/* Every author must be allowed: a user could add their own address to From beside a forged one. */
static bool is_listed_for_all(const struct choice *c, bool *named_out)
{
	bool listed = true;

	for (size_t i = 0; listed && i < c->authors->count; i++)
		listed = is_listed(c, &c->authors->mailboxes[i], named_out);
	return listed;
}

/*
 * RFC 6376 section 5.1: sign only for users who may use the author domain.  From alone is never enough,
 * because an authenticated user chooses it.  Where the operator has listed users, the envelope sender is not
 * enough either, because the user chooses it as well unless the MTA restricts it.
 */
static bool may_use_name(struct choice *c)
{
	bool listed = is_listed_for_all(c, &c->users_named);

	return c->params->sign_mismatch || listed || is_author(c, c->envelope->auth_user) ||
	    (!c->users_named && is_author(c, c->envelope->mail_from));
}

enum rc signing_agrees(struct arena *a, const struct signing_params *params, struct keystore *keys,
    const struct message *m, const struct authors *authors, int64_t now_ms, bool *out)
{
	struct choice c = { .a = a, .params = params, .keys = keys, .now_ms = now_ms,
		.envelope = &m->envelope, .authors = authors };

	*out = false;
	if (authors->status != FROM_OK || authors->domain_count != 1)
		return RC_OK;
	c.author = authors->domains[0];
	if (!is_author(&c, m->envelope.mail_from))
		return RC_OK;
	TRY(find_keys(&c));
	*out = c.count > 0;
	return RC_OK;
}

bool signing_reinjected(const struct signing_params *params, const struct authors *authors)
{
	if (authors->status != FROM_OK || authors->domain_count != 1)
		return false;
	for (struct domain d = authors->domains[0]; !domain_is_none(d); d = domain_parent(d)) {
		const struct sign_section *section = section_for(params, d);

		if (section != NULL && section->reinjected &&
		    (section->subdomains || domain_eq(d, authors->domains[0])))
			return true;
	}
	return false;
}

/* --- reasons -------------------------------------------------------------------------------- */

static struct slice no_key(const struct choice *c)
{
	struct slice d = c->author.name;

	if (c->unusable)
		return arena_printf(c->a, "the key of %.*s cannot be used (`assayd --check` says "
		    "why)", SLICE_ARG(d));
	if (c->inactive)
		return arena_printf(c->a, "the keys of %.*s are pending or retired (assay key "
		    "activate %.*s)", SLICE_ARG(d), SLICE_ARG(d));
	if (c->trouble)
		return arena_printf(c->a, "no key for %.*s that its sign section selects "
		    "(selectors = ...)", SLICE_ARG(d));
	return arena_printf(c->a, "no key for %.*s", SLICE_ARG(d));
}

static struct slice mismatch(const struct choice *c)
{
	const char *login = log_shown(c->a, c->envelope->auth_user);

	if (c->users_named)
		return arena_printf(c->a, "%s is not among the users who may sign as %.*s (to "
		    "allow it: sign \"%.*s\" { users = \"%s\" })", login, SLICE_ARG(c->author.name),
		    SLICE_ARG(c->author.name), login);
	return arena_printf(c->a, "author domain %.*s is neither the envelope's nor %s's (to allow "
	    "it: sign \"%.*s\" { users = \"%s\" })", SLICE_ARG(c->author.name), login,
	    SLICE_ARG(c->author.name), login);
}

/*
 * Could a signature of d be aligned with the author domain (RFC 9989 section 4.4)?  Without asking
 * the DNS: names of one organizational domain share two labels, or one is above the other.
 */
static bool may_align(struct domain d, struct domain author)
{
	return domain_eq(domain_last(d, 2), domain_last(author, 2)) ||
	    domain_is_at_or_below(d, author) || domain_is_at_or_below(author, d);
}

/*
 * Signs with the domain of sign-fallback, if it is set and has keys, instead of leaving the message unsigned.
 * But if the user may not use the author domain, the signature must not be one that could be aligned with
 * it: that would authenticate the forged author.
 */
static enum rc fall_back(struct choice *c, bool may_use, enum signing_why why, struct slice reason,
    struct signing_selection *out)
{
	c->count = 0;
	if (may_use || !may_align(c->params->sign_fallback, c->author))
		TRY(keys_of_domain(c, c->params->sign_fallback));
	if (c->count == 0)
		return unsigned_as(c->a, why, reason, out);
	*out = (struct signing_selection){ .why = SIGNING_DONE, .signatures = c->signatures,
		.count = c->count };
	return RC_OK;
}

static enum rc choose(struct choice *c, bool authenticated, struct signing_selection *out)
{
	bool may_use = !authenticated || may_use_name(c);

	TRY(find_keys(c));
	if (c->count == 0)
		return fall_back(c, may_use, c->trouble || c->unusable ? SIGNING_KEY_TROUBLE : SIGNING_NO_KEY,
		    no_key(c), out);
	if (!may_use)
		return fall_back(c, may_use, SIGNING_MISMATCH, mismatch(c), out);
	*out = (struct signing_selection){ .why = SIGNING_DONE, .signatures = c->signatures,
		.count = c->count };
	return arena_failed(c->a) ? RC_NOMEM : RC_OK;
}

enum rc signing_select(struct arena *a, const struct signing_params *params,
    struct keystore *keys, const struct message *m, const struct authors *authors,
    bool authenticated, int64_t now_ms, struct signing_selection *out)
{
	struct choice c = { .a = a, .params = params, .keys = keys, .now_ms = now_ms,
		.envelope = &m->envelope, .authors = authors };

	if (authors->status == FROM_TOO_MANY || authors->domain_count > 1)
		return unsigned_as(a, SIGNING_SEVERAL_AUTHORS,
		    arena_printf(a, "From names several author domains"), out);
	if (authors->status != FROM_OK || authors->count == 0)
		return unsigned_as(a, SIGNING_NO_AUTHOR, arena_printf(a, "no author: %s",
		    authors->why != NULL ? authors->why : from_status_text(authors->status)), out);
	c.author = authors->domains[0];
	return choose(&c, authenticated, out);
}

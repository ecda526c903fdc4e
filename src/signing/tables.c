#include <stdlib.h>

#include "base/limits.h"
#include "base/log.h"
#include "mail/message.h"

#include "signtable.h"

#include "signing/tables.h"

struct sign_tables {
	struct arena *arena;
	struct keyring *ring;
	struct key_table keys;
	struct sign_table addresses;
	bool multiple;
};

static enum rc load(const char *key_table, const char *signing_table, bool multiple_signatures,
    const char *passphrase_file, bool names_only, struct sign_tables **out, struct err *err)
{
	struct sign_tables *t = calloc(1, sizeof(*t));
	enum rc keys = RC_NOMEM, addresses = RC_NOMEM;

	if (t == NULL)
		return RC_NOMEM;
	t->arena = arena_create(LIMIT_CONFIG_ARENA);
	t->ring = keyring_new(passphrase_file);
	t->multiple = multiple_signatures;
	t->keys = (struct key_table){ .arena = t->arena, .ring = t->ring, .names_only = names_only };
	t->addresses = (struct sign_table){ .arena = t->arena, .keys = &t->keys };
	if (t->arena != NULL && t->ring != NULL) {
		keys = key_table_load(&t->keys, key_table, err);
		addresses = sign_table_load(&t->addresses, signing_table, err);
	}
	if (keys == RC_OK && addresses == RC_OK)
		*out = t;
	else
		sign_tables_free(&t);
	return keys != RC_OK ? keys : addresses;
}

enum rc sign_tables_load(const char *key_table, const char *signing_table,
    bool multiple_signatures, const char *passphrase_file, struct sign_tables **out, struct err *err)
{
	return load(key_table, signing_table, multiple_signatures, passphrase_file, false, out, err);
}

enum rc sign_tables_load_names(const char *key_table, const char *signing_table,
    bool multiple_signatures, struct sign_tables **out, struct err *err)
{
	return load(key_table, signing_table, multiple_signatures, NULL, true, out, err);
}

void sign_tables_free(struct sign_tables **t)
{
	struct sign_tables *old = *t;

	*t = NULL;
	if (old == NULL)
		return;
	map_free(&old->keys.rows);
	map_free(&old->addresses.rows);
	keyring_free(&old->ring);
	arena_free(&old->arena);
	free(old);
}

/* "%" replaced; an identity that is not in d= is left out by the signer. */
static struct slice identity_of(struct arena *a, struct slice signer, struct domain author)
{
	struct slice left, right = signer;

	if (slice_find(signer, '%') == signer.len)
		return signer;
	left = slice_split(&right, '%');
	return arena_printf(a, "%.*s%.*s%.*s", SLICE_ARG(left), SLICE_ARG(author.name),
	    SLICE_ARG(right));
}

/* False: there is no key for that domain; *unusable_out is set when there should be one. */
static bool match_of(const struct sign_tables *t, struct arena *a, const struct sign_row *row,
    struct domain author, struct table_match *out, bool *unusable_out)
{
	const struct key_row *key = row->key;
	bool unusable;
	struct domain d;

	if (key == NULL)
		key = map_get(&t->keys.rows, author.name);
	if (key == NULL)
		return false;
	d = domain_is_none(key->domain) ? author : key->domain;
	*out = (struct table_match){ .domain = d.name, .selector = key->selector };
	if (row->signer.len > 0)
		out->identity = identity_of(a, row->signer, author);
	if (t->keys.names_only)
		return key_row_exists(key, a, author);
	out->key = key_row_key(&t->keys, key, a, author, &unusable);
	*unusable_out = *unusable_out || unusable;
	return out->key != NULL;
}

static bool has_match(const struct table_match *matches, size_t count,
    const struct table_match *m)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq(matches[i].domain, m->domain) &&
		    slice_eq(matches[i].selector, m->selector))
			return true;
	return false;
}

enum rc sign_tables_find(const struct sign_tables *t, struct arena *a, struct slice author_address,
    struct table_matches *out)
{
	struct slice local = arena_lower(a, address_local_part(author_address));
	size_t most = t->multiple ? LIMIT_SIGNATURES : 1, rows = 0, n = 0;
	struct table_match *matches = arena_new_array(a, most, struct table_match);
	const struct sign_row **hits = NULL;
	struct domain author;

	*out = (struct table_matches){ .items = matches };
	if (!domain_parse(a, address_domain_part(author_address), &author))
		return arena_failed(a) ? RC_NOMEM : RC_OK;
	TRY(sign_table_find(&t->addresses, a, local, author, &hits, &rows));
	for (size_t i = 0; i < rows && n < most && matches != NULL; i++)
		if (match_of(t, a, hits[i], author, &matches[n], &out->unusable) &&
		    !has_match(matches, n, &matches[n]))
			n++;
	if (arena_failed(a))
		return RC_NOMEM;
	out->count = n;
	return RC_OK;
}

/* The one domain that a pattern is about: "user@host", "host", "*@host". None: it is about several. */
static struct domain pattern_domain(struct arena *a, struct slice pattern)
{
	struct slice host = slice_drop(pattern, slice_rfind(pattern, '@') < pattern.len
	    ? slice_rfind(pattern, '@') + 1 : 0);
	struct domain d = DOMAIN_NONE;

	return domain_parse(a, host, &d) ? d : DOMAIN_NONE;
}

/* False: the line is about no domain in particular, or names no key for it. */
static bool key_of_row(const struct sign_tables *t, struct arena *a, const struct sign_row *row,
    const struct sign_tables_wanted *decode, struct signing_key *out)
{
	struct domain author = pattern_domain(a, row->pattern);
	const struct key_row *key = row->key;

	if (key == NULL)
		key = map_get(&t->keys.rows, author.name);
	if (key == NULL || slice_is_null(key->selector) ||
	    (domain_is_none(key->domain) && domain_is_none(author)))
		return false;
	*out = (struct signing_key){ .selector = key->selector, .state = KEY_ACTIVE,
		.domain = domain_is_none(key->domain) ? author : key->domain,
		.path = key_row_path(key, a, author) };
	if (decode == NULL || !decode->wants(decode->ctx, out))
		return key_row_known(&t->keys, key, a, author, &out->unusable);
	out->key = key_row_key(&t->keys, key, a, author, &out->unusable);
	return out->key != NULL || out->unusable;
}

enum rc sign_tables_keys(const struct sign_tables *t, struct arena *a, const struct sign_tables_wanted *decode,
    struct signing_key **out, size_t *count_out)
{
	struct signing_key *keys = arena_new_array(a, t->addresses.count, struct signing_key);
	struct map seen = { .entries = { .size = 0 } };
	size_t n = 0;

	for (const struct sign_row *row = t->addresses.first; row != NULL && keys != NULL;
	    row = row->listed) {
		struct slice name;

		if (!key_of_row(t, a, row, decode, &keys[n]))
			continue;
		name = arena_printf(a, "%.*s._domainkey.%.*s", SLICE_ARG(keys[n].selector),
		    SLICE_ARG(keys[n].domain.name));
		if (slice_is_null(name) || map_get(&seen, name) != NULL)
			continue;
		if (!map_put(&seen, name, &keys[n]))
			break;
		n++;
	}
	map_free(&seen);
	if (arena_failed(a))
		return RC_NOMEM;
	*out = keys;
	*count_out = n;
	return RC_OK;
}

enum rc sign_tables_describe(const struct sign_tables *t, struct arena *a, struct slice **out,
    size_t *count_out)
{
	struct slice *texts = arena_new_array(a, t->addresses.count, struct slice);
	size_t n = 0;

	for (const struct sign_row *row = t->addresses.first; row != NULL && texts != NULL;
	    row = row->listed) {
		const char *pattern = log_shown(a, row->pattern);

		if (row->key == NULL)
			texts[n++] = arena_printf(a, "%s (by domain)", pattern);
		else if (!row->key->unusable)
			texts[n++] = arena_printf(a, "%s (%.*s)", pattern,
			    SLICE_ARG(row->key->selector));
	}
	if (arena_failed(a))
		return RC_NOMEM;
	*out = texts;
	*count_out = n;
	return RC_OK;
}

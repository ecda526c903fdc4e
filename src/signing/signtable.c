#include <stdlib.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/utf8.h"
#include "dkim/sign.h"

#include "signtable.h"
#include "signing/tablefile.h"

struct reader {
	struct sign_table *table;
	struct table_file file;
	struct err *err;
};

/* The line is not used, and the others are. */
static enum rc wrong(const struct reader *r, const char *what, struct slice text)
{
	err_finding(r->err, "%s:%u: %s: %s", r->file.path, r->file.line,
	    log_shown(r->table->arena, text), what);
	return RC_CONFIG;
}

/* --- loading -------------------------------------------------------------------------------- */

/* Lower case, and the domain part in A-labels where it is written in U-labels. */
static struct slice normalised(struct arena *a, struct slice pattern)
{
	size_t at = slice_rfind(pattern, '@');
	size_t prefix = at == pattern.len ? 0 : at + 1;
	struct slice rest;
	struct domain d;

	if (slice_is_ascii(pattern))
		return arena_lower(a, pattern);
	rest = slice_drop(pattern, prefix);
	while (rest.len > 0 && (*rest.ptr == '*' || *rest.ptr == '.')) {
		rest = slice_drop(rest, 1);
		prefix++;
	}
	if (!domain_parse(a, rest, &d))
		return arena_lower(a, pattern);
	return arena_printf(a, "%.*s%.*s", SLICE_ARG(arena_lower(a, slice_take(pattern, prefix))),
	    SLICE_ARG(d.name));
}

/* Characters other than "*" that are special in a regular expression; they are not supported. */
static bool is_plain(struct slice pattern)
{
	for (size_t i = 0; i < pattern.len; i++)
		if (strchr("[](){}|?^$\\", pattern.ptr[i]) != NULL)
			return false;
	return true;
}

static size_t stars(struct slice text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += text.ptr[i] == '*';
	return n;
}

/* Can the look-up of the author's address hit this pattern by a hash? */
static bool is_hashed(const struct sign_table *t, struct slice pattern)
{
	if (!t->patterns || stars(pattern) == 0)
		return true;
	if (slice_starts_with(pattern, SLICE("*@*.")))
		return stars(pattern) == 2;
	return slice_starts_with(pattern, SLICE("*@")) && stars(pattern) == 1;
}

static bool add_row(struct sign_table *t, struct sign_row *row)
{
	struct sign_row *last;

	row->order = t->count++;
	*t->first_end = row;
	t->first_end = &row->listed;
	if (!is_hashed(t, row->pattern)) {
		*t->others_end = row;
		t->others_end = &row->next;
		return true;
	}
	last = map_get(&t->last, row->pattern);
	if (last != NULL)
		last->next = row;
	else if (!map_put(&t->rows, row->pattern, row))
		return false;
	return map_put(&t->last, row->pattern, row);
}

/* The identity's domain must be d= or below it (RFC 6376 section 3.5); "%" is checked when it is replaced. */
static enum rc check_signer(const struct reader *r, const struct sign_row *row)
{
	if (slice_find(row->signer, '%') < row->signer.len || row->key == NULL || r->table->keys->names_only ||
	    domain_is_none(row->key->domain) ||
	    dkim_sign_identity_ok(r->table->arena, row->signer, row->key->domain.name))
		return RC_OK;
	return wrong(r, "the identity is not in the domain of the key: use one that is, or remove "
	    "the identity", row->signer);
}

/* key-name [ ":" signer ] */
static enum rc take_value(const struct reader *r, struct slice value, struct sign_row *row)
{
	struct slice signer = value, name = slice_trim(slice_split(&signer, ':'));

	if (!slice_eq(name, SLICE("%"))) {
		row->key = map_get(&r->table->keys->rows, name);
		if (row->key == NULL)
			return wrong(r, "the key table has no line of that name", name);
	}
	signer = slice_trim(signer);
	if (signer.len == 0)
		return RC_OK;
	row->signer = slice_find(signer, '@') < signer.len ? signer
	    : arena_printf(r->table->arena, "@%.*s", SLICE_ARG(signer));
	return check_signer(r, row);
}

/*
 * Reports a key that can never match.  In a "file:" table only "*" and "user@*" are wildcards; in a "refile:"
 * table patterns are compared with whole addresses.  As in OpenDKIM, such a line has no other effect.
 */
static void check_reach(const struct reader *r, struct slice key)
{
	bool steps_star = slice_eq(key, SLICE("*")) ||
	    (stars(key) == 1 && slice_iends_with(key, SLICE("@*")) && key.len > 2);

	if (r->table->patterns) {
		if (stars(key) == 0 && slice_find(key, '@') == key.len)
			(void)wrong(r, "never matches, since patterns are compared with whole "
			    "addresses: write \"*@\" before it", key);
	} else if (stars(key) > 0 && !steps_star) {
		(void)wrong(r, "never matches in a table without patterns: write \"refile:\" before "
		    "the path in signing-table, or the domain alone here", key);
	}
}

static enum rc take_entry(const struct reader *r, const struct table_entry *e)
{
	struct sign_table *t = r->table;
	struct sign_row *row = arena_new(t->arena, struct sign_row);

	if (row == NULL)
		return RC_NOMEM;
	if (e->value.len == 0)
		return wrong(r, "the name of a key is missing after it", e->key);
	if (t->patterns && !is_plain(e->key))
		return wrong(r, "\"*\" is the only wildcard that a pattern may contain: remove "
		    "the other special characters", e->key);
	check_reach(r, e->key);
	row->pattern = normalised(t->arena, e->key);
	TRY(take_value(r, e->value, row));
	return slice_is_null(row->pattern) || !add_row(t, row) ? RC_NOMEM : RC_OK;
}

enum rc sign_table_load(struct sign_table *t, const char *spec, struct err *err)
{
	struct reader r = { .table = t, .err = err };
	struct table_entry e;
	enum rc rc = RC_OK;

	TRY(table_open(spec, t->arena, &r.file, err));
	t->patterns = r.file.patterns;
	t->others_end = &t->others;
	t->first_end = &t->first;
	while (rc != RC_NOMEM && table_next(&r.file, &e))
		rc = take_entry(&r, &e);
	map_free(&t->last);
	if (rc != RC_NOMEM && t->count == 0)
		err_finding(err, "%s: contains no line that can be used: write lines such as "
		    "\"%sexample.com KEY-NAME\"", r.file.path, t->patterns ? "*@" : "");
	return rc == RC_NOMEM ? rc : RC_OK;
}

/* --- finding -------------------------------------------------------------------------------- */

struct hits {
	const struct sign_table *table;
	struct arena *arena;
	const struct sign_row **rows;
	size_t count, cap;
};

static void add_hit(struct hits *h, const struct sign_row *row)
{
	if (arena_grow(h->arena, &h->rows, &h->cap, h->count, sizeof(*h->rows)))
		h->rows[h->count++] = row;
}

/* All rows with exactly this pattern. */
static void add_exact(struct hits *h, struct slice pattern)
{
	for (const struct sign_row *row = map_get(&h->table->rows, pattern); row != NULL;
	    row = row->next)
		add_hit(h, row);
}

static void add_joined(struct hits *h, struct slice left, const char *between, struct slice right)
{
	add_exact(h, arena_printf(h->arena, "%.*s%s%.*s", SLICE_ARG(left), between,
	    SLICE_ARG(right)));
}

static void find_in_steps(struct hits *h, struct slice local, struct domain domain)
{
	add_joined(h, local, "@", domain.name);
	add_exact(h, domain.name);
	for (struct domain p = domain_parent(domain); !domain_is_none(p); p = domain_parent(p)) {
		add_joined(h, local, "@.", p.name);
		add_joined(h, SLICE(""), ".", p.name);
	}
	add_joined(h, local, "@*", SLICE(""));
	add_exact(h, SLICE("*"));
}

static int row_order(const void *a, const void *b)
{
	const struct sign_row *const *x = a, *const *y = b;

	return (*x)->order < (*y)->order ? -1 : (*x)->order > (*y)->order;
}

static void find_patterns(struct hits *h, struct slice local, struct domain domain)
{
	struct slice address = arena_printf(h->arena, "%.*s@%.*s", SLICE_ARG(local),
	    SLICE_ARG(domain.name));

	add_exact(h, address);
	add_joined(h, SLICE("*@"), "", domain.name);
	for (struct domain p = domain_parent(domain); !domain_is_none(p); p = domain_parent(p))
		add_joined(h, SLICE("*@*."), "", p.name);
	for (const struct sign_row *row = h->table->others; row != NULL; row = row->next)
		if (table_glob(row->pattern, address))
			add_hit(h, row);
	if (h->count > 1)
		qsort(h->rows, h->count, sizeof(*h->rows), row_order);
}

enum rc sign_table_find(const struct sign_table *t, struct arena *a, struct slice local,
    struct domain domain, const struct sign_row ***out, size_t *count_out)
{
	struct hits h = { .table = t, .arena = a };

	if (t->patterns)
		find_patterns(&h, local, domain);
	else
		find_in_steps(&h, local, domain);
	if (arena_failed(a))
		return RC_NOMEM;
	*out = h.rows;
	*count_out = h.count;
	return RC_OK;
}

/*
 * What the rows of the tables (keytables.c) become.  Where a key directory has the same effect, only keys are copied into
 * it; otherwise new tables of the same form are written, which name the copies.
 */
#include <glob.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/plural.h"
#include "crypto/keyfile.h"
#include "signing/tablefile.h"

#include "private.h"

/* Above this number, searching the titled sections for each message would be too slow. */
#define MOST_SECTIONS 1000u

/* --- what a line of the SigningTable covers -------------------------------------------------------------- */

enum coverage {
	COVERS_DOMAIN, /* every author of a domain */
	COVERS_BELOW,  /* every author of the domains below one */
	COVERS_ALL,
	COVERS_OTHER
};

static enum coverage coverage_of(const struct import *im, const struct sign_row *s, struct slice *domain)
{
	struct slice p = s->pattern;

	*domain = SLICE_NULL;
	if (slice_eq(p, SLICE("*")) || slice_eq(p, SLICE("*@*")))
		return COVERS_ALL;
	if (im->patterns && slice_starts_with(p, SLICE("*@*.")))
		*domain = slice_drop(p, 4);
	else if (im->patterns && slice_starts_with(p, SLICE("*@")))
		*domain = slice_drop(p, 2);
	else if (!im->patterns)
		*domain = slice_drop(p, slice_starts_with(p, SLICE(".")));
	if (slice_is_null(*domain) || slice_find(*domain, '*') < domain->len ||
	    slice_find(*domain, '@') < domain->len)
		return COVERS_OTHER;
	return domain->ptr - p.ptr == 4 || slice_starts_with(p, SLICE(".")) ? COVERS_BELOW : COVERS_DOMAIN;
}

/* Does the key directory, possibly with sign sections, have the same effect as this line? */
static bool is_simple(const struct import *im, const struct sign_row *s, size_t *sections)
{
	struct slice domain;
	enum coverage coverage = coverage_of(im, s, &domain);
	bool any = s->row == NULL || slice_eq(s->row->domain, SLICE("%"));

	if (s->row == NULL)
		return false;
	if (coverage == COVERS_ALL)
		return any && s->signer.len == 0 && slice_find(s->row->third, '%') < s->row->third.len;
	if (coverage == COVERS_BELOW || s->signer.len > 0)
		++*sections;
	if (coverage == COVERS_OTHER || (coverage == COVERS_BELOW && (any || s->signer.len > 0)))
		return false;
	return (any || slice_eq(s->row->domain, domain)) && slice_find(s->signer, '%') == s->signer.len;
}

/* A line for the domains below one lends them the keys of that domain, which needs a line as well. */
static bool below_has_domain(const struct import *im)
{
	for (size_t i = 0; i < im->signer_count; i++) {
		struct slice domain, other;
		bool found = false;

		if (coverage_of(im, &im->signers[i], &domain) != COVERS_BELOW)
			continue;
		for (size_t k = 0; k < im->signer_count && !found; k++)
			found = im->signers[k].row == im->signers[i].row &&
			    coverage_of(im, &im->signers[k], &other) == COVERS_DOMAIN && slice_eq(other, domain);
		if (!found)
			return false;
	}
	return true;
}

static bool needs_tables(const struct import *im)
{
	size_t sections = im->subdomains ? im->signer_count : 0;

	for (size_t i = 0; i < im->signer_count; i++)
		if (!is_simple(im, &im->signers[i], &sections) || sections > MOST_SECTIONS)
			return true;
	return sections > MOST_SECTIONS || !below_has_domain(im);
}

/* --- keys -------------------------------------------------------------------------------------------------- */

static void release_key(void *ptr)
{
	struct private_key *key = ptr;

	private_key_free(&key);
}

static bool is_path(struct slice third)
{
	return slice_starts_with(third, SLICE("/")) || slice_starts_with(third, SLICE("./")) ||
	    slice_starts_with(third, SLICE("../"));
}

/* Whatever the file's mode: it is to be copied, not used where it is. */
static enum rc read_key(const struct import *im, struct planned_key *k, struct err *err)
{
	struct buf pem = BUF_INIT(LIMIT_KEY_FILE);
	const char *why = NULL;
	enum rc rc;

	(void)im;
	if (k->path == NULL) {
		rc = table_key_decode(k->third, k->label, &k->key, err);
	} else {
		rc = file_read(k->path, &pem, NULL, &why);
		if (rc == RC_OK)
			rc = private_key_decode_untried(buf_slice(&pem), k->label, &k->key, err);
		else
			err_add(err, "%s: %s", k->label, why);
		if (pem.ptr != NULL)
			explicit_bzero(pem.ptr, pem.len);
		buf_free(&pem);
	}
	err_wrap(err, 0, "%s:%u", k->file, k->line);
	return rc == RC_OK ? RC_OK : RC_CONFIG;
}

const char *table_keys_directory(struct import *im)
{
	struct slice keys = slice_str(im->params.keys);

	return arena_printf(im->arena, "%.*s/table-keys", SLICE_ARG(slice_take(keys, slice_rfind(keys, '/')))).ptr;
}

static void plan_key(struct import *im, const struct key_row *row, struct slice domain, struct slice third)
{
	const char *home = im->new_tables ? table_keys_directory(im) : im->params.keys;
	struct planned_key k = { .selector = row->selector, .file = row->file, .line = row->line, .third = third,
		.err = ERR_INIT };
	struct domain d = { 0 };

	if (!slice_eq(domain, SLICE("shared")) && !domain_parse(im->arena, domain, &d)) {
		mistake(im, row->file, row->line, "%s is not a domain name", shown(im, domain));
		return;
	}
	if (!arena_grow(im->arena, &im->keys, &im->key_cap, im->key_count, sizeof(*im->keys)))
		return;
	k.path = is_path(third) ? arena_copy(im->arena, third).ptr : NULL;
	k.label = k.path == NULL ? "a key inside the table" : shown(im, slice_take(third, 200));
	k.domain = d;
	k.target = arena_printf(im->arena, "%s/%.*s/%.*s.pem", home, SLICE_ARG(domain_is_none(d) ? domain : d.name),
	    SLICE_ARG(row->selector)).ptr;
	im->keys[im->key_count++] = k;
}

/* "%" in a path means the author domain: each file there belongs to one. */
static void plan_each_file(struct import *im, const struct key_row *row)
{
	struct slice pattern = row->third, left = slice_take(pattern, slice_find(pattern, '%'));
	struct buf glob_text = BUF_INIT(2 * pattern.len + 1);
	glob_t found = { 0 };

	for (size_t i = 0; i < pattern.len; i++)
		buf_add_char(&glob_text, pattern.ptr[i] == '%' ? '*' : pattern.ptr[i]);
	if (glob(buf_cstr(&glob_text), 0, NULL, &found) != 0)
		find_at(im, FINDING_DROPPED, row->file, row->line, SLICE("KeyTable"), row->name, "no file "
		    "matches this path: no key is copied");
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct slice rest = slice_drop(slice_str(found.gl_pathv[i]), left.len);
		struct slice after = slice_drop(pattern, left.len + 1);
		size_t end = after.len > 0 && slice_find(after, '%') == after.len && rest.len >= after.len ?
		    rest.len - after.len : slice_find(rest, '/');

		plan_key(im, row, arena_lower(im->arena, slice_take(rest, end)), slice_str(found.gl_pathv[i]));
	}
	globfree(&found);
	buf_free(&glob_text);
}

static int by_target(const void *a, const void *b)
{
	const struct planned_key *const *x = a, *const *y = b;
	int order = strcmp((*x)->target, (*y)->target);

	return order != 0 ? order : (*x < *y ? -1 : *x > *y);
}

/* Several rows may name one domain and selector; then they have to name one key. */
static void find_repeated(struct import *im)
{
	struct planned_key **sorted = arena_new_array(im->arena, im->key_count, struct planned_key *);

	if (sorted == NULL || im->key_count == 0)
		return;
	for (size_t i = 0; i < im->key_count; i++)
		sorted[i] = &im->keys[i];
	qsort(sorted, im->key_count, sizeof(*sorted), by_target);
	for (size_t i = 1; i < im->key_count; i++) {
		struct planned_key *k = sorted[i];

		k->repeated = strcmp(k->target, sorted[i - 1]->target) == 0;
		if (k->repeated && !same_key(k->key, sorted[i - 1]->key))
			mistake(im, k->file, k->line, "another key of the same domain and selector is at %s:%u: "
			    "signatures by one of the two fail: remove it", sorted[i - 1]->file, sorted[i - 1]->line);
	}
}

static void read_keys(struct import *im)
{
	bool all = each_key(im, "keys read", read_key) == RC_OK && !arena_failed(im->arena);

	for (size_t i = 0; i < im->key_count; i++)
		if (im->keys[i].key != NULL && !arena_defer(im->arena, release_key, im->keys[i].key))
			return;
	if (all)
		find_repeated(im);
}

static void plan_row(struct import *im, const struct key_row *row)
{
	if (is_path(row->third) && slice_find(row->third, '%') < row->third.len)
		plan_each_file(im, row);
	else
		plan_key(im, row, slice_eq(row->domain, SLICE("%")) ? SLICE("shared") : row->domain, row->third);
}

/* --- the two ways to write it ------------------------------------------------------------------------------- */

static void write_sections(struct import *im)
{
	for (size_t i = 0; i < im->signer_count; i++) {
		const struct sign_row *s = &im->signers[i];
		struct slice domain;
		enum coverage coverage = coverage_of(im, s, &domain);

		if (coverage == COVERS_BELOW || (coverage == COVERS_DOMAIN && im->subdomains && im->key_table == NULL))
			plan_set_in(im, "sign", domain, "subdomains", SLICE("yes"));
		if (coverage == COVERS_DOMAIN && s->signer.len > 0)
			plan_set_in(im, "sign", domain, "identity", s->signer);
		if (coverage == COVERS_DOMAIN && slice_eq(s->row->domain, SLICE("%")) &&
		    slice_find(s->row->third, '%') == s->row->third.len)
			plan_key(im, s->row, domain, s->row->third);
	}
}

static bool planned_by_sections(const struct key_row *row)
{
	return slice_eq(row->domain, SLICE("%")) && slice_find(row->third, '%') == row->third.len;
}

static void write_tables(struct import *im)
{
	struct buf keys = BUF_INIT(LIMIT_CONFIG_LIST), signing = BUF_INIT(LIMIT_CONFIG_LIST);
	struct slice home = slice_str(table_keys_directory(im));

	for (size_t i = 0; i < im->row_count; i++) {
		const struct key_row *r = &im->rows[i];
		bool any = slice_eq(r->domain, SLICE("%"));
		bool file_each = is_path(r->third) && slice_find(r->third, '%') < r->third.len;

		if (r->used)
			buf_addf(&keys, "%.*s %.*s:%.*s:%.*s/%.*s/%.*s.pem\n", SLICE_ARG(r->name), SLICE_ARG(r->domain),
			    SLICE_ARG(r->selector), SLICE_ARG(home), SLICE_ARG(file_each ? SLICE("%") : any ? SLICE("shared") :
			    r->domain), SLICE_ARG(r->selector));
	}
	for (size_t i = 0; i < im->signer_count; i++) {
		const struct sign_row *s = &im->signers[i];

		buf_addf(&signing, "%.*s %.*s%s%.*s\n", SLICE_ARG(s->pattern), SLICE_ARG(s->key),
		    s->signer.len > 0 ? ":" : "", SLICE_ARG(s->signer));
	}
	im->key_table_text = arena_take_buf(im->arena, &keys);
	im->signing_table_text = arena_take_buf(im->arena, &signing);
	home = slice_take(home, slice_rfind(home, '/'));
	plan_set(im, "sign-tables", "key-table", arena_printf(im->arena, "%.*s/KeyTable", SLICE_ARG(home)));
	plan_set(im, "sign-tables", "signing-table", arena_printf(im->arena, "%s%.*s/SigningTable",
	    im->patterns ? "refile:" : "", SLICE_ARG(home)));
	plan_set(im, "sign-tables", "multiple-signatures", im->multiple ? SLICE("yes") : SLICE("no"));
}

void keys_translate(struct import *im)
{
	if (im->row_count == 0 && im->signer_count == 0)
		return;
	if ((im->signing_table == NULL) != (im->key_table == NULL))
		return; /* a contradiction, which has been reported */
	keytables_join(im);
	im->new_tables = needs_tables(im);
	for (size_t i = 0; i < im->row_count; i++)
		if (im->rows[i].used && (im->new_tables || !planned_by_sections(&im->rows[i])))
			plan_row(im, &im->rows[i]);
	plan_set(im, "", "keys", slice_str(im->params.keys));
	if (im->new_tables)
		write_tables(im);
	else
		write_sections(im);
	read_keys(im);
	if (im->signing_table != NULL)
		find(im, FINDING_TRANSLATED, old_option(im, PROGRAM_OPENDKIM, "SigningTable"), "%zu %s: %s",
		    im->signer_count, plural(im->signer_count, "line", "lines"), im->new_tables ?
		    "rewritten, with copies of the keys (sign-tables)" : "the key directory has the same effect (keys)");
}

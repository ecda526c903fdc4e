/*
 * Keys and signing tables.  Where a key directory has the same effect, only keys are copied into it; otherwise
 * new tables of the same form are written, which name the copies.
 */
#include <glob.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/file.h"
#include "base/limits.h"
#include "crypto/keyfile.h"
#include "dkim/sign.h"
#include "signing/tablefile.h"

#include "private.h"

/* Above this number, searching the titled sections for each message would be too slow. */
#define MOST_SECTIONS 1000u

/* --- reading what the options name ------------------------------------------------------------------- */

/* [":" algorithm] after the third field is not part of a path. */
static struct slice without_algorithm(struct slice third)
{
	size_t colon = slice_rfind(third, ':');
	struct slice word = slice_drop(third, colon + 1);

	if (colon < third.len && (slice_ieq(word, SLICE("rsa-sha256")) ||
	    slice_ieq(word, SLICE("ed25519-sha256")) || slice_ieq(word, SLICE("rsa-sha1"))))
		return slice_take(third, colon);
	return third;
}

static void add_key_row(struct import *im, struct key_row row)
{
	if (arena_grow(im->arena, &im->rows, &im->row_cap, im->row_count, sizeof(*im->rows)))
		im->rows[im->row_count++] = row;
}

/* domain ":" selector ":" (path / key) [":" algorithm] */
static void take_key_row(struct import *im, const struct entry *e)
{
	struct slice third = e->value;
	struct slice domain = slice_trim(slice_split(&third, ':'));
	struct slice selector = slice_is_null(third) ? third : slice_trim(slice_split(&third, ':'));
	struct domain checked;

	if (slice_is_null(third) || slice_trim(third).len == 0) {
		mistake(im, e->file, e->line, "the key %s: domain:selector:/path/to/key is expected", shown(im, e->key));
		return;
	}
	if (!slice_eq(domain, SLICE("%")) && !domain_parse(im->arena, domain, &checked))
		mistake(im, e->file, e->line, "%s is not a domain name", shown(im, domain));
	else if (!domain_parse(im->arena, selector, &checked))
		mistake(im, e->file, e->line, "%s is not a selector", shown(im, selector));
	else
		add_key_row(im, (struct key_row){ .name = e->key, .selector = checked.name, .file = e->file,
			.domain = slice_eq(domain, SLICE("%")) ? domain : arena_lower(im->arena, domain),
			.third = without_algorithm(slice_trim(third)), .line = e->line });
}

void rule_key_table(struct import *im, const struct old_line *l, const struct rule *r)
{
	struct entries entries;

	(void)r;
	if (!dataset_read(im, l, &entries))
		return;
	im->key_table = arena_copy(im->arena, l->value).ptr;
	for (size_t i = 0; i < entries.count; i++)
		take_key_row(im, &entries.items[i]);
	find(im, FINDING_TRANSLATED, l, "%zu keys", im->row_count);
}

static void add_signer(struct import *im, struct sign_row row)
{
	if (arena_grow(im->arena, &im->signers, &im->signer_cap, im->signer_count, sizeof(*im->signers)))
		im->signers[im->signer_count++] = row;
}

/* Why opendkim's look-up can never find this pattern; NULL: it can. */
static const char *never_matches(const struct entry *e)
{
	size_t star = slice_find(e->key, '*');
	bool address = slice_find(e->key, '@') < e->key.len;

	if (e->pattern && star == e->key.len && !address)
		return "a pattern is matched against the whole address: write *@DOMAIN";
	if (!e->pattern && star < e->key.len && !slice_eq(e->key, SLICE("*")) &&
	    !slice_iends_with(e->key, SLICE("@*")))
		return "\"*\" is a pattern in a refile: table only";
	return NULL;
}

static bool is_expression(struct slice pattern)
{
	for (size_t i = 0; i < pattern.len; i++)
		if (strchr("[](){}|?^$\\", pattern.ptr[i]) != NULL)
			return true;
	return false;
}

static void take_signer(struct import *im, const struct old_line *l, const struct entry *e)
{
	const char *never = never_matches(e);
	struct slice signer = e->value, key = slice_trim(slice_split(&signer, ':'));

	if (never != NULL)
		find_at(im, FINDING_DROPPED, e->file, e->line, l->name, e->key, "this line never matches: %s", never);
	else if (e->pattern && is_expression(e->key))
		find_at(im, FINDING_WITHOUT_COUNTERPART, e->file, e->line, l->name, e->key, "a regular expression: "
		    "write patterns with \"*\" only");
	else if (e->value.len == 0)
		mistake(im, e->file, e->line, "%s: the name of a key is missing after it", shown(im, e->key));
	else
		add_signer(im, (struct sign_row){ .pattern = arena_lower(im->arena, e->key), .key = key,
			.signer = slice_is_null(signer) ? signer : slice_trim(signer), .file = e->file,
			.line = e->line });
}

void rule_signing_table(struct import *im, const struct old_line *l, const struct rule *r)
{
	struct entries entries;

	(void)r;
	if (!dataset_read(im, l, &entries))
		return;
	im->signing_table = arena_copy(im->arena, l->value).ptr;
	im->patterns = slice_istarts_with(l->value, SLICE("refile:"));
	for (size_t i = 0; i < entries.count; i++)
		take_signer(im, l, &entries.items[i]);
}

/* KeyFile signs for each domain of Domain under Selector, and a KeyTable replaces all three. */
void rule_key_file(struct import *im, const struct old_line *l, const struct rule *r)
{
	const struct old_line *domains = old_option(im, PROGRAM_OPENDKIM, "Domain");
	const struct old_line *selector = old_option(im, PROGRAM_OPENDKIM, "Selector");
	struct entries entries;

	(void)r;
	if (old_option(im, PROGRAM_OPENDKIM, "KeyTable") != NULL) {
		find(im, FINDING_DROPPED, l, "opendkim ignores it where there is a KeyTable");
		return;
	}
	if (domains == NULL || selector == NULL) {
		mistake(im, l->file, l->line, "KeyFile needs Domain and Selector beside it");
		return;
	}
	if (!dataset_read(im, domains, &entries))
		return;
	for (size_t i = 0; i < entries.count; i++) {
		struct slice d = arena_lower(im->arena, entries.items[i].key);

		take_key_row(im, &(struct entry){ d, arena_printf(im->arena, "%.*s:%.*s:%.*s", SLICE_ARG(d),
		    SLICE_ARG(selector->value), SLICE_ARG(l->value)), l->file, l->line, false });
		add_signer(im, (struct sign_row){ .pattern = d, .key = d, .file = l->file, .line = l->line });
	}
	find(im, FINDING_TRANSLATED, l, "copied into the key directory (keys)");
}

/* Domain and Selector */
void rule_beside_key_file(struct import *im, const struct old_line *l, const struct rule *r)
{
	if (old_option(im, PROGRAM_OPENDKIM, "KeyTable") != NULL)
		find(im, FINDING_DROPPED, l, "opendkim ignores it where there is a KeyTable");
	else if (old_option(im, PROGRAM_OPENDKIM, "KeyFile") == NULL)
		find(im, FINDING_DROPPED, l, "without KeyFile opendkim signs nothing for it");
	else
		note(im, l, r);
}

/* --- joining the tables -------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	const struct key_row *const *x = a, *const *y = b;
	size_t len = (*x)->name.len < (*y)->name.len ? (*x)->name.len : (*y)->name.len;
	int order = len == 0 ? 0 : memcmp((*x)->name.ptr, (*y)->name.ptr, len);

	if (order != 0 || (*x)->name.len == (*y)->name.len)
		return order;
	return (*x)->name.len < (*y)->name.len ? -1 : 1;
}

static int by_name_and_place(const void *a, const void *b)
{
	const struct key_row *const *x = a, *const *y = b;
	int order = by_name(a, b);

	return order != 0 ? order : (*x < *y ? -1 : *x > *y); /* rows lie in the order of the file */
}

/* The rows by their names, the first of each name only, which opendkim finds; NULL: the arena has failed. */
static struct key_row **named_rows(struct import *im, size_t *count_out)
{
	struct key_row **sorted = arena_new_array(im->arena, im->row_count, struct key_row *);
	size_t kept = 0;

	for (size_t i = 0; sorted != NULL && i < im->row_count; i++)
		sorted[i] = &im->rows[i];
	if (sorted != NULL && im->row_count > 0)
		qsort(sorted, im->row_count, sizeof(*sorted), by_name_and_place);
	for (size_t i = 0; sorted != NULL && i < im->row_count; i++) {
		struct key_row *row = sorted[i];

		if (kept == 0 || !slice_eq(row->name, sorted[kept - 1]->name)) {
			sorted[kept++] = row;
			continue;
		}
		row->hidden = true;
		find_at(im, FINDING_DROPPED, row->file, row->line, SLICE("KeyTable"), row->name, "%s:%u has this name as well, "
		    "and the first line counts", sorted[kept - 1]->file, sorted[kept - 1]->line);
	}
	*count_out = kept;
	return sorted;
}

/* Names of keys are compared with case, as opendkim does. */
static void join_rows(struct import *im)
{
	size_t count;
	struct key_row **sorted = named_rows(im, &count);
	bool any = false;

	if (sorted == NULL)
		return;
	for (size_t i = 0; i < im->signer_count; i++) {
		struct sign_row *s = &im->signers[i];
		struct key_row wanted = { .name = s->key }, *at = &wanted, **found;

		if (slice_eq(s->key, SLICE("%"))) {
			any = true;
			continue;
		}
		found = bsearch(&at, sorted, count, sizeof(*sorted), by_name);
		if (found == NULL) {
			mistake(im, s->file, s->line, "the KeyTable has no key named %s", shown(im, s->key));
			continue;
		}
		s->row = *found;
		s->row->used = true;
	}
	for (size_t i = 0; i < im->row_count && any; i++)
		im->rows[i].used = !im->rows[i].hidden;
}

/* i= has to be in d= or below it (RFC 6376 section 3.5); what opendkim makes of others. */
static void check_signer(struct import *im, struct sign_row *s)
{
	if (s->signer.len == 0)
		return;
	if (slice_find(s->signer, '@') == s->signer.len) {
		find_at(im, FINDING_DIFFERENT, s->file, s->line, SLICE("SigningTable"), s->pattern, "opendkim signs nothing "
		    "under an identity without \"@\"; assay signs with i=@%s", shown(im, s->signer));
		s->signer = arena_printf(im->arena, "@%.*s", SLICE_ARG(s->signer));
	}
	if (s->row == NULL || slice_eq(s->row->domain, SLICE("%")) || slice_find(s->signer, '%') < s->signer.len ||
	    dkim_sign_identity_ok(im->arena, s->signer, s->row->domain))
		return;
	find_at(im, FINDING_DROPPED, s->file, s->line, SLICE("SigningTable"), s->pattern, "the identity %s is not in %s: "
	    "opendkim leaves it out", shown(im, s->signer), shown(im, s->row->domain));
	s->signer = SLICE_NULL;
}

static void report_unused(struct import *im)
{
	for (size_t i = 0; i < im->row_count; i++)
		if (!im->rows[i].used && !im->rows[i].hidden)
			find_at(im, FINDING_DROPPED, im->rows[i].file, im->rows[i].line, SLICE("KeyTable"), im->rows[i].name,
			    "no line of the SigningTable names this key");
}

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

static int by_pattern(const void *a, const void *b)
{
	const struct sign_row *const *x = a, *const *y = b;
	int order = slice_icmp((*x)->pattern, (*y)->pattern);

	return order != 0 ? order : (*x < *y ? -1 : *x > *y); /* rows lie in the order of the file */
}

/* Without MultipleSignatures the first of several lines with one pattern signs alone. */
static void drop_repeated(struct import *im)
{
	struct sign_row **sorted = arena_new_array(im->arena, im->signer_count, struct sign_row *);
	size_t kept = 0;

	if (sorted == NULL || im->multiple || im->signer_count == 0)
		return;
	for (size_t i = 0; i < im->signer_count; i++)
		sorted[i] = &im->signers[i];
	qsort(sorted, im->signer_count, sizeof(*sorted), by_pattern);
	for (size_t i = 1; i < im->signer_count; i++) {
		if (!slice_eq(sorted[i]->pattern, sorted[i - 1]->pattern))
			continue;
		find_at(im, FINDING_DROPPED, sorted[i]->file, sorted[i]->line, SLICE("SigningTable"),
		    sorted[i]->pattern, "this line never signs: another line for the same authors precedes it");
		sorted[i]->key = SLICE_NULL;
	}
	for (size_t i = 0; i < im->signer_count; i++)
		if (!slice_is_null(im->signers[i].key))
			im->signers[kept++] = im->signers[i];
	im->signer_count = kept;
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
	drop_repeated(im);
	join_rows(im);
	for (size_t i = 0; i < im->signer_count; i++)
		check_signer(im, &im->signers[i]);
	report_unused(im);
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
		find(im, FINDING_TRANSLATED, old_option(im, PROGRAM_OPENDKIM, "SigningTable"), "%zu lines: %s",
		    im->signer_count, im->new_tables ? "rewritten, with copies of the keys (sign-tables)" :
		    "the key directory has the same effect (keys)");
}

/*
 * KeyTable and SigningTable, or KeyFile, Domain and Selector: their rows, joined and checked as opendkim reads them.
 */
#include <stdlib.h>

#include "base/plural.h"
#include "dkim/sign.h"

#include "private.h"

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
	find(im, FINDING_TRANSLATED, l, "%zu %s", im->row_count, plural(im->row_count, "key", "keys"));
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

	return slice_cmp((*x)->name, (*y)->name);
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

void keytables_join(struct import *im)
{
	drop_repeated(im);
	join_rows(im);
	for (size_t i = 0; i < im->signer_count; i++)
		check_signer(im, &im->signers[i]);
	report_unused(im);
}

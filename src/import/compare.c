/* The same authors by the old files and by the new configuration. */
#include <stdlib.h>

#include "base/limits.h"
#include "config/settings.h"
#include "signing/select.h"
#include "signing/tables.h"

#include "private.h"

struct addresses {
	struct slice *items;
	size_t count, cap;
};

/* --- which authors ------------------------------------------------------------------------------------- */

static void add(struct import *im, struct addresses *list, const char *before, struct slice domain)
{
	struct slice address = arena_printf(im->arena, "%s%.*s", before, SLICE_ARG(domain));

	if (arena_grow(im->arena, &list->items, &list->cap, list->count, sizeof(*list->items)))
		list->items[list->count++] = address;
}

/* An author that the pattern matches. */
static void add_author(struct import *im, struct addresses *list, struct slice pattern)
{
	size_t at = slice_rfind(pattern, '@');
	struct slice local = at == pattern.len ? SLICE("*") : slice_take(pattern, at);
	struct slice domain = at == pattern.len ? pattern : slice_drop(pattern, at + 1);
	struct buf text = BUF_INIT(2 * pattern.len + 64);

	for (size_t i = 0; i < local.len; i++)
		buf_add_char(&text, local.ptr[i] == '*' ? 'x' : local.ptr[i]);
	buf_add_char(&text, '@');
	if (slice_eq(domain, SLICE("*")))
		domain = SLICE("other.example");
	if (slice_starts_with(domain, SLICE(".")))
		buf_add_str(&text, "sub");
	for (size_t i = 0; i < domain.len; i++)
		if (domain.ptr[i] == '*')
			buf_add_str(&text, "sub");
		else
			buf_add_char(&text, domain.ptr[i]);
	add(im, list, "", arena_take_buf(im->arena, &text));
	buf_free(&text);
}

static int by_text(const void *a, const void *b)
{
	return slice_icmp(*(const struct slice *)a, *(const struct slice *)b);
}

static void gather(struct import *im, struct addresses *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < im->signer_count; i++)
		add_author(im, list, im->signers[i].pattern);
	for (size_t i = 0; i < im->row_count; i++) {
		if (slice_eq(im->rows[i].domain, SLICE("%")))
			continue;
		add(im, list, "x@", im->rows[i].domain);
		add(im, list, "x@sub.", im->rows[i].domain);
	}
	for (size_t i = 0; i < im->key_count; i++)
		if (!domain_is_none(im->keys[i].domain))
			add(im, list, "x@", im->keys[i].domain.name);
	if (list->count > 0)
		qsort(list->items, list->count, sizeof(*list->items), by_text);
	for (size_t i = 0; i < list->count; i++)
		if (kept == 0 || !slice_ieq(list->items[i], list->items[kept - 1]))
			list->items[kept++] = list->items[i];
	list->count = kept;
}

/* --- who signs ------------------------------------------------------------------------------------------- */

static void add_signature(struct buf *out, struct arena *a, struct slice domain, struct slice selector, struct slice identity)
{
	if (out->len > 0)
		buf_add_char(out, ' ');
	buf_addf(out, "%.*s/%.*s", SLICE_ARG(domain), SLICE_ARG(selector));
	if (identity.len > 0 && dkim_sign_identity_ok(a, identity, domain)) /* else opendkim leaves it out, as we do */
		buf_addf(out, " i=%.*s", SLICE_ARG(identity));
}

static struct slice finish(struct import *im, struct buf *text)
{
	struct slice made;

	if (text->len == 0)
		buf_add_char(text, '-');
	made = arena_take_buf(im->arena, text);
	buf_free(text);
	return made;
}

/* KeyFile: the domain itself, and with SubDomains those below it. */
static void by_key_file(const struct import *im, struct slice domain, struct buf *out)
{
	for (size_t i = 0; i < im->row_count; i++) {
		struct slice d = im->rows[i].domain;
		bool below = im->subdomains && domain.len > d.len && slice_iends_with(domain, d) &&
		    domain.ptr[domain.len - d.len - 1] == '.';

		if (!slice_ieq(domain, d) && !below)
			continue;
		add_signature(out, im->arena, d, im->rows[i].selector, SLICE_NULL);
		return;
	}
}

static enum rc signed_before(struct import *im, const struct sign_tables *tables, struct arena *a,
    struct slice address, struct slice *out)
{
	struct buf text = BUF_INIT(LIMIT_LOG_LINE);
	struct table_matches matches = { 0 };
	enum rc rc = RC_OK;

	if (tables == NULL)
		by_key_file(im, address_domain_part(address), &text);
	else
		rc = sign_tables_find(tables, a, address, &matches);
	for (size_t i = 0; i < matches.count; i++)
		add_signature(&text, a, matches.items[i].domain, matches.items[i].selector,
		    matches.items[i].identity);
	*out = finish(im, &text);
	return rc;
}

/* A message of that author's from a trusted place: From alone decides. */
static enum rc signed_after(struct import *im, const struct settings *s, struct arena *a,
    struct slice address, struct slice *out)
{
	struct buf text = BUF_INIT(LIMIT_LOG_LINE);
	struct authors authors = { .status = FROM_MISSING };
	struct signing_selection selection = { 0 };
	struct message m;
	enum rc rc;

	message_init(&m, a);
	authors_parse(a, address, &authors);
	rc = signing_select(a, &s->policy.signing, s->keystore, &m, &authors, false, 0, &selection);
	for (size_t i = 0; rc == RC_OK && i < selection.count; i++)
		add_signature(&text, a, selection.signatures[i].domain, selection.signatures[i].selector,
		    selection.signatures[i].identity);
	*out = finish(im, &text);
	return rc;
}

static enum rc compare_each(struct import *im, const struct settings *s, const struct sign_tables *tables,
    const struct addresses *list, struct comparison *out)
{
	for (size_t i = 0; i < list->count; i++) {
		struct arena *a = arena_create(LIMIT_ARENA_BYTES);
		enum rc rc = a == NULL ? RC_NOMEM : RC_OK;

		out[i].address = list->items[i];
		if (rc == RC_OK)
			rc = signed_before(im, tables, a, list->items[i], &out[i].before);
		if (rc == RC_OK)
			rc = signed_after(im, s, a, list->items[i], &out[i].after);
		arena_free(&a);
		TRY(rc);
	}
	return arena_failed(im->arena) ? RC_NOMEM : RC_OK;
}

enum rc import_compare(struct import *im, const struct settings *s, const struct comparison **out,
    size_t *count_out, struct err *err)
{
	struct sign_tables *tables = NULL;
	struct addresses list = { 0 };
	struct comparison *made;
	enum rc rc;

	im->err = err;
	if (im->key_table != NULL && im->signing_table != NULL)
		TRY(sign_tables_load_names(im->key_table, im->signing_table, im->multiple, &tables, err));
	gather(im, &list);
	made = arena_new_array(im->arena, list.count, struct comparison);
	rc = made == NULL && list.count > 0 ? RC_NOMEM : compare_each(im, s, tables, &list, made);
	sign_tables_free(&tables);
	*out = made;
	*count_out = list.count;
	return rc;
}

#include <sys/stat.h>

#include "base/limits.h"
#include "base/log.h"
#include "crypto/keyfile.h"

#include "keytable.h"
#include "signing/tablefile.h"

#define PEM_LINE    64u
#define PATH_OCTETS 1024u

struct reader {
	struct key_table *table;
	struct table_file file;
	struct err *err; /* of one line */
};

static enum rc wrong(const struct reader *r, const char *what)
{
	return err_config(r->err, "%s:%u: %s", r->file.path, r->file.line, what);
}

/* --- keys in the table itself ---------------------------------------------------------------- */

static void release_key(void *ptr)
{
	struct private_key *key = ptr;

	private_key_free(&key);
}

static void add_pem(struct buf *pem, struct slice label, struct slice base64)
{
	buf_addf(pem, "-----BEGIN %.*s-----\n", SLICE_ARG(label));
	while (base64.len > 0) {
		buf_add(pem, slice_take(base64, PEM_LINE));
		buf_add_char(pem, '\n');
		base64 = slice_drop(base64, PEM_LINE);
	}
	buf_addf(pem, "-----END %.*s-----\n", SLICE_ARG(label));
}

static enum rc decode_as(struct slice label, struct slice base64, const char *name,
    struct private_key **out, struct err *err)
{
	struct buf pem = BUF_INIT(2 * LIMIT_TABLE_LINE);
	enum rc rc = RC_NOMEM;

	add_pem(&pem, label, base64);
	if (!buf_failed(&pem))
		rc = private_key_decode(buf_slice(&pem), name, out, err);
	if (pem.ptr != NULL)
		explicit_bzero(pem.ptr, pem.len);
	buf_free(&pem);
	return rc;
}

enum rc table_key_decode(struct slice text, const char *name, struct private_key **out,
    struct err *err)
{
	struct slice begin = SLICE("-----BEGIN "), dashes = SLICE("-----");
	struct slice label, base64 = text;
	struct err first = ERR_INIT;
	enum rc rc;

	if (text.len > LIMIT_TABLE_LINE)
		return err_config(err, "%s: the key is too long", name);
	if (slice_starts_with(text, begin)) {
		text = slice_drop(text, begin.len);
		label = slice_take(text, slice_find(text, '-'));
		base64 = slice_trim(slice_drop(text, label.len + dashes.len));
		base64 = slice_trim(slice_take(base64, slice_find(base64, '-')));
		return decode_as(label, base64, name, out, err);
	}
	rc = decode_as(SLICE("PRIVATE KEY"), base64, name, out, &first);
	err_free(&first);
	return rc == RC_OK ? rc : decode_as(SLICE("RSA PRIVATE KEY"), base64, name, out, err);
}

static enum rc take_inline(const struct reader *r, struct slice text, struct key_row *row)
{
	struct slice name = arena_printf(r->table->arena, "%s:%u", r->file.path, r->file.line);
	struct private_key *key = NULL;

	if (slice_is_null(name))
		return RC_NOMEM;
	TRY(table_key_decode(text, name.ptr, &key, r->err));
	if (!arena_defer(r->table->arena, release_key, key))
		return RC_NOMEM;
	row->key = key;
	return RC_OK;
}

/* --- fields --------------------------------------------------------------------------------- */

/* Cuts [":" algorithm] off the third field. */
static enum rc take_algorithm(const struct reader *r, struct slice *third, struct key_row *row)
{
	size_t colon = slice_rfind(*third, ':');
	struct slice word = slice_drop(*third, colon + 1);

	if (colon == third->len)
		return RC_OK;
	if (slice_ieq(word, SLICE("rsa-sha1")))
		return wrong(r, "rsa-sha1 is not valid any more (RFC 8301): write rsa-sha256");
	if (!slice_ieq(word, SLICE("rsa-sha256")) && !slice_ieq(word, SLICE("ed25519-sha256")))
		return RC_OK; /* a part of the path */
	row->type = slice_ieq(word, SLICE("rsa-sha256")) ? KEY_RSA : KEY_ED25519;
	row->has_type = true;
	*third = slice_take(*third, colon);
	return RC_OK;
}

static enum rc take_file(const struct reader *r, struct slice path, struct key_row *row)
{
	struct err *err = r->err;
	size_t mark = err->text.len;
	struct slice copy = arena_copy(r->table->arena, path); /* followed by a NUL */
	enum rc rc;

	if (slice_is_null(copy))
		return RC_NOMEM;
	if (path.len > PATH_OCTETS)
		return wrong(r, "the path of the key is too long");
	if (slice_find(path, '%') < path.len && slice_starts_with(path, SLICE("/"))) {
		row->path = copy;
		return RC_OK;
	}
	row->named_path = copy;
	if (r->table->names_only)
		return RC_OK;
	rc = keyring_add(r->table->ring, copy.ptr, &row->file, err);
	err_wrap(err, mark, "%s:%u", r->file.path, r->file.line);
	return rc;
}

static enum rc take_key(const struct reader *r, struct slice third, struct key_row *row)
{
	if (third.len == 0)
		return wrong(r, "the path of the key is missing: write "
		    "domain:selector:/path/to/key");
	if (slice_starts_with(third, SLICE("./")) || slice_starts_with(third, SLICE("../")))
		return wrong(r, "write the full path of the key, beginning with \"/\"");
	if (slice_starts_with(third, SLICE("/")) || slice_istarts_with(third, SLICE("pkcs11:")) ||
	    slice_starts_with(third, SLICE("credential:")))
		return take_file(r, third, row);
	if (r->table->names_only)
		return RC_OK;
	return take_inline(r, third, row);
}

static enum rc check_type(const struct reader *r, const struct key_row *row)
{
	bool known = row->key != NULL;
	enum key_type type = known ? private_key_type(row->key) : row->type;

	if (row->file != NULL)
		known = keyring_type(r->table->ring, row->file, &type);
	if (row->has_type && known && type != row->type)
		return wrong(r, "the key type does not match the algorithm that follows: remove "
		    "the algorithm");
	return RC_OK;
}

static enum rc take_row(const struct reader *r, struct slice value, struct key_row *row)
{
	struct slice rest = value, selector;
	struct slice domain = slice_trim(slice_split(&rest, ':'));
	struct domain checked;

	selector = slice_is_null(rest) ? SLICE_NULL : slice_trim(slice_split(&rest, ':'));
	if (slice_is_null(rest))
		return wrong(r, "write domain:selector:/path/to/key after the name");
	if (!slice_eq(domain, SLICE("%")) && !domain_parse(r->table->arena, domain, &row->domain))
		return wrong(r, "the first field is not a domain name: write one, or \"%\" for the "
		    "author's");
	if (!domain_parse(r->table->arena, selector, &checked))
		return wrong(r, "the second field is not a selector: write letters, digits, \"-\" and "
		    "\".\"");
	row->selector = selector;
	rest = slice_trim(rest);
	TRY(take_algorithm(r, &rest, row));
	TRY(take_key(r, rest, row));
	return check_type(r, row);
}

/* --- the table ------------------------------------------------------------------------------ */

static enum rc add_row(const struct reader *r, const struct table_entry *e)
{
	struct key_table *t = r->table;
	struct key_row *row;
	enum rc rc;

	if (r->file.patterns && slice_find(e->key, '*') < e->key.len)
		return wrong(r, "a key name cannot be a pattern: write one line for each "
		    "name");
	if (map_get(&t->rows, e->key) != NULL) {
		err_warn(r->err, "%s:%u: duplicate key name: this line is ignored",
		    r->file.path, r->file.line);
		return RC_OK;
	}
	row = arena_new(t->arena, struct key_row);
	if (row == NULL)
		return RC_NOMEM;
	/* a bad row keeps its name, so that the signing table does not miss it, too */
	if (!map_put(&t->rows, e->key, row))
		return RC_NOMEM;
	rc = take_row(r, e->value, row);
	if (rc != RC_OK)
		row->unusable = true;
	return rc;
}

enum rc key_table_load(struct key_table *t, const char *spec, struct err *err)
{
	struct err trouble = ERR_INIT;
	struct reader r = { .table = t, .err = &trouble };
	struct table_entry e;
	enum rc rc = RC_OK;

	TRY(table_open(spec, t->arena, &r.file, err));
	while (rc != RC_NOMEM && table_next(&r.file, &e)) {
		rc = add_row(&r, &e);
		err_take_findings(err, &trouble);
	}
	if (rc != RC_NOMEM && map_count(&t->rows) == 0)
		err_finding(err, "%s: contains no key: write lines such as \"NAME example.com:"
		    "SELECTOR:/path/to/key\"", r.file.path);
	return rc == RC_NOMEM ? rc : RC_OK;
}

/* --- use ------------------------------------------------------------------------------------ */

/* "%" replaced. */
static struct slice path_for(struct slice pattern, struct arena *a, struct domain author)
{
	struct buf path = BUF_INIT(pattern.len * LIMIT_DOMAIN_OCTETS + 1);

	for (size_t i = 0; i < pattern.len; i++)
		if (pattern.ptr[i] == '%')
			buf_add(&path, author.name);
		else
			buf_add_char(&path, pattern.ptr[i]);
	return arena_take_buf(a, &path);
}

struct slice key_row_path(const struct key_row *row, struct arena *a, struct domain author)
{
	if (row->file != NULL)
		return slice_str(keyring_path(row->file));
	return row->path.len > 0 ? path_for(row->path, a, author) : row->named_path;
}

bool key_row_exists(const struct key_row *row, struct arena *a, struct domain author)
{
	struct slice path = row->path.len > 0 ? path_for(row->path, a, author) : SLICE_NULL;
	struct stat st;

	return !row->unusable && (row->path.len == 0 || (!slice_is_null(path) && stat(path.ptr, &st) == 0));
}

bool key_row_known(const struct key_table *t, const struct key_row *row, struct arena *a, struct domain author,
    bool *unusable_out)
{
	*unusable_out = row->unusable || (row->key == NULL && keyring_failed(t->ring, key_row_path(row, a, author)));
	return row->unusable || key_row_exists(row, a, author);
}

const struct private_key *key_row_key(const struct key_table *t, const struct key_row *row,
    struct arena *a, struct domain author, bool *unusable_out)
{
	const struct private_key *found = NULL;
	struct keyring_key *file = row->file;
	struct err err = ERR_INIT;
	struct slice path;
	struct stat st;

	*unusable_out = row->unusable;
	if (row->unusable || row->key != NULL)
		return row->unusable ? NULL : row->key;
	if (file == NULL) {
		path = path_for(row->path, a, author);
		if (slice_is_null(path) || stat(path.ptr, &st) != 0)
			return NULL; /* not every domain has a key */
		if (keyring_add(t->ring, path.ptr, &file, &err) != RC_OK)
			file = NULL;
	}
	if (file != NULL)
		found = keyring_get(t->ring, file, a, &err);
	*unusable_out = found == NULL;
	err_log(&err);
	err_free(&err);
	return found;
}

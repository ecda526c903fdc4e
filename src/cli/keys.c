#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/keyfile.h"

#include "cli/keys.h"

static enum rc add_tables(struct arena *a, const struct settings *s, const struct sign_tables_wanted *wanted,
    struct own_keys *out, struct err *err)
{
	struct signing_key *listed = NULL, *all;
	size_t count = 0;

	if (s->key_table.len == 0 || s->signing_table.len == 0)
		return RC_OK;
	TRY(sign_tables_load(s->key_table.ptr, s->signing_table.ptr, s->multiple_signatures,
	    settings_passphrase_file(s), &out->tables, err));
	TRY(sign_tables_keys(out->tables, a, wanted, &listed, &count));
	all = arena_new_array(a, out->count + count, struct signing_key);
	if (all == NULL)
		return RC_NOMEM;
	if (out->count > 0)
		memcpy(all, out->items, out->count * sizeof(*all));
	if (count > 0)
		memcpy(all + out->count, listed, count * sizeof(*all));
	out->items = all;
	out->count += count;
	return RC_OK;
}

enum rc own_keys_read(struct arena *a, const struct settings *s, const char *directory,
    const struct sign_tables_wanted *tables, struct own_keys *out, struct err *err)
{
	const char *path = directory != NULL ? directory : s->keys_directory.ptr;
	size_t mark = err->text.len;
	enum rc listed = RC_OK;

	*out = (struct own_keys){ .count = 0 };
	if (directory != NULL || access(path, F_OK) == 0 || errno != ENOENT)
		listed = keystore_list(path, a, &out->items, &out->count, err);
	if (listed != RC_OK && directory == NULL)
		settings_locate(s, "", "keys", err, mark);
	if (listed != RC_NOMEM && directory == NULL && tables != NULL)
		TRY(add_tables(a, s, tables, out, err));
	return listed;
}

void own_keys_free(struct own_keys *keys)
{
	sign_tables_free(&keys->tables);
}

const struct private_key *own_key_load(struct arena *a, const struct settings *s,
    const struct signing_key *key, struct private_key **loaded_out, struct err *err)
{
	struct slice path = arena_copy(a, key->path);

	*loaded_out = NULL;
	if (key->key != NULL)
		return key->key;
	if (slice_is_null(path) || private_key_load(path.ptr, settings_passphrase_file(s), loaded_out, err) != RC_OK)
		return NULL;
	return *loaded_out;
}

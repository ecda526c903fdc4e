/*
 * keys.h - all keys of a site for the commands: the key directory's, and those of sign-tables.
 */
#ifndef ASSAY_CLI_KEYS_H
#define ASSAY_CLI_KEYS_H

#include "config/settings.h"
#include "signing/tables.h"

struct own_keys {
	struct signing_key *items; /* by domain; the directory's first; the arena's */
	size_t count;
	struct sign_tables *tables; /* owned: keys of tables live in it */
};

/*
 * directory NULL: that of the settings, which need not exist, and the keys of their tables, of which those that are
 * wanted are loaded; tables NULL: without these.  RC_IO or RC_CONFIG with messages when keys may exist that
 * could not be read.
 */
MUST_CHECK enum rc own_keys_read(struct arena *a, const struct settings *s, const char *directory,
    const struct sign_tables_wanted *tables, struct own_keys *out, struct err *err);
void own_keys_free(struct own_keys *keys);

/*
 * The private key, loaded unless the table has done that.  *loaded_out is to be freed by the caller
 * and may be NULL.  NULL is returned, with a message, when it cannot be used.
 */
const struct private_key *own_key_load(struct arena *a, const struct settings *s,
    const struct signing_key *key, struct private_key **loaded_out, struct err *err);

#endif

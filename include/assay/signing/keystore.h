/*
 * keystore.h - the private keys of a site.
 *
 * A key directory is enough: <keys>/<domain>/<selector>.pem signs; <selector>.pending.pem and
 * <selector>.retired.pem do not.  A new domain's key is found without a reload (the directory is
 * looked at again at most once a second).  OpenDKIM's KeyTable and SigningTable are read in place
 * (signing/tables.h).  Thread-safe; keys handed out live as long as the key store.
 */
#ifndef ASSAY_SIGNING_KEYSTORE_H
#define ASSAY_SIGNING_KEYSTORE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "crypto/key.h"
#include "mail/domain.h"

enum key_state { KEY_ACTIVE, KEY_PENDING, KEY_RETIRED };

struct signing_key {
	struct domain domain;
	struct slice selector;         /* from the file's name, validated */
	struct slice path;
	enum key_state state;
	const struct private_key *key; /* NULL where nothing was loaded */
};

struct keystore;

/*
 * Opens the directory and looks at every active key, so that a start or a reload tells all mistakes
 * at once: keys that cannot be used, directories that no domain can have, two keys of one selector.
 * Keys beyond the first LIMIT_KEYS_DECODED are decoded when they are first used.  A directory that
 * is missing is an error when required, else a warning.  RC_CONFIG with messages.
 */
MUST_CHECK enum rc keystore_open(const char *directory, bool required, struct keystore **out,
    struct err *err);
void keystore_free(struct keystore **ks);

/*
 * The active keys for d= domain, by selector, put into the arena; count 0: none.  The domain's
 * directory is looked at again when a second has passed (now_ms is monotonic).  A key that was
 * written over in place under its old name is found by a reload only.  Trouble with a key that has
 * appeared since the start is logged, once, and that key left out.
 */
MUST_CHECK enum rc keystore_find(struct keystore *ks, struct arena *a, struct domain domain,
    int64_t now_ms, struct signing_key **keys_out, size_t *count_out);

/* Every key file, whatever its state, for `assay key list`; nothing is loaded, key is NULL. */
MUST_CHECK enum rc keystore_list(const char *directory, struct arena *a,
    struct signing_key **keys_out, size_t *count_out, struct err *err);

/* "<selector>[.pending|.retired].pem" -> selector and state; false for other names. */
bool key_file_name(struct slice file, struct slice *selector_out, enum key_state *state_out);

#endif

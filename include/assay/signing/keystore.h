/*
 * keystore.h - the private keys of a site.
 *
 * A key directory is enough: <keys>/<domain>/<selector>.pem signs; <selector>.pending.pem,
 * <selector>.retiring.pem and <selector>.retired.pem do not.  A new domain's key is found without a reload (the
 * directory is looked at again at most once a second).  OpenDKIM's KeyTable and SigningTable are read in place
 * (signing/tables.h).  Thread-safe; keys handed out live as long as the arena that they were asked for with.
 */
#ifndef ASSAY_SIGNING_KEYSTORE_H
#define ASSAY_SIGNING_KEYSTORE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "crypto/key.h"
#include "mail/domain.h"

/* A key file's name says its state, and the file's time since when it is in it. */
enum key_state {
	KEY_ACTIVE,
	KEY_PENDING,  /* made; its record is to be published before it signs */
	KEY_RETIRING, /* has stopped signing; its record must stay for mail in transit */
	KEY_RETIRED,  /* its record may be emptied and removed */
	KEY_STATES
};

const char *key_state_text(enum key_state state);   /* "active", "pending", ... */
const char *key_state_suffix(enum key_state state); /* "", ".pending", ... before ".pem" */

/* A key should be rotated after that long in use; `assay key rotate --every` may say otherwise. */
#define KEY_ROTATION_DAYS 180

struct signing_key {
	struct domain domain;
	struct slice selector;         /* from the file's name, validated */
	struct slice path;
	enum key_state state;
	const struct private_key *key; /* NULL where nothing was loaded */
	bool unusable;                 /* of a table: as far as is known, the daemon cannot sign with it */
};

struct keystore;

/*
 * Opens the directory and looks at every active key, so that a start or a reload reports all mistakes
 * at once.  One bad key costs its own domain only: keys that cannot be used, domains without an
 * active key, directories that are not named after a domain, two keys of one selector are findings.
 * Keys beyond the first LIMIT_KEYS_DECODED are decoded when they are used, and as many are kept decoded.
 * passphrase_file: of encrypted keys (crypto/keyfile.h), or NULL.  A directory that
 * is missing is an error when required, else a warning.  RC_CONFIG with messages.
 */
MUST_CHECK enum rc keystore_open(const char *directory, bool required, const char *passphrase_file,
    struct keystore **out, struct err *err);
void keystore_free(struct keystore **ks);

/* What a domain has in the key directory. */
struct key_set {
	struct signing_key *keys; /* those that sign, by selector */
	size_t count;
	bool unusable;            /* there are active keys that cannot be used: the log says why */
	bool inactive;            /* there are keys, and all of them are pending or retired */
};

/*
 * The keys of exactly this d= domain, put into the arena.  The domain's directory is looked at
 * again when a second has passed (now_ms is monotonic).  A key that was written over in place under
 * its old name is found by a reload only.  Trouble with a key that has appeared since the start, and
 * the loss of a domain's last active key, are logged once.
 */
MUST_CHECK enum rc keystore_find(struct keystore *ks, struct arena *a, struct domain domain,
    int64_t now_ms, struct key_set *out);

/* One domain with an active key that can be used, as of the last look. */
struct key_domain {
	struct domain domain;
	struct slice *selectors;
	size_t count;
};

/* All such domains, by name, put into the arena. */
MUST_CHECK enum rc keystore_domains(struct keystore *ks, struct arena *a, struct key_domain **out,
    size_t *count_out);

/* Does a key of that domain and selector (null: of any) sign, as of the last look? */
bool keystore_has(struct keystore *ks, struct domain domain, struct slice selector);

/* Does that key sign?  The directory is looked at first, as keystore_find() does. */
bool keystore_signs(struct keystore *ks, struct arena *a, struct domain domain, struct slice selector, int64_t now_ms);

/*
 * Every key file, whatever its state, for `assay key list`; nothing is loaded, key is NULL.  RC_CONFIG with
 * messages where a domain's directory cannot be read; the keys of the others are listed all the same.
 */
MUST_CHECK enum rc keystore_list(const char *directory, struct arena *a,
    struct signing_key **keys_out, size_t *count_out, struct err *err);

/* "<selector>[.pending|.retiring|.retired].pem" -> selector and state; false for other names. */
bool key_file_name(struct slice file, struct slice *selector_out, enum key_state *state_out);

#endif

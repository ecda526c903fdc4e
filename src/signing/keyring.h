/*
 * keyring.h - private keys by path, each file read once.
 *
 * The first LIMIT_KEYS_DECODED keys are decoded when they are added, so that a start reports every
 * mistake; of further ones only the file's mode is judged then, and they are decoded when they are
 * used: decoding and a trial signature take a millisecond, a decoded key some ten KiB.  So at
 * most LIMIT_KEYS_DECODED are kept decoded, those that were used last.  A file that has changed since
 * (its inode, size or time) is a new key; the old one stays, for messages that hold it.  Thread-safe.
 */
#ifndef ASSAY_SIGNING_KEYRING_H
#define ASSAY_SIGNING_KEYRING_H

#include "base/err.h"
#include "crypto/key.h"

struct keyring;
struct keyring_key;

/* passphrase_file: of encrypted keys, or NULL; copied.  NULL is returned when memory is exhausted. */
struct keyring *keyring_new(const char *passphrase_file);
void keyring_free(struct keyring **ring);

/*
 * RC_CONFIG with messages for a file that cannot be used; the same file again, unchanged, gives
 * RC_CONFIG without a second message.
 */
MUST_CHECK enum rc keyring_add(struct keyring *ring, const char *path, struct keyring_key **out,
    struct err *err);

/*
 * The decoded key, which lives as long as the arena.  Called without locks of the caller's: it may
 * read a file.  NULL: it cannot be decoded; why is reported once.
 */
const struct private_key *keyring_get(struct keyring *ring, struct keyring_key *key,
    struct arena *a, struct err *err);

const char *keyring_path(const struct keyring_key *key); /* lives as long as the ring */

/* False: not decoded at present, so the type is not known. */
bool keyring_type(struct keyring *ring, const struct keyring_key *key, enum key_type *out);

#endif

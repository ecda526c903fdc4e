/*
 * keyring.h - private keys by path, each file read once.
 *
 * Decoding a key and making a trial signature takes a millisecond or two, and a decoded key occupies about
 * ten KiB.  So at most LIMIT_KEYS_DECODED keys are kept decoded, the most recently used ones.  That many
 * are decoded when they are added, so that mistakes are reported at startup; for further keys only the
 * file's mode is checked then, and they are decoded on first use, and tried by their first signature.  A file
 * whose inode, size, mode or time has changed is a new key; the old one is kept for messages that still use it.
 * Thread-safe.
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
 * The decoded key, which lives as long as the arena.  The caller must hold no lock, because this may
 * read a file.  NULL: the key cannot be decoded; the reason is reported once.
 */
const struct private_key *keyring_get(struct keyring *ring, struct keyring_key *key,
    struct arena *a, struct err *err);

const char *keyring_path(const struct keyring_key *key); /* lives as long as the ring */

/* False: not decoded at present, so the type is not known. */
bool keyring_type(struct keyring *ring, const struct keyring_key *key, enum key_type *out);

/* True: the file was tried as it was then, and its key cannot be used.  Reads no file. */
bool keyring_failed(struct keyring *ring, struct slice path);

#endif

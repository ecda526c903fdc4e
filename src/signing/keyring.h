/*
 * keyring.h - private keys by path, each file read once.
 *
 * The first LIMIT_KEYS_DECODED keys are decoded when they are added, so that a start tells every
 * mistake; of further ones only the file's mode is judged then, and they are decoded when they are
 * first used: decoding takes some hundred microseconds and some KiB each.  A file that has changed
 * since (its inode, size or time) is a new key; the old one stays, for messages that hold it.
 * Thread-safe.
 */
#ifndef ASSAY_SIGNING_KEYRING_H
#define ASSAY_SIGNING_KEYRING_H

#include "base/err.h"
#include "crypto/key.h"

struct keyring;
struct keyring_key;

struct keyring *keyring_new(void); /* NULL: out of memory */
void keyring_free(struct keyring **ring);

/*
 * RC_CONFIG with messages for a file that cannot be used; the same file again, unchanged, gives
 * RC_CONFIG without a second message.
 */
MUST_CHECK enum rc keyring_add(struct keyring *ring, const char *path, struct keyring_key **out,
    struct err *err);

/* NULL: it cannot be decoded; why is told once. */
const struct private_key *keyring_get(struct keyring *ring, struct keyring_key *key,
    struct err *err);

const char *keyring_path(const struct keyring_key *key); /* lives as long as the ring */

/* The same, only if it has been decoded; NULL else. */
const struct private_key *keyring_decoded(struct keyring *ring, const struct keyring_key *key);

#endif

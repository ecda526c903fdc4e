/*
 * keyfile.h - private keys on disk: PEM (PKCS#1 or PKCS#8), and URIs of an OpenSSL store.
 *
 * A key file is opened, then judged by fstat of what was opened (a regular file, not readable or
 * writable by others, at most LIMIT_KEY_FILE octets), then decoded from memory.  Readable by its
 * group is fine when that is one of the process's own groups.  A file with a pass phrase is read the same
 * way.  "credential:NAME" is a file of the directory that systemd makes for the service
 * ($CREDENTIALS_DIRECTORY); of its access list a group's mode says nothing.
 *
 * A key is tried when it is loaded: one whose signature does not verify with its own public half is
 * refused.  One that is loaded untried is tried by its first signature (crypto/key.h): that costs a
 * verification in place of a second signature.
 */
#ifndef ASSAY_CRYPTO_KEYFILE_H
#define ASSAY_CRYPTO_KEYFILE_H

#include <sys/stat.h>
#include <sys/types.h>

#include "crypto/key.h"

/*
 * path: a file, or a URI such as "pkcs11:..." (OSSL_STORE).  Refuses RSA under 1024 bits (RFC 8301
 * section 3.2), warns under 2048.  Every message names the path and what to do.  The first line of
 * passphrase_file, which may be NULL, opens encrypted keys.
 */
MUST_CHECK enum rc private_key_load(const char *path, const char *passphrase_file,
    struct private_key **out, struct err *err);

/* The same, untried.  A key of a store is tried in any case: it does not verify its own signatures. */
MUST_CHECK enum rc private_key_load_untried(const char *path, const char *passphrase_file,
    struct private_key **out, struct err *err);

/*
 * Judges the mode of a file and whether it may be read, and reads nothing: for sites with very many keys.
 * st is what stat() says of it; NULL: it has failed, and why is reported.
 */
MUST_CHECK enum rc private_key_check(const char *path, const struct stat *st, struct err *err);

/* Key text in memory, for tables that carry keys inline. label is used instead of the path in messages. */
MUST_CHECK enum rc private_key_decode(struct slice pem, const char *label,
    struct private_key **out, struct err *err);

/* The same, untried: for keys that are only copied. */
MUST_CHECK enum rc private_key_decode_untried(struct slice pem, const char *label,
    struct private_key **out, struct err *err);

/* Writes PKCS#8 PEM with mode (0600 or 0640) to a file that must not exist yet. */
MUST_CHECK enum rc private_key_save(const struct private_key *key, const char *path, mode_t mode,
    struct err *err);

/* The same without waiting for the disk, for many files: the caller waits once, after the last. */
MUST_CHECK enum rc private_key_save_unsynced(const struct private_key *key, const char *path, mode_t mode,
    struct err *err);

/* Removes what a private_key_save() to path that was interrupted has left beside it. */
void private_key_tidy(const char *path);

#endif

/*
 * private.h - what the files of this room share: OpenSSL's types.
 */
#ifndef ASSAY_CRYPTO_PRIVATE_H
#define ASSAY_CRYPTO_PRIVATE_H

#include <openssl/evp.h>

#include "crypto/key.h"

/*
 * Takes pkey over (freed on failure too) when it is a key that DKIM may sign with.  label names it
 * in messages.
 */
MUST_CHECK enum rc private_key_wrap(EVP_PKEY *pkey, const char *label, struct private_key **out,
    struct err *err);

/* The same without a trial signature. */
MUST_CHECK enum rc private_key_accept(EVP_PKEY *pkey, const char *label, struct private_key **out,
    struct err *err);

EVP_PKEY *private_key_evp(const struct private_key *key); /* borrowed */

#endif

/*
 * digest.h - streaming SHA-256 (all that DKIM still uses, RFC 8301), and HMAC with it.
 *
 * The algorithm is fetched from OpenSSL once per process.  A digest belongs to the arena that it
 * was made with and is released with it.
 */
#ifndef ASSAY_CRYPTO_DIGEST_H
#define ASSAY_CRYPTO_DIGEST_H

#include "base/arena.h"
#include "base/rc.h"
#include "base/slice.h"

#define SHA256_OCTETS 32

struct digest;

struct digest *digest_new(struct arena *a); /* NULL: out of memory */
void digest_add(struct digest *d, struct slice octets);

/* Once; any trouble on the way is RC_NOMEM here. */
MUST_CHECK enum rc digest_end(struct digest *d, unsigned char out[SHA256_OCTETS]);

MUST_CHECK enum rc sha256(struct slice octets, unsigned char out[SHA256_OCTETS]);

/* HMAC (RFC 2104) with SHA-256. */
MUST_CHECK enum rc hmac_sha256(struct slice key, struct slice octets, unsigned char out[SHA256_OCTETS]);

/* Fetches the algorithms; called once before threads start (later calls cost nothing). */
MUST_CHECK enum rc crypto_init(void);

#endif

/*
 * key.h - public and private keys: RSA (RFC 6376, 8301) and Ed25519 (RFC 8463).
 *
 * DKIM signs a SHA-256 hash with both: RSASSA-PKCS1-v1_5 over it, or PureEdDSA over its 32 octets
 * (RFC 8463 section 3).  Public keys come from hostile DNS: their DER is read by our own bounded
 * parser and handed to OpenSSL as numbers.
 */
#ifndef ASSAY_CRYPTO_KEY_H
#define ASSAY_CRYPTO_KEY_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/rc.h"
#include "base/slice.h"
#include "crypto/digest.h"

enum key_type { KEY_RSA, KEY_ED25519 };

#define RSA_MIN_BITS 1024u /* RFC 8301 section 3.2: shorter keys neither sign nor verify */

/* "rsa", "ed25519": the words of k= and of algorithm names */
const char *key_type_text(enum key_type type);

struct public_key;

enum public_key_status {
	PUBLIC_KEY_OK,
	PUBLIC_KEY_SYNTAX,    /* not a SubjectPublicKeyInfo / RSAPublicKey / 32 octets */
	PUBLIC_KEY_WEAK,      /* RSA with e=1, Ed25519 of small order: forgeries would verify */
	PUBLIC_KEY_TOO_LARGE, /* over LIMIT_RSA_BITS or LIMIT_RSA_EXPONENT_BITS */
	PUBLIC_KEY_NO_MEMORY,
};

/*
 * RSA: SubjectPublicKeyInfo or bare RSAPublicKey DER (RFC 6376 erratum 3017); Ed25519: 32 raw
 * octets (RFC 8463 section 4.2).  The key is released with the arena.
 */
enum public_key_status public_key_parse(struct arena *a, enum key_type type, struct slice octets,
    struct public_key **out);

unsigned public_key_bits(const struct public_key *key); /* of the modulus; 256 for Ed25519 */

/* RC_OK and the finding, or RC_NOMEM when the library could not work. */
MUST_CHECK enum rc public_key_verify(const struct public_key *key,
    const unsigned char hash[SHA256_OCTETS], struct slice signature, bool *valid_out);

/*
 * Immutable after loading, but for the outcome of its trial; may be used by several threads at once.
 * Reference-counted: whoever keeps one beyond the life of its owner takes a reference, and private_key_free() drops
 * one.
 */
struct private_key;

struct private_key *private_key_ref(struct private_key *key); /* returns key */

enum key_type private_key_type(const struct private_key *key);
unsigned private_key_bits(const struct private_key *key);

/*
 * The signature is put into the arena.  The first signature of a key that was loaded untried is verified with
 * its public half; RC_CONFIG: it did not verify, which is logged once, and the key signs nothing from then on.
 */
MUST_CHECK enum rc private_key_sign(const struct private_key *key,
    const unsigned char hash[SHA256_OCTETS], struct arena *a, struct slice *signature_out);

bool private_key_is_bad(const struct private_key *key); /* its first signature did not verify */

/* What belongs into p=: SubjectPublicKeyInfo DER for RSA, 32 octets for Ed25519. */
MUST_CHECK enum rc private_key_public(const struct private_key *key, struct buf *octets_out);

void private_key_free(struct private_key **key);

/* RC_CONFIG with a message when bits are not allowed (RSA 1024 to 8192; below 2048 warns). */
MUST_CHECK enum rc private_key_generate(enum key_type type, unsigned bits,
    struct private_key **out, struct err *err);

#endif

/*
 * der.h - the two DER forms of an RSA public key (ITU-T X.690 section 10, RFC 8017 appendix A.1.1,
 * RFC 5280 section 4.1), read strictly: definite minimal lengths, nothing after the end.
 */
#ifndef ASSAY_CRYPTO_DER_H
#define ASSAY_CRYPTO_DER_H

#include <stdbool.h>

#include "base/slice.h"

/* Big-endian, no leading zero octets, greater than zero; borrowed from the input. */
struct rsa_numbers {
	struct slice modulus;
	struct slice exponent;
};

/* A SubjectPublicKeyInfo or a bare RSAPublicKey; false: neither. */
bool der_rsa_public(struct slice der, struct rsa_numbers *out);

/* Number of significant bits of such a number. */
size_t der_bits(struct slice number);

#endif

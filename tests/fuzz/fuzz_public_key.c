/* Public keys: the octets of any p= (crypto/key.h), and a signature tried with each. */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "crypto/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_key(struct arena *a, enum key_type type, struct slice octets)
{
	static const unsigned char hash[SHA256_OCTETS] = { 1 };
	static const char zeros[LIMIT_RSA_BITS / 8];
	struct public_key *key;
	bool valid = false;
	size_t length;

	if (public_key_parse(a, type, octets, &key) != PUBLIC_KEY_OK)
		return;
	if (public_key_bits(key) > LIMIT_RSA_BITS)
		abort();
	length = type == KEY_RSA ? (public_key_bits(key) + 7) / 8 : 64;
	if (public_key_verify(key, hash, slice_of(zeros, length), &valid) == RC_OK && valid &&
	    type == KEY_RSA)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice octets = { (const char *)data, size };
	struct arena *a = arena_create(1u << 20);

	try_key(a, KEY_RSA, octets);
	try_key(a, KEY_ED25519, octets);
	arena_free(&a);
	return 0;
}

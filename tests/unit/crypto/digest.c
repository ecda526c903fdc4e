#include "crypto/base64.h"
#include "crypto/digest.h"

#include "suites.h"

/* FIPS 180-4 examples, and the empty bodies of RFC 6376 sections 3.4.3 and 3.4.4 (V_32, V_33). */
static const struct {
	const char *octets, *hash;
} rows[] = {
	{ "", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" },
	{ "\r\n", "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=" },
	{ "abc", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	    "JI1qYdIGOLjlwCaTDD5gOaM85Flk/yFn9uzt1BnbBsE=" },
};

static void check_hash(const unsigned char hash[SHA256_OCTETS], const char *want)
{
	struct buf text = BUF_INIT(100);

	base64_encode(&text, slice_of((const char *)hash, SHA256_OCTETS));
	ck_slice_eq(buf_slice(&text), slice_str(want));
	buf_free(&text);
}

START_TEST(hashes)
{
	unsigned char hash[SHA256_OCTETS];

	ck_assert_int_eq(sha256(slice_str(rows[_i].octets), hash), RC_OK);
	check_hash(hash, rows[_i].hash);
}
END_TEST

START_TEST(hashes_in_pieces)
{
	struct slice octets = slice_str(rows[_i].octets);
	unsigned char hash[SHA256_OCTETS];

	for (size_t cut = 0; cut <= octets.len; cut++) {
		struct arena *a = arena_create(1u << 16);
		struct digest *d = digest_new(a);

		ck_assert_ptr_nonnull(d);
		digest_add(d, slice_take(octets, cut));
		digest_add(d, SLICE_NULL);
		digest_add(d, slice_drop(octets, cut));
		ck_assert_int_eq(digest_end(d, hash), RC_OK);
		check_hash(hash, rows[_i].hash);
		ck_assert_int_ne(digest_end(d, hash), RC_OK);
		arena_free(&a);
	}
}
END_TEST

/* RFC 4231 sections 4.2 to 4.7 (its keys of 20 and 131 octets), and RFC 2104 with nothing at all. */
static const struct {
	unsigned char key_octet;
	size_t key_octets;
	const char *key, *octets, *hash;
} hmacs[] = {
	{ 0x0b, 20, "", "Hi There", "sDRMYdjbOFNcqK/OrwvxK4gdwgDJgz2nJuk3bC4yz/c=" },
	{ 0, 0, "Jefe", "what do ya want for nothing?", "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=" },
	{ 0xaa, 131, "", "Test Using Larger Than Block-Size Key - Hash Key First",
	    "YOQxWR7gtn8Niiaqy/W3f44LxiE3KMUUBUYEDw7jf1Q=" },
	{ 0, 0, "", "", "thNnmggU2ex3L5XXeMNfxf8Wl8STcVZTxscSFEKSxa0=" },
};

START_TEST(hmac)
{
	char key[200];
	size_t len = hmacs[_i].key_octets;
	unsigned char hash[SHA256_OCTETS];

	memset(key, hmacs[_i].key_octet, sizeof(key));
	ck_assert_int_eq(hmac_sha256(len > 0 ? slice_of(key, len) : slice_str(hmacs[_i].key),
	    slice_str(hmacs[_i].octets), hash), RC_OK);
	check_hash(hash, hmacs[_i].hash);
}
END_TEST

START_TEST(null_slice_is_empty)
{
	unsigned char hash[SHA256_OCTETS];

	ck_assert_int_eq(sha256(SLICE_NULL, hash), RC_OK);
	check_hash(hash, rows[0].hash);
}
END_TEST

/* The arena's ceiling leaves no context behind (the sanitizer would tell). */
START_TEST(full_arena)
{
	struct arena *a = arena_create(32);

	ck_assert_ptr_null(digest_new(a));
	arena_free(&a);
}
END_TEST

START_TEST(init_again)
{
	ck_assert_int_eq(crypto_init(), RC_OK);
	ck_assert_int_eq(crypto_init(), RC_OK);
}
END_TEST

Suite *digest_suite(void)
{
	Suite *s = suite_create("digest");

	UNIT_TABLE(s, hashes, rows);
	UNIT_TABLE(s, hashes_in_pieces, rows);
	UNIT_TABLE(s, hmac, hmacs);
	UNIT_TEST(s, null_slice_is_empty);
	UNIT_TEST(s, full_arena);
	UNIT_TEST(s, init_again);
	return s;
}

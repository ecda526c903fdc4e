#include <stdlib.h>

#include "base/ascii.h"
#include "crypto/base64.h"
#include "crypto/keyfile.h"

#include "keys.h"
#include "suites.h"

static struct public_key *public_of(struct arena *a, const struct private_key *private)
{
	struct buf octets = BUF_INIT(4096);
	struct public_key *key = NULL;

	ck_assert_int_eq(private_key_public(private, &octets), RC_OK);
	ck_assert_int_eq(public_key_parse(a, private_key_type(private), buf_slice(&octets), &key),
	    PUBLIC_KEY_OK);
	buf_free(&octets);
	return key;
}

static bool verifies(const struct public_key *key, const unsigned char *hash,
    struct slice signature)
{
	bool valid = false;

	ck_assert_int_eq(public_key_verify(key, hash, signature, &valid), RC_OK);
	return valid;
}

/* S_01, S_04, V_08, V_09 */
static const struct {
	const char *name;
	enum key_type type;
	unsigned bits;
	size_t octets; /* of a signature */
} keys[] = {
	{ "rsa1024.pem", KEY_RSA, 1024, 128 },
	{ "rsa2048.pem", KEY_RSA, 2048, 256 },
	{ "rsa2048-pkcs1.pem", KEY_RSA, 2048, 256 },
	{ "rsa4096.pem", KEY_RSA, 4096, 512 },
	{ "ed25519.pem", KEY_ED25519, 256, 64 },
	{ "rfc8463-rsa.pem", KEY_RSA, 1024, 128 },
	{ "rfc8463-ed25519.pem", KEY_ED25519, 256, 64 },
};

START_TEST(signs_and_verifies)
{
	struct arena *a = arena_create(1u << 20);
	struct private_key *private = keys_private(keys[_i].name);
	struct public_key *key = public_of(a, private);
	unsigned char hash[SHA256_OCTETS];
	struct slice signature = SLICE_NULL;

	ck_assert_int_eq(private_key_type(private), keys[_i].type);
	ck_assert_uint_eq(private_key_bits(private), keys[_i].bits);
	ck_assert_uint_eq(public_key_bits(key), keys[_i].bits);
	ck_assert_int_eq(sha256(SLICE("abc"), hash), RC_OK);
	ck_assert_int_eq(private_key_sign(private, hash, a, &signature), RC_OK);
	ck_assert_uint_eq(signature.len, keys[_i].octets);
	ck_assert(verifies(key, hash, signature));

	hash[31] ^= 1;
	ck_assert(!verifies(key, hash, signature));
	private_key_free(&private);
	ck_assert_ptr_null(private);
	arena_free(&a);
}
END_TEST

/* A key that was loaded untried is tried by its first signature. */
START_TEST(untried_keys)
{
	static const struct {
		const char *name;
		enum rc want;
	} rows[] = { { "rsa2048.pem", RC_OK }, { "ed25519.pem", RC_OK }, { "rsa2048-damaged.pem", RC_CONFIG } };
	const unsigned char hash[SHA256_OCTETS] = { 7 };
	struct arena *a = arena_create(1u << 20);

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		struct private_key *key = keys_private(rows[i].name);
		struct slice signature = SLICE_NULL;

		ck_assert(!private_key_is_bad(key));
		for (int again = 0; again < 2; again++) {
			ck_assert_int_eq(private_key_sign(key, hash, a, &signature), rows[i].want);
			ck_assert_int_eq(signature.len > 0, rows[i].want == RC_OK);
			ck_assert_int_eq(private_key_is_bad(key), rows[i].want != RC_OK);
		}
		private_key_free(&key);
	}
	arena_free(&a);
}
END_TEST

/* Every octet of a signature matters, and so does its length. */
START_TEST(changed_signatures)
{
	struct arena *a = arena_create(1u << 20);
	struct private_key *private = keys_private(keys[_i].name);
	struct public_key *key = public_of(a, private);
	unsigned char hash[SHA256_OCTETS] = { 1, 2, 3 };
	struct slice signature = SLICE_NULL;
	char *copy;

	ck_assert_int_eq(private_key_sign(private, hash, a, &signature), RC_OK);
	copy = calloc(1, signature.len + 1);
	memcpy(copy, signature.ptr, signature.len);
	for (size_t i = 0; i < signature.len; i += 7) {
		copy[i] ^= 0x10;
		ck_assert_msg(!verifies(key, hash, slice_of(copy, signature.len)), "octet %zu", i);
		copy[i] ^= 0x10;
	}
	ck_assert(verifies(key, hash, slice_of(copy, signature.len)));
	ck_assert(!verifies(key, hash, slice_of(copy, signature.len + 1)));
	ck_assert(!verifies(key, hash, slice_of(copy, signature.len - 1)));
	ck_assert(!verifies(key, hash, slice_of(copy, 1)));
	ck_assert(!verifies(key, hash, SLICE("")));
	ck_assert(!verifies(key, hash, SLICE_NULL));
	memset(copy, 0, signature.len);
	ck_assert(!verifies(key, hash, slice_of(copy, signature.len)));
	memset(copy, 0xff, signature.len);
	ck_assert(!verifies(key, hash, slice_of(copy, signature.len)));
	free(copy);
	private_key_free(&private);
	arena_free(&a);
}
END_TEST

/* A signature of one key is none of another's. */
START_TEST(wrong_key)
{
	struct arena *a = arena_create(1u << 20);
	struct private_key *private = keys_private(keys[_i].name);
	unsigned char hash[SHA256_OCTETS] = { 1 };
	struct slice signature = SLICE_NULL;

	ck_assert_int_eq(private_key_sign(private, hash, a, &signature), RC_OK);
	for (size_t other = 0; other < N_ELEMENTS(keys); other++) {
		struct private_key *p = keys_private(keys[other].name);
		bool same = (int)other == _i || (keys[other].type == KEY_RSA &&
		    keys[other].bits == 2048 && keys[_i].bits == 2048);

		ck_assert_msg(verifies(public_of(a, p), hash, signature) == same, "%s",
		    keys[other].name);
		private_key_free(&p);
	}
	private_key_free(&private);
	arena_free(&a);
}
END_TEST

/*
 * V_46: what a lax reader of PKCS#1 padding would take.  Made with the key of RFC 8463 appendix A
 * by raw RSA over a forged encoding of SHA-256("abc").
 */
static const struct {
	const char *what, *signature;
	bool valid;
} forged[] = {
	{ "good",
	    "cSusaB1Q4kCwg6taq2M+H1YMMGVBEN8yI8KlVnR6q+EC7dO7BrxE/WIYZ50Lawt8SLviADgStok3AabM"
	    "P3nAe+dsDMTn+vjc14sZbT7aBOi8v8OJP1X/pxK8nTePq0R4GRyw1nTYBypMvUv/kXFsysmP86ZDhBrm"
	    "n3/J+24zdfA=",
	    true },
	{ "no NULL in the DigestInfo",
	    "rx91CaEJ+sEt18W5aifgdKvuDlmyWrLG+yUNL8RYQkSwby/gCiRZn4iukgapp/iYdEJocor1RevWwapK"
	    "KoNodxlAGI2aOoqNmTThLpqo+x5rEPqHgTZDprVlEySDf+fs4nscqeIvCL3Fz1kA1E/KCWEq+PWCmYcz"
	    "FWS50xszrMw=",
	    false },
	{ "rubbish behind the hash",
	    "C9fJK7Oc7IAMaJMAtSCaTnBw/ur59YLkWP1vg0Nlw/DIbpB0UyXa/+IZA4blPQbsWZ7EZ9zQ1SXYEO0Z"
	    "ixJYJEZJz595Z+MnFMzd/ejxboSjKm/8+U1frEGc/wmF+J6sNyzrqOAtbuO41FU6dh4j27//x4lJ9PUb"
	    "/TynzJm8WBY=",
	    false },
	{ "one padding octet is not FF",
	    "RVZQwfAC578YAswpqyrCJTcCc5kNq/oeRgUZfk3lgUOQz9lSbRJLcCy6Umv/5gDfBerNff8zgugIDqCz"
	    "Vpx7wRCL/bT0L4f5fYICzdBhfMn0paHFeBi6b7PakZrTx5BUjfK/hcbXy3AnINp5SUWjcjpz5uenJOZ8"
	    "G+qVVdaucNQ=",
	    false },
	{ "block type 2",
	    "HZPAO2MtiMgzVQ4UwJ4caM0b5jjgjS62vSCUSQdDuPzYxlxUPTj0Wq1LDUUxyEsRQXvxJEU4aryQZXn+"
	    "gefELe2mvv/M7o4txv7t68EYu5ERnOzYlFmh81nW2e+QFRXPj3KHXCJDiMIZhhuyTZ2RVisvujuXm40I"
	    "WV65ZDWvX7c=",
	    false },
	{ "block type 0",
	    "DPRR3ZRGhFfu5T2yE9oigIOSuAUNcHSSYVOL+i4RfRGBB85fwRVxdKd+JEQd0zDSPEDAlhwUA1PxL6+5"
	    "1EsT0depioA5PxFnFWIznTtwD6d+lbwjDjBibnO1+2y12JLg1E8UHqAli2+nSKIRwsxJteL6/14sR4/y"
	    "cJE1+mQdnMg=",
	    false },
	{ "SHA-1",
	    "uGe3gl0rvfTgR7tJ1FJy4ZKVujBc9aUTDwCD2e5b3pjtUevEnX6XOqEZaxRMXVXHjgQY4yaeNCLItyOL"
	    "LovRJYk2oh+K7hLbLCuqOL/RXIP6rnyY2+pIcV/GxyXq4UZPkqVol6i1j3wHGzzAQ7erka/XZ5DEpXe5"
	    "8W8AcicEY60=",
	    false },
	{ "SHA-512 named",
	    "fR9jD8wDiTKdACaJcOG+mm2k6G+H8wjtKS1rEtQCANgMzkG1zBs4F8W9eFMu0KBtGMZuP39EwGdXeG+L"
	    "kEv0NZmDCPhW/vAQ7kAgHQsTJ28tpl07SEHmVT4qeyGDhDBPrRyVAeL3evQksAPTM92MgEPB+6N0Kawb"
	    "b2IAWx22aq4=",
	    false },
	{ "a bare hash",
	    "sBGW0qbo5eB9e8tjwLAFobvU67DprZXRDc++/TA0hde8t6BO92k1WYpoacnsF5Kw+4AJU0h2UQHxC33z"
	    "1Efu8PDnsVOEnvRea3+8LhRhnUHvqaCz5pTn57kEYIg5rrW24XUTMFIHrCfd5oCciVkxB+ToXD4rtZvM"
	    "mKD1nf0XENw=",
	    false },
	{ "short padding, hash in front",
	    "x1fXTM1n0eqMV/7RSZASAGk4RYI7j09MeyQgn0TglE4FDIbqyWTFVrIgpdsjCgZRzFBJ02Jzlzl+gCS9"
	    "OJl6uQYNnfKRMiJtF8/yF17ijCYD7zO9sbWj3nQ2CqtsufGgM9i13Sgy3QTPNfyHAcgy8OVyvko6YIQ5"
	    "eysT5oa7FnU=",
	    false },
	{ "another hash",
	    "4VXj4SOK9T607/xVpKpQs/Uby8Iw4Teas5H0KRN2sMpLzyLZzpktq0rEx9OOWgy641FFfMmKPcuKUd6n"
	    "9giJ3WHpD1ALlki+W8fMsRIJ+3S0cS0KTCFSivYYfCGHD1ecDETi3KPFpMGn5z+3FYl+YWryL1MFsCW1"
	    "pxU2gz1Y69A=",
	    false },
};

START_TEST(V_46_padding)
{
	struct arena *a = arena_create(1u << 20);
	struct private_key *private = keys_private("rfc8463-rsa.pem");
	unsigned char hash[SHA256_OCTETS];
	struct slice signature = SLICE_NULL;

	ck_assert_int_eq(sha256(SLICE("abc"), hash), RC_OK);
	ck_assert(base64_decode(a, slice_str(forged[_i].signature), 128, &signature));
	ck_assert_msg(verifies(public_of(a, private), hash, signature) == forged[_i].valid, "%s",
	    forged[_i].what);
	private_key_free(&private);
	arena_free(&a);
}
END_TEST

/* RFC 8032 section 5.1.7: S must be below the order of the group; S + L would verify too. */
START_TEST(ed25519_second_form)
{
	static const unsigned char order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
		0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };
	struct arena *a = arena_create(1u << 20);
	struct private_key *private = keys_private("ed25519.pem");
	unsigned char hash[SHA256_OCTETS] = { 7 };
	struct slice signature = SLICE_NULL;
	unsigned char copy[64];
	unsigned carry = 0;

	ck_assert_int_eq(private_key_sign(private, hash, a, &signature), RC_OK);
	memcpy(copy, signature.ptr, sizeof(copy));
	for (size_t i = 0; i < sizeof(order); i++) {
		carry += (unsigned)copy[32 + i] + order[i];
		copy[32 + i] = (unsigned char)carry;
		carry >>= 8;
	}
	ck_assert(!verifies(public_of(a, private), hash, slice_of((const char *)copy, 64)));
	private_key_free(&private);
	arena_free(&a);
}
END_TEST

/* Small order key: the eight points, and their encodings that are not canonical. */
static const char *const weak[] = {
	"00", "01", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

START_TEST(ed25519_small_order)
{
	struct arena *a = arena_create(1u << 20);
	unsigned char key[32] = { 0 };
	struct public_key *public;

	for (size_t i = 0; weak[_i][2 * i] != '\0'; i++)
		key[i] = (unsigned char)(hex_value(weak[_i][2 * i]) << 4 |
		    hex_value(weak[_i][2 * i + 1]));
	for (int sign = 0; sign < 2; sign++, key[31] |= 0x80)
		ck_assert_msg(public_key_parse(a, KEY_ED25519, slice_of((const char *)key, 32),
		    &public) == PUBLIC_KEY_WEAK, "%s, sign %d", weak[_i], sign);
	key[31] ^= 0x40; /* any other point */
	ck_assert_int_ne(public_key_parse(a, KEY_ED25519, slice_of((const char *)key, 32), &public),
	    PUBLIC_KEY_WEAK);
	arena_free(&a);
}
END_TEST

/* RFC 8463 appendix A.2: what the published secret keys' records carry. */
static const struct {
	const char *name, *p;
} published[] = {
	{ "rfc8463-ed25519.pem", "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=" },
	{ "rfc8463-rsa.pem",
	    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bd"
	    "OKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4h"
	    "stT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB" },
};

START_TEST(public_part)
{
	struct private_key *private = keys_private(published[_i].name);
	struct buf octets = BUF_INIT(4096), text = BUF_INIT(4096);

	ck_assert_int_eq(private_key_public(private, &octets), RC_OK);
	base64_encode(&text, buf_slice(&octets));
	ck_slice_eq(buf_slice(&text), slice_str(published[_i].p));
	private_key_free(&private);
	buf_free(&octets);
	buf_free(&text);
}
END_TEST

START_TEST(public_part_without_room)
{
	struct private_key *private = keys_private("ed25519.pem");
	struct buf octets = BUF_INIT(31);

	ck_assert_int_eq(private_key_public(private, &octets), RC_NOMEM);
	private_key_free(&private);
	buf_free(&octets);
}
END_TEST

/* S_02, S_03 */
static const struct {
	enum key_type type;
	unsigned bits;
	enum rc rc;
	size_t warnings;
} made[] = {
	{ KEY_RSA, 0, RC_CONFIG, 0 }, { KEY_RSA, 512, RC_CONFIG, 0 },
	{ KEY_RSA, 1023, RC_CONFIG, 0 },
	{ KEY_RSA, 8193, RC_CONFIG, 0 }, { KEY_RSA, 1u << 30, RC_CONFIG, 0 },
	{ KEY_RSA, 1024, RC_OK, 1 }, { KEY_RSA, 2048, RC_OK, 0 }, { KEY_ED25519, 0, RC_OK, 0 },
	{ KEY_ED25519, 256, RC_OK, 0 },
};

START_TEST(generates)
{
	struct private_key *private = NULL;
	struct err err = ERR_INIT;
	enum rc rc = private_key_generate(made[_i].type, made[_i].bits, &private, &err);

	ck_assert_msg(rc == made[_i].rc, "%u bits: %s", made[_i].bits, buf_cstr(&err.text));
	ck_assert_uint_eq(err.count, rc == RC_CONFIG ? 1 : 0);
	ck_assert_uint_eq(err.warnings, made[_i].warnings);
	ck_assert((private != NULL) == (rc == RC_OK));
	if (private != NULL && made[_i].type == KEY_RSA)
		ck_assert_uint_eq(private_key_bits(private), made[_i].bits);
	private_key_free(&private);
	err_free(&err);
}
END_TEST

START_TEST(names)
{
	ck_assert_str_eq(key_type_text(KEY_RSA), "rsa");
	ck_assert_str_eq(key_type_text(KEY_ED25519), "ed25519");
}
END_TEST

Suite *key_suite(void)
{
	Suite *s = suite_create("key");

	UNIT_TABLE(s, signs_and_verifies, keys);
	UNIT_TEST(s, untried_keys);
	UNIT_TABLE(s, changed_signatures, keys);
	UNIT_TABLE(s, wrong_key, keys);
	UNIT_TABLE(s, V_46_padding, forged);
	UNIT_TEST(s, ed25519_second_form);
	UNIT_TABLE(s, ed25519_small_order, weak);
	UNIT_TABLE(s, public_part, published);
	UNIT_TEST(s, public_part_without_room);
	UNIT_TABLE(s, generates, made);
	UNIT_TEST(s, names);
	return s;
}

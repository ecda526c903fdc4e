#include <stdlib.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "crypto/keyfile.h"

#include "keys.h"
#include "suites.h"

static struct slice unhex(struct arena *a, const char *hex)
{
	struct buf octets = BUF_INIT(64u * 1024);
	int high = -1;

	for (const char *p = hex; *p != '\0'; p++) {
		int value = hex_value(*p);

		if (value < 0)
			continue;
		if (high >= 0)
			buf_add_char(&octets, (char)(high << 4 | value));
		high = high >= 0 ? -1 : value;
	}
	return arena_take_buf(a, &octets);
}

#define ALG "300d 0609 2a864886f70d010101 0500 "

/* The modulus 181 stands for a real one: the form is what these rows are about. */
static const struct {
	const char *what, *hex;
	enum public_key_status status;
	unsigned bits;
} rows[] = {
	{ "K_12 RSAPublicKey", "3007 0202 00b5 0201 03", PUBLIC_KEY_OK, 8 },
	{ "K_12 SubjectPublicKeyInfo", "301b " ALG "030a 00 3007 0202 00b5 0201 03",
	    PUBLIC_KEY_OK, 8 },
	{ "parameters left out", "3019 300b 0609 2a864886f70d010101 030a 00 3007 0202 00b5 0201 03",
	    PUBLIC_KEY_OK, 8 },
	{ "exponent 65537", "300a 0203 0100f1 0203 00ffff", PUBLIC_KEY_OK, 17 },
	{ "V_45 exponent of 64 bits",
	    "3017 0209 01 ffffffffffffffff 020a 00 ffffffffffffffff", PUBLIC_KEY_SYNTAX, 0 },
	{ "V_45 exponent of 64 bits, larger modulus",
	    "3018 020a 03 ffffffffffffffffff 0209 00 ffffffffffffffff 0203 010001",
	    PUBLIC_KEY_SYNTAX, 0 },
	{ "V_45 exponent of 65 bits",
	    "3019 020c 03 ffffffffffffffffffffff 0209 01 ffffffffffffffff",
	    PUBLIC_KEY_TOO_LARGE, 0 },

	{ "nothing", "", PUBLIC_KEY_SYNTAX, 0 },
	{ "tag only", "30", PUBLIC_KEY_SYNTAX, 0 },
	{ "empty sequence", "3000", PUBLIC_KEY_SYNTAX, 0 },
	{ "K_14 rubbish behind", "3007 0202 00b5 0201 03 00", PUBLIC_KEY_SYNTAX, 0 },
	{ "K_14 rubbish inside", "3008 0202 00b5 0201 03 00", PUBLIC_KEY_SYNTAX, 0 },
	{ "a third number", "300a 0202 00b5 0201 03 0201 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "no exponent", "3004 0202 00b5", PUBLIC_KEY_SYNTAX, 0 },
	{ "cut off", "3007 0202 00b5 0201", PUBLIC_KEY_SYNTAX, 0 },
	{ "length beyond the end", "3008 0202 00b5 0201 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "inner length beyond the end", "3007 0202 00b5 0202 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "inner length beyond the outer", "3006 0202 00b5 0202 0305", PUBLIC_KEY_SYNTAX, 0 },
	{ "long form for a short length", "308107 0202 00b5 0201 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "long form with a zero in front", "30820007 0202 00b5 0201 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "long form of an integer", "3008 028102 00b5 0201 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "indefinite length", "3080 0202 00b5 0201 03 0000", PUBLIC_KEY_SYNTAX, 0 },
	{ "length of eight octets", "308800000000 00000007 0202 00b5 0201 03",
	    PUBLIC_KEY_SYNTAX, 0 },
	{ "length of 4 GiB", "3084ffffffff 0202 00b5 0201 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "reserved length octet", "30ff 0202 00b5 0201 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "a set", "3107 0202 00b5 0201 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "octet strings", "3007 0402 00b5 0401 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "negative modulus", "3006 0201 b5 0201 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "negative exponent", "3007 0202 00b5 0201 83", PUBLIC_KEY_SYNTAX, 0 },
	{ "modulus zero", "3006 0201 00 0201 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "exponent zero", "3007 0202 00b5 0201 00", PUBLIC_KEY_SYNTAX, 0 },
	{ "modulus without octets", "3005 0200 0201 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "two zeros in front", "3008 0203 0000b5 0201 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "needless zero in front", "3007 0202 0035 0201 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "modulus even", "3007 0202 00b4 0201 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "V_45 exponent 1", "3007 0202 00b5 0201 01", PUBLIC_KEY_WEAK, 0 },
	{ "V_45 exponent even", "3007 0202 00b5 0201 04", PUBLIC_KEY_SYNTAX, 0 },
	{ "exponent as long as the modulus", "3008 0202 00b5 0202 00b3", PUBLIC_KEY_SYNTAX, 0 },

	{ "algorithm EC", "3020 3012 0607 2a8648ce3d0201 0607 0000000000 0000 "
	    "030a 00 3007 0202 00b5 0201 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "algorithm RSASSA-PSS", "301b 300d 0609 2a864886f70d01010a 0500 "
	    "030a 00 3007 0202 00b5 0201 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "algorithm longer", "301c 300e 060a 2a864886f70d01010101 0500 "
	    "030a 00 3007 0202 00b5 0201 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "parameters not NULL", "301b 300d 0609 2a864886f70d010101 3000 "
	    "030a 00 3007 0202 00b5 0201 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "parameters NULL with an octet", "301c 300e 0609 2a864886f70d010101 0501 00 "
	    "030a 00 3007 0202 00b5 0201 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "parameters twice", "301d 300f 0609 2a864886f70d010101 0500 0500 "
	    "030a 00 3007 0202 00b5 0201 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "no bit string", "300f " ALG, PUBLIC_KEY_SYNTAX, 0 },
	{ "empty bit string", "3011 " ALG "0300", PUBLIC_KEY_SYNTAX, 0 },
	{ "unused bits", "301b " ALG "030a 01 3007 0202 00b5 0201 03", PUBLIC_KEY_SYNTAX, 0 },
	{ "octet string for bit string", "301b " ALG "040a 00 3007 0202 00b5 0201 03",
	    PUBLIC_KEY_SYNTAX, 0 },
	{ "rubbish behind the bit string", "301d " ALG "030a 00 3007 0202 00b5 0201 03 0500",
	    PUBLIC_KEY_SYNTAX, 0 },
	{ "rubbish in the bit string", "301c " ALG "030b 00 3007 0202 00b5 0201 03 00",
	    PUBLIC_KEY_SYNTAX, 0 },
	{ "rubbish behind it all", "301b " ALG "030a 00 3007 0202 00b5 0201 03 00",
	    PUBLIC_KEY_SYNTAX, 0 },
	{ "nested twice", "302d " ALG "031c 00 301b " ALG "030a 00 3007 0202 00b5 0201 03",
	    PUBLIC_KEY_SYNTAX, 0 },
};

START_TEST(rsa_forms)
{
	struct arena *a = arena_create(1u << 20);
	struct public_key *key = NULL;
	enum public_key_status got = public_key_parse(a, KEY_RSA, unhex(a, rows[_i].hex), &key);

	ck_assert_msg(got == rows[_i].status, "%s: got %d", rows[_i].what, (int)got);
	ck_assert_msg((key != NULL) == (got == PUBLIC_KEY_OK), "%s", rows[_i].what);
	if (key != NULL)
		ck_assert_uint_eq(public_key_bits(key), rows[_i].bits);
	arena_free(&a);
}
END_TEST

/* RSAPublicKey with a modulus of that many bits (over 2000) and the exponent 65537. */
static void add_head(struct buf *der, int tag, size_t length)
{
	buf_addf(der, "%c%c%c%c", tag, 0x82, (int)(length >> 8), (int)(length & 0xff));
}

static struct slice rsa_of_bits(struct arena *a, size_t bits)
{
	struct buf der = BUF_INIT(16u * 1024);
	size_t octets = (bits + 7) / 8, lead = bits % 8 == 0 ? 1 : 0;
	size_t modulus = octets + lead;

	add_head(&der, 0x30, modulus + 9);
	add_head(&der, 0x02, modulus);
	if (lead > 0)
		buf_add_char(&der, '\0');
	buf_add_char(&der, (char)(1u << (bits + 7) % 8));
	for (size_t i = 1; i < octets; i++)
		buf_add_char(&der, '\x55');
	buf_add(&der, slice_of("\x02\x03\x01\x00\x01", 5));
	return arena_take_buf(a, &der);
}

static const struct {
	size_t bits;
	enum public_key_status status;
} sizes[] = {
	{ 2047, PUBLIC_KEY_OK }, { 2048, PUBLIC_KEY_OK },
	{ 4096, PUBLIC_KEY_OK }, { 8191, PUBLIC_KEY_OK }, { LIMIT_RSA_BITS, PUBLIC_KEY_OK },
	{ LIMIT_RSA_BITS + 1, PUBLIC_KEY_TOO_LARGE }, { 16384, PUBLIC_KEY_TOO_LARGE },
	{ 32760, PUBLIC_KEY_TOO_LARGE },
};

START_TEST(V_45_sizes)
{
	struct arena *a = arena_create(1u << 20);
	struct public_key *key = NULL;
	struct slice der = rsa_of_bits(a, sizes[_i].bits);
	enum public_key_status got = public_key_parse(a, KEY_RSA, der, &key);

	ck_assert_msg(got == sizes[_i].status, "%zu bits: got %d", sizes[_i].bits, (int)got);
	if (key != NULL)
		ck_assert_uint_eq(public_key_bits(key), sizes[_i].bits);
	arena_free(&a);
}
END_TEST

/* K_13: exactly 32 octets */
START_TEST(ed25519_lengths)
{
	struct arena *a = arena_create(1u << 20);
	struct public_key *key = NULL;
	char octets[64] = { 9 };
	struct slice raw = slice_of(octets, (size_t)_i);
	enum public_key_status want = _i == 32 ? PUBLIC_KEY_OK : PUBLIC_KEY_SYNTAX;

	ck_assert_int_eq(public_key_parse(a, KEY_ED25519, raw, &key), want);
	if (key != NULL)
		ck_assert_uint_eq(public_key_bits(key), 256);
	arena_free(&a);
}
END_TEST

/* The length of a real key, 256 octets and more, written with more octets than it needs. */
static const struct {
	const char *octets;
	size_t count;
	enum public_key_status status;
} heads[] = {
	{ "\x30\x82", 2, PUBLIC_KEY_OK },
	{ "\x30\x83\0", 3, PUBLIC_KEY_SYNTAX },
	{ "\x30\x84\0\0", 4, PUBLIC_KEY_SYNTAX },
	{ "\x30\x83\x01", 3, PUBLIC_KEY_SYNTAX },
	{ "\x30\x89\x01\0\0\0\0\0\0", 9, PUBLIC_KEY_SYNTAX }, /* its top falls off 64 bits */
};

START_TEST(long_lengths)
{
	struct arena *a = arena_create(1u << 20);
	struct slice key = rsa_of_bits(a, 2048);
	struct public_key *parsed;
	struct buf der = BUF_INIT(4096);

	buf_add(&der, slice_of(heads[_i].octets, heads[_i].count));
	buf_add(&der, slice_drop(key, 2));
	ck_assert_int_eq(public_key_parse(a, KEY_RSA, buf_slice(&der), &parsed), heads[_i].status);
	buf_free(&der);
	arena_free(&a);
}
END_TEST

/* A real key cut at every octet is none, and with any octet changed it is a key or it is not. */
START_TEST(cut_and_changed)
{
	struct arena *a = arena_create(8u << 20);
	struct private_key *private = keys_private("rsa2048.pem");
	struct public_key *key;
	struct buf der = BUF_INIT(4096);

	ck_assert_int_eq(private_key_public(private, &der), RC_OK);
	for (size_t i = 0; i < der.len; i++)
		ck_assert_msg(public_key_parse(a, KEY_RSA, slice_take(buf_slice(&der), i), &key) ==
		    PUBLIC_KEY_SYNTAX, "cut at %zu", i);
	for (size_t i = 0; i < der.len; i++) {
		enum public_key_status status;

		der.ptr[i] = (char)~der.ptr[i];
		status = public_key_parse(a, KEY_RSA, buf_slice(&der), &key);
		/* but for the numbers themselves, every octet matters */
		ck_assert_msg(status != PUBLIC_KEY_OK || i > 33, "changed at %zu", i);
		der.ptr[i] = (char)~der.ptr[i];
	}
	private_key_free(&private);
	buf_free(&der);
	arena_free(&a);
}
END_TEST

Suite *der_suite(void)
{
	Suite *s = suite_create("der");

	UNIT_TABLE(s, rsa_forms, rows);
	UNIT_TABLE(s, V_45_sizes, sizes);
	unit_table(s, "ed25519_lengths", ed25519_lengths, 64);
	UNIT_TABLE(s, long_lengths, heads);
	UNIT_TEST(s, cut_and_changed);
	return s;
}

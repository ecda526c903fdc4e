#include <stdlib.h>

#include "crypto/base64.h"
#include "dkim/headerhash.h"
#include "mail/reader.h"

#include "fixture.h"
#include "suites.h"

/* --- RFC 8463 appendix A: V_47, S_39, S_06, V_09 ----------------------------------------- */

#define RFC8463_SIGNATURE(algorithm, selector, b) \
	"DKIM-Signature: v=1; a=" algorithm "; c=relaxed/relaxed;\r\n" \
	" d=football.example.com; i=@football.example.com;\r\n" \
	" q=dns/txt; s=" selector "; t=1528637909; h=from : to :\r\n" \
	" subject : date : message-id : from : subject : date;\r\n" \
	" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n" \
	" b=" b "\r\n"
#define RFC8463_ED25519_B "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n" \
	" Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="
#define RFC8463_RSA_B "F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n" \
	" DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n" \
	" dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8="
#define RFC8463_MESSAGE \
	"From: Joe SixPack <joe@football.example.com>\r\n" \
	"To: Suzie Q <suzie@shopping.example.net>\r\n" \
	"Subject: Is dinner ready?\r\n" \
	"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n" \
	"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n" \
	"\r\n" \
	"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
#define RFC8463_ZONE \
	"brisbane._domainkey.football.example.com. IN TXT (\"v=DKIM1; k=ed25519; " \
	"p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\")\n" \
	"test._domainkey.football.example.com. IN TXT (\"v=DKIM1; k=rsa; " \
	"p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5q\" " \
	"\"hdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj\" " \
	"\"+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB\")\n"

static const struct {
	const char *field, *key;
	const char *algorithm;
	unsigned bits;
} published[] = {
	{ RFC8463_SIGNATURE("ed25519-sha256", "brisbane", RFC8463_ED25519_B), "rfc8463-ed25519.pem",
	    "ed25519-sha256", 256 },
	{ RFC8463_SIGNATURE("rsa-sha256", "test", RFC8463_RSA_B), "rfc8463-rsa.pem", "rsa-sha256",
	    1024 },
};

START_TEST(V_47_rfc8463_verifies)
{
	struct arena *a = arena_create(8u << 20);
	struct verify_request request = VERIFY_REQUEST(arena_printf(a, "%s%s" RFC8463_MESSAGE,
	    published[0].field, published[1].field), RFC8463_ZONE);
	struct dkim_results results = fixture_verify(a, &request);

	ck_assert_uint_eq(results.count, 2);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_msg(results.items[i].why == DKIM_WHY_GOOD, "%s: %s",
		    published[i].algorithm, dkim_why_text(results.items[i].why));
		ck_slice_eq(results.items[i].sig.algorithm_text, slice_str(published[i].algorithm));
		ck_assert_uint_eq(results.items[i].bits, published[i].bits);
	}
	arena_free(&a);
}
END_TEST

/* Both algorithms are deterministic: the published keys make the published b= again. */
START_TEST(S_39_rfc8463_signs_again)
{
	struct arena *a = arena_create(8u << 20);
	struct private_key *key = keys_private(published[_i].key);
	struct header_hash_params params = { .canon = CANON_RELAXED };
	struct buf text = BUF_INIT(4096);
	struct dkim_signature sig;
	struct message m;
	struct slice signature;
	unsigned char hash[SHA256_OCTETS];

	message_init(&m, a);
	read_headers(&m, arena_printf(a, "%s" RFC8463_MESSAGE, published[_i].field));
	ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, m.headers[0].value, &sig), DKIM_WHY_GOOD);
	params.signature = &m.headers[0];
	params.b = sig.b_text;
	ck_assert_int_eq(header_fields_choose(header_fields_new(&m, a), sig.signed_names,
	    sig.signed_count, params.signature, &params.fields), RC_OK);
	ck_assert_int_eq(header_hash(a, &params, hash), RC_OK);
	ck_assert_int_eq(private_key_sign(key, hash, a, &signature), RC_OK);
	base64_encode(&text, signature);
	ck_slice_eq(buf_slice(&text), sig.b_compact);
	buf_free(&text);
	private_key_free(&key);
	arena_free(&a);
}
END_TEST

/* Each octet of what is signed matters: none of the fields may be touched. */
START_TEST(rfc8463_changed)
{
	static const char *const changes[][2] = {
		{ "From: Joe SixPack", "From: Joe SixPacks" }, { "Subject: Is", "Subject: IS" },
		{ "21:00:37", "21:00:38" }, { "To: Suzie", "To: Susie" },
		{ "46341.5F8J", "46341.5F8K" }, { "Joe.\r\n", "joe.\r\n" },
		{ "t=1528637909", "t=1528637908" }, { "q=dns/txt", "q=dns/txt:x" },
	};
	struct arena *a = arena_create(8u << 20);
	struct slice text = arena_printf(a, "%s" RFC8463_MESSAGE, published[0].field);
	const char *from = changes[_i][0], *to = changes[_i][1];
	const char *at = strstr(text.ptr, from);
	struct verify_request request = VERIFY_REQUEST(SLICE_NULL, RFC8463_ZONE);
	struct dkim_results results;

	ck_assert_ptr_nonnull(at);
	request.text = arena_printf(a, "%.*s%s%s", (int)(at - text.ptr), text.ptr, to,
	    at + strlen(from));
	results = fixture_verify(a, &request);
	ck_assert_uint_eq(results.count, 1);
	ck_assert_msg(results.items[0].result == AUTH_FAIL, "%s: %s", to,
	    dkim_why_text(results.items[0].why));
	arena_free(&a);
}
END_TEST

/* --- which fields, in which order (RFC 6376 section 5.4.2) ------------------------------- */

/* h= and, from top to bottom, fields; their numbers as they go into the hash. */
static const struct {
	const char *names, *fields, *want;
} orders[] = {
	{ "a", "a:1 b:2", "1" },
	{ "b:a", "a:1 b:2", "21" },
	{ "a:a", "a:1 a:2 a:3", "32" },
	{ "a:b:a:a:a", "a:1 b:2 a:3", "321" },
	{ "A:B", "b:1 a:2 A:3 B:4", "34" },
	{ "aa:a:ab", "a:1 aa:2 ab:3 aaa:4", "213" },
	{ "c:z:c", "a:1 b:2", "" },
	{ "a:b:c", "", "" },
	{ "z:y:x:w", "w:1 x:2 y:3 z:4", "4321" },
	{ "a:a:b:a", "b:1 a:2 b:3 a:4 b:5 a:6", "6452" },
};

START_TEST(S_16_order)
{
	struct arena *a = arena_create(1u << 20);
	struct slice names[8], rest;
	struct header own = { SLICE("s"), SLICE("s"), SLICE("b=") };
	struct header_hash_params params = { .canon = CANON_SIMPLE, .signature = &own,
		.b = slice_drop(own.value, 2) };
	struct buf want = BUF_INIT(1000);
	unsigned char hash[SHA256_OCTETS], expected[SHA256_OCTETS];
	struct header_fields *fields;
	struct message m;
	size_t count = 0;

	message_init(&m, a);
	rest = slice_str(orders[_i].fields);
	while (rest.len > 0) {
		struct slice value = slice_split(&rest, ' ');
		struct slice name = slice_split(&value, ':');

		message_add_header(&m, name, value);
	}
	rest = slice_str(orders[_i].names);
	while (!slice_is_null(rest))
		names[count++] = slice_split(&rest, ':');
	for (const char *p = orders[_i].want; *p != '\0'; p++)
		for (size_t i = 0; i < m.count; i++)
			if (m.headers[i].value.ptr[0] == *p)
				buf_addf(&want, "%.*s:%c\r\n", SLICE_ARG(m.headers[i].name), *p);
	buf_add_str(&want, "s:b=");
	fields = header_fields_new(&m, a);
	for (int again = 0; again < 2; again++) { /* nothing is used up for the next signature */
		ck_assert_int_eq(header_fields_choose(fields, names, count, NULL, &params.fields),
		    RC_OK);
		ck_assert_int_eq(header_hash(a, &params, hash), RC_OK);
		ck_assert_int_eq(sha256(buf_slice(&want), expected), RC_OK);
		ck_assert_msg(memcmp(hash, expected, sizeof(hash)) == 0, "row %d", _i);
	}
	buf_free(&want);
	arena_free(&a);
}
END_TEST

/* V_31, S_08: the signature itself comes last, b= empty, without CRLF; simple keeps all else. */
static const struct {
	const char *name, *before, *b, *behind, *want;
	enum canon canon;
} owns[] = {
	{ "DKIM-Signature", " v=1; b=", "abc", "", "DKIM-Signature: v=1; b=", CANON_SIMPLE },
	{ "DKIM-Signature", " v=1; b=", "abc", "", "dkim-signature:v=1; b=", CANON_RELAXED },
	{ "DKIM-signature", " v=1;\n b=", "a\n\tbc", " ;  z=1 ",
	    "DKIM-signature: v=1;\r\n b=;  z=1 ", CANON_SIMPLE },
	{ "DKIM-signature", " v=1;\n b=", "a\n\tbc", " ;  z=1 ", "dkim-signature:v=1; b=; z=1",
	    CANON_RELAXED },
	{ "DKIM-Signature", " bh=abc; b = ", "abc", "\n ; x=abc",
	    "DKIM-Signature: bh=abc; b =; x=abc", CANON_SIMPLE },
	{ "DKIM-Signature", " b=", "abc", " ", "DKIM-Signature: b=", CANON_SIMPLE },
};

START_TEST(S_08_own_field)
{
	struct arena *a = arena_create(1u << 20);
	struct slice value = arena_printf(a, "%s%s%s", owns[_i].before, owns[_i].b,
	    owns[_i].behind);
	struct header own = { slice_str(owns[_i].name), slice_str(owns[_i].name), value };
	struct header_hash_params params = { .canon = owns[_i].canon, .signature = &own };
	unsigned char hash[SHA256_OCTETS], expected[SHA256_OCTETS];

	params.b = slice_take(slice_drop(value, strlen(owns[_i].before)), strlen(owns[_i].b));
	ck_assert_int_eq(header_hash(a, &params, hash), RC_OK);
	ck_assert_int_eq(sha256(slice_str(owns[_i].want), expected), RC_OK);
	ck_assert_msg(memcmp(hash, expected, sizeof(hash)) == 0, "row %d: %s", _i, owns[_i].want);
	arena_free(&a);
}
END_TEST

Suite *headerhash_suite(void)
{
	Suite *s = suite_create("headerhash");

	UNIT_TEST(s, V_47_rfc8463_verifies);
	UNIT_TABLE(s, S_39_rfc8463_signs_again, published);
	unit_table(s, "rfc8463_changed", rfc8463_changed, 8);
	UNIT_TABLE(s, S_16_order, orders);
	UNIT_TABLE(s, S_08_own_field, owns);
	return s;
}

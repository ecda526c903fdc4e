#include <stdlib.h>

#include "base/limits.h"
#include "dns/zonefile.h"

#include "fixture.h"
#include "suites.h"

START_TEST(none)
{
	struct arena *a = arena_create(8u << 20);
	struct verify_request request = VERIFY_REQUEST(SLICE(MESSAGE), "");
	struct dkim_results results = fixture_verify(a, &request);

	ck_assert_uint_eq(results.count, 0);
	ck_assert_uint_eq(results.ignored, 0);
	arena_free(&a);
}
END_TEST

/* V_10, V_38, V_41, V_44: each for itself, in the order of the message. */
START_TEST(V_38_independent)
{
	static const struct {
		const char *tags; /* NULL: value is the whole of it */
		const char *value;
		bool rsa;
		enum dkim_why why;
	} signatures[] = {
		{ NULL, " v=1; a", false, DKIM_WHY_SIG_SYNTAX },
		{ LEAST, NULL, false, DKIM_WHY_GOOD },
		{ "v=1; a=dsa-sha1; d=example.org; s=sel; h=From", NULL, false,
		    DKIM_WHY_SIG_ALGORITHM },
		{ "v=1; a=rsa-sha256; d=example.org; s=rsa; h=From", NULL, true, DKIM_WHY_GOOD },
		{ "v=1; a=ed25519-sha256; d=example.org; s=none; h=From", NULL, false,
		    DKIM_WHY_KEY_NONE },
		{ "v=1; a=ed25519-sha256; d=example.org; s=wrong; h=From", NULL, false,
		    DKIM_WHY_SIGNATURE_WRONG },
		{ NULL, "", false, DKIM_WHY_SIG_SYNTAX },
	};
	struct arena *a = arena_create(8u << 20);
	struct private_key *key = keys_private("ed25519.pem"), *rsa = keys_private("rsa1024.pem");
	struct slice text = SLICE(MESSAGE);
	struct verify_request request = VERIFY_REQUEST(SLICE_NULL, fixture_zone(a,
	    KEY_AT "\"@\"\nwrong._domainkey.example.org TXT \"k=ed25519; "
	    "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n", key));
	struct slice record = fixture_record(a, rsa);
	struct dkim_results results;

	for (size_t i = N_ELEMENTS(signatures); i > 0; i--) {
		struct slice value = slice_str(signatures[i - 1].value);

		if (signatures[i - 1].tags != NULL)
			value = fixture_craft(a, SLICE(MESSAGE), signatures[i - 1].tags,
			    signatures[i - 1].rsa ? rsa : key);
		text = fixture_with(a, value, text);
	}
	request.text = text;
	request.zone = arena_printf(a, "%srsa._domainkey.example.org TXT \"%.*s\"\n", request.zone,
	    SLICE_ARG(record)).ptr;
	results = fixture_verify(a, &request);
	ck_assert_uint_eq(results.count, N_ELEMENTS(signatures));
	for (size_t i = 0; i < results.count; i++)
		ck_assert_msg(results.items[i].why == signatures[i].why, "%zu: got \"%s\"", i,
		    dkim_why_text(results.items[i].why));
	private_key_free(&key);
	private_key_free(&rsa);
	arena_free(&a);
}
END_TEST

/*
 * V_39: with more than are verified, those near the author come first wherever they stand.  d= of
 * the signatures from the top, the author, how many, and which pass.
 */
static const struct {
	const char *name;
	const char *signers[6];
	const char *author;
	unsigned max;
	const char *passes;
} many[] = {
	{ "in order", { "a.net", "b.net", "c.net" }, NULL, 2, "110" },
	{ "all", { "a.net", "b.net", "c.net" }, NULL, 3, "111" },
	{ "author last", { "a.net", "b.net", "example.org" }, "example.org", 1, "001" },
	{ "below and above", { "a.net", "m.example.org", "org.net", "example.org", "x.a.example.org"
	    }, "a.example.org", 2, "00011" },
	{ "author before those near it", { "example.org", "x.a.example.org", "a.example.org" },
	    "a.example.org", 1, "001" },
	{ "neighbour before strangers", { "a.net", "b.example.org", "c.net" }, "a.example.org", 1,
	    "010" },
	{ "rest in order", { "a.net", "b.net", "example.org", "c.net" }, "example.org", 2, "1010" },
	{ "not even one", { "example.org" }, "example.org", 0, "0" },
};

START_TEST(V_39_choice)
{
	struct arena *a = arena_create(8u << 20);
	struct private_key *key = keys_private("ed25519.pem");
	struct slice text = SLICE(MESSAGE);
	struct verify_request request = VERIFY_REQUEST(SLICE_NULL, NULL);
	struct buf zone = BUF_INIT(64u * 1024);
	struct dkim_results results;
	size_t count = strlen(many[_i].passes);

	for (size_t i = count; i > 0; i--) {
		struct slice tags = arena_printf(a, "v=1; a=ed25519-sha256; d=%s; s=sel; h=From",
		    many[_i].signers[i - 1]);

		text = fixture_with(a, fixture_craft(a, SLICE(MESSAGE), tags.ptr, key), text);
		buf_addf(&zone, "sel._domainkey.%s TXT \"%.*s\"\n", many[_i].signers[i - 1],
		    SLICE_ARG(fixture_record(a, key)));
	}
	request.text = text;
	request.zone = buf_cstr(&zone);
	request.author = many[_i].author;
	request.params.max_signatures = many[_i].max;
	results = fixture_verify(a, &request);
	ck_assert_uint_eq(results.count, count);
	for (size_t i = 0; i < count; i++) {
		enum dkim_why why = results.items[i].why;

		ck_assert_msg(why == (many[_i].passes[i] == '1' ? DKIM_WHY_GOOD :
		    DKIM_WHY_SIG_TOO_MANY), "%s: signature %zu: \"%s\"", many[_i].name, i,
		    dkim_why_text(why));
	}
	buf_free(&zone);
	private_key_free(&key);
	arena_free(&a);
}
END_TEST

/* However many there are: parsed up to a ceiling, the rest counted. */
START_TEST(V_39_flood)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct private_key *key = keys_private("ed25519.pem");
	struct slice value = fixture_craft(a, SLICE(MESSAGE), LEAST, key);
	struct buf text = BUF_INIT(16u << 20);
	struct verify_request request = VERIFY_REQUEST(SLICE_NULL,
	    fixture_zone(a, KEY_AT "\"@\"\n", key));
	struct dkim_results results;
	size_t passed = 0;

	for (size_t i = 0; i < 3 * LIMIT_SIGNATURE_FIELDS; i++)
		buf_addf(&text, "DKIM-Signature:%.*s\r\n", SLICE_ARG(value));
	buf_add_str(&text, MESSAGE);
	request.text = buf_slice(&text);
	results = fixture_verify(a, &request);
	ck_assert_uint_eq(results.count, LIMIT_SIGNATURE_FIELDS);
	ck_assert_uint_eq(results.ignored, 2 * LIMIT_SIGNATURE_FIELDS);
	for (size_t i = 0; i < results.count; i++)
		passed += results.items[i].result == AUTH_PASS;
	ck_assert_uint_eq(passed, LIMIT_SIGNATURES);
	buf_free(&text);
	private_key_free(&key);
	arena_free(&a);
}
END_TEST

/* Of many signatures, keys are asked for as they come, then for those that are chosen instead. */
START_TEST(V_39_look_ups)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct dkim_verify_params params = DKIM_VERIFY_DEFAULTS;
	struct domain author = { SLICE("author.example") };
	struct resolver *resolver = NULL;
	struct err err = ERR_INIT;
	struct dkim_verifier *v;
	struct lookups *l;
	struct message m;

	ck_assert_int_eq(resolver_zonetext("zone", SLICE(""), &resolver, &err), RC_OK);
	l = lookups_new(resolver, 1000);
	message_init(&m, a);
	message_add_header(&m, SLICE("From"), SLICE("x"));
	v = dkim_verifier_new(&m, &params, l, bodyhashes_new(a));
	for (size_t i = 0; i < LIMIT_SIGNATURE_FIELDS; i++) {
		message_add_header(&m, SLICE("DKIM-Signature"), arena_printf(a, "v=1; "
		    "a=rsa-sha256; b=Zm9v; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; h=From; s=s%zu; "
		    "d=%s", i, i < 40 ? "a.example" : "author.example"));
		dkim_verifier_field(v, m.count - 1);
	}
	ck_assert_uint_eq(lookups_count(l), LIMIT_SIGNATURES);
	dkim_verifier_headers_done(v, &author, 1);
	ck_assert_uint_eq(lookups_count(l), 2 * LIMIT_SIGNATURES);
	lookups_release(&l);
	resolver_free(&resolver);
	arena_free(&a);
}
END_TEST

/* Different l= each, all allowed: hashes are limited too. */
START_TEST(V_39_body_hashes)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct private_key *key = keys_private("ed25519.pem");
	struct slice text = SLICE(MESSAGE);
	struct verify_request request = VERIFY_REQUEST(SLICE_NULL,
	    fixture_zone(a, KEY_AT "\"@\"\n", key));
	struct dkim_results results;
	size_t passed = 0, tags = LIMIT_BODY_HASHES + 2;

	for (size_t i = 0; i < tags; i++)
		text = fixture_with(a, fixture_craft(a, SLICE(MESSAGE),
		    arena_printf(a, LEAST "; l=%zu", i < 7 ? i : 100 * i).ptr, key), text);
	request.text = text;
	request.params.body_length = DKIM_LENGTH_ALLOW;
	results = fixture_verify(a, &request);
	ck_assert_uint_eq(results.count, tags);
	for (size_t i = 0; i < results.count; i++)
		passed += results.items[i].why != DKIM_WHY_SIG_TOO_MANY;
	ck_assert_uint_eq(passed, LIMIT_BODY_HASHES);
	private_key_free(&key);
	arena_free(&a);
}
END_TEST

/* A_12, RFC 6008: b= of the signatures and what stands for each. */
static const struct {
	const char *b[3];
	const char *shown[3];
} short_b[] = {
	{ { "AAAAAAAAAAAA" }, { "AAAAAAAA" } },
	{ { "AAAA" }, { "AAAA" } },
	{ { "AAAAAAAABBBB", "CAAAAAAABBBB" }, { "AAAAAAAA", "CAAAAAAA" } },
	{ { "AAAAAAAABBBB", "AAAAAAAACCCC" }, { "AAAAAAAAB", "AAAAAAAAC" } },
	{ { "AAAAAAAABBBB", "AAAAAAAABBBC" }, { "AAAAAAAABBBB", "AAAAAAAABBBC" } },
	{ { "AAAAAAAAAAAA", "AAAAAAAAAAAB", "AAAAAAAABBBB" },
	    { "AAAAAAAAAAAA", "AAAAAAAAAAAB", "AAAAAAAAB" } },
	{ { "AAAAAAAA", "AAAAAAAAAAAA" }, { "AAAAAAAA", "AAAAAAAAA" } },
	{ { "AAAAAAAAAAAA", "AAAAAAAAAAAA" }, { "AAAAAAAA", "AAAAAAAA" } }, /* the same signature */
	{ { "aAAAAAAAAAAA", "AAAAAAAAAAAA" }, { "aAAAAAAA", "AAAAAAAA" } },
};

START_TEST(A_12_header_b)
{
	struct arena *a = arena_create(8u << 20);
	struct slice text = SLICE(MESSAGE);
	struct verify_request request = VERIFY_REQUEST(SLICE_NULL, "");
	struct dkim_results results;
	size_t count = 0;

	while (count < 3 && short_b[_i].b[count] != NULL)
		count++;
	for (size_t i = count; i > 0; i--)
		text = fixture_with(a, arena_printf(a, " v=9; b=%.4s\n\t%s", short_b[_i].b[i - 1],
		    short_b[_i].b[i - 1] + 4), text);
	request.text = text;
	results = fixture_verify(a, &request);
	ck_assert_uint_eq(results.count, count);
	for (size_t i = 0; i < count; i++)
		ck_slice_eq(results.items[i].header_b, slice_str(short_b[_i].shown[i]));
	arena_free(&a);
}
END_TEST

Suite *several_suite(void)
{
	Suite *s = suite_create("several");

	UNIT_TEST(s, none);
	UNIT_TEST(s, V_38_independent);
	UNIT_TABLE(s, V_39_choice, many);
	UNIT_TEST(s, V_39_flood);
	UNIT_TEST(s, V_39_look_ups);
	UNIT_TEST(s, V_39_body_hashes);
	UNIT_TABLE(s, A_12_header_b, short_b);
	return s;
}

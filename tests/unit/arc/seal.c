#include "base/limits.h"

#include "fixture.h"
#include "suites.h"

#define ZONE "s._domainkey.one.example TXT \"@\"\ns._domainkey.two.example TXT \"@\"\n"

/* Everything one test needs. */
struct world {
	struct arena *a;
	struct private_key *key;
	const char *zone;
	struct slice text;
	struct arc_sealed sealed;
};

static void world_open(struct world *w, const char *key)
{
	*w = (struct world){ .a = arena_create(16u << 20), .key = keys_private(key) };
	w->zone = fixture_zone(w->a, ZONE, w->key);
	w->text = slice_str(MESSAGE);
}

static void world_close(struct world *w)
{
	private_key_free(&w->key);
	arena_free(&w->a);
}

/* The message passes hops sealers, one after the other; the last may change it. */
static void pass(struct world *w, unsigned hops, const char *replace, const char *with)
{
	for (unsigned i = 1; i <= hops; i++) {
		struct sealer s = { .domain = i % 2 == 1 ? "one.example" : "Two.Example", .selector = "s",
			.results = "mx.example;\n\tspf=pass smtp.mailfrom=example.org", .key = w->key,
			.zone = w->zone, .replace = i == hops ? replace : NULL, .with = with };

		w->text = fixture_pass(w->a, w->text, &s, &w->sealed);
		ck_assert_int_eq(w->sealed.why, ARC_SEALED);
	}
}

static struct arc_result verify(struct world *w)
{
	return fixture_verify(w->a, w->text, w->zone);
}

/* --- chains that pass ------------------------------------------------------------------------ */

static const struct {
	const char *key;
	unsigned hops;
} lengths[] = {
	{ "rsa2048.pem", 1 }, { "rsa2048.pem", 2 }, { "rsa2048.pem", 5 }, { "ed25519.pem", 1 },
	{ "ed25519.pem", 3 }, { "rsa1024.pem", 50 },
};

START_TEST(L_12_passes)
{
	struct arc_result found;
	struct world w;

	world_open(&w, lengths[_i].key);
	pass(&w, lengths[_i].hops, NULL, NULL);
	found = verify(&w);
	ck_assert_msg(found.result == AUTH_PASS, "%.*s", SLICE_ARG(found.reason));
	ck_assert_uint_eq(found.chain.count, lengths[_i].hops);
	ck_assert(found.oldest_pass_known && found.oldest_pass == 0); /* R_07 */
	ck_assert(!found.temporary);
	ck_assert_uint_gt(found.bits, 0);
	world_close(&w);
}
END_TEST

/* L_04, L_05, L_08, L_09: the fields, their order and what they are made of. */
START_TEST(L_04_fields)
{
	struct dkim_signature sig;
	struct header *set;
	struct world w;

	world_open(&w, "rsa2048.pem");
	pass(&w, 2, NULL, NULL);
	ck_assert_uint_eq(w.sealed.fields.count, 3);
	set = w.sealed.fields.items;
	ck_slice_eq(set[0].name, SLICE("ARC-Authentication-Results"));
	ck_slice_eq(set[0].value, SLICE(" i=2; mx.example;\n\tspf=pass smtp.mailfrom=example.org"));
	ck_slice_eq(set[1].name, SLICE("ARC-Message-Signature"));
	ck_assert(slice_starts_with(set[1].value, SLICE(" i=2; a=rsa-sha256; c=relaxed/relaxed;")));
	ck_assert_int_eq(dkim_signature_parse(w.a, SIGNATURE_ARC_MESSAGE, set[1].value, &sig),
	    DKIM_WHY_GOOD);
	for (size_t i = 0; i < sig.signed_count; i++) { /* L_06 */
		ck_assert(!slice_istarts_with(sig.signed_names[i], SLICE("ARC-")));
		ck_assert(!slice_ieq(sig.signed_names[i], SLICE("Authentication-Results")));
	}
	ck_slice_eq(set[2].name, SLICE("ARC-Seal"));
	ck_assert(slice_starts_with(set[2].value, SLICE(" i=2; a=rsa-sha256; d=two.example; s=s;")));
	ck_assert_int_eq(dkim_signature_parse(w.a, SIGNATURE_ARC_SEAL, set[2].value, &sig),
	    DKIM_WHY_GOOD);
	ck_assert_int_eq(sig.chain_status, CHAIN_PASS);
	ck_assert(sig.has_t && sig.t == NOW);
	world_close(&w);
}
END_TEST

/* L_07: DKIM-Signature fields are covered; changed ones break the newest message signature. */
START_TEST(L_07_covers_dkim_signatures)
{
	struct arc_result found;
	struct world w;

	world_open(&w, "rsa2048.pem");
	w.text = SLICE("DKIM-Signature: a\r\nDKIM-Signature: b\r\n" MESSAGE);
	pass(&w, 1, NULL, NULL);
	ck_assert_int_eq(verify(&w).result, AUTH_PASS);
	w.text = fixture_replace(w.a, w.text, "DKIM-Signature: b", "DKIM-Signature: c");
	found = verify(&w);
	ck_assert_int_eq(found.why, ARC_WHY_MESSAGE_SIGNATURE);
	world_close(&w);
}
END_TEST

/* R_07: who changes the message after verifying it breaks older message signatures, not the chain. */
START_TEST(R_07_oldest_pass)
{
	struct arc_result found;
	struct world w;

	world_open(&w, "rsa2048.pem");
	pass(&w, 2, "dinner", "[list] dinner");
	found = verify(&w);
	ck_assert_msg(found.result == AUTH_PASS, "%.*s", SLICE_ARG(found.reason));
	ck_assert(found.oldest_pass_known);
	ck_assert_uint_eq(found.oldest_pass, 2);
	world_close(&w);
}
END_TEST

/* --- chains that do not ---------------------------------------------------------------------- */

static const struct {
	const char *name, *from, *to;
	enum arc_why why;
	unsigned at;
} changes[] = {
	{ "R_06 body", "Hello", "Goodbye", ARC_WHY_MESSAGE_SIGNATURE, 3 },
	{ "R_06 signed field", "Subject: dinner", "Subject: lunch", ARC_WHY_MESSAGE_SIGNATURE, 3 },
	{ "R_06 author", "joe@example.org", "eve@example.org", ARC_WHY_MESSAGE_SIGNATURE, 3 },
	{ "R_06 a field added", "Subject: dinner", "Subject: x\r\nSubject: dinner", ARC_WHY_MESSAGE_SIGNATURE, 3 },
	{ "R_08 newest results", "i=3; mx.example", "i=3; mx.example.net", ARC_WHY_SEAL, 3 },
	{ "R_08 results in the middle", "i=2; mx.example;", "i=2; my.example;", ARC_WHY_SEAL, 3 },
	{ "R_08 oldest results", "i=1; mx.example;", "i=1; mx.example; none;", ARC_WHY_SEAL, 3 },
	{ "R_05 cv", "cv=none", "cv=pass", ARC_WHY_CHAIN_STATUS, 1 },
	{ "R_04 an instance renamed", "ARC-Authentication-Results: i=2",
	    "ARC-Authentication-Results: i=4", ARC_WHY_INCOMPLETE, 2 },
	{ "R_04 a field renamed", "ARC-Authentication-Results: i=1", "X-Results: i=1",
	    ARC_WHY_INCOMPLETE, 1 },
	{ "R_10 h= in a seal", "ARC-Seal: i=3;", "ARC-Seal: i=3; h=From;", ARC_WHY_FIELD, 3 },
	{ "R_14 rsa-sha1", "ARC-Seal: i=3; a=rsa-sha256", "ARC-Seal: i=3; a=rsa-sha1", ARC_WHY_FIELD,
	    3 },
	{ "another sealer's name", "ARC-Seal: i=3; a=rsa-sha256; d=one.example",
	    "ARC-Seal: i=3; a=rsa-sha256; d=two.example", ARC_WHY_SEAL, 3 },
	{ "R_12 a sealer without a key", "ARC-Seal: i=3; a=rsa-sha256; d=one.example",
	    "ARC-Seal: i=3; a=rsa-sha256; d=three.example", ARC_WHY_SEAL, 3 },
};

START_TEST(R_08_changes)
{
	struct arc_result found;
	struct world w;

	world_open(&w, "rsa2048.pem");
	pass(&w, 3, NULL, NULL);
	w.text = fixture_replace(w.a, w.text, changes[_i].from, changes[_i].to);
	found = verify(&w);
	ck_assert_int_eq(found.result, AUTH_FAIL);
	ck_assert_msg(found.why == changes[_i].why && found.chain.at == changes[_i].at,
	    "%s: got \"%.*s\"", changes[_i].name, SLICE_ARG(found.reason));
	ck_assert(!found.oldest_pass_known);
	world_close(&w);
}
END_TEST

/* R_09: white space of sealed fields may change, as in relaxed DKIM; their order may too. */
START_TEST(R_09_relaxed)
{
	struct world w;

	world_open(&w, "rsa2048.pem");
	pass(&w, 2, NULL, NULL);
	w.text = fixture_replace(w.a, w.text, "i=1; mx.example;\r\n\tspf", "i=1; \t mx.example; spf");
	w.text = fixture_replace(w.a, w.text, "ARC-Seal: i=1", "arc-SEAL:i=1");
	ck_assert_int_eq(verify(&w).result, AUTH_PASS);
	world_close(&w);
}
END_TEST

/* R_12: trouble with the DNS is a fail, and is told apart. */
static const struct {
	const char *name, *zone;
	bool temporary;
} troubles[] = {
	{ "time-out", "s._domainkey.one.example TXT !TIMEOUT\n", true },
	{ "server failure", "s._domainkey.one.example TXT !SERVFAIL\n", true },
	{ "no key", "other.example TXT x\n", false },
	{ "a revoked key", "s._domainkey.one.example TXT p=\n", false },
	{ "no key record", "s._domainkey.one.example TXT \"v=spf1 -all\"\n", false },
};

START_TEST(R_12_dns)
{
	struct arc_result found;
	struct world w;

	world_open(&w, "rsa2048.pem");
	pass(&w, 1, NULL, NULL);
	found = fixture_verify(w.a, w.text, troubles[_i].zone);
	ck_assert_msg(found.result == AUTH_FAIL, "%s", troubles[_i].name);
	ck_assert_msg(found.temporary == troubles[_i].temporary, "%s: %.*s", troubles[_i].name,
	    SLICE_ARG(found.reason));
	world_close(&w);
}
END_TEST

/* --- sealing what is broken, full or cannot be signed ------------------------------------------ */

static struct slice seal_again(struct world *w)
{
	struct sealer s = { .domain = "two.example", .selector = "s", .results = "mx.example; none",
		.key = w->key, .zone = w->zone };

	return fixture_pass(w->a, w->text, &s, &w->sealed);
}

/* L_10: the new seal says cv=fail and covers its own set only; nobody seals after that (L_02). */
START_TEST(L_10_broken_chain)
{
	struct dkim_signature sig;
	struct world w;

	world_open(&w, "rsa2048.pem");
	pass(&w, 2, NULL, NULL);
	w.text = fixture_replace(w.a, w.text, "Hello", "Goodbye");
	w.text = seal_again(&w);
	ck_assert_int_eq(w.sealed.why, ARC_SEALED);
	ck_assert_int_eq(dkim_signature_parse(w.a, SIGNATURE_ARC_SEAL, w.sealed.fields.items[2].value,
	    &sig), DKIM_WHY_GOOD);
	ck_assert_uint_eq(sig.instance, 3);
	ck_assert_int_eq(sig.chain_status, CHAIN_FAIL);
	ck_assert_int_eq(verify(&w).why, ARC_WHY_SEALED_AS_BROKEN);
	seal_again(&w);
	ck_assert_int_eq(w.sealed.why, ARC_UNSEALED_BROKEN);
	ck_assert_uint_eq(w.sealed.fields.count, 0);
	world_close(&w);
}
END_TEST

/* The same signature as over a message that never had the older sets (RFC 8617 section 5.1.2). */
START_TEST(L_10_own_set_only)
{
	struct slice with_chain, seal;
	struct world w;

	world_open(&w, "ed25519.pem");
	w.text = SLICE("ARC-Seal: i=1; broken\r\n" MESSAGE);
	seal_again(&w);
	ck_assert_int_eq(w.sealed.why, ARC_SEALED);
	with_chain = w.sealed.fields.items[2].value;
	w.text = SLICE("ARC-Seal: i=x\r\nARC-Seal: x\r\n" MESSAGE);
	seal_again(&w);
	seal = w.sealed.fields.items[2].value;
	ck_assert_int_eq(w.sealed.why, ARC_SEALED);
	ck_slice_eq(seal, with_chain);
	world_close(&w);
}
END_TEST

START_TEST(L_11_full)
{
	struct world w;

	world_open(&w, "rsa1024.pem");
	pass(&w, LIMIT_ARC_SETS, NULL, NULL);
	seal_again(&w);
	ck_assert_int_eq(w.sealed.why, ARC_UNSEALED_FULL);
	world_close(&w);
}
END_TEST

static const struct {
	const char *name, *domain, *text, *key;
	enum dkim_sign_why why;
} unsignable[] = {
	{ "no From", "one.example", "Subject: x\r\n\r\nx\r\n", "rsa1024.pem", DKIM_SIGN_NO_FROM },
	{ "no domain", "one example", MESSAGE, "rsa1024.pem", DKIM_SIGN_NAME },
	{ "a damaged key", "one.example", MESSAGE, "rsa2048-damaged.pem", DKIM_SIGN_KEY },
};

START_TEST(unsignable_messages)
{
	struct sealer s = { .domain = unsignable[_i].domain, .selector = "s", .results = "x; none" };
	struct world w;

	world_open(&w, unsignable[_i].key);
	s.key = w.key;
	s.zone = w.zone;
	fixture_pass(w.a, slice_str(unsignable[_i].text), &s, &w.sealed);
	ck_assert_int_eq(w.sealed.why, ARC_UNSEALED_UNSIGNED);
	ck_assert_int_eq(w.sealed.sign_why, unsignable[_i].why);
	ck_assert_ptr_nonnull(arc_unsealed_text(w.sealed.why));
	world_close(&w);
}
END_TEST

Suite *seal_suite(void)
{
	Suite *s = suite_create("seal");

	if (!arc_is_built()) {
		unit_skipped("this build has no ARC");
		return s;
	}
	UNIT_TABLE(s, L_12_passes, lengths);
	UNIT_TEST(s, L_04_fields);
	UNIT_TEST(s, L_07_covers_dkim_signatures);
	UNIT_TEST(s, R_07_oldest_pass);
	UNIT_TABLE(s, R_08_changes, changes);
	UNIT_TEST(s, R_09_relaxed);
	UNIT_TABLE(s, R_12_dns, troubles);
	UNIT_TEST(s, L_10_broken_chain);
	UNIT_TEST(s, L_10_own_set_only);
	UNIT_TEST(s, L_11_full);
	UNIT_TABLE(s, unsignable_messages, unsignable);
	return s;
}

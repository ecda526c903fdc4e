#include <stdlib.h>

#include "base/limits.h"
#include "dns/backend.h"
#include "dns/zonefile.h"
#include "mail/reader.h"

#include "fixture.h"
#include "suites.h"

/* --- right signatures and what makes them wrong ------------------------------------------ */

/*
 * Signed is MESSAGE (or signed_text) with those tags; verified is the same or `text`, with that
 * zone.  NULL stands for the plainest.
 */
static const struct row {
	const char *name;
	enum dkim_why why;
	const char *tags, *zone, *signed_text, *text, *key;
	int64_t now;
} rows[] = {
	{ "V_09 ed25519", DKIM_WHY_GOOD, .tags = LEAST },
	{ "V_08 RSA 1024", DKIM_WHY_GOOD, .tags = RSA "From", .key = "rsa1024.pem" },
	{ "V_08 RSA 2048", DKIM_WHY_GOOD, .tags = RSA "From", .key = "rsa2048.pem" },
	{ "V_08 RSA 4096", DKIM_WHY_GOOD, .tags = RSA "From", .key = "rsa4096.pem" },
	{ "V_11 relaxed", DKIM_WHY_GOOD, .tags = RELAXED },
	{ "V_11 simple/relaxed", DKIM_WHY_GOOD, .tags = LEAST "; c=simple/relaxed" },
	{ "V_12 c=relaxed", DKIM_WHY_GOOD, .tags = LEAST "; c=relaxed" },
	{ "V_29 unknown tag", DKIM_WHY_GOOD, .tags = LEAST "; foo=bar" },
	{ "V_23 q= with others", DKIM_WHY_GOOD, .tags = LEAST "; q=x:dns/txt" },
	{ "V_24 names of any case", DKIM_WHY_GOOD, .tags = ED "fRoM : TO:subject" },
	{ "V_25 names that are not there", DKIM_WHY_GOOD, .tags = LEAST ":From:X:Y:X" },
	{ "V_20 s= of two labels", DKIM_WHY_GOOD,
	    .tags = "v=1; a=ed25519-sha256; d=example.org; s=a.b; h=From",
	    .zone = "a.b._domainkey.example.org TXT \"@\"\n" },
	{ "V_20 d= and s= of any case", DKIM_WHY_GOOD,
	    .tags = "v=1; a=ed25519-sha256; d=EXAMPLE.org; s=SEL; h=From" },
	{ "G_12 U-label", DKIM_WHY_GOOD,
	    .tags = "v=1; a=ed25519-sha256; d=b\xc3\xbc" "cher.example; s=sel; h=From",
	    .zone = "sel._domainkey.xn--bcher-kva.example TXT \"@\"\n" },
	{ "G_07 record in pieces", DKIM_WHY_GOOD, .zone = KEY_AT "\"v=DK\" \"IM1; \" \"@\"\n" },
	{ "G_08 no body", DKIM_WHY_GOOD, .signed_text = "From: a@example.org\r\nTo: b\r\n\r\n",
	    .text = "From: a@example.org\r\nTo: b\r\n" },

	{ "V_28 body changed", DKIM_WHY_BODY_HASH, .text = HEAD "Hallo\r\n" },
	{ "V_28 body longer", DKIM_WHY_BODY_HASH, .text = MESSAGE "More\r\n" },
	{ "V_33 blanks in a relaxed body", DKIM_WHY_GOOD, .tags = RELAXED,
	    .text = HEAD "Hello \t\r\n\r\n\r\n" },
	{ "V_32 blanks in a simple body", DKIM_WHY_BODY_HASH, .text = HEAD "Hello \r\n" },
	{ "signed field changed", DKIM_WHY_SIGNATURE_WRONG,
	    .text = "From: Joe <joe@example.org>\r\nTo: suzie@example.net\r\nSubject: Dinner\r\n"
	    "\r\nHello\r\n" },
	{ "signed field gone", DKIM_WHY_SIGNATURE_WRONG,
	    .text = "From: Joe <joe@example.org>\r\nTo: suzie@example.net\r\n\r\nHello\r\n" },
	{ "unsigned field changed", DKIM_WHY_GOOD, .tags = ED "From",
	    .text = "From: Joe <joe@example.org>\r\nSubject: other\r\n\r\nHello\r\n" },
	{ "V_31 S_31 relaxed fields reshaped", DKIM_WHY_GOOD, .tags = RELAXED,
	    .text = "FROM :  Joe\r\n\t <joe@example.org>  \r\nTo:suzie@example.net\r\nsubject:\r\n"
	    "\tdinner\t\r\n\r\nHello\r\n" },
	{ "V_31 simple fields reshaped", DKIM_WHY_SIGNATURE_WRONG,
	    .text = "From:  Joe <joe@example.org>\r\nTo: suzie@example.net\r\nSubject: dinner\r\n"
	    "\r\nHello\r\n" },
	{ "S_31 simple: name in other case", DKIM_WHY_SIGNATURE_WRONG,
	    .text = "FROM: Joe <joe@example.org>\r\nTo: suzie@example.net\r\nSubject: dinner\r\n"
	    "\r\nHello\r\n" },
	{ "fields in another order", DKIM_WHY_GOOD,
	    .text = "Subject: dinner\r\nFrom: Joe <joe@example.org>\r\nX: y\r\nTo: "
	    "suzie@example.net\r\n\r\nHello\r\n" },

	{ "V_25 the last of three", DKIM_WHY_GOOD, .tags = ED "From:X",
	    .signed_text = "From: a@example.org\r\nX: 1\r\nX: 2\r\nX: 3\r\n\r\n",
	    .text = "From: a@example.org\r\nX: other\r\nX: 3\r\n\r\n" },
	{ "V_25 two of three, from below", DKIM_WHY_GOOD, .tags = ED "From:X:X",
	    .signed_text = "From: a@example.org\r\nX: 1\r\nX: 2\r\nX: 3\r\n\r\n",
	    .text = "X: 2\r\nFrom: a@example.org\r\nX: 3\r\n\r\n" },
	{ "V_25 two swapped", DKIM_WHY_SIGNATURE_WRONG, .tags = ED "From:X:X",
	    .signed_text = "From: a@example.org\r\nX: 2\r\nX: 3\r\n\r\n",
	    .text = "From: a@example.org\r\nX: 3\r\nX: 2\r\n\r\n" },
	{ "V_25 one added above", DKIM_WHY_GOOD, .tags = ED "From:Subject",
	    .text = "Subject: more\r\n" MESSAGE },
	{ "V_26 one added, oversigned", DKIM_WHY_SIGNATURE_WRONG, .tags = ED "From:Subject:Subject",
	    .text = "Subject: more\r\n" MESSAGE },
	{ "V_26 one added below, oversigned", DKIM_WHY_SIGNATURE_WRONG, .tags = ED "From:X:X",
	    .signed_text = "From: a@example.org\r\nX: 1\r\n\r\n",
	    .text = "From: a@example.org\r\nX: 1\r\nX: 2\r\n\r\n" },
	{ "V_26 second From, oversigned", DKIM_WHY_SIGNATURE_WRONG, .tags = ED "From:From",
	    .text = "From: evil@example.com\r\n" MESSAGE },
	{ "G_09 V_03 second From, signed once", DKIM_WHY_SIG_FROM_UNSIGNED,
	    .text = "From: evil@example.com\r\n" MESSAGE },
	{ "G_09 V_03 no From at all", DKIM_WHY_SIG_FROM_UNSIGNED, .signed_text = "To: x\r\n\r\n",
	    .text = "To: x\r\n\r\n" },
	{ "own field named in h=", DKIM_WHY_GOOD, .tags = ED "From:DKIM-Signature" },

	{ "V_13 not yet expired", DKIM_WHY_GOOD, .tags = LEAST "; t=100; x=1000", .now = 1300 },
	{ "V_13 expired", DKIM_WHY_SIG_EXPIRED, .tags = LEAST "; t=100; x=1000", .now = 1301 },
	{ "V_16 never expires", DKIM_WHY_GOOD, .tags = LEAST "; x=9999999999999999999999",
	    .now = NOW },
	{ "V_14 a little in the future", DKIM_WHY_GOOD, .tags = LEAST "; t=1000", .now = 700 },
	{ "V_14 in the future", DKIM_WHY_SIG_FUTURE, .tags = LEAST "; t=1000", .now = 699 },
	{ "V_16 infinitely in the future", DKIM_WHY_SIG_FUTURE,
	    .tags = LEAST "; t=9999999999999999999999", .now = NOW },

	{ "V_19 l= covers all", DKIM_WHY_GOOD, .tags = LEAST "; l=7" },
	{ "V_19 l= covers less", DKIM_WHY_BODY_LENGTH_REFUSED, .tags = LEAST "; l=5" },
	{ "V_19 l=0", DKIM_WHY_BODY_LENGTH_REFUSED, .tags = LEAST "; l=0" },
	{ "V_19 text added", DKIM_WHY_BODY_LENGTH_REFUSED, .tags = LEAST "; l=7",
	    .text = MESSAGE "More\r\n" },
	{ "V_18 l= beyond", DKIM_WHY_BODY_LENGTH_TOO_LONG, .tags = LEAST "; l=8" },
	{ "V_18 body cut", DKIM_WHY_BODY_LENGTH_TOO_LONG, .tags = LEAST "; l=7",
	    .text = HEAD "Hell\r\n" },
	{ "V_17 l= beyond measure", DKIM_WHY_BODY_LENGTH_TOO_LONG,
	    .tags = LEAST "; l=18446744073709551617" },
	{ "l= over a relaxed body", DKIM_WHY_GOOD, .tags = RELAXED "; l=7",
	    .text = HEAD "Hello  \r\n\r\n" },

	{ "V_35 key timed out", DKIM_WHY_KEY_TIMEOUT, .zone = KEY_AT "!TIMEOUT\n" },
	{ "V_35 SERVFAIL", DKIM_WHY_KEY_DNS_FAILURE, .zone = KEY_AT "!SERVFAIL\n" },
	{ "V_35 REFUSED", DKIM_WHY_KEY_DNS_FAILURE, .zone = KEY_AT "!REFUSED\n" },
	{ "V_36 NXDOMAIN", DKIM_WHY_KEY_NONE, .zone = "example.org TXT \"x\"\n" },
	{ "V_36 no data", DKIM_WHY_KEY_NONE, .zone = "sel._domainkey.example.org A 192.0.2.1\n" },
	{ "broken, and the key times out", DKIM_WHY_BODY_HASH, .zone = KEY_AT "!TIMEOUT\n",
	    .text = MESSAGE "More\r\n" },
	{ "expired, and the key times out", DKIM_WHY_SIG_EXPIRED, .tags = LEAST "; x=5",
	    .zone = KEY_AT "!TIMEOUT\n" },
	{ "expired and broken", DKIM_WHY_SIG_EXPIRED, .tags = LEAST "; x=5",
	    .text = MESSAGE "More\r\n" },
	{ "l= refused, and the key times out", DKIM_WHY_BODY_LENGTH_REFUSED, .tags = LEAST "; l=1",
	    .zone = KEY_AT "!TIMEOUT\n" },
	{ "V_37 one of two", DKIM_WHY_GOOD, .zone = KEY_AT "\"k=ed25519; p=\"\n" KEY_AT "\"@\"\n" },
	{ "V_37 the first of two", DKIM_WHY_GOOD,
	    .zone = KEY_AT "\"@\"\n" KEY_AT "\"k=ed25519; p=\"\n" },
	{ "V_37 the fourth", DKIM_WHY_GOOD,
	    .zone = KEY_AT "\"a\"\n" KEY_AT "\"b\"\n" KEY_AT "\"c\"\n" KEY_AT "\"@\"\n" },
	{ "V_37 the fifth", DKIM_WHY_KEY_SYNTAX,
	    .zone = KEY_AT "\"a\"\n" KEY_AT "\"b\"\n" KEY_AT "\"c\"\n" KEY_AT "\"d\"\n" KEY_AT
	    "\"@\"\n" },
	{ "V_37 the best reason", DKIM_WHY_KEY_REVOKED,
	    .zone = KEY_AT "\"a\"\n" KEY_AT "\"k=ed25519; p=\"\n" KEY_AT "\"v=spf1 -all\"\n" },
	{ "V_37 a wildcard for something else", DKIM_WHY_KEY_VERSION,
	    .zone = "*.example.org TXT \"v=spf1 -all\"\n" },
	{ "another's key", DKIM_WHY_SIGNATURE_WRONG,
	    .zone = KEY_AT "\"k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n" },

	{ "K_01 v=DKIM1", DKIM_WHY_GOOD, .zone = KEY_AT "\"v=DKIM1; @\"\n" },
	{ "K_01 v=DKIM2", DKIM_WHY_KEY_VERSION, .zone = KEY_AT "\"v=DKIM2; @\"\n" },
	{ "K_01 v= behind", DKIM_WHY_KEY_SYNTAX, .zone = KEY_AT "\"@; v=DKIM1\"\n" },
	{ "K_03 unknown k=", DKIM_WHY_KEY_TYPE, .zone = KEY_AT "\"k=foobar; p=Zm9v\"\n" },
	{ "K_04 k=rsa for ed25519", DKIM_WHY_KEY_TYPE, .zone = KEY_AT "\"k=rsa; p=Zm9v\"\n" },
	{ "K_04 k= absent for ed25519", DKIM_WHY_KEY_TYPE, .zone = KEY_AT "\"p=Zm9v\"\n" },
	{ "K_05 h=sha1", DKIM_WHY_KEY_HASH, .zone = KEY_AT "\"h=sha1; @\"\n" },
	{ "K_05 h=sha1:sha256", DKIM_WHY_GOOD, .zone = KEY_AT "\"h=sha1:sha256; @\"\n" },
	{ "K_06 s=tlsrpt", DKIM_WHY_KEY_SERVICE, .zone = KEY_AT "\"s=tlsrpt; @\"\n" },
	{ "K_06 s=email", DKIM_WHY_GOOD, .zone = KEY_AT "\"s=email; @\"\n" },
	{ "K_07 revoked", DKIM_WHY_KEY_REVOKED, .zone = KEY_AT "\"k=ed25519; p=\"\n" },
	{ "K_08 no p=", DKIM_WHY_KEY_SYNTAX, .zone = KEY_AT "\"k=ed25519\"\n" },
	{ "K_10 t=s, i= in d=", DKIM_WHY_GOOD, .tags = LEAST "; i=joe@example.org",
	    .zone = KEY_AT "\"t=s; @\"\n" },
	{ "K_10 t=s, i= below", DKIM_WHY_KEY_STRICT_IDENTITY, .tags = LEAST "; i=@a.example.org",
	    .zone = KEY_AT "\"t=s; @\"\n" },
	{ "K_10 i= below", DKIM_WHY_GOOD, .tags = LEAST "; i=@a.example.org" },
	{ "K_13 key of 33 octets", DKIM_WHY_KEY_SYNTAX,
	    .zone = KEY_AT "\"k=ed25519; p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n" },
	{ "K_13 key as SubjectPublicKeyInfo", DKIM_WHY_KEY_SYNTAX,
	    .zone = KEY_AT "\"k=ed25519; "
	    "p=MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n" },
	{ "K_14 rubbish", DKIM_WHY_KEY_SYNTAX, .zone = KEY_AT "\"k=ed25519; p=!\"\n" },
};

START_TEST(judges)
{
	struct arena *a = arena_create(8u << 20);
	const struct row *row = &rows[_i];
	struct private_key *key = keys_private(row->key == NULL ? "ed25519.pem" : row->key);
	struct slice signed_text = slice_str(row->signed_text == NULL ? MESSAGE : row->signed_text);
	struct slice text = row->text == NULL ? signed_text : slice_str(row->text);
	struct slice value = fixture_craft(a, signed_text, row->tags == NULL ? LEAST : row->tags,
	    key);
	struct verify_request request = VERIFY_REQUEST(fixture_with(a, value, text),
	    fixture_zone(a, row->zone == NULL ? KEY_AT "\"@\"\n" : row->zone, key));
	struct dkim_results results;

	if (row->now != 0)
		request.now = row->now;
	results = fixture_verify(a, &request);
	fixture_expect(row->name, results, row->why);
	private_key_free(&key);
	arena_free(&a);
}
END_TEST

/* Every octet of the signature field counts (V_29, G_04): none but white space may change. */
START_TEST(changed_signature_field)
{
	struct arena *a = arena_create(64u << 20);
	struct private_key *key = keys_private("ed25519.pem");
	struct slice value = fixture_craft(a, SLICE(MESSAGE), RELAXED "; foo=bar; t=5; z=x", key);
	char *copy = calloc(1, value.len + 1);
	struct verify_request request = VERIFY_REQUEST(SLICE_NULL,
	    fixture_zone(a, "sel._domainkey.example.org TXT \"@\"\n", key));

	memcpy(copy, value.ptr, value.len);
	for (size_t i = 1; i < value.len; i++) {
		struct dkim_results results;

		if (copy[i] == ' ')
			continue;
		copy[i] ^= 1;
		request.text = fixture_with(a, slice_of(copy, value.len), SLICE(MESSAGE));
		results = fixture_verify(a, &request);
		ck_assert_msg(results.count == 1 && results.items[0].result != AUTH_PASS,
		    "octet %zu of %s", i, copy);
		copy[i] ^= 1;
	}
	request.text = fixture_with(a, slice_of(copy, value.len), SLICE(MESSAGE));
	fixture_expect("unchanged", fixture_verify(a, &request), DKIM_WHY_GOOD);
	free(copy);
	private_key_free(&key);
	arena_free(&a);
}
END_TEST

/* --- settings ---------------------------------------------------------------------------- */

/* V_07: a right signature by a key of 512 bits, which nothing here would make. */
#define SHORT_KEY "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAJU/DTSbu1gNgord3eApwlKHv6kw6QygxRmB7vZm" \
	"oRkIhJagKSZwfmnobPzurn8ymqnSzaWHLpJOy6BqnUKT5IUCAwEAAQ=="
#define SHORT_SIGNATURE " v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=sel; " \
	"h=From:To:Subject; bh=Ba3gj8+xBPQLJTahTfzW6RbWQ/XPgESxkCi2B66PSQg=; " \
	"b=HUk9vNsAeVOfLkYFcvnqMYmion77gezr8cS7qi0wt1YHa2P50RA3c27lBvxYHMMQ8lNWXm1d/e2eJLh/AMb9rg=="

START_TEST(V_07_short_key)
{
	struct arena *a = arena_create(8u << 20);
	struct verify_request request = VERIFY_REQUEST(fixture_with(a, SLICE(SHORT_SIGNATURE),
	    SLICE(MESSAGE)), KEY_AT "\"p=" SHORT_KEY "\"\n");
	struct dkim_results results = fixture_verify(a, &request);

	fixture_expect("512 bits", results, DKIM_WHY_KEY_TOO_SHORT);
	ck_assert_int_eq(results.items[0].result, AUTH_PERMERROR);
	ck_assert_uint_eq(results.items[0].bits, 512);
	ck_slice_eq(results.items[0].reason, SLICE("key too short: 512 bits"));

	request.params.minimum_bits = 0; /* no setting makes it valid */
	fixture_expect("512 bits allowed", fixture_verify(a, &request), DKIM_WHY_KEY_TOO_SHORT);
	arena_free(&a);
}
END_TEST

/* A_25: what this site alone refuses is "policy"; a wrong signature stays wrong. */
static const struct {
	const char *key, *tags;
	unsigned minimum;
	const char *text;
	enum dkim_why why;
	const char *reason;
} minimums[] = {
	{ "rsa1024.pem", RSA "From", 1024, MESSAGE,
	    DKIM_WHY_GOOD, "good signature" },
	{ "rsa1024.pem", RSA "From", 1025, MESSAGE,
	    DKIM_WHY_KEY_BELOW_MINIMUM, "key shorter than required here: 1024 bits" },
	{ "rsa1024.pem", RSA "From", 2048,
	    "From: evil@example.org\r\n\r\nHello\r\n", DKIM_WHY_SIGNATURE_WRONG,
	    "signature did not verify" },
	{ "rsa2048.pem", RSA "From", 2048, MESSAGE,
	    DKIM_WHY_GOOD, "good signature" },
	{ "ed25519.pem", LEAST, 4096, MESSAGE, DKIM_WHY_GOOD, "good signature" },
};

START_TEST(A_25_minimum_bits)
{
	struct arena *a = arena_create(8u << 20);
	struct private_key *key = keys_private(minimums[_i].key);
	struct slice value = fixture_craft(a, SLICE(MESSAGE), minimums[_i].tags, key);
	struct verify_request request = VERIFY_REQUEST(fixture_with(a, value,
	    slice_str(minimums[_i].text)), fixture_zone(a, KEY_AT "\"@\"\n", key));
	struct dkim_results results;

	request.params.minimum_bits = minimums[_i].minimum;
	results = fixture_verify(a, &request);
	fixture_expect(minimums[_i].key, results, minimums[_i].why);
	ck_slice_eq(results.items[0].reason, slice_str(minimums[_i].reason));
	private_key_free(&key);
	arena_free(&a);
}
END_TEST

static const struct {
	const char *tags, *text;
	enum dkim_length_policy policy;
	enum dkim_why why;
	const char *reason;
} lengths[] = {
	{ LEAST "; l=5", MESSAGE, DKIM_LENGTH_REFUSE, DKIM_WHY_BODY_LENGTH_REFUSED,
	    "l= leaves a part of the body unsigned: 2 octets" },
	{ LEAST "; l=5", MESSAGE, DKIM_LENGTH_ALLOW, DKIM_WHY_GOOD,
	    "l= leaves a part of the body unsigned: 2 octets" },
	{ LEAST "; l=7", MESSAGE "evil\r\n", DKIM_LENGTH_ALLOW, DKIM_WHY_GOOD,
	    "l= leaves a part of the body unsigned: 6 octets" },
	{ LEAST "; l=7", MESSAGE, DKIM_LENGTH_ALLOW, DKIM_WHY_GOOD, "good signature" },
	{ LEAST "; l=0", MESSAGE, DKIM_LENGTH_ALLOW, DKIM_WHY_GOOD,
	    "l= leaves a part of the body unsigned: 7 octets" },
	{ LEAST "; l=8", MESSAGE, DKIM_LENGTH_ALLOW, DKIM_WHY_BODY_LENGTH_TOO_LONG,
	    "l= exceeds the length of the body" },
	{ LEAST "; l=5",
	    "From: Joe <joe@example.org>\r\nTo: suzie@example.net\r\nSubject: dinner\r\n\r\n"
	    "Hallo\r\n", DKIM_LENGTH_ALLOW, DKIM_WHY_BODY_HASH, "body hash did not verify" },
};

START_TEST(V_19_length_policy)
{
	struct arena *a = arena_create(8u << 20);
	struct private_key *key = keys_private("ed25519.pem");
	struct slice value = fixture_craft(a, SLICE(MESSAGE), lengths[_i].tags, key);
	struct verify_request request = VERIFY_REQUEST(fixture_with(a, value,
	    slice_str(lengths[_i].text)), fixture_zone(a, KEY_AT "\"@\"\n", key));
	struct dkim_results results;

	request.params.body_length = lengths[_i].policy;
	results = fixture_verify(a, &request);
	fixture_expect(lengths[_i].tags, results, lengths[_i].why);
	ck_slice_eq(results.items[0].reason, slice_str(lengths[_i].reason));
	private_key_free(&key);
	arena_free(&a);
}
END_TEST

/* K_09: a mark for the report, whatever the outcome. */
START_TEST(K_09_testing)
{
	struct arena *a = arena_create(8u << 20);
	struct private_key *key = keys_private("ed25519.pem");
	struct slice value = fixture_craft(a, SLICE(MESSAGE), LEAST, key);
	struct verify_request request = VERIFY_REQUEST(fixture_with(a, value, SLICE(MESSAGE)),
	    fixture_zone(a, KEY_AT "\"t=y; @\"\n", key));
	struct dkim_results results = fixture_verify(a, &request);

	fixture_expect("right", results, DKIM_WHY_GOOD);
	ck_assert(results.items[0].testing);
	request.text = fixture_with(a, value, SLICE("From: x@example.org\r\n\r\nHello\r\n"));
	results = fixture_verify(a, &request);
	fixture_expect("wrong", results, DKIM_WHY_SIGNATURE_WRONG);
	ck_assert(results.items[0].testing);
	request.zone = fixture_zone(a, KEY_AT "\"@\"\n", key);
	results = fixture_verify(a, &request);
	ck_assert(!results.items[0].testing);
	private_key_free(&key);
	arena_free(&a);
}
END_TEST

/* V_06: rsa-sha1 never passes; a key that cannot be asked for is told, and decides nothing. */
static const struct {
	const char *zone;
	enum dkim_why why;
} sha1s[] = {
	{ KEY_AT "\"@\"\n", DKIM_WHY_SIG_SHA1 },
	{ "", DKIM_WHY_SIG_SHA1 },
	{ KEY_AT "!TIMEOUT\n", DKIM_WHY_KEY_TIMEOUT },
	{ KEY_AT "!SERVFAIL\n", DKIM_WHY_KEY_DNS_FAILURE },
};

START_TEST(V_06_sha1)
{
	struct arena *a = arena_create(8u << 20);
	struct private_key *key = keys_private("rsa1024.pem");
	struct slice value = fixture_craft(a, SLICE(MESSAGE),
	    "v=1; a=rsa-sha1; d=example.org; s=sel; h=From", key);
	struct verify_request request = VERIFY_REQUEST(fixture_with(a, value, SLICE(MESSAGE)),
	    fixture_zone(a, sha1s[_i].zone, key));
	struct dkim_results results = fixture_verify(a, &request);

	fixture_expect(sha1s[_i].zone, results, sha1s[_i].why);
	ck_assert(results.items[0].hopeless);
	private_key_free(&key);
	arena_free(&a);
}
END_TEST

/* What a report says, for a signature that is good and for one that is not (V_40, A_13). */
START_TEST(V_40_report)
{
	struct arena *a = arena_create(8u << 20);
	struct private_key *key = keys_private("rsa2048.pem");
	struct slice value = fixture_craft(a, SLICE(MESSAGE),
	    RSA "From; c=relaxed/simple; i=joe@sub.example.org", key);
	struct verify_request request = VERIFY_REQUEST(fixture_with(a, value, SLICE(MESSAGE)),
	    fixture_zone(a, KEY_AT "\"@\"\n", key));
	struct dkim_results results = fixture_verify(a, &request);
	struct dkim_result *r = results.items;

	fixture_expect("good", results, DKIM_WHY_GOOD);
	ck_assert(!r->hopeless);
	ck_slice_eq(r->sig.domain.name, SLICE("example.org"));
	ck_slice_eq(r->sig.selector.name, SLICE("sel"));
	ck_slice_eq(r->sig.identity, SLICE("joe@sub.example.org"));
	ck_slice_eq(r->sig.algorithm_text, SLICE("rsa-sha256"));
	ck_assert_uint_eq(r->bits, 2048);
	ck_assert_uint_eq(r->header_b.len, 8);
	ck_slice_eq(r->header_b, slice_take(r->sig.b_compact, 8));
	ck_slice_eq(r->field->name, SLICE("DKIM-Signature"));

	request.zone = KEY_AT "!TIMEOUT\n";
	results = fixture_verify(a, &request);
	fixture_expect("time-out", results, DKIM_WHY_KEY_TIMEOUT);
	ck_slice_eq(results.items[0].sig.domain.name, SLICE("example.org"));
	ck_slice_eq(results.items[0].reason, SLICE("key look-up timed out"));
	private_key_free(&key);
	arena_free(&a);
}
END_TEST

/* A resolver that validates: every name has the same record, with AD set or not. */
struct validating {
	struct slice record;
	bool authentic;
};

static void ask_validating(void *ctx, struct dns_question *question, const char *name,
    enum dns_type type)
{
	const struct validating *world = ctx;
	struct dns_answer *answer;
	char *text;

	(void)name;
	(void)type;
	answer = dns_answer_new(DNS_FOUND, 1, world->record.len, &text);
	ck_assert_ptr_nonnull(answer);
	memcpy(text, world->record.ptr, world->record.len);
	answer->records[0].text = slice_of(text, world->record.len);
	answer->authentic = world->authentic;
	resolver_deliver(question, answer);
}

static void free_nothing(void *ctx)
{
	(void)ctx;
}

START_TEST(authentic_key)
{
	static const struct dns_backend backend = { .ask = ask_validating,
		.free = free_nothing };
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct private_key *key = keys_private("ed25519.pem");
	struct validating world = { fixture_record(a, key), _i == 1 };
	struct slice value = fixture_craft(a, SLICE(MESSAGE), LEAST, key);
	struct verify_request request = VERIFY_REQUEST(fixture_with(a, value, SLICE(MESSAGE)),
	    NULL);
	struct resolver_params uncached = { 0 };
	struct dkim_results results;

	request.resolver = resolver_new(&backend, &world, &uncached);
	results = fixture_verify(a, &request);
	fixture_expect("authentic", results, DKIM_WHY_GOOD);
	ck_assert(results.items[0].authentic == world.authentic);
	private_key_free(&key);
	arena_free(&a);
}
END_TEST

/* Without memory nothing is ever a pass, and it is said. */
START_TEST(out_of_memory)
{
	struct arena *big = arena_create(8u << 20);
	struct private_key *key = keys_private("ed25519.pem");
	struct slice value = fixture_craft(big, SLICE(MESSAGE), LEAST, key);
	struct slice text = fixture_with(big, value, SLICE(MESSAGE));
	size_t passed = 0, failed = 0;

	for (size_t ceiling = 2000; ceiling < 16000; ceiling += 100) {
		struct arena *a = arena_create(ceiling);
		struct dkim_verify_params params = DKIM_VERIFY_DEFAULTS;
		struct dkim_results results = { 0 };
		struct bodyhashes *set = bodyhashes_new(a);
		struct resolver *resolver = NULL;
		struct dkim_verifier *v;
		struct lookups *lookups;
		struct err err = ERR_INIT;
		struct message m;

		ck_assert_int_eq(resolver_zonetext("zone",
		    slice_str(fixture_zone(big, KEY_AT "\"@\"\n", key)), &resolver, &err), RC_OK);
		lookups = lookups_new(resolver, 1000);
		message_init(&m, a);
		read_headers(&m, text);
		v = set == NULL ? NULL : dkim_verifier_new(&m, &params, lookups, set);
		if (v != NULL) {
			for (size_t i = 0; i < m.count; i++)
				if (slice_ieq(m.headers[i].name, SLICE("DKIM-Signature")))
					dkim_verifier_field(v, i);
			dkim_verifier_headers_done(v, NULL, 0);
			bodyhashes_feed(set, SLICE("Hello\r\n"));
			ck_assert_int_eq(bodyhashes_end(set), RC_OK);
			if (dkim_verifier_end(v, NOW, &results) != RC_OK)
				failed++;
			else if (results.count == 1 && results.items[0].result == AUTH_PASS)
				passed++;
			else
				ck_assert_msg(m.exceeded != MESSAGE_FITS,
				    "ceiling %zu: %zu results", ceiling, results.count);
		}
		lookups_release(&lookups);
		resolver_free(&resolver);
		arena_free(&a);
	}
	ck_assert(passed > 0);
	ck_assert(failed > 0);
	private_key_free(&key);
	arena_free(&big);
}
END_TEST

/* V_35: what a look-up alone says; trouble of our own is not the signer's. */
static const struct {
	enum dns_status status;
	enum dkim_why why;
} answers[] = {
	{ DNS_FOUND, DKIM_WHY_GOOD }, { DNS_NXDOMAIN, DKIM_WHY_KEY_NONE },
	{ DNS_NODATA, DKIM_WHY_KEY_NONE }, { DNS_SERVFAIL, DKIM_WHY_KEY_DNS_FAILURE },
	{ DNS_TIMEOUT, DKIM_WHY_KEY_TIMEOUT }, { DNS_BADNAME, DKIM_WHY_SIG_DOMAIN },
	{ DNS_LIMIT, DKIM_WHY_SIG_TOO_MANY }, { DNS_LOCAL_TROUBLE, DKIM_WHY_KEY_LOCAL },
};

START_TEST(V_35_answers)
{
	const struct dns_answer answer = { .status = answers[_i].status };

	ck_assert_int_eq(dkim_check_answer(&answer), answers[_i].why);
	if (answers[_i].status == DNS_LOCAL_TROUBLE)
		ck_assert_int_eq(dkim_why_result(answers[_i].why), AUTH_TEMPERROR);
}
END_TEST

Suite *verify_suite(void)
{
	Suite *s = suite_create("verify");

	UNIT_TABLE(s, judges, rows);
	UNIT_TEST(s, changed_signature_field);
	UNIT_TABLE(s, V_06_sha1, sha1s);
	UNIT_TEST(s, V_07_short_key);
	UNIT_TABLE(s, A_25_minimum_bits, minimums);
	UNIT_TABLE(s, V_19_length_policy, lengths);
	UNIT_TEST(s, K_09_testing);
	UNIT_TEST(s, V_40_report);
	unit_table(s, "authentic_key", authentic_key, 2);
	UNIT_TEST(s, out_of_memory);
	UNIT_TABLE(s, V_35_answers, answers);
	return s;
}

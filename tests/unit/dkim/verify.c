#include <stdlib.h>

#include "base/limits.h"
#include "dns/backend.h"
#include "dns/zonefile.h"
#include "mail/reader.h"

#include "fixture.h"
#include "suites.h"

#define MESSAGE "From: Joe <joe@example.org>\r\nTo: suzie@example.net\r\nSubject: dinner\r\n\r\nHello\r\n"
#define LEAST   "v=1; a=ed25519-sha256; d=example.org; s=sel; h=From:To:Subject"
#define RELAXED LEAST "; c=relaxed/relaxed"
#define KEY_AT  "sel._domainkey.example.org TXT "

/* "@" in a zone stands for the record of the key that signs. */
static const char *zone_with_key(struct arena *a, const char *zone, const struct private_key *key)
{
	struct buf out = BUF_INIT(64u * 1024);

	for (const char *p = zone; *p != '\0'; p++)
		if (*p == '@')
			buf_add(&out, fixture_record(a, key));
		else
			buf_add_char(&out, *p);
	return arena_take_buf(a, &out).ptr;
}

/* --- right signatures and what makes them wrong ------------------------------------------------ */

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
	{ "V_09 ed25519", DKIM_WHY_GOOD, NULL, NULL, NULL, NULL, NULL, 0 },
	{ "V_08 RSA 1024", DKIM_WHY_GOOD, "v=1; a=rsa-sha256; d=example.org; s=sel; h=From", NULL, NULL,
	    NULL, "rsa1024.pem", 0 },
	{ "V_08 RSA 2048", DKIM_WHY_GOOD, "v=1; a=rsa-sha256; d=example.org; s=sel; h=From", NULL, NULL,
	    NULL, "rsa2048.pem", 0 },
	{ "V_08 RSA 4096", DKIM_WHY_GOOD, "v=1; a=rsa-sha256; d=example.org; s=sel; h=From", NULL, NULL,
	    NULL, "rsa4096.pem", 0 },
	{ "V_11 relaxed", DKIM_WHY_GOOD, RELAXED, NULL, NULL, NULL, NULL, 0 },
	{ "V_11 simple/relaxed", DKIM_WHY_GOOD, LEAST "; c=simple/relaxed", NULL, NULL, NULL, NULL, 0 },
	{ "V_12 c=relaxed", DKIM_WHY_GOOD, LEAST "; c=relaxed", NULL, NULL, NULL, NULL, 0 },
	{ "V_29 unknown tag", DKIM_WHY_GOOD, LEAST "; foo=bar", NULL, NULL, NULL, NULL, 0 },
	{ "V_23 q= with others", DKIM_WHY_GOOD, LEAST "; q=x:dns/txt", NULL, NULL, NULL, NULL, 0 },
	{ "V_24 names of any case", DKIM_WHY_GOOD, "v=1; a=ed25519-sha256; d=example.org; s=sel; "
	    "h=fRoM : TO:subject", NULL, NULL, NULL, NULL, 0 },
	{ "V_25 names that are not there", DKIM_WHY_GOOD, LEAST ":From:X:Y:X", NULL, NULL, NULL, NULL,
	    0 },
	{ "V_20 s= of two labels", DKIM_WHY_GOOD, "v=1; a=ed25519-sha256; d=example.org; s=a.b; h=From",
	    "a.b._domainkey.example.org TXT \"@\"\n", NULL, NULL, NULL, 0 },
	{ "V_20 d= and s= of any case", DKIM_WHY_GOOD, "v=1; a=ed25519-sha256; d=EXAMPLE.org; s=SEL; "
	    "h=From", NULL, NULL, NULL, NULL, 0 },
	{ "G_12 U-label", DKIM_WHY_GOOD, "v=1; a=ed25519-sha256; d=b\xc3\xbc" "cher.example; s=sel; "
	    "h=From", "sel._domainkey.xn--bcher-kva.example TXT \"@\"\n", NULL, NULL, NULL, 0 },
	{ "G_07 record in pieces", DKIM_WHY_GOOD, NULL, KEY_AT "\"v=DK\" \"IM1; \" \"@\"\n", NULL, NULL,
	    NULL, 0 },
	{ "G_08 no body", DKIM_WHY_GOOD, NULL, NULL, "From: a@example.org\r\nTo: b\r\n\r\n",
	    "From: a@example.org\r\nTo: b\r\n", NULL, 0 },

	{ "V_28 body changed", DKIM_WHY_BODY_HASH, NULL, NULL, NULL, "From: Joe <joe@example.org>\r\n"
	    "To: suzie@example.net\r\nSubject: dinner\r\n\r\nHallo\r\n", NULL, 0 },
	{ "V_28 body longer", DKIM_WHY_BODY_HASH, NULL, NULL, NULL, MESSAGE "More\r\n", NULL, 0 },
	{ "V_33 blanks in a relaxed body", DKIM_WHY_GOOD, RELAXED, NULL, NULL,
	    "From: Joe <joe@example.org>\r\nTo: suzie@example.net\r\nSubject: dinner\r\n\r\n"
	    "Hello \t\r\n\r\n\r\n", NULL, 0 },
	{ "V_32 blanks in a simple body", DKIM_WHY_BODY_HASH, NULL, NULL, NULL,
	    "From: Joe <joe@example.org>\r\nTo: suzie@example.net\r\nSubject: dinner\r\n\r\n"
	    "Hello \r\n", NULL, 0 },
	{ "signed field changed", DKIM_WHY_SIGNATURE_WRONG, NULL, NULL, NULL,
	    "From: Joe <joe@example.org>\r\nTo: suzie@example.net\r\nSubject: Dinner\r\n\r\nHello\r\n",
	    NULL, 0 },
	{ "signed field gone", DKIM_WHY_SIGNATURE_WRONG, NULL, NULL, NULL,
	    "From: Joe <joe@example.org>\r\nTo: suzie@example.net\r\n\r\nHello\r\n", NULL, 0 },
	{ "unsigned field changed", DKIM_WHY_GOOD, "v=1; a=ed25519-sha256; d=example.org; s=sel; h=From",
	    NULL, NULL, "From: Joe <joe@example.org>\r\nSubject: other\r\n\r\nHello\r\n", NULL, 0 },
	{ "V_31 relaxed fields reshaped", DKIM_WHY_GOOD, RELAXED, NULL, NULL,
	    "FROM :  Joe\r\n\t <joe@example.org>  \r\nTo:suzie@example.net\r\nsubject:\r\n\tdinner\t\r\n"
	    "\r\nHello\r\n", NULL, 0 },
	{ "V_31 simple fields reshaped", DKIM_WHY_SIGNATURE_WRONG, NULL, NULL, NULL,
	    "From:  Joe <joe@example.org>\r\nTo: suzie@example.net\r\nSubject: dinner\r\n\r\nHello\r\n",
	    NULL, 0 },
	{ "simple: name in other case", DKIM_WHY_SIGNATURE_WRONG, NULL, NULL, NULL,
	    "FROM: Joe <joe@example.org>\r\nTo: suzie@example.net\r\nSubject: dinner\r\n\r\nHello\r\n",
	    NULL, 0 },
	{ "fields in another order", DKIM_WHY_GOOD, NULL, NULL, NULL,
	    "Subject: dinner\r\nFrom: Joe <joe@example.org>\r\nX: y\r\nTo: suzie@example.net\r\n\r\n"
	    "Hello\r\n", NULL, 0 },

	{ "V_25 the last of three", DKIM_WHY_GOOD, "v=1; a=ed25519-sha256; d=example.org; s=sel; "
	    "h=From:X", NULL, "From: a@example.org\r\nX: 1\r\nX: 2\r\nX: 3\r\n\r\n",
	    "From: a@example.org\r\nX: other\r\nX: 3\r\n\r\n", NULL, 0 },
	{ "V_25 two of three, from below", DKIM_WHY_GOOD, "v=1; a=ed25519-sha256; d=example.org; s=sel; "
	    "h=From:X:X", NULL, "From: a@example.org\r\nX: 1\r\nX: 2\r\nX: 3\r\n\r\n",
	    "X: 2\r\nFrom: a@example.org\r\nX: 3\r\n\r\n", NULL, 0 },
	{ "V_25 two swapped", DKIM_WHY_SIGNATURE_WRONG, "v=1; a=ed25519-sha256; d=example.org; s=sel; "
	    "h=From:X:X", NULL, "From: a@example.org\r\nX: 2\r\nX: 3\r\n\r\n",
	    "From: a@example.org\r\nX: 3\r\nX: 2\r\n\r\n", NULL, 0 },
	{ "V_25 one added above", DKIM_WHY_GOOD, "v=1; a=ed25519-sha256; d=example.org; s=sel; "
	    "h=From:Subject", NULL, NULL, "Subject: more\r\n" MESSAGE, NULL, 0 },
	{ "V_26 one added, oversigned", DKIM_WHY_SIGNATURE_WRONG, "v=1; a=ed25519-sha256; "
	    "d=example.org; s=sel; h=From:Subject:Subject", NULL, NULL, "Subject: more\r\n" MESSAGE,
	    NULL, 0 },
	{ "V_26 one added below, oversigned", DKIM_WHY_SIGNATURE_WRONG, "v=1; a=ed25519-sha256; "
	    "d=example.org; s=sel; h=From:X:X", NULL, "From: a@example.org\r\nX: 1\r\n\r\n",
	    "From: a@example.org\r\nX: 1\r\nX: 2\r\n\r\n", NULL, 0 },
	{ "V_26 second From, oversigned", DKIM_WHY_SIGNATURE_WRONG, "v=1; a=ed25519-sha256; "
	    "d=example.org; s=sel; h=From:From", NULL, NULL, "From: evil@example.com\r\n" MESSAGE, NULL,
	    0 },
	{ "V_03 second From, signed once", DKIM_WHY_SIG_FROM_UNSIGNED, NULL, NULL, NULL,
	    "From: evil@example.com\r\n" MESSAGE, NULL, 0 },
	{ "V_03 no From at all", DKIM_WHY_SIG_FROM_UNSIGNED, NULL, NULL, "To: x\r\n\r\n", "To: x\r\n\r\n",
	    NULL, 0 },
	{ "own field named in h=", DKIM_WHY_GOOD, "v=1; a=ed25519-sha256; d=example.org; s=sel; "
	    "h=From:DKIM-Signature", NULL, NULL, NULL, NULL, 0 },

	{ "V_13 not yet expired", DKIM_WHY_GOOD, LEAST "; t=100; x=1000", NULL, NULL, NULL, NULL, 1300 },
	{ "V_13 expired", DKIM_WHY_SIG_EXPIRED, LEAST "; t=100; x=1000", NULL, NULL, NULL, NULL, 1301 },
	{ "V_16 never expires", DKIM_WHY_GOOD, LEAST "; x=9999999999999999999999", NULL, NULL, NULL,
	    NULL, NOW },
	{ "V_14 a little in the future", DKIM_WHY_GOOD, LEAST "; t=1000", NULL, NULL, NULL, NULL, 700 },
	{ "V_14 in the future", DKIM_WHY_SIG_FUTURE, LEAST "; t=1000", NULL, NULL, NULL, NULL, 699 },
	{ "V_16 infinitely in the future", DKIM_WHY_SIG_FUTURE, LEAST "; t=9999999999999999999999", NULL,
	    NULL, NULL, NULL, NOW },

	{ "V_19 l= covers all", DKIM_WHY_GOOD, LEAST "; l=7", NULL, NULL, NULL, NULL, 0 },
	{ "V_19 l= covers less", DKIM_WHY_BODY_LENGTH_REFUSED, LEAST "; l=5", NULL, NULL, NULL, NULL, 0 },
	{ "V_19 l=0", DKIM_WHY_BODY_LENGTH_REFUSED, LEAST "; l=0", NULL, NULL, NULL, NULL, 0 },
	{ "V_19 text added", DKIM_WHY_BODY_LENGTH_REFUSED, LEAST "; l=7", NULL, NULL, MESSAGE "More\r\n",
	    NULL, 0 },
	{ "V_18 l= beyond", DKIM_WHY_BODY_LENGTH_TOO_LONG, LEAST "; l=8", NULL, NULL, NULL, NULL, 0 },
	{ "V_18 body cut", DKIM_WHY_BODY_LENGTH_TOO_LONG, LEAST "; l=7", NULL, NULL,
	    "From: Joe <joe@example.org>\r\nTo: suzie@example.net\r\nSubject: dinner\r\n\r\nHell\r\n",
	    NULL, 0 },
	{ "V_17 l= beyond measure", DKIM_WHY_BODY_LENGTH_TOO_LONG, LEAST "; l=18446744073709551617", NULL,
	    NULL, NULL, NULL, 0 },
	{ "l= over a relaxed body", DKIM_WHY_GOOD, RELAXED "; l=7", NULL, NULL,
	    "From: Joe <joe@example.org>\r\nTo: suzie@example.net\r\nSubject: dinner\r\n\r\n"
	    "Hello  \r\n\r\n", NULL, 0 },

	{ "V_35 key timed out", DKIM_WHY_KEY_TIMEOUT, NULL, KEY_AT "!TIMEOUT\n", NULL, NULL, NULL, 0 },
	{ "V_35 SERVFAIL", DKIM_WHY_KEY_DNS_FAILURE, NULL, KEY_AT "!SERVFAIL\n", NULL, NULL, NULL, 0 },
	{ "V_35 REFUSED", DKIM_WHY_KEY_DNS_FAILURE, NULL, KEY_AT "!REFUSED\n", NULL, NULL, NULL, 0 },
	{ "V_36 NXDOMAIN", DKIM_WHY_KEY_NONE, NULL, "example.org TXT \"x\"\n", NULL, NULL, NULL, 0 },
	{ "V_36 no data", DKIM_WHY_KEY_NONE, NULL, "sel._domainkey.example.org A 192.0.2.1\n", NULL, NULL,
	    NULL, 0 },
	{ "broken, and the key times out", DKIM_WHY_BODY_HASH, NULL, KEY_AT "!TIMEOUT\n", NULL,
	    MESSAGE "More\r\n", NULL, 0 },
	{ "expired, and the key times out", DKIM_WHY_SIG_EXPIRED, LEAST "; x=5", KEY_AT "!TIMEOUT\n",
	    NULL, NULL, NULL, 0 },
	{ "expired and broken", DKIM_WHY_SIG_EXPIRED, LEAST "; x=5", NULL, NULL, MESSAGE "More\r\n", NULL,
	    0 },
	{ "l= refused, and the key times out", DKIM_WHY_BODY_LENGTH_REFUSED, LEAST "; l=1",
	    KEY_AT "!TIMEOUT\n", NULL, NULL, NULL, 0 },
	{ "V_37 one of two", DKIM_WHY_GOOD, NULL, KEY_AT "\"k=ed25519; p=\"\n" KEY_AT "\"@\"\n", NULL, NULL,
	    NULL, 0 },
	{ "V_37 the first of two", DKIM_WHY_GOOD, NULL, KEY_AT "\"@\"\n" KEY_AT "\"k=ed25519; p=\"\n", NULL,
	    NULL, NULL, 0 },
	{ "V_37 the fourth", DKIM_WHY_GOOD, NULL, KEY_AT "\"a\"\n" KEY_AT "\"b\"\n" KEY_AT "\"c\"\n"
	    KEY_AT "\"@\"\n", NULL, NULL, NULL, 0 },
	{ "V_37 the fifth", DKIM_WHY_KEY_SYNTAX, NULL, KEY_AT "\"a\"\n" KEY_AT "\"b\"\n" KEY_AT "\"c\"\n"
	    KEY_AT "\"d\"\n" KEY_AT "\"@\"\n", NULL, NULL, NULL, 0 },
	{ "V_37 the best reason", DKIM_WHY_KEY_REVOKED, NULL, KEY_AT "\"a\"\n" KEY_AT
	    "\"k=ed25519; p=\"\n" KEY_AT "\"v=spf1 -all\"\n", NULL, NULL, NULL, 0 },
	{ "V_37 a wildcard for something else", DKIM_WHY_KEY_VERSION, NULL,
	    "*.example.org TXT \"v=spf1 -all\"\n", NULL, NULL, NULL, 0 },
	{ "another's key", DKIM_WHY_SIGNATURE_WRONG, NULL, KEY_AT
	    "\"k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n", NULL, NULL, NULL, 0 },

	{ "K_01 v=DKIM1", DKIM_WHY_GOOD, NULL, KEY_AT "\"v=DKIM1; @\"\n", NULL, NULL, NULL, 0 },
	{ "K_01 v=DKIM2", DKIM_WHY_KEY_VERSION, NULL, KEY_AT "\"v=DKIM2; @\"\n", NULL, NULL, NULL, 0 },
	{ "K_01 v= behind", DKIM_WHY_KEY_SYNTAX, NULL, KEY_AT "\"@; v=DKIM1\"\n", NULL, NULL, NULL, 0 },
	{ "K_03 unknown k=", DKIM_WHY_KEY_TYPE, NULL, KEY_AT "\"k=foobar; p=Zm9v\"\n", NULL, NULL, NULL,
	    0 },
	{ "K_04 k=rsa for ed25519", DKIM_WHY_KEY_TYPE, NULL, KEY_AT "\"k=rsa; p=Zm9v\"\n", NULL, NULL, NULL,
	    0 },
	{ "K_04 k= absent for ed25519", DKIM_WHY_KEY_TYPE, NULL, KEY_AT "\"p=Zm9v\"\n", NULL, NULL, NULL,
	    0 },
	{ "K_05 h=sha1", DKIM_WHY_KEY_HASH, NULL, KEY_AT "\"h=sha1; @\"\n", NULL, NULL, NULL, 0 },
	{ "K_05 h=sha1:sha256", DKIM_WHY_GOOD, NULL, KEY_AT "\"h=sha1:sha256; @\"\n", NULL, NULL, NULL, 0 },
	{ "K_06 s=tlsrpt", DKIM_WHY_KEY_SERVICE, NULL, KEY_AT "\"s=tlsrpt; @\"\n", NULL, NULL, NULL, 0 },
	{ "K_06 s=email", DKIM_WHY_GOOD, NULL, KEY_AT "\"s=email; @\"\n", NULL, NULL, NULL, 0 },
	{ "K_07 revoked", DKIM_WHY_KEY_REVOKED, NULL, KEY_AT "\"k=ed25519; p=\"\n", NULL, NULL, NULL, 0 },
	{ "K_08 no p=", DKIM_WHY_KEY_SYNTAX, NULL, KEY_AT "\"k=ed25519\"\n", NULL, NULL, NULL, 0 },
	{ "K_10 t=s, i= in d=", DKIM_WHY_GOOD, LEAST "; i=joe@example.org", KEY_AT "\"t=s; @\"\n", NULL,
	    NULL, NULL, 0 },
	{ "K_10 t=s, i= below", DKIM_WHY_KEY_STRICT_IDENTITY, LEAST "; i=@a.example.org",
	    KEY_AT "\"t=s; @\"\n", NULL, NULL, NULL, 0 },
	{ "K_10 i= below", DKIM_WHY_GOOD, LEAST "; i=@a.example.org", NULL, NULL, NULL, NULL, 0 },
	{ "K_13 key of 33 octets", DKIM_WHY_KEY_SYNTAX, NULL, KEY_AT
	    "\"k=ed25519; p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n", NULL, NULL, NULL, 0 },
	{ "K_13 key as SubjectPublicKeyInfo", DKIM_WHY_KEY_SYNTAX, NULL, KEY_AT "\"k=ed25519; "
	    "p=MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n", NULL, NULL, NULL, 0 },
	{ "K_14 rubbish", DKIM_WHY_KEY_SYNTAX, NULL, KEY_AT "\"k=ed25519; p=!\"\n", NULL, NULL, NULL, 0 },
};

START_TEST(judges)
{
	struct arena *a = arena_create(8u << 20);
	const struct row *row = &rows[_i];
	struct private_key *key = fixture_key(row->key == NULL ? "ed25519.pem" : row->key);
	struct slice signed_text = slice_str(row->signed_text == NULL ? MESSAGE : row->signed_text);
	struct slice text = row->text == NULL ? signed_text : slice_str(row->text);
	struct slice value = fixture_craft(a, signed_text, row->tags == NULL ? LEAST : row->tags, key);
	struct verify_request request = VERIFY_REQUEST(fixture_with(a, value, text),
	    zone_with_key(a, row->zone == NULL ? KEY_AT "\"@\"\n" : row->zone, key));
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
	struct private_key *key = fixture_key("ed25519.pem");
	struct slice value = fixture_craft(a, SLICE(MESSAGE), RELAXED "; foo=bar; t=5; z=x", key);
	char *copy = calloc(1, value.len + 1);
	struct verify_request request = VERIFY_REQUEST(SLICE_NULL,
	    zone_with_key(a, "sel._domainkey.example.org TXT \"@\"\n", key));

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

/* --- settings --------------------------------------------------------------------------------- */

/* V_07: a right signature by a key of 512 bits, which nothing here would make. */
#define SHORT_KEY "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAJU/DTSbu1gNgord3eApwlKHv6kw6QygxRmB7vZmoRkIhJagKSZw" \
	"fmnobPzurn8ymqnSzaWHLpJOy6BqnUKT5IUCAwEAAQ=="
#define SHORT_SIGNATURE " v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=sel; h=From:To:Subject; " \
	"bh=Ba3gj8+xBPQLJTahTfzW6RbWQ/XPgESxkCi2B66PSQg=; b=HUk9vNsAeVOfLkYFcvnqMYmion77gezr8cS7qi0w" \
	"t1YHa2P50RA3c27lBvxYHMMQ8lNWXm1d/e2eJLh/AMb9rg=="

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
	{ "rsa1024.pem", "v=1; a=rsa-sha256; d=example.org; s=sel; h=From", 1024, MESSAGE,
	    DKIM_WHY_GOOD, "good signature" },
	{ "rsa1024.pem", "v=1; a=rsa-sha256; d=example.org; s=sel; h=From", 1025, MESSAGE,
	    DKIM_WHY_KEY_BELOW_MINIMUM, "key shorter than required here: 1024 bits" },
	{ "rsa1024.pem", "v=1; a=rsa-sha256; d=example.org; s=sel; h=From", 2048,
	    "From: evil@example.org\r\n\r\nHello\r\n", DKIM_WHY_SIGNATURE_WRONG,
	    "signature did not verify" },
	{ "rsa2048.pem", "v=1; a=rsa-sha256; d=example.org; s=sel; h=From", 2048, MESSAGE,
	    DKIM_WHY_GOOD, "good signature" },
	{ "ed25519.pem", LEAST, 4096, MESSAGE, DKIM_WHY_GOOD, "good signature" },
};

START_TEST(A_25_minimum_bits)
{
	struct arena *a = arena_create(8u << 20);
	struct private_key *key = fixture_key(minimums[_i].key);
	struct slice value = fixture_craft(a, SLICE(MESSAGE), minimums[_i].tags, key);
	struct verify_request request = VERIFY_REQUEST(fixture_with(a, value,
	    slice_str(minimums[_i].text)), zone_with_key(a, KEY_AT "\"@\"\n", key));
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
	    "l= is beyond the body" },
	{ LEAST "; l=5", "From: Joe <joe@example.org>\r\nTo: suzie@example.net\r\nSubject: dinner\r\n\r\n"
	    "Hallo\r\n", DKIM_LENGTH_ALLOW, DKIM_WHY_BODY_HASH, "body hash did not verify" },
};

START_TEST(V_19_length_policy)
{
	struct arena *a = arena_create(8u << 20);
	struct private_key *key = fixture_key("ed25519.pem");
	struct slice value = fixture_craft(a, SLICE(MESSAGE), lengths[_i].tags, key);
	struct verify_request request = VERIFY_REQUEST(fixture_with(a, value,
	    slice_str(lengths[_i].text)), zone_with_key(a, KEY_AT "\"@\"\n", key));
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
	struct private_key *key = fixture_key("ed25519.pem");
	struct slice value = fixture_craft(a, SLICE(MESSAGE), LEAST, key);
	struct verify_request request = VERIFY_REQUEST(fixture_with(a, value, SLICE(MESSAGE)),
	    zone_with_key(a, KEY_AT "\"t=y; @\"\n", key));
	struct dkim_results results = fixture_verify(a, &request);

	fixture_expect("right", results, DKIM_WHY_GOOD);
	ck_assert(results.items[0].testing);
	request.text = fixture_with(a, value, SLICE("From: x@example.org\r\n\r\nHello\r\n"));
	results = fixture_verify(a, &request);
	fixture_expect("wrong", results, DKIM_WHY_SIGNATURE_WRONG);
	ck_assert(results.items[0].testing);
	request.zone = zone_with_key(a, KEY_AT "\"@\"\n", key);
	results = fixture_verify(a, &request);
	ck_assert(!results.items[0].testing);
	private_key_free(&key);
	arena_free(&a);
}
END_TEST

/* What a report says, for a signature that is good and for one that is not (V_40, A_13). */
START_TEST(V_40_report)
{
	struct arena *a = arena_create(8u << 20);
	struct private_key *key = fixture_key("rsa2048.pem");
	struct slice value = fixture_craft(a, SLICE(MESSAGE), "v=1; a=rsa-sha256; c=relaxed/simple; "
	    "d=example.org; s=sel; i=joe@sub.example.org; h=From", key);
	struct verify_request request = VERIFY_REQUEST(fixture_with(a, value, SLICE(MESSAGE)),
	    zone_with_key(a, KEY_AT "\"@\"\n", key));
	struct dkim_results results = fixture_verify(a, &request);
	struct dkim_result *r = results.items;

	fixture_expect("good", results, DKIM_WHY_GOOD);
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

/* --- several signatures ------------------------------------------------------------------------ */

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
	static const enum dkim_why want[] = { DKIM_WHY_SIG_SYNTAX, DKIM_WHY_GOOD, DKIM_WHY_SIG_ALGORITHM,
		DKIM_WHY_GOOD, DKIM_WHY_KEY_NONE, DKIM_WHY_SIGNATURE_WRONG, DKIM_WHY_SIG_SYNTAX };
	struct arena *a = arena_create(8u << 20);
	struct private_key *key = fixture_key("ed25519.pem"), *rsa = fixture_key("rsa1024.pem");
	struct slice good = fixture_craft(a, SLICE(MESSAGE), LEAST, key);
	struct slice text = SLICE(MESSAGE);
	struct verify_request request = VERIFY_REQUEST(SLICE_NULL, zone_with_key(a,
	    KEY_AT "\"@\"\nwrong._domainkey.example.org TXT \"k=ed25519; "
	    "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n", key));
	struct slice record = fixture_record(a, rsa);
	struct dkim_results results;

	text = fixture_with(a, SLICE(""), text);
	text = fixture_with(a, fixture_craft(a, SLICE(MESSAGE), "v=1; a=ed25519-sha256; d=example.org; "
	    "s=wrong; h=From", key), text);
	text = fixture_with(a, fixture_craft(a, SLICE(MESSAGE), "v=1; a=ed25519-sha256; d=example.org; "
	    "s=none; h=From", key), text);
	text = fixture_with(a, fixture_craft(a, SLICE(MESSAGE), "v=1; a=rsa-sha256; d=example.org; "
	    "s=rsa; h=From", rsa), text);
	text = fixture_with(a, fixture_craft(a, SLICE(MESSAGE), "v=1; a=dsa-sha1; d=example.org; s=sel; "
	    "h=From", key), text);
	text = fixture_with(a, good, text);
	text = fixture_with(a, SLICE(" v=1; a"), text);
	request.text = text;
	request.zone = arena_printf(a, "%srsa._domainkey.example.org TXT \"%.*s\"\n", request.zone,
	    SLICE_ARG(record)).ptr;
	results = fixture_verify(a, &request);
	ck_assert_uint_eq(results.count, N_ELEMENTS(want));
	for (size_t i = 0; i < results.count; i++)
		ck_assert_msg(results.items[i].why == want[i], "%zu: got \"%s\"", i,
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
	{ "below and above", { "a.net", "m.example.org", "org.net", "example.org", "x.a.example.org" },
	    "a.example.org", 2, "00011" },
	{ "author before those near it", { "example.org", "x.a.example.org", "a.example.org" },
	    "a.example.org", 1, "001" },
	{ "neighbour before strangers", { "a.net", "b.example.org", "c.net" }, "a.example.org", 1, "010" },
	{ "rest in order", { "a.net", "b.net", "example.org", "c.net" }, "example.org", 2, "1010" },
	{ "not even one", { "example.org" }, "example.org", 0, "0" },
};

START_TEST(V_39_choice)
{
	struct arena *a = arena_create(8u << 20);
	struct private_key *key = fixture_key("ed25519.pem");
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
		enum dkim_why want = many[_i].passes[i] == '1' ? DKIM_WHY_GOOD : DKIM_WHY_SIG_TOO_MANY;

		ck_assert_msg(results.items[i].why == want, "%s: signature %zu: \"%s\"", many[_i].name, i,
		    dkim_why_text(results.items[i].why));
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
	struct private_key *key = fixture_key("ed25519.pem");
	struct slice value = fixture_craft(a, SLICE(MESSAGE), LEAST, key);
	struct buf text = BUF_INIT(16u << 20);
	struct verify_request request = VERIFY_REQUEST(SLICE_NULL,
	    zone_with_key(a, KEY_AT "\"@\"\n", key));
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
		message_add_header(&m, SLICE("DKIM-Signature"), arena_printf(a, "v=1; a=rsa-sha256; b=Zm9v; "
		    "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; h=From; s=s%zu; d=%s", i,
		    i < 40 ? "a.example" : "author.example"));
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
	struct private_key *key = fixture_key("ed25519.pem");
	struct validating world = { fixture_record(a, key), _i == 1 };
	struct verify_request request = VERIFY_REQUEST(fixture_with(a, fixture_craft(a, SLICE(MESSAGE),
	    LEAST, key), SLICE(MESSAGE)), NULL);
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

/* Different l= each, all allowed: hashes are limited too. */
START_TEST(V_39_body_hashes)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct private_key *key = fixture_key("ed25519.pem");
	struct slice text = SLICE(MESSAGE);
	struct verify_request request = VERIFY_REQUEST(SLICE_NULL,
	    zone_with_key(a, KEY_AT "\"@\"\n", key));
	struct dkim_results results;
	size_t passed = 0, tags = LIMIT_BODY_HASHES + 2;

	for (size_t i = 0; i < tags; i++)
		text = fixture_with(a, fixture_craft(a, SLICE(MESSAGE),
		    arena_printf(a, LEAST "; l=%zu", i % 7 + (i > 6 ? 100 * i : 0)).ptr, key), text);
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

/* Without memory nothing is ever a pass, and it is said. */
START_TEST(out_of_memory)
{
	struct arena *big = arena_create(8u << 20);
	struct private_key *key = fixture_key("ed25519.pem");
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
		    slice_str(zone_with_key(big, KEY_AT "\"@\"\n", key)), &resolver, &err), RC_OK);
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
				ck_assert_msg(m.exceeded != MESSAGE_FITS, "ceiling %zu: %zu results", ceiling,
				    results.count);
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

Suite *verify_suite(void)
{
	Suite *s = suite_create("verify");

	UNIT_TABLE(s, judges, rows);
	UNIT_TEST(s, changed_signature_field);
	UNIT_TEST(s, V_07_short_key);
	UNIT_TABLE(s, A_25_minimum_bits, minimums);
	UNIT_TABLE(s, V_19_length_policy, lengths);
	UNIT_TEST(s, K_09_testing);
	UNIT_TEST(s, V_40_report);
	UNIT_TEST(s, none);
	UNIT_TEST(s, V_38_independent);
	UNIT_TABLE(s, V_39_choice, many);
	UNIT_TEST(s, V_39_flood);
	UNIT_TEST(s, V_39_look_ups);
	UNIT_TEST(s, V_39_body_hashes);
	unit_table(s, "authentic_key", authentic_key, 2);
	UNIT_TABLE(s, A_12_header_b, short_b);
	UNIT_TEST(s, out_of_memory);
	return s;
}

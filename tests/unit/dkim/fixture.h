/*
 * fixture.h - messages signed and verified in one call, with a zone text for the DNS.
 */
#ifndef ASSAY_TEST_DKIM_FIXTURE_H
#define ASSAY_TEST_DKIM_FIXTURE_H

#include "base/buf.h"
#include "dkim/sign.h"
#include "dkim/verify.h"

#include "keys.h"
#include "unit.h"

#define NOW 1700000000

/* The message that most rows sign, and tags for it. */
#define HEAD    "From: Joe <joe@example.org>\r\nTo: suzie@example.net\r\nSubject: dinner\r\n\r\n"
#define MESSAGE HEAD "Hello\r\n"
#define ED      "v=1; a=ed25519-sha256; d=example.org; s=sel; h="
#define RSA     "v=1; a=rsa-sha256; d=example.org; s=sel; h="
#define LEAST   ED "From:To:Subject"
#define RELAXED LEAST "; c=relaxed/relaxed"
#define KEY_AT  "sel._domainkey.example.org TXT "

/* "k=rsa; p=..." as the key's record has it, in the arena. */
struct slice fixture_record(struct arena *a, const struct private_key *key);

/* zone with the record of that key for every "@". */
const char *fixture_zone(struct arena *a, const char *zone, const struct private_key *key);

/* How the body is handed over: one octet, a few, or all at once. */
#define ALL_AT_ONCE SIZE_MAX

/*
 * A signature made to order: tags are written as they are, all but bh= and b=, and these are what
 * the tags ask for.  value is that of the field to insert at the top of text.
 */
struct slice fixture_craft(struct arena *a, struct slice text, const char *tags,
    const struct private_key *key);

/* The message with the field "DKIM-Signature:" value on top, LF made CRLF. */
struct slice fixture_with(struct arena *a, struct slice value, struct slice text);

/* The value of a signature of text by the real signer, or why there is none. */
struct sign_request {
	struct slice text;
	struct dkim_sign_params params;
	bool smtputf8;
	size_t chunk;
};
enum dkim_sign_why fixture_sign(struct arena *a, const struct sign_request *request, int64_t now,
    struct slice *value_out);

struct verify_request {
	struct slice text; /* header and body */
	const char *zone;
	struct resolver *resolver; /* instead of zone; freed */
	const char *author; /* domain, or NULL */
	struct dkim_verify_params params;
	int64_t now;
	size_t chunk;
};

#define VERIFY_REQUEST(message, zone_text) { .text = message, .zone = zone_text, \
	.params = DKIM_VERIFY_DEFAULTS, .now = NOW, .chunk = ALL_AT_ONCE }

/* All results, in the arena; the DNS is gone by then. */
struct dkim_results fixture_verify(struct arena *a, const struct verify_request *request);

/* Fails, naming the row, unless there is exactly one result and it is that. */
void fixture_expect(const char *row, struct dkim_results results, enum dkim_why why);

#endif

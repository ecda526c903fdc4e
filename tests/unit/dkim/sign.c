#include <stdlib.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "crypto/keyfile.h"

#include "fixture.h"
#include "suites.h"

#define FROM_ONLY "From: a@example.org\r\n\r\n"
#define DEFAULTS  "From:From:To:Cc:Subject:Reply-To"

static struct sign_request request_for(const char *text, const struct private_key *key)
{
	return (struct sign_request){ .text = slice_str(text), .params = {
		.domain = SLICE("example.org"), .selector = SLICE("sel"), .key = key,
		.header_canon = CANON_RELAXED, .body_canon = CANON_RELAXED } };
}

/* The tags of a signature without folds, as one line. */
static struct slice unfolded(struct arena *a, struct slice value)
{
	struct header h = { SLICE_NULL, SLICE_NULL, value };

	return header_unfolded(a, &h);
}

/* h= of a signature, its folds taken out. */
static struct slice names_of(struct arena *a, struct slice value)
{
	struct dkim_signature sig;
	struct buf names = BUF_INIT(1u << 20);

	ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, value, &sig), DKIM_WHY_GOOD);
	for (size_t i = 0; i < sig.signed_count; i++)
		buf_addf(&names, "%s%.*s", i == 0 ? "" : ":", SLICE_ARG(sig.signed_names[i]));
	return arena_take_buf(a, &names);
}

/* --- tags -------------------------------------------------------------------------------- */

static const struct {
	const char *name, *key;
	struct dkim_sign_params params;
	const char *want; /* all before h= */
} tags[] = {
	{ "S_11 S_12 RSA", "rsa2048.pem", { .header_canon = CANON_RELAXED,
	    .body_canon = CANON_RELAXED },
	    "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=sel; t=1700000000;" },
	{ "S_04 ed25519", "ed25519.pem", { .header_canon = CANON_RELAXED,
	    .body_canon = CANON_SIMPLE },
	    "v=1; a=ed25519-sha256; c=relaxed/simple; d=example.org; s=sel; t=1700000000;" },
	{ "S_32 simple", "ed25519.pem", { .header_canon = CANON_SIMPLE,
	    .body_canon = CANON_SIMPLE },
	    "v=1; a=ed25519-sha256; c=simple/simple; d=example.org; s=sel; t=1700000000;" },
	{ "S_13 x=", "ed25519.pem", { .expire_after = 86400 },
	    "v=1; a=ed25519-sha256; c=simple/simple; d=example.org; s=sel; t=1700000000; "
	    "x=1700086400;" },
	{ "S_14 i=", "ed25519.pem", { .identity = { "joe@example.org", 15 } },
	    "v=1; a=ed25519-sha256; c=simple/simple; d=example.org; s=sel; t=1700000000; "
	    "i=joe@example.org;" },
	{ "S_14 i= below", "ed25519.pem", { .identity = { "@a.example.org", 14 } },
	    "v=1; a=ed25519-sha256; c=simple/simple; d=example.org; s=sel; t=1700000000; "
	    "i=@a.example.org;" },
	{ "S_14 i= elsewhere", "ed25519.pem", { .identity = { "joe@example.net", 15 } },
	    "v=1; a=ed25519-sha256; c=simple/simple; d=example.org; s=sel; t=1700000000;" },
	{ "S_14 i= without @", "ed25519.pem", { .identity = { "example.org", 11 } },
	    "v=1; a=ed25519-sha256; c=simple/simple; d=example.org; s=sel; t=1700000000;" },
	{ "G_10 i= with what must be quoted", "ed25519.pem",
	    { .identity = { "a b;c=\xc3\xbc\"\x7f@example.org", 22 } },
	    "v=1; a=ed25519-sha256; c=simple/simple; d=example.org; s=sel; t=1700000000; "
	    "i=a=20b=3Bc=3D=C3=BC\"=7F@example.org;" },
	{ "d= and s= in other case", "ed25519.pem",
	    { .domain = { "Example.ORG", 11 }, .selector = { "S1.2026", 7 } },
	    "v=1; a=ed25519-sha256; c=simple/simple; d=example.org; s=s1.2026; t=1700000000;" },
	{ "S_28 U-labels", "ed25519.pem",
	    { .domain = { "b\xc3\xbc" "cher.example", 15 }, .selector = { "f\xc3\xbcr", 4 } },
	    "v=1; a=ed25519-sha256; c=simple/simple; d=xn--bcher-kva.example; s=xn--fr-xka; "
	    "t=1700000000;" },
};

START_TEST(writes_tags)
{
	struct arena *a = arena_create(8u << 20);
	struct private_key *key = keys_private(tags[_i].key);
	struct sign_request request = request_for(FROM_ONLY, key);
	struct dkim_sign_params params = tags[_i].params;
	struct slice value, line;

	params.key = key;
	if (params.domain.len == 0)
		params.domain = request.params.domain;
	if (params.selector.len == 0)
		params.selector = request.params.selector;
	request.params = params;
	ck_assert_int_eq(fixture_sign(a, &request, NOW, &value), DKIM_SIGN_GOOD);
	line = unfolded(a, value);
	ck_assert_msg(slice_starts_with(line, arena_printf(a, "%s h=", tags[_i].want)), "%s: %.*s",
	    tags[_i].name, SLICE_ARG(line));
	ck_assert_ptr_null(strstr(line.ptr, " l=")); /* S_15 */
	private_key_free(&key);
	arena_free(&a);
}
END_TEST

/* S_29, S_30: where U-labels are written, and that the signature over them is right. */
static const struct {
	const char *name;
	bool smtputf8;
	const char *text, *d, *i;
} eai[] = {
	{ "SMTPUTF8 and a field in UTF-8", true, "From: \xc3\xbc@b\xc3\xbc"
	    "cher.example\r\n\r\nx\r\n", "d=b\xc3\xbc" "cher.example; s=f\xc3\xbcr;",
	    "i=m\xc3\xbc@b\xc3\xbc" "cher.example;" },
	{ "SMTPUTF8, all ASCII", true, "From: a@xn--bcher-kva.example\r\n\r\n\xc3\xbc\r\n",
	    "d=xn--bcher-kva.example; s=xn--fr-xka;", "i=m=C3=BC@xn--bcher-kva.example;" },
	{ "no SMTPUTF8", false, "From: \xc3\xbc@b\xc3\xbc" "cher.example\r\n\r\nx\r\n",
	    "d=xn--bcher-kva.example; s=xn--fr-xka;", "i=m=C3=BC@xn--bcher-kva.example;" },
};

START_TEST(S_29_internationalised)
{
	struct arena *a = arena_create(8u << 20);
	struct private_key *key = keys_private("ed25519.pem");
	struct sign_request request = request_for(eai[_i].text, key);
	struct verify_request check = VERIFY_REQUEST(SLICE_NULL, NULL);
	struct slice value, line;

	request.smtputf8 = eai[_i].smtputf8;
	request.params.domain = SLICE("xn--bcher-kva.example");
	request.params.selector = SLICE("xn--fr-xka");
	request.params.identity = SLICE("m\xc3\xbc@xn--bcher-kva.example");
	ck_assert_int_eq(fixture_sign(a, &request, NOW, &value), DKIM_SIGN_GOOD);
	line = unfolded(a, value);
	ck_assert_msg(strstr(line.ptr, eai[_i].d) != NULL, "%s: %s", eai[_i].name, line.ptr);
	ck_assert_msg(strstr(line.ptr, eai[_i].i) != NULL, "%s: %s", eai[_i].name, line.ptr);
	check.text = fixture_with(a, value, request.text);
	check.zone = arena_printf(a, "xn--fr-xka._domainkey.xn--bcher-kva.example TXT \"%.*s\"\n",
	    SLICE_ARG(fixture_record(a, key))).ptr;
	fixture_expect(eai[_i].name, fixture_verify(a, &check), DKIM_WHY_GOOD);
	private_key_free(&key);
	arena_free(&a);
}
END_TEST

/* --- fields ------------------------------------------------------------------------------ */

static const struct {
	const char *name, *header, *add[4], *remove[4];
	const char *want;
} fields[] = {
	{ "S_09 S_17 S_18 the least", "From: a\r\n", { 0 }, { 0 }, DEFAULTS },
	{ "S_16 S_18 the usual", "Date: x\r\nFrom: a\r\nTo: b\r\nSubject: c\r\nMessage-ID: d\r\n",
	    { 0 }, { 0 },
	    "From:From:To:To:Cc:Subject:Subject:Reply-To:Date:Date:Message-ID:Message-ID" },
	{ "S_16 repeated ones", "From: a\r\nTo: b\r\nTo: c\r\nTo: d\r\n", { 0 }, { 0 },
	    "From:From:To:To:To:To:Cc:Subject:Reply-To" },
	{ "S_18 what lists and gateways add, where present", "Sender: x\r\nFrom: a\r\nReferences: x\r\n"
	    "In-Reply-To: x\r\nMIME-Version: 1.0\r\nContent-Type: x\r\n"
	    "Content-Transfer-Encoding: x\r\n", { 0 }, { 0 },
	    DEFAULTS ":Sender:Sender:In-Reply-To:In-Reply-To:References:References:MIME-Version:"
	    "MIME-Version:Content-Type:Content-Type:Content-Transfer-Encoding:"
	    "Content-Transfer-Encoding" },
	{ "S_18 the strict way", "From: a\r\n", { "Sender", "MIME-Version", "List-Id" }, { 0 },
	    DEFAULTS ":Sender:MIME-Version:List-Id" },
	{ "S_10 S_19 S_20 S_21 never",
	    "Return-Path: x\r\nReceived: x\r\nAuthentication-Results: x\r\n"
	    "ARC-Seal: x\r\nDKIM-Signature: x\r\nComments: x\r\nKeywords: x\r\nBcc: x\r\nFrom: "
	    "a\r\n" "X-Foo: x\r\n", { 0 }, { 0 }, DEFAULTS },
	{ "S_19 S_20 S_21 never, even when told", "Received: x\r\nFrom: a\r\nARC-Seal: x\r\n",
	    { "Received", "dkim-signature", "ARC-Seal", "comments" }, { 0 }, DEFAULTS },
	{ "S_22 S_23 when they are there", "From: a\r\nList-Unsubscribe: x\r\n"
	    "List-Unsubscribe-Post: x\r\nList-Id: x\r\nCFBL-Address: x\r\nCFBL-Feedback-ID: x\r\n",
	    { 0 }, { 0 }, DEFAULTS ":List-Id:List-Id:List-Unsubscribe:List-Unsubscribe:"
	    "List-Unsubscribe-Post:List-Unsubscribe-Post:CFBL-Address:CFBL-Feedback-ID" },
	{ "each resent block", "Resent-From: x\r\nResent-From: y\r\nFrom: a\r\n", { 0 }, { 0 },
	    DEFAULTS ":Resent-From:Resent-From" },
	{ "+X that is there", "From: a\r\nX-Foo: b\r\n", { "X-Foo" }, { 0 }, DEFAULTS ":X-Foo:X-Foo"
	    },
	{ "+X that is not", "From: a\r\n", { "X-Foo" }, { 0 }, DEFAULTS ":X-Foo" },
	{ "+X twice", "From: a\r\n", { "X-Foo", "x-foo" }, { 0 }, DEFAULTS ":X-Foo" },
	{ "+ one of the defaults", "From: a\r\n", { "subject" }, { 0 }, DEFAULTS },
	{ "+ one that is signed when there", "From: a\r\nList-Id: x\r\n", { "list-id" }, { 0 },
	    DEFAULTS ":List-Id:List-Id" },
	{ "-Y", "From: a\r\nSender: b\r\n", { 0 }, { "sender", "Reply-To", "X-Foo" },
	    "From:From:To:Cc:Subject" },
	{ "S_09 -From", "From: a\r\n", { 0 }, { "From", "from" }, DEFAULTS },
	{ "+X -X", "From: a\r\n", { "X-Foo" }, { "x-foo" }, DEFAULTS },
	{ "+ no name", "From: a\r\n", { "X Foo", "", "X:Y", "X;b=" }, { 0 }, DEFAULTS },
	{ "names of any case", "fRoM: a\r\nSUBJECT: b\r\n", { 0 }, { 0 },
	    "From:From:To:Cc:Subject:Subject:Reply-To" },
};

static size_t slices_of(const char *const text[4], struct slice out[4])
{
	size_t n = 0;

	while (n < 4 && text[n] != NULL) {
		out[n] = slice_str(text[n]);
		n++;
	}
	return n;
}

START_TEST(chooses_fields)
{
	struct arena *a = arena_create(8u << 20);
	struct private_key *key = keys_private("ed25519.pem");
	struct sign_request request = request_for(arena_printf(a, "%s\r\nbody\r\n",
	    fields[_i].header).ptr, key);
	struct slice add[4], remove[4], value;
	struct sign_header_set set = { .add = add, .remove = remove };

	set.add_count = slices_of(fields[_i].add, add);
	set.remove_count = slices_of(fields[_i].remove, remove);
	request.params.fields = &set;
	ck_assert_int_eq(fixture_sign(a, &request, NOW, &value), DKIM_SIGN_GOOD);
	ck_slice_eq(names_of(a, value), slice_str(fields[_i].want));
	private_key_free(&key);
	arena_free(&a);
}
END_TEST

static const struct {
	const char *name;
	bool removing, possible;
} changes[] = {
	{ "X-Foo", false, true }, { "List-Id", false, true }, { "From", false, true },
	{ "Resent-Received", false, true }, { "ARC", false, true },
	{ "Received", false, false }, { "RETURN-PATH", false, false }, { "Comments", false, false },
	{ "Keywords", false, false }, { "DKIM-Signature", false, false }, { "bcc", false, false },
	{ "Authentication-Results", false, false }, { "ARC-Seal", false, false },
	{ "arc-message-signature", false, false }, { "ARC-", false, false },
	{ "", false, false }, { "X Foo", false, false }, { "X:", false, false }, { "X;", false,
	    false },
	{ "X\xc3\xbc", false, false },
	{ "Sender", true, true }, { "X-Foo", true, true }, { "Received", true, true },
	{ "From", true, false }, { "fROM", true, false }, { "", true, false }, { "A B", true,
	    false },
};

START_TEST(S_09_possible_changes)
{
	const char *why = dkim_sign_field_error(slice_str(changes[_i].name), changes[_i].removing);

	ck_assert_msg((why == NULL) == changes[_i].possible, "\"%s\": %s", changes[_i].name,
	    why == NULL ? "possible" : why);
}
END_TEST

static const struct {
	const char *identity, *domain;
	bool ok;
} identities[] = {
	{ "@example.org", "example.org", true }, { "joe@example.org", "EXAMPLE.org", true },
	{ "joe@a.b.example.org", "example.org", true },
	{ "@b\xc3\xbc" "cher.example", "xn--bcher-kva.example", true },
	{ "joe@example.net", "example.org", false }, { "joe@org", "example.org", false },
	{ "joe@badexample.org", "example.org", false }, { "example.org", "example.org", false },
	{ "", "example.org", false }, { "@", "example.org", false }, { "@example.org", "", false },
	{ "@exa mple.org", "example.org", false },
};

START_TEST(S_14_identities)
{
	struct arena *a = arena_create(1u << 16);

	ck_assert_msg(dkim_sign_identity_ok(a, slice_str(identities[_i].identity),
	    slice_str(identities[_i].domain)) == identities[_i].ok, "%s", identities[_i].identity);
	arena_free(&a);
}
END_TEST

/* S_07, S_24: bh= is the hash of the canonical body, and the message is as it was. */
START_TEST(S_07_body_hash)
{
	struct arena *a = arena_create(8u << 20);
	struct private_key *key = keys_private("ed25519.pem");
	struct dkim_sign_params params = request_for("", key).params;
	struct bodyhashes *set = bodyhashes_new(a);
	struct slice from = SLICE(" A  <a@example.org> ");
	struct dkim_signed made;
	struct dkim_signer *signer;
	struct dkim_signature sig;
	unsigned char hash[SHA256_OCTETS];
	struct message m;

	message_init(&m, a);
	message_add_header(&m, SLICE("From"), from);
	signer = dkim_signer_new(&m, &params, set);
	bodyhashes_feed(set, SLICE("a  b \r\n\r\n"));
	ck_assert_int_eq(bodyhashes_end(set), RC_OK);
	ck_assert_int_eq(dkim_signer_end(signer, NOW, &made), RC_OK);
	ck_assert_uint_eq(made.fields.count, 1);
	ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, made.fields.items[0].value, &sig),
	    DKIM_WHY_GOOD);
	ck_assert_int_eq(sha256(SLICE("a b\r\n"), hash), RC_OK);
	ck_slice_eq(sig.body_hash, slice_of((const char *)hash, sizeof(hash)));
	ck_assert_uint_eq(m.count, 1);
	ck_slice_eq(m.headers[0].value, from);
	private_key_free(&key);
	arena_free(&a);
}
END_TEST

/* --- what is not signed ------------------------------------------------------------------ */

static const struct {
	const char *name, *text;
	struct slice domain, selector;
	enum dkim_sign_why why;
} refused[] = {
	{ "S_09 no From", "To: a\r\n\r\nx\r\n", { "example.org", 11 }, { "sel", 3 }, DKIM_SIGN_NO_FROM },
	{ "S_09 no header", "\r\nx\r\n", { "example.org", 11 }, { "sel", 3 }, DKIM_SIGN_NO_FROM },
	{ "S_09 Fromage", "Fromage: a\r\n\r\n", { "example.org", 11 }, { "sel", 3 }, DKIM_SIGN_NO_FROM },
	{ "no domain", FROM_ONLY, { "", 0 }, { "sel", 3 }, DKIM_SIGN_NAME },
	{ "a domain that is none", FROM_ONLY, { "example.org; h=x", 16 }, { "sel", 3 }, DKIM_SIGN_NAME },
	{ "no selector", FROM_ONLY, { "example.org", 11 }, { "", 0 }, DKIM_SIGN_NAME },
	{ "a selector that is none", FROM_ONLY, { "example.org", 11 }, { "a/b", 3 }, DKIM_SIGN_NAME },
};

START_TEST(refuses)
{
	struct arena *a = arena_create(8u << 20);
	struct private_key *key = keys_private("ed25519.pem");
	struct sign_request request = request_for(refused[_i].text, key);
	struct slice value = SLICE("untouched");

	request.params.domain = refused[_i].domain;
	request.params.selector = refused[_i].selector;
	ck_assert_msg(fixture_sign(a, &request, NOW, &value) == refused[_i].why, "%s",
	    refused[_i].name);
	ck_slice_eq(value, SLICE("untouched"));
	private_key_free(&key);
	arena_free(&a);
}
END_TEST

/* RFC 6376 section 6.1.3: a damaged key's signatures would fail at every receiver, so none is made. */
START_TEST(damaged_key)
{
	struct arena *a = arena_create(8u << 20);
	struct private_key *key = keys_private("rsa2048-damaged.pem");
	struct sign_request request = request_for(FROM_ONLY, key);
	struct slice value = SLICE("untouched");

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(fixture_sign(a, &request, NOW, &value), DKIM_SIGN_KEY);
	ck_slice_eq(value, SLICE("untouched"));
	private_key_free(&key);
	arena_free(&a);
}
END_TEST

/* So many fields that naming them would take a field of its own kind. */
START_TEST(too_many_fields)
{
	struct arena *a = arena_create(8u << 20);
	struct private_key *key = keys_private("ed25519.pem");
	struct buf text = BUF_INIT(1u << 20);
	struct sign_request request;
	struct slice value;

	buf_add_str(&text, "From: a@example.org\r\n");
	for (size_t i = 0; i < LIMIT_SIGNED_FIELDS; i++)
		buf_add_str(&text, "To: b\r\n");
	request = request_for(buf_cstr(&text), key);
	ck_assert_int_eq(fixture_sign(a, &request, NOW, &value), DKIM_SIGN_TOO_MANY_FIELDS);
	buf_free(&text);
	private_key_free(&key);
	arena_free(&a);
}
END_TEST

/* --- how it looks (S_35) ----------------------------------------------------------------- */

static void check_shape(struct slice value)
{
	struct slice rest = value, line;
	bool first = true;

	ck_assert(slice_starts_with(value, SLICE(" v=1; a=")));
	ck_assert_uint_eq(slice_find(value, '\r'), value.len);
	while (!slice_is_null(rest)) {
		size_t width;

		line = slice_split(&rest, '\n');
		ck_assert(line.len > 1);
		ck_assert(!is_wsp(line.ptr[line.len - 1]));
		ck_assert(first || (line.ptr[0] == '\t' && !is_wsp(line.ptr[1])));
		width = first ? strlen("DKIM-Signature:") + line.len : 8 + line.len - 1;
		ck_assert_msg(width < 78, "%zu columns: %.*s", width, SLICE_ARG(line));
		first = false;
	}
}

static const struct {
	const char *key, *domain, *selector, *header;
} shapes[] = {
	{ "ed25519.pem", "example.org", "s", "From: a\r\n" },
	{ "rsa2048.pem", "example.org", "s", "From: a\r\n" },
	{ "rsa4096.pem", "a-rather-long-name-for-a-domain.example.org", "20260101._x", "From: a\r\n"
	    "To: b\r\nTo: c\r\nCc: d\r\nSubject: e\r\nDate: f\r\nMessage-ID: g\r\n"
	    "List-Unsubscribe: h\r\n" "List-Unsubscribe-Post: i\r\n" },
	{ "rsa1024.pem", "abcdefghijklmnopqrstuvwxyz.abcdefghijklmnopqrstuvwxyz.example.org",
	    "abcdefghijklmnopqrstuvwxyz", "From: a\r\nFrom: b\r\n" },
};

/* Names of every length, so that every fold moves. */
START_TEST(S_35_folds)
{
	for (size_t len = 1; len <= 60; len++) {
		struct arena *a = arena_create(8u << 20);
		struct private_key *key = keys_private(shapes[_i].key);
		struct sign_request request = request_for(arena_printf(a, "%s\r\n",
		    shapes[_i].header).ptr, key);
		char name[64] = "X-";
		struct slice add = slice_of(name, len + 2), value;
		struct sign_header_set set = { .add = &add, .add_count = 1 };
		struct dkim_signature sig;

		memset(name + 2, 'a', len);
		request.params.fields = &set;
		request.params.domain = slice_str(shapes[_i].domain);
		request.params.selector = slice_of(name + 2, len);
		ck_assert_int_eq(fixture_sign(a, &request, NOW, &value), DKIM_SIGN_GOOD);
		check_shape(value);
		ck_assert_int_eq(dkim_signature_parse(a, SIGNATURE_DKIM, value, &sig), DKIM_WHY_GOOD);
		private_key_free(&key);
		arena_free(&a);
	}
}
END_TEST

/* Names that no line holds stay whole, below the 998 octets of a line. */
START_TEST(S_35_long_names)
{
	struct arena *a = arena_create(8u << 20);
	struct private_key *key = keys_private("ed25519.pem");
	struct sign_request request = request_for(FROM_ONLY, key);
	struct buf name = BUF_INIT(300);
	struct verify_request check = VERIFY_REQUEST(SLICE_NULL, NULL);
	struct slice value, rest;

	while (name.len < 200)
		buf_add_str(&name, "a-label-of-thirty-one-octets-xx.");
	buf_add_str(&name, "org");
	request.params.domain = buf_slice(&name);
	request.params.identity = arena_printf(a, "joe@%s", buf_cstr(&name));
	ck_assert_int_eq(fixture_sign(a, &request, NOW, &value), DKIM_SIGN_GOOD);
	rest = value;
	while (!slice_is_null(rest))
		ck_assert(slice_split(&rest, '\n').len < 300);
	check.text = fixture_with(a, value, request.text);
	check.zone = arena_printf(a, "sel._domainkey.%s TXT \"%.*s\"\n", buf_cstr(&name),
	    SLICE_ARG(fixture_record(a, key))).ptr;
	fixture_expect("long names", fixture_verify(a, &check), DKIM_WHY_GOOD);
	buf_free(&name);
	private_key_free(&key);
	arena_free(&a);
}
END_TEST

/* S_05, S_20, S_27: a second signature covers the same message and leaves the first alone. */
START_TEST(S_05_two_algorithms)
{
	struct arena *a = arena_create(8u << 20);
	struct private_key *rsa = keys_private("rsa2048.pem"), *ed25519 = keys_private("ed25519.pem");
	struct sign_request request = request_for("From: a@example.org\r\n\r\nbody\r\n", rsa);
	struct verify_request check = VERIFY_REQUEST(SLICE_NULL, NULL);
	struct dkim_results results;
	struct slice value;

	ck_assert_int_eq(fixture_sign(a, &request, NOW, &value), DKIM_SIGN_GOOD);
	request.text = fixture_with(a, value, request.text);
	request.params.key = ed25519;
	request.params.selector = SLICE("ed");
	ck_assert_int_eq(fixture_sign(a, &request, NOW, &value), DKIM_SIGN_GOOD);
	check.text = fixture_with(a, value, request.text);
	check.zone = arena_printf(a, "sel._domainkey.example.org TXT \"%.*s\"\n"
	    "ed._domainkey.example.org TXT \"%.*s\"\n", SLICE_ARG(fixture_record(a, rsa)),
	    SLICE_ARG(fixture_record(a, ed25519))).ptr;
	results = fixture_verify(a, &check);
	ck_assert_uint_eq(results.count, 2);
	ck_assert_int_eq(results.items[0].why, DKIM_WHY_GOOD);
	ck_assert_int_eq(results.items[1].why, DKIM_WHY_GOOD);
	private_key_free(&rsa);
	private_key_free(&ed25519);
	arena_free(&a);
}
END_TEST

Suite *sign_suite(void)
{
	Suite *s = suite_create("sign");

	UNIT_TABLE(s, writes_tags, tags);
	UNIT_TABLE(s, S_29_internationalised, eai);
	UNIT_TABLE(s, chooses_fields, fields);
	UNIT_TABLE(s, S_09_possible_changes, changes);
	UNIT_TEST(s, S_07_body_hash);
	UNIT_TABLE(s, S_14_identities, identities);
	UNIT_TABLE(s, refuses, refused);
	UNIT_TEST(s, damaged_key);
	UNIT_TEST(s, too_many_fields);
	UNIT_TABLE(s, S_35_folds, shapes);
	UNIT_TEST(s, S_35_long_names);
	UNIT_TEST(s, S_05_two_algorithms);
	return s;
}

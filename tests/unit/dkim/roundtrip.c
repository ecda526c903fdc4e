/*
 * What the signer makes, the verifier finds right: canonicalizations by algorithms by bodies by
 * headers, however the body is cut; and a change of what is signed is found, whichever it is.
 */
#include <stdlib.h>

#include "crypto/keyfile.h"
#include "mail/reader.h"

#include "fixture.h"
#include "suites.h"

static const char *const keys[] = { "ed25519.pem", "rsa1024.pem", "rsa2048.pem" };

static const struct {
	enum canon header, body;
} canons[] = {
	{ CANON_SIMPLE, CANON_SIMPLE }, { CANON_SIMPLE, CANON_RELAXED },
	{ CANON_RELAXED, CANON_SIMPLE }, { CANON_RELAXED, CANON_RELAXED },
};

static const char *const headers[] = {
	"From: a@example.org\r\n",
	"From:a@example.org\r\nTo: \r\nSubject:\r\n",
	"From : \t A  <a@example.org> \r\nSubject: \t \r\n",
	"Received: x\r\nFrom: =?utf-8?q?=C3=BC?=\r\n\t<a@example.org>\r\n"
	    "Subject: a\r\n b\r\n\t c \r\n \r\n",
	"To: a\r\nTo: b\r\nTO: c\r\nFrom: a@example.org\r\nto: d\r\n",
	"subject:\r\n folded right away\r\nfrom: a@example.org\r\nX-Foo: not signed\r\n",
	"From: \xc3\xbc@b\xc3\xbc" "cher.example\r\nSubject: \xe2\x82\xac\xff\x01\r\n",
	"List-Unsubscribe: <https://example.org/u>\r\n"
	    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nFrom: a@example.org\r\n"
	    "MIME-Version: 1.0\r\nContent-Type: text/plain;\r\n\tcharset=utf-8\r\n",
};

static const char *const bodies[] = {
	"", "\r\n", "\r\n\r\n\r\n", "a", "a\r\n", "a\r\n\r\n", "\r\n\r\na\r\n\r\nb", " \t\r\n \r\n",
	"a  b\t\tc \r\n \r\n\r\n d \r\n", ".\r\n..\r\n.a\r\n",
	"\xff\xfe\x80\x01\x7f\r\n \xc2\xa0\r\n",
	"a\rb\r\r\n\r\rc\r\n", " a\r\n\tb\r\n",
};

struct trip {
	struct arena *arena;
	struct private_key *key;
	struct slice text; /* with the signature */
	struct verify_request check;
};

static void trip_begin(struct trip *t, const char *key, size_t canon, struct slice text)
{
	struct sign_request request = { .text = text };
	struct slice value;

	t->arena = arena_create(16u << 20);
	t->key = keys_private(key);
	request.params = (struct dkim_sign_params){ .domain = SLICE("example.org"),
		.selector = SLICE("sel"), .key = t->key, .header_canon = canons[canon].header,
		.body_canon = canons[canon].body };
	ck_assert_int_eq(fixture_sign(t->arena, &request, NOW, &value), DKIM_SIGN_GOOD);
	t->text = fixture_with(t->arena, value, text);
	t->check = (struct verify_request)VERIFY_REQUEST(t->text, arena_printf(t->arena,
	    "sel._domainkey.example.org TXT \"%.*s\"\n",
	    SLICE_ARG(fixture_record(t->arena, t->key))).ptr);
}

static void trip_end(struct trip *t)
{
	private_key_free(&t->key);
	arena_free(&t->arena);
}

START_TEST(matrix)
{
	static const size_t chunks[] = { 1, 2, 3, 7, ALL_AT_ONCE };
	const char *header = headers[_i];

	for (size_t n = 0; n < N_ELEMENTS(keys) * N_ELEMENTS(canons) * N_ELEMENTS(bodies); n++) {
		const char *key = keys[n % N_ELEMENTS(keys)];
		size_t canon = n / N_ELEMENTS(keys) % N_ELEMENTS(canons);
		const char *body = bodies[n / N_ELEMENTS(keys) / N_ELEMENTS(canons)];
		struct buf text = BUF_INIT(1u << 20), name = BUF_INIT(100);
		struct trip t;

		buf_addf(&text, "%s\r\n%s", header, body);
		trip_begin(&t, key, canon, buf_slice(&text));
		buf_addf(&name, "%s, canon %zu, body %zu", key, canon, n / N_ELEMENTS(keys) / 4);
		t.check.chunk = chunks[n % N_ELEMENTS(chunks)];
		fixture_expect(buf_cstr(&name), fixture_verify(t.arena, &t.check), DKIM_WHY_GOOD);
		trip_end(&t);
		buf_free(&text);
		buf_free(&name);
	}
}
END_TEST

/* S_25: what a file has as LF is signed as the CRLF that travels; dots are not doubled. */
START_TEST(S_25_as_sent)
{
	struct trip t;

	for (size_t canon = 0; canon < N_ELEMENTS(canons); canon++) {
		trip_begin(&t, "ed25519.pem", canon,
		    SLICE("From: a@example.org\nSubject: a\n b\n\n.\nx\n"));
		t.check.text = arena_printf(t.arena, "%.*sFrom: a@example.org\r\n"
		    "Subject: a\r\n b\r\n\r\n"
		    ".\r\nx\r\n", (int)(strstr(t.text.ptr, "From: a@") - t.text.ptr), t.text.ptr);
		fixture_expect("LF", fixture_verify(t.arena, &t.check), DKIM_WHY_GOOD);
		trip_end(&t);
	}
}
END_TEST

/* --- a body cut at every offset ---------------------------------------------------------- */

/* Lines of all kinds up to about 4 KiB: WSP, blank lines, lone CR, CRs before CRLF, 8-bit. */
static struct slice long_body(struct arena *a)
{
	static const char *const pieces[] = { "word", " ", "  ", "\t", "\r\n", "\r\n\r\n", "\r",
		".", "\xc3\xbc", "=3D", " \r\n",
		"a longer stretch of text that needs no change at all" };
	struct buf body = BUF_INIT(8192);
	unsigned state = 12345;

	while (body.len < 4000) {
		state = state * 1103515245u + 12345u;
		buf_add_str(&body, pieces[(state >> 16) % N_ELEMENTS(pieces)]);
	}
	buf_add_str(&body, "\r\n \r\n\r\n");
	return arena_take_buf(a, &body);
}

/* The hashes of the body cut in two at cut, in the order of kinds. */
static void hash_cut(struct slice body, size_t cut, unsigned char out[2][SHA256_OCTETS])
{
	struct arena *a = arena_create(1u << 20);
	struct bodyhashes *set = bodyhashes_new(a);
	struct bodyhash *simple = bodyhashes_want(set, CANON_SIMPLE, BODY_LENGTH_ALL);
	struct bodyhash *relaxed = bodyhashes_want(set, CANON_RELAXED, BODY_LENGTH_ALL);

	bodyhashes_feed(set, slice_take(body, cut));
	bodyhashes_feed(set, slice_drop(body, cut));
	ck_assert_int_eq(bodyhashes_end(set), RC_OK);
	memcpy(out[0], bodyhash_value(simple), SHA256_OCTETS);
	memcpy(out[1], bodyhash_value(relaxed), SHA256_OCTETS);
	arena_free(&a);
}

START_TEST(every_cut)
{
	struct arena *a = arena_create(1u << 20);
	struct slice body = long_body(a);
	unsigned char whole[2][SHA256_OCTETS], cut[2][SHA256_OCTETS];

	hash_cut(body, 0, whole);
	for (size_t i = 0; i <= body.len; i++) {
		hash_cut(body, i, cut);
		ck_assert_msg(memcmp(whole, cut, sizeof(cut)) == 0, "cut at %zu", i);
	}
	arena_free(&a);
}
END_TEST

START_TEST(every_chunk_size)
{
	struct arena *a = arena_create(8u << 20);
	struct slice body = long_body(a), text = arena_printf(a, "From: a@example.org\r\n\r\n%.*s",
	    SLICE_ARG(body));
	struct trip t;

	trip_begin(&t, "ed25519.pem", (size_t)_i, text);
	for (size_t chunk = 1; chunk < 70; chunk++) {
		struct verify_request check = t.check;

		check.chunk = chunk;
		fixture_expect("chunk", fixture_verify(t.arena, &check), DKIM_WHY_GOOD);
	}
	trip_end(&t);
	arena_free(&a);
}
END_TEST

/* --- changes ----------------------------------------------------------------------------- */

/* One octet of a message signed relaxed/relaxed, changed to a letter: what does it break? */
START_TEST(every_octet)
{
	static const char message[] = "From: a@example.org\r\nSubject: dinner\r\n\tat eight\r\n"
	    "X-Foo: y\r\n\r\nHi.\r\n\r\nJoe\r\n";
	struct slice unsigned_field = SLICE("X-Foo: y\r\n");
	const char *x_foo = strstr(message, unsigned_field.ptr);
	struct trip t;
	size_t start;
	char *copy;

	trip_begin(&t, "ed25519.pem", 3, slice_str(message));
	start = t.text.len - strlen(message);
	copy = calloc(1, t.text.len + 1);
	memcpy(copy, t.text.ptr, t.text.len);
	for (size_t i = 0; i < strlen(message); i++) {
		char was = copy[start + i];
		bool touched = &message[i] < x_foo || &message[i] >= x_foo + unsigned_field.len;
		struct dkim_results results;

		/* names of fields have no case, and line ends are the reader's business */
		if (was == '\r' || was == '\n' || !touched)
			continue;
		copy[start + i] = was == 'Q' ? 'Z' : 'Q';
		t.check.text = slice_of(copy, t.text.len);
		results = fixture_verify(t.arena, &t.check);
		ck_assert_msg(results.count == 1 && results.items[0].result != AUTH_PASS,
		    "octet %zu of the message", i);
		copy[start + i] = was;
	}
	t.check.text = slice_of(copy, t.text.len);
	fixture_expect("unchanged", fixture_verify(t.arena, &t.check), DKIM_WHY_GOOD);
	free(copy);
	trip_end(&t);
}
END_TEST

/* S_17, S_18: what is put on top of or under a signed message. */
static const struct {
	const char *field;
	bool survives;
} added[] = {
	{ "X-Spam: no", true }, { "Received: x", true }, { "Return-Path: <x>", true },
	{ "Authentication-Results: x; none", true }, { "DKIM-Signature: v=1", true }, {
	    "List-Id: x", true },
	{ "From: evil@example.com", false }, { "from: evil@example.com", false }, { "To: x",
	    false },
	{ "Cc: x", false }, { "Subject: x", false }, { "Date: x", false }, { "Reply-To: x", false },
	/* RFC 6376 appendix B.2.3: lists and gateways add these to mail that lacks them */
	{ "Sender: x", true }, { "Message-ID: x", true }, { "In-Reply-To: x", true },
	{ "References: x", true }, { "MIME-Version: 1.0", true },
	{ "Content-Type: text/html", true }, { "Content-Transfer-Encoding: base64", true },
	{ "List-Unsubscribe: <mailto:x>", true },
};

static void check_added(struct slice text, const char *field, bool survives)
{
	struct dkim_results results;
	struct trip t;
	size_t end;

	trip_begin(&t, "ed25519.pem", 3, text);
	end = (size_t)(strstr(t.text.ptr, "\r\n\r\n") - t.text.ptr) + 2;
	for (int below = 0; below < 2; below++) {
		size_t at = below ? end : 0;

		t.check.text = arena_printf(t.arena, "%.*s%s\r\n%s", (int)at, t.text.ptr, field,
		    t.text.ptr + at);
		results = fixture_verify(t.arena, &t.check);
		for (size_t i = 0; i < results.count; i++)
			if (results.items[i].sig.signed_count > 0)
				ck_assert_msg((results.items[i].result == AUTH_PASS) == survives,
				    "%s %s: %s", field, below ? "below" : "above",
				    dkim_why_text(results.items[i].why));
	}
	trip_end(&t);
}

START_TEST(S_18_added_fields)
{
	check_added(SLICE("From: a@example.org\r\nTo: b\r\nSubject: c\r\nDate: d\r\n\r\nbody\r\n"),
	    added[_i].field, added[_i].survives);
}
END_TEST

/* Of what is signed where present, a second one breaks the signature. */
static const char *const present[] = {
	"Sender: x", "Message-ID: x", "In-Reply-To: x", "References: x", "MIME-Version: 1.0",
	"Content-Type: text/html", "Content-Transfer-Encoding: base64", "List-Id: x",
	"List-Unsubscribe: <mailto:x>", "List-Post: x",
};

START_TEST(S_18_second_ones)
{
	struct arena *a = arena_create(1u << 20);

	check_added(arena_printf(a, "From: a@example.org\r\n%s\r\n\r\nbody\r\n", present[_i]),
	    present[_i], false);
	arena_free(&a);
}
END_TEST

Suite *roundtrip_suite(void)
{
	Suite *s = suite_create("roundtrip");

	UNIT_TABLE(s, matrix, headers);
	UNIT_TEST(s, S_25_as_sent);
	UNIT_TEST(s, every_cut);
	unit_table(s, "every_chunk_size", every_chunk_size, (int)N_ELEMENTS(canons));
	UNIT_TEST(s, every_octet);
	UNIT_TABLE(s, S_18_added_fields, added);
	UNIT_TABLE(s, S_18_second_ones, present);
	return s;
}

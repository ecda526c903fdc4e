/* canon.h: V-11, V-31 to V-34. */
#include <stdlib.h>

#include <openssl/evp.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "mail/canon.h"

#include "suites.h"

static void add_to_buf(void *ctx, struct slice octets)
{
	ck_assert_uint_gt(octets.len, 0);
	buf_add(ctx, octets);
}

static struct sink sink_of(struct buf *b)
{
	return (struct sink){ add_to_buf, b };
}

static const struct {
	const char *id;
	struct slice in, simple, relaxed;
} body_rows[] = {
	{ "V_32 V_33 empty", SLICE(""), SLICE("\r\n"), SLICE("") },
	{ "V_32 V_33 line ends only", SLICE("\r\n\r\n\r\n"), SLICE("\r\n"), SLICE("") },
	{ "V_33 WSP only", SLICE(" \t "), SLICE(" \t \r\n"), SLICE("") },
	{ "V_33 WSP-only lines", SLICE(" \r\n\t\r\n"), SLICE(" \r\n\t\r\n"), SLICE("") },
	{ "RFC 6376 3.4.5", SLICE(" C \r\nD \t E\r\n\r\n\r\n"), SLICE(" C \r\nD \t E\r\n"),
	  SLICE(" C\r\nD E\r\n") },
	{ "V_34", SLICE("a"), SLICE("a\r\n"), SLICE("a\r\n") },
	{ "V_34 WSP at the end", SLICE("a \t"), SLICE("a \t\r\n"), SLICE("a\r\n") },
	{ "V_34 WSP line at the end", SLICE("a\r\n "), SLICE("a\r\n \r\n"), SLICE("a\r\n") },
	{ "one line", SLICE("a\r\n"), SLICE("a\r\n"), SLICE("a\r\n") },
	{ "blank lines inside", SLICE("a\r\n\r\n\r\nb\r\n\r\n"), SLICE("a\r\n\r\n\r\nb\r\n"),
	  SLICE("a\r\n\r\n\r\nb\r\n") },
	{ "blank lines first", SLICE("\r\n\r\na\r\n"), SLICE("\r\n\r\na\r\n"),
	  SLICE("\r\n\r\na\r\n") },
	{ "WSP-only lines inside", SLICE("a\r\n \r\n\t \r\nb"), SLICE("a\r\n \r\n\t \r\nb\r\n"),
	  SLICE("a\r\n\r\n\r\nb\r\n") },
	{ "WSP-only lines at the end", SLICE("a\r\n \r\n\t\r\n"), SLICE("a\r\n \r\n\t\r\n"),
	  SLICE("a\r\n") },
	{ "runs", SLICE("a  b\tc \t d"), SLICE("a  b\tc \t d\r\n"), SLICE("a b c d\r\n") },
	{ "leading WSP stays, as one SP", SLICE(" \t a\r\n\tb\r\n"), SLICE(" \t a\r\n\tb\r\n"),
	  SLICE(" a\r\n b\r\n") },
	{ "single spaces", SLICE("now is the time for all good men  to come \r\nto the aid\r\n"),
	  SLICE("now is the time for all good men  to come \r\nto the aid\r\n"),
	  SLICE("now is the time for all good men to come\r\nto the aid\r\n") },
	{ "HTAB alone", SLICE("aaaaaaaaaaaaaaaaaaa\tb\r\n"), SLICE("aaaaaaaaaaaaaaaaaaa\tb\r\n"),
	  SLICE("aaaaaaaaaaaaaaaaaaa b\r\n") },
	{ "bare CR", SLICE("a\rb\r"), SLICE("a\rb\r\r\n"), SLICE("a\rb\r\r\n") },
	{ "bare CR behind WSP", SLICE("a \rb \r"), SLICE("a \rb \r\r\n"), SLICE("a \rb \r\r\n") },
	{ "CR CR LF", SLICE("a\r\r\n\r\r\n"), SLICE("a\r\r\n\r\r\n"), SLICE("a\r\r\n\r\r\n") },
	{ "bare CR first", SLICE("\ra"), SLICE("\ra\r\n"), SLICE("\ra\r\n") },
	{ "a CR alone", SLICE("\r"), SLICE("\r\r\n"), SLICE("\r\r\n") },
	{ "CR behind a line end", SLICE("a\r\n\r"), SLICE("a\r\n\r\r\n"), SLICE("a\r\n\r\r\n") },
	{ "bare LF", SLICE("a\nb \n\n"), SLICE("a\nb \n\n\r\n"), SLICE("a\nb \n\n\r\n") },
	{ "LF first", SLICE("\na"), SLICE("\na\r\n"), SLICE("\na\r\n") },
	{ "LF CR", SLICE("a\n\r\n"), SLICE("a\n\r\n"), SLICE("a\n\r\n") },
	{ "NUL and 8-bit", SLICE("\0 \0  \xff\x80\r\n"), SLICE("\0 \0  \xff\x80\r\n"),
	  SLICE("\0 \0 \xff\x80\r\n") },
	{ "8-bit looks like SP in its low bits", SLICE("\xa0\xa0\x89\x8d\x8a\xa0\xa0\xa0\xa0\xa0"),
	  SLICE("\xa0\xa0\x89\x8d\x8a\xa0\xa0\xa0\xa0\xa0\r\n"),
	  SLICE("\xa0\xa0\x89\x8d\x8a\xa0\xa0\xa0\xa0\xa0\r\n") },
	{ "VT and FF are no WSP", SLICE("a\v\v\f \f\r\n"), SLICE("a\v\v\f \f\r\n"),
	  SLICE("a\v\v\f \f\r\n") },
};

/* A chunk in memory of its own length, so that a sanitizer sees a read beyond it. */
static void feed_copy(struct body_canon *c, struct slice chunk, struct buf *out)
{
	char *copy = malloc(chunk.len);

	if (chunk.len > 0)
		memcpy(copy, chunk.ptr, chunk.len);
	body_canon_feed(c, slice_of(copy, chunk.len), sink_of(out));
	free(copy);
}

/* Feeds in three pieces, some of them perhaps empty. */
static void feed(enum canon kind, struct slice in, size_t cut1, size_t cut2, struct buf *out)
{
	struct body_canon c;

	buf_clear(out);
	body_canon_init(&c, kind);
	feed_copy(&c, slice_take(in, cut1), out);
	feed_copy(&c, slice_take(slice_drop(in, cut1), cut2 - cut1), out);
	feed_copy(&c, slice_drop(in, cut2), out);
	body_canon_end(&c, sink_of(out));
}

static void feed_octets(enum canon kind, struct slice in, struct buf *out)
{
	struct body_canon c;

	buf_clear(out);
	body_canon_init(&c, kind);
	for (size_t i = 0; i < in.len; i++)
		feed_copy(&c, slice_of(in.ptr + i, 1), out);
	body_canon_end(&c, sink_of(out));
}

static void every_cut(enum canon kind, struct slice in, struct slice want, const char *id)
{
	struct buf got = BUF_INIT(65536);

	for (size_t i = 0; i <= in.len; i++)
		for (size_t j = i; j <= in.len; j++) {
			feed(kind, in, i, j, &got);
			ck_assert_msg(slice_eq(buf_slice(&got), want),
			    "row %s, %s, cut at %zu, %zu: \"%s\"", id, canon_text(kind), i, j,
			    buf_cstr(&got));
		}
	feed_octets(kind, in, &got);
	ck_assert_msg(slice_eq(buf_slice(&got), want), "row %s, %s, octet by octet: \"%s\"", id,
	    canon_text(kind), buf_cstr(&got));
	buf_free(&got);
}

/* mailauth #115 */
START_TEST(V_32_V_33_body_rows_at_every_cut)
{
	every_cut(CANON_SIMPLE, body_rows[_i].in, body_rows[_i].simple, body_rows[_i].id);
	every_cut(CANON_RELAXED, body_rows[_i].in, body_rows[_i].relaxed, body_rows[_i].id);
}
END_TEST

static const struct {
	enum canon kind;
	const char *sha256;
} empty_rows[] = {
	{ CANON_SIMPLE, "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=" },
	{ CANON_RELAXED, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" },
};

START_TEST(V_32_V_33_hash_of_the_empty_body)
{
	struct buf got = BUF_INIT(16);
	unsigned char digest[32], text[64];

	feed(empty_rows[_i].kind, SLICE(""), 0, 0, &got);
	ck_assert_int_eq(EVP_Digest(buf_cstr(&got), got.len, digest, NULL, EVP_sha256(), NULL), 1);
	EVP_EncodeBlock(text, digest, sizeof(digest));
	ck_assert_str_eq((const char *)text, empty_rows[_i].sha256);
	buf_free(&got);
}
END_TEST

/* The RFC's text done naively: line after line, then the trailing empty lines. */
static void reference(enum canon kind, struct slice in, struct buf *out)
{
	uint64_t empty = 0;
	bool any = false;

	while (in.len > 0) {
		struct buf line = BUF_INIT(65536);
		size_t n = 0;

		while (n < in.len && !slice_starts_with(slice_drop(in, n), SLICE("\r\n")))
			n++;
		for (size_t i = 0; i < n; i++) {
			bool run = i + 1 < n && is_wsp(in.ptr[i]) && is_wsp(in.ptr[i + 1]);
			bool last = i + 1 == n && is_wsp(in.ptr[i]);

			if (kind == CANON_SIMPLE)
				buf_add_char(&line, in.ptr[i]);
			else if (!run && !last)
				buf_add_char(&line, is_wsp(in.ptr[i]) ? ' ' : in.ptr[i]);
		}
		if (line.len == 0) {
			empty++;
		} else {
			for (; empty > 0; empty--)
				buf_add_str(out, "\r\n");
			buf_add(out, buf_slice(&line));
			buf_add_str(out, "\r\n");
			any = true;
		}
		buf_free(&line);
		in = slice_drop(in, n + 2);
	}
	if (!any && kind == CANON_SIMPLE)
		buf_add_str(out, "\r\n");
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 16;
}

/* Made-up bodies of the octets that matter, in chunks of changing size, against the naive way. */
START_TEST(random_bodies_agree_with_the_naive_way)
{
	static const char alphabet[] = "aaaaaaaabbbbbb      \t\r\r\n\n\0\xc3\x20\x20";
	uint32_t seed = (uint32_t)_i + 1;
	enum canon kind = _i % 2 == 0 ? CANON_SIMPLE : CANON_RELAXED;
	struct buf in = BUF_INIT(4096), want = BUF_INIT(65536), got = BUF_INIT(65536);
	uint32_t len = next_random(&seed) % 400;
	struct body_canon c;
	struct slice rest;

	while (in.len < len) {
		uint32_t r = next_random(&seed) % 36;

		if (r < 6)
			buf_add_str(&in, "\r\n");
		else
			buf_add_char(&in, alphabet[r - 6 < sizeof(alphabet) - 1 ? r - 6 : 0]);
	}
	reference(kind, buf_slice(&in), &want);
	body_canon_init(&c, kind);
	rest = buf_slice(&in);
	while (rest.len > 0) {
		uint32_t n = next_random(&seed) % 60;

		feed_copy(&c, slice_take(rest, n), &got);
		rest = slice_drop(rest, n);
	}
	body_canon_end(&c, sink_of(&got));
	ck_slice_eq(buf_slice(&got), buf_slice(&want));
	buf_free(&in);
	buf_free(&want);
	buf_free(&got);
}
END_TEST

static void count_puts(void *ctx, struct slice octets)
{
	size_t *counts = ctx;

	counts[0]++;
	counts[1] += octets.len;
}

/* The point of passing slices on: many clean lines are one put. */
START_TEST(clean_lines_are_one_slice)
{
	struct slice body = SLICE("one line of text\r\n\r\nand more of it\r\nand the last\r\n");
	size_t counts[2] = { 0, 0 };
	struct sink out = { count_puts, counts };
	struct body_canon c;

	body_canon_init(&c, _i == 0 ? CANON_SIMPLE : CANON_RELAXED);
	body_canon_feed(&c, body, out);
	ck_assert_uint_eq(counts[0], 1);
	ck_assert_uint_eq(counts[1], body.len - 2);
	body_canon_end(&c, out);
	ck_assert_uint_eq(counts[1], body.len);
}
END_TEST

/* Held back as a number: a body of blank lines costs nothing until something follows. */
START_TEST(blank_lines_are_a_count)
{
	static char lines[65536];
	size_t counts[2] = { 0, 0 };
	struct sink out = { count_puts, counts };
	struct body_canon c;

	for (size_t i = 0; i < sizeof(lines); i++)
		lines[i] = i % 2 == 0 ? '\r' : '\n';
	body_canon_init(&c, _i == 0 ? CANON_SIMPLE : CANON_RELAXED);
	for (int i = 0; i < 16; i++)
		body_canon_feed(&c, slice_of(lines, sizeof(lines)), out);
	ck_assert_uint_eq(counts[1], 0);
	body_canon_feed(&c, SLICE("x"), out);
	body_canon_end(&c, out);
	ck_assert_uint_eq(counts[1], 16 * sizeof(lines) + 3);
}
END_TEST

static const struct {
	const char *id;
	struct slice name, value, simple, relaxed;
} header_rows[] = {
	{ "RFC 6376 3.4.5 A", SLICE("A"), SLICE(" X"), SLICE("A: X\r\n"), SLICE("a:X\r\n") },
	{ "RFC 6376 3.4.5 B", SLICE("B "), SLICE(" Y\t\n\tZ  "), SLICE("B : Y\t\r\n\tZ  \r\n"),
	  SLICE("b:Y Z\r\n") },
	{ "V_31 case of names only", SLICE("SUBJect"), SLICE(" AbC"), SLICE("SUBJect: AbC\r\n"),
	  SLICE("subject:AbC\r\n") },
	{ "V_31 WSP around the colon", SLICE("Subject\t "), SLICE("\t  a"),
	  SLICE("Subject\t :\t  a\r\n"), SLICE("subject:a\r\n") },
	{ "V_31 runs", SLICE("S"), SLICE(" a  b \t c\td "), SLICE("S: a  b \t c\td \r\n"),
	  SLICE("s:a b c d\r\n") },
	{ "V_31 fold behind the colon", SLICE("S"), SLICE("\n a"), SLICE("S:\r\n a\r\n"),
	  SLICE("s:a\r\n") },
	{ "V_31 folds", SLICE("S"), SLICE(" a\n\tb\n  c"), SLICE("S: a\r\n\tb\r\n  c\r\n"),
	  SLICE("s:a b c\r\n") },
	{ "V_31 fold behind WSP", SLICE("S"), SLICE(" a \n b"), SLICE("S: a \r\n b\r\n"),
	  SLICE("s:a b\r\n") },
	{ "V_31 folds as CRLF", SLICE("S"), SLICE(" a\r\n b"), SLICE("S: a\r\n b\r\n"),
	  SLICE("s:a b\r\n") },
	{ "V_31 blank fold", SLICE("S"), SLICE(" a\n \n b"), SLICE("S: a\r\n \r\n b\r\n"),
	  SLICE("s:a b\r\n") },
	{ "V_31 fold at the end", SLICE("S"), SLICE(" a\n "), SLICE("S: a\r\n \r\n"),
	  SLICE("s:a\r\n") },
	{ "empty", SLICE("S"), SLICE(""), SLICE("S:\r\n"), SLICE("s:\r\n") },
	{ "WSP only", SLICE("S"), SLICE(" \t"), SLICE("S: \t\r\n"), SLICE("s:\r\n") },
	{ "no space", SLICE("S"), SLICE("a:b"), SLICE("S:a:b\r\n"), SLICE("s:a:b\r\n") },
	{ "bare CR", SLICE("S"), SLICE("a\rb\r"), SLICE("S:a\rb\r\r\n"), SLICE("s:a\rb\r\r\n") },
	{ "NUL and 8-bit", SLICE("S"), SLICE(" \0\xff \0 \xa0\xa0"),
	  SLICE("S: \0\xff \0 \xa0\xa0\r\n"), SLICE("s:\0\xff \0 \xa0\xa0\r\n") },
	{ "names fold ASCII only", SLICE("\xc3\x84S"), SLICE("a"), SLICE("\xc3\x84S:a\r\n"),
	  SLICE("\xc3\x84s:a\r\n") },
};

START_TEST(V_31_header_rows)
{
	struct arena *a = arena_create(65536);
	struct buf got = BUF_INIT(4096);
	struct message m;
	struct slice want[2] = { header_rows[_i].simple, header_rows[_i].relaxed };

	message_init(&m, a);
	message_add_header(&m, header_rows[_i].name, header_rows[_i].value);
	for (int kind = CANON_SIMPLE; kind <= CANON_RELAXED; kind++) {
		canon_header(kind, &m.headers[0], false, sink_of(&got));
		ck_slice_eq(buf_slice(&got), want[kind]);
		buf_clear(&got);
		canon_header(kind, &m.headers[0], true, sink_of(&got));
		ck_slice_eq(buf_slice(&got), slice_take(want[kind], want[kind].len - 2));
		buf_clear(&got);
	}
	buf_free(&got);
	arena_free(&a);
}
END_TEST

/* a "[" ... "]" in the value stands around what is given as b */
static const struct {
	const char *value, *simple, *relaxed;
} without_rows[] = {
	{ " v=1; b=[abc]", "DKIM-Signature: v=1; b=", "dkim-signature:v=1; b=" },
	{ " v=1; b=[abc]; bh=x", "DKIM-Signature: v=1; b=; bh=x", "dkim-signature:v=1; b=; bh=x" },
	{ " b=[]; bh=x", "DKIM-Signature: b=; bh=x", "dkim-signature:b=; bh=x" },
	{ " b=[];\n\tbh=x", "DKIM-Signature: b=;\r\n\tbh=x", "dkim-signature:b=; bh=x" },
	{ " b=[abc\n def];\n\tbh=x ", "DKIM-Signature: b=;\r\n\tbh=x ", "dkim-signature:b=; bh=x" },
	/* RFC 6376 section 3.7: "including all surrounding whitespace" */
	{ " b=\n\t [abc] \n ; bh=x", "DKIM-Signature: b=; bh=x", "dkim-signature:b=; bh=x" },
	{ " b=[\n\tabc\n\t]; bh=x", "DKIM-Signature: b=; bh=x", "dkim-signature:b=; bh=x" },
	{ " bh=x; b=\n [abc]\n ", "DKIM-Signature: bh=x; b=", "dkim-signature:bh=x; b=" },
	{ " b = [abc] ; t=b", "DKIM-Signature: b =; t=b", "dkim-signature:b =; t=b" },
	/* the same octets elsewhere stay */
	{ " bh=abc; b=[abc]; x=abc", "DKIM-Signature: bh=abc; b=; x=abc",
	  "dkim-signature:bh=abc; b=; x=abc" },
};

START_TEST(signature_is_left_out)
{
	const char *text = without_rows[_i].value;
	const char *open = strchr(text, '['), *close = strchr(text, ']');
	struct buf value = BUF_INIT(256), got = BUF_INIT(256);
	struct slice b;
	struct header h = { SLICE("DKIM-Signature"), SLICE("DKIM-Signature"), SLICE_NULL };

	buf_add(&value, slice_between(text, open));
	buf_add(&value, slice_between(open + 1, close));
	buf_add_str(&value, close + 1);
	h.value = buf_slice(&value);
	b = slice_of(h.value.ptr + (open - text), (size_t)(close - open) - 1);
	canon_header_without(CANON_SIMPLE, &h, b, sink_of(&got));
	ck_slice_eq(buf_slice(&got), slice_str(without_rows[_i].simple));
	buf_clear(&got);
	canon_header_without(CANON_RELAXED, &h, b, sink_of(&got));
	ck_slice_eq(buf_slice(&got), slice_str(without_rows[_i].relaxed));
	buf_free(&value);
	buf_free(&got);
}
END_TEST

START_TEST(V_11_names)
{
	ck_assert_str_eq(canon_text(CANON_SIMPLE), "simple");
	ck_assert_str_eq(canon_text(CANON_RELAXED), "relaxed");
}
END_TEST

Suite *canon_suite(void)
{
	Suite *s = suite_create("mail/canon");

	UNIT_TABLE(s, V_32_V_33_body_rows_at_every_cut, body_rows);
	UNIT_TABLE(s, V_32_V_33_hash_of_the_empty_body, empty_rows);
	unit_table(s, "random bodies", random_bodies_agree_with_the_naive_way, 400);
	unit_table(s, "clean lines", clean_lines_are_one_slice, 2);
	unit_table(s, "blank lines", blank_lines_are_a_count, 2);
	UNIT_TABLE(s, V_31_header_rows, header_rows);
	UNIT_TABLE(s, signature_is_left_out, without_rows);
	UNIT_TEST(s, V_11_names);
	return s;
}

/* redact.h: F-21 (RFC 6590), Who was written; and that nothing which a sender wrote breaks the third part. */
#include <string.h>

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "mail/reader.h"
#include "report/redact.h"

#include "suites.h"

#define PREFIX "redacted-"

static struct redactor redactor(struct arena *a, const char *policy_domain)
{
	return (struct redactor){ a, SLICE("0123456789abcdef0123456789abcdef"), slice_str(policy_domain) };
}

/* "#" for each hash, and without folds, which are where the hashes need them: so that rows can be read. */
static struct slice shown(struct arena *a, struct slice text)
{
	struct buf out = BUF_INIT(1000000);

	while (text.len > 0) {
		size_t digits = 0;

		if (slice_starts_with(text, SLICE("\n\t"))) {
			buf_add_char(&out, ' ');
			text = slice_drop(text, 2);
			continue;
		}
		if (!slice_starts_with(text, SLICE(PREFIX))) {
			buf_add_char(&out, *text.ptr);
			text = slice_drop(text, 1);
			continue;
		}
		text = slice_drop(text, strlen(PREFIX));
		while (digits < text.len && hex_value(text.ptr[digits]) >= 0 && digits < 24)
			digits++;
		ck_assert_uint_eq(digits, 24);
		text = slice_drop(text, digits);
		buf_add_char(&out, '#');
	}
	return out.len == 0 ? SLICE("") : arena_take_buf(a, &out);
}

static struct slice taken(struct arena *a, struct buf *out)
{
	ck_assert(!buf_failed(out));
	return out->len == 0 ? SLICE("") : arena_take_buf(a, out);
}

/* --- text ------------------------------------------------------------------------------------------ */

static const struct text_row {
	const char *text, *want;
} text_rows[] = {
	{ "", "" },
	{ "hello", "hello" },
	{ "joe@example.com", "#@example.com" },
	{ "mail joe@example.com now", "mail #@example.com now" },
	{ "<joe@example.com>", "<#@example.com>" },
	{ "prvs=0123=joe@example.com", "#@example.com" },
	{ "joe.bloggs+tag@example.com.", "#@example.com." },
	{ "\"joe bloggs\"@example.com", "#@example.com" },
	{ "x \"a \\\"joe\\\" b\"@example.com", "x #@example.com" },
	{ "unopened\"@example.com", "#@example.com" },
	{ "joe . bloggs @ example.com", "#@example.com" },
	{ "joe (a comment) @ example.com", "#@example.com" },
	{ "joe.(comment)bloggs@example.com", "#@example.com" },
	{ "unopened)@example.com", "#@example.com" },
	{ "joe\r\n\t@example.com", "#@example.com" },
	{ "\"joe\".bloggs@example.com", "#@example.com" },
	{ "joe.\"b l\".x@example.com", "#@example.com" },
	{ "mailto:joe@example.com", "mailto:#@example.com" },
	{ "https://example.net/?u=joe@example.com", "https:#@example.com" },
	{ "a@b@c", "#@c" },
	{ "joe@ann.smith@example.com", "#@example.com" },
	{ "\"joe@home.secret\"@example.com", "#@example.com" },
	{ "\"joe@home.secret and more\" (x) @example.com", "#@example.com" },
	{ "x \"joe@home.secret\" . b @ example.com", "#@example.com" },
	{ "\"joe@x.example\" <ann@example.com>", "#@x.example\" <#@example.com>" },
	{ "a@b, c@d; e@f", "#@b, #@d; #@f" },
	{ "@", "@" },
	{ "@example.com", "@example.com" },
	{ "joe@", "#@" },
	{ "joe@[192.0.2.1]", "#@[192.0.2.1]" },
	{ "j\xc3\xb6" "e@example.com", "#@example.com" },
	{ "\xc3\xb6 x", "?? x" },
	{ "line\r\nSubject: x\r\n\r\n--boundary", "line  Subject: x    --boundary" },
	{ "a\x1b[2Jb", "a [2Jb" },
};

/* What redact makes of that text, hashes left out. */
static void expect(void (*redact)(const struct redactor *r, struct slice text, struct buf *out), const char *text,
    const char *want)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct redactor r = redactor(a, "example.org");
	struct buf out = BUF_INIT(LIMIT_FAILURE_HEADER);

	redact(&r, slice_str(text), &out);
	ck_slice_eq(shown(a, taken(a, &out)), slice_str(want));
	arena_free(&a);
}

START_TEST(local_parts_in_text)
{
	expect(redact_text, text_rows[_i].text, text_rows[_i].want);
}
END_TEST

static struct slice hash_of(struct arena *a, const char *policy_domain, const char *address)
{
	struct redactor r = redactor(a, policy_domain);
	struct buf out = BUF_INIT(1000);

	redact_address(&r, slice_str(address), &out);
	return taken(a, &out);
}

/* RFC 6590 section 3: consistent; of one address in all its forms, and for one policy domain. */
START_TEST(hashes)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct slice joe = hash_of(a, "example.org", "joe@example.com");

	ck_slice_eq(joe, hash_of(a, "example.org", "joe@example.com"));
	ck_slice_eq(joe, hash_of(a, "example.org", "\"J\\oe\"@example.com"));
	ck_assert(!slice_eq(joe, hash_of(a, "example.org", "jo@example.com")));
	ck_assert(!slice_eq(slice_take(joe, 33), slice_take(hash_of(a, "example.org", "joe@example.net"), 33)));
	ck_assert(!slice_eq(joe, hash_of(a, "example.net", "joe@example.com")));
	ck_slice_eq(shown(a, joe), SLICE("#@example.com"));
	ck_slice_eq(shown(a, hash_of(a, "example.org", "joe")), SLICE("#"));
	ck_slice_eq(shown(a, hash_of(a, "example.org", "\"joe@secret\"")), SLICE("#"));
	ck_slice_eq(hash_of(a, "example.org", ""), SLICE(""));
	ck_slice_eq(shown(a, hash_of(a, "example.org", "@relay.example:joe@example.com")), SLICE("#@example.com"));
	arena_free(&a);
}
END_TEST

/* Cost and size of a text that is nothing but addresses are bounded, and so is what follows "@". */
START_TEST(many_addresses)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct redactor r = redactor(a, "example.org");
	struct buf text = BUF_INIT(1000000), out = BUF_INIT(LIMIT_FAILURE_HEADER);

	for (int i = 0; i < 20000; i++)
		buf_add_str(&text, "joe@");
	redact_text(&r, buf_slice(&text), &out);
	ck_assert_uint_lt(taken(a, &out).len, 998);
	buf_clear(&text);
	for (int i = 0; i < 20000; i++)
		buf_add_str(&text, i == 0 ? "joe@" : "secret");
	redact_text(&r, buf_slice(&text), &out);
	ck_assert_uint_lt(taken(a, &out).len, 998);
	buf_clear(&text);
	for (int i = 0; i < 300; i++) /* is not cut within an address */
		buf_add_str(&text, "s");
	buf_add_str(&text, "secret@example.com");
	redact_text(&r, buf_slice(&text), &out);
	ck_slice_eq(shown(a, taken(a, &out)), SLICE("#@example.com"));
	buf_free(&text);
	arena_free(&a);
}
END_TEST

/* --- words ------------------------------------------------------------------------------------------ */

static const struct text_row word_rows[] = {
	{ "Your invoice", "Your invoice" },
	{ "for joe@example.com", "for #@example.com" },
	{ "a \"quote\" and (words)", "a \"quote\" and (words)" },
	{ "joe (ann@x.example) .bloggs@example.com", "[redacted]" },
	{ "the \"joe@x.example", "[redacted]" },
	{ "lunch @ joe@x.example", "[redacted]" },
	{ "=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "=?utf-8?q?Gr=C3=BC=C3=9Fe?=" },
	{ "=?utf-8?q?joe=40example.com?=", "[redacted]" },
	{ "=?utf-8?b?am9lQGV4YW1wbGUuY29t?=", "[redacted]" },
	{ "=?x-unknown?b?am9l?=", "[redacted]" },
	{ "joe\xef\xbc\xa0" "example.com", "[redacted]" }, /* U+FF20 */
	{ "\xff\xfe", "[redacted]" },
	{ "joe\x01@example.com", "[redacted]" }, /* readers of mail do not show controls */
	{ "joe@\x01" "example.com", "[redacted]" },
	{ "=?utf-8?q?joe=40example.com?= and ann@example.com", "[redacted]" },
	{ "ann@example.com and =?utf-8?q?joe=40example.com?=", "[redacted]" },
};

START_TEST(words)
{
	expect(redact_words, word_rows[_i].text, word_rows[_i].want);
}
END_TEST

/* --- the header --------------------------------------------------------------------------------------- */

static struct slice header_of(struct arena *a, struct slice text, bool subject)
{
	struct redactor r = redactor(a, "example.org");
	struct buf out = BUF_INIT(LIMIT_FAILURE_HEADER);
	struct message m;

	message_init(&m, a);
	(void)read_headers(&m, text);
	redact_header(&r, &m, subject, &out);
	return taken(a, &out);
}

static const struct text_row header_rows[] = {
	{ "From: Joe Bloggs <joe@example.org>\n", "From: <#@example.org>\n" },
	{ "To: \"joe@x.example\" <ann@example.com>, bob@example.com\n",
	  "To: <#@example.com>, <#@example.com>\n" },
	{ "From: \"b@secret(\\\\\" . joe @example.com\n", "From: <#@example.com>\n" },
	{ "To: joe (ann@secret.example) . (x) bloggs (@secret) @ (c) example.com\n", "To: <#@example.com>\n" },
	{ "To: ann@example.com, \"unended <joe@secret.example>\n", "To: [redacted]\n" },
	{ "To: ann@example.com, (unended <joe@secret.example>\n", "To: [redacted]\n" },
	{ "Received: by x.example for <joe (x) @secret.example>\n", "Received: by x.example for ?\n" },
	{ "Received: by x.example for <@r.example:joe @secret.example>\n", "Received: by x.example for ?\n" },
	{ "Received: by x.example for <\"joe@x\".bloggs @secret.example>\n", "Received: by x.example for ?\n" },
	{ "Received: by x.example for <joe @secret.example>\n", "Received: by x.example for ?\n" },
	{ "Cc: undisclosed-recipients:;\n", "Cc: [redacted]\n" },
	{ "Subject: Hello\n", "Subject: Hello\n" },
	{ "Subject:\n", "Subject: [redacted]\n" },
	{ "Message-ID: <2026.joe@mail.example.org>\n", "Message-ID: <2026.joe@mail.example.org>\n" },
	{ "Message-ID: <a@b@example.org>\n", "Message-ID: <#@example.org>\n" },
	{ "Message-ID: joe@example.org\n", "Message-ID: #@example.org\n" },
	{ "In-Reply-To: <1@ann.example>\nReferences: <1@ann.example>\n", "In-Reply-To: [redacted]\nReferences: [redacted]\n" },
	{ "X-Originating-User: joe\n", "X-Originating-User: [redacted]\n" },
	{ "Authentication-Results: x; auth=pass smtp.auth=joe\n", "Authentication-Results: [redacted]\n" },
	{ "Content-Type: application/pdf; name=\"Dismissal of Joe.pdf\"\n", "Content-Type: application/pdf\n" },
	{ "Date: Thu, 26 Nov 2026 10:00:00 +0000\n", "Date: Thu, 26 Nov 2026 10:00:00 +0000\n" },
	{ "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s1; i=joe@example.org;\n h=From:To; bh=YQ==; b=Yg ==;"
	  " z=To:joe=40x.example\n",
	  "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s1; i=#@example.org; h=From:To; bh=YQ==; b=Yg==\n" },
	{ "DKIM-Signature: v=1; v=1; joe@example.com\n", "DKIM-Signature: [redacted]\n" },
	{ "Received: from mx.example.org (mx.example.org [192.0.2.1] (authenticated joe))\n"
	  "\tby mail.example.net (Postfix) with ESMTPSA id 4Xy12\n\tfor <ann@example.com>; Thu, 26 Nov 2026 10:00:00 +0000 (UTC)\n",
	  "Received: from mx.example.org ([192.0.2.1]) by mail.example.net with ESMTPSA"
	  " id 4Xy12 for <#@example.com>; Thu, 26 Nov 2026 10:00:00 +0000\n" },
	{ "Received: from joe by mx.example.org with local (Exim 4.96) (envelope-from <joe@example.org>)\n",
	  "Received: from ? by mx.example.org with local\n" },
	{ "Received: from joe.bloggs by mx.example.org with local\n", "Received: from ? by mx.example.org with local\n" },
	{ "Received: (from joe@localhost) by mx.example.org (8.17.1/8.17.1/Submit) id 4AQ; Thu, 1 Jan 2026 00:00:00 +0000\n",
	  "Received: by mx.example.org id 4AQ; Thu, 1 Jan 2026 00:00:00 +0000\n" },
	{ "Received: from [IPv6:2001:db8::1] (unknown [IPv6:2001:db8::1]) by 192.0.2.7\n",
	  "Received: from [IPv6:2001:db8::1] ([IPv6:2001:db8::1]) by 192.0.2.7\n" },
	{ "Received: (unended joe@example.com\n", "Received: [redacted]\n" },
	{ "Received: joe@example.com; joe@example.com\n", "Received: [redacted]\n" },
	{ "Received: by x.example; for joe@example.com\n", "Received: by x.example\n" },
	{ "Received: by x.example; 1 Jan joe@example.com\n", "Received: by x.example\n" },
	{ "Received: by x.example; Joe, Smith\n", "Received: by x.example\n" },
	{ "Received: by x.example; 1 Jan 2026 00:00:00 +0000 (joe)\n", "Received: by x.example; 1 Jan 2026 00:00:00 +0000\n" },
	{ "DKIM-Signature: v=1; i=joe=40example.com; d=joe@x; s=joe=40x; h=joe=40; b=Yg==\n", "DKIM-Signature: v=1; b=Yg==\n" },
	{ "ARC-Seal: i=1; cv=none; d=x.example; b=Yg==\n", "ARC-Seal: d=x.example; i=1; cv=none; b=Yg==\n" },
	{ "X-For-joe@example.com: 1\njoe@example.com: x\njoe=40example.com: x\nX-Y_z: 1\n", "X-Y_z: [redacted]\n" },
	/* not names that can be at the beginning of a line */
	{ "--boundary: x\nFrom: a@example.org\n", "From: <#@example.org>\n" },
	{ ".: x\n", "" },
};

START_TEST(header_fields)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);

	ck_slice_eq(shown(a, header_of(a, slice_str(header_rows[_i].text), true)), slice_str(header_rows[_i].want));
	arena_free(&a);
}
END_TEST

/* Comments that do not end: each "(" is not searched for its end anew, which would take minutes here. */
START_TEST(comments_without_an_end)
{
	static const char *const begins[] = { "Received: ", "To: \"", "Subject: ", "DKIM-Signature: i=", "Content-Type: " };
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct buf text = BUF_INIT(4000000);

	for (int field = 0; field < 60; field++) {
		buf_add_str(&text, begins[field % (int)N_ELEMENTS(begins)]);
		for (int i = 0; i < 16000; i++)
			buf_add_str(&text, "\\(");
		buf_add_str(&text, "\"@x.example\n");
	}
	ck_assert_uint_gt(text.len, 60 * 32000);
	ck_assert_uint_le(header_of(a, buf_slice(&text), true).len, LIMIT_FAILURE_HEADER);
	buf_free(&text);
	arena_free(&a);
}
END_TEST

/* RFC 6590 section 3 step 5: each instance of an address has the same replacement, whatever the field. */
START_TEST(one_address_in_all_fields)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct slice ann = hash_of(a, "example.org", "ann@example.com");
	struct slice text = header_of(a, SLICE("To: \"Ann\" <ann@example.com>\nCc: (x) ann @ example.com\nSubject: ANN@example.com\n"
		"Delivered-To: ann@example.com\nReceived: from x.example (y) by z.example for <ann@example.com>; Thu\n"
		"DKIM-Signature: v=1; i=ann@example.com\n"), true);
	size_t found = 0;

	for (size_t at = 0; at < text.len; at++)
		found += slice_istarts_with(slice_drop(text, at), ann);
	ck_assert_msg(found == 6, "%.*s", SLICE_ARG(text));
	arena_free(&a);
}
END_TEST

/* Every line is a field's or its continuation, printable ASCII of at most 998 octets (RFC 5322 section 2.1.1). */
static void check_lines(struct slice text)
{
	while (text.len > 0) {
		struct slice line = slice_split(&text, '\n');

		ck_assert_uint_gt(line.len, 0);
		ck_assert_uint_le(line.len, 998);
		ck_assert(is_alnum(line.ptr[0]) || (line.ptr[0] == '\t' && line.len > 1));
		for (size_t i = 0; i < line.len; i++)
			ck_assert(is_vchar(line.ptr[i]) || is_wsp(line.ptr[i]));
	}
}

/* NUL in a set: strchr() finds it in every one. */
START_TEST(nul_is_no_token)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);

	check_lines(header_of(a, SLICE("Received: from a.example (x) with ESMTP\0joe id 4X\0y; 1 Jan\0 2026\n"
		"Content-Type: text\0joe/plain\n"), true));
	arena_free(&a);
}
END_TEST

START_TEST(subject_by_setting)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);

	ck_slice_eq(header_of(a, SLICE("Subject: private\n"), false), SLICE("Subject: [redacted]\n"));
	arena_free(&a);
}
END_TEST

static unsigned random_number(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

/* An octet of any kind, or something that means something to a reader of fields. */
static void add_random(unsigned *seed, struct buf *out)
{
	static const char *const some[] = { "@", "joe", ".", "<", ">", "(", ")", "\"", "\\", ";", ",", ":", "=", " ", "\r\n",
		"\r\n\t", "--", "=?utf-8?q?a=40b?=", "=?utf-8?b?YUBi?=", "=?", "\xef\xbc\xa0", "[192.0.2.1]", "from ", "by ", "for ",
		"i=", "b=" };
	unsigned number = random_number(seed);

	if (number % 4 == 0)
		buf_add_char(out, (char)(number >> 4));
	else
		buf_add_str(out, some[number / 4 % N_ELEMENTS(some)]);
}

/* Delimiter: octets of every kind in every kind of field, many and long ones: capped, never a line of the sender's. */
START_TEST(hostile_headers)
{
	static const char *const names[] = { "From", "To", "Subject", "Received", "DKIM-Signature", "Message-ID", "List-Id",
		"Content-Type", "Date", "X-Any" };
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct redactor r = redactor(a, "example.org");
	unsigned seed = 1;

	for (int round = 0; round < 300; round++) {
		struct buf out = BUF_INIT(LIMIT_FAILURE_HEADER);
		struct arena *of_message = arena_create(LIMIT_ARENA_BYTES);
		struct message m;

		message_init(&m, of_message);
		for (int field = 0; field < 20; field++) {
			struct buf value = BUF_INIT(10000);
			size_t end = random_number(&seed) % (round % 10 == 0 ? 3000 : 200);

			while (value.len < end)
				add_random(&seed, &value);
			message_add_header(&m, slice_str(names[random_number(&seed) % N_ELEMENTS(names)]), buf_slice(&value));
			buf_free(&value);
		}
		redact_header(&r, &m, true, &out);
		ck_assert(!buf_failed(&out));
		ck_assert_uint_le(out.len, LIMIT_FAILURE_HEADER);
		check_lines(buf_slice(&out));
		buf_free(&out);
		arena_free(&of_message);
	}
	arena_free(&a);
}
END_TEST

Suite *redact_suite(void)
{
	Suite *s = suite_create("report/redact");

	UNIT_TABLE(s, local_parts_in_text, text_rows);
	UNIT_TEST(s, hashes);
	UNIT_TEST(s, many_addresses);
	UNIT_TABLE(s, words, word_rows);
	UNIT_TABLE(s, header_fields, header_rows);
	UNIT_TEST(s, comments_without_an_end);
	UNIT_TEST(s, one_address_in_all_fields);
	UNIT_TEST(s, nul_is_no_token);
	UNIT_TEST(s, subject_by_setting);
	UNIT_TEST(s, hostile_headers);
	return s;
}

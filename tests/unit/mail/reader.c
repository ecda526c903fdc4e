/* reader.h: files as an MTA would hand them over; G-08. */
#include "base/buf.h"
#include "base/limits.h"
#include "mail/reader.h"

#include "suites.h"

static void add_to_buf(void *ctx, struct slice octets)
{
	ck_assert_uint_gt(octets.len, 0);
	buf_add(ctx, octets);
}

/* fields as "raw name|value#", then the body as its sink gets it */
static const struct {
	const char *id;
	struct slice text, fields, body;
} rows[] = {
	{ "CRLF", SLICE("A: 1\r\nB:2\r\n\r\nx\r\ny\r\n"), SLICE("A| 1#B|2#"), SLICE("x\r\ny\r\n") },
	{ "LF", SLICE("A: 1\nB:2\n\nx\ny\n"), SLICE("A| 1#B|2#"), SLICE("x\r\ny\r\n") },
	{ "mixed", SLICE("A: 1\r\nB:2\n\r\nx\ny\r\n\nz"), SLICE("A| 1#B|2#"),
	  SLICE("x\r\ny\r\n\r\nz") },
	{ "folds, CRLF", SLICE("A: 1\r\n 2\r\n\t3\r\nB: 4\r\n\r\n"), SLICE("A| 1\n 2\n\t3#B| 4#"),
	  SLICE("") },
	{ "folds, LF", SLICE("A: 1\n 2\n\t3\nB: 4\n\n"), SLICE("A| 1\n 2\n\t3#B| 4#"), SLICE("") },
	{ "fold behind the colon", SLICE("A:\r\n 1\r\n\r\n"), SLICE("A|\n 1#"), SLICE("") },
	{ "a line of WSP is a fold", SLICE("A: 1\r\n \r\nB: 2\r\n\r\nx"), SLICE("A| 1\n #B| 2#"),
	  SLICE("x") },
	{ "WSP before the colon", SLICE("A \t: 1\r\n\r\n"), SLICE("A \t| 1#"), SLICE("") },
	{ "trailing WSP is kept", SLICE("A: 1 \t\r\n\r\n"), SLICE("A| 1 \t#"), SLICE("") },
	{ "empty value", SLICE("A:\r\nB: \r\n\r\n"), SLICE("A|#B| #"), SLICE("") },
	{ "colons in the value", SLICE("A:b:c\n\n"), SLICE("A|b:c#"), SLICE("") },
	{ "all of ftext", SLICE("!\"#$%&'()*+,-./09;<=>?@AZ[\\]^_`az{|}~:1\n\n"),
	  SLICE("!\"#$%&'()*+,-./09;<=>?@AZ[\\]^_`az{|}~|1#"), SLICE("") },
	{ "G_08 no body", SLICE("A: 1\r\n\r\n"), SLICE("A| 1#"), SLICE("") },
	{ "G_08 no blank line", SLICE("A: 1\r\n"), SLICE("A| 1#"), SLICE("") },
	{ "G_08 no line end", SLICE("A: 1"), SLICE("A| 1#"), SLICE("") },
	{ "empty file", SLICE(""), SLICE(""), SLICE("") },
	{ "only a blank line", SLICE("\r\n"), SLICE(""), SLICE("") },
	{ "no header", SLICE("\r\nx\r\n"), SLICE(""), SLICE("x\r\n") },
	{ "blank lines of the body", SLICE("A: 1\n\n\n\nx\n\n"), SLICE("A| 1#"),
	  SLICE("\r\n\r\nx\r\n\r\n") },
	{ "no field: begins the body", SLICE("A: 1\r\nno field\r\nB: 2\r\n\r\nx"), SLICE("A| 1#"),
	  SLICE("no field\r\nB: 2\r\n\r\nx") },
	{ "space in a name", SLICE("A B: 1\r\n\r\nx"), SLICE(""), SLICE("A B: 1\r\n\r\nx") },
	{ "empty name", SLICE("A: 1\n: 2\n\nx"), SLICE("A| 1#"), SLICE(": 2\r\n\r\nx") },
	{ "8-bit name", SLICE("A: 1\n\xc3\x84: 2\n"), SLICE("A| 1#"), SLICE("\xc3\x84: 2\r\n") },
	{ "NUL in a name", SLICE("A\0: 1\n"), SLICE(""), SLICE("A\0: 1\r\n") },
	{ "fold first", SLICE(" A: 1\n\nx"), SLICE(""), SLICE(" A: 1\r\n\r\nx") },
	{ "a CR alone is no empty line", SLICE("A: 1\r\n\r\r\nx"), SLICE("A| 1#"),
	  SLICE("\r\r\nx") },
	{ "CR at the end of a file", SLICE("A: 1\r"), SLICE("A| 1\r#"), SLICE("") },
	{ "bare CR stays", SLICE("A: 1\r2\r\n 3\r\n\r\nx\ry\r"), SLICE("A| 1\r2\n 3#"),
	  SLICE("x\ry\r") },
	{ "CR CR LF", SLICE("A: 1\r\r\n\r\nx\r\r\n"), SLICE("A| 1\r#"), SLICE("x\r\r\n") },
	{ "NUL in a value", SLICE("A: 1\0 2\r\n\r\n\0\n"), SLICE("A| 1\0 2#"), SLICE("\0\r\n") },
	{ "8-bit", SLICE("A: \xff\r\n\r\n\xff\n"), SLICE("A| \xff#"), SLICE("\xff\r\n") },
	{ "mbox separator", SLICE("From a@b.org Mon Jan  5 10:00:00 2026\nA: 1\n\nx\n"),
	  SLICE("A| 1#"), SLICE("x\r\n") },
	{ "mbox separator, CRLF", SLICE("From a@b.org\r\nA: 1\r\n\r\nx"), SLICE("A| 1#"),
	  SLICE("x") },
	{ "a field, no separator", SLICE("From : a@b.org\nA: 1\n\n"), SLICE("From | a@b.org#A| 1#"),
	  SLICE("") },
	{ "a separator not at the top", SLICE("A: 1\nFrom a@b.org\nB: 2\n"), SLICE("A| 1#"),
	  SLICE("From a@b.org\r\nB: 2\r\n") },
	{ "a quoted separator", SLICE(">From a@b.org\nA: 1\n"), SLICE(""),
	  SLICE(">From a@b.org\r\nA: 1\r\n") },
};

START_TEST(G_08_file_rows)
{
	struct arena *a = arena_create(65536);
	struct buf fields = BUF_INIT(4096), body = BUF_INIT(4096);
	struct message m;
	struct slice rest;

	message_init(&m, a);
	rest = read_headers(&m, rows[_i].text);
	for (size_t i = 0; i < m.count; i++) {
		buf_add(&fields, m.headers[i].raw_name);
		buf_add_char(&fields, '|');
		buf_add(&fields, m.headers[i].value);
		buf_add_char(&fields, '#');
	}
	read_body(rest, (struct sink){ add_to_buf, &body });
	ck_assert_msg(slice_eq(buf_slice(&fields), rows[_i].fields), "row %s: fields \"%s\"",
	    rows[_i].id, buf_cstr(&fields));
	ck_assert_msg(slice_eq(buf_slice(&body), rows[_i].body), "row %s: body \"%s\"", rows[_i].id,
	    buf_cstr(&body));
	ck_assert_int_eq(m.exceeded, MESSAGE_FITS);
	buf_free(&fields);
	buf_free(&body);
	arena_free(&a);
}
END_TEST

static void read_many(struct message *m, struct arena *a, unsigned fields, struct buf *text)
{
	for (unsigned i = 0; i < fields; i++)
		buf_addf(text, "X-%u: v\r\n", i);
	buf_add_str(text, "\r\nbody");
	message_init(m, a);
	ck_slice_eq(read_headers(m, buf_slice(text)), SLICE("body"));
}

START_TEST(many_fields)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct buf text = BUF_INIT(LIMIT_FILE_BYTES);
	struct message m;

	read_many(&m, a, 5000, &text);
	ck_assert_uint_eq(m.count, 5000);
	ck_assert_int_eq(m.exceeded, MESSAGE_FITS);
	buf_clear(&text);
	read_many(&m, a, LIMIT_HEADER_FIELDS + 1, &text);
	ck_assert_uint_eq(m.count, LIMIT_HEADER_FIELDS);
	ck_assert_int_eq(m.exceeded, MESSAGE_TOO_MANY_FIELDS);
	buf_free(&text);
	arena_free(&a);
}
END_TEST

/* With folds and without them: two ways to the ceiling. */
START_TEST(header_too_large)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct buf text = BUF_INIT(LIMIT_FILE_BYTES);
	struct message m;

	buf_add_str(&text, "A: 1\r\nB: ");
	while (text.len < LIMIT_HEADER_BYTES + 100)
		buf_add_str(&text, _i == 0 ? "a long value " : "a long value\r\n ");
	buf_add_str(&text, "\r\nC: 3\r\n\r\nbody");
	message_init(&m, a);
	ck_slice_eq(read_headers(&m, buf_slice(&text)), SLICE("body"));
	ck_assert_int_eq(m.exceeded, MESSAGE_HEADER_TOO_LARGE);
	ck_assert_ptr_null(message_field(&m, SLICE("B"), 0));
	ck_assert_ptr_nonnull(message_field(&m, SLICE("C"), 0));
	buf_free(&text);
	arena_free(&a);
}
END_TEST

Suite *reader_suite(void)
{
	Suite *s = suite_create("mail/reader");

	UNIT_TABLE(s, G_08_file_rows, rows);
	UNIT_TEST(s, many_fields);
	unit_table(s, "header too large", header_too_large, 2);
	return s;
}

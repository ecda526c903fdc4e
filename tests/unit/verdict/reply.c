/* The lines of a reply: RFC 5321 section 4.5.3.1.5. */
#include "base/buf.h"
#include "verdict/verdict.h"

#include "suites.h"

static const struct {
	size_t word, words; /* octets of each, how many */
	size_t lines;
} rows[] = {
	{ 5, 0, 0 },
	{ 5, 1, 1 },
	{ 239, 2, 1 },  /* 479 octets */
	{ 240, 2, 2 },
	{ 480, 1, 1 },
	{ 5, 80, 1 },   /* 479 */
	{ 5, 81, 2 },
	{ 253, 3, 3 },
	{ 481, 1, 2 },  /* longer than a line: cut where the line ends */
	{ 900, 1, 2 },
	{ 253, 9, 4 },  /* no more lines than there may be */
	{ 5000, 3, 4 },
};

START_TEST(lines_of_words)
{
	struct buf text = BUF_INIT(65536);
	struct slice lines[REPLY_LINES];
	struct reply r = { 550, "5.7.26", SLICE_NULL };
	size_t count, shown = 0;

	for (size_t i = 0; i < rows[_i].words; i++) {
		buf_add_str(&text, i == 0 ? "" : " ");
		for (size_t k = 0; k < rows[_i].word; k++)
			buf_add_char(&text, 'x');
	}
	r.text = buf_slice(&text);
	count = reply_lines(&r, lines);
	ck_assert_msg(count == rows[_i].lines, "row %d: %zu lines", _i, count);
	for (size_t i = 0; i < count; i++) {
		/* "550-5.7.26 ", the line, CRLF */
		ck_assert_uint_le(strlen("550-5.7.26 ") + lines[i].len + 2, 512);
		ck_assert_uint_gt(lines[i].len, 0);
		ck_assert_msg(rows[_i].word > REPLY_LINE_OCTETS ||
		    (lines[i].len + 1) % (rows[_i].word + 1) == 0, "row %d: line %zu of %zu octets",
		    _i, i, lines[i].len);
		shown += lines[i].len;
	}
	ck_assert(count == REPLY_LINES || shown + count >= text.len);
	buf_free(&text);
}
END_TEST

Suite *reply_suite(void)
{
	Suite *s = suite_create("verdict/reply");

	UNIT_TABLE(s, lines_of_words, rows);
	return s;
}

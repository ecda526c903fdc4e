/* The lines of a reply: RFC 5321 section 4.5.3.1.5. */
#include "base/buf.h"
#include "base/limits.h"
#include "verdict/verdict.h"

#include "../../../src/verdict/reply.h"

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

/* Whatever is known or not of a message, no name is left empty, and no line is too long. */
static void check_text(struct slice text)
{
	static const char *const gaps[] = { "  ", " ,", " ;", " :", "for ; ", "from is", "of cannot", "()" };
	struct slice lines[REPLY_LINES];
	struct reply r = { 550, "5.7.26", text };
	size_t count = reply_lines(&r, lines);

	ck_assert_uint_gt(count, 0);
	for (size_t i = 0; i < count; i++)
		ck_assert_uint_le(strlen("550-5.7.26 ") + lines[i].len + 2, 512);
	for (size_t i = 0; i < N_ELEMENTS(gaps); i++)
		ck_assert_msg(memmem(text.ptr, text.len, gaps[i], strlen(gaps[i])) == NULL, "\"%s\" in: %.*s",
		    gaps[i], SLICE_ARG(text));
}

/* Row: a demand's kind, with names and without. */
START_TEST(no_empty_names)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct verdict_policy policy = { .reply_url = SLICE_NULL };
	struct dmarc_author_result author = { .domain = DOMAIN_NONE };
	struct dkim_result signatures[5] = { { .result = AUTH_FAIL } };
	struct demand d = { .kind = (enum demand_kind)(_i / 2), .action = ACTION_REJECT, .author = &author };
	struct verdict v = { .spf_checked = true, .dkim = { .items = signatures, .count = 5 } };
	char label[LIMIT_LABEL_OCTETS + 1] = { 0 };
	struct message m;

	message_init(&m, a);
	memset(label, 'x', LIMIT_LABEL_OCTETS);
	v.spf.r.result = v.helo.r.result = AUTH_FAIL;
	if (_i % 2 == 1) { /* names as long as they can be */
		struct slice name = arena_printf(a, "%s.%s.%s.example", label, label, label);

		ck_assert(domain_parse(a, name, &author.domain));
		v.spf.r.domain = v.helo.r.domain = author.domain;
		for (size_t i = 0; i < 5; i++)
			signatures[i].sig.domain = author.domain;
	}
	if (d.kind != DEMAND_NOTHING)
		for (d.action = ACTION_TEMPFAIL; d.action <= ACTION_REJECT; d.action++) {
			v.dkim.count = 5;
			check_text(reply_for(a, &policy, &m, &v, &d).text);
			v.dkim.count = 0;
			check_text(reply_for(a, &policy, &m, &v, &d).text);
		}
	ck_assert(!arena_failed(a));
	arena_free(&a);
}
END_TEST

Suite *reply_suite(void)
{
	Suite *s = suite_create("verdict/reply");

	UNIT_TABLE(s, lines_of_words, rows);
	unit_table(s, "no_empty_names", no_empty_names, 2 * DEMAND_COUNT);
	return s;
}

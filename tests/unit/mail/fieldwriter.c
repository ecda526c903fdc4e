/* fieldwriter.h: where lines end. */
#include "mail/fieldwriter.h"

#include "suites.h"

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10
#define X68 X60 "xxxxxxxx"

enum step { END, WORD, WORDS, PART, OCTETS, FOLD, SEPARATOR };

/* The name is "Subject": its colon is in column 8, the first word ends at most in column 76. */
static const struct {
	struct {
		enum step step;
		const char *text;
	} steps[6];
	const char *want;
} rows[] = {
	{ { { WORD, "a" }, { WORD, "b" } }, " a b" },
	{ { { WORD, X60 "xxxxxxx" } }, " " X60 "xxxxxxx" },
	{ { { WORD, X68 } }, "\n\t" X68 },
	{ { { WORD, X68 "x" }, { WORD, "b" } }, "\n\t" X68 "x\n\tb" },
	{ { { WORD, X60 }, { WORD, "1234567" } }, " " X60 "\n\t1234567" },
	{ { { WORD, X60 }, { WORD, "123456" } }, " " X60 " 123456" },
	{ { { WORD, X60 }, { PART, "1234567" } }, " " X60 "1234567" },
	{ { { WORD, X60 }, { PART, "12345678" } }, " " X60 "\n\t12345678" },
	{ { { WORD, X60 "xxxxxxx" }, { SEPARATOR, ";" }, { WORD, "a" } },
	    " " X60 "xxxxxxx;\n\ta" },
	{ { { WORD, "a" }, { SEPARATOR, ";" }, { FOLD, "" }, { WORD, "b" } }, " a;\n\tb" },
	{ { { WORD, "a" }, { FOLD, "" }, { FOLD, "" }, { WORD, X68 "x" } }, " a\n\t" X68 "x" },
	{ { { WORD, "b=" }, { OCTETS, X68 X10 } }, " b=" X60 "xxxxx\n\txxx" X10 },
	{ { { FOLD, "" }, { WORD, "b=" }, { OCTETS, X68 } }, "\n\tb=" X60 "xxxxxx\n\txx" },
	{ { { WORD, X68 "x" }, { OCTETS, "a" } }, "\n\t" X68 "x\n\ta" },
	{ { { WORDS, "(one  two three) " } }, " (one two three)" },
	{ { { WORDS, "" }, { OCTETS, "" } }, "" },
	{ { { WORDS, "  " } }, "" },
	{ { { WORDS, X60 " 123456 1" } }, " " X60 " 123456\n\t1" },
};

static void take_step(struct field_writer *w, enum step step, struct slice text)
{
	switch (step) {
	case END:
		break;
	case WORD:
		field_word(w, text);
		break;
	case WORDS:
		field_words(w, text);
		break;
	case PART:
		field_part(w, text);
		break;
	case OCTETS:
		field_octets(w, text);
		break;
	case FOLD:
		field_fold(w);
		break;
	case SEPARATOR:
		field_separator(w, text.ptr[0]);
		break;
	}
}

START_TEST(lines)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct field_writer w = FIELD_WRITER_INIT;

	field_begin(&w, SLICE("Subject"));
	for (size_t i = 0; i < N_ELEMENTS(rows[_i].steps); i++)
		take_step(&w, rows[_i].steps[i].step, slice_str(rows[_i].steps[i].text));
	ck_slice_eq(field_end(&w, a), slice_str(rows[_i].want));
	ck_assert_ptr_null(w.value.ptr);
	arena_free(&a);
}
END_TEST

/* Whatever was put in last, too much of it leaves nothing that could be taken for a whole field. */
START_TEST(ceiling)
{
	static const enum step last[] = { WORD, WORDS, PART, OCTETS, SEPARATOR };
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct field_writer w = FIELD_WRITER_INIT;

	field_begin(&w, SLICE("Subject"));
	while (!buf_failed(&w.value))
		take_step(&w, last[_i], SLICE("; " X60 ";"));
	ck_assert_uint_le(w.value.len, LIMIT_HEADER_VALUE);
	ck_assert(slice_is_null(field_end(&w, a)));
	ck_assert(arena_failed(a));
	arena_free(&a);
}
END_TEST

START_TEST(free_twice)
{
	struct field_writer w = FIELD_WRITER_INIT;

	field_begin(&w, SLICE("Subject"));
	field_word(&w, SLICE("x"));
	field_free(&w);
	field_free(&w);
	ck_assert_ptr_null(w.value.ptr);
}
END_TEST

Suite *fieldwriter_suite(void)
{
	Suite *s = suite_create("mail/fieldwriter");

	UNIT_TABLE(s, lines, rows);
	unit_table(s, "ceiling", ceiling, 5);
	UNIT_TEST(s, free_twice);
	return s;
}

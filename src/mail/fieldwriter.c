#include "mail/fieldwriter.h"

#define MAX_COLUMN  76u /* RFC 5322 section 2.1.1; one separator may follow */
#define FOLD_COLUMN 8u  /* where the text begins after a fold */

void field_begin(struct field_writer *w, struct slice name)
{
	w->column = name.len + strlen(":");
}

static void put(struct field_writer *w, struct slice octets)
{
	buf_add(&w->value, octets);
	w->column += octets.len;
}

static bool begins_line(const struct field_writer *w)
{
	struct slice value = buf_slice(&w->value);

	return value.len > 0 && value.ptr[value.len - 1] == '\t';
}

/* Two folds in a row would leave a line of white space only (RFC 5322 section 3.2.2). */
void field_fold(struct field_writer *w)
{
	if (begins_line(w))
		return;
	buf_add(&w->value, SLICE("\n\t"));
	w->column = FOLD_COLUMN;
}

void field_word(struct field_writer *w, struct slice word)
{
	if (w->column + strlen(" ") + word.len > MAX_COLUMN)
		field_fold(w);
	else if (!begins_line(w))
		put(w, SLICE(" "));
	put(w, word);
}

void field_words(struct field_writer *w, struct slice text)
{
	while (!slice_is_null(text)) {
		struct slice word = slice_split(&text, ' ');

		if (word.len > 0)
			field_word(w, word);
	}
}

void field_part(struct field_writer *w, struct slice part)
{
	if (w->column + part.len > MAX_COLUMN)
		field_fold(w);
	put(w, part);
}

void field_octets(struct field_writer *w, struct slice octets)
{
	while (octets.len > 0) {
		size_t room;

		if (w->column >= MAX_COLUMN)
			field_fold(w);
		room = MAX_COLUMN - w->column;
		put(w, slice_take(octets, room));
		octets = slice_drop(octets, room);
	}
}

void field_separator(struct field_writer *w, char c)
{
	put(w, slice_of(&c, 1));
}

struct slice field_end(struct field_writer *w, struct arena *a)
{
	w->column = 0;
	return arena_take_buf(a, &w->value);
}

void field_free(struct field_writer *w)
{
	buf_free(&w->value);
	w->column = 0;
}

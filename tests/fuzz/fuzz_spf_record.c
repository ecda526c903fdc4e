/* SPF records: any TXT content (spf/record.h). */
#include <stdint.h>
#include <stdlib.h>

#include "spf/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct slice part, struct slice whole)
{
	if (part.len > 0 && (part.ptr < whole.ptr || part.ptr + part.len > whole.ptr + whole.len))
		abort();
}

static void check_term(const struct spf_term *t, struct slice text)
{
	check_inside(t->text, text);
	check_inside(t->spec, text);
	if (t->text.len == 0 || slice_find(t->text, ' ') < t->text.len)
		abort();
	for (size_t i = 0; i < t->text.len; i++)
		if (t->text.ptr[i] < 0x21 || t->text.ptr[i] > 0x7e)
			abort();
	if (t->bits4 > 32 || t->bits6 > 128 || spf_kind_text(t->kind) == NULL)
		abort();
}

/* What was accepted can be walked to its end. */
static void check_walk(const struct spf_record *r, struct slice text)
{
	struct cursor c = cursor_of(r->terms);
	struct spf_term t;
	bool all = false;

	while (spf_record_next(&c, &t)) {
		check_term(&t, text);
		all = all || t.kind == SPF_ALL;
	}
	while (take_char(&c, ' '))
		;
	if (!cursor_done(&c) || all != r->has_all || r->step_count > N_ELEMENTS(r->steps))
		abort();
	for (size_t i = 0; i < r->step_count; i++)
		check_term(&r->steps[i], text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ip client = { IP_V4, { 192, 0, 2, 1 } };
	struct slice text = { (const char *)data, size };
	struct spf_mistake mistake = { { NULL, 0 }, NULL };
	struct spf_record r;

	if (!spf_record_is(text))
		return 0;
	if (spf_record_parse(text, &client, &r, &mistake)) {
		check_walk(&r, text);
	} else {
		check_inside(mistake.term, text);
		if (mistake.what == NULL)
			abort();
	}
	return 0;
}

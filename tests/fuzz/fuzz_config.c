/* Configurations (config/settings.h): what is refused says why, what is taken prints as itself. */
#include <stdint.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "config/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PRINT_OCTETS (16u << 20)

/* Messages go to a terminal and into a log. */
static void check_messages(const struct err *err)
{
	struct slice text = buf_slice(&err->text);

	for (size_t i = 0; i < text.len; i++)
		if (is_ctl(text.ptr[i]) && text.ptr[i] != '\n')
			abort();
	if (!utf8_valid(text) || (err->count > 0 && text.len == 0))
		abort();
}

/* Without the comments at the ends of the lines, which tell where a value came from. */
static void without_origins(const struct settings *s, struct buf *out)
{
	struct buf print = BUF_INIT(PRINT_OCTETS);
	struct slice rest;

	settings_print(s, &print);
	rest = buf_slice(&print);
	while (rest.len > 0) {
		struct slice line = slice_split(&rest, '\n');

		buf_add(out, slice_trim(slice_take(line, slice_rfind(line, '#'))));
		buf_add_char(out, '\n');
	}
	if (buf_failed(&print))
		buf_clear(out);
	buf_free(&print);
}

static void check_print(const struct settings *s)
{
	struct buf print = BUF_INIT(PRINT_OCTETS), first = BUF_INIT(PRINT_OCTETS);
	struct buf second = BUF_INIT(PRINT_OCTETS);
	struct settings *again = NULL;
	struct err err = ERR_INIT;

	settings_print(s, &print);
	without_origins(s, &first);
	if (!buf_failed(&print)) {
		if (settings_load_text("p", buf_slice(&print), &again, &err) != RC_OK)
			abort();
		without_origins(again, &second);
		if (!slice_eq(buf_slice(&first), buf_slice(&second)))
			abort();
	}
	settings_release(&again);
	err_free(&err);
	buf_free(&print);
	buf_free(&first);
	buf_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct settings *s = NULL;
	struct err err = ERR_INIT;
	enum rc rc = settings_load_text("t", text, &s, &err);

	if ((rc == RC_OK) != (s != NULL) || (rc == RC_CONFIG) != (err.count > 0))
		abort();
	check_messages(&err);
	if (s != NULL)
		check_print(s);
	settings_release(&s);
	err_free(&err);
	return 0;
}

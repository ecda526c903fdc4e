#include <stdarg.h>
#include <stdlib.h>

#include "base/err.h"

void err_free(struct err *e)
{
	buf_free(&e->text);
	e->count = 0;
	e->warnings = 0;
}

static void add_line(struct err *e, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
static void add_line(struct err *e, const char *fmt, va_list ap)
{
	buf_vaddf(&e->text, fmt, ap);
	buf_add_char(&e->text, '\n');
}

void err_add(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_line(e, fmt, ap);
	va_end(ap);
	e->count++;
}

void err_warn(struct err *e, const char *fmt, ...)
{
	va_list ap;

	buf_add_str(&e->text, "warning: ");
	va_start(ap, fmt);
	add_line(e, fmt, ap);
	va_end(ap);
	e->warnings++;
}

enum rc err_config(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_line(e, fmt, ap);
	va_end(ap);
	e->count++;
	return RC_CONFIG;
}

void err_wrap(struct err *e, size_t mark, const char *fmt, ...)
{
	struct buf prefix = BUF_INIT(e->text.max);
	struct buf added = BUF_INIT(e->text.max);
	struct slice rest;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&prefix, fmt, ap);
	va_end(ap);
	buf_add(&added, slice_drop(buf_slice(&e->text), mark));
	buf_truncate(&e->text, mark);
	rest = buf_slice(&added);
	while (rest.len > 0) {
		struct slice line = slice_split(&rest, '\n');
		struct slice warning = SLICE("warning: ");

		if (slice_starts_with(line, warning)) {
			buf_add(&e->text, warning);
			line = slice_drop(line, warning.len);
		}
		buf_add(&e->text, buf_slice(&prefix));
		buf_add_str(&e->text, ": ");
		buf_add(&e->text, line);
		buf_add_char(&e->text, '\n');
	}
	buf_free(&prefix);
	buf_free(&added);
}

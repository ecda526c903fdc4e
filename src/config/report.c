#include <stdarg.h>

#include "base/limits.h"
#include "base/log.h"

#include "parse.h"

#define REPORT_TEXT (64u * 1024) /* of one message */

/* Text of files in it has gone through config_shown().  A default has no place. */
static const char *located(struct buf *text, struct config_place at, const char *fmt, va_list ap)
    PRINTF_LIKE(3, 0);
static const char *located(struct buf *text, struct config_place at, const char *fmt, va_list ap)
{
	if (at.file != NULL)
		buf_addf(text, "%s:%u: ", at.file, at.line);
	buf_vaddf(text, fmt, ap);
	return buf_cstr(text);
}

void config_error(struct err *err, struct config_place at, const char *fmt, ...)
{
	struct buf text = BUF_INIT(REPORT_TEXT);
	va_list ap;

	if (err->count == LIMIT_CONFIG_ERRORS)
		err_add(err, "%s:%u: further errors omitted", at.file, at.line);
	if (err->count > LIMIT_CONFIG_ERRORS) {
		err->count++;
		return;
	}
	va_start(ap, fmt);
	err_add(err, "%s", located(&text, at, fmt, ap));
	va_end(ap);
	buf_free(&text);
}

void config_finding(struct err *err, struct config_place at, const char *fmt, ...)
{
	struct buf text = BUF_INIT(REPORT_TEXT);
	va_list ap;

	va_start(ap, fmt);
	err_finding(err, "%s", located(&text, at, fmt, ap));
	va_end(ap);
	buf_free(&text);
}

void config_warning(struct err *err, struct config_place at, const char *fmt, ...)
{
	struct buf text = BUF_INIT(REPORT_TEXT);
	va_list ap;

	if (err->warnings > LIMIT_CONFIG_ERRORS)
		return;
	va_start(ap, fmt);
	err_warn(err, "%s", located(&text, at, fmt, ap));
	va_end(ap);
	buf_free(&text);
}

const char *config_shown(struct arena *a, struct slice text)
{
	struct buf out = BUF_INIT(8 * LIMIT_LOG_FIELD);
	struct slice rest = slice_take(text, LIMIT_LOG_FIELD), printable;

	while (rest.len > 0) {
		log_escape(&out, slice_split(&rest, ' '));
		if (!slice_is_null(rest))
			buf_add_char(&out, ' ');
	}
	if (text.len > LIMIT_LOG_FIELD)
		buf_add_str(&out, "...");
	printable = arena_take_buf(a, &out);
	return slice_is_null(printable) ? "?" : printable.ptr;
}

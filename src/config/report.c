#include <stdarg.h>

#include "base/limits.h"

#include "parse.h"

#define REPORT_TEXT (64u * 1024) /* of one message */

/* Text of files in it has gone through log_shown(). */
static const char *located(struct buf *text, struct config_place at, const char *fmt, va_list ap)
    PRINTF_LIKE(3, 0);
static const char *located(struct buf *text, struct config_place at, const char *fmt, va_list ap)
{
	buf_addf(text, "%s:%u: ", at.file, at.line);
	buf_vaddf(text, fmt, ap);
	return buf_cstr(text);
}

void config_error(struct err *err, struct config_place at, const char *fmt, ...)
{
	struct buf text = BUF_INIT(REPORT_TEXT);
	va_list ap;

	if (err->count == LIMIT_CONFIG_ERRORS)
		err_add(err, "%s:%u: and more mistakes, not told here", at.file, at.line);
	if (err->count > LIMIT_CONFIG_ERRORS) {
		err->count++;
		return;
	}
	va_start(ap, fmt);
	err_add(err, "%s", located(&text, at, fmt, ap));
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

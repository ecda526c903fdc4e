#include <stdarg.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/log.h"

#include "base/err.h"

void err_free(struct err *e)
{
	buf_free(&e->text);
	e->count = 0;
	e->findings = 0;
	e->warnings = 0;
}

static const struct slice finding = { "finding: ", 9 }, warning = { "warning: ", 9 };

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

/* Counts one more finding; false: it is one too many to be reported. */
static bool finding_is_told(struct err *e)
{
	size_t before = e->findings++;

	if (before == LIMIT_CONFIG_ERRORS) {
		buf_add(&e->text, finding);
		buf_add_str(&e->text, "further findings omitted\n");
	}
	return before < LIMIT_CONFIG_ERRORS;
}

void err_finding(struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (!finding_is_told(e))
		return;
	buf_add(&e->text, finding);
	va_start(ap, fmt);
	add_line(e, fmt, ap);
	va_end(ap);
}

void err_warn(struct err *e, const char *fmt, ...)
{
	va_list ap;

	buf_add(&e->text, warning);
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

/* "finding: " or "warning: " at the start of a line; empty for an error. */
static struct slice kind_of(struct slice line)
{
	return slice_starts_with(line, finding) || slice_starts_with(line, warning)
	    ? slice_take(line, warning.len) : SLICE("");
}

void err_take_findings(struct err *e, struct err *from)
{
	struct slice rest = buf_slice(&from->text);

	while (rest.len > 0) {
		struct slice line = slice_split(&rest, '\n'), kind = kind_of(line);

		if (slice_eq(kind, warning))
			err_warn(e, "%.*s", SLICE_ARG(slice_drop(line, kind.len)));
		else
			err_finding(e, "%.*s", SLICE_ARG(slice_drop(line, kind.len)));
	}
	err_free(from);
}

void err_log(const struct err *e)
{
	struct slice rest = buf_slice(&e->text);

	while (rest.len > 0) {
		struct slice line = slice_split(&rest, '\n');

		log_line(slice_starts_with(line, warning) ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR,
		    line);
	}
}

void err_print(const struct err *e)
{
	fputs(buf_cstr(&e->text), stderr);
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
		struct slice line = slice_split(&rest, '\n'), kind = kind_of(line);

		buf_add(&e->text, kind);
		buf_add(&e->text, buf_slice(&prefix));
		buf_add_str(&e->text, ": ");
		buf_add(&e->text, slice_drop(line, kind.len));
		buf_add_char(&e->text, '\n');
	}
	buf_free(&prefix);
	buf_free(&added);
}

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/utf8.h"

#include "base/log.h"

static struct log_params log_current = { .level = LOG_LEVEL_INFO, .ident = "assay" };

static const int syslog_priority[] = {
	[LOG_LEVEL_ERROR] = LOG_ERR,
	[LOG_LEVEL_WARNING] = LOG_WARNING,
	[LOG_LEVEL_INFO] = LOG_INFO,
	[LOG_LEVEL_DEBUG] = LOG_DEBUG,
};

void log_open(const struct log_params *params)
{
	log_current = *params;
	if (params->target == LOG_TARGET_SYSLOG)
		openlog(params->ident, LOG_PID | LOG_NDELAY, params->facility);
}

void log_line(enum log_level level, struct slice line)
{
	if (level > log_current.level)
		return;
	switch (log_current.target) {
	case LOG_TARGET_SYSLOG:
		syslog(syslog_priority[level], "%.*s", SLICE_ARG(line));
		break;
	case LOG_TARGET_JOURNAL: /* systemd reads "<priority>" before a line of standard error */
		fprintf(stderr, "<%d>%.*s\n", syslog_priority[level], SLICE_ARG(line));
		break;
	case LOG_TARGET_STDERR:
		fprintf(stderr, "%s: %.*s\n", log_current.ident, SLICE_ARG(line));
		break;
	}
}

static void log_format(enum log_level level, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
static void log_format(enum log_level level, const char *fmt, va_list ap)
{
	struct buf line = BUF_INIT(LIMIT_LOG_LINE);

	if (level > log_current.level)
		return;
	buf_vaddf(&line, fmt, ap);
	log_line(level, buf_failed(&line) ? slice_str(fmt) : buf_slice(&line));
	buf_free(&line);
}

#define LOG_FUNCTION(name, level) \
	void name(const char *fmt, ...) \
	{ \
		va_list ap; \
\
		va_start(ap, fmt); \
		log_format(level, fmt, ap); \
		va_end(ap); \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

void log_escape(struct buf *out, struct slice s)
{
	struct slice rest = slice_take(s, LIMIT_LOG_FIELD);

	while (rest.len > 0) {
		size_t n = utf8_sequence(rest);
		char c = rest.ptr[0];

		if (n > 1 || (is_vchar(c) && c != '\\')) {
			buf_add(out, slice_take(rest, n));
		} else {
			buf_addf(out, "\\x%02x", (unsigned)(unsigned char)c);
			n = 1;
		}
		rest = slice_drop(rest, n);
	}
	if (s.len > LIMIT_LOG_FIELD)
		buf_add_str(out, "...");
}

const char *log_shown(struct arena *a, struct slice s)
{
	struct buf out = BUF_INIT(4 * LIMIT_LOG_FIELD + 4);
	struct slice printable;

	log_escape(&out, s);
	printable = arena_take_buf(a, &out);
	return slice_is_null(printable) ? "?" : printable.ptr;
}

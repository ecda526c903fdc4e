#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/queue.h"
#include "base/utf8.h"

#include "base/log.h"

/* What the operator set, and the thread that writes for the others. */
static pthread_rwlock_t log_lock = PTHREAD_RWLOCK_INITIALIZER;
static struct log_params log_current = { .level = LOG_LEVEL_INFO, .ident = "assay" };
static struct queue *log_writer; /* NULL: lines are written by whoever logs them */

static const int syslog_priority[] = {
	[LOG_LEVEL_ERROR] = LOG_ERR,
	[LOG_LEVEL_WARNING] = LOG_WARNING,
	[LOG_LEVEL_INFO] = LOG_INFO,
	[LOG_LEVEL_DEBUG] = LOG_DEBUG,
};

static struct log_params log_params_now(void)
{
	struct log_params now;

	pthread_rwlock_rdlock(&log_lock);
	now = log_current;
	pthread_rwlock_unlock(&log_lock);
	return now;
}

void log_open(const struct log_params *params)
{
	pthread_rwlock_wrlock(&log_lock);
	log_current = *params;
	if (params->target == LOG_TARGET_SYSLOG)
		openlog(params->ident, LOG_PID | LOG_NDELAY, params->facility);
	pthread_rwlock_unlock(&log_lock);
}

static void write_line(enum log_level level, struct slice line)
{
	const struct log_params now = log_params_now();

	switch (now.target) {
	case LOG_TARGET_SYSLOG:
		syslog(syslog_priority[level], "%.*s", SLICE_ARG(line));
		break;
	case LOG_TARGET_JOURNAL: /* systemd reads "<priority>" before a line of standard error */
		fprintf(stderr, "<%d>%.*s\n", syslog_priority[level], SLICE_ARG(line));
		break;
	case LOG_TARGET_STDERR:
		fprintf(stderr, "%s: %.*s\n", now.ident, SLICE_ARG(line));
		break;
	}
}

/* --- the writer's thread: an item is the level's octet and the line --------------------------- */

static void write_dropped(void)
{
	static uint64_t reported; /* the writer's own */
	uint64_t dropped = log_dropped();
	char text[80];
	int len;

	if (dropped == reported)
		return;
	len = snprintf(text, sizeof(text), "%llu lines were dropped: the log is slower than the mail",
	    (unsigned long long)(dropped - reported));
	reported = dropped;
	write_line(LOG_LEVEL_WARNING, slice_of(text, (size_t)len));
}

static void write_item(void *ctx, struct slice item)
{
	(void)ctx;
	write_line((enum log_level)item.ptr[0], slice_drop(item, 1));
	write_dropped();
}

static void put_item(enum log_level level, struct slice line)
{
	struct buf item = BUF_INIT(LIMIT_LOG_QUEUE);

	buf_add_char(&item, (char)level);
	buf_add(&item, line);
	(void)queue_put(log_writer, buf_failed(&item) ? SLICE_NULL : buf_slice(&item));
	buf_free(&item);
}

enum rc log_defer(void)
{
	return queue_start(LIMIT_LOG_QUEUE, write_item, NULL, &log_writer);
}

size_t log_drain(int64_t limit_ms)
{
	return log_writer == NULL ? 0 : queue_drain(log_writer, limit_ms);
}

uint64_t log_dropped(void)
{
	return log_writer == NULL ? 0 : queue_dropped(log_writer);
}

/* --- lines ------------------------------------------------------------------------------------ */

void log_line(enum log_level level, struct slice line)
{
	if (level > log_params_now().level)
		return;
	if (log_writer != NULL)
		put_item(level, line);
	else
		write_line(level, line);
}

static void log_format(enum log_level level, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
static void log_format(enum log_level level, const char *fmt, va_list ap)
{
	struct buf line = BUF_INIT(LIMIT_LOG_LINE);

	if (level > log_params_now().level)
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

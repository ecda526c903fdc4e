#include <errno.h>
#include <fcntl.h>
#include <paths.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "base/plural.h"
#include "base/queue.h"
#include "base/repeats.h"
#include "base/utf8.h"

#include "base/log.h"

/* What the operator set, and the thread that writes for the others. */
static pthread_rwlock_t log_lock = PTHREAD_RWLOCK_INITIALIZER;
static struct log_params log_current = { .level = LOG_LEVEL_INFO, .ident = "assay" };
static bool log_stderr_is_journal;
static struct queue *log_writer; /* NULL: lines are written by the calling thread */

static const int syslog_priority[] = {
	[LOG_LEVEL_ERROR] = LOG_ERR,
	[LOG_LEVEL_WARNING] = LOG_WARNING,
	[LOG_LEVEL_INFO] = LOG_INFO,
	[LOG_LEVEL_DEBUG] = LOG_DEBUG,
};

static bool wanted(enum log_level level)
{
	bool is;

	pthread_rwlock_rdlock(&log_lock);
	is = level <= log_current.level;
	pthread_rwlock_unlock(&log_lock);
	return is;
}

/* --- targets ---------------------------------------------------------------------------------- */

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define LOCK_SECONDS   2

static int log_fd = -1; /* the journal's socket or the file; guarded by log_lock, as the next one */
static struct sockaddr_un journal_address;

static struct sockaddr_un address_of_journal(const struct log_params *params)
{
	struct slice path = slice_str(params->journal == NULL ? JOURNAL_SOCKET : params->journal);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (path.len < sizeof(address.sun_path))
		memcpy(address.sun_path, path.ptr, path.len);
	return address;
}

static int open_datagram(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* systemd says by JOURNAL_STREAM which device and inode its stream is: then lines carry a priority. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct cursor c = cursor_of(slice_str(stream));
	uint64_t device, inode;
	struct stat st;

	return stream != NULL && take_uint(&c, 19, UINT64_MAX, &device) && take_char(&c, ':') &&
	    take_uint(&c, 19, UINT64_MAX, &inode) && fstat(STDERR_FILENO, &st) == 0 &&
	    device == (uint64_t)st.st_dev && inode == (uint64_t)st.st_ino;
}

/* A FIFO without a reader is an error, not a start that hangs; afterwards writes wait as usual. */
static int open_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);

	if (fd >= 0 && fcntl(fd, F_SETFL, O_APPEND) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/*
 * A write to a target that takes nothing any more (a FIFO that is not read) holds the lock for reading.  A
 * reload gives up then: if it waited, the main thread would not notice SIGTERM either.
 */
static bool lock_for_change(void)
{
	const struct timespec until = { .tv_sec = (time_t)clock_now() + LOCK_SECONDS };

	return pthread_rwlock_timedwrlock(&log_lock, &until) == 0;
}

bool log_open(const struct log_params *params)
{
	const struct sockaddr_un journal = address_of_journal(params);
	int fd = -1, error = 0;

	if (params->target == LOG_TARGET_JOURNAL)
		fd = open_datagram(&journal);
	else if (params->target == LOG_TARGET_FILE)
		fd = open_file(params->file);
	if (fd < 0)
		error = errno;
	if (!lock_for_change()) {
		if (fd >= 0)
			close(fd);
		errno = EBUSY;
		return false;
	}
	if (log_fd >= 0)
		close(log_fd);
	log_fd = fd;
	log_current = *params;
	log_current.file = log_current.journal = NULL;
	journal_address = journal;
	if (fd < 0 && (params->target == LOG_TARGET_JOURNAL || params->target == LOG_TARGET_FILE))
		log_current.target = LOG_TARGET_STDERR;
	else
		error = 0;
	log_stderr_is_journal = stderr_is_journal();
	if (params->target == LOG_TARGET_SYSLOG)
		openlog(params->ident, LOG_PID | LOG_NDELAY, params->facility);
	pthread_rwlock_unlock(&log_lock);
	errno = error;
	return error == 0;
}

/* --- what would lose lines --- */

static void check_syslog(const struct log_params *params, struct err *err)
{
	static const struct sockaddr_un address = { AF_UNIX, _PATH_LOG };
	int fd = open_datagram(&address);

	(void)params;
	if (fd < 0 && errno != EPROTOTYPE) /* of a stream: something listens */
		err_warn(err, "log target = syslog: no syslog listens at " _PATH_LOG " (%s): lines would be lost: "
		    "start one, or write target = file, journal or stderr", strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void check_journal(const struct log_params *params, struct err *err)
{
	const struct sockaddr_un address = address_of_journal(params);
	int fd = open_datagram(&address);

	if (fd < 0)
		err_warn(err, "log target = journal: no journal is running here (%s): lines go to standard error, "
		    "where they may be lost: write syslog or file", strerror(errno));
	else
		close(fd);
}

/* The file may be made when it is missing, so its directory counts then. */
static void check_file(const struct log_params *params, struct err *err)
{
	const char *slash = strrchr(params->file, '/');
	struct buf directory = BUF_INIT(4096);
	bool writable = access(params->file, W_OK) == 0;

	if (!writable && errno == ENOENT && slash != NULL) {
		buf_add(&directory, slice_between(params->file, slash + 1));
		writable = access(buf_cstr(&directory), W_OK | X_OK) == 0;
	}
	if (!writable)
		err_warn(err, "log file = %s: it cannot be written (%s): lines go to standard error, where they "
		    "may be lost: make its directory writable for the daemon's user", params->file,
		    strerror(errno));
	buf_free(&directory);
}

static void check_stderr(const struct log_params *params, struct err *err)
{
	(void)params;
	(void)err;
}

void log_check(const struct log_params *params, struct err *err)
{
	static void (*const checks[])(const struct log_params *, struct err *) = {
		[LOG_TARGET_STDERR] = check_stderr,
		[LOG_TARGET_SYSLOG] = check_syslog,
		[LOG_TARGET_JOURNAL] = check_journal,
		[LOG_TARGET_FILE] = check_file,
	};

	checks[params->target](params, err);
}

/* --- writing --- */

static void write_syslog(enum log_level level, struct slice line, struct slice fields)
{
	(void)fields;
	syslog(syslog_priority[level], "%.*s", SLICE_ARG(line));
}

static void write_stderr(enum log_level level, struct slice line, struct slice fields)
{
	(void)fields;
	if (log_stderr_is_journal)
		fprintf(stderr, "<%d>%.*s\n", syslog_priority[level], SLICE_ARG(line));
	else
		fprintf(stderr, "%s: %.*s\n", log_current.ident, SLICE_ARG(line));
}

/* A restarted journal has another socket at the same path. */
static bool send_to_journal(struct slice datagram)
{
	if (send(log_fd, datagram.ptr, datagram.len, MSG_NOSIGNAL) >= 0)
		return true;
	return (errno == ECONNREFUSED || errno == ENOTCONN || errno == ECONNRESET) &&
	    connect(log_fd, (const struct sockaddr *)&journal_address, sizeof(journal_address)) == 0 &&
	    send(log_fd, datagram.ptr, datagram.len, MSG_NOSIGNAL) >= 0;
}

/* The journal's own protocol: fields, one a line; neither a line of log nor a value has a line end in it. */
static void write_journal(enum log_level level, struct slice line, struct slice fields)
{
	struct buf text = BUF_INIT(LIMIT_LOG_QUEUE);

	buf_addf(&text, "PRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_IDENTIFIER=%s\nSYSLOG_PID=%ld\nMESSAGE=",
	    syslog_priority[level], LOG_FAC(log_current.facility), log_current.ident, (long)getpid());
	buf_add(&text, line);
	buf_add_char(&text, '\n');
	buf_add(&text, fields);
	if (buf_failed(&text) || !send_to_journal(buf_slice(&text)))
		write_stderr(level, line, fields);
	buf_free(&text);
}

/* "2026-11-26T17:24:30+0000 assayd[4711]: line" */
static void write_file(enum log_level level, struct slice line, struct slice fields)
{
	struct buf text = BUF_INIT(LIMIT_LOG_QUEUE);
	time_t now = (time_t)clock_now();
	char stamp[40] = "";
	struct tm tm;

	(void)level;
	if (localtime_r(&now, &tm) != NULL)
		(void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S%z", &tm);
	buf_addf(&text, "%s %s[%ld]: ", stamp, log_current.ident, (long)getpid());
	buf_add(&text, line);
	buf_add_char(&text, '\n');
	if (buf_failed(&text) || write(log_fd, text.ptr, text.len) != (ssize_t)text.len)
		write_stderr(level, line, fields); /* a full disk */
	buf_free(&text);
}

static void write_line(enum log_level level, struct slice line, struct slice fields)
{
	static void (*const writers[])(enum log_level, struct slice, struct slice) = {
		[LOG_TARGET_STDERR] = write_stderr,
		[LOG_TARGET_SYSLOG] = write_syslog,
		[LOG_TARGET_JOURNAL] = write_journal,
		[LOG_TARGET_FILE] = write_file,
	};

	pthread_rwlock_rdlock(&log_lock);
	writers[log_current.target](level, line, fields);
	pthread_rwlock_unlock(&log_lock);
}

/* --- the writer's thread: an item is a head, the line, and its fields ------------------------- */

struct item_head {
	enum log_level level;
	size_t line_len;
};

static void write_dropped(void)
{
	static uint64_t reported; /* the writer's own */
	uint64_t dropped = log_dropped();
	char text[80];
	int len;

	if (dropped == reported)
		return;
	len = snprintf(text, sizeof(text), "%llu %s dropped: the log is slower than the mail",
	    (unsigned long long)(dropped - reported), plural(dropped - reported, "line was", "lines were"));
	reported = dropped;
	write_line(LOG_LEVEL_WARNING, slice_of(text, (size_t)len), SLICE_NULL);
}

static void write_item(void *ctx, struct slice item)
{
	struct item_head head;

	(void)ctx;
	memcpy(&head, item.ptr, sizeof(head));
	item = slice_drop(item, sizeof(head));
	write_line(head.level, slice_take(item, head.line_len), slice_drop(item, head.line_len));
	write_dropped();
}

static void put_item(enum log_level level, struct slice line, struct slice fields)
{
	const struct item_head head = { level, line.len };
	struct buf item = BUF_INIT(LIMIT_LOG_QUEUE);

	buf_add(&item, slice_of((const char *)&head, sizeof(head)));
	buf_add(&item, line);
	buf_add(&item, fields);
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

/* --- lines about trouble are kept ------------------------------------------------------------- */

static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;
static struct log_kept kept[LIMIT_LOG_KEPT]; /* guarded by kept_lock, as the next one */
static uint64_t kept_count;                  /* since the start; the next one's place is its remainder */

static void keep(enum log_level level, struct slice line)
{
	struct slice text = utf8_take(line, LIMIT_LOG_KEPT_LINE);
	struct log_kept *k;

	if (level > LOG_LEVEL_WARNING)
		return;
	pthread_mutex_lock(&kept_lock);
	k = &kept[kept_count++ % LIMIT_LOG_KEPT];
	k->time = clock_now();
	k->level = level;
	k->len = text.len;
	if (text.len > 0)
		memcpy(k->line, text.ptr, text.len);
	pthread_mutex_unlock(&kept_lock);
}

size_t log_kept(struct log_kept out[LIMIT_LOG_KEPT])
{
	size_t n = 0;

	pthread_mutex_lock(&kept_lock);
	for (uint64_t i = kept_count < LIMIT_LOG_KEPT ? 0 : kept_count - LIMIT_LOG_KEPT; i < kept_count; i++)
		out[n++] = kept[i % LIMIT_LOG_KEPT];
	pthread_mutex_unlock(&kept_lock);
	return n;
}

/* --- lines ------------------------------------------------------------------------------------ */

bool log_takes_fields(void)
{
	bool takes;

	pthread_rwlock_rdlock(&log_lock);
	takes = log_current.target == LOG_TARGET_JOURNAL;
	pthread_rwlock_unlock(&log_lock);
	return takes;
}

void log_line(enum log_level level, struct slice line)
{
	log_line_with(level, line, SLICE_NULL);
}

void log_line_with(enum log_level level, struct slice line, struct slice fields)
{
	if (!wanted(level))
		return;
	keep(level, line);
	if (log_writer != NULL)
		put_item(level, line, fields);
	else
		write_line(level, line, fields);
}

static void log_format(enum log_level level, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
static void log_format(enum log_level level, const char *fmt, va_list ap)
{
	struct buf line = BUF_INIT(LIMIT_LOG_LINE);

	if (!wanted(level))
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

/* --- trouble that comes again ----------------------------------------------------------------- */

static pthread_mutex_t repeats_lock = PTHREAD_MUTEX_INITIALIZER;
static struct repeats repeats; /* guarded by repeats_lock */

void log_repeated(enum log_level level, const char *thing, const char *fmt, ...)
{
	struct buf text = BUF_INIT(LIMIT_LOG_LINE);
	struct slice line;
	bool first;
	va_list ap;

	if (!wanted(level))
		return;
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	line = buf_failed(&text) ? slice_str(fmt) : buf_slice(&text);
	pthread_mutex_lock(&repeats_lock);
	first = repeats_add(&repeats, slice_str(thing), (int)level, line, clock_monotonic_ms());
	pthread_mutex_unlock(&repeats_lock);
	if (first)
		log_line(level, line);
	buf_free(&text);
}

void log_sum_up(bool all)
{
	struct buf line = BUF_INIT(LIMIT_LOG_LINE);
	bool found = true;
	int level = LOG_LEVEL_WARNING;

	while (found) {
		buf_clear(&line);
		pthread_mutex_lock(&repeats_lock);
		found = repeats_next(&repeats, clock_monotonic_ms(), all, &level, &line);
		pthread_mutex_unlock(&repeats_lock);
		if (found)
			log_line((enum log_level)level, buf_slice(&line));
	}
	buf_free(&line);
}

static void add_escaped(struct buf *out, struct slice rest, bool is_line)
{
	while (rest.len > 0) {
		char c = rest.ptr[0];
		size_t n = is_line && c == ' ' ? 1 : !is_line && c == '\\' ? 0 : utf8_visible(rest);

		if (n > 0)
			buf_add(out, slice_take(rest, n));
		else
			buf_addf(out, "\\x%02x", (unsigned)(unsigned char)c);
		rest = slice_drop(rest, n > 0 ? n : 1);
	}
}

void log_escape_line(struct buf *out, struct slice line)
{
	add_escaped(out, line, true);
}

void log_escape(struct buf *out, struct slice s)
{
	add_escaped(out, slice_take(s, LIMIT_LOG_FIELD), false);
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

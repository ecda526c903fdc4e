/*
 * log.h - one line of log at a time, to syslog, the journal, a file or standard error.
 *
 * Text that we did not write ourselves (addresses, names, octets of mail) reaches a line only
 * through log_escape().  The logger decides whether a level is wanted; callers never ask.
 * Thread-safe.  Without log_open(), lines go to standard error.
 *
 * A log may block (a full socket of syslog's, a pipe without a reader).  A program that must not wait
 * for it calls log_defer() once: from then on a thread of the log's own writes, in order, from a queue
 * that is bounded in octets; what does not fit is dropped, counted, and reported in the log.
 */
#ifndef ASSAY_BASE_LOG_H
#define ASSAY_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/rc.h"
#include "base/slice.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_target { LOG_TARGET_STDERR, LOG_TARGET_SYSLOG, LOG_TARGET_JOURNAL, LOG_TARGET_FILE };

struct log_params {
	enum log_target target;
	enum log_level level; /* lines above it are dropped */
	int facility;         /* a LOG_* constant of <syslog.h> */
	const char *ident;    /* program name; must stay valid */
	const char *file;     /* of LOG_TARGET_FILE; needed by log_open() only */
	const char *journal;  /* the journal's socket; NULL: systemd's; needed by log_open() and log_check() only */
};

/*
 * May be called again at any time, as a reload does; a file is opened again.  False: the target cannot
 * be opened (errno), and lines go to standard error, in the journal's form where that is the journal.  With
 * EBUSY nothing was changed, because a line could not be written to the old target for two seconds.
 */
bool log_open(const struct log_params *params);

/*
 * Warns of a target that would lose lines, as far as this process can see: no journal or syslog here, a file
 * that cannot be written.  Nothing is opened for good or made.
 */
void log_check(const struct log_params *params, struct err *err);

/* Before other threads log, after the last fork(). */
MUST_CHECK enum rc log_defer(void);

/* Waits until everything is written, at most limit_ms; returns how many lines are not. */
size_t log_drain(int64_t limit_ms);

/* Lines that log_defer()'s queue had no room for, since the start. */
uint64_t log_dropped(void);

void log_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_warning(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_info(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_debug(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* A finished line, not a format. */
void log_line(enum log_level level, struct slice line);

/*
 * The same with the line's values for the journal: "NAME=value", each ended by LF, names in capitals.  The
 * other targets do without; log_takes_fields() says whether they are worth making.
 */
void log_line_with(enum log_level level, struct slice line, struct slice fields);
bool log_takes_fields(void);

/*
 * Trouble that may come again with every message: the first line about a thing ("reports store",
 * "name server 192.0.2.1:53") is logged at once, further ones are counted, and one line sums them up every
 * five minutes for as long as they come (base/repeats.h).  thing: fixed words of ours, or names that the
 * operator wrote, never what a remote party sent.
 */
void log_repeated(enum log_level level, const char *thing, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Called every few seconds, and with all before the process ends: logs the sums that are due, or all. */
void log_sum_up(bool all);

/* The newest LIMIT_LOG_KEPT lines of level error and warning, the oldest first. */
struct log_kept {
	int64_t time; /* seconds since the epoch */
	enum log_level level;
	size_t len;
	char line[LIMIT_LOG_KEPT_LINE]; /* cut there */
};
size_t log_kept(struct log_kept out[LIMIT_LOG_KEPT]);

/*
 * THE escaping function for log lines and error messages: printable ASCII except backslash stays,
 * space becomes "\x20" so that fields stay apart, valid UTF-8 stays, every other octet becomes
 * "\xHH".  At most LIMIT_LOG_FIELD octets of s are shown, then "...".
 */
void log_escape(struct buf *out, struct slice s);

/* The same for a whole line of a log, whose fields are escaped already: its spaces and backslashes stay. */
void log_escape_line(struct buf *out, struct slice line);

/* The same, NUL-terminated in the arena, for messages made with a format; never NULL. */
const char *log_shown(struct arena *a, struct slice s);

#endif

/*
 * repeats.h - trouble that comes again and again, as few lines of log.
 *
 * The first line about a thing is logged.  Lines about the same thing within REPEATS_MS after it are
 * counted, and one line sums them up when that time is over: the newest of them and their number.  While
 * the trouble lasts it has one line for each such time; when the time passes without any, the thing is
 * forgotten.  So the log grows with time and not with the mail.
 *
 * The table is bounded: trouble with more things than it has room for shares one entry.  Time is an
 * argument (monotonic milliseconds).  Not thread-safe: base/log.h has the table of the process.
 */
#ifndef ASSAY_BASE_REPEATS_H
#define ASSAY_BASE_REPEATS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

#define REPEATS_MS            (5 * 60 * 1000)
#define REPEATS_THINGS        64u /* the last one is shared by what found no room */
#define REPEATS_THING_OCTETS  128u
#define REPEATS_LINE_OCTETS   512u

struct repeat {
	size_t thing_len;  /* 0: a free entry */
	char thing[REPEATS_THING_OCTETS];
	int level;         /* the caller's: of the newest line */
	int64_t since_ms;  /* the begin of the time that is counted */
	uint64_t count;    /* lines that were not logged in it */
	size_t line_len;
	char line[REPEATS_LINE_OCTETS]; /* the newest */
};

/* All zero is an empty table. */
struct repeats {
	struct repeat things[REPEATS_THINGS];
};

/* thing names what the trouble is with; not empty.  True: log the line now; false: it was counted. */
bool repeats_add(struct repeats *r, struct slice thing, int level, struct slice line, int64_t now_ms);

/*
 * Adds to out one line that sums up a thing whose time is over (all: any that was counted).  The
 * time of that thing begins again, or ends if nothing was counted (all: always).  False: there is none left.
 */
bool repeats_next(struct repeats *r, int64_t now_ms, bool all, int *level_out, struct buf *out);

#endif

/*
 * when.h - times as people write them, and as logs have them.
 *
 * Times are seconds since the epoch.  What has no zone is local time.
 */
#ifndef ASSAY_CLI_WHEN_H
#define ASSAY_CLI_WHEN_H

#include <stdint.h>

#include "base/cursor.h"

/* RFC 3339 section 5.6, "T" or one space between date and time, fractions dropped, the zone optional. */
bool take_date_time(struct cursor *c, int64_t *out);

/*
 * "Nov 26 19:36:28" (RFC 3164 section 4.1.2), which has no year: the latest such time that is not
 * more than a day after now.
 */
bool take_syslog_time(struct cursor *c, int64_t now, int64_t *out);

/*
 * For --since and --until: such a date-time, a date alone (its first second), "today", "yesterday",
 * "@SECONDS", or how long ago: "90m", "6h", "7d", "2w".
 */
bool when_parse(struct slice text, int64_t now, int64_t *out);

/* "2026-11-26 19:36:28", local; "at an unknown time" for a negative one. */
#define WHEN_TEXT_SIZE 32
const char *when_text(int64_t t, char out[WHEN_TEXT_SIZE]);

#endif

/*
 * windows.h - by how much counters grew within the last minute, hour and day.
 *
 * Counting a message costs nothing here: all counters are copied now and then (windows_tick), and what a
 * counter grew by is the difference to the oldest copy.  So a window has its length or a little more: the
 * minute up to 10 seconds, the hour up to a minute, the day up to an hour.  A process that is younger
 * counts from its start.  Time is an argument (monotonic milliseconds).  Not thread-safe.
 */
#ifndef ASSAY_DAEMON_WINDOWS_H
#define ASSAY_DAEMON_WINDOWS_H

#include <stddef.h>
#include <stdint.h>

enum window { WINDOW_MINUTE, WINDOW_HOUR, WINDOW_DAY, WINDOW_COUNT };
const char *window_text(enum window w); /* "minute", "hour", "day" */

struct windows;

/* For that many counters, all zero at now_ms.  NULL: out of memory. */
struct windows *windows_new(size_t counters, int64_t now_ms);

/* Copies the values of all counters where it is time; to be called every 10 seconds or more often. */
void windows_tick(struct windows *w, const uint64_t *values, int64_t now_ms);

/* By how much the counter, which has this value now, grew. */
uint64_t windows_growth(const struct windows *w, enum window which, size_t counter, uint64_t value);

#endif

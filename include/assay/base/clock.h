/*
 * clock.h - the only reader of clocks.  Everywhere else time is an argument.
 */
#ifndef ASSAY_BASE_CLOCK_H
#define ASSAY_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_now(void);          /* seconds since 1970-01-01 UTC */
int64_t clock_monotonic_ms(void); /* milliseconds, for deadlines and durations only */

#endif

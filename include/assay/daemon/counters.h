/*
 * counters.h - counts results of messages since the start, and within the last minute, hour and day
 * (daemon/windows.h).  The counters are updated by an observer (daemon/observers.h) without a lock and
 * can be read at any time.
 */
#ifndef ASSAY_DAEMON_COUNTERS_H
#define ASSAY_DAEMON_COUNTERS_H

#include "config/settings.h"
#include "daemon/facts.h"
#include "verdict/verdict.h"

void counters_outcome(const struct outcome *o, const struct settings *settings);

/* Call it every 10 seconds, from the start on, with monotonic time.  Until the first call all counts are recent. */
void counters_tick(int64_t now_ms);

/* Adds the families. */
void counters_write(struct facts *f);

#endif

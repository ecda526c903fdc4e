/*
 * counters.h - what became of messages since the start: an observer (daemon/observers.h) that adds at
 * once, without a lock, and is read at any time; and how much of it was within the last minute, hour and
 * day (daemon/windows.h).
 */
#ifndef ASSAY_DAEMON_COUNTERS_H
#define ASSAY_DAEMON_COUNTERS_H

#include "config/settings.h"
#include "daemon/facts.h"
#include "verdict/verdict.h"

void counters_outcome(const struct outcome *o, const struct settings *settings);

/* Every 10 seconds, from the start on; before the first one everything counts as recent.  Monotonic. */
void counters_tick(int64_t now_ms);

/* Adds the families. */
void counters_write(struct facts *f);

#endif

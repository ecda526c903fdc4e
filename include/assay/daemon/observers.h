/*
 * observers.h - who sees the outcome of a message: counters and the log today, a history beside them.
 *
 * An observer runs in the thread that ends the message, after the MTA took the edits or refused them.
 * It never blocks and never fails: what may block gets a copy through a bounded queue (base/queue.h),
 * as the log has one of its own (log_defer()).  The outcome and the settings are valid within the call.
 */
#ifndef ASSAY_DAEMON_OBSERVERS_H
#define ASSAY_DAEMON_OBSERVERS_H

#include "config/settings.h"
#include "verdict/verdict.h"

void observers_outcome(const struct outcome *o, const struct settings *settings);

#endif

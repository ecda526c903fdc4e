/*
 * observers.h - who sees the outcome of a message: counters, the log, the history for reports.
 *
 * An observer runs in the thread that ends the message, after the MTA took the edits or refused them.
 * It never blocks and never fails: what may block gets a copy through a bounded queue (base/queue.h),
 * as the log and the history (report/history.h) have their own.  The outcome and the settings are valid within the call.
 */
#ifndef ASSAY_DAEMON_OBSERVERS_H
#define ASSAY_DAEMON_OBSERVERS_H

#include "config/settings.h"
#include "daemon/services.h"
#include "verdict/verdict.h"

void observers_outcome(struct services *services, const struct outcome *o, const struct settings *settings);

#endif

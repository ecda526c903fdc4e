/*
 * observers.h - passes the outcome of each message to the counters, the log and the history for reports.
 *
 * An observer runs in the thread that ends the message, after the MTA accepted or refused the edits.
 * It never blocks and never fails: an observer whose work may block, such as the log or the history
 * (report/history.h), puts a copy into a bounded queue (base/queue.h).  The outcome and the settings are
 * valid only during the call.
 */
#ifndef ASSAY_DAEMON_OBSERVERS_H
#define ASSAY_DAEMON_OBSERVERS_H

#include "config/settings.h"
#include "daemon/services.h"
#include "verdict/verdict.h"

void observers_outcome(struct services *services, const struct outcome *o, const struct settings *settings);

#endif

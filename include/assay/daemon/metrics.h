/*
 * metrics.h - the numbers over HTTP, for Prometheus: GET /metrics and nothing else.
 *
 * libmicrohttpd uses a separate thread and serves a few connections at a time, each for a few seconds at
 * most.  So a client that hangs or floods uses a bounded amount of memory and does not delay mail.
 */
#ifndef ASSAY_DAEMON_METRICS_H
#define ASSAY_DAEMON_METRICS_H

#include "base/err.h"
#include "daemon/facts.h"

/* RC_CONFIG with the reason: this build has no metrics (configure --without-metrics). */
MUST_CHECK enum rc metrics_check(struct err *err);

/* Writes the metrics in one of the two forms for them; called by the thread of the metrics. */
typedef void metrics_writer(void *ctx, enum facts_form form, struct buf *out);

/* Serves the listening socket fd for as long as the process lives.  RC_CONFIG with the reason. */
MUST_CHECK enum rc metrics_start(int fd, metrics_writer *write, void *ctx, struct err *err);

#endif

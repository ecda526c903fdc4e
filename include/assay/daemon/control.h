/*
 * control.h - the control socket: one request a connection (base/ask.h).
 *
 * The mode of the socket admits only root, the daemon's user and the group of `control { group }`.  A
 * separate thread serves a few clients at a time and never blocks on one of them.  A client that sends
 * no request, or does not read its answer, is closed after a few seconds.  If too many clients are
 * connected, the oldest is closed to make room for the newest.  Processing of mail never waits for this.
 */
#ifndef ASSAY_DAEMON_CONTROL_H
#define ASSAY_DAEMON_CONTROL_H

#include "base/buf.h"
#include "base/err.h"

/* A row of the table of requests, which ends with a row without a name. */
struct control_request {
	const char *name;
	void (*answer)(void *ctx, struct buf *out); /* called by the control thread */
};

/* Serves the listening socket fd until the process ends.  Call it once in a process. */
MUST_CHECK enum rc control_start(int fd, const struct control_request *requests, void *ctx,
    struct err *err);

#endif

/*
 * control.h - the control socket: one request a connection (base/ask.h).
 *
 * Only root, the daemon's user and the group of `control { group }` reach it: its mode decides.  A thread
 * of its own serves one client after the other and waits for each a few seconds at most: a client that
 * hangs delays the next one, never mail.
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

/* Serves the listening socket fd for ever.  Once in a process. */
MUST_CHECK enum rc control_start(int fd, const struct control_request *requests, void *ctx,
    struct err *err);

#endif

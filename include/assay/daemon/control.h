/*
 * control.h - the control socket: one request a connection (base/ask.h).
 *
 * Only root, the daemon's user and the group of `control { group }` reach it: its mode decides.  A thread
 * of its own serves a few clients at a time without waiting for any: one that says nothing, or does not
 * read its answer, delays no other and is closed after a few seconds; when there are too many, the oldest is
 * closed for the newest.  Mail never waits for any of this.
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

/*
 * signals.h - what the operator requests by a signal, read by the main thread alone.
 *
 * SIGHUP and SIGUSR1 request a reload, SIGTERM and SIGINT the stop; SIGPIPE is ignored.  A process has one set.
 */
#ifndef ASSAY_DAEMON_SIGNALS_H
#define ASSAY_DAEMON_SIGNALS_H

#include <stdbool.h>

#include "base/err.h"

#define SIGNAL_RELOAD 'r'
#define SIGNAL_STOP 's'

/*
 * Installs the handlers, and blocks the signals in this thread and in those that it starts (libmilter must not take
 * them: see daemon/milter.c).  RC_CONFIG: the system gives no pipe.
 */
MUST_CHECK enum rc signals_prepare(struct err *err);

/* The calling thread takes them from now on. */
void signals_accept(void);

/* Waits for the next request.  False: none came within timeout_ms (negative: no limit), or the wait was interrupted. */
bool signals_next(int timeout_ms, char *letter);

/* As SIGTERM does, from any thread.  False: the pipe is full of requests that were not read. */
bool signals_request_stop(void);

#endif

/*
 * milter.h - libmilter's side of the daemon: callbacks translate into calls of session.h, and its
 * answers back.
 *
 * Every no-reply step is agreed (libmilter answers "continue" in our place where the MTA does not know
 * them), so that callbacks before the end of message answer nothing; a session keeps trouble until
 * then.  Callbacks of one session hop threads: everything of a session hangs off its context.
 */
#ifndef ASSAY_DAEMON_MILTER_H
#define ASSAY_DAEMON_MILTER_H

#include <stdbool.h>

#include "base/err.h"
#include "daemon/services.h"

/* Once, before milter_listen(). */
MUST_CHECK enum rc milter_register(struct err *err);

/* Opens the socket, in libmilter's notation; libmilter itself says why not, to syslog only. */
bool milter_listen(const char *name);

/* Serves for ever; returns, with false, when libmilter failed.  The process ends without stopping it. */
bool milter_run(struct services *services);

#endif

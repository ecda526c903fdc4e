/*
 * milter.h - libmilter's side of the daemon: callbacks translate and return.
 *
 * No-reply steps are agreed wherever the MTA offers them; every callback before the end of message
 * then answers nothing, and trouble is kept until the end of message.  Callbacks of one session hop
 * threads: everything of a session hangs off its context.
 */
#ifndef ASSAY_DAEMON_MILTER_H
#define ASSAY_DAEMON_MILTER_H

#include <stdbool.h>

#include "base/err.h"

/* Once, before milter_listen(). */
MUST_CHECK enum rc milter_register(struct err *err);

/* Opens the socket, in libmilter's notation; libmilter itself says why not, to syslog only. */
bool milter_listen(const char *name);

/* Serves for ever; returns, with false, when libmilter failed.  The process ends without telling it. */
bool milter_run(void);

#endif

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
#include "daemon/listen.h"
#include "daemon/services.h"

/* Once, before milter_listen(). */
MUST_CHECK enum rc milter_register(struct err *err);

/* The binder (daemon/listen.h) of the milter's socket, which is libmilter's; ctx is not used. */
listen_binder milter_listen;

/* Our notation in libmilter's: "inet:127.0.0.1:8893" -> "inet:8893@127.0.0.1". */
MUST_CHECK enum rc milter_address(struct slice listen, struct buf *out, struct err *err);

/* Serves until the process ends; returns false if libmilter failed.  The process ends without stopping it. */
bool milter_run(struct services *services);

#endif

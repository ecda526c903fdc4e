/*
 * milter.h - connects libmilter to session.h: callbacks of libmilter call its functions and return their
 * answers.
 *
 * The daemon negotiates that no callback before the end of a message is answered (for an MTA that does not
 * support this, libmilter answers "continue" itself).  A session therefore remembers an error until the
 * end of the message.  libmilter may run each callback of a session in another thread, so all data of
 * a session is reached through its libmilter context, never through thread-local data.
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

/* Serves until the process ends; returns false if libmilter failed.  It is never stopped: see serve() in server.c. */
bool milter_run(struct services *services);

#endif

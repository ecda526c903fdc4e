/*
 * listen.h - the milter socket: checked by us, so that trouble has a name, then opened by libmilter.
 */
#ifndef ASSAY_DAEMON_LISTEN_H
#define ASSAY_DAEMON_LISTEN_H

#include <sys/socket.h>

#include "base/err.h"
#include "config/settings.h"
#include "daemon/privileges.h"

/*
 * Opens the socket of settings->listen while we still may: makes a missing directory of a unix
 * socket, refuses to take over a socket that somebody answers on, sets owner, group and mode.
 * milter_register() must have been called.  RC_CONFIG with the reason.
 */
MUST_CHECK enum rc listen_open(const struct settings *s, const struct identity *id,
    struct err *err);

/* Where settings->listen is found by whoever connects.  RC_CONFIG with the reason. */
MUST_CHECK enum rc listen_sockaddr(struct slice listen, struct sockaddr_storage *out,
    socklen_t *len_out, struct err *err);

/* Our notation in libmilter's: "inet:127.0.0.1:8893" -> "inet:8893@127.0.0.1". */
MUST_CHECK enum rc listen_libmilter_name(struct slice listen, struct buf *out, struct err *err);

#endif

/*
 * listen.h - the one way to open a listening socket: the milter's, the control socket, the metrics.
 *
 * A unix socket is bound in a private directory (mode 0700) beside its place, gets its group and mode
 * there, and is then renamed onto its place: there is no moment in which a client could reach it under a
 * wider mode, and none without a socket where there was one before.  A daemon that root starts does all
 * of it as the service user with the socket's group (effective ids): root follows no path into a
 * directory that the service user can write to.
 */
#ifndef ASSAY_DAEMON_LISTEN_H
#define ASSAY_DAEMON_LISTEN_H

#include <sys/socket.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/slice.h"
#include "daemon/privileges.h"

struct listen_params {
	const char *option;   /* what the configuration calls it, for messages */
	struct slice address; /* "unix:PATH", "inet:ADDRESS:PORT", "fd:NUMBER"; borrowed */
	mode_t mode;          /* of a unix socket */
	struct slice group;   /* of a unix socket; empty: the service user's own */
	bool allow_remote;    /* an address that other machines reach is not refused */
};

/* Binds and listens at address, in the notation of struct listen_params.  RC_CONFIG with the reason. */
typedef enum rc listen_binder(void *ctx, struct slice address, struct err *err);

/* The binder for what is served by descriptor: ctx is the int that receives it. */
listen_binder listen_bind;

struct listener;

/*
 * Binds; a unix socket cannot be reached before listen_publish().  Makes a missing directory of a unix
 * socket, refuses to take over a socket that a process answers on.  RC_CONFIG with the reason.
 */
MUST_CHECK enum rc listen_open(const struct listen_params *p, const struct identity *id,
    listen_binder *bind, void *ctx, struct listener **out, struct err *err);

/* The last step of a start, as the service user.  RC_CONFIG with the reason. */
MUST_CHECK enum rc listen_publish(struct listener *l, struct err *err);

/* Removes what was not published; the descriptor is its binder's.  Sets *l to NULL; NULL is fine. */
void listen_free(struct listener **l);

/* What would keep listen_open() from working, without making anything: errors to err. */
void listen_check(const struct listen_params *p, const struct identity *id, struct err *err);

/* The same of a file that is to be made at path, as the pid file is. */
void listen_check_directory(const char *option, const char *path, const struct identity *id,
    struct err *err);

/* The address that clients connect to.  RC_CONFIG with the reason. */
MUST_CHECK enum rc listen_sockaddr(struct slice address, struct sockaddr_storage *out,
    socklen_t *len_out, struct err *err);

/* "127.0.0.1:8893" or "[::1]:8893": host without brackets, and port.  False: neither. */
bool listen_split(struct slice address, struct slice *host, struct slice *port, bool *v6);

/*
 * Makes the directory of path where only it is missing, for the service user and group, mode 0750.
 * RC_CONFIG with the reason.
 */
MUST_CHECK enum rc listen_make_directory(const char *option, const char *path,
    const struct identity *id, gid_t group, struct err *err);

#endif

/*
 * listen.h - the one way to open a listening socket: the milter's, the control socket, the metrics.
 *
 * A unix socket is bound in a private directory (mode 0700) next to its final path, gets its group and mode
 * there, and is then renamed to that path.  So a client can never connect while the mode is too wide, and
 * an existing socket is replaced without a gap.  A daemon started by root does all of this with the
 * effective ids of the service user and the socket's group, because the service user could place links in
 * a directory that it can write to, and root must not follow them.
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

/* Removes a socket that was not published; does not close its descriptor.  Sets *l to NULL; NULL is fine. */
void listen_free(struct listener **l);

/* Adds to err the reasons for which listen_open() would fail; creates nothing. */
void listen_check(const struct listen_params *p, const struct identity *id, struct err *err);

/* Does the same for a file that will be created at path, such as the pid file. */
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

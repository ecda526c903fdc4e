/*
 * sockets.h - the sockets of one daemon, from the configuration: the milter's, the control socket, the metrics.
 *
 * They are opened while the process may still do so (daemon/listen.h says how), and can be reached when all of them are
 * published: when the daemon can serve.
 */
#ifndef ASSAY_DAEMON_SOCKETS_H
#define ASSAY_DAEMON_SOCKETS_H

#include "config/settings.h"
#include "daemon/answers.h"
#include "daemon/listen.h"

struct sockets {
	struct listener *milter, *control, *metrics; /* NULL: the configuration has none */
	int control_fd, metrics_fd;                  /* owned by who serves them, once they are published */
};

/*
 * Opens what the configuration names.  If the default control socket cannot be created, that is a warning only.
 * RC_CONFIG with the reason; what was opened then is freed by sockets_free().
 */
MUST_CHECK enum rc sockets_open(const struct settings *s, const struct identity *id, struct sockets *sockets,
    struct err *err);

/* Starts to answer on control socket and metrics, and lets clients reach all three.  RC_CONFIG with the reason. */
MUST_CHECK enum rc sockets_publish(const struct sockets *sockets, struct server *server, struct err *err);

/* Removes what was not published. */
void sockets_free(struct sockets *sockets);

/* Adds to err the reasons for which sockets_open() would fail; creates nothing. */
void sockets_check(const struct settings *s, const struct identity *id, struct err *err);

#endif

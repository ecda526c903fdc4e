/*
 * server.h - assayd's life: check, start, serve, reload, stop.
 */
#ifndef ASSAY_DAEMON_SERVER_H
#define ASSAY_DAEMON_SERVER_H

#include <stdbool.h>

#include "base/err.h"

struct server_options {
	const char *config; /* path */
	bool foreground;    /* -f: log to standard error, no pid file */
	bool check;         /* -t, --check: validate as the user that will read the keys, and exit */
};

/* The exit status: 0 served and stopped in order (or the check found nothing), 1 otherwise. */
int server_main(const struct server_options *options);

/*
 * --reload: has the running daemon read the configuration again, prints its messages, and returns the
 * exit status: 0 when the new one is in use.
 */
int server_ask_reload(const char *config);

#endif

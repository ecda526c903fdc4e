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

#endif

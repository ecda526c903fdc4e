/*
 * reload.h - reads the configuration again, when a signal or the control socket requests it; and the request itself.
 */
#ifndef ASSAY_DAEMON_RELOAD_H
#define ASSAY_DAEMON_RELOAD_H

#include "base/err.h"
#include "daemon/services.h"

/*
 * Reloads from the file config, logs the messages that it adds to err and what became of it, and says so
 * to the service manager.  Reloads from several threads come one after the other.  RC_CONFIG: refused.
 */
enum rc reload(struct services *services, const char *config, struct err *err);

/*
 * assayd --reload: makes the daemon that runs with this configuration reload it, prints its messages, and returns the
 * exit status: 0 when the new configuration is in use.
 */
int reload_ask(const char *config);

#endif

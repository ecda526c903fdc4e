/*
 * reload.h - reads the configuration again, when a signal or the control socket requests it.
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

#endif

/*
 * check.h - assayd --check: what would keep the daemon from starting, and what it will do.
 */
#ifndef ASSAY_DAEMON_CHECK_H
#define ASSAY_DAEMON_CHECK_H

#include "config/settings.h"
#include "daemon/privileges.h"
#include "daemon/server.h"

/*
 * Becomes the user that the daemon will be, and looks as this user.  Prints errors, findings and warnings to standard
 * error, what the daemon will do to standard output.  The exit status: 0 nothing was found, 1 it would not start,
 * 3 it would start, with findings.
 */
MUST_CHECK int server_check(const struct server_options *options, struct settings *s, const struct identity *id,
    struct err *err);

#endif

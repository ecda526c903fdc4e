/*
 * keyfacts.h - the keys of the key directory and of sign-tables, with their states and since when they are in
 * them.
 */
#ifndef ASSAY_DAEMON_KEYFACTS_H
#define ASSAY_DAEMON_KEYFACTS_H

#include "config/settings.h"
#include "daemon/facts.h"

/*
 * Reads the directory and the times of files (nothing of it is kept).  Of more than LIMIT_STATUS_KEYS keys the ones that have been
 * in their state for longest are written; the numbers by state count them all.  now: seconds since the epoch.
 */
void keyfacts_write(struct facts *f, const struct settings *s, int64_t now);

#endif

/*
 * keyfacts.h - the keys of the key directory and of sign-tables, with their states and since when they are in
 * them.
 */
#ifndef ASSAY_DAEMON_KEYFACTS_H
#define ASSAY_DAEMON_KEYFACTS_H

#include "config/settings.h"
#include "daemon/facts.h"

/*
 * Reads the directory and the times of its files at each call.  If there are more than LIMIT_STATUS_KEYS
 * keys, it writes those that have been in their state for longest; the numbers by state include all keys.
 * now: seconds since the epoch.
 */
void keyfacts_write(struct facts *f, const struct settings *s, int64_t now);

#endif

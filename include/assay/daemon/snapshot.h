/*
 * snapshot.h - what messages run on: configuration, keys and resolver, swapped as one by a reload.
 *
 * A message holds the snapshot it began with until it ends.  A bad new configuration is refused
 * with its reasons and the old one stays.
 */
#ifndef ASSAY_DAEMON_SNAPSHOT_H
#define ASSAY_DAEMON_SNAPSHOT_H

#include "config/settings.h"
#include "dns/resolver.h"

struct snapshot;

/* The first one: settings with keys loaded; takes over one reference to s. */
MUST_CHECK enum rc snapshot_start(struct settings *s, struct err *err);

/* Reads path and swaps it in; RC_CONFIG: refused, nothing changed. */
MUST_CHECK enum rc snapshot_reload(const char *path, struct err *err);

/* The current one, held. Never NULL after snapshot_start(). */
struct snapshot *snapshot_hold(void);
void snapshot_release(struct snapshot **s); /* sets *s to NULL; NULL is fine */

const struct settings *snapshot_settings(const struct snapshot *s);
struct resolver *snapshot_resolver(const struct snapshot *s);

#endif

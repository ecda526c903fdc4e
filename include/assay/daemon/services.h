/*
 * services.h - objects that survive a reload, and the settings that a reload replaces.
 *
 * The process has one struct services.  It contains the log, the resolver (kept while dns { } is unchanged),
 * the observers of outcomes, and settings that only a restart can change.  A snapshot combines the settings
 * and the resolver that a message uses: the message holds the snapshot with which it began until it ends.
 * All functions are thread-safe, except start and free.
 */
#ifndef ASSAY_DAEMON_SERVICES_H
#define ASSAY_DAEMON_SERVICES_H

#include "config/settings.h"
#include "dns/resolver.h"
#include "report/history.h"
#include "verdict/verdict.h"

struct services;
struct snapshot;

/* Settings with keys loaded; takes over one reference to s when it succeeds. */
MUST_CHECK enum rc services_start(struct settings *s, struct services **out, struct err *err);

/* When no session is left.  Sets *services to NULL; NULL is fine. */
void services_free(struct services **services);

/*
 * Reads the configuration at path and replaces the current settings, those of the log included.  Warns of
 * changed settings that take effect only after a restart.  RC_CONFIG: errors were found; the settings are unchanged.
 */
MUST_CHECK enum rc services_reload(struct services *services, const char *path, struct err *err);

struct services_facts {
	int64_t started;     /* seconds since the epoch */
	uint64_t generation; /* of the settings: 1 those of the start */
	uint64_t refused;    /* reloads */
};
void services_facts(struct services *services, struct services_facts *out);

/* Warns of what was changed by reloads and waits for a restart. */
void services_need_restart(struct services *services, struct err *err);

/* Opens the log as the current settings want it.  foreground: standard error instead of syslog. */
void services_open_log(struct services *services, bool foreground);

/* Of all judged mail; NULL: none is kept.  It stays the same through reloads. */
struct history *services_history(const struct services *services);

/* The current snapshot, held; never NULL. */
struct snapshot *services_snapshot(struct services *services);
void snapshot_release(struct snapshot **s); /* sets *s to NULL; NULL is fine */

const struct settings *snapshot_settings(const struct snapshot *s);
struct resolver *snapshot_resolver(const struct snapshot *s);

#endif

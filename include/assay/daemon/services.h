/*
 * services.h - what outlives a reload, and the settings that a reload swaps.
 *
 * One struct services for the process: the log, the resolver (kept while dns { } is unchanged), the
 * observers of outcomes, and what was set at the start and only a restart can change.  A snapshot is
 * the settings and the resolver that a message runs on: the message holds the one it began with until
 * it ends.  Thread-safe but for start and free.
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
 * Reads path and swaps it in; the log's settings change with it.  What only a restart brings into
 * force is reported as warnings.  RC_CONFIG: refused with its reasons, nothing changed.
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

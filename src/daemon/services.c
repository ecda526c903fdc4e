#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

#include "daemon/services.h"

/* One resolver may serve several snapshots: a reload that leaves dns { } alone keeps its cache. */
struct shared_resolver {
	atomic_uint references;
	struct resolver *resolver;
};

struct snapshot {
	atomic_uint references;
	struct settings *settings;
	struct shared_resolver *dns;
};

struct services {
	struct settings *start;      /* those of the start: a restart alone changes some of them */
	bool foreground;
	struct history *history;     /* owned; NULL: none is kept */
	pthread_mutex_t lock;        /* of the next two */
	struct snapshot *current;
	struct services_facts facts;
};

static void shared_resolver_release(struct shared_resolver *dns)
{
	if (dns == NULL || atomic_fetch_sub(&dns->references, 1) != 1)
		return;
	resolver_free(&dns->resolver);
	free(dns);
}

static bool same_dns(const struct settings *a, const struct settings *b)
{
	if (!slice_is_null(a->test_zone_file) || !slice_is_null(b->test_zone_file))
		return false; /* the file may have changed: that is what the reload is for */
	if (a->dns.server_count != b->dns.server_count || a->dns.timeout_ms != b->dns.timeout_ms ||
	    a->dns.tries != b->dns.tries ||
	    memcmp(&a->dns_cache, &b->dns_cache, sizeof(a->dns_cache)) != 0)
		return false;
	if (a->dns.server_count == 0)
		return false; /* resolv.conf may have changed */
	for (size_t i = 0; i < a->dns.server_count; i++)
		if (!slice_eq(a->dns.servers[i], b->dns.servers[i]))
			return false;
	return true;
}

/* Only a reload changes services->current, and reloads do not overlap. */
static enum rc resolver_for(const struct services *services, const struct settings *s,
    struct shared_resolver **out, struct err *err)
{
	const struct snapshot *current = services->current;
	struct shared_resolver *dns;
	enum rc rc;

	if (current != NULL && same_dns(current->settings, s)) {
		atomic_fetch_add(&current->dns->references, 1);
		*out = current->dns;
		return RC_OK;
	}
	dns = calloc(1, sizeof(*dns));
	if (dns == NULL)
		return RC_NOMEM;
	rc = settings_resolver(s, &dns->resolver, err);
	if (rc != RC_OK) {
		free(dns);
		return rc;
	}
	atomic_init(&dns->references, 1);
	*out = dns;
	return RC_OK;
}

/* Takes over the caller's reference to s when it succeeds. */
static enum rc snapshot_new(const struct services *services, struct settings *s,
    struct snapshot **out, struct err *err)
{
	struct snapshot *new = calloc(1, sizeof(*new));
	enum rc rc;

	if (new == NULL)
		return RC_NOMEM;
	rc = resolver_for(services, s, &new->dns, err);
	if (rc != RC_OK) {
		free(new);
		return rc;
	}
	atomic_init(&new->references, 1);
	new->settings = s;
	*out = new;
	return RC_OK;
}

static void swap_in(struct services *services, struct snapshot *new)
{
	struct snapshot *old;

	pthread_mutex_lock(&services->lock);
	old = services->current;
	services->current = new;
	services->facts.generation++;
	pthread_mutex_unlock(&services->lock);
	snapshot_release(&old);
}

static enum rc start_history(struct services *services, const struct settings *s, struct err *err)
{
	if (s->reports.store.len == 0)
		return RC_OK;
	/* two daemons cannot have one control socket; one that has none differs by its milter socket */
	return history_start(&s->reports, s->control_socket.len > 0 ? s->control_socket : s->listen,
	    &services->history) == RC_OK ? RC_OK :
	    err_config(err, "cannot start a thread for the history of reports");
}

enum rc services_start(struct settings *s, struct services **out, struct err *err)
{
	struct services *services = calloc(1, sizeof(*services));
	enum rc rc;

	if (services == NULL)
		return RC_NOMEM;
	rc = start_history(services, s, err);
	if (rc == RC_OK)
		rc = snapshot_new(services, s, &services->current, err);
	if (rc != RC_OK) {
		history_stop(&services->history);
		free(services);
		return rc;
	}
	pthread_mutex_init(&services->lock, NULL);
	services->start = settings_hold(s);
	services->facts = (struct services_facts){ .started = clock_now(), .generation = 1 };
	*out = services;
	return RC_OK;
}

void services_free(struct services **services)
{
	struct services *old = *services;

	*services = NULL;
	if (old == NULL)
		return;
	history_stop(&old->history);
	snapshot_release(&old->current);
	settings_release(&old->start);
	pthread_mutex_destroy(&old->lock);
	free(old);
}

/* Where the log's target is not set, the foreground has its own. */
static void open_log(const struct services *services, const struct settings *s)
{
	struct log_params params = s->log;

	params.ident = "assayd";
	params.file = s->log_file.ptr;
	if (services->foreground && !s->log_target_named)
		params.target = LOG_TARGET_STDERR;
	if (log_open(&params))
		return;
	if (errno == EBUSY)
		log_error("log: the target is not opened again, because the old one blocks: read or remove what "
		    "blocks it, and reload again");
	else
		log_error("log: cannot open %s: %s: lines go to standard error",
		    params.target == LOG_TARGET_FILE ? params.file : "the journal", strerror(errno));
}

void services_open_log(struct services *services, bool foreground)
{
	services->foreground = foreground;
	open_log(services, services->current->settings);
}

static enum rc load(struct services *services, const char *path, struct settings **s,
    struct snapshot **new, struct err *err)
{
	TRY(settings_load(path, s, err));
	TRY(settings_load_keys(*s, err));
	return snapshot_new(services, *s, new, err);
}

static void count_refused(struct services *services)
{
	pthread_mutex_lock(&services->lock);
	services->facts.refused++;
	pthread_mutex_unlock(&services->lock);
}

void services_facts(struct services *services, struct services_facts *out)
{
	pthread_mutex_lock(&services->lock);
	*out = services->facts;
	pthread_mutex_unlock(&services->lock);
}

void services_need_restart(struct services *services, struct err *err)
{
	struct snapshot *current = services_snapshot(services);

	settings_need_restart(services->start, current->settings, err);
	snapshot_release(&current);
}

/* The log file is reopened even if the configuration is rejected, because log rotation depends on it. */
enum rc services_reload(struct services *services, const char *path, struct err *err)
{
	struct snapshot *new = NULL;
	struct settings *s = NULL;
	enum rc rc = load(services, path, &s, &new, err);

	if (rc != RC_OK) {
		settings_release(&s);
		count_refused(services);
		open_log(services, services->current->settings);
		return rc;
	}
	settings_need_restart(services->start, s, err);
	swap_in(services, new);
	if (services->history != NULL)
		history_set_clock_offset(services->history, s->reports.test_clock_offset);
	open_log(services, s);
	return RC_OK;
}

struct history *services_history(const struct services *services)
{
	return services->history;
}

struct snapshot *services_snapshot(struct services *services)
{
	struct snapshot *s;

	pthread_mutex_lock(&services->lock);
	s = services->current;
	atomic_fetch_add(&s->references, 1);
	pthread_mutex_unlock(&services->lock);
	return s;
}

void snapshot_release(struct snapshot **s)
{
	struct snapshot *old = *s;

	*s = NULL;
	if (old == NULL || atomic_fetch_sub(&old->references, 1) != 1)
		return;
	shared_resolver_release(old->dns);
	settings_release(&old->settings);
	free(old);
}

const struct settings *snapshot_settings(const struct snapshot *s)
{
	return s->settings;
}

struct resolver *snapshot_resolver(const struct snapshot *s)
{
	return s->dns->resolver;
}

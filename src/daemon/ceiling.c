#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/plural.h"

#include "daemon/ceiling.h"

/* Kept from sessions: the log, control, key and configuration files, and the resolver's sockets. */
#define RESERVED_DESCRIPTORS 128u

/* A reload that changes the name servers has two resolvers for a while. */
#define RESOLVERS 2u

/* The address sanitizer puts room around every local variable. */
#ifdef __SANITIZE_ADDRESS__
#define FRAMES_GROW 8u
#else
#define FRAMES_GROW 1u
#endif

/* Workers that libmilter may start between two looks. */
#define SPARE_THREADS 16u

static atomic_size_t open_sessions;
static atomic_size_t deferred;      /* since the ceiling was reached */
static atomic_bool full;
static size_t descriptors;          /* the limit; 0: not asked for yet */
static size_t reserved;             /* of these */

/* --- descriptors ------------------------------------------------------------------------------ */

/* Leaves room for as many deferred sessions as served ones before connections are closed. */
void ceiling_descriptors(size_t sessions, size_t servers, struct err *err)
{
	struct rlimit limit;
	rlim_t needed;

	reserved = RESERVED_DESCRIPTORS + RESOLVERS * servers * LIMIT_DNS_DESCRIPTORS;
	needed = 2 * (rlim_t)sessions + reserved;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
		err_warn(err, "cannot read the limit on open files: %s", strerror(errno));
		return;
	}
	if (limit.rlim_cur < needed) {
		struct rlimit raised = { needed, limit.rlim_max > needed ? limit.rlim_max : needed };

		if (setrlimit(RLIMIT_NOFILE, &raised) != 0) {
			raised.rlim_cur = raised.rlim_max = limit.rlim_max; /* as far as anyone may */
			(void)setrlimit(RLIMIT_NOFILE, &raised);
		}
		(void)getrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur < needed)
		err_warn(err, "limits sessions = %zu needs %llu open files, and only %llu are allowed: raise "
		    "the limit (LimitNOFILE= of the unit, or ulimit -n) or write a smaller number", sessions,
		    (unsigned long long)needed, (unsigned long long)limit.rlim_cur);
	descriptors = limit.rlim_cur < SIZE_MAX ? (size_t)limit.rlim_cur : SIZE_MAX;
}

/* --- sessions --------------------------------------------------------------------------------- */

static void log_full(size_t sessions)
{
	if (!atomic_exchange(&full, true))
		log_repeated(LOG_LEVEL_ERROR, "connections beyond limits sessions",
		    "%zu %s of the MTA %s open (limits sessions): messages of further ones are deferred", sessions,
		    plural(sessions, "connection", "connections"), plural(sessions, "is", "are"));
}

static void log_room(size_t now, size_t sessions)
{
	size_t beyond;

	if (now > sessions - sessions / 4 || !atomic_load(&full) || !atomic_exchange(&full, false))
		return;
	beyond = atomic_exchange(&deferred, 0);
	log_repeated(LOG_LEVEL_WARNING, "connections below limits sessions",
	    "connections of the MTA are below limits sessions again; %zu %s beyond it", beyond,
	    plural(beyond, "was", "were"));
}

enum ceiling_place ceiling_enter(size_t sessions)
{
	size_t now = atomic_fetch_add(&open_sessions, 1) + 1;

	if (descriptors > 0 && now + reserved > descriptors) {
		atomic_fetch_sub(&open_sessions, 1);
		atomic_fetch_add(&deferred, 1);
		log_full(sessions);
		return CEILING_CLOSED;
	}
	if (now > sessions) {
		atomic_fetch_add(&deferred, 1);
		log_full(sessions);
		return CEILING_DEFERRED;
	}
	log_room(now, sessions);
	return CEILING_SERVED;
}

void ceiling_leave(void)
{
	atomic_fetch_sub(&open_sessions, 1);
}

size_t ceiling_sessions(void)
{
	return atomic_load(&open_sessions);
}

/* --- threads ---------------------------------------------------------------------------------- */

void ceiling_stacks(void)
{
#ifdef __GLIBC__
	pthread_attr_t attributes;

	if (pthread_attr_init(&attributes) != 0)
		return;
	if (pthread_attr_setstacksize(&attributes, FRAMES_GROW * LIMIT_THREAD_STACK) == 0)
		(void)pthread_setattr_default_np(&attributes);
	pthread_attr_destroy(&attributes);
#endif
}

static void *wait_for_gate(void *gate)
{
	pthread_mutex_lock(gate);
	pthread_mutex_unlock(gate);
	return NULL;
}

bool ceiling_threads_left(void)
{
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	pthread_t threads[SPARE_THREADS];
	size_t started = 0;

	pthread_mutex_lock(&gate);
	while (started < SPARE_THREADS &&
	    pthread_create(&threads[started], NULL, wait_for_gate, &gate) == 0)
		started++;
	pthread_mutex_unlock(&gate);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	return started == SPARE_THREADS;
}

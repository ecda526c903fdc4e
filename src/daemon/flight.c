#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/ceiling.h"

#include "daemon/flight.h"

/* libmilter sends an answer after the callback has returned. */
#define ANSWER_NS (50 * 1000 * 1000)

/* The largest dns { deadline } is four minutes. */
#define STUCK_MS (5 * 60 * 1000)

/* Interval between connections (flight.h): about as long as a fast look-up takes, longer in an outage. */
#define NUDGE_NS        (10 * 1000 * 1000)
#define NUDGE_OUTAGE_NS (100 * 1000 * 1000)
#define NUDGES_QUICK    100u

/* While no thread can be started, try again every so many intervals. */
#define ROUNDS_PER_LOOK 10u

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the next four */
static unsigned in_flight;
static uint64_t landings;
static unsigned look_at;    /* with so many in flight, check whether threads can be started */
static int64_t progress_ms; /* when a message last finished, or the first one began */
static pthread_cond_t begun = PTHREAD_COND_INITIALIZER, landed = PTHREAD_COND_INITIALIZER;

static atomic_bool threads_short;

static struct sockaddr_storage own_address; /* written once, before the thread */
static socklen_t own_address_len;

/* libmilter needs a worker for each of them; ceiling_threads_left() has checked for more than this. */
#define FLIGHTS_MANY 8u

static void look_for_threads(void)
{
	bool left = ceiling_threads_left();
	bool before = atomic_exchange(&threads_short, !left);

	if (!left && !before)
		log_repeated(LOG_LEVEL_ERROR, "threads are short", "no more threads can be started (limits of memory or "
		    "processes): messages are deferred until they can");
	else if (before && left)
		log_repeated(LOG_LEVEL_WARNING, "threads are there", "threads can be started again");
}

bool flight_begin(void)
{
	bool look;

	pthread_mutex_lock(&lock);
	if (in_flight++ == 0) {
		progress_ms = clock_monotonic_ms();
		look_at = FLIGHTS_MANY;
		pthread_cond_signal(&begun);
	}
	look = in_flight >= look_at;
	if (look)
		look_at = in_flight + FLIGHTS_MANY;
	pthread_mutex_unlock(&lock);
	if (look)
		look_for_threads();
	return !atomic_load(&threads_short);
}

void flight_end(void)
{
	pthread_mutex_lock(&lock);
	landings++;
	progress_ms = clock_monotonic_ms();
	if (--in_flight == 0)
		pthread_cond_broadcast(&landed);
	pthread_mutex_unlock(&lock);
}

bool flight_alive(void)
{
	bool alive;

	pthread_mutex_lock(&lock);
	alive = in_flight == 0 || clock_monotonic_ms() - progress_ms < STUCK_MS;
	pthread_mutex_unlock(&lock);
	return alive;
}

unsigned flight_drain(int64_t limit_ms)
{
	struct timespec until;
	unsigned left;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)(limit_ms / 1000);
	pthread_mutex_lock(&lock);
	while (in_flight > 0)
		if (pthread_cond_timedwait(&landed, &lock, &until) != 0)
			break;
	left = in_flight;
	pthread_mutex_unlock(&lock);
	nanosleep(&(struct timespec){ .tv_nsec = ANSWER_NS }, NULL);
	return left;
}

/* Opens and closes a connection.  It never blocks: if the queue of the socket is full, libmilter wakes anyway. */
static void nudge(void)
{
	int fd = socket(own_address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	(void)connect(fd, (const struct sockaddr *)&own_address, own_address_len);
	close(fd);
}

/* Returns when a message is in flight; the result is the number that has finished so far. */
static uint64_t await_flight(void)
{
	uint64_t so_far;

	pthread_mutex_lock(&lock);
	while (in_flight == 0)
		pthread_cond_wait(&begun, &lock);
	so_far = landings;
	pthread_mutex_unlock(&lock);
	return so_far;
}

static bool no_progress(uint64_t since)
{
	bool still;

	pthread_mutex_lock(&lock);
	still = in_flight > 0 && landings == since;
	pthread_mutex_unlock(&lock);
	return still;
}

static void *watch(void *unused)
{
	unsigned nudges = 0; /* since something landed */
	unsigned round = 0;

	(void)unused;
	for (;;) {
		uint64_t since = await_flight();
		long wait_ns = nudges < NUDGES_QUICK ? NUDGE_NS : NUDGE_OUTAGE_NS;

		nanosleep(&(struct timespec){ .tv_nsec = wait_ns }, NULL);
		if (round++ % ROUNDS_PER_LOOK == 0 && atomic_load(&threads_short))
			look_for_threads();
		if (no_progress(since)) {
			nudge();
			nudges++;
		} else {
			nudges = 0;
		}
	}
	return NULL;
}

enum rc flight_watch(const struct sockaddr *address, socklen_t len, struct err *err)
{
	pthread_t thread;

	memcpy(&own_address, address, len);
	own_address_len = len;
	if (pthread_create(&thread, NULL, watch, NULL) != 0) {
		err_add(err, "cannot start a thread");
		return RC_IO;
	}
	pthread_detach(thread);
	return RC_OK;
}

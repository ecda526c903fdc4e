#include <errno.h>
#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/plural.h"
#include "crypto/digest.h"
#include "daemon/ceiling.h"
#include "daemon/check.h"
#include "daemon/counters.h"
#include "daemon/flight.h"
#include "daemon/listen.h"
#include "daemon/milter.h"
#include "daemon/notify.h"
#include "daemon/privileges.h"
#include "daemon/reload.h"
#include "daemon/signals.h"
#include "daemon/sockets.h"

#include "daemon/server.h"

/* The end of a message is answered within its DNS deadline; the stop does not wait longer than this. */
#define DRAIN_LIMIT_MS (60 * 1000)

/* As many as the C library takes from /etc/resolv.conf. */
#define RESOLV_CONF_SERVERS 3u

/* A store that takes longer is considered unavailable, and the messages that wait for it are lost. */
#define HISTORY_DRAIN_LIMIT_MS (10 * 1000)

/* A log that takes longer is stuck. */
#define LOG_DRAIN_LIMIT_MS (10 * 1000)

/* Interval of periodic work; the watchdog may require a shorter one. */
#define TICK_MS (10 * 1000)

/* A thousand sessions, each on several threads in turn: glibc's 8 for each core leave gaps in all. */
#define MALLOC_ARENAS 8 /* at most; 2 for each core */

/* --- serving -------------------------------------------------------------------------------------- */

static atomic_bool failed; /* libmilter ended, which it was not asked to */

static void *serve_thread(void *services)
{
	(void)milter_run(services);
	failed = true;
	if (!signals_request_stop()) /* the main thread learns that it is over */
		_exit(EXIT_FAILURE); /* thousands of requests were not read */
	return NULL;
}

/* What is done every few seconds, whether there is mail or not. */
static void on_tick(void)
{
	if (notify_watchdog_ms() >= 0 && flight_alive())
		notify_watchdog();
	log_sum_up(false);
	counters_tick(clock_monotonic_ms());
}

static int tick_ms(void)
{
	int64_t watchdog = notify_watchdog_ms();

	return watchdog >= 0 && watchdog < TICK_MS ? (int)watchdog : TICK_MS;
}

/* Reloads until it is to stop. */
static void wait_for_stop(const struct server *server)
{
	char letter = SIGNAL_RELOAD;

	while (letter != SIGNAL_STOP) {
		struct err err = ERR_INIT;

		if (!signals_next(tick_ms(), &letter))
			on_tick();
		else if (letter == SIGNAL_RELOAD)
			reload(server->services, server->config, &err); /* the log says how it went */
		err_free(&err);
	}
}

static void drain_history(struct services *services)
{
	struct history *history = services_history(services);
	uint64_t lost = history == NULL ? 0 : history_drain(history, HISTORY_DRAIN_LIMIT_MS);

	if (lost > 0)
		log_error("reports: %llu %s missing in the history: the store did not accept them before the daemon "
		    "stopped", (unsigned long long)lost, plural(lost, "message is", "messages are"));
}

/*
 * libmilter's smfi_stop() is not used.  It takes effect only after up to 5 seconds, and then libmilter (8.17)
 * destroys the lock of its worker pool while workers still use it, so that smfi_main() may crash or never
 * return.  Instead, this function waits for messages whose end is being processed and lets the process
 * exit.  The MTA sends all other messages again.
 */
static bool serve(struct server *server)
{
	pthread_t thread;
	unsigned lost;

	if (pthread_create(&thread, NULL, serve_thread, server->services) != 0) {
		log_error("cannot start a thread");
		return false;
	}
	pthread_detach(thread);
	signals_accept();
	counters_tick(clock_monotonic_ms());
	notify_ready();
	wait_for_stop(server);
	notify_stopping();
	lost = flight_drain(DRAIN_LIMIT_MS);
	if (lost > 0)
		log_error("%u %s still being answered when the daemon stopped: the MTA will offer them again",
		    lost, plural(lost, "message was", "messages were"));
	log_sum_up(true);
	drain_history(server->services);
	if (failed)
		log_error("stopped: libmilter ended by itself");
	else
		log_info("stopped");
	return !failed;
}

/* --- starting -------------------------------------------------------------------------------------- */

/*
 * As the service user, in a directory that may be its own: never through a link.  What a daemon left that
 * was killed is replaced.
 */
static enum rc write_pid_file(struct slice path, struct err *err)
{
	char *name = strndup(path.ptr, path.len);
	bool written;
	int fd;

	if (name == NULL)
		return RC_NOMEM;
	(void)unlink(name);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	written = fd >= 0 && dprintf(fd, "%ld\n", (long)getpid()) > 0;
	if (!written)
		err_add(err, "cannot write the pid file %s: %s", name, strerror(errno));
	if (fd >= 0)
		close(fd);
	free(name);
	return written ? RC_OK : RC_CONFIG;
}

static bool has_pid_file(const struct server_options *options, const struct settings *s)
{
	return !options->foreground && s->pid_file.len > 0;
}

static enum rc start_watch(const struct settings *s, struct err *err)
{
	struct sockaddr_storage address;
	socklen_t len;

	TRY(listen_sockaddr(s->listen, &address, &len, err));
	return flight_watch((const struct sockaddr *)&address, len, err);
}

/* What is done while we still may: see daemon/privileges.h. */
static enum rc start_privileged(const struct server_options *options, const struct settings *s,
    const struct identity *id, struct sockets *sockets, struct err *err)
{
	ceiling_descriptors(s->max_sessions,
	    s->dns.server_count > 0 ? s->dns.server_count : RESOLV_CONF_SERVERS, err);
	TRY(sockets_open(s, id, sockets, err));
	if (has_pid_file(options, s))
		TRY(listen_make_directory("pid-file", s->pid_file.ptr, id, id->gid, err));
	return identity_become(id, err);
}

static enum rc start_log(struct err *err)
{
	return log_defer() == RC_OK ? RC_OK : err_config(err, "cannot start a thread for the log");
}

/* No thread may start before signals_prepare().  The sockets are published last, when the daemon can serve. */
static enum rc start_serving(const struct server_options *options, struct settings *s,
    const struct sockets *sockets, struct server *server, struct err *err)
{
	TRY(settings_load_keys(s, err));
	TRY(signals_prepare(err));
	ceiling_stacks();
	TRY(start_log(err));
	TRY(start_watch(s, err));
	TRY(services_start(s, &server->services, err));
	if (has_pid_file(options, s))
		TRY(write_pid_file(s->pid_file, err));
	return sockets_publish(sockets, server, err);
}

static enum rc start(const struct server_options *options, struct settings *s,
    const struct identity *id, struct server *server, struct err *err)
{
	struct sockets sockets = { .control_fd = -1, .metrics_fd = -1 };
	enum rc rc;

	TRY(crypto_init()); /* before any other use of OpenSSL */
	TRY(milter_register(err));
	notify_prepare();
	rc = start_privileged(options, s, id, &sockets, err);
	if (rc == RC_OK)
		rc = start_serving(options, s, &sockets, server, err);
	sockets_free(&sockets);
	return rc;
}

/* The parent waits for one octet: the child serves. Its exit status is the start's. */
static int become_daemon(int *ready_fd)
{
	int fds[2];
	char octet;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		perror("assayd: cannot become a daemon");
		return EXIT_FAILURE;
	}
	if (pid != 0) {
		close(fds[1]);
		_exit(read(fds[0], &octet, 1) == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	close(fds[0]);
	setsid();
	*ready_fd = fds[1];
	return EXIT_SUCCESS;
}

/* An explicit target = stderr is obeyed: what standard error was stays open. */
static void tell_ready(int ready_fd, bool keep_stderr)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (ready_fd < 0)
		return;
	if (chdir("/") != 0)
		log_warning("cannot change to /: %s", strerror(errno));
	if (null >= 0)
		for (int fd = 0; fd <= (keep_stderr ? 1 : 2); fd++)
			dup2(null, fd);
	if (null > 2)
		close(null);
	if (write(ready_fd, "1", 1) != 1)
		log_warning("the process that started the daemon is gone");
	close(ready_fd);
}

static int run(const struct server_options *options, struct settings *s, const struct identity *id,
    struct err *err)
{
	static struct server server; /* outlives this function: so may threads */
	int ready_fd = -1;
	char *pid_file = NULL;
	bool served;
	enum rc rc;

	if (!options->foreground && become_daemon(&ready_fd) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	server.config = options->config;
	rc = start(options, s, id, &server, err);
	if (rc != RC_OK) {
		err_print(err);
		fprintf(stderr, "assayd: not started%s\n", rc == RC_NOMEM ? ": out of memory" : "");
		settings_release(&s);
		return EXIT_FAILURE;
	}
	if (!options->foreground)
		err_print(err); /* warnings, to the terminal as well as to the log */
	services_open_log(server.services, options->foreground);
	err_log(err);
	log_info("listening on %.*s, configuration %s", SLICE_ARG(s->listen), options->config);
	tell_ready(ready_fd, s->log.target == LOG_TARGET_STDERR);
	/* a copy: a reload frees the settings of the start */
	if (has_pid_file(options, s))
		pid_file = strndup(s->pid_file.ptr, s->pid_file.len);
	served = serve(&server);
	if (pid_file != NULL && unlink(pid_file) != 0)
		log_warning("cannot remove the pid file %s: %s", pid_file, strerror(errno));
	free(pid_file);
	(void)log_drain(LOG_DRAIN_LIMIT_MS);
	/* services and OpenSSL stay as they are: libmilter's threads run until the process is gone */
	return served ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void limit_arenas(void)
{
#ifdef M_ARENA_MAX
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	mallopt(M_ARENA_MAX, cores > 0 && 2 * cores < MALLOC_ARENAS ? (int)(2 * cores) : MALLOC_ARENAS);
#endif
}

static enum rc find_identity(const struct settings *s, struct identity *id, struct err *err)
{
	size_t mark = err->text.len;
	enum rc rc = identity_find(s->user, id, err);

	if (rc != RC_OK)
		settings_locate(s, "", "user", err, mark);
	return rc;
}

int server_main(const struct server_options *options)
{
	struct err err = ERR_INIT;
	struct identity id = { 0 };
	struct settings *s = NULL;
	int status = EXIT_FAILURE;

	limit_arenas();
	if (settings_load(options->config, &s, &err) != RC_OK) {
		err_print(&err);
		fprintf(stderr, "%s: %zu %s: nothing was started\n", options->config, err.count,
		    plural(err.count, "error", "errors"));
	} else if (find_identity(s, &id, &err) != RC_OK) {
		err_print(&err);
		settings_release(&s);
	} else if (options->check) {
		status = server_check(options, s, &id, &err);
		settings_release(&s);
	} else {
		status = run(options, s, &id, &err);
	}
	identity_free(&id);
	err_free(&err);
	return status;
}

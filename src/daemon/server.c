#include <errno.h>
#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "crypto/digest.h"
#include "daemon/flight.h"
#include "daemon/listen.h"
#include "daemon/milter.h"
#include "daemon/privileges.h"
#include "daemon/services.h"

#include "daemon/server.h"

/* An end of message answers within its DNS deadline; longer than this it is lost. */
#define DRAIN_LIMIT_MS (60 * 1000)

/* A log that takes longer is stuck. */
#define LOG_DRAIN_LIMIT_MS (10 * 1000)

/* of --check: the daemon would start, and something is not as the operator means it */
#define EXIT_FINDINGS 3

/* A thousand sessions, each on several threads in turn: glibc's 8 for each core leave gaps in all. */
#define MALLOC_ARENAS 8

/* --- signals: handlers write a letter, the main thread reads it -------------------------------- */

static int signal_pipe[2] = { -1, -1 };

static const struct {
	int number;
	char letter;
} signals[] = {
	{ SIGHUP, 'r' },
	{ SIGUSR1, 'r' },
	{ SIGTERM, 's' },
	{ SIGINT, 's' },
};

static void on_signal(int number)
{
	int saved = errno;

	for (size_t i = 0; i < N_ELEMENTS(signals); i++)
		if (signals[i].number == number && write(signal_pipe[1], &signals[i].letter, 1) < 0)
			break; /* the pipe is full of requests already */
	errno = saved;
}

static void signal_set(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < N_ELEMENTS(signals); i++)
		sigaddset(set, signals[i].number);
}

/*
 * Blocked while threads are started, so that only the main thread takes them: libmilter waits for
 * HUP and TERM in a thread of its own, but a thread that has a signal unblocked is served first.
 */
static enum rc signals_prepare(struct err *err)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_NODEFER | SA_RESTART };
	sigset_t set;

	if (pipe2(signal_pipe, O_CLOEXEC) != 0 || fcntl(signal_pipe[1], F_SETFL, O_NONBLOCK) != 0)
		return err_config(err, "cannot make a pipe: %s", strerror(errno));
	signal_set(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	for (size_t i = 0; i < N_ELEMENTS(signals); i++)
		sigaction(signals[i].number, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	return RC_OK;
}

static void signals_accept(void)
{
	sigset_t set;

	signal_set(&set);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* --- telling the operator ----------------------------------------------------------------------- */

static void print_messages(const struct err *err)
{
	fputs(buf_cstr(&err->text), stderr);
}

static void log_messages(const struct err *err)
{
	struct slice rest = buf_slice(&err->text);

	while (rest.len > 0) {
		struct slice line = slice_split(&rest, '\n');

		log_line(slice_starts_with(line, SLICE("warning: ")) ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, line);
	}
}

static void reload(struct services *services, const char *config)
{
	struct err err = ERR_INIT;
	enum rc rc = services_reload(services, config, &err);

	log_messages(&err);
	if (rc == RC_OK)
		log_info("configuration reloaded from %s", config);
	else
		log_error("reload refused (%zu errors): the old configuration stays in use", err.count);
	err_free(&err);
}

/* --- serving -------------------------------------------------------------------------------------- */

static atomic_bool failed; /* libmilter ended, which it was not asked to */

static void *serve_thread(void *services)
{
	char letter = 's';

	(void)milter_run(services);
	failed = true;
	if (write(signal_pipe[1], &letter, 1) < 0) /* the main thread learns that it is over */
		_exit(EXIT_FAILURE); /* the pipe holds thousands of requests, and nobody reads them */
	return NULL;
}

/* Reloads until told to stop. */
static void wait_for_stop(struct services *services, const char *config)
{
	for (;;) {
		char letter;
		ssize_t n = read(signal_pipe[0], &letter, 1);

		if (n == 1 && letter == 's')
			return;
		if (n == 1)
			reload(services, config);
		else if (n == 0 || errno != EINTR)
			return;
	}
}

/*
 * libmilter is not told to stop: it looks up every 5 seconds only, then destroys the lock of its
 * worker pool under the workers (8.17), so that smfi_main() may crash or never return.  What is
 * being answered is awaited, the rest ends with the process, and the MTA offers it again.
 */
static bool serve(struct services *services, const char *config)
{
	pthread_t thread;
	unsigned lost;

	if (pthread_create(&thread, NULL, serve_thread, services) != 0) {
		log_error("cannot start a thread");
		return false;
	}
	pthread_detach(thread);
	signals_accept();
	wait_for_stop(services, config);
	lost = flight_drain(DRAIN_LIMIT_MS);
	if (lost > 0)
		log_error("%u messages were still being answered when the daemon stopped: the MTA will offer "
		    "them again", lost);
	if (failed)
		log_error("stopped: libmilter ended by itself");
	else
		log_info("stopped");
	return !failed;
}

/* --- starting -------------------------------------------------------------------------------------- */

static enum rc write_pid_file(struct slice path, struct err *err)
{
	char *name = strndup(path.ptr, path.len);
	FILE *f;

	if (name == NULL)
		return RC_NOMEM;
	f = fopen(name, "w");
	if (f == NULL || fprintf(f, "%ld\n", (long)getpid()) < 0 || fclose(f) != 0)
		err_add(err, "cannot write the pid file %s: %s", name, strerror(errno));
	free(name);
	return err->count == 0 ? RC_OK : RC_CONFIG;
}

static enum rc start_watch(const struct settings *s, struct err *err)
{
	struct sockaddr_storage address;
	socklen_t len;

	TRY(listen_sockaddr(s->listen, &address, &len, err));
	return flight_watch((const struct sockaddr *)&address, len, err);
}

/* What root must do comes first, then privileges are dropped, then keys are read. */
static enum rc start(const struct server_options *options, struct settings *s,
    const struct identity *id, struct services **services_out, struct err *err)
{
	TRY(crypto_init()); /* before any other use of OpenSSL */
	TRY(milter_register(err));
	TRY(listen_open(s, id, err));
	if (!options->foreground && !slice_is_null(s->pid_file) && s->pid_file.len > 0)
		TRY(write_pid_file(s->pid_file, err));
	TRY(identity_become(id, err));
	TRY(settings_load_keys(s, err));
	TRY(signals_prepare(err));
	TRY(start_watch(s, err));
	TRY(log_defer());
	return services_start(s, services_out, err);
}

/* What will happen, after all that is wrong. */
static void print_outlook(const struct settings *s, const char *config, const struct err *err)
{
	struct buf text = BUF_INIT(1024u * 1024);

	if (settings_describe(s, &text) == RC_OK)
		fputs(buf_cstr(&text), stdout);
	buf_free(&text);
	printf("%s: no errors, %zu findings, %zu warnings\n", config, err->findings, err->warnings);
}

static enum rc check(const struct server_options *options, struct settings *s,
    const struct identity *id, struct err *err)
{
	struct resolver *resolver = NULL;

	TRY(identity_become(id, err));
	if (access(options->config, R_OK) != 0)
		err_finding(err, "%s: user %s cannot read it (%s): a reload would be refused", options->config,
		    id->name, strerror(errno));
	TRY(settings_load_keys(s, err));
	TRY(settings_resolver(s, &resolver, err));
	resolver_free(&resolver);
	return RC_OK;
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

static void tell_ready(int ready_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (ready_fd < 0)
		return;
	if (chdir("/") != 0)
		log_warning("cannot change to /: %s", strerror(errno));
	if (null >= 0)
		for (int fd = 0; fd <= 2; fd++)
			dup2(null, fd);
	if (null > 2)
		close(null);
	if (write(ready_fd, "1", 1) != 1)
		log_warning("nobody waited for the start");
	close(ready_fd);
}

static int run(const struct server_options *options, struct settings *s, const struct identity *id,
    struct err *err)
{
	struct services *services = NULL;
	int ready_fd = -1;
	char *pid_file = NULL;
	bool served;
	enum rc rc;

	if (options->check) {
		rc = check(options, s, id, err);
		print_messages(err);
		if (rc == RC_OK)
			print_outlook(s, options->config, err);
		settings_release(&s);
		return rc != RC_OK ? EXIT_FAILURE : err->findings > 0 ? EXIT_FINDINGS : EXIT_SUCCESS;
	}
	if (!options->foreground && become_daemon(&ready_fd) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	rc = start(options, s, id, &services, err);
	if (rc != RC_OK) {
		print_messages(err);
		fprintf(stderr, "assayd: not started%s\n", rc == RC_NOMEM ? ": out of memory" : "");
		settings_release(&s);
		return EXIT_FAILURE;
	}
	if (!options->foreground)
		print_messages(err); /* warnings, to the terminal as well as to the log */
	services_open_log(services, options->foreground);
	log_messages(err);
	log_info("listening on %.*s, configuration %s", SLICE_ARG(s->listen), options->config);
	tell_ready(ready_fd);
	/* a copy: a reload frees the settings of the start */
	if (!options->foreground && !slice_is_null(s->pid_file) && s->pid_file.len > 0)
		pid_file = strndup(s->pid_file.ptr, s->pid_file.len);
	served = serve(services, options->config);
	if (pid_file != NULL && unlink(pid_file) != 0)
		log_debug("the pid file stays: %s", strerror(errno));
	free(pid_file);
	(void)log_drain(LOG_DRAIN_LIMIT_MS);
	/* services and OpenSSL stay as they are: libmilter's threads run until the process is gone */
	return served ? EXIT_SUCCESS : EXIT_FAILURE;
}

int server_main(const struct server_options *options)
{
	struct err err = ERR_INIT;
	struct identity id = { 0 };
	struct settings *s = NULL;
	int status = EXIT_FAILURE;

#ifdef M_ARENA_MAX
	mallopt(M_ARENA_MAX, MALLOC_ARENAS);
#endif
	if (settings_load(options->config, &s, &err) != RC_OK) {
		print_messages(&err);
		fprintf(stderr, "%s: %zu errors: nothing was started\n", options->config, err.count);
	} else if (identity_find(s->user, &id, &err) != RC_OK) {
		print_messages(&err);
		settings_release(&s);
	} else {
		status = run(options, s, &id, &err);
	}
	identity_free(&id);
	err_free(&err);
	return status;
}

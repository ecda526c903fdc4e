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
#include "daemon/ceiling.h"
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

/* Blocked while threads are started, so that the main thread alone takes them (see daemon/milter.c). */
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

static struct listen_params milter_socket(const struct settings *s)
{
	return (struct listen_params){ .option = "listen", .address = s->listen,
		.mode = (mode_t)s->socket_mode, .group = s->socket_group,
		.allow_remote = s->allow_remote_mta };
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
    const struct identity *id, struct listener **socket_out, struct err *err)
{
	const struct listen_params milter = milter_socket(s);

	ceiling_descriptors(s->max_sessions, err);
	TRY(listen_open(&milter, id, milter_listen, NULL, socket_out, err));
	if (has_pid_file(options, s))
		TRY(listen_make_directory("pid-file", s->pid_file.ptr, id, id->gid, err));
	return identity_become(id, err);
}

/* Threads are started from signals_prepare() on; the socket is within reach when all else is done. */
static enum rc start_serving(const struct server_options *options, struct settings *s,
    struct listener *milter, struct services **services_out, struct err *err)
{
	TRY(settings_load_keys(s, err));
	TRY(signals_prepare(err));
	ceiling_stacks();
	TRY(log_defer());
	TRY(start_watch(s, err));
	TRY(services_start(s, services_out, err));
	if (has_pid_file(options, s))
		TRY(write_pid_file(s->pid_file, err));
	return listen_publish(milter, err);
}

static enum rc start(const struct server_options *options, struct settings *s,
    const struct identity *id, struct services **services_out, struct err *err)
{
	struct listener *milter = NULL;
	enum rc rc;

	TRY(crypto_init()); /* before any other use of OpenSSL */
	TRY(milter_register(err));
	rc = start_privileged(options, s, id, &milter, err);
	if (rc == RC_OK)
		rc = start_serving(options, s, milter, services_out, err);
	listen_free(&milter);
	return rc;
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

/* What would keep a start from succeeding, found as the user that the daemon will be. */
static enum rc check(const struct server_options *options, struct settings *s,
    const struct identity *id, struct err *err)
{
	const struct listen_params milter = milter_socket(s);
	struct resolver *resolver = NULL;

	TRY(identity_become(id, err));
	if (access(options->config, R_OK) != 0)
		err_finding(err, "%s: user %s cannot read it (%s): a reload would be refused", options->config,
		    id->name, strerror(errno));
	listen_check(&milter, id, err);
	if (s->pid_file.len > 0 && id->change)
		listen_check_directory("pid-file", s->pid_file.ptr, id, err);
	TRY(settings_load_keys(s, err));
	TRY(settings_resolver(s, &resolver, err));
	resolver_free(&resolver);
	return err->count == 0 ? RC_OK : RC_CONFIG;
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
		log_warning("the process that started the daemon is gone");
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
	if (has_pid_file(options, s))
		pid_file = strndup(s->pid_file.ptr, s->pid_file.len);
	served = serve(services, options->config);
	if (pid_file != NULL && unlink(pid_file) != 0)
		log_warning("cannot remove the pid file %s: %s", pid_file, strerror(errno));
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

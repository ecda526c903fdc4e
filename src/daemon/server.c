#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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

#include "base/ask.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/plural.h"
#include "crypto/digest.h"
#include "daemon/ceiling.h"
#include "daemon/control.h"
#include "daemon/counters.h"
#include "daemon/flight.h"
#include "daemon/listen.h"
#include "daemon/metrics.h"
#include "daemon/milter.h"
#include "daemon/notify.h"
#include "daemon/privileges.h"
#include "daemon/reload.h"
#include "daemon/services.h"
#include "daemon/status.h"

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

/* of --check: the daemon would start, and something is not as the operator means it */
#define EXIT_FINDINGS 3

/* A thousand sessions, each on several threads in turn: glibc's 8 for each core leave gaps in all. */
#define MALLOC_ARENAS 8 /* at most; 2 for each core */

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

/* --- what the control socket answers ---------------------------------------------------------------- */

struct server {
	struct services *services;
	const char *config;
};

static void answer_reload(void *ctx, struct buf *out)
{
	const struct server *server = ctx;
	struct err err = ERR_INIT;

	buf_add_str(out, reload(server->services, server->config, &err) == RC_OK ? "ok\n" : "refused\n");
	buf_add(out, buf_slice(&err.text));
	err_free(&err);
}

static void answer_status(void *ctx, struct buf *out)
{
	const struct server *server = ctx;

	status_write(server->services, server->config, FACTS_TEXT, out);
}

static void answer_json(void *ctx, struct buf *out)
{
	const struct server *server = ctx;

	status_write(server->services, server->config, FACTS_JSON, out);
}

static void answer_openmetrics(void *ctx, struct buf *out)
{
	const struct server *server = ctx;

	status_write(server->services, server->config, FACTS_OPENMETRICS, out);
}

static void write_metrics(void *ctx, enum facts_form form, struct buf *out)
{
	const struct server *server = ctx;

	status_write(server->services, server->config, form, out);
}

static const struct control_request requests[] = {
	{ "status", answer_status },
	{ "status-json", answer_json },
	{ "openmetrics", answer_openmetrics },
	{ "reload", answer_reload },
	{ NULL, NULL },
};

/* --- serving -------------------------------------------------------------------------------------- */

static atomic_bool failed; /* libmilter ended, which it was not asked to */

static void *serve_thread(void *services)
{
	char letter = 's';

	(void)milter_run(services);
	failed = true;
	if (write(signal_pipe[1], &letter, 1) < 0) /* the main thread learns that it is over */
		_exit(EXIT_FAILURE); /* the pipe holds thousands of requests that were not read */
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

/* False: there is none. */
static bool next_signal(char *letter)
{
	struct pollfd signals_come = { .fd = signal_pipe[0], .events = POLLIN };

	if (poll(&signals_come, 1, tick_ms()) == 0)
		on_tick();
	return signals_come.revents != 0 && read(signal_pipe[0], letter, 1) == 1;
}

/* Reloads until it is to stop. */
static void wait_for_stop(const struct server *server)
{
	char letter = 'r';

	while (letter != 's') {
		struct err err = ERR_INIT;

		if (next_signal(&letter) && letter == 'r')
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

static struct listen_params milter_socket(const struct settings *s)
{
	return (struct listen_params){ .option = "listen", .address = s->listen,
		.mode = (mode_t)s->socket_mode, .group = s->socket_group,
		.allow_remote = s->allow_remote_mta };
}

/* The sockets between their opening and their publication. */
struct sockets {
	struct listener *milter, *control, *metrics;
	int control_fd, metrics_fd;
};

static void sockets_free(struct sockets *sockets)
{
	listen_free(&sockets->milter);
	listen_free(&sockets->control);
	listen_free(&sockets->metrics);
}

/* If the default control socket cannot be created, that is a warning only. */
static enum rc open_control(const struct settings *s, const struct identity *id,
    struct sockets *sockets, struct err *err)
{
	struct buf address = BUF_INIT(4096);
	struct err why = ERR_INIT;
	struct listen_params p = { .option = "control socket", .group = s->control_group,
		.mode = s->control_group.len > 0 ? 0660 : 0600 };
	enum rc rc = RC_OK;

	if (s->control_socket.len > 0) {
		buf_addf(&address, "unix:%.*s", SLICE_ARG(s->control_socket));
		p.address = buf_slice(&address);
		rc = listen_open(&p, id, listen_bind, &sockets->control_fd, &sockets->control, &why);
	}
	if (rc != RC_OK && s->control_socket_named)
		err_add(err, "%.*s", (int)(why.text.len - 1), why.text.ptr);
	else if (rc != RC_OK)
		err_warn(err, "%.*s: assay status and assayd --reload will not work (to run without "
		    "the control socket, write control { socket = \"\" })", (int)(why.text.len - 1), why.text.ptr);
	err_free(&why);
	buf_free(&address);
	return s->control_socket_named ? rc : RC_OK;
}

/* A unix socket admits those who may use the control socket; a TCP port admits everyone who can reach it. */
static struct listen_params metrics_socket(const struct settings *s)
{
	return (struct listen_params){ .option = "metrics listen", .address = s->metrics_listen,
		.mode = s->control_group.len > 0 ? 0660 : 0600, .group = s->control_group,
		.allow_remote = true };
}

static enum rc open_metrics(const struct settings *s, const struct identity *id, struct sockets *sockets,
    struct err *err)
{
	const struct listen_params p = metrics_socket(s);

	if (s->metrics_listen.len == 0)
		return RC_OK;
	TRY(metrics_check(err));
	return listen_open(&p, id, listen_bind, &sockets->metrics_fd, &sockets->metrics, err);
}

static enum rc publish(const struct sockets *sockets, struct server *server, struct err *err)
{
	if (sockets->control != NULL) {
		TRY(control_start(sockets->control_fd, requests, server, err));
		TRY(listen_publish(sockets->control, err));
	}
	if (sockets->metrics != NULL) {
		TRY(metrics_start(sockets->metrics_fd, write_metrics, server, err));
		TRY(listen_publish(sockets->metrics, err));
	}
	return listen_publish(sockets->milter, err);
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
	const struct listen_params milter = milter_socket(s);

	ceiling_descriptors(s->max_sessions,
	    s->dns.server_count > 0 ? s->dns.server_count : RESOLV_CONF_SERVERS, err);
	TRY(listen_open(&milter, id, milter_listen, NULL, &sockets->milter, err));
	TRY(open_control(s, id, sockets, err));
	TRY(open_metrics(s, id, sockets, err));
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
	return publish(sockets, server, err);
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

/* Prints what the daemon does with this configuration, after the errors and findings. */
static void print_outlook(const struct settings *s, const char *config, const struct err *err)
{
	struct buf text = BUF_INIT(1024u * 1024);

	if (settings_describe(s, &text) == RC_OK)
		fputs(buf_cstr(&text), stdout);
	buf_free(&text);
	printf("%s: no errors, %zu %s, %zu %s\n", config, err->findings,
	    plural(err->findings, "finding", "findings"), err->warnings, plural(err->warnings, "warning", "warnings"));
}

/* The daemon starts even if the store cannot be opened, so this check is the first to report the problem. */
static void check_store(const struct settings *s, struct err *err)
{
	struct err why = ERR_INIT;
	struct store *store = NULL;

	if (s->reports.store.len == 0)
		return;
	if (store_open(s->reports.store, &store, &why) != RC_OK)
		err_take_findings(err, &why);
	store_close(&store);
	err_free(&why);
}

/* In the foreground lines go to standard error, unless the target is named. */
static void check_log(const struct server_options *options, const struct settings *s, struct err *err)
{
	struct log_params params = s->log;

	params.file = s->log_file.ptr;
	if (!options->foreground || s->log_target_named)
		log_check(&params, err);
}

static void check_metrics(const struct settings *s, const struct identity *id, struct err *err)
{
	const struct listen_params p = metrics_socket(s);

	if (s->metrics_listen.len > 0 && metrics_check(err) == RC_OK)
		listen_check(&p, id, err);
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
	check_metrics(s, id, err);
	check_log(options, s, err);
	if (s->pid_file.len > 0 && id->change)
		listen_check_directory("pid-file", s->pid_file.ptr, id, err);
	TRY(settings_load_keys(s, err));
	TRY(settings_resolver(s, &resolver, err));
	resolver_free(&resolver);
	check_store(s, err);
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
	server.config = options->config;
	rc = start(options, s, id, &server, err);
	if (rc != RC_OK) {
		print_messages(err);
		fprintf(stderr, "assayd: not started%s\n", rc == RC_NOMEM ? ": out of memory" : "");
		settings_release(&s);
		return EXIT_FAILURE;
	}
	if (!options->foreground)
		print_messages(err); /* warnings, to the terminal as well as to the log */
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

/* An answer takes as long as the configuration and the keys take to be read. */
#define RELOAD_LIMIT_MS (60 * 1000)

int server_ask_reload(const char *config)
{
	struct buf answer = BUF_INIT(LIMIT_CONTROL_ANSWER);
	struct err err = ERR_INIT;
	struct settings *s = NULL;
	const char *why = "";
	bool done = false;

	if (settings_load(config, &s, &err) != RC_OK) {
		print_messages(&err);
		fprintf(stderr, "%s: %zu %s: the daemon goes on with the old configuration\n", config,
		    err.count, plural(err.count, "error", "errors"));
	} else if (s->control_socket.len == 0) {
		fprintf(stderr, "%s: control { socket = \"\" }: the daemon cannot be asked; send it SIGHUP\n",
		    config);
	} else if (ask(s->control_socket.ptr, "reload", RELOAD_LIMIT_MS, &answer, &why) != RC_OK) {
		fprintf(stderr, "assayd: cannot ask the daemon at %s: %s\n", s->control_socket.ptr, why);
	} else {
		fputs(buf_cstr(&answer), stderr);
		done = slice_starts_with(buf_slice(&answer), SLICE("ok\n"));
	}
	settings_release(&s);
	err_free(&err);
	buf_free(&answer);
	return done ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void limit_arenas(void)
{
#ifdef M_ARENA_MAX
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	mallopt(M_ARENA_MAX, cores > 0 && 2 * cores < MALLOC_ARENAS ? (int)(2 * cores) : MALLOC_ARENAS);
#endif
}

int server_main(const struct server_options *options)
{
	struct err err = ERR_INIT;
	struct identity id = { 0 };
	struct settings *s = NULL;
	int status = EXIT_FAILURE;

	limit_arenas();
	if (settings_load(options->config, &s, &err) != RC_OK) {
		print_messages(&err);
		fprintf(stderr, "%s: %zu %s: nothing was started\n", options->config, err.count,
		    plural(err.count, "error", "errors"));
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

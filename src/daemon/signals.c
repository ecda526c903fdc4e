#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "daemon/signals.h"

/* Handlers write a letter, and the main thread reads it. */
static int signal_pipe[2] = { -1, -1 };

static const struct {
	int number;
	char letter;
} signals[] = {
	{ SIGHUP, SIGNAL_RELOAD },
	{ SIGUSR1, SIGNAL_RELOAD },
	{ SIGTERM, SIGNAL_STOP },
	{ SIGINT, SIGNAL_STOP },
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

enum rc signals_prepare(struct err *err)
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

void signals_accept(void)
{
	sigset_t set;

	signal_set(&set);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

bool signals_next(int timeout_ms, char *letter)
{
	struct pollfd come = { .fd = signal_pipe[0], .events = POLLIN };

	return poll(&come, 1, timeout_ms) > 0 && read(signal_pipe[0], letter, 1) == 1;
}

bool signals_request_stop(void)
{
	const char letter = SIGNAL_STOP;

	return write(signal_pipe[1], &letter, 1) == 1;
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cursor.h"
#include "base/slice.h"

#include "daemon/notify.h"

static struct sockaddr_un manager = { .sun_family = AF_UNIX };
static socklen_t manager_len; /* 0: no service manager to notify */
static int64_t watchdog_ms = -1;

/* "@name" is an abstract socket: its address begins with a NUL and has no end but its length. */
static void prepare_socket(struct slice name)
{
	if (name.len < 2 || name.len >= sizeof(manager.sun_path) ||
	    (name.ptr[0] != '/' && name.ptr[0] != '@'))
		return;
	memcpy(manager.sun_path, name.ptr, name.len);
	if (name.ptr[0] == '@')
		manager.sun_path[0] = '\0';
	manager_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name.len);
}

static bool number(const char *name, uint64_t *out)
{
	struct cursor c = cursor_of(slice_str(getenv(name)));

	return take_uint(&c, 19, INT64_MAX, out) && cursor_done(&c);
}

/* WATCHDOG_PID says for which process the interval is meant. */
static void prepare_watchdog(void)
{
	uint64_t usec, pid;

	if (!number("WATCHDOG_USEC", &usec) || usec < 2000)
		return;
	if (getenv("WATCHDOG_PID") != NULL && (!number("WATCHDOG_PID", &pid) || pid != (uint64_t)getpid()))
		return;
	watchdog_ms = (int64_t)(usec / 2000);
}

void notify_prepare(void)
{
	prepare_socket(slice_str(getenv("NOTIFY_SOCKET")));
	prepare_watchdog();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

/* Errors are ignored: the daemon works even if the service manager does not read its notifications. */
static void notify(const char *text)
{
	int fd;

	if (manager_len == 0)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&manager, manager_len);
	close(fd);
}

void notify_ready(void)
{
	notify("READY=1\n");
}

void notify_reloading(void)
{
	char text[80];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld\n",
	    (long long)clock_monotonic_ms() * 1000);
	notify(text);
}

void notify_stopping(void)
{
	notify("STOPPING=1\n");
}

void notify_watchdog(void)
{
	notify("WATCHDOG=1\n");
}

int64_t notify_watchdog_ms(void)
{
	return watchdog_ms;
}

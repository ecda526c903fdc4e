#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"

#include "daemon/control.h"

/* A request is one word; who asks has it ready, and reads the answer at once. */
#define REQUEST_OCTETS 64u
#define CLIENT_MS      2000
#define ACCEPT_AGAIN_MS 100 /* where no descriptor is left */

struct client {
	int fd; /* -1: a free place */
	int64_t until_ms;
	struct buf request, answer;
	size_t sent;
	bool asked; /* the request is there */
};

struct control {
	int fd;
	const struct control_request *requests;
	void *ctx;
	struct client clients[LIMIT_CONTROL_CLIENTS];
};

/* --- one client ------------------------------------------------------------------------------- */

static void client_end(struct client *c)
{
	close(c->fd);
	c->fd = -1;
	buf_free(&c->request);
	buf_free(&c->answer);
}

static void client_begin(struct client *c, int fd, int64_t now_ms)
{
	*c = (struct client){ .fd = fd, .until_ms = now_ms + CLIENT_MS,
		.request = BUF_INIT(REQUEST_OCTETS), .answer = BUF_INIT(LIMIT_CONTROL_ANSWER) };
}

static void answer(const struct control *control, struct slice name, struct buf *out)
{
	for (const struct control_request *r = control->requests; r->name != NULL; r++)
		if (slice_eq(name, slice_str(r->name))) {
			r->answer(control->ctx, out);
			return;
		}
	buf_add_str(out, "error: no such request\n");
}

/* False: it went away, or its line is too long to be a request. */
static bool receive(const struct control *control, struct client *c)
{
	char chunk[REQUEST_OCTETS];
	ssize_t n = recv(c->fd, chunk, sizeof(chunk), MSG_DONTWAIT);
	size_t line;

	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	line = slice_find(slice_of(chunk, (size_t)n), '\n');
	buf_add(&c->request, slice_of(chunk, line));
	if (buf_failed(&c->request))
		return false;
	if (line < (size_t)n) {
		c->asked = true;
		answer(control, buf_slice(&c->request), &c->answer);
		c->until_ms = clock_monotonic_ms() + CLIENT_MS; /* a reload may have taken its time */
	}
	return true;
}

/* False: all is sent, or it went away. */
static bool reply(struct client *c)
{
	struct slice rest = slice_drop(buf_slice(&c->answer), c->sent);
	ssize_t n = send(c->fd, rest.ptr, rest.len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	c->sent += (size_t)n;
	return c->sent < c->answer.len;
}

/* --- all of them ------------------------------------------------------------------------------ */

/* A free place, or that of the client that has been here for longest. */
static struct client *make_place(struct control *control)
{
	struct client *oldest = &control->clients[0];

	for (size_t i = 0; i < LIMIT_CONTROL_CLIENTS; i++) {
		struct client *c = &control->clients[i];

		if (c->fd < 0)
			return c;
		if (c->until_ms < oldest->until_ms)
			oldest = c;
	}
	client_end(oldest);
	return oldest;
}

static void admit(struct control *control)
{
	int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		client_begin(make_place(control), fd, clock_monotonic_ms());
	else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
		(void)poll(NULL, 0, ACCEPT_AGAIN_MS);
}

/* Until something happens; -1: for ever, since no client is there. */
static int wait_ms(const struct control *control, int64_t now_ms)
{
	int64_t first = -1;

	for (size_t i = 0; i < LIMIT_CONTROL_CLIENTS; i++) {
		const struct client *c = &control->clients[i];

		if (c->fd >= 0 && (first < 0 || c->until_ms < first))
			first = c->until_ms;
	}
	if (first < 0)
		return -1;
	return first > now_ms ? (int)(first - now_ms) : 0;
}

static void serve(struct control *control, struct client *c, bool ready)
{
	bool stays = true;

	if (ready)
		stays = c->asked ? reply(c) : receive(control, c);
	if (!stays || clock_monotonic_ms() >= c->until_ms)
		client_end(c);
}

static void serve_once(struct control *control)
{
	struct pollfd polled[LIMIT_CONTROL_CLIENTS + 1];
	int found;

	for (size_t i = 0; i < LIMIT_CONTROL_CLIENTS; i++) {
		const struct client *c = &control->clients[i];

		polled[i] = (struct pollfd){ .fd = c->fd, .events = c->asked ? POLLOUT : POLLIN };
	}
	polled[LIMIT_CONTROL_CLIENTS] = (struct pollfd){ .fd = control->fd, .events = POLLIN };
	found = poll(polled, N_ELEMENTS(polled), wait_ms(control, clock_monotonic_ms()));
	for (size_t i = 0; i < LIMIT_CONTROL_CLIENTS; i++)
		if (control->clients[i].fd >= 0)
			serve(control, &control->clients[i], found > 0 && polled[i].revents != 0);
	if (found > 0 && polled[LIMIT_CONTROL_CLIENTS].revents != 0)
		admit(control);
}

static void *serve_all(void *arg)
{
	for (;;)
		serve_once(arg);
	return NULL;
}

enum rc control_start(int fd, const struct control_request *requests, void *ctx, struct err *err)
{
	static struct control control; /* there is one, as long as the process */
	pthread_t thread;

	control = (struct control){ .fd = fd, .requests = requests, .ctx = ctx };
	for (size_t i = 0; i < LIMIT_CONTROL_CLIENTS; i++)
		control.clients[i].fd = -1;
	if (pthread_create(&thread, NULL, serve_all, &control) != 0)
		return err_config(err, "cannot start a thread for the control socket");
	pthread_detach(thread);
	return RC_OK;
}

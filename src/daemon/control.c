#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ask.h"
#include "base/limits.h"

#include "daemon/control.h"

/* A request is one word; who asks has it ready, and reads the answer at once. */
#define REQUEST_OCTETS 64u
#define CLIENT_MS      2000

struct control {
	int fd;
	const struct control_request *requests;
	void *ctx;
};

static void answer(const struct control *control, struct slice name, struct buf *out)
{
	for (const struct control_request *r = control->requests; r->name != NULL; r++)
		if (slice_eq(name, slice_str(r->name))) {
			r->answer(control->ctx, out);
			return;
		}
	buf_add_str(out, "error: no such request\n");
}

static void serve(const struct control *control, int client)
{
	struct buf request = BUF_INIT(REQUEST_OCTETS), out = BUF_INIT(LIMIT_CONTROL_ANSWER);

	if (ask_receive(client, CLIENT_MS, &request)) {
		answer(control, buf_slice(&request), &out);
		(void)ask_answer(client, CLIENT_MS, buf_slice(&out));
	}
	buf_free(&request);
	buf_free(&out);
}

static void *serve_all(void *arg)
{
	const struct control *control = arg;
	struct pollfd listening = { .fd = control->fd, .events = POLLIN };

	for (;;) {
		int client;

		if (poll(&listening, 1, -1) <= 0)
			continue;
		client = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC);
		if (client < 0) { /* no descriptor: there may be one later */
			(void)poll(NULL, 0, 100);
			continue;
		}
		serve(control, client);
		close(client);
	}
	return NULL;
}

enum rc control_start(int fd, const struct control_request *requests, void *ctx, struct err *err)
{
	static struct control control; /* there is one, as long as the process */
	pthread_t thread;

	control = (struct control){ fd, requests, ctx };
	if (pthread_create(&thread, NULL, serve_all, &control) != 0)
		return err_config(err, "cannot start a thread for the control socket");
	pthread_detach(thread);
	return RC_OK;
}

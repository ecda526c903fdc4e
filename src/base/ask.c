#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

#include "base/ask.h"

static bool ready(int fd, short events, int64_t until)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left = until - clock_monotonic_ms();

	return left > 0 && poll(&p, 1, left > INT32_MAX ? INT32_MAX : (int)left) > 0;
}

/* Reads up to the end.  False: too long or too late. */
static bool receive(int fd, int64_t until, struct buf *out)
{
	char chunk[4096];

	while (ready(fd, POLLIN, until)) {
		ssize_t n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);

		if (n == 0)
			return true;
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return false;
		if (n > 0)
			buf_add(out, slice_of(chunk, (size_t)n));
		if (buf_failed(out))
			return false;
	}
	return false;
}

static bool put_question(int fd, int64_t until, struct slice text)
{
	while (text.len > 0 && ready(fd, POLLOUT, until)) {
		ssize_t n = send(fd, text.ptr, text.len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return false;
		if (n > 0)
			text = slice_drop(text, (size_t)n);
	}
	return text.len == 0;
}

static enum rc converse(int fd, const char *question, int64_t until, struct buf *out,
    const char **why_out)
{
	struct buf line = BUF_INIT(4096);
	bool answered;

	buf_addf(&line, "%s\n", question); /* at once: the other side closes when it has a line */
	answered = !buf_failed(&line) &&
	    put_question(fd, until, buf_slice(&line)) && receive(fd, until, out);
	if (!answered)
		*why_out = buf_failed(out) ? "the answer is too long" : "no answer in time";
	buf_free(&line);
	return answered ? RC_OK : RC_IO;
}

/* What keeps people from the socket, with what to do. */
static const char *why_not(int error)
{
	switch (error) {
	case EACCES:
		return "Permission denied: only root, the daemon's user and the members of control { group } may ask";
	case ENOENT:
		return "there is no such socket: assayd does not run, or runs with another configuration";
	case ECONNREFUSED:
		return "nothing answers there: assayd does not run";
	default:
		return strerror(error);
	}
}

enum rc ask(const char *path, const char *question, int64_t limit_ms, struct buf *out,
    const char **why_out)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	enum rc rc = RC_IO;

	*why_out = "the path is too long";
	if (fd >= 0 && strlen(path) < sizeof(address.sun_path)) {
		memcpy(address.sun_path, path, strlen(path));
		if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
			*why_out = why_not(errno);
		else
			rc = converse(fd, question, clock_monotonic_ms() + limit_ms, out, why_out);
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

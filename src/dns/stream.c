#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "stream.h"

#define PACKET_MAX 65535u
#define CHUNK      4096u

void stream_init(struct stream *s, int fd)
{
	*s = (struct stream){ .fd = fd, .in = BUF_INIT(2 + PACKET_MAX + CHUNK) };
}

void stream_free(struct stream *s)
{
	if (s->fd >= 0)
		close(s->fd);
	buf_free(&s->in);
}

void stream_reset(struct stream *s)
{
	(void)server_disconnect(s->fd);
	buf_free(&s->in);
	s->busy = false;
}

enum stream_state stream_start(struct stream *s, const struct server *server, struct slice query)
{
	s->busy = true;
	s->sent = 0;
	s->out_len = 2 + query.len;
	s->out[0] = (unsigned char)(query.len >> 8);
	s->out[1] = (unsigned char)(query.len & 0xff);
	memcpy(s->out + 2, query.ptr, query.len);
	if (server_connect(server, s->fd))
		return STREAM_OPEN;
	stream_reset(s);
	return STREAM_FAILED;
}

short stream_events(const struct stream *s)
{
	return s->sent < s->out_len ? POLLOUT : POLLIN;
}

static bool again(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static enum stream_state send_more(struct stream *s)
{
	ssize_t n = send(s->fd, s->out + s->sent, s->out_len - s->sent, MSG_NOSIGNAL);

	if (n < 0)
		return again() ? STREAM_OPEN : STREAM_FAILED; /* a failed connection is reported here */
	s->sent += (size_t)n;
	return STREAM_OPEN;
}

static size_t announced(const struct stream *s)
{
	return (size_t)(unsigned char)s->in.ptr[0] << 8 | (unsigned char)s->in.ptr[1];
}

static enum stream_state receive_more(struct stream *s)
{
	char chunk[CHUNK];
	ssize_t n = recv(s->fd, chunk, sizeof(chunk), 0);

	if (n < 0)
		return again() ? STREAM_OPEN : STREAM_FAILED;
	buf_add(&s->in, slice_of(chunk, (size_t)n));
	if (n == 0 || buf_failed(&s->in))
		return STREAM_FAILED;
	return s->in.len >= 2 && s->in.len - 2 >= announced(s) ? STREAM_DONE : STREAM_OPEN;
}

enum stream_state stream_continue(struct stream *s)
{
	return s->sent < s->out_len ? send_more(s) : receive_more(s);
}

struct slice stream_packet(const struct stream *s)
{
	return slice_take(slice_drop(buf_slice(&s->in), 2), announced(s));
}

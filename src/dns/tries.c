#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"

#include "dns/packet.h"

#include "stream.h"

#include "dns/tries.h"

/*
 * UDP sockets for each server.  A socket changes its port only while no try is open on it.  If all sockets
 * have open tries, new ones are spread over them, because a burst of answers must fit the receive buffers.
 * A socket with SOCKET_RESTS tries since it was last idle is avoided until it is idle again, so that its port
 * changes even under constant load.
 */
#define SOCKETS       16u
#define SOCKET_RESTS  512u
#define SOCKET_RCVBUF (1024 * 1024)

/* TCP connections for each server.  Questions with truncated answers wait for a free one. */
#define STREAMS 4u

_Static_assert(SOCKETS + STREAMS == LIMIT_DNS_DESCRIPTORS, "the count of descriptors relies on it");

#define DATAGRAMS_AT_ONCE 64u
#define WAIT_MAX_MS       500

struct udp_socket {
	int fd; /* -1: the family of addresses is not to be had */
	unsigned number; /* of all servers' */
	unsigned open;   /* tries */
	unsigned used;   /* tries since it was last idle */
};

struct try_list {
	struct try *oldest, *newest;
};

/* Without an answer a packet is sent again after 1/7 and after 3/7 of the time of the try. */
enum stage { STAGE_FIRST, STAGE_SECOND, STAGE_LAST, STAGE_STREAM, STAGES };

struct peer {
	const struct server *server;
	struct udp_socket sockets[SOCKETS];
	struct stream streams[STREAMS];
	struct try *on_stream[STREAMS];
	struct try_list waiting; /* for a stream */
};

struct tries {
	int64_t timeout_ms;
	size_t count; /* of peers */
	size_t open;
	struct peer peers[SERVERS_MAX];
	struct try_list stages[STAGES];
	struct try_list failed; /* could not be sent: to be ended */
	struct hash by_id;      /* of UDP: the key is the id and the socket's number */
	unsigned char random[256]; /* octets not used yet: [random_left] and down */
	size_t random_left;
	struct pollfd fds[1 + SERVERS_MAX * (SOCKETS + STREAMS)]; /* [0] is for the waker */
};

/* --- lists, each in the order of due_ms -------------------------------------------------------- */

static void list_push(struct try_list *list, struct try *t)
{
	t->list = list;
	t->newer = NULL;
	t->older = list->newest;
	*(t->older == NULL ? &list->oldest : &t->older->newer) = t;
	list->newest = t;
}

static void list_remove(struct try *t)
{
	*(t->older == NULL ? &t->list->oldest : &t->older->newer) = t->newer;
	*(t->newer == NULL ? &t->list->newest : &t->newer->older) = t->older;
	t->list = NULL;
}

static void move_to(struct try_list *list, struct try *t)
{
	list_remove(t);
	list_push(list, t);
}

/* --- ids --------------------------------------------------------------------------------------- */

/* The kernel is asked for many octets at a time. */
static uint16_t random_id(struct tries *s)
{
	uint16_t id;

	if (s->random_left == 0) {
		if (getentropy(s->random, sizeof(s->random)) != 0)
			abort(); /* as in hash_init() */
		s->random_left = sizeof(s->random);
	}
	s->random_left -= sizeof(id);
	memcpy(&id, s->random + s->random_left, sizeof(id));
	return id;
}

static uint64_t key_of(const struct udp_socket *u, uint16_t id)
{
	return (uint64_t)u->number << 16 | id;
}

static struct try *find(const struct tries *s, const struct udp_socket *u, uint16_t id)
{
	return (struct try *)hash_first(&s->by_id, key_of(u, id));
}

static void give_id(struct tries *s, struct try *t)
{
	do
		t->id = random_id(s);
	while (find(s, t->socket, t->id) != NULL);
	hash_add(&s->by_id, &t->by_id, key_of(t->socket, t->id));
}

/* --- UDP --------------------------------------------------------------------------------------- */

/* Whether a is the better one to use while none is idle. */
static bool less_busy(const struct udp_socket *a, const struct udp_socket *b)
{
	bool a_rests = a->used >= SOCKET_RESTS, b_rests = b->used >= SOCKET_RESTS;

	return a_rests != b_rests ? b_rests : a->open < b->open;
}

static struct udp_socket *pick_socket(struct peer *p)
{
	struct udp_socket *best = &p->sockets[0];

	for (size_t i = 0; i < SOCKETS && best->open > 0; i++)
		if (p->sockets[i].open == 0 || less_busy(&p->sockets[i], best))
			best = &p->sockets[i];
	return best;
}

/* An idle one gets another port first. */
static bool open_socket(const struct peer *p, struct udp_socket *u)
{
	if (u->open > 0)
		return true;
	u->used = 0;
	return server_disconnect(u->fd) && server_connect(p->server, u->fd);
}

/* What does not fit the socket's buffer is as good as lost. */
static bool transmit(const struct try *t)
{
	unsigned char query[PACKET_QUERY_SIZE];
	size_t len = packet_query(query, t->id, t->name, t->type, !t->plain);

	return send(t->socket->fd, query, len, MSG_NOSIGNAL) >= 0 || errno == EAGAIN ||
	    errno == EWOULDBLOCK || errno == ENOBUFS || errno == EINTR;
}

static void leave_udp(struct tries *s, struct try *t)
{
	if (t->socket == NULL)
		return;
	hash_remove(&s->by_id, &t->by_id);
	t->socket->open--;
	t->socket = NULL;
}

void tries_send(struct tries *s, struct try *t)
{
	struct peer *p = &s->peers[t->server];
	struct udp_socket *u = pick_socket(p);

	s->open++;
	t->plain = false;
	t->socket = NULL;
	t->stream = NULL;
	t->due_ms = clock_monotonic_ms() + s->timeout_ms / 7;
	list_push(&s->failed, t);
	if (u->fd < 0 || !open_socket(p, u))
		return;
	t->socket = u;
	u->open++;
	u->used++;
	give_id(s, t);
	if (transmit(t))
		move_to(&s->stages[STAGE_FIRST], t);
}

static void send_again(struct tries *s, struct try *t)
{
	if (!transmit(t))
		move_to(&s->failed, t);
}

/* Uses a new id, because a late answer to the previous packet may still arrive. */
static void send_plain(struct tries *s, struct try *t)
{
	hash_remove(&s->by_id, &t->by_id);
	t->plain = true;
	give_id(s, t);
	send_again(s, t);
}

/* --- TCP --------------------------------------------------------------------------------------- */

static bool start_on(struct tries *s, struct peer *p, size_t which, struct try *t)
{
	unsigned char query[PACKET_QUERY_SIZE];
	size_t len;

	t->id = random_id(s);
	len = packet_query(query, t->id, t->name, t->type, !t->plain);
	if (stream_start(&p->streams[which], p->server, slice_of((const char *)query, len)) !=
	    STREAM_OPEN)
		return false;
	p->on_stream[which] = t;
	t->stream = &p->streams[which];
	return true;
}

/* Those that have waited longest first; each has its time from here on. */
static void start_waiting(struct tries *s, struct peer *p)
{
	for (size_t i = 0; i < STREAMS; i++) {
		while (!p->streams[i].busy && p->waiting.oldest != NULL) {
			struct try *t = p->waiting.oldest;
			bool started = p->streams[i].fd >= 0 && start_on(s, p, i, t);

			t->due_ms = clock_monotonic_ms() + s->timeout_ms;
			move_to(started ? &s->stages[STAGE_STREAM] : &s->failed, t);
		}
	}
}

static void ask_by_stream(struct tries *s, struct try *t)
{
	struct peer *p = &s->peers[t->server];

	leave_udp(s, t);
	t->due_ms = clock_monotonic_ms() + s->timeout_ms;
	move_to(&p->waiting, t);
	start_waiting(s, p);
}

/* --- the end of a try -------------------------------------------------------------------------- */

static void end(struct tries *s, struct try *t, enum try_outcome outcome, struct slice packet)
{
	struct peer *p = &s->peers[t->server];
	struct stream *stream = t->stream;

	leave_udp(s, t);
	list_remove(t);
	s->open--;
	t->ended(t, outcome, packet); /* packet may be the stream's; t may be gone afterwards */
	if (stream == NULL)
		return;
	p->on_stream[stream - p->streams] = NULL;
	stream_reset(stream);
	start_waiting(s, p);
}

static bool is_answer(const struct try *t, struct slice packet)
{
	unsigned char query[PACKET_QUERY_SIZE];
	size_t len = packet_query(query, t->id, t->name, t->type, !t->plain);

	return packet_answers(packet, slice_of((const char *)query, len));
}

/* RFC 5452 section 9.1: whatever does not match in all is ignored, and the try goes on. */
static void on_datagram(struct tries *s, struct udp_socket *u, struct slice packet)
{
	struct try *t;
	uint16_t id;

	if (!packet_id(packet, &id) || (t = find(s, u, id)) == NULL || !is_answer(t, packet))
		return;
	if (!t->plain && packet_lacks_edns(packet))
		send_plain(s, t);
	else if (packet_is_truncated(packet))
		ask_by_stream(s, t);
	else
		end(s, t, TRY_ANSWERED, packet);
}

/* The server's host reports that nothing listens there, or the way is closed. */
static void on_socket_error(struct tries *s, const struct udp_socket *u)
{
	for (int stage = STAGE_FIRST; stage <= STAGE_LAST; stage++) {
		for (struct try *t = s->stages[stage].oldest, *next; t != NULL; t = next) {
			next = t->newer;
			if (t->socket == u)
				move_to(&s->failed, t);
		}
	}
}

static void receive(struct tries *s, struct udp_socket *u)
{
	char packet[4096]; /* no server sends more than EDNS allows it to */

	for (unsigned i = 0; i < DATAGRAMS_AT_ONCE; i++) {
		ssize_t n = recv(u->fd, packet, sizeof(packet), 0);

		if (n >= 0)
			on_datagram(s, u, slice_of(packet, (size_t)n));
		else if (errno == ECONNREFUSED || errno == EHOSTUNREACH || errno == ENETUNREACH)
			on_socket_error(s, u);
		else if (errno != EINTR)
			return;
	}
}

static void on_stream(struct tries *s, struct peer *p, size_t which)
{
	struct stream *stream = &p->streams[which];
	struct try *t = p->on_stream[which];
	enum stream_state state = stream_continue(stream);

	if (state == STREAM_DONE && is_answer(t, stream_packet(stream)))
		end(s, t, TRY_ANSWERED, stream_packet(stream));
	else if (state != STREAM_OPEN)
		end(s, t, TRY_ERROR, SLICE_NULL);
}

/* --- time -------------------------------------------------------------------------------------- */

static void send_due(struct tries *s, enum stage stage, int64_t wait_ms, int64_t now)
{
	struct try_list *list = &s->stages[stage];

	while (list->oldest != NULL && list->oldest->due_ms <= now) {
		struct try *t = list->oldest;

		t->due_ms += wait_ms;
		move_to(&s->stages[stage + 1], t);
		send_again(s, t);
	}
}

static void end_due(struct tries *s, struct try_list *list, int64_t now)
{
	while (list->oldest != NULL && list->oldest->due_ms <= now)
		end(s, list->oldest, TRY_TIMEOUT, SLICE_NULL);
}

static void work_off_due(struct tries *s)
{
	int64_t now = clock_monotonic_ms(), part = s->timeout_ms / 7;

	send_due(s, STAGE_FIRST, 2 * part, now);
	send_due(s, STAGE_SECOND, s->timeout_ms - 3 * part, now);
	end_due(s, &s->stages[STAGE_LAST], now);
	end_due(s, &s->stages[STAGE_STREAM], now);
	for (size_t i = 0; i < s->count; i++)
		end_due(s, &s->peers[i].waiting, now);
	while (s->failed.oldest != NULL)
		end(s, s->failed.oldest, TRY_ERROR, SLICE_NULL);
}

static int64_t earliest(const struct try_list *list, int64_t due)
{
	return list->oldest != NULL && list->oldest->due_ms < due ? list->oldest->due_ms : due;
}

/* For poll(): milliseconds, -1 without limit. */
static int wait_ms(const struct tries *s)
{
	int64_t now = clock_monotonic_ms(), due = now + WAIT_MAX_MS;

	if (s->open == 0)
		return -1;
	if (s->failed.oldest != NULL)
		return 0;
	for (size_t i = 0; i < STAGES; i++)
		due = earliest(&s->stages[i], due);
	for (size_t i = 0; i < s->count; i++)
		due = earliest(&s->peers[i].waiting, due);
	return due <= now ? 0 : (int)(due - now);
}

/* --- the world --------------------------------------------------------------------------------- */

static size_t fill_fds(struct tries *s)
{
	struct pollfd *fd = s->fds + 1;

	for (size_t i = 0; i < s->count; i++) {
		struct peer *p = &s->peers[i];

		for (size_t k = 0; k < SOCKETS; k++)
			*fd++ = (struct pollfd){ .fd = p->sockets[k].fd, .events = POLLIN };
		for (size_t k = 0; k < STREAMS; k++)
			*fd++ = (struct pollfd){ .fd = p->streams[k].busy ? p->streams[k].fd : -1,
				.events = stream_events(&p->streams[k]) };
	}
	return (size_t)(fd - s->fds);
}

/* A stream may have been reused for another try since poll() returned: then reading finds nothing. */
static void work_off_ready(struct tries *s)
{
	const struct pollfd *fd = s->fds + 1;

	for (size_t i = 0; i < s->count; i++) {
		struct peer *p = &s->peers[i];

		for (size_t k = 0; k < SOCKETS; k++, fd++)
			if (fd->revents != 0)
				receive(s, &p->sockets[k]);
		for (size_t k = 0; k < STREAMS; k++, fd++)
			if (fd->revents != 0 && p->streams[k].busy)
				on_stream(s, p, k);
	}
}

void tries_wait(struct tries *s, int wake_fd)
{
	size_t count = fill_fds(s);

	s->fds[0] = (struct pollfd){ .fd = wake_fd, .events = POLLIN };
	if (poll(s->fds, count, wait_ms(s)) > 0)
		work_off_ready(s);
	work_off_due(s);
}

size_t tries_open(const struct tries *s)
{
	return s->open;
}

/* --- life -------------------------------------------------------------------------------------- */

/* -1 for a family of addresses that this system does not have. */
static bool make_socket(const struct server *server, int type, int *out)
{
	int family = server->ip.family == IP_V6 ? AF_INET6 : AF_INET;

	*out = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return *out >= 0 || errno == EAFNOSUPPORT;
}

static bool make_sockets(struct peer *p)
{
	static const int octets = SOCKET_RCVBUF;

	for (size_t i = 0; i < SOCKETS; i++) {
		if (!make_socket(p->server, SOCK_DGRAM, &p->sockets[i].fd))
			return false;
		(void)setsockopt(p->sockets[i].fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof(octets));
	}
	for (size_t i = 0; i < STREAMS; i++)
		if (!make_socket(p->server, SOCK_STREAM, &p->streams[i].fd))
			return false;
	return true;
}

static void peer_init(struct peer *p, const struct server *server, unsigned number)
{
	p->server = server;
	for (unsigned i = 0; i < SOCKETS; i++)
		p->sockets[i] = (struct udp_socket){ .fd = -1, .number = number * SOCKETS + i };
	for (unsigned i = 0; i < STREAMS; i++)
		stream_init(&p->streams[i], -1);
}

enum rc tries_new(const struct servers *servers, int64_t timeout_ms, struct tries **out,
    struct err *err)
{
	struct tries *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return RC_NOMEM;
	s->timeout_ms = timeout_ms;
	for (; s->count < servers->count; s->count++)
		peer_init(&s->peers[s->count], &servers->list[s->count], (unsigned)s->count);
	if (!hash_init(&s->by_id, 0)) {
		tries_free(&s);
		return RC_NOMEM;
	}
	for (size_t i = 0; i < s->count; i++) {
		if (!make_sockets(&s->peers[i])) {
			err_add(err, "the resolver's sockets: %s", strerror(errno));
			tries_free(&s);
			return RC_IO;
		}
	}
	*out = s;
	return RC_OK;
}

static void end_all(struct tries *s, struct try_list *list)
{
	while (list->oldest != NULL)
		end(s, list->oldest, TRY_ERROR, SLICE_NULL);
}

static void peer_free(struct peer *p)
{
	for (size_t i = 0; i < SOCKETS; i++)
		if (p->sockets[i].fd >= 0)
			close(p->sockets[i].fd);
	for (size_t i = 0; i < STREAMS; i++)
		stream_free(&p->streams[i]);
}

void tries_free(struct tries **s)
{
	struct tries *tries = *s;

	*s = NULL;
	if (tries == NULL)
		return;
	for (size_t i = 0; i < tries->count; i++)
		end_all(tries, &tries->peers[i].waiting);
	for (size_t i = 0; i < STAGES; i++)
		end_all(tries, &tries->stages[i]);
	end_all(tries, &tries->failed);
	for (size_t i = 0; i < tries->count; i++)
		peer_free(&tries->peers[i]);
	hash_free(&tries->by_id);
	free(tries);
}

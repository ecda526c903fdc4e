#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

#include "dns/name.h"
#include "dns/zone.h"

#include "dnsreply.h"
#include "dnsserver.h"

#define CONNECTIONS 64
#define PACKET_MAX  65535u

struct connection {
	int fd; /* -1: free */
	unsigned generation; /* an answer that is late must not go to the next client */
	struct buf in;
};

/* Where an answer goes. */
struct peer {
	bool tcp;
	unsigned connection, generation;
	struct sockaddr_in address;
};

struct pending {
	struct pending *next;
	int64_t due_ms;
	struct peer peer;
	size_t len;
	char packet[];
};

struct dnsserver {
	int udp, tcp, wake[2];
	char address[32];
	uint16_t port;
	bool authentic;
	pthread_t thread;
	FILE *log;
	struct connection connections[CONNECTIONS];
	struct pending *pending;
	uint32_t random;

	pthread_mutex_t lock; /* of the rest */
	bool stopping, plain;
	struct zone *zone;
	unsigned delay_ms, loss;
	struct dnsserver_query *queries;
	size_t count, cap;
};

static void remember(struct dnsserver *s, const struct dnsrequest *q)
{
	if (s->count == s->cap && s->cap < DNSSERVER_QUERIES) {
		size_t want = s->cap == 0 ? 64 : s->cap * 2;
		struct dnsserver_query *p = realloc(s->queries, want * sizeof(*p));

		if (p == NULL)
			return;
		s->queries = p;
		s->cap = want;
	}
	if (s->count < s->cap)
		s->queries[s->count++] = q->seen;
	if (s->log != NULL)
		fprintf(s->log, "%s %s %u\n", q->seen.tcp ? "tcp" : "udp", q->name.text, q->seen.type);
}

/* --- sending ---------------------------------------------------------------------------------- */

static void send_all(int fd, struct slice s)
{
	while (s.len > 0) {
		ssize_t n = send(fd, s.ptr, s.len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		s = slice_drop(s, (size_t)n);
	}
}

static void send_to(struct dnsserver *s, const struct peer *peer, struct slice packet)
{
	const struct connection *c = &s->connections[peer->connection];
	struct buf framed = BUF_INIT(PACKET_MAX + 2);

	if (!peer->tcp) {
		sendto(s->udp, packet.ptr, packet.len, 0, (const struct sockaddr *)&peer->address,
		    sizeof(peer->address));
		return;
	}
	if (c->fd < 0 || c->generation != peer->generation)
		return;
	buf_add_char(&framed, (char)(packet.len >> 8));
	buf_add_char(&framed, (char)(packet.len & 0xff));
	buf_add(&framed, packet);
	send_all(c->fd, buf_slice(&framed));
	buf_free(&framed);
}

static void send_later(struct dnsserver *s, const struct peer *peer, struct slice packet,
    unsigned ms)
{
	struct pending *p = malloc(sizeof(*p) + packet.len), **at = &s->pending;

	if (p == NULL)
		return;
	p->due_ms = clock_monotonic_ms() + ms;
	p->peer = *peer;
	p->len = packet.len;
	memcpy(p->packet, packet.ptr, packet.len);
	while (*at != NULL && (*at)->due_ms <= p->due_ms)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
}

static void send_due(struct dnsserver *s)
{
	while (s->pending != NULL && s->pending->due_ms <= clock_monotonic_ms()) {
		struct pending *p = s->pending;

		s->pending = p->next;
		send_to(s, &p->peer, slice_of(p->packet, p->len));
		free(p);
	}
}

static bool lost(struct dnsserver *s)
{
	s->random = s->random * 1664525u + 1013904223u;
	return (s->random >> 16) % 100 < s->loss;
}

static void handle(struct dnsserver *s, struct slice packet, const struct peer *peer)
{
	struct buf out = BUF_INIT(PACKET_MAX);
	struct zone_found found = { .rcode = DNS_RCODE_NOTIMP };
	struct dnsrequest q;
	unsigned delay;
	bool drop;

	if (!dnsreply_read(packet, &q))
		return;
	q.seen.tcp = peer->tcp;
	q.seen.port = ntohs(peer->address.sin_port);
	pthread_mutex_lock(&s->lock);
	remember(s, &q);
	drop = !peer->tcp && lost(s);
	if (q.opcode == 0 && q.class == DNS_CLASS_IN)
		zone_lookup(s->zone, q.name.text, q.seen.type, &found);
	if (s->plain && q.seen.edns > 0) {
		found = (struct zone_found){ .rcode = DNS_RCODE_FORMERR };
		q.seen.edns = 0;
	}
	if (!drop)
		dnsreply_write(&q, packet, &found, s->authentic, &out); /* with the lock: found points into the zone */
	delay = s->delay_ms + found.slow_ms;
	pthread_mutex_unlock(&s->lock);
	if (out.len > 0 && delay > 0)
		send_later(s, peer, buf_slice(&out), delay);
	else if (out.len > 0)
		send_to(s, peer, buf_slice(&out));
	buf_free(&out);
}

/* --- receiving -------------------------------------------------------------------------------- */

static bool receive_udp(struct dnsserver *s)
{
	char packet[4096];
	struct peer peer = { .tcp = false };
	socklen_t len = sizeof(peer.address);
	ssize_t n = recvfrom(s->udp, packet, sizeof(packet), MSG_DONTWAIT,
	    (struct sockaddr *)&peer.address, &len);

	if (n > 0)
		handle(s, slice_of(packet, (size_t)n), &peer);
	return n > 0;
}

static void accept_tcp(struct dnsserver *s)
{
	int fd = accept(s->tcp, NULL, NULL);

	for (unsigned i = 0; fd >= 0 && i < CONNECTIONS; i++) {
		struct connection *c = &s->connections[i];

		if (c->fd < 0) {
			c->fd = fd;
			c->generation++;
			return;
		}
	}
	if (fd >= 0)
		close(fd);
}

static size_t frame_length(const struct buf *in)
{
	return (size_t)(unsigned char)in->ptr[0] << 8 | (unsigned char)in->ptr[1];
}

static void receive_tcp(struct dnsserver *s, unsigned which)
{
	struct connection *c = &s->connections[which];
	struct peer peer = { .tcp = true, .connection = which, .generation = c->generation };
	char chunk[4096];
	ssize_t n = recv(c->fd, chunk, sizeof(chunk), 0);

	if (n <= 0) {
		close(c->fd);
		c->fd = -1;
		buf_free(&c->in);
		return;
	}
	buf_add(&c->in, slice_of(chunk, (size_t)n));
	while (c->in.len >= 2 && c->in.len - 2 >= frame_length(&c->in)) {
		size_t len = frame_length(&c->in);

		handle(s, slice_take(slice_drop(buf_slice(&c->in), 2), len), &peer);
		memmove(c->in.ptr, c->in.ptr + 2 + len, c->in.len - 2 - len);
		buf_truncate(&c->in, c->in.len - 2 - len);
	}
}

static int next_due(const struct dnsserver *s)
{
	int64_t left = s->pending == NULL ? -1 : s->pending->due_ms - clock_monotonic_ms();

	return s->pending == NULL ? -1 : left < 0 ? 0 : (int)left;
}

static bool is_stopping(struct dnsserver *s)
{
	bool stopping;

	pthread_mutex_lock(&s->lock);
	stopping = s->stopping;
	pthread_mutex_unlock(&s->lock);
	return stopping;
}

static void *serve(void *arg)
{
	struct dnsserver *s = arg;
	struct pollfd fds[3 + CONNECTIONS];

	while (!is_stopping(s)) {
		fds[0] = (struct pollfd){ .fd = s->wake[0], .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = s->udp, .events = POLLIN };
		fds[2] = (struct pollfd){ .fd = s->tcp, .events = POLLIN };
		for (unsigned i = 0; i < CONNECTIONS; i++)
			fds[3 + i] = (struct pollfd){ .fd = s->connections[i].fd, .events = POLLIN };
		if (poll(fds, N_ELEMENTS(fds), next_due(s)) > 0) {
			for (int i = 0; fds[1].revents != 0 && i < 64 && receive_udp(s); i++)
				;
			for (unsigned i = 0; i < CONNECTIONS; i++)
				if (fds[3 + i].revents != 0)
					receive_tcp(s, i);
			if (fds[2].revents != 0)
				accept_tcp(s);
		}
		send_due(s);
	}
	return NULL;
}

/* --- life ------------------------------------------------------------------------------------- */

static bool parse_zone(struct slice text, struct zone **out)
{
	struct err err = ERR_INIT;
	bool ok = zone_parse("zone", text, out, &err) == RC_OK;

	if (!ok)
		fprintf(stderr, "dnsserver: %s", buf_cstr(&err.text));
	err_free(&err);
	return ok;
}

/* The same port for both; where it is free for one only, another one is tried. */
static bool open_sockets(struct dnsserver *s, const char *address, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int on = 1, octets = 4 * 1024 * 1024; /* a burst is the client's right */

	if (address != NULL && inet_pton(AF_INET, address, &a.sin_addr) != 1) {
		fprintf(stderr, "dnsserver: %s is no IPv4 address\n", address);
		return false;
	}
	for (int i = 0; i < 50; i++) {
		a.sin_port = htons(port);
		s->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		s->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		setsockopt(s->udp, SOL_SOCKET, SO_RCVBUF, &octets, sizeof(octets));
		setsockopt(s->tcp, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (bind(s->tcp, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(s->tcp, 64) == 0 &&
		    getsockname(s->tcp, (struct sockaddr *)&a, &len) == 0 &&
		    bind(s->udp, (struct sockaddr *)&a, sizeof(a)) == 0) {
			s->port = ntohs(a.sin_port);
			snprintf(s->address, sizeof(s->address), "%s:%u",
			    address == NULL ? "127.0.0.1" : address, (unsigned)s->port);
			return true;
		}
		close(s->tcp);
		close(s->udp);
		s->tcp = s->udp = -1;
	}
	perror("dnsserver: bind");
	return false;
}

static void release(struct dnsserver *s)
{
	int fds[] = { s->udp, s->tcp, s->wake[0], s->wake[1] };

	for (size_t i = 0; i < N_ELEMENTS(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	for (size_t i = 0; i < CONNECTIONS; i++) {
		if (s->connections[i].fd >= 0)
			close(s->connections[i].fd);
		buf_free(&s->connections[i].in);
	}
	while (s->pending != NULL) {
		struct pending *p = s->pending;

		s->pending = p->next;
		free(p);
	}
	if (s->log != NULL)
		fclose(s->log);
	zone_free(&s->zone);
	pthread_mutex_destroy(&s->lock);
	free(s->queries);
	free(s);
}

static bool set_up(struct dnsserver *s, struct slice zone, const struct dnsserver_params *params)
{
	if (!parse_zone(zone, &s->zone) || !open_sockets(s, params->address, params->port) || pipe(s->wake) != 0)
		return false;
	if (params->log_path != NULL) {
		s->log = fopen(params->log_path, "w");
		if (s->log == NULL)
			return false;
		setvbuf(s->log, NULL, _IOLBF, 0);
	}
	return pthread_create(&s->thread, NULL, serve, s) == 0;
}

struct dnsserver *dnsserver_start(struct slice zone, const struct dnsserver_params *params)
{
	struct dnsserver *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->udp = s->tcp = s->wake[0] = s->wake[1] = -1;
	for (size_t i = 0; i < CONNECTIONS; i++)
		s->connections[i] = (struct connection){ .fd = -1, .in = BUF_INIT(PACKET_MAX + 4096) };
	s->authentic = params->authentic;
	s->delay_ms = params->delay_ms;
	s->loss = params->loss;
	s->random = 1;
	pthread_mutex_init(&s->lock, NULL);
	if (!set_up(s, zone, params)) {
		release(s);
		return NULL;
	}
	return s;
}

void dnsserver_stop(struct dnsserver **s)
{
	struct dnsserver *server = *s;

	*s = NULL;
	if (server == NULL)
		return;
	pthread_mutex_lock(&server->lock);
	server->stopping = true;
	pthread_mutex_unlock(&server->lock);
	if (write(server->wake[1], "", 1) < 0)
		abort();
	pthread_join(server->thread, NULL);
	release(server);
}

uint16_t dnsserver_port(const struct dnsserver *s)
{
	return s->port;
}

struct slice dnsserver_address(const struct dnsserver *s)
{
	return slice_str(s->address);
}

bool dnsserver_set_zone(struct dnsserver *s, struct slice zone)
{
	struct zone *fresh, *old;

	if (!parse_zone(zone, &fresh))
		return false;
	pthread_mutex_lock(&s->lock);
	old = s->zone;
	s->zone = fresh;
	pthread_mutex_unlock(&s->lock);
	zone_free(&old);
	return true;
}

void dnsserver_set_trouble(struct dnsserver *s, unsigned delay_ms, unsigned loss)
{
	pthread_mutex_lock(&s->lock);
	s->delay_ms = delay_ms;
	s->loss = loss;
	pthread_mutex_unlock(&s->lock);
}

void dnsserver_set_plain(struct dnsserver *s, bool plain)
{
	pthread_mutex_lock(&s->lock);
	s->plain = plain;
	pthread_mutex_unlock(&s->lock);
}

size_t dnsserver_count(struct dnsserver *s, const char *name, unsigned type)
{
	size_t count = 0;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->count; i++)
		count += (name == NULL || strcmp(s->queries[i].name, name) == 0) &&
		    (type == 0 || s->queries[i].type == type);
	pthread_mutex_unlock(&s->lock);
	return count;
}

bool dnsserver_query(struct dnsserver *s, size_t which, struct dnsserver_query *out)
{
	bool there;

	pthread_mutex_lock(&s->lock);
	there = which < s->count;
	if (there)
		*out = s->queries[which];
	pthread_mutex_unlock(&s->lock);
	return there;
}

void dnsserver_forget(struct dnsserver *s)
{
	pthread_mutex_lock(&s->lock);
	s->count = 0;
	pthread_mutex_unlock(&s->lock);
}

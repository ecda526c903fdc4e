#define CARES_NO_DEPRECATED /* the calls used exist from 1.18 on; later versions warn of some */
#include <ares.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#include "dns/name.h"

#include "dns/channels.h"

/* Fits every path's MTU without fragments: the value of DNS flag day 2020. */
#define EDNS_OCTETS 1232

/*
 * A forged answer must guess id and source port.  A channel keeps its port while queries are open
 * on it, so after some queries another one is used, where possible one that has fallen idle.
 * When all are busy the load is spread, as a burst of answers must fit their sockets' buffers; but
 * one that has been busy for long rests until it is idle and gets a new port.
 */
#define CHANNEL_QUERIES 16u
#define CHANNEL_RESTS   512u
#define CHANNELS_MAX    32u /* of one server; c-ares 1.18 takes 70 KiB for each */
#define CHANNEL_RCVBUF  (1024 * 1024)

struct channel {
	struct channels *set;
	ares_channel handle;
	unsigned open; /* tries that c-ares has not ended */
	unsigned used; /* tries since it was last idle */
};

struct pool {
	struct channel *channels[CHANNELS_MAX];
	size_t count, current;
};

struct channels {
	const struct servers *servers;
	struct pool pools[SERVERS_MAX];
	int64_t timeout_ms;
	unsigned open; /* of all channels */
	struct try *oldest, *newest; /* not told yet, by age: the order in which their time is over */
	int64_t ticked_ms;
	struct pollfd *fds, *ready;             /* [0] is for the waker */
	struct channel **owners, **ready_owners; /* of fds, and copied of ready */
	size_t fd_count, fd_cap;
	unsigned char ids[256]; /* random octets not used yet: [ids_left] and down */
	size_t ids_left;
};

struct try {
	struct channel *channel;
	struct try *older, *newer;
	int64_t started_ms;
	try_callback *callback; /* NULL: told already, c-ares still holds on to it */
	void *arg;
};

/* --- what poll() watches ---------------------------------------------------------------------- */

static bool watch_room(struct channels *set)
{
	size_t want = set->fd_cap == 0 ? 16 : set->fd_cap * 2;
	void *p;

	if (set->fd_count < set->fd_cap)
		return true;
	if ((p = realloc(set->fds, want * sizeof(*set->fds))) == NULL)
		return false;
	set->fds = p;
	if ((p = realloc(set->ready, want * sizeof(*set->ready))) == NULL)
		return false;
	set->ready = p;
	if ((p = realloc(set->owners, want * sizeof(struct channel *))) == NULL)
		return false;
	set->owners = p;
	if ((p = realloc(set->ready_owners, want * sizeof(struct channel *))) == NULL)
		return false;
	set->ready_owners = p;
	set->fd_cap = want;
	return true;
}

/* Without room the socket is not watched, and its queries time out. */
static void watch(struct channels *set, struct channel *owner, int fd, short events)
{
	size_t i = 1;

	while (i < set->fd_count && set->fds[i].fd != fd)
		i++;
	if (events == 0) {
		if (i < set->fd_count) {
			set->fd_count--;
			set->fds[i] = set->fds[set->fd_count];
			set->owners[i] = set->owners[set->fd_count];
		}
		return;
	}
	if (i == set->fd_count) {
		if (!watch_room(set))
			return;
		set->fd_count++;
	}
	set->fds[i] = (struct pollfd){ .fd = fd, .events = events };
	set->owners[i] = owner;
}

static void on_socket(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct channel *c = arg;

	watch(c->set, c, fd, (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0)));
}

/* --- channels --------------------------------------------------------------------------------- */

static bool set_server(ares_channel handle, const struct server *server)
{
	struct ares_addr_port_node node = { .udp_port = server->port, .tcp_port = server->port };

	node.family = server->ip.family == IP_V6 ? AF_INET6 : AF_INET;
	memcpy(&node.addr, server->ip.octets, ip_width(&server->ip) / 8);
	return ares_set_servers_ports(handle, &node) == ARES_SUCCESS;
}

/*
 * A packet that was lost is sent again after a seventh of the time that a try has, and after twice
 * as long again.  c-ares up to 1.31 doubles exactly: the third ends with the try.  From 1.32 on it
 * sends again after a multiple, 250 ms or more, of what the server usually takes, then twice that
 * less up to a half: as many as surely fill the time.  When the time is over is known here.
 */
#define FIRST_WAIT(timeout_ms) ((timeout_ms) / 7)

static int transmissions(int64_t timeout_ms)
{
	int version, count = 1;

	ares_version(&version); /* of the library that runs, not of the header */
	if (version < (1 << 16 | 32 << 8))
		return 3;
	for (int64_t sure_ms = 250; sure_ms < timeout_ms; sure_ms *= 2)
		count++;
	return count;
}

static bool open_handle(struct channel *c, const struct server *server)
{
	static char lookups[] = "b";
	struct ares_options o = {
		/* SERVFAIL and REFUSED are answers to us, not to be retried by c-ares */
		.flags = ARES_FLAG_EDNS | ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
		.timeout = (int)FIRST_WAIT(c->set->timeout_ms) + 1, /* 0: c-ares's own default */
		.tries = transmissions(c->set->timeout_ms),
		.ndots = 1,
		.lookups = lookups,
		.ednspsz = EDNS_OCTETS,
		.socket_receive_buffer_size = CHANNEL_RCVBUF,
		.sock_state_cb = on_socket,
		.sock_state_cb_data = c,
	};
	/* everything that resolv.conf could set is set here, so that 1.18 does not read it again */
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
	    ARES_OPT_LOOKUPS | ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_RCVBUF | ARES_OPT_SOCK_STATE_CB |
	    ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_SORTLIST;

#ifdef ARES_OPT_MAXTIMEOUTMS
	o.maxtimeout = (int)c->set->timeout_ms;
	mask |= ARES_OPT_MAXTIMEOUTMS;
#endif
#ifdef ARES_OPT_QUERY_CACHE
	o.qcache_max_ttl = 0;
	mask |= ARES_OPT_QUERY_CACHE;
#endif
	if (ares_init_options(&c->handle, &o, mask) != ARES_SUCCESS)
		return false;
	if (set_server(c->handle, server))
		return true;
	ares_destroy(c->handle);
	return false;
}

static struct channel *channel_new(struct channels *set, const struct server *server)
{
	struct channel *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->set = set;
	if (!open_handle(c, server)) {
		free(c);
		return NULL;
	}
	return c;
}

/* Whether a is the better one to use while none is idle. */
static bool less_busy(const struct channel *a, const struct channel *b)
{
	bool a_rests = a->used >= CHANNEL_RESTS, b_rests = b->used >= CHANNEL_RESTS;

	return a_rests != b_rests ? b_rests : a->open < b->open;
}

static size_t least_busy(const struct pool *pool)
{
	size_t best = 0;

	for (size_t i = 0; i < pool->count; i++) {
		if (pool->channels[i]->open == 0)
			return i;
		if (less_busy(pool->channels[i], pool->channels[best]))
			best = i;
	}
	return best;
}

/* The current channel should make way for another one. */
static bool is_spent(const struct pool *pool)
{
	const struct channel *c = pool->count == 0 ? NULL : pool->channels[pool->current];

	return c == NULL || (c->open > 0 && c->used >= CHANNEL_QUERIES);
}

static void pool_add(struct pool *pool, struct channel *fresh)
{
	if (fresh == NULL)
		return;
	pool->current = pool->count++;
	pool->channels[pool->current] = fresh;
}

/* NULL: there is none and none can be made. */
static struct channel *channel_for(struct channels *set, unsigned server)
{
	struct pool *pool = &set->pools[server];
	struct channel *c;

	if (is_spent(pool))
		pool->current = least_busy(pool);
	if (is_spent(pool) && pool->count < CHANNELS_MAX)
		pool_add(pool, channel_new(set, &set->servers->list[server]));
	if (pool->count == 0)
		return NULL;
	c = pool->channels[pool->current];
	if (c->open == 0)
		c->used = 0; /* c-ares has closed its socket: the next one has a new port */
	return c;
}

/* --- one try ---------------------------------------------------------------------------------- */

/* Two random octets; the kernel is asked for many at a time. */
static void put_id(struct channels *set, unsigned char out[2])
{
	if (set->ids_left == 0) {
		if (getentropy(set->ids, sizeof(set->ids)) != 0)
			abort(); /* as in hash_init() */
		set->ids_left = sizeof(set->ids);
	}
	out[0] = set->ids[--set->ids_left];
	out[1] = set->ids[--set->ids_left];
}

#define QUERY_SIZE (12 + NAME_WIRE_SIZE + 4 + 11)

/*
 * RFC 1035 section 4.1 with RD and AD (RFC 6840 section 5.7), and an OPT record (RFC 6891 section
 * 6.1.2) as the last eleven octets, where c-ares 1.18 expects it.  Our own, because the builder of
 * 1.18 does not know \DDD.
 */
static int build_query(struct channels *set, const char *name, enum dns_type type,
    unsigned char out[QUERY_SIZE])
{
	static const unsigned char opt[11] = { 0, 0, DNS_TYPE_OPT, EDNS_OCTETS >> 8, EDNS_OCTETS & 0xff };
	unsigned char *p = out + 12;

	memset(out, 0, 12);
	put_id(set, out);
	out[2] = DNS_FLAG_RECURSION >> 8;
	out[3] = DNS_FLAG_AUTHENTIC;
	out[5] = 1;
	out[11] = 1;
	p += name_to_wire(name, p);
	*p++ = (unsigned char)((unsigned)type >> 8);
	*p++ = (unsigned char)((unsigned)type & 0xff);
	*p++ = 0;
	*p++ = DNS_CLASS_IN;
	memcpy(p, opt, sizeof(opt));
	return (int)(p + sizeof(opt) - out);
}

static void try_list(struct channels *set, struct try *t)
{
	t->older = set->newest;
	*(t->older == NULL ? &set->oldest : &t->older->newer) = t;
	set->newest = t;
}

/* Told once; afterwards it only waits for c-ares to end it. */
static void tell(struct try *t, enum try_outcome outcome, struct slice packet)
{
	struct channels *set = t->channel->set;
	try_callback *callback = t->callback;

	if (callback == NULL)
		return;
	*(t->older == NULL ? &set->oldest : &t->older->newer) = t->newer;
	*(t->newer == NULL ? &set->newest : &t->newer->older) = t->older;
	t->callback = NULL;
	callback(t->arg, outcome, packet);
}

static enum try_outcome outcome_of(int status)
{
	switch (status) {
	case ARES_SUCCESS:
		return TRY_ANSWERED;
	case ARES_ETIMEOUT:
		return TRY_TIMEOUT;
	case ARES_EBADNAME:
	case ARES_EBADQUERY:
	case ARES_EBADRESP:
		return TRY_UNUSABLE;
	default:
		return TRY_ERROR;
	}
}

static void on_outcome(void *arg, int status, int timeouts, unsigned char *packet, int len)
{
	struct try *t = arg;
	struct slice answer = SLICE_NULL;

	(void)timeouts;
	t->channel->open--;
	t->channel->set->open--;
	if (status == ARES_SUCCESS)
		answer = slice_of((const char *)packet, (size_t)len);
	tell(t, outcome_of(status), answer);
	free(t);
}

void channels_send(struct channels *set, unsigned server, const char *name, enum dns_type type,
    try_callback *callback, void *arg)
{
	struct channel *c = channel_for(set, server);
	struct try *t = c == NULL ? NULL : calloc(1, sizeof(*t));
	unsigned char packet[QUERY_SIZE];
	int len = build_query(set, name, type, packet);

	if (t == NULL) {
		callback(arg, TRY_ERROR, SLICE_NULL);
		return;
	}
	t->channel = c;
	t->started_ms = clock_monotonic_ms();
	t->callback = callback;
	t->arg = arg;
	try_list(set, t);
	c->open++;
	c->used++;
	set->open++;
	ares_send(c->handle, packet, len, on_outcome, t);
}

/* --- the world -------------------------------------------------------------------------------- */

/* How coarse time-outs and waits for another transmission are. */
static int64_t tick_ms(const struct channels *set)
{
	int64_t tick = FIRST_WAIT(set->timeout_ms) / 10;

	return tick < 5 ? 5 : tick > 100 ? 100 : tick;
}

static void tick(struct channels *set)
{
	int64_t now = clock_monotonic_ms();

	if (now - set->ticked_ms < tick_ms(set))
		return;
	set->ticked_ms = now;
	while (set->oldest != NULL && now - set->oldest->started_ms >= set->timeout_ms)
		tell(set->oldest, TRY_TIMEOUT, SLICE_NULL);
	for (size_t s = 0; s < set->servers->count; s++)
		for (size_t i = 0; i < set->pools[s].count; i++)
			if (set->pools[s].channels[i]->open > 0)
				ares_process_fd(set->pools[s].channels[i]->handle, ARES_SOCKET_BAD,
				    ARES_SOCKET_BAD);
}

/* Sockets come and go while c-ares works, so it works on a copy of what was ready. */
static size_t copy_ready(struct channels *set)
{
	size_t count = 0;

	for (size_t i = 1; i < set->fd_count; i++) {
		if (set->fds[i].revents == 0)
			continue;
		set->ready[count] = set->fds[i];
		set->ready_owners[count++] = set->owners[i];
	}
	return count;
}

static void process(struct channel *c, const struct pollfd *fd)
{
	bool broken = (fd->revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
	bool readable = broken || (fd->revents & POLLIN) != 0;
	bool writable = (fd->events & POLLOUT) != 0 && (broken || (fd->revents & POLLOUT) != 0);

	ares_process_fd(c->handle, readable ? fd->fd : ARES_SOCKET_BAD,
	    writable ? fd->fd : ARES_SOCKET_BAD);
}

void channels_wait(struct channels *set, int wake_fd)
{
	size_t ready = 0;

	set->fds[0] = (struct pollfd){ .fd = wake_fd, .events = POLLIN };
	if (poll(set->fds, set->fd_count, set->open == 0 ? -1 : (int)tick_ms(set)) > 0)
		ready = copy_ready(set);
	for (size_t i = 0; i < ready; i++)
		process(set->ready_owners[i], &set->ready[i]);
	if (set->open > 0)
		tick(set);
}

static pthread_once_t library_once = PTHREAD_ONCE_INIT;
static int library_status;

static void library_init(void)
{
	library_status = ares_library_init(ARES_LIB_INIT_ALL);
}

static bool library_ready(void)
{
	pthread_once(&library_once, library_init);
	return library_status == ARES_SUCCESS;
}

struct channels *channels_new(const struct servers *servers, int64_t timeout_ms)
{
	struct channels *set = library_ready() ? calloc(1, sizeof(*set)) : NULL;

	if (set == NULL)
		return NULL;
	set->servers = servers;
	set->timeout_ms = timeout_ms;
	if (!watch_room(set)) {
		channels_free(&set);
		return NULL;
	}
	set->fd_count = 1;
	return set;
}

void channels_free(struct channels **c)
{
	struct channels *set = *c;

	*c = NULL;
	if (set == NULL)
		return;
	for (size_t s = 0; s < set->servers->count; s++) {
		for (size_t i = 0; i < set->pools[s].count; i++) {
			ares_destroy(set->pools[s].channels[i]->handle);
			free(set->pools[s].channels[i]);
		}
	}
	free(set->fds);
	free(set->ready);
	free(set->owners);
	free(set->ready_owners);
	free(set);
}

enum rc channels_system_servers(struct servers *s, struct err *err)
{
	struct ares_addr_port_node *list = NULL;
	ares_channel handle;
	int status = library_ready() ? ares_init(&handle) : library_status;

	if (status == ARES_SUCCESS) {
		status = ares_get_servers_ports(handle, &list);
		ares_destroy(handle);
	}
	for (struct ares_addr_port_node *n = list; n != NULL; n = n->next) {
		struct ip ip = { .family = n->family == AF_INET6 ? IP_V6 : IP_V4 };
		int port = n->udp_port;

		memcpy(ip.octets, &n->addr, ip_width(&ip) / 8);
		(void)servers_add(s, &ip, (uint16_t)(port == 0 ? SERVERS_PORT : port));
	}
	if (list != NULL)
		ares_free_data(list);
	return s->count > 0 ? RC_OK
	                    : err_config(err, "no name servers: %s", ares_strerror(status));
}


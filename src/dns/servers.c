#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/ascii.h"
#include "base/cursor.h"

#include "dns/servers.h"

static bool take_port(struct slice text, uint16_t *port)
{
	struct cursor c = cursor_of(text);
	uint64_t value;

	if (!take_uint(&c, 5, 65535, &value) || !cursor_done(&c) || value == 0)
		return false;
	*port = (uint16_t)value;
	return true;
}

/* ip, v4 ":" port, "[" v6 "]" or "[" v6 "]:" port */
static bool parse(struct slice text, struct ip *ip, uint16_t *port)
{
	struct slice rest = text, address;

	*port = SERVERS_PORT;
	if (ip_parse(text, ip))
		return true;
	if (!slice_starts_with(text, SLICE("["))) {
		address = slice_split(&rest, ':');
		return ip_parse_v4(address, ip) && take_port(rest, port);
	}
	rest = slice_drop(text, 1);
	address = slice_split(&rest, ']');
	if (slice_is_null(rest) || !ip_parse_v6(address, ip))
		return false;
	return rest.len == 0 ||
	    (slice_starts_with(rest, SLICE(":")) && take_port(slice_drop(rest, 1), port));
}

enum rc servers_parse(struct servers *s, struct slice text, struct err *err)
{
	struct ip ip;
	uint16_t port;

	if (!parse(text, &ip, &port))
		return err_config(err, "\"%.*s\" is not a name server: write an address, with a port as in "
		    "\"192.0.2.1:53\" or \"[2001:db8::1]:53\"", SLICE_ARG(text));
	if (!servers_add(s, &ip, port))
		return err_config(err, "more than %u name servers", SERVERS_MAX);
	return RC_OK;
}

bool servers_add(struct servers *s, const struct ip *ip, uint16_t port)
{
	struct server *server = &s->list[s->count];

	if (s->count == SERVERS_MAX)
		return false;
	server->ip = *ip;
	server->port = port;
	atomic_init(&server->health, SERVER_WORKS);
	server->useful_ms = -1;
	server->probe_ms = 0;
	server->probing = false;
	server->times.limits = histogram_times_ms;
	server->times.limit_count = HISTOGRAM_TIMES;
	s->count++;
	return true;
}

static bool is_printed(char c)
{
	return !is_wsp(c) && c != '\r';
}

static void read_line(struct servers *s, struct slice line)
{
	struct cursor c = cursor_of(line);
	struct slice address;
	struct ip ip;

	if (take_literal(&c, SLICE("nameserver")) && skip_wsp(&c) > 0 &&
	    take_while(&c, is_printed, &address) && ip_parse(address, &ip))
		(void)servers_add(s, &ip, SERVERS_PORT); /* more than SERVERS_MAX are left out */
}

void servers_read(struct servers *s, struct slice text)
{
	static const struct ip loopback = { .family = IP_V4, .octets = { 127, 0, 0, 1 } };

	while (text.len > 0)
		read_line(s, slice_split(&text, '\n'));
	if (s->count == 0)
		(void)servers_add(s, &loopback, SERVERS_PORT);
}

/* --- health ------------------------------------------------------------------------------------ */

static enum server_health health_of(const struct server *server)
{
	return (enum server_health)atomic_load(&server->health);
}

int servers_next(const struct servers *s, unsigned tried)
{
	int last = -1;

	for (unsigned i = 0; i < s->count; i++) {
		if ((tried & 1u << i) != 0)
			continue;
		if (health_of(&s->list[i]) == SERVER_WORKS)
			return (int)i;
		if (last < 0)
			last = (int)i;
	}
	return last;
}

bool servers_useful(struct servers *s, unsigned which, int64_t now_ms)
{
	struct server *server = &s->list[which];

	server->useful_ms = now_ms;
	return atomic_exchange(&server->health, SERVER_WORKS) == SERVER_FAILS;
}

static void doubt(struct server *server, int64_t now_ms)
{
	if (health_of(server) != SERVER_WORKS)
		return;
	atomic_store(&server->health, SERVER_DOUBTED);
	server->probe_ms = now_ms;
}

void servers_silent(struct servers *s, unsigned which, int64_t sent_ms, int64_t now_ms)
{
	if (s->list[which].useful_ms < sent_ms)
		doubt(&s->list[which], now_ms);
}

bool servers_probe_due(struct servers *s, unsigned which, int64_t now_ms)
{
	struct server *server = &s->list[which];

	if (health_of(server) == SERVER_WORKS || server->probing || now_ms < server->probe_ms)
		return false;
	server->probing = true;
	server->probe_ms = now_ms + SERVERS_PROBE_MS;
	return true;
}

bool servers_probed(struct servers *s, unsigned which, int64_t sent_ms, int64_t now_ms)
{
	struct server *server = &s->list[which];

	server->probing = false;
	if (server->useful_ms >= sent_ms)
		return false;
	server->probe_ms = now_ms + SERVERS_PROBE_MS;
	return atomic_exchange(&server->health, SERVER_FAILS) != SERVER_FAILS;
}

enum servers_blame servers_blame(struct servers *s, int64_t asked_ms, int64_t now_ms)
{
	enum servers_blame blame = BLAME_OURS;

	for (unsigned i = 0; i < s->count; i++)
		if (s->list[i].useful_ms >= asked_ms)
			return BLAME_SENDER;
	for (unsigned i = 0; i < s->count; i++) {
		doubt(&s->list[i], now_ms);
		if (health_of(&s->list[i]) == SERVER_DOUBTED)
			blame = BLAME_UNDECIDED;
	}
	return blame;
}

bool servers_all_fail(const struct servers *s)
{
	for (unsigned i = 0; i < s->count; i++)
		if (health_of(&s->list[i]) != SERVER_FAILS)
			return false;
	return true;
}

/* --- sockets ----------------------------------------------------------------------------------- */

bool server_connect(const struct server *s, int fd)
{
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_port = htons(s->port) };
	struct sockaddr_in a4 = { .sin_family = AF_INET, .sin_port = htons(s->port) };
	int status;

	memcpy(&a6.sin6_addr, s->ip.octets, sizeof(a6.sin6_addr));
	memcpy(&a4.sin_addr, s->ip.octets, sizeof(a4.sin_addr));
	status = s->ip.family == IP_V6 ? connect(fd, (const struct sockaddr *)&a6, sizeof(a6))
	                               : connect(fd, (const struct sockaddr *)&a4, sizeof(a4));
	return status == 0 || errno == EINPROGRESS;
}

bool server_disconnect(int fd)
{
	static const struct sockaddr nothing = { .sa_family = AF_UNSPEC };
	int pending;
	socklen_t len = sizeof(pending);

	(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &pending, &len);
	return connect(fd, &nothing, sizeof(nothing)) == 0;
}

/* --- words ------------------------------------------------------------------------------------- */

void server_describe(const struct server *s, struct buf *out)
{
	char text[IP_TEXT_SIZE];

	buf_addf(out, s->ip.family == IP_V6 ? "[%s]:%u" : "%s:%u", ip_text(&s->ip, text),
	    (unsigned)s->port);
}

const char *server_health_text(const struct server *s)
{
	static const char *const texts[] = {
		[SERVER_WORKS] = "works",
		[SERVER_DOUBTED] = "doubted",
		[SERVER_FAILS] = "fails",
	};

	return texts[health_of(s)];
}

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
	atomic_init(&server->failures, 0);
	server->answered_ms = -1;
	server->probe_ms = 0;
	s->count++;
	return true;
}

int servers_next(const struct servers *s, unsigned tried)
{
	int silent = -1;

	for (unsigned i = 0; i < s->count; i++) {
		if ((tried & 1u << i) != 0)
			continue;
		if (atomic_load(&s->list[i].failures) == 0)
			return (int)i;
		if (silent < 0)
			silent = (int)i;
	}
	return silent;
}

bool servers_answered(struct servers *s, unsigned which, int64_t now_ms)
{
	struct server *server = &s->list[which];

	server->answered_ms = now_ms;
	if (atomic_load(&server->failures) == 0)
		return false;
	return atomic_exchange(&server->failures, 0) > 1;
}

bool servers_failed(struct servers *s, unsigned which, int64_t sent_ms, int64_t now_ms)
{
	struct server *server = &s->list[which];

	if (server->answered_ms >= sent_ms)
		return false;
	if (atomic_load(&server->failures) == 0)
		server->probe_ms = now_ms;
	return atomic_fetch_add(&server->failures, 1) + 1 == 2;
}

bool servers_probe_due(struct servers *s, unsigned which, int64_t now_ms)
{
	struct server *server = &s->list[which];

	if (atomic_load(&server->failures) == 0 || now_ms < server->probe_ms)
		return false;
	server->probe_ms = now_ms + SERVERS_PROBE_MS;
	return true;
}

void server_describe(const struct server *s, struct buf *out)
{
	char text[IP_TEXT_SIZE];

	buf_addf(out, s->ip.family == IP_V6 ? "[%s]:%u" : "%s:%u", ip_text(&s->ip, text),
	    (unsigned)s->port);
}

void servers_describe(const struct servers *s, struct buf *out)
{
	for (size_t i = 0; i < s->count; i++) {
		if (i > 0)
			buf_add_str(out, ", ");
		server_describe(&s->list[i], out);
		if (atomic_load(&s->list[i].failures) > 0)
			buf_add_str(out, " (does not answer)");
	}
}

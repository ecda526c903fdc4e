#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"

#include "dns/name.h"
#include "dns/network.h"
#include "dns/servers.h"

#include "dns/authority.h"

static const struct dns_answer *ask(struct lookups *l, struct slice name, enum dns_type type)
{
	return lookups_await(l, LOOKUP_POLICY, name, type);
}

/* The NS records of the closest name at or above at that has some; *zone_out is that name. */
static const struct dns_answer *find_zone(struct lookups *l, const char *at, const char **zone_out)
{
	const struct dns_answer *answer = NULL;

	for (; at != NULL && *at != '\0'; at = name_parent(at)) {
		*zone_out = at;
		answer = ask(l, slice_str(at), DNS_NS);
		if (answer->status == DNS_FOUND || dns_status_is_temporary(answer->status))
			return answer;
	}
	return answer;
}

static struct slice address_text(struct arena *a, const struct ip *ip)
{
	char text[IP_TEXT_SIZE];

	return arena_copy(a, slice_str(ip_text(ip, text)));
}

/* The addresses of one server, of one family. */
static enum dns_status add_addresses(struct arena *a, struct slice name,
    const struct dns_answer *answer, struct authority *out)
{
	if (dns_status_is_temporary(answer->status))
		return answer->status;
	for (size_t i = 0; answer->status == DNS_FOUND && i < answer->count; i++) {
		if (out->count == LIMIT_AUTHORITY_SERVERS)
			return DNS_LIMIT;
		out->servers[out->count++] = (struct authority_server){ arena_copy(a, name),
			address_text(a, &answer->records[i].ip) };
	}
	return DNS_FOUND;
}

static enum dns_status find_addresses(struct arena *a, struct lookups *l,
    const struct dns_answer *names, struct authority *out)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };
	enum dns_status status = DNS_FOUND;

	for (size_t i = 0; i < 2 * names->count; i++)
		lookups_start(l, LOOKUP_POLICY, names->records[i / 2].text, types[i % 2], NULL, NULL);
	for (size_t i = 0; i < 2 * names->count && status == DNS_FOUND; i++)
		status = add_addresses(a, names->records[i / 2].text,
		    ask(l, names->records[i / 2].text, types[i % 2]), out);
	return status == DNS_FOUND && out->count == 0 ? DNS_NODATA : status;
}

enum rc authority_find(struct arena *a, struct lookups *l, struct slice name,
    struct authority *out, enum dns_status *status_out)
{
	const struct dns_answer *names;
	struct name canonical;
	const char *at = canonical.text, *zone = "";

	*out = (struct authority){ .servers = arena_new_array(a, LIMIT_AUTHORITY_SERVERS,
	    struct authority_server) };
	if (out->servers == NULL)
		return RC_NOMEM;
	*status_out = DNS_BADNAME;
	if (!name_parse(name, &canonical))
		return RC_OK;
	/* an alias has no NS records of its own (RFC 1034 section 3.6.2): those found are its target's */
	if (ask(l, name, DNS_CNAME)->status == DNS_FOUND)
		at = name_parent(at);
	names = find_zone(l, at, &zone);
	out->zone = arena_copy(a, slice_str(zone));
	*status_out = names == NULL ? DNS_NODATA : names->status;
	if (*status_out == DNS_FOUND)
		*status_out = names->count > LIMIT_AUTHORITY_SERVERS / 2 ? DNS_LIMIT :
		    find_addresses(a, l, names, out);
	return arena_failed(a) ? RC_NOMEM : RC_OK;
}

/* Connecting a socket for datagrams sends nothing, and fails where there is no route. */
static bool has_route(const struct server *s)
{
	int fd = socket(s->ip.family == IP_V6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool found = fd >= 0 && server_connect(s, fd);

	if (fd >= 0)
		close(fd);
	return found;
}

enum rc authority_resolver(struct slice address, int64_t timeout_ms, struct resolver **out,
    struct err *err)
{
	struct network_params params = { .servers = &address, .server_count = 1,
		.timeout_ms = timeout_ms, .tries = 2 };
	struct resolver_params no_cache = RESOLVER_PARAMS_DEFAULT;
	struct servers parsed = { .count = 0 };

	*out = NULL;
	TRY(servers_parse(&parsed, address, err));
	if (!has_route(&parsed.list[0]))
		return RC_OK;
	no_cache.cache_entries = 0;
	return resolver_network(&params, &no_cache, out, err);
}

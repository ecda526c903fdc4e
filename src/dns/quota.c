#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

#include "dns/quota.h"

#define IPV6_NETWORK_OCTETS 8u /* what one customer has at least (RFC 6177 section 2) */

struct quota_client {
	struct hash_link link; /* first: the table knows a client by it */
	struct ip network;
	size_t in_flight; /* 1 or more */
};

bool quota_init(struct quota *q)
{
	q->in_flight = 0;
	return hash_init(&q->clients, 0);
}

void quota_free(struct quota *q)
{
	hash_free(&q->clients);
}

static struct ip network_of(const struct ip *client)
{
	struct ip network = { .family = client->family };

	memcpy(network.octets, client->octets,
	    client->family == IP_V6 ? IPV6_NETWORK_OCTETS : ip_width(client) / 8);
	return network;
}

static struct quota_client *find_or_add(struct quota *q, const struct ip *client)
{
	struct ip network = network_of(client);
	uint64_t hash = hash_octets(&q->clients,
	    slice_of((const char *)network.octets, sizeof(network.octets)), (uint32_t)network.family);
	struct hash_link *l = hash_first(&q->clients, hash);
	struct quota_client *c;

	while (l != NULL && !ip_eq(&((struct quota_client *)l)->network, &network))
		l = hash_next(l);
	if (l != NULL)
		return (struct quota_client *)l;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return NULL;
	c->network = network;
	hash_add(&q->clients, &c->link, hash);
	return c;
}

bool quota_take(struct quota *q, const struct ip *client, struct quota_client **out)
{
	struct quota_client *c = NULL;

	*out = NULL;
	if (q->in_flight >= LIMIT_DNS_IN_FLIGHT)
		return false;
	if (client != NULL) {
		c = find_or_add(q, client);
		if (c == NULL || c->in_flight >= LIMIT_DNS_CLIENT)
			return false;
		c->in_flight++;
	}
	q->in_flight++;
	*out = c;
	return true;
}

void quota_give(struct quota *q, struct quota_client *c)
{
	q->in_flight--;
	if (c == NULL || --c->in_flight > 0)
		return;
	hash_remove(&q->clients, &c->link);
	free(c);
}

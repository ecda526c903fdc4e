/*
 * quota.h - how many questions may be in flight: of one client, and over all.
 *
 * A client is an address that mail comes from, of IPv6 a network of 64 bits.  Its ceiling is the
 * lower one, so that a client that starts messages and aborts them uses up its own share and not
 * what others need.  Clients are remembered while they have questions in flight.
 * Nothing here locks: the cache does (dns/cache.h).
 */
#ifndef ASSAY_DNS_QUOTA_H
#define ASSAY_DNS_QUOTA_H

#include "base/ip.h"
#include "base/hash.h"

struct quota {
	struct hash clients;
	size_t in_flight;
};

struct quota_client;

bool quota_init(struct quota *q); /* false: out of memory */
void quota_free(struct quota *q); /* nothing is in flight */

/*
 * One question more.  client may be NULL: counted over all only, and *out is NULL.  false: a
 * ceiling is reached (LIMIT_DNS_CLIENT, LIMIT_DNS_IN_FLIGHT), or memory is exhausted.
 */
bool quota_take(struct quota *q, const struct ip *client, struct quota_client **out);

/* One question less; c as it was got from quota_take(). */
void quota_give(struct quota *q, struct quota_client *c);

#endif

/*
 * cares.h - the resolver that speaks to name servers, by c-ares in one thread of its own.
 *
 * Our own failover over the servers (a dead first server costs one time-out, then it is asked
 * last until it answers again), EDNS with 1232 octets, AD asked for, TCP after truncation, random
 * ids and changing source ports.  Questions overlap without limit on the wire; the number kept is
 * bounded by the messages in flight.
 */
#ifndef ASSAY_DNS_CARES_H
#define ASSAY_DNS_CARES_H

#include "dns/backend.h"

struct cares_params {
	struct slice *servers;  /* "192.0.2.1", "192.0.2.1:53", "[::1]:53"; none: /etc/resolv.conf */
	size_t server_count;
	int64_t timeout_ms;     /* of one try at one server */
	unsigned tries;         /* over all servers, 2 or more */
};

/* RC_CONFIG with a message for servers that cannot be understood. */
MUST_CHECK enum rc resolver_cares(const struct cares_params *params,
    const struct resolver_params *cache, struct resolver **out, struct err *err);

/* For the start-up log and `assay config`: what /etc/resolv.conf gave, or the set ones. */

#endif

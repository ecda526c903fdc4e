/*
 * cares.h - the resolver that speaks to name servers, by c-ares in one thread of its own.
 *
 * Our own failover over the servers (a dead first server costs one time-out, then it is asked
 * last until it answers again), EDNS with 1232 octets, AD asked for, TCP after truncation, random
 * ids and changing source ports.  Questions overlap without limit on the wire; the number kept is
 * bounded by the messages in flight.  The thread does not survive a fork(): make the resolver after
 * the last one.  Its hooks run in that thread, with all signals blocked.
 */
#ifndef ASSAY_DNS_CARES_H
#define ASSAY_DNS_CARES_H

#include "dns/backend.h"

struct cares_params {
	struct slice *servers;  /* "192.0.2.1", "192.0.2.1:53", "[::1]:53"; none: /etc/resolv.conf */
	size_t server_count;
	int64_t timeout_ms;     /* of one try at one server; 0: 2000 */
	unsigned tries;         /* over all servers, 2 or more; less: 3 */
};

/*
 * RC_CONFIG with a message for servers that cannot be understood, RC_IO with one where no thread or
 * pipe can be had.  params and cache are copied.  resolver_describe() tells the servers.
 */
MUST_CHECK enum rc resolver_cares(const struct cares_params *params,
    const struct resolver_params *cache, struct resolver **out, struct err *err);

#endif

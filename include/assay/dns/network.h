/*
 * network.h - the resolver that speaks to name servers, in one thread of its own.
 *
 * Failover over the servers (a dead first server costs one time-out, then it is asked last until
 * it answers again: dns/servers.h), EDNS with 1232 octets, AD asked for, TCP after truncation,
 * random ids and changing source ports (dns/tries.h).  Any octets may be asked for, not only those
 * of host names.  Questions overlap on the wire; the number in flight is bounded (dns/quota.h).
 *
 * A question that no server answered usefully is a time-out, or the failure that was reported, when
 * some server works, and DNS_LOCAL_TROUBLE when none does.
 *
 * The thread does not survive a fork(): make the resolver after the last one.  Its hooks run in
 * that thread, with all signals blocked: nothing that grows with what a sender sends belongs there.
 */
#ifndef ASSAY_DNS_NETWORK_H
#define ASSAY_DNS_NETWORK_H

#include "dns/backend.h"

struct network_params {
	struct slice *servers;  /* "192.0.2.1", "192.0.2.1:53", "[::1]:53"; none: /etc/resolv.conf */
	size_t server_count;
	int64_t timeout_ms;     /* of one try at one server; 0: 2000 */
	unsigned tries;         /* over all servers, 2 or more; less: 3 */
};

/*
 * RC_CONFIG with a message for servers that cannot be understood, RC_IO with one where no thread,
 * pipe or socket can be had.  params and cache are copied.  resolver_source() has the servers.
 * Each server takes LIMIT_DNS_DESCRIPTORS from the start on, and the resolver two more.
 */
MUST_CHECK enum rc resolver_network(const struct network_params *params,
    const struct resolver_params *cache, struct resolver **out, struct err *err);

#endif

/*
 * authority.h - the name servers of the zone that contains a name.
 *
 * A recursive resolver asks one of them and remembers the answer for hours.  What every verifier will
 * see is known only when each server of the zone has been asked.
 */
#ifndef ASSAY_DNS_AUTHORITY_H
#define ASSAY_DNS_AUTHORITY_H

#include "base/arena.h"
#include "dns/lookups.h"

struct authority_server {
	struct slice name;    /* from the NS record; empty where only the address is known */
	struct slice address; /* as servers_parse() reads it */
};

struct authority {
	struct slice zone; /* its name, without a trailing dot */
	struct authority_server *servers; /* one for each address; the arena's */
	size_t count;
};

/*
 * Asks l for the NS records of the closest zone at or above name, and for the addresses of the
 * servers that they name; servers without an address are left out.  *status_out is DNS_FOUND, else why
 * the servers are not known: DNS_LIMIT where there are more than LIMIT_AUTHORITY_SERVERS addresses.
 */
MUST_CHECK enum rc authority_find(struct arena *a, struct lookups *l, struct slice name,
    struct authority *out, enum dns_status *status_out);

/*
 * A resolver that asks this one server and remembers nothing; to be freed with resolver_free().
 * *out is NULL where this host has no route to the address (IPv6 on a host without it).
 */
MUST_CHECK enum rc authority_resolver(struct slice address, int64_t timeout_ms,
    struct resolver **out, struct err *err);

#endif

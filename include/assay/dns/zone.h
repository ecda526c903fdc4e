/*
 * zone.h - DNS data from text, for the zone file resolver and for the test suite's name server.
 *
 * The format is described in dns/zonefile.h.  A zone here is any set of names, it has no apex.  Looking
 * up costs one hash probe for each CNAME and, for names that do not exist, for each ancestor.
 */
#ifndef ASSAY_DNS_ZONE_H
#define ASSAY_DNS_ZONE_H

#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"

#include "dns/numbers.h"

#define ZONE_DEFAULT_TTL 300u

/* What a server should do beside answering with the rcode and records found. */
enum zone_directive {
	ZONE_ANSWER,
	ZONE_TIMEOUT, /* never answer */
	ZONE_TC,      /* truncated over UDP always, nothing over TCP */
	ZONE_TCPONLY, /* truncated over UDP always */
	ZONE_GARBAGE, /* answer with octets that do not parse */
	ZONE_WRONGID, /* answer with another id */
	ZONE_SLOW,    /* answer after slow_ms */
};

struct zone_rr {
	struct zone_rr *next;
	struct slice rdata; /* wire format, names uncompressed */
};

struct zone_set {
	struct zone_set *next;
	uint16_t type;
	uint32_t ttl;
	size_t count;
	struct zone_rr *first, **last;
};

/*
 * The owner of the first link is the name that was asked for, that of each following one and of
 * the set is the target of the link before.
 */
struct zone_found {
	int rcode;
	enum zone_directive directive;
	unsigned slow_ms;
	size_t links;
	const struct zone_set *chain[LIMIT_CNAME_CHAIN]; /* CNAMEs that were followed */
	const struct zone_set *set;                      /* NULL: no such records */
	const struct zone_set *soa; /* without a set: of the closest ancestor that has one, or NULL */
};

struct zone;

/* Every mistake is reported as label:line; RC_CONFIG then. */
MUST_CHECK enum rc zone_parse(const char *label, struct slice text, struct zone **out,
    struct err *err);
void zone_free(struct zone **z); /* sets *z to NULL; NULL is fine */

/* name is canonical (dns/name.h). */
void zone_lookup(const struct zone *z, const char *name, unsigned type, struct zone_found *out);

#endif

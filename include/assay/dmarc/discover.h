/*
 * discover.h - policy discovery and organizational domains (RFC 9989 sections 4.10, 4.10.1, 4.10.2).
 *
 * All names of a walk are asked at once.  `psl` is the fallback mode of RFC 7489: organizational
 * domains by the public suffix list.
 */
#ifndef ASSAY_DMARC_DISCOVER_H
#define ASSAY_DMARC_DISCOVER_H

#include "base/rc.h"
#include "dmarc/record.h"
#include "dns/resolver.h"
#include "mail/domain.h"

enum dmarc_discovery { DISCOVERY_TREEWALK, DISCOVERY_PSL };

enum discovery_status {
	DISCOVERED,
	DISCOVERED_NOTHING,    /* no record: DMARC does not apply */
	DISCOVERY_UNKNOWN,     /* DNS trouble at a name that could have decided */
	DISCOVERY_UNUSABLE,    /* a record without a usable policy: no DMARC processing (4.10.1) */
};

/* One step of a walk, for --explain. */
struct walk_step {
	struct domain domain; /* "_dmarc." is put before it */
	enum dns_status dns;
	size_t records;       /* DMARC records found there; more than one: all discarded */
	struct dmarc_record record; /* when exactly one */
};

struct walk {
	struct walk_step steps[8]; /* LIMIT_DMARC_WALK */
	size_t count;
	enum discovery_status status;
	struct domain organizational_domain; /* also for DISCOVERED_NOTHING (the start name) */
};

struct policy_discovery {
	enum discovery_status status;
	struct slice reason;       /* for people */
	struct domain author_domain, policy_domain, organizational_domain;
	struct dmarc_record record;
	enum dmarc_policy policy;  /* that applies: p, sp or np, before t= */
	const char *policy_tag;    /* "p", "sp", "np" */
	bool nonexistent;          /* the author domain is NXDOMAIN */
	enum dmarc_discovery method;
	struct walk walk;
};

/* Starts every question that the two functions below can ask for this domain. */
void dmarc_start(struct lookups *l, enum lookup_purpose purpose, enum dmarc_discovery method,
    struct domain domain);

/* Section 4.10.1, for the author domain. */
MUST_CHECK enum rc dmarc_discover(struct arena *a, struct lookups *l, enum dmarc_discovery method,
    struct domain author_domain, struct policy_discovery *out);

/* Section 4.10.2, for any identifier; one walk each. out->status is never UNUSABLE. */
MUST_CHECK enum rc dmarc_walk(struct arena *a, struct lookups *l, enum lookup_purpose purpose,
    enum dmarc_discovery method, struct domain start, struct walk *out);

#endif

/*
 * discover.h - policy discovery and organizational domains (RFC 9989 section 4.10).
 *
 * All names of a walk are asked at once and read from the longest to the shortest, as far as they
 * are needed.  `psl` is the fallback mode: the organizational domain is that of the public suffix
 * list (RFC 7489 section 3.2), psd= has no say in it, and a policy record is looked for at the
 * author domain, at its organizational domain and at the public suffix above that.
 *
 * If a DNS look-up has failed temporarily, every content that the unanswered name could have is
 * considered, and the trouble counts only where they differ:
 *
 *     trouble at                       policy                       organizational domain
 *     a name after the walk's end      no matter                    no matter
 *     the author domain                unknown                      its own, if nothing else can be
 *     a name above it                  unknown, unless the author   unknown
 *                                      domain has a record
 *     a public suffix                  unknown, unless the          no matter (guard below)
 *                                      organizational domain has a
 *                                      record, or the author domain
 *     the existence of the author      undecided where np= differs  -
 *
 * The guard (RFC 9989 section 11.8): a record at a public suffix (dmarc/psl.h) without psd= counts
 * as one with psd=y, and an organizational domain below a psd=y is not a public suffix itself.
 * Otherwise such a record would make one organization of all registrants.  psd=n is obeyed at any
 * name: its owner has set it on purpose.  But it is not guessed at a public suffix that does
 * not answer: else any trouble of a TLD would make all names below it possible relatives.
 */
#ifndef ASSAY_DMARC_DISCOVER_H
#define ASSAY_DMARC_DISCOVER_H

#include "base/limits.h"
#include "base/rc.h"
#include "dmarc/record.h"
#include "dns/lookups.h"
#include "mail/domain.h"

enum dmarc_discovery { DMARC_DISCOVERY_TREEWALK, DMARC_DISCOVERY_PSL };

/* "treewalk", "psl", as in aggregate reports (RFC 9990 section 3.1.1.5). */
const char *dmarc_discovery_text(enum dmarc_discovery method);

enum dmarc_discovery_status {
	DMARC_DISCOVERED,
	DMARC_DISCOVERED_NOTHING,    /* no record: DMARC does not apply */
	DMARC_DISCOVERY_UNKNOWN,     /* DNS trouble at a name that could have decided */
	DMARC_DISCOVERY_UNUSABLE,    /* a record without a usable policy: no DMARC processing (4.10.1) */
};

/* One step of a walk, for --explain. */
struct dmarc_walk_step {
	struct domain domain; /* "_dmarc." is put before it */
	enum dns_status dns;
	bool public_suffix;   /* the guard knows it as one */
	size_t records;       /* DMARC records found there; more than one: all discarded */
	size_t misspelt;      /* ignored, but meant to be DMARC records (DMARC_RECORD_SYNTAX) */
	struct dmarc_record record; /* when exactly one */
};

struct dmarc_walk {
	struct dmarc_walk_step steps[LIMIT_DMARC_WALK];
	size_t count;
	enum dmarc_discovery_status status;
	struct domain organizational_domain; /* also for DMARC_DISCOVERED_NOTHING (the start name); for
	                                        DMARC_DISCOVERY_UNKNOWN the highest that it can be */
};

struct dmarc_policy_discovery {
	enum dmarc_discovery_status status;
	struct slice reason;       /* for people */
	struct domain author_domain, policy_domain; /* policy_domain: none without a record */
	struct domain organizational_domain; /* walk.status says whether it is known for certain */
	struct dmarc_record record;
	enum dmarc_policy policy;  /* that applies: p, sp or np, before t= */
	const char *policy_tag;    /* "p", "sp", "np"; NULL: none */
	bool policy_undecided;     /* np= differs, and whether the author exists is not known */
	bool nonexistent;          /* the author domain is NXDOMAIN; asked where np= could apply */
	enum dmarc_discovery method;
	struct dmarc_walk walk;
};

/*
 * Starts every question that the two functions below can ask for this domain; with LOOKUP_POLICY
 * also whether it exists.  Once, as soon as the domain is known: those functions only wait, and what
 * was not started is asked name by name.
 */
void dmarc_start(struct lookups *l, enum lookup_purpose purpose, enum dmarc_discovery method,
    struct domain domain);

/* Section 4.10.1, for the author domain.  Records are copied into the arena. */
MUST_CHECK enum rc dmarc_discover(struct arena *a, struct lookups *l, enum dmarc_discovery method,
    struct domain author_domain, struct dmarc_policy_discovery *out);

/* Section 4.10.2, for any identifier; one walk each. out->status is never UNUSABLE. */
MUST_CHECK enum rc dmarc_walk(struct arena *a, struct lookups *l, enum lookup_purpose purpose,
    enum dmarc_discovery method, struct domain start, struct dmarc_walk *out);

#endif

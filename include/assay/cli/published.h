/*
 * published.h - is a private key's record in the DNS, as verifiers read it?
 */
#ifndef ASSAY_CLI_PUBLISHED_H
#define ASSAY_CLI_PUBLISHED_H

#include "dns/lookups.h"
#include "signing/keystore.h"

enum published_state {
	PUBLISHED,         /* the record is there, alone, and holds this key */
	PUBLISHED_WRONG,   /* verifiers would refuse the signature, or may */
	PUBLISHED_UNKNOWN, /* could not ask: nothing is known of the record */
	PUBLISHED_STATES
};

/* "ok", "bad", "unknown": for JSON; stable. */
const char *published_state_text(enum published_state state);

/* What one server says. */
struct published_answer {
	struct slice server; /* "ns1.example.net (192.0.2.1)", or "resolver" */
	enum published_state state;
	struct slice what;   /* in words */
	int64_t negative_ttl; /* how long resolvers remember that a name is not there; -1: not known */
};

struct published {
	enum published_state state;
	struct slice name;   /* selector._domainkey.domain */
	struct slice target; /* where the record must be: the same, or where aliases (CNAME) of it lead */
	struct slice what;   /* in words, and what to do */
	int64_t negative_ttl; /* the longest of the answers; -1: not known */
	struct published_answer *answers; /* of each server that was asked */
	size_t answer_count;
};

/* What is looked for; everything in what is found lives in the arena. */
struct published_key {
	struct arena *arena;
	const struct signing_key *key;
	const struct private_key *private;
};

/* As l's resolver answers, which may remember what was published before. */
MUST_CHECK enum rc published_find(const struct published_key *k, struct lookups *l,
    struct published *out);

/* Who is asked beside the resolver. */
struct published_servers {
	struct resolver *resolver;
	int64_t deadline_ms;         /* of the questions about one server */
	int64_t timeout_ms;          /* of one try */
	const struct slice *servers; /* instead of those of the zone; none: those */
	size_t server_count;
};

/*
 * Asks the resolver and every server of the zone (dns/authority.h), at each zone that aliases lead
 * to.  PUBLISHED is returned only when all of them have the record.
 */
MUST_CHECK enum rc published_everywhere(const struct published_key *k,
    const struct published_servers *s, struct published *out, struct err *err);

/* Used by both: what the servers that l asks answer for a name, without advice.  Does not set out->server. */
MUST_CHECK enum rc published_at(const struct published_key *k, struct lookups *l, struct slice name,
    struct published_answer *out);

/* "selector._domainkey.domain" */
struct slice published_name(struct arena *a, const struct signing_key *key);

/* "v=DKIM1; k=rsa; p=...": the record to publish. */
MUST_CHECK enum rc published_text(const struct private_key *private, struct buf *out);

#endif

/*
 * resolver.h - what anything that asks the DNS gets: answers, and the resolver they come from.
 *
 * A resolver answers questions (name, type) with immutable, reference-counted answers.  Below the
 * interface is the network (dns/network.h), a zone file (dns/zonefile.h) or a test.  Questions are
 * asked through the look-ups of a message (dns/lookups.h), never of the resolver itself.
 *
 * The way of a question through this room, from a message to a name server:
 *
 *     item      one question of one message; the same question again finds the same item
 *       |                                                       (struct lookups, lookups.c)
 *     waiter    the part of an item by which the cache knows it: who is called when the answer is
 *       |       there                                           (dns/cache.h)
 *     question  one (name, type) of the whole process, in flight or answered; many waiters of
 *       |       many messages share it, and it is all that is cached   (cache.c)
 *     query     the attempt to answer one question: which servers were tried, how often, and with
 *       |       what outcome; a zone file has none              (network.c)
 *     try       one packet, sent again when it is lost, to one server, and its reply or time-out
 *                                                               (tries.c)
 *
 * Answers climb back the same way: a try ends, the query delivers to the question
 * (resolver_deliver), the question settles its waiters, each item wakes its message.
 */
#ifndef ASSAY_DNS_RESOLVER_H
#define ASSAY_DNS_RESOLVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/histogram.h"
#include "base/ip.h"
#include "base/slice.h"

#include "dns/numbers.h"

/* Four outcomes stay four everywhere: NXDOMAIN, NODATA, a server's failure, a time-out. */
enum dns_status {
	DNS_FOUND,    /* one record or more of the type asked for */
	DNS_NXDOMAIN, /* the name does not exist, nor anything below it (RFC 8020) */
	DNS_NODATA,   /* the name exists, without that type */
	DNS_SERVFAIL, /* servers answered, but not usefully: see rcode */
	DNS_TIMEOUT,  /* no answer in time (a try's time or the message's deadline) */
	DNS_LOCAL_TROUBLE, /* the fault is on this side: see lookups_local_trouble() */
	DNS_BADNAME,  /* not a name that can be asked for: nothing was sent */
	DNS_LIMIT,    /* the message has used its number of questions: nothing was sent */
};

/* For log lines and --explain: "NXDOMAIN", "no such record", "server failure", ... */
const char *dns_status_text(enum dns_status status);

/* SERVFAIL, TIMEOUT, LOCAL_TROUBLE and LIMIT: the answer is not known; RFC results call it temperror. */
bool dns_status_is_temporary(enum dns_status status);

/*
 * Names, asked for or answered, are in presentation form (RFC 1035 section 5.1): labels joined by
 * dots, \DDD and \X escapes.  In names that come back a dot or backslash inside a label and every
 * octet outside 0x21-0x7E is \DDD; in names that are asked for, every other octet represents itself,
 * so a backslash in foreign text must be written as \092.
 */
struct dns_record {
	struct ip ip;        /* A, AAAA */
	uint16_t preference; /* MX */
	struct slice text;   /* NUL follows.  TXT: character-strings joined; MX, PTR, NS, CNAME: the name,
	                        lower case, no trailing dot ("" is the root), in the form below */
};

struct dns_answer {
	enum dns_status status;
	int rcode;          /* of the header, where a server answered */
	bool authentic;     /* AD bit: validated by the (trusted) resolver */
	uint32_t ttl;       /* seconds, as the answer came; a cached answer keeps its first value */
	size_t count;
	struct dns_record *records;
};

struct resolver;

/*
 * Ends the resolver: no thread may be starting or awaiting lookups on it.  Questions in flight are
 * delivered as DNS_LOCAL_TROUBLE first.  Lookups that live on may be read and released, not asked.  Sets *r
 * to NULL; NULL is fine.
 */
void resolver_free(struct resolver **r);

/* What has happened since the start, for metrics and the log. */
struct resolver_counters {
	uint64_t questions; /* asked by messages */
	uint64_t cache_hits;
	uint64_t queries;   /* sent over the network */
	uint64_t timeouts, failures;
	uint64_t refused;   /* not asked: too many in flight, or no memory */
	uint64_t cache_entries;
};
void resolver_counters(const struct resolver *r, struct resolver_counters *out);

/* Where answers come from: a name server, or the zone file. */
struct dns_source {
	const char *health;            /* "works", "doubted", "fails" (dns/servers.h) */
	bool measured;
	struct histogram_values times; /* where measured: milliseconds from a query to its answer */
};

/* Source number which; its name ("192.0.2.1:53", "zone file PATH") is added to name.  False: beyond the last. */
bool resolver_source(const struct resolver *r, size_t which, struct dns_source *out, struct buf *name);

#endif

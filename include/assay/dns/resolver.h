/*
 * resolver.h - the one way in which anything asks the DNS.
 *
 * A resolver answers questions (name, type) with immutable, reference-counted answers.  Behind
 * the interface stands the network (dns/cares.h), a zone file (dns/zonefile.h) or a test.  Four
 * outcomes stay four everywhere: NXDOMAIN, NODATA, a server's failure, a time-out.
 *
 * A message asks through its own `struct lookups`: it starts questions as early as it can, they
 * overlap, and later it waits for the answers it needs until the message's deadline.  Lookups are
 * reference-counted and may be used from several threads; an answer belongs to the lookups it was
 * got from and lives until those are released.
 */
#ifndef ASSAY_DNS_RESOLVER_H
#define ASSAY_DNS_RESOLVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/slice.h"

enum dns_type { DNS_A = 1, DNS_NS = 2, DNS_PTR = 12, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28 };

enum dns_status {
	DNS_FOUND,    /* one record or more of the type asked for */
	DNS_NXDOMAIN, /* the name does not exist, nor anything below it (RFC 8020) */
	DNS_NODATA,   /* the name exists, without that type */
	DNS_SERVFAIL, /* servers answered, but not usefully: see rcode */
	DNS_TIMEOUT,  /* no answer in time (a try's time or the message's deadline) */
	DNS_BADNAME,  /* not a name that can be asked for: nothing was sent */
	DNS_LIMIT,    /* the message has used its number of questions: nothing was sent */
};

/* For log lines and --explain: "NXDOMAIN", "no such record", "server failure", ... */
const char *dns_status_text(enum dns_status status);

/* SERVFAIL, TIMEOUT and LIMIT: the answer is not known; RFC results call it temperror. */
bool dns_status_is_temporary(enum dns_status status);

/*
 * Names, asked for or answered, are in presentation form (RFC 1035 section 5.1): labels joined by
 * dots, \DDD and \X escapes.  In names that come back a dot or backslash inside a label and every
 * octet outside 0x21-0x7E is \DDD; in names that are asked for any other octet stands for itself,
 * so whoever builds a name from foreign text writes a backslash of it as \092.
 */
struct dns_record {
	struct ip ip;        /* A, AAAA */
	uint16_t preference; /* MX */
	struct slice text;   /* NUL follows.  TXT: character-strings joined; MX, PTR, NS: the name,
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
 * delivered as SERVFAIL first.  Lookups that live on may be read and released, not asked.  Sets *r
 * to NULL; NULL is fine.
 */
void resolver_free(struct resolver **r);

/* What has happened since the start, for metrics and the log. */
struct resolver_counters {
	uint64_t questions; /* asked by messages */
	uint64_t cache_hits;
	uint64_t queries;   /* sent over the network */
	uint64_t timeouts, failures;
	uint64_t cache_entries;
};
void resolver_counters(const struct resolver *r, struct resolver_counters *out);

/* For logs and `assay status`: "192.0.2.1:53, [2001:db8::1]:53 (does not answer)". */
void resolver_describe(const struct resolver *r, struct buf *out);

/*
 * What a question is for.  Each purpose has its own share of a message's questions, so that
 * nothing a sender puts into a message (signatures, includes) uses up what the author domain's
 * policy needs.
 */
enum lookup_purpose {
	LOOKUP_POLICY,
	LOOKUP_DKIM,
	LOOKUP_SPF, /* of the MAIL FROM identity */
	LOOKUP_HELO, /* SPF of the HELO identity, which must not use up the former's share */
	LOOKUP_ALIGNMENT,
	LOOKUP_PURPOSES
};

struct lookups;

/*
 * One for each message.  deadline_ms is relative: it begins with lookups_begin_wait() (end of
 * message) so that a sender who dawdles does not use it up.  NULL: out of memory.
 */
struct lookups *lookups_new(struct resolver *r, int64_t deadline_ms);
void lookups_release(struct lookups **l); /* one reference; sets *l to NULL */

/*
 * Called in any thread when the answer to a question started with it has arrived, unless the
 * lookups were released or lookups_get() gave up on that question before.  It may start more
 * questions; it must not wait.  Hooks of the same lookups never run at the same time, but one may
 * run while lookups_get() returns the answer that it was called for.  No locks are held.  Not
 * called for DNS_BADNAME and DNS_LIMIT, where nothing is asked.
 */
typedef void lookup_hook(struct lookups *l, const struct dns_answer *answer, void *arg);

/*
 * Starts a question and returns at once; the same question again costs nothing.  name may have a
 * trailing dot; letter case is folded.  hook may be NULL; arg must outlive the lookups or be an
 * integer.  The hook runs once for each question, for the first call that brought one.
 */
void lookups_start(struct lookups *l, enum lookup_purpose purpose, struct slice name,
    enum dns_type type, lookup_hook *hook, void *arg);

/*
 * The answer, waiting for it until the deadline; started first where that was not done.  Never
 * NULL.  Borrowed from l.  Past the deadline what has arrived is still returned, all else is
 * DNS_TIMEOUT and stays so in these lookups; the late answer goes into the cache.
 */
const struct dns_answer *lookups_get(struct lookups *l, enum lookup_purpose purpose,
    struct slice name, enum dns_type type);

/*
 * Memory that hooks use: release(ptr) runs with the last reference to l, last registered first.
 * false when there is no memory for that; release has then been called at once.  Any thread.
 */
bool lookups_defer(struct lookups *l, void (*release)(void *), void *ptr);

/* From now on the deadline runs.  lookups_get() calls it where nobody did. */
void lookups_begin_wait(struct lookups *l);

/* Questions started so far, look-ahead included; milliseconds spent waiting in lookups_get(). */
size_t lookups_count(struct lookups *l);
int64_t lookups_waited_ms(struct lookups *l);

#endif

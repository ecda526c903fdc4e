/*
 * cache.h - every question under way and every answer still fresh, once for the whole process.
 *
 * One table holds both: a question that is asked again while it is in flight is joined, a fresh
 * answer is shared.  Time is an argument (monotonic milliseconds).  Thread-safe.  Questions are
 * reference-counted: the table, the backend in flight and each waiter hold one reference, so an
 * evicted answer lives on for those who have it.
 */
#ifndef ASSAY_DNS_CACHE_H
#define ASSAY_DNS_CACHE_H

#include <stdatomic.h>

#include "dns/backend.h"

/*
 * A waiter for an answer, embedded in its owner.  Fill in owner_refs, settled and
 * client, zero the rest.  settled() is called without locks, with one reference taken on the owner, which it gives
 * back; it is not called any more once *owner_refs has reached 0.
 */
struct waiter {
	atomic_uint *owner_refs;
	void (*settled)(struct waiter *w, const struct dns_answer *answer);
	const struct ip *client;       /* client whose quota a new question counts against; may be NULL */
	struct dns_question *question; /* one reference */
	struct waiter *next, **link;   /* among the waiters of a question in flight; link NULL: none */
};

struct cache;

enum cache_found {
	CACHE_HIT,    /* the answer is there: cache_answer() */
	CACHE_JOINED, /* in flight: settled() will be called */
	CACHE_NEW,    /* the same, and the caller must have it asked */
	CACHE_REFUSED, /* no memory, or too many in flight (dns/quota.h): nothing was joined */
};

struct cache *cache_new(const struct resolver_params *params); /* NULL: out of memory */

/* Forgets all; what waiters and the backend still hold stays valid.  Sets *c to NULL. */
void cache_free(struct cache **c);

/* name is canonical (dns/name.h). */
enum cache_found cache_join(struct cache *c, const char *name, enum dns_type type,
    struct waiter *w, int64_t now_ms);

/* The answer of a question that was hit or settled: lives as long as a reference is held. */
const struct dns_answer *cache_answer(const struct dns_question *q);

/* The name and type of a question, for as long as it is referenced. */
const char *cache_name(const struct dns_question *q);

/*
 * The outcome of a question in flight, whose reference is given back.  Returns the waiters to
 * settle, each with a reference on its owner; read next before settled() is called.  NULL as answer
 * means DNS_LOCAL_TROUBLE.
 */
struct waiter *cache_settle(struct dns_question *q, struct dns_answer *answer, int64_t now_ms);

/* The waiter needs the answer no longer. */
void cache_leave(struct waiter *w);

/* All but the number of queries. */
void cache_counters(struct cache *c, struct resolver_counters *out);

#endif

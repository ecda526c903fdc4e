/*
 * backend.h - what a resolver is made of: how one question is really asked.
 *
 * The resolver room keeps futures, cache and failover-independent logic in one place (resolver.c);
 * a backend only sends and delivers.
 */
#ifndef ASSAY_DNS_BACKEND_H
#define ASSAY_DNS_BACKEND_H

#include "dns/resolver.h"

struct dns_question; /* a future: name, type, references, waiters */

struct dns_backend {
	/*
	 * Asks for name (canonical as in dns/name.h, not the root) and later, or at once, in any
	 * thread, calls resolver_deliver(question, answer) exactly once; name lives until then.
	 */
	void (*ask)(void *ctx, struct dns_question *question, const char *name, enum dns_type type);
	void (*free)(void *ctx); /* delivers what is in flight first */
	uint64_t (*queries)(void *ctx);                 /* sent so far; may be NULL */
	bool (*in_trouble)(void *ctx);  /* for resolver_in_trouble(); any thread, no locks; may be NULL */
	/* for resolver_source(); may be NULL */
	bool (*source)(void *ctx, size_t which, struct dns_source *out, struct buf *name);
};

struct resolver_params {
	size_t cache_entries;   /* 0: no cache; they may take LIMIT_DNS_CACHE octets together */
	uint32_t max_ttl;       /* seconds; longer TTLs are cut */
	uint32_t max_negative_ttl;
	uint32_t failure_ttl;   /* how long a failure is remembered, seconds */
};

#define RESOLVER_PARAMS_DEFAULT { .cache_entries = 20000, .max_ttl = 86400, \
	.max_negative_ttl = 3600, .failure_ttl = 5 }

/* Takes ownership of ctx, freed with the backend's free().  NULL: out of memory, ctx not taken. */
struct resolver *resolver_new(const struct dns_backend *backend, void *ctx,
    const struct resolver_params *params);

/*
 * For lookups.c: w (dns/cache.h) is settled now or later.  name is canonical and may go at once.
 */
struct waiter;
void resolver_ask(struct resolver *r, const char *name, enum dns_type type, struct waiter *w);

/* True if late answers are our own fault: no name server answers, or the resolver's thread is too slow. */
bool resolver_in_trouble(const struct resolver *r);

/*
 * Hands over the outcome.  answer was made with dns_answer_new() and is owned by the question
 * from here on; NULL means out of memory (DNS_LOCAL_TROUBLE is delivered).
 */
void resolver_deliver(struct dns_question *question, struct dns_answer *answer);

/*
 * One zeroed allocation holding the answer, count records and text_octets of text (from
 * *text_out on, which may be NULL); free()d as one.  NULL: out of memory or over LIMIT_DNS_RECORDS.
 */
struct dns_answer *dns_answer_new(enum dns_status status, size_t count, size_t text_octets,
    char **text_out);

#endif

/*
 * backend.h - what stands behind a resolver: how one question is really asked.
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
	 * Asks for name (presentation form, lower case, no trailing dot, at most 253 octets) and
	 * later, or at once, in any thread, calls resolver_deliver(question, answer) exactly once.
	 */
	void (*ask)(void *ctx, struct dns_question *question, const char *name, enum dns_type type);
	void (*free)(void *ctx);
	void (*counters)(void *ctx, struct resolver_counters *out); /* may be NULL */
};

struct resolver_params {
	size_t cache_entries;   /* 0: no cache */
	uint32_t max_ttl;       /* seconds; longer TTLs are cut */
	uint32_t max_negative_ttl;
	uint32_t failure_ttl;   /* how long a failure is remembered, seconds */
};

/* Takes ownership of ctx, freed with the backend's free(). NULL: out of memory. */
struct resolver *resolver_new(const struct dns_backend *backend, void *ctx,
    const struct resolver_params *params);

/*
 * Hands over the outcome.  answer was made with dns_answer_new() and is owned by the question
 * from here on; NULL means out of memory (SERVFAIL is delivered).
 */
void resolver_deliver(struct dns_question *question, struct dns_answer *answer);

/* One allocation holding the answer, count records and text_octets of text; free()d as one. */
struct dns_answer *dns_answer_new(enum dns_status status, size_t count, size_t text_octets,
    char **text_out);

#endif

#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"

#include "dns/cache.h"

#include "dns/resolver.h"

struct resolver {
	struct dns_backend backend;
	void *ctx; /* owned: the backend's */
	struct cache *cache;
};

static const char *const status_text[] = {
	[DNS_FOUND] = "found",
	[DNS_NXDOMAIN] = "no such name",
	[DNS_NODATA] = "no such record",
	[DNS_SERVFAIL] = "server failure",
	[DNS_TIMEOUT] = "no answer in time",
	[DNS_LOCAL_TROUBLE] = "trouble of our own resolver",
	[DNS_BADNAME] = "not a valid name",
	[DNS_LIMIT] = "too many DNS queries for one message",
};

const char *dns_status_text(enum dns_status status)
{
	return status_text[status];
}

bool dns_status_is_temporary(enum dns_status status)
{
	return status == DNS_SERVFAIL || status == DNS_TIMEOUT || status == DNS_LOCAL_TROUBLE ||
	    status == DNS_LIMIT;
}

struct resolver *resolver_new(const struct dns_backend *backend, void *ctx,
    const struct resolver_params *params)
{
	struct resolver *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->cache = cache_new(params);
	if (r->cache == NULL) {
		free(r);
		return NULL;
	}
	r->backend = *backend;
	r->ctx = ctx;
	return r;
}

void resolver_free(struct resolver **r)
{
	struct resolver *resolver = *r;

	*r = NULL;
	if (resolver == NULL)
		return;
	resolver->backend.free(resolver->ctx);
	cache_free(&resolver->cache);
	free(resolver);
}

static void settle(struct waiter *w, const struct dns_answer *answer)
{
	atomic_fetch_add(w->owner_refs, 1);
	w->settled(w, answer);
}

static void log_refusal(const struct ip *client)
{
	char text[IP_TEXT_SIZE];

	log_repeated(LOG_LEVEL_WARNING, "DNS questions", "DNS questions for %s are not asked: too many are in flight (%u of "
	    "one client or %u of all), or memory is exhausted", client == NULL ? "a message" : ip_text(client, text),
	    LIMIT_DNS_CLIENT, LIMIT_DNS_IN_FLIGHT);
}

void resolver_ask(struct resolver *r, const char *name, enum dns_type type, struct waiter *w)
{
	static const struct dns_answer refused = { .status = DNS_LOCAL_TROUBLE };

	switch (cache_join(r->cache, name, type, w, clock_monotonic_ms())) {
	case CACHE_HIT:
		settle(w, cache_answer(w->question));
		break;
	case CACHE_NEW:
		r->backend.ask(r->ctx, w->question, cache_name(w->question), type);
		break;
	case CACHE_JOINED:
		break;
	case CACHE_REFUSED:
		log_refusal(w->client);
		settle(w, &refused);
		break;
	}
}

void resolver_deliver(struct dns_question *question, struct dns_answer *answer)
{
	struct waiter *next, *w = cache_settle(question, answer, clock_monotonic_ms());

	for (; w != NULL; w = next) {
		next = w->next;
		w->settled(w, cache_answer(w->question));
	}
}

bool resolver_in_trouble(const struct resolver *r)
{
	return r->backend.in_trouble != NULL && r->backend.in_trouble(r->ctx);
}

void resolver_counters(const struct resolver *r, struct resolver_counters *out)
{
	cache_counters(r->cache, out);
	if (r->backend.queries != NULL)
		out->queries = r->backend.queries(r->ctx);
}

bool resolver_source(const struct resolver *r, size_t which, struct dns_source *out, struct buf *name)
{
	return r->backend.source != NULL && r->backend.source(r->ctx, which, out, name);
}

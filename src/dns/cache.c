#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/hash.h"

#include "dns/quota.h"

#include "dns/cache.h"

/* RFC 2308 section 7: no failure is remembered for more than five minutes. */
#define FAILURE_TTL_MAX 300u

struct dns_question {
	struct hash_link link;       /* first: the table knows a question by it */
	atomic_uint refs;
	struct cache *cache;         /* one reference of its own */
	struct quota_client *client; /* client whose quota it counts against while in flight */
	enum dns_type type;
	struct dns_question *newer, *older;
	bool listed;                 /* in the table, which then holds a reference */
	struct dns_answer *answer;   /* owned; NULL: in flight; never changes once set */
	int64_t expires_ms;
	size_t cost;                 /* octets counted against LIMIT_DNS_CACHE; 0: not an entry */
	struct waiter *waiters;
	char name[];
};

struct cache {
	atomic_uint refs; /* the resolver and every question */
	struct resolver_params params;
	pthread_mutex_t lock; /* of all below, and of the questions' links and waiters */
	bool closed;
	struct hash questions;
	struct quota quota; /* of those in flight */
	struct dns_question *newest, *oldest; /* entries, by last use */
	size_t octets;
	struct resolver_counters counters;
};

static struct dns_answer out_of_memory = { .status = DNS_LOCAL_TROUBLE };

static void cache_release(struct cache *c)
{
	if (atomic_fetch_sub(&c->refs, 1) > 1)
		return;
	pthread_mutex_destroy(&c->lock);
	hash_free(&c->questions);
	quota_free(&c->quota);
	free(c);
}

static void question_release(struct dns_question *q)
{
	if (atomic_fetch_sub(&q->refs, 1) > 1)
		return;
	if (q->answer != &out_of_memory)
		free(q->answer);
	cache_release(q->cache);
	free(q);
}

struct cache *cache_new(const struct resolver_params *params)
{
	struct cache *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	if (!hash_init(&c->questions, params->cache_entries) || !quota_init(&c->quota) ||
	    pthread_mutex_init(&c->lock, NULL) != 0) {
		hash_free(&c->questions);
		quota_free(&c->quota);
		free(c);
		return NULL;
	}
	atomic_init(&c->refs, 1);
	c->params = *params;
	return c;
}

/* --- entries: questions with an answer, ordered by use ---------------------------------------- */

static void entry_unlink(struct cache *c, struct dns_question *q)
{
	*(q->newer == NULL ? &c->newest : &q->newer->older) = q->older;
	*(q->older == NULL ? &c->oldest : &q->older->newer) = q->newer;
	q->newer = q->older = NULL;
}

static void entry_to_front(struct cache *c, struct dns_question *q)
{
	q->newer = NULL;
	q->older = c->newest;
	*(c->newest == NULL ? &c->oldest : &c->newest->newer) = q;
	c->newest = q;
}

/* Out of the table; the table's reference is given back. */
static void unlist(struct cache *c, struct dns_question *q)
{
	if (!q->listed)
		return;
	hash_remove(&c->questions, &q->link);
	q->listed = false;
	if (q->cost > 0) {
		entry_unlink(c, q);
		c->octets -= q->cost;
		c->counters.cache_entries--;
		q->cost = 0;
	}
	question_release(q);
}

void cache_free(struct cache **c)
{
	struct cache *cache = *c;
	struct hash_link *l;
	size_t from = 0;

	*c = NULL;
	if (cache == NULL)
		return;
	pthread_mutex_lock(&cache->lock);
	cache->closed = true;
	while ((l = hash_any(&cache->questions, &from)) != NULL)
		unlist(cache, (struct dns_question *)l);
	pthread_mutex_unlock(&cache->lock);
	cache_release(cache);
}

/* --- joining ---------------------------------------------------------------------------------- */

static bool is_about(const struct dns_question *q, const char *name, enum dns_type type)
{
	return q->type == type && strcmp(q->name, name) == 0;
}

static struct dns_question *find(struct cache *c, const char *name, enum dns_type type,
    uint64_t hash, int64_t now_ms)
{
	struct hash_link *l = hash_first(&c->questions, hash);
	struct dns_question *q;

	while (l != NULL && !is_about((struct dns_question *)l, name, type))
		l = hash_next(l);
	q = (struct dns_question *)l;
	if (q == NULL || q->answer == NULL || q->expires_ms > now_ms)
		return q;
	unlist(c, q);
	return NULL;
}

/*
 * Listed, with the references of the table and of the backend.  NULL: out of memory, or too many
 * are in flight.
 */
static struct dns_question *question_new(struct cache *c, const char *name, enum dns_type type,
    uint64_t hash, const struct ip *client)
{
	size_t len = strlen(name) + 1;
	struct dns_question *q = calloc(1, sizeof(*q) + len);

	if (q == NULL || !quota_take(&c->quota, client, &q->client)) {
		free(q);
		return NULL;
	}
	atomic_init(&q->refs, 2);
	atomic_fetch_add(&c->refs, 1);
	q->cache = c;
	q->type = type;
	memcpy(q->name, name, len);
	q->listed = true;
	hash_add(&c->questions, &q->link, hash);
	return q;
}

static void enqueue(struct dns_question *q, struct waiter *w)
{
	w->next = q->waiters;
	w->link = &q->waiters;
	if (w->next != NULL)
		w->next->link = &w->next;
	q->waiters = w;
}

static enum cache_found join(struct cache *c, const char *name, enum dns_type type,
    struct waiter *w, int64_t now_ms)
{
	uint64_t hash = hash_octets(&c->questions, slice_str(name), (uint32_t)type);
	enum cache_found found = CACHE_JOINED;
	struct dns_question *q;

	c->counters.questions++;
	q = find(c, name, type, hash, now_ms);
	if (q == NULL) {
		q = question_new(c, name, type, hash, w->client);
		if (q == NULL) {
			c->counters.refused++;
			return CACHE_REFUSED;
		}
		found = CACHE_NEW;
	}
	atomic_fetch_add(&q->refs, 1);
	w->question = q;
	if (q->answer == NULL) {
		enqueue(q, w);
		return found;
	}
	entry_unlink(c, q);
	entry_to_front(c, q);
	c->counters.cache_hits++;
	return CACHE_HIT;
}

enum cache_found cache_join(struct cache *c, const char *name, enum dns_type type,
    struct waiter *w, int64_t now_ms)
{
	enum cache_found found;

	pthread_mutex_lock(&c->lock);
	found = join(c, name, type, w, now_ms);
	pthread_mutex_unlock(&c->lock);
	return found;
}

const struct dns_answer *cache_answer(const struct dns_question *q)
{
	return q->answer;
}

const char *cache_name(const struct dns_question *q)
{
	return q->name;
}

void cache_leave(struct waiter *w)
{
	struct dns_question *q = w->question;

	if (q == NULL)
		return;
	pthread_mutex_lock(&q->cache->lock);
	if (w->link != NULL) {
		*w->link = w->next;
		if (w->next != NULL)
			w->next->link = w->link;
		w->link = NULL;
	}
	pthread_mutex_unlock(&q->cache->lock);
	w->question = NULL;
	question_release(q);
}

/* --- settling --------------------------------------------------------------------------------- */

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t ttl_of(const struct resolver_params *params, const struct dns_answer *answer)
{
	switch (answer->status) {
	case DNS_FOUND:
		return smaller(answer->ttl, params->max_ttl);
	case DNS_NXDOMAIN:
	case DNS_NODATA:
		return smaller(answer->ttl, params->max_negative_ttl);
	case DNS_SERVFAIL:
	case DNS_TIMEOUT:
		return smaller(params->failure_ttl, FAILURE_TTL_MAX);
	case DNS_LOCAL_TROUBLE: /* it may be over at once */
	case DNS_BADNAME:
	case DNS_LIMIT:
		break;
	}
	return 0;
}

static size_t cost_of(const struct dns_question *q)
{
	const struct dns_answer *a = q->answer;
	size_t cost = sizeof(*q) + strlen(q->name) + 1 + sizeof(*a) + a->count * sizeof(*a->records);

	for (size_t i = 0; i < a->count; i++)
		cost += a->records[i].text.len + 1;
	return cost;
}

static void keep(struct cache *c, struct dns_question *q, int64_t now_ms)
{
	uint32_t ttl = ttl_of(&c->params, q->answer);

	if (ttl == 0 || c->params.cache_entries == 0 || c->closed) {
		unlist(c, q);
		return;
	}
	q->expires_ms = now_ms + (int64_t)ttl * 1000;
	q->cost = cost_of(q);
	c->octets += q->cost;
	c->counters.cache_entries++;
	entry_to_front(c, q);
	while (c->counters.cache_entries > c->params.cache_entries || c->octets > LIMIT_DNS_CACHE)
		unlist(c, c->oldest);
}

/* Takes a reference on the owner.  False if its count is 0: it is being released and must not be used. */
static bool owner_alive(const struct waiter *w)
{
	unsigned n = atomic_load(w->owner_refs);

	while (n > 0)
		if (atomic_compare_exchange_weak(w->owner_refs, &n, n + 1))
			return true;
	return false;
}

static struct waiter *take_waiters(struct dns_question *q)
{
	struct waiter *first = NULL, *next;

	for (struct waiter *w = q->waiters; w != NULL; w = next) {
		next = w->next;
		w->link = NULL;
		if (!owner_alive(w))
			continue;
		w->next = first; /* reverses the list, so that the oldest waiter comes first */
		first = w;
	}
	q->waiters = NULL;
	return first;
}

struct waiter *cache_settle(struct dns_question *q, struct dns_answer *answer, int64_t now_ms)
{
	struct cache *c = q->cache;
	struct waiter *waiters;

	pthread_mutex_lock(&c->lock);
	q->answer = answer == NULL ? &out_of_memory : answer;
	quota_give(&c->quota, q->client);
	q->client = NULL;
	c->counters.timeouts += q->answer->status == DNS_TIMEOUT;
	c->counters.failures += q->answer->status == DNS_SERVFAIL;
	waiters = take_waiters(q);
	if (q->listed)
		keep(c, q, now_ms);
	pthread_mutex_unlock(&c->lock);
	question_release(q); /* the backend's; c may be gone now */
	return waiters;
}

void cache_counters(struct cache *c, struct resolver_counters *out)
{
	pthread_mutex_lock(&c->lock);
	*out = c->counters;
	pthread_mutex_unlock(&c->lock);
}

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/limits.h"

#include "dns/cache.h"
#include "dns/name.h"

#include "dns/lookups.h"

static const size_t shares[LOOKUP_PURPOSES] = {
	[LOOKUP_POLICY] = LIMIT_DNS_POLICY,
	[LOOKUP_DKIM] = LIMIT_DNS_DKIM,
	[LOOKUP_ARC] = LIMIT_DNS_ARC,
	[LOOKUP_SPF] = LIMIT_DNS_SPF,
	[LOOKUP_HELO] = LIMIT_DNS_HELO,
	[LOOKUP_ALIGNMENT] = LIMIT_DNS_ALIGNMENT,
};

_Static_assert(LIMIT_DNS_POLICY + LIMIT_DNS_DKIM + LIMIT_DNS_ARC + LIMIT_DNS_SPF + LIMIT_DNS_HELO +
    LIMIT_DNS_ALIGNMENT == LIMIT_DNS_QUERIES, "the shares make up the whole");

static const struct dns_answer bad_name = { .status = DNS_BADNAME };
static const struct dns_answer over_limit = { .status = DNS_LIMIT };
static const struct dns_answer timed_out = { .status = DNS_TIMEOUT };
static const struct dns_answer local_trouble = { .status = DNS_LOCAL_TROUBLE };

struct item {
	struct waiter waiter; /* first: the cache knows an item by it */
	struct lookups *owner;
	struct item *next; /* of the owner's items */
	struct item *next_ready;
	lookup_hook *hook;
	void *arg;
	bool hooked;                     /* the hook was called, or never will be */
	const struct dns_answer *answer; /* NULL: not arrived; never changes once set */
	enum dns_type type;
	char name[];
};

struct deferred {
	struct deferred *next;
	void (*release)(void *);
	void *ptr;
};

struct lookups {
	atomic_uint refs;
	atomic_bool trouble; /* local, in an answer that was returned */
	struct resolver *resolver;
	struct ip client; /* as the first question finds it; IP_NONE: not known */
	pthread_mutex_t lock; /* of all below, and of items but for their waiters */
	pthread_cond_t arrived;
	struct item *items; /* last asked first */
	size_t count;
	size_t used[LOOKUP_PURPOSES];
	int64_t deadline_ms;
	int64_t ends_at; /* monotonic milliseconds; -1: not running yet */
	int64_t waited_ms;
	struct item *ready, **ready_end; /* hooks to be called, in order of arrival */
	bool calling;                    /* a thread is calling hooks: it takes new ones too */
	struct deferred *deferred;       /* last registered first */
};

static bool lookups_init(struct lookups *l)
{
	pthread_condattr_t attr;
	bool ok;

	if (pthread_condattr_init(&attr) != 0)
		return false;
	ok = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
	    pthread_cond_init(&l->arrived, &attr) == 0;
	pthread_condattr_destroy(&attr);
	return ok && pthread_mutex_init(&l->lock, NULL) == 0;
}

struct lookups *lookups_new(struct resolver *r, int64_t deadline_ms)
{
	struct lookups *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	if (!lookups_init(l)) {
		free(l);
		return NULL;
	}
	atomic_init(&l->refs, 1);
	l->resolver = r;
	l->deadline_ms = deadline_ms;
	l->ends_at = -1;
	l->ready_end = &l->ready;
	return l;
}

void lookups_set_client(struct lookups *l, const struct ip *client)
{
	l->client = *client;
}

bool lookups_defer(struct lookups *l, void (*release)(void *), void *ptr)
{
	struct deferred *d = malloc(sizeof(*d));

	if (d == NULL) {
		release(ptr);
		return false;
	}
	pthread_mutex_lock(&l->lock);
	*d = (struct deferred){ l->deferred, release, ptr };
	l->deferred = d;
	pthread_mutex_unlock(&l->lock);
	return true;
}

static void run_deferred(struct deferred *d)
{
	while (d != NULL) {
		struct deferred *next = d->next;

		d->release(d->ptr);
		free(d);
		d = next;
	}
}

static void free_items(struct item *item)
{
	while (item != NULL) {
		struct item *next = item->next;

		cache_leave(&item->waiter);
		free(item);
		item = next;
	}
}

void lookups_release(struct lookups **l)
{
	struct lookups *lookups = *l;

	*l = NULL;
	if (lookups == NULL || atomic_fetch_sub(&lookups->refs, 1) > 1)
		return;
	free_items(lookups->items);
	run_deferred(lookups->deferred);
	pthread_cond_destroy(&lookups->arrived);
	pthread_mutex_destroy(&lookups->lock);
	free(lookups);
}

/* --- hooks ------------------------------------------------------------------------------------ */

/* With the lock held: has the hook called by the next call_hooks(), once. */
static void queue_hook(struct lookups *l, struct item *item)
{
	if (item->hook == NULL || item->answer == NULL || item->hooked)
		return;
	item->hooked = true;
	item->next_ready = NULL;
	*l->ready_end = item;
	l->ready_end = &item->next_ready;
}

/*
 * A hook may start a question that is answered at once (from the cache).  That answer's hook is not called
 * from within the first one but queued for the loop below, so a chain of records causes no recursion.
 */
static void call_hooks(struct lookups *l)
{
	pthread_mutex_lock(&l->lock);
	if (l->calling) {
		pthread_mutex_unlock(&l->lock);
		return;
	}
	l->calling = true;
	while (l->ready != NULL) {
		struct item *item = l->ready;

		l->ready = item->next_ready;
		if (l->ready == NULL)
			l->ready_end = &l->ready;
		pthread_mutex_unlock(&l->lock);
		item->hook(l, item->answer, item->arg);
		pthread_mutex_lock(&l->lock);
	}
	l->calling = false;
	pthread_mutex_unlock(&l->lock);
}

/* Called by the cache when the answer has arrived; releases the reference that the cache took on the lookups. */
static void item_settled(struct waiter *w, const struct dns_answer *answer)
{
	struct item *item = (struct item *)w;
	struct lookups *l = item->owner;

	pthread_mutex_lock(&l->lock);
	if (item->answer == NULL) {
		item->answer = answer;
		queue_hook(l, item);
		pthread_cond_broadcast(&l->arrived);
	}
	pthread_mutex_unlock(&l->lock);
	call_hooks(l);
	lookups_release(&l);
}

/* --- questions -------------------------------------------------------------------------------- */

static struct item *find_item(struct lookups *l, const char *name, enum dns_type type)
{
	struct item *item = l->items;

	while (item != NULL && (item->type != type || strcmp(item->name, name) != 0))
		item = item->next;
	return item;
}

/* With the lock held; NULL and *refusal when nothing may be asked. */
static struct item *add_item(struct lookups *l, enum lookup_purpose purpose,
    const struct name *name, enum dns_type type, const struct dns_answer **refusal)
{
	struct item *item;

	if (l->used[purpose] == shares[purpose]) {
		*refusal = &over_limit;
		return NULL;
	}
	item = calloc(1, sizeof(*item) + name->len + 1);
	if (item == NULL) {
		*refusal = &local_trouble;
		return NULL;
	}
	item->waiter.owner_refs = &l->refs;
	item->waiter.settled = item_settled;
	item->waiter.client = l->client.family == IP_NONE ? NULL : &l->client;
	item->owner = l;
	item->type = type;
	memcpy(item->name, name->text, name->len + 1);
	item->next = l->items;
	l->items = item;
	l->count++;
	l->used[purpose]++;
	return item;
}

static struct item *start(struct lookups *l, enum lookup_purpose purpose, struct slice text,
    enum dns_type type, lookup_hook *hook, void *arg, const struct dns_answer **refusal)
{
	struct item *item;
	struct name name;
	bool fresh = false;

	if (!name_parse(text, &name) || name.len == 0) {
		*refusal = &bad_name;
		return NULL;
	}
	pthread_mutex_lock(&l->lock);
	item = find_item(l, name.text, type);
	if (item == NULL) {
		item = add_item(l, purpose, &name, type, refusal);
		fresh = item != NULL;
	}
	if (item != NULL && item->hook == NULL && hook != NULL) {
		item->hook = hook;
		item->arg = arg;
		queue_hook(l, item);
	}
	pthread_mutex_unlock(&l->lock);
	if (fresh)
		resolver_ask(l->resolver, item->name, type, &item->waiter);
	if (hook != NULL)
		call_hooks(l);
	return item;
}

void lookups_start(struct lookups *l, enum lookup_purpose purpose, struct slice name,
    enum dns_type type, lookup_hook *hook, void *arg)
{
	const struct dns_answer *refusal;

	start(l, purpose, name, type, hook, arg, &refusal);
}

/* With the lock held. */
static void begin_wait(struct lookups *l, int64_t now)
{
	if (l->ends_at < 0)
		l->ends_at = now + l->deadline_ms;
}

void lookups_begin_wait(struct lookups *l)
{
	pthread_mutex_lock(&l->lock);
	begin_wait(l, clock_monotonic_ms());
	pthread_mutex_unlock(&l->lock);
}

/* With the lock held. */
static void await(struct lookups *l, struct item *item)
{
	int64_t start_ms = clock_monotonic_ms(), now = start_ms;
	struct timespec until;

	begin_wait(l, now);
	until = (struct timespec){ .tv_sec = (time_t)(l->ends_at / 1000),
		.tv_nsec = (long)(l->ends_at % 1000) * 1000000 };
	while (item->answer == NULL && now < l->ends_at) {
		pthread_cond_timedwait(&l->arrived, &l->lock, &until);
		now = clock_monotonic_ms();
	}
	if (item->answer == NULL) {
		item->answer = resolver_in_trouble(l->resolver) ? &local_trouble : &timed_out;
		item->hooked = true;
	}
	l->waited_ms += now - start_ms;
}

const struct dns_answer *lookups_await(struct lookups *l, enum lookup_purpose purpose,
    struct slice name, enum dns_type type)
{
	const struct dns_answer *answer;
	struct item *item = start(l, purpose, name, type, NULL, NULL, &answer);

	if (item != NULL) {
		pthread_mutex_lock(&l->lock);
		await(l, item);
		answer = item->answer;
		pthread_mutex_unlock(&l->lock);
	}
	if (answer->status == DNS_LOCAL_TROUBLE)
		atomic_store(&l->trouble, true);
	return answer;
}

bool lookups_local_trouble(const struct lookups *l)
{
	return atomic_load(&l->trouble);
}

size_t lookups_count(struct lookups *l)
{
	size_t count;

	pthread_mutex_lock(&l->lock);
	count = l->count;
	pthread_mutex_unlock(&l->lock);
	return count;
}

int64_t lookups_waited_ms(struct lookups *l)
{
	int64_t waited;

	pthread_mutex_lock(&l->lock);
	waited = l->waited_ms;
	pthread_mutex_unlock(&l->lock);
	return waited;
}

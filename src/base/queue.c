#define ASSAY_MAY_READ_CLOCKS
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/queue.h"

struct queue_item {
	struct queue_item *next;
	size_t len;
	char octets[];
};

struct queue {
	pthread_t thread;
	void (*consume)(void *ctx, struct slice item);
	void *ctx;
	size_t max_bytes;

	pthread_mutex_t lock; /* of all below */
	pthread_cond_t filled, emptied;
	struct queue_item *first, **end;
	size_t bytes;
	size_t count;   /* with the one that is being consumed */
	uint64_t dropped;
	bool stopping;
};

/* The next item; NULL: the queue is to stop. */
static struct queue_item *take(struct queue *q)
{
	struct queue_item *item = NULL;

	pthread_mutex_lock(&q->lock);
	while (q->first == NULL && !q->stopping)
		pthread_cond_wait(&q->filled, &q->lock);
	if (!q->stopping) {
		item = q->first;
		q->first = item->next;
		if (q->first == NULL)
			q->end = &q->first;
	}
	pthread_mutex_unlock(&q->lock);
	return item;
}

static void consumed(struct queue *q, const struct queue_item *item)
{
	pthread_mutex_lock(&q->lock);
	q->bytes -= sizeof(*item) + item->len;
	if (--q->count == 0)
		pthread_cond_broadcast(&q->emptied);
	pthread_mutex_unlock(&q->lock);
}

static void *consumer(void *arg)
{
	struct queue *q = arg;
	struct queue_item *item;

	while ((item = take(q)) != NULL) {
		q->consume(q->ctx, slice_of(item->octets, item->len));
		consumed(q, item);
		free(item);
	}
	return NULL;
}

enum rc queue_start(size_t max_bytes, void (*consume)(void *ctx, struct slice item), void *ctx,
    struct queue **out)
{
	struct queue *q = calloc(1, sizeof(*q));
	pthread_condattr_t monotonic;

	if (q == NULL)
		return RC_NOMEM;
	q->consume = consume;
	q->ctx = ctx;
	q->max_bytes = max_bytes;
	q->end = &q->first;
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->filled, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&q->emptied, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&q->thread, NULL, consumer, q) != 0) {
		free(q);
		return RC_IO;
	}
	*out = q;
	return RC_OK;
}

static bool append(struct queue *q, struct queue_item *item)
{
	size_t size = sizeof(*item) + item->len;
	bool fits;

	pthread_mutex_lock(&q->lock);
	fits = size <= q->max_bytes - q->bytes;
	if (fits) {
		*q->end = item;
		q->end = &item->next;
		q->bytes += size;
		q->count++;
		pthread_cond_signal(&q->filled);
	} else {
		q->dropped++;
	}
	pthread_mutex_unlock(&q->lock);
	return fits;
}

static void count_dropped(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->dropped++;
	pthread_mutex_unlock(&q->lock);
}

bool queue_put(struct queue *q, struct slice octets)
{
	struct queue_item *item = NULL;

	if (!slice_is_null(octets) && octets.len <= q->max_bytes)
		item = malloc(sizeof(*item) + octets.len);
	if (item == NULL) {
		count_dropped(q);
		return false;
	}
	item->next = NULL;
	item->len = octets.len;
	if (octets.len > 0)
		memcpy(item->octets, octets.ptr, octets.len);
	if (append(q, item))
		return true;
	free(item);
	return false;
}

uint64_t queue_dropped(struct queue *q)
{
	uint64_t dropped;

	pthread_mutex_lock(&q->lock);
	dropped = q->dropped;
	pthread_mutex_unlock(&q->lock);
	return dropped;
}

size_t queue_drain(struct queue *q, int64_t limit_ms)
{
	struct timespec until;
	size_t left;

	clock_gettime(CLOCK_MONOTONIC, &until); /* as emptied goes by */
	until.tv_sec += (time_t)(limit_ms / 1000);
	until.tv_nsec += (long)(limit_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&q->lock);
	while (q->count > 0)
		if (pthread_cond_timedwait(&q->emptied, &q->lock, &until) != 0)
			break;
	left = q->count;
	pthread_mutex_unlock(&q->lock);
	return left;
}

void queue_stop(struct queue **q)
{
	struct queue *old = *q;

	*q = NULL;
	if (old == NULL)
		return;
	pthread_mutex_lock(&old->lock);
	old->stopping = true;
	pthread_cond_signal(&old->filled);
	pthread_mutex_unlock(&old->lock);
	pthread_join(old->thread, NULL);
	while (old->first != NULL) {
		struct queue_item *item = old->first;

		old->first = item->next;
		free(item);
	}
	pthread_cond_destroy(&old->filled);
	pthread_cond_destroy(&old->emptied);
	pthread_mutex_destroy(&old->lock);
	free(old);
}

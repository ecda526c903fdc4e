/*
 * queue.h - passes octets to a thread that may block, so that the caller never does.
 *
 * An item is copied, so it refers to nothing of its giver's.  The queue is bounded in octets: when it is
 * full the newest item is dropped and counted.  Items are consumed in order, by one thread of the
 * queue's own.  Thread-safe.
 */
#ifndef ASSAY_BASE_QUEUE_H
#define ASSAY_BASE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rc.h"
#include "base/slice.h"

struct queue;

/* consume may block; it must not put into this queue.  RC_IO: no thread; RC_NOMEM. */
MUST_CHECK enum rc queue_start(size_t max_bytes, void (*consume)(void *ctx, struct slice item),
    void *ctx, struct queue **out);

/* False: dropped, and counted, as the null slice always is.  Never blocks. */
bool queue_put(struct queue *q, struct slice item);

/* Items dropped since the start. */
uint64_t queue_dropped(struct queue *q);

/* Waits until every item is consumed, at most limit_ms; returns how many are not. */
size_t queue_drain(struct queue *q, int64_t limit_ms);

/* Ends the thread after the item that it is at; what else waits is lost.  Sets *q to NULL. */
void queue_stop(struct queue **q);

#endif

/* queue.h: whoever puts never waits, and what does not fit is counted. */
#include <pthread.h>
#include <string.h>

#include "base/buf.h"
#include "base/queue.h"

#include "suites.h"

/* A consumer that is held up until the gate opens. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static struct buf seen = BUF_INIT(4096);

static void consume(void *ctx, struct slice item)
{
	pthread_mutex_lock(&gate);
	buf_add(ctx, item);
	pthread_mutex_unlock(&gate);
}

START_TEST(in_order_and_drained)
{
	struct queue *q = NULL;

	ck_assert_int_eq(queue_start(4096, consume, &seen, &q), RC_OK);
	ck_assert_uint_eq(queue_drain(q, 60000), 0);
	ck_assert(queue_put(q, SLICE("a")));
	ck_assert(queue_put(q, SLICE("")));
	ck_assert(queue_put(q, SLICE("bc\0d")));
	ck_assert_uint_eq(queue_drain(q, 60000), 0);
	ck_slice_eq(buf_slice(&seen), SLICE("abc\0d"));
	ck_assert_uint_eq(queue_dropped(q), 0);
	queue_stop(&q);
	ck_assert_ptr_null(q);
	queue_stop(&q);
	buf_free(&seen);
}
END_TEST

START_TEST(newest_is_dropped)
{
	char octets[400] = { 0 };
	struct queue *q = NULL;
	size_t taken = 0;

	ck_assert_int_eq(queue_start(4096, consume, &seen, &q), RC_OK);
	pthread_mutex_lock(&gate); /* a log that blocks */
	for (size_t i = 0; i < 100; i++)
		if (queue_put(q, slice_of(octets, sizeof(octets))))
			taken++;
	ck_assert_uint_gt(taken, 3);
	ck_assert_uint_lt(taken, 11); /* what a consumer is at counts as well */
	ck_assert_uint_eq(queue_dropped(q), 100 - taken);
	ck_assert_uint_eq(queue_drain(q, 0), taken);
	pthread_mutex_unlock(&gate);
	ck_assert_uint_eq(queue_drain(q, 60000), 0);
	ck_assert_uint_eq(seen.len, taken * sizeof(octets));
	ck_assert(queue_put(q, SLICE("room again")));
	queue_stop(&q);
	buf_free(&seen);
}
END_TEST

START_TEST(what_never_fits)
{
	static char large[5000];
	struct queue *q = NULL;

	ck_assert_int_eq(queue_start(4096, consume, &seen, &q), RC_OK);
	ck_assert(!queue_put(q, slice_of(large, sizeof(large))));
	ck_assert(!queue_put(q, slice_of(large, 4096))); /* an item costs more than its octets */
	ck_assert(!queue_put(q, SLICE_NULL));
	ck_assert_uint_eq(queue_dropped(q), 3);
	ck_assert_uint_eq(queue_drain(q, 60000), 0);
	queue_stop(&q);
	ck_assert_uint_eq(seen.len, 0);
}
END_TEST

Suite *queue_suite(void)
{
	Suite *s = suite_create("queue");

	UNIT_TEST(s, in_order_and_drained);
	UNIT_TEST(s, newest_is_dropped);
	UNIT_TEST(s, what_never_fits);
	return s;
}

/* Work on many keys, by as many threads as there are processors: decoding and writing thousands takes a while. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "private.h"

#define MOST_THREADS 16u
#define SHOWN_EACH 100u /* keys */

struct crew {
	struct import *im;
	enum rc (*work)(const struct import *im, struct planned_key *k, struct err *err);
	atomic_size_t next, done;
};

/* Only the caller's own thread reports progress. */
static void work_on(struct crew *c, bool shows, const char *what)
{
	struct import *im = c->im;
	size_t i, done, shown = 0;

	while ((i = atomic_fetch_add(&c->next, 1)) < im->key_count) {
		struct planned_key *k = &im->keys[i];

		k->rc = c->work(im, k, &k->err);
		done = atomic_fetch_add(&c->done, 1) + 1;
		if (!shows || im->params.progress == NULL || done < shown + SHOWN_EACH)
			continue;
		shown = done;
		im->params.progress(im->params.ctx, what, done, im->key_count);
	}
}

static void *run(void *ctx)
{
	work_on(ctx, false, NULL);
	return NULL;
}

static size_t threads_for(size_t keys)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t wanted = processors < 1 ? 1 : (size_t)processors;

	if (wanted > keys / SHOWN_EACH + 1)
		wanted = keys / SHOWN_EACH + 1;
	return wanted < MOST_THREADS ? wanted : MOST_THREADS;
}

/* The keys' mistakes in their order, however the threads came to them. */
static enum rc gather(struct import *im)
{
	enum rc worst = RC_OK;

	for (size_t i = 0; i < im->key_count; i++) {
		struct planned_key *k = &im->keys[i];
		struct slice rest = buf_slice(&k->err.text);

		while (rest.len > 0) {
			struct slice line = slice_split(&rest, '\n');

			if (mistake_is_told(im))
				err_add(im->err, "%.*s", SLICE_ARG(line));
		}
		err_free(&k->err);
		worst = k->rc == RC_OK ? worst : k->rc;
	}
	return worst;
}

enum rc each_key(struct import *im, const char *what,
    enum rc (*work)(const struct import *im, struct planned_key *k, struct err *err))
{
	struct crew c = { .im = im, .work = work };
	size_t wanted = threads_for(im->key_count), started = 0;
	pthread_t threads[MOST_THREADS];

	while (started + 1 < wanted && pthread_create(&threads[started], NULL, run, &c) == 0)
		started++;
	work_on(&c, true, what);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	if (im->params.progress != NULL && im->key_count >= SHOWN_EACH)
		im->params.progress(im->params.ctx, what, im->key_count, im->key_count);
	return gather(im);
}

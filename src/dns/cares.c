/*
 * One thread owns the channels, the servers' health and every query; the others only hand in
 * questions.  The outcome of a try is put aside, and the loop decides outside of c-ares whether to
 * deliver, to try again or to give up.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#include "dns/answer.h"
#include "dns/channels.h"

#include "dns/cares.h"

#define DEFAULT_TIMEOUT_MS 2000
#define DEFAULT_TRIES      3u

struct query {
	struct query *next;
	struct cares *cares;
	struct dns_question *question; /* NULL: a probe of a silent server */
	const char *name;
	enum dns_type type;
	unsigned server;            /* of this try */
	unsigned tried;             /* bit set of servers */
	unsigned tries;
	bool silence;               /* some try had no answer */
	int64_t sent_ms;            /* when this try began */
	enum try_outcome outcome;   /* of this try */
	struct dns_answer *answer;  /* owned; of this try */
	struct dns_answer *failure; /* owned; what a server said that was of no use */
};

struct queue {
	struct query *first, **last;
};

struct cares {
	struct servers servers;
	int64_t timeout_ms;
	unsigned tries;
	pthread_t thread;
	int wake[2]; /* a pipe: something was handed in, or the end has come */
	pthread_mutex_t lock; /* of the next three */
	struct queue handed_in;
	bool stopping, stopped;
	atomic_uint_fast64_t queries;

	/* the thread's own */
	struct channels *channels;
	struct queue to_send, done;
};

static void queue_init(struct queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

static void queue_push(struct queue *queue, struct query *q)
{
	q->next = NULL;
	*queue->last = q;
	queue->last = &q->next;
}

static struct query *queue_pop(struct queue *queue)
{
	struct query *q = queue->first;

	if (q == NULL)
		return NULL;
	queue->first = q->next;
	if (queue->first == NULL)
		queue->last = &queue->first;
	return q;
}

/* --- one try ---------------------------------------------------------------------------------- */

static void on_outcome(void *arg, enum try_outcome outcome, struct slice packet)
{
	struct query *q = arg;

	q->outcome = outcome;
	if (outcome == TRY_ANSWERED && q->question != NULL)
		q->answer = answer_parse(packet, q->name, q->type);
	queue_push(&q->cares->done, q);
}

static void send_try(struct cares *b, struct query *q)
{
	q->sent_ms = clock_monotonic_ms();
	atomic_fetch_add_explicit(&b->queries, 1, memory_order_relaxed);
	channels_send(b->channels, q->server, q->name, q->type, on_outcome, q);
}

/* --- what an outcome means -------------------------------------------------------------------- */

static void deliver(struct query *q, struct dns_answer *answer)
{
	if (q->failure != answer)
		free(q->failure);
	if (q->answer != answer)
		free(q->answer);
	if (q->question != NULL)
		resolver_deliver(q->question, answer);
	else
		free(answer);
	free(q);
}

/* A server's failure says more than nobody's answer. */
static void give_up(struct query *q)
{
	deliver(q, q->failure != NULL ? q->failure : dns_answer_new(DNS_TIMEOUT, 0, 0, NULL));
}

static void note_health(struct cares *b, const struct query *q, bool answered)
{
	int64_t now = clock_monotonic_ms();
	bool told = answered ? servers_answered(&b->servers, q->server, now)
	                     : servers_failed(&b->servers, q->server, q->sent_ms, now);
	struct buf text = BUF_INIT(128);

	if (!told)
		return;
	server_describe(&b->servers.list[q->server], &text);
	if (answered)
		log_info("name server %s answers again", buf_cstr(&text));
	else
		log_warning("name server %s does not answer", buf_cstr(&text));
	buf_free(&text);
}

static void try_next(struct cares *b, struct query *q)
{
	int next;

	q->tries++;
	q->tried |= 1u << q->server;
	next = servers_next(&b->servers, q->tried);
	if (next < 0 && q->silence) {
		q->tried = 0; /* the question or the answer may have been lost on the way */
		next = servers_next(&b->servers, 0);
	}
	if (next < 0 || q->tries >= b->tries || q->question == NULL) {
		give_up(q);
		return;
	}
	q->server = (unsigned)next;
	queue_push(&b->to_send, q);
}

/* A failure that was told is remembered, in case that nobody knows better. */
static void note_failure(struct query *q, struct dns_answer *failure)
{
	free(q->failure);
	q->failure = failure;
	q->answer = NULL;
}

static void conclude(struct cares *b, struct query *q)
{
	switch (q->outcome) {
	case TRY_ANSWERED:
		note_health(b, q, true);
		if (q->answer == NULL || q->answer->status != DNS_SERVFAIL) {
			deliver(q, q->answer);
			return;
		}
		note_failure(q, q->answer);
		break;
	case TRY_UNUSABLE:
		note_failure(q, dns_answer_new(DNS_SERVFAIL, 0, 0, NULL));
		break;
	case TRY_TIMEOUT:
	case TRY_ERROR:
		note_health(b, q, false);
		q->silence = true;
		break;
	}
	try_next(b, q);
}

/* --- the thread ------------------------------------------------------------------------------- */

static struct query *query_new(struct cares *b, struct dns_question *question, const char *name,
    enum dns_type type)
{
	struct query *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->cares = b;
	q->question = question;
	q->name = name;
	q->type = type;
	return q;
}

/* The root's servers are asked for; any answer at all is a sign of life. */
static void probe_silent(struct cares *b)
{
	int64_t now = clock_monotonic_ms();

	for (unsigned i = 0; i < b->servers.count; i++) {
		struct query *q;

		if (!servers_probe_due(&b->servers, i, now) || (q = query_new(b, NULL, "", DNS_NS)) == NULL)
			continue;
		q->server = i;
		queue_push(&b->to_send, q);
	}
}

/* False when the end has come. */
static bool take_handed_in(struct cares *b)
{
	bool stopping, fresh = false;
	struct query *q;

	pthread_mutex_lock(&b->lock);
	while ((q = queue_pop(&b->handed_in)) != NULL) {
		q->server = (unsigned)servers_next(&b->servers, 0);
		queue_push(&b->to_send, q);
		fresh = true;
	}
	stopping = b->stopping;
	pthread_mutex_unlock(&b->lock);
	if (fresh && !stopping)
		probe_silent(b);
	return !stopping;
}

/* Delivering calls hooks, which hand in more. */
static bool work_off(struct cares *b)
{
	struct query *q;

	while (take_handed_in(b)) {
		if (b->to_send.first == NULL && b->done.first == NULL)
			return true;
		while ((q = queue_pop(&b->to_send)) != NULL)
			send_try(b, q);
		while ((q = queue_pop(&b->done)) != NULL)
			conclude(b, q);
	}
	return false;
}

/* Until no hook has handed in another one; from then on ask() delivers the failure itself. */
static void deliver_rest(struct cares *b)
{
	struct query *q;
	bool more = true;

	while (more) {
		take_handed_in(b);
		while ((q = queue_pop(&b->to_send)) != NULL || (q = queue_pop(&b->done)) != NULL)
			deliver(q, NULL);
		pthread_mutex_lock(&b->lock);
		more = b->handed_in.first != NULL;
		b->stopped = !more;
		pthread_mutex_unlock(&b->lock);
	}
}

static void *run(void *arg)
{
	struct cares *b = arg;
	char drained[64];

	while (work_off(b)) {
		channels_wait(b->channels, b->wake[0]);
		while (read(b->wake[0], drained, sizeof(drained)) > 0)
			;
	}
	channels_free(&b->channels); /* ends its tries: into b->done */
	deliver_rest(b);
	return NULL;
}

/* --- the backend ------------------------------------------------------------------------------ */

static void wake_up(struct cares *b)
{
	while (write(b->wake[1], "", 1) < 0 && errno == EINTR) /* a full pipe wakes as well */
		;
}

static void ask(void *ctx, struct dns_question *question, const char *name, enum dns_type type)
{
	struct cares *b = ctx;
	struct query *q = query_new(b, question, name, type);
	bool first = false, stopped = false;

	if (q != NULL) {
		pthread_mutex_lock(&b->lock);
		stopped = b->stopped;
		first = b->handed_in.first == NULL;
		if (!stopped)
			queue_push(&b->handed_in, q);
		pthread_mutex_unlock(&b->lock);
	}
	if (q == NULL || stopped) {
		free(q);
		resolver_deliver(question, NULL);
	} else if (first && !pthread_equal(pthread_self(), b->thread)) {
		wake_up(b);
	}
}

static uint64_t queries(void *ctx)
{
	struct cares *b = ctx;

	return atomic_load_explicit(&b->queries, memory_order_relaxed);
}

static void describe(void *ctx, struct buf *out)
{
	const struct cares *b = ctx;

	servers_describe(&b->servers, out);
}

/* Without a thread. */
static void release(struct cares *b)
{
	for (int i = 0; i < 2; i++)
		if (b->wake[i] >= 0)
			close(b->wake[i]);
	channels_free(&b->channels);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

static void cares_free(void *ctx)
{
	struct cares *b = ctx;

	pthread_mutex_lock(&b->lock);
	b->stopping = true;
	pthread_mutex_unlock(&b->lock);
	wake_up(b);
	pthread_join(b->thread, NULL);
	release(b);
}

static enum rc choose_servers(const struct cares_params *params, struct servers *s, struct err *err)
{
	enum rc rc = RC_OK;

	if (params->server_count == 0)
		return channels_system_servers(s, err);
	for (size_t i = 0; i < params->server_count; i++) {
		enum rc one = servers_parse(s, params->servers[i], err);

		rc = one == RC_OK ? rc : one;
	}
	return rc;
}

static struct cares *cares_new(const struct cares_params *params)
{
	struct cares *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->wake[0] = b->wake[1] = -1;
	b->timeout_ms = params->timeout_ms > 0 ? params->timeout_ms : DEFAULT_TIMEOUT_MS;
	b->tries = params->tries >= 2 ? params->tries : DEFAULT_TRIES;
	queue_init(&b->handed_in);
	queue_init(&b->to_send);
	queue_init(&b->done);
	pthread_mutex_init(&b->lock, NULL);
	return b;
}

/* Signals are for the threads that have handlers for them. */
static enum rc start(struct cares *b, struct err *err)
{
	sigset_t all, old;
	int failed;

	b->channels = channels_new(&b->servers, b->timeout_ms);
	if (b->channels == NULL)
		return RC_NOMEM;
	if (pipe2(b->wake, O_NONBLOCK | O_CLOEXEC) != 0) {
		err_add(err, "the resolver's pipe: %s", strerror(errno));
		return RC_IO;
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	failed = pthread_create(&b->thread, NULL, run, b);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (failed != 0) {
		err_add(err, "the resolver's thread: %s", strerror(failed));
		return RC_IO;
	}
	return RC_OK;
}

enum rc resolver_cares(const struct cares_params *params, const struct resolver_params *cache,
    struct resolver **out, struct err *err)
{
	static const struct dns_backend backend = {
		.ask = ask, .free = cares_free, .queries = queries, .describe = describe };
	struct cares *b = cares_new(params);
	struct resolver *r;
	enum rc rc;

	if (b == NULL)
		return RC_NOMEM;
	rc = choose_servers(params, &b->servers, err);
	if (rc == RC_OK)
		rc = start(b, err);
	if (rc != RC_OK) {
		release(b);
		return rc;
	}
	r = resolver_new(&backend, b, cache);
	if (r == NULL) {
		cares_free(b);
		return RC_NOMEM;
	}
	*out = r;
	return RC_OK;
}

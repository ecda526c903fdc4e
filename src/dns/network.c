/*
 * One thread owns the sockets, the servers' health and every query; the others only hand in
 * questions.  The outcome of a try is put aside, and the loop decides whether to deliver, to try
 * again or to give up.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"

#include "dns/answer.h"
#include "dns/packet.h"
#include "dns/tries.h"

#include "dns/network.h"

#define DEFAULT_TIMEOUT_MS 2000
#define DEFAULT_TRIES      3u
#define LATE_MS            1000 /* the thread is late if its last round is older than this */
#define RESOLV_CONF        "/etc/resolv.conf"

struct query {
	struct try try;             /* first member: the callback of a try casts it to its query */
	struct query *next;
	struct network *network;
	struct dns_question *question; /* NULL: a probe of a silent server */
	unsigned tried;             /* bit set of servers */
	unsigned tries;
	bool silence;               /* some try had no answer */
	int64_t asked_ms;           /* when the first try began; -1: not yet */
	int64_t sent_ms;            /* when this try began */
	enum try_outcome outcome;   /* of this try */
	unsigned rcode;             /* where it was answered */
	struct dns_answer *answer;  /* owned; of this try */
	struct dns_answer *failure; /* owned; an answer that reports a failure, such as SERVFAIL */
};

struct queue {
	struct query *first, **last;
};

struct network {
	struct servers servers;
	int64_t timeout_ms;
	unsigned tries;
	pthread_t thread;
	int wake[2]; /* a pipe: something was handed in, or the end has come */
	pthread_mutex_t lock; /* of the next three */
	struct queue handed_in;
	bool stopping, stopped;
	atomic_uint_fast64_t queries;

	/* written by callers and by the thread, for in_trouble(); monotonic milliseconds */
	atomic_int_fast64_t handed_in_ms; /* the first of handed_in; 0: it is empty */
	atomic_int_fast64_t round_ms;     /* the thread's last round with tries open; 0: none are */

	/* the thread's own */
	struct tries *wire;
	struct queue to_send, done;
	struct queue undecided; /* without an answer, waiting for a probe to show whether our name servers work */
	struct query probes[SERVERS_MAX];
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

static bool is_probe(const struct query *q)
{
	return q->question == NULL;
}

static void on_ended(struct try *t, enum try_outcome outcome, struct slice packet)
{
	struct query *q = (struct query *)t;

	q->outcome = outcome;
	if (outcome == TRY_ANSWERED) {
		q->rcode = packet_rcode(packet);
		q->answer = is_probe(q) ? NULL : answer_parse(packet, t->name, t->type);
	}
	queue_push(&q->network->done, q);
}

static void send_try(struct network *b, struct query *q)
{
	q->sent_ms = clock_monotonic_ms();
	if (q->asked_ms < 0)
		q->asked_ms = q->sent_ms;
	atomic_fetch_add_explicit(&b->queries, 1, memory_order_relaxed);
	tries_send(b->wire, &q->try);
}

/* --- probes ------------------------------------------------------------------------------------ */

/* One that comes and goes is reported once for each direction, and summed up. */
static void log_health(const struct server *server, const char *what, bool good)
{
	struct buf text = BUF_INIT(128), thing = BUF_INIT(160);

	server_describe(server, &text);
	buf_addf(&thing, "name server %s %s", buf_cstr(&text), good ? "works" : "fails");
	log_repeated(good ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, buf_cstr(&thing), "name server %s %s",
	    buf_cstr(&text), what);
	buf_free(&text);
	buf_free(&thing);
}

/* The root's servers are asked for, which every recursive server knows. */
static void send_probes(struct network *b)
{
	int64_t now = clock_monotonic_ms();

	for (unsigned i = 0; i < b->servers.count; i++) {
		struct query *q = &b->probes[i];

		if (!servers_probe_due(&b->servers, i, now))
			continue;
		*q = (struct query){ .network = b, .asked_ms = -1 };
		q->try = (struct try){ .server = i, .name = "", .type = DNS_NS, .ended = on_ended };
		queue_push(&b->to_send, q);
	}
}

/* --- what an outcome means -------------------------------------------------------------------- */

static void deliver(struct query *q, struct dns_answer *answer)
{
	if (q->failure != answer)
		free(q->failure);
	if (q->answer != answer)
		free(q->answer);
	resolver_deliver(q->question, answer);
	free(q);
}

/* The sender's trouble: a server's failure says more than the silence of another one. */
static struct dns_answer *senders_failure(const struct query *q)
{
	return q->failure != NULL ? q->failure : dns_answer_new(DNS_TIMEOUT, 0, 0, NULL);
}

static void give_up(struct network *b, struct query *q)
{
	switch (servers_blame(&b->servers, q->asked_ms, clock_monotonic_ms())) {
	case BLAME_SENDER:
		deliver(q, senders_failure(q));
		return;
	case BLAME_OURS:
		deliver(q, dns_answer_new(DNS_LOCAL_TROUBLE, 0, 0, NULL));
		return;
	case BLAME_UNDECIDED:
		queue_push(&b->undecided, q);
		send_probes(b);
		return;
	}
}

/* Another probe may still be under way: then they wait on. */
static void decide_undecided(struct network *b)
{
	struct queue again = b->undecided;
	struct query *q;

	if (again.first == NULL)
		return;
	queue_init(&b->undecided);
	while ((q = queue_pop(&again)) != NULL)
		give_up(b, q);
}

static void try_next(struct network *b, struct query *q)
{
	int next;

	q->tries++;
	q->tried |= 1u << q->try.server;
	next = servers_next(&b->servers, q->tried);
	if (next < 0 && q->silence) {
		q->tried = 0; /* the question or the answer may have been lost on the way */
		next = servers_next(&b->servers, 0);
	}
	if (next < 0 || q->tries >= b->tries) {
		give_up(b, q);
		return;
	}
	q->try.server = (unsigned)next;
	queue_push(&b->to_send, q);
}

static void note_health(struct network *b, const struct query *q)
{
	int64_t now = clock_monotonic_ms();
	unsigned server = q->try.server;

	if (q->outcome == TRY_ANSWERED)
		histogram_add(&b->servers.list[server].times, now - q->sent_ms);
	if (q->outcome != TRY_ANSWERED) {
		servers_silent(&b->servers, server, q->sent_ms, now);
		send_probes(b);
	} else if (q->rcode != DNS_RCODE_REFUSED && servers_useful(&b->servers, server, now)) {
		log_health(&b->servers.list[server], "answers again", true);
	}
}

static void conclude_probe(struct network *b, struct query *q)
{
	bool failed = servers_probed(&b->servers, q->try.server, q->sent_ms, clock_monotonic_ms());

	if (failed)
		log_health(&b->servers.list[q->try.server], q->outcome == TRY_ANSWERED ?
		    "refuses to answer" : "does not answer", false);
	decide_undecided(b);
}

static void conclude(struct network *b, struct query *q)
{
	note_health(b, q);
	if (is_probe(q)) {
		conclude_probe(b, q);
		return;
	}
	if (q->outcome == TRY_ANSWERED && (q->answer == NULL || q->answer->status != DNS_SERVFAIL)) {
		deliver(q, q->answer);
		return;
	}
	if (q->outcome == TRY_ANSWERED) {
		free(q->failure);
		q->failure = q->answer; /* in case that no other server knows better */
		q->answer = NULL;
	} else {
		q->silence = true;
	}
	try_next(b, q);
}

/* --- the thread ------------------------------------------------------------------------------- */

static struct query *query_new(struct network *b, struct dns_question *question, const char *name,
    enum dns_type type)
{
	struct query *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->network = b;
	q->question = question;
	q->asked_ms = -1;
	q->try = (struct try){ .name = name, .type = type, .ended = on_ended };
	return q;
}

/* False when the end has come. */
static bool take_handed_in(struct network *b)
{
	bool stopping, fresh = false;
	struct query *q;

	pthread_mutex_lock(&b->lock);
	while ((q = queue_pop(&b->handed_in)) != NULL) {
		q->try.server = (unsigned)servers_next(&b->servers, 0);
		queue_push(&b->to_send, q);
		fresh = true;
	}
	atomic_store(&b->handed_in_ms, 0);
	stopping = b->stopping;
	pthread_mutex_unlock(&b->lock);
	if (fresh && !stopping)
		send_probes(b);
	return !stopping;
}

/* Delivering calls hooks, which hand in more. */
static bool work_off(struct network *b)
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

static struct query *take_any(struct network *b)
{
	struct query *q = queue_pop(&b->to_send);

	if (q == NULL)
		q = queue_pop(&b->done);
	return q != NULL ? q : queue_pop(&b->undecided);
}

/* Repeats until no hook has added another question; after that ask() delivers the failure itself. */
static void deliver_rest(struct network *b)
{
	struct query *q;
	bool more = true;

	while (more) {
		take_handed_in(b);
		while ((q = take_any(b)) != NULL)
			if (!is_probe(q))
				deliver(q, NULL);
		pthread_mutex_lock(&b->lock);
		more = b->handed_in.first != NULL;
		b->stopped = !more;
		pthread_mutex_unlock(&b->lock);
	}
}

static void *run(void *arg)
{
	struct network *b = arg;
	char drained[64];

	while (work_off(b)) {
		atomic_store(&b->round_ms, tries_open(b->wire) > 0 ? clock_monotonic_ms() : 0);
		tries_wait(b->wire, b->wake[0]);
		while (read(b->wake[0], drained, sizeof(drained)) > 0)
			;
	}
	tries_free(&b->wire); /* ends its tries: into b->done */
	deliver_rest(b);
	return NULL;
}

/* --- the backend ------------------------------------------------------------------------------ */

static void wake_up(struct network *b)
{
	while (write(b->wake[1], "", 1) < 0 && errno == EINTR) /* a full pipe wakes as well */
		;
}

static void ask(void *ctx, struct dns_question *question, const char *name, enum dns_type type)
{
	struct network *b = ctx;
	struct query *q = query_new(b, question, name, type);
	bool first = false, stopped = false;

	if (q != NULL) {
		pthread_mutex_lock(&b->lock);
		stopped = b->stopped;
		first = b->handed_in.first == NULL;
		if (!stopped)
			queue_push(&b->handed_in, q);
		if (first && !stopped)
			atomic_store(&b->handed_in_ms, clock_monotonic_ms());
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
	struct network *b = ctx;

	return atomic_load_explicit(&b->queries, memory_order_relaxed);
}

static bool is_late(int64_t since_ms, int64_t now_ms)
{
	return since_ms != 0 && now_ms - since_ms > LATE_MS;
}

/* The thread runs at least twice a second while tries are open, and at once when a question is added. */
static bool in_trouble(void *ctx)
{
	struct network *b = ctx;
	int64_t now = clock_monotonic_ms();

	return servers_all_fail(&b->servers) || is_late(atomic_load(&b->round_ms), now) ||
	    is_late(atomic_load(&b->handed_in_ms), now);
}

static bool source(void *ctx, size_t which, struct dns_source *out, struct buf *name)
{
	const struct network *b = ctx;

	if (which >= b->servers.count)
		return false;
	out->health = server_health_text(&b->servers.list[which]);
	out->measured = true;
	histogram_read(&b->servers.list[which].times, &out->times);
	server_describe(&b->servers.list[which], name);
	return true;
}

/* Without a thread. */
static void release(struct network *b)
{
	for (int i = 0; i < 2; i++)
		if (b->wake[i] >= 0)
			close(b->wake[i]);
	tries_free(&b->wire);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

static void network_free(void *ctx)
{
	struct network *b = ctx;

	pthread_mutex_lock(&b->lock);
	b->stopping = true;
	pthread_mutex_unlock(&b->lock);
	wake_up(b);
	pthread_join(b->thread, NULL);
	release(b);
}

/* Without the file, or without a server in it, the loopback: as libc. */
static void read_system_servers(struct servers *s)
{
	struct buf text = BUF_INIT(LIMIT_CONFIG_FILE);
	const char *why;

	if (file_read(RESOLV_CONF, &text, NULL, &why) != RC_OK)
		log_info("%s: %s: using the name server on this host", RESOLV_CONF, why);
	servers_read(s, buf_slice(&text));
	buf_free(&text);
}

static enum rc choose_servers(const struct network_params *params, struct servers *s, struct err *err)
{
	enum rc rc = RC_OK;

	if (params->server_count == 0)
		read_system_servers(s);
	for (size_t i = 0; i < params->server_count; i++) {
		enum rc one = servers_parse(s, params->servers[i], err);

		rc = one == RC_OK ? rc : one;
	}
	return rc;
}

static struct network *network_new(const struct network_params *params)
{
	struct network *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->wake[0] = b->wake[1] = -1;
	b->timeout_ms = params->timeout_ms > 0 ? params->timeout_ms : DEFAULT_TIMEOUT_MS;
	b->tries = params->tries >= 2 ? params->tries : DEFAULT_TRIES;
	queue_init(&b->handed_in);
	queue_init(&b->to_send);
	queue_init(&b->done);
	queue_init(&b->undecided);
	pthread_mutex_init(&b->lock, NULL);
	return b;
}

/* Signals are for the threads that have handlers for them. */
static enum rc start(struct network *b, struct err *err)
{
	sigset_t all, old;
	int failed;

	TRY(tries_new(&b->servers, b->timeout_ms, &b->wire, err));
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

enum rc resolver_network(const struct network_params *params, const struct resolver_params *cache,
    struct resolver **out, struct err *err)
{
	static const struct dns_backend backend = {
		.ask = ask, .free = network_free, .queries = queries,
		.in_trouble = in_trouble, .source = source };
	struct network *b = network_new(params);
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
		network_free(b);
		return RC_NOMEM;
	}
	*out = r;
	return RC_OK;
}

#define ASSAY_MAY_READ_CLOCKS
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/plural.h"

#include "report/history.h"

#define TICK_MS        1000
#define RETRY_MS       1000       /* after a failure; doubled up to */
#define RETRY_MAX_MS   (30 * 1000)
#define STORE_PATIENCE_MS (30 * 1000) /* a batch is written in less; until it ends no line says that rows wait */
#define EXPIRE_MS      (3600 * 1000)

/* A message's time is that of its end, but it may wait for the DNS up to four minutes before it arrives here. */
#define STRAGGLERS     300

/* Items that are written together. */
struct chunk {
	struct chunk *next;
	struct buf items;
	uint64_t messages;
	int64_t sequence;             /* 0: not tried yet */
};

struct history {
	pthread_t thread;
	struct report_settings settings;
	char *location, *host;        /* owned; host is the name that days are marked under */
	char boot[33];
	atomic_int_least64_t clock_offset;

	pthread_mutex_t lock;         /* of the next part */
	pthread_cond_t changed;
	struct chunk *first, *last;   /* the writer's thread takes from the front */
	size_t octets;
	struct history_facts facts;
	bool draining, stopping, finished;
	bool has_secret;
	unsigned char secret[STORE_SECRET_OCTETS];

	struct store *store;          /* from here on: the writer's own; NULL: not open */
	int64_t sequence;
	int64_t next_try, retry_ms;   /* monotonic; 0: it works */
	uint64_t lost_reported;
	int64_t drained;              /* the last day that was marked */
	int64_t next_expire;          /* monotonic */
};

/* --- taking in ------------------------------------------------------------------------------------ */

static struct chunk *chunk_new(void)
{
	struct chunk *c = calloc(1, sizeof(*c));

	if (c != NULL)
		c->items = (struct buf)BUF_INIT(LIMIT_HISTORY_CHUNK);
	return c;
}

static void chunk_free(struct chunk *c)
{
	buf_free(&c->items);
	free(c);
}

/* The last chunk takes it, unless it is full or is being written. */
static struct chunk *chunk_for(struct history *h, size_t octets)
{
	struct chunk *last = h->last;

	if (last != NULL && last->sequence == 0 && last->items.len + octets <= last->items.max)
		return last;
	last = chunk_new();
	if (last == NULL)
		return NULL;
	if (h->last == NULL)
		h->first = last;
	else
		h->last->next = last;
	return h->last = last;
}

/* Into the chunk itself: a copy would cost more than the encoding. */
static bool add_row(struct history *h, struct chunk *c, const struct report_row *row)
{
	size_t begun = store_item_begin(&c->items, STORE_ROW);

	report_row_encode(row, &c->items);
	store_item_end(&c->items, begun);
	if (c->items.len == begun)
		return false;
	h->octets += c->items.len - begun;
	c->messages++;
	h->facts.waiting++;
	return true;
}

bool history_row(struct history *h, const struct report_row *row)
{
	struct chunk *c = NULL;
	bool added;

	pthread_mutex_lock(&h->lock);
	if (!h->finished && h->octets + LIMIT_HISTORY_ITEM <= h->settings.memory)
		c = chunk_for(h, LIMIT_HISTORY_ITEM);
	added = c != NULL && add_row(h, c, row);
	if (!added)
		h->facts.lost++;
	pthread_mutex_unlock(&h->lock);
	return added;
}

static bool add_incident(struct history *h, struct chunk *c, const struct failure_incident *incident)
{
	size_t begun = store_item_begin(&c->items, STORE_INCIDENT);

	failure_encode(incident, &c->items);
	store_item_end(&c->items, begun);
	h->octets += c->items.len - begun;
	return c->items.len > begun;
}

bool history_incident(struct history *h, const struct failure_incident *incident)
{
	struct chunk *c = NULL;
	bool added;

	pthread_mutex_lock(&h->lock);
	if (!h->finished && h->octets + LIMIT_HISTORY_ITEM <= h->settings.memory / 2)
		c = chunk_for(h, LIMIT_HISTORY_ITEM);
	added = c != NULL && add_incident(h, c, incident);
	if (!added)
		h->facts.incidents_lost++;
	pthread_mutex_unlock(&h->lock);
	return added;
}

bool history_secret(struct history *h, unsigned char out[STORE_SECRET_OCTETS])
{
	bool has;

	pthread_mutex_lock(&h->lock);
	has = h->has_secret;
	if (has)
		memcpy(out, h->secret, STORE_SECRET_OCTETS);
	pthread_mutex_unlock(&h->lock);
	return has;
}

void history_set_clock_offset(struct history *h, int64_t seconds)
{
	h->clock_offset = seconds;
}

void history_facts(struct history *h, struct history_facts *out)
{
	pthread_mutex_lock(&h->lock);
	*out = h->facts;
	out->waiting_octets = h->octets;
	pthread_mutex_unlock(&h->lock);
}

/* --- the writer's thread: trouble --------------------------------------------------------------------- */

static void set_away(struct history *h, bool away)
{
	pthread_mutex_lock(&h->lock);
	h->facts.away = away;
	pthread_mutex_unlock(&h->lock);
}

/* Closes the store, so that the next try opens it again: it may have been replaced by then. */
static void trouble(struct history *h, struct err *err)
{
	struct slice rest = buf_slice(&err->text), line = slice_split(&rest, '\n');

	log_repeated(LOG_LEVEL_ERROR, "reports store", "reports: %.*s: mail is still processed, and new rows are "
	    "kept in memory", SLICE_ARG(line.len > 0 ? line : SLICE("out of memory")));
	h->retry_ms = h->retry_ms == 0 ? RETRY_MS : h->retry_ms * 2;
	if (h->retry_ms > RETRY_MAX_MS)
		h->retry_ms = RETRY_MAX_MS;
	h->next_try = clock_monotonic_ms() + h->retry_ms;
	store_close(&h->store);
	set_away(h, true);
}

static void trouble_is_over(struct history *h)
{
	struct history_facts facts;
	uint64_t lost;

	if (h->retry_ms == 0)
		return;
	h->retry_ms = h->next_try = 0;
	set_away(h, false);
	history_facts(h, &facts);
	lost = facts.lost - h->lost_reported;
	log_repeated(LOG_LEVEL_INFO, "reports store works",
	    "reports: %s works again; %llu %s lost to the history meanwhile",
	    sql_name(store_sql(h->store)), (unsigned long long)lost, plural(lost, "message was", "messages were"));
	h->lost_reported = facts.lost;
}

/* Memory can be short with a store that works: a burst, or `memory` is small. */
static void report_lost(struct history *h)
{
	struct history_facts facts;
	uint64_t lost;

	history_facts(h, &facts);
	lost = facts.lost - h->lost_reported;
	if (h->retry_ms != 0 || lost == 0)
		return;
	log_repeated(LOG_LEVEL_WARNING, "reports memory",
	    "reports: %llu %s lost to the history: reports { memory } is full",
	    (unsigned long long)lost, plural(lost, "message was", "messages were"));
	h->lost_reported = facts.lost;
}

/* --- the writer's thread: writing ----------------------------------------------------------------------- */

static int64_t now_of(const struct history *h)
{
	return clock_now() + h->clock_offset;
}

static struct chunk *first_chunk(struct history *h)
{
	struct chunk *c;

	pthread_mutex_lock(&h->lock);
	c = h->first;
	if (c != NULL && c->sequence == 0)
		c->sequence = ++h->sequence; /* nothing is appended from now on */
	pthread_mutex_unlock(&h->lock);
	return c;
}

static void written(struct history *h, struct chunk *c, const struct store_added *added)
{
	pthread_mutex_lock(&h->lock);
	h->first = c->next;
	if (h->first == NULL)
		h->last = NULL;
	h->octets -= c->items.len;
	h->facts.waiting -= c->messages;
	h->facts.written += c->messages - added->refused;
	h->facts.refused += added->refused;
	h->facts.overflow += added->overflow;
	h->facts.late += added->late;
	h->facts.incidents += added->incidents - added->incidents_left_out;
	h->facts.incidents_left_out += added->incidents_left_out;
	pthread_mutex_unlock(&h->lock);
	chunk_free(c);
}

/* The store that is there now may be another one than before. */
static enum rc take_secret(struct history *h, struct err *err)
{
	unsigned char secret[STORE_SECRET_OCTETS];

	TRY(store_secret(h->store, secret, err));
	pthread_mutex_lock(&h->lock);
	memcpy(h->secret, secret, sizeof(secret));
	h->has_secret = true;
	pthread_mutex_unlock(&h->lock);
	return RC_OK;
}

static enum rc open_store(struct history *h, struct err *err)
{
	if (h->store != NULL)
		return RC_OK;
	TRY(store_open(slice_str(h->location), &h->store, err));
	sql_set_patience(store_sql(h->store), STORE_PATIENCE_MS);
	return take_secret(h, err);
}

/* A chunk that the store rejects as a whole is dropped and counted, as a single row is. */
static enum rc write_chunk(struct history *h, struct chunk *c, struct err *err)
{
	struct store_batch batch = { .host = slice_str(h->host), .boot = slice_str(h->boot),
		.sequence = c->sequence, .now = now_of(h), .items = buf_slice(&c->items),
		.rows_of_domain = h->settings.domain_rows, .rows_of_day = h->settings.day_rows,
		.incidents_of_domain = h->settings.failure.per_domain,
		.incidents_of_hour = h->settings.failure.per_hour };
	struct store_added added = { 0 };
	enum rc rc = store_add(h->store, &batch, &added, err);

	if (rc == RC_REFUSED)
		added = (struct store_added){ .refused = c->messages };
	else if (rc != RC_OK)
		return rc;
	if (added.refused > 0) {
		struct slice rest = buf_slice(&err->text), line = slice_split(&rest, '\n');

		log_error("reports: %llu %s: %.*s", (unsigned long long)added.refused, plural(added.refused,
		    "message was dropped, because the store rejects it",
		    "messages were dropped, because the store rejects them"), SLICE_ARG(line));
	}
	written(h, c, &added);
	return RC_OK;
}

static enum rc write_all(struct history *h, struct err *err)
{
	struct chunk *c;

	TRY(open_store(h, err));
	while ((c = first_chunk(h)) != NULL)
		TRY(write_chunk(h, c, err));
	return RC_OK;
}

/* Marks days as drained: all that arrived before since is written, so no more rows of those days can follow. */
static enum rc mark_days(struct history *h, int64_t since, struct err *err)
{
	int64_t day = (since - STRAGGLERS) / SECONDS_OF_DAY - 1;

	if (day <= h->drained)
		return RC_OK;
	TRY(store_drained(h->store, slice_str(h->host), day, since, err));
	h->drained = day;
	return RC_OK;
}

static enum rc expire(struct history *h, struct err *err)
{
	int64_t now = clock_monotonic_ms();
	int64_t today;
	bool done = false;

	if (now < h->next_expire)
		return RC_OK;
	TRY(sql_earlier(store_sql(h->store), now_of(h), &today, err));
	TRY(store_incidents_forget(h->store, today - STORE_INCIDENTS_KEPT, err));
	TRY(store_expire(h->store, (today - h->settings.keep_seconds) / SECONDS_OF_DAY, &done, err));
	if (done)
		h->next_expire = now + EXPIRE_MS;
	return RC_OK;
}

static enum rc work(struct history *h, struct err *err)
{
	int64_t since = now_of(h);

	TRY(write_all(h, err));
	TRY(mark_days(h, since, err));
	return expire(h, err);
}

/* While it drains it tries at every tick. */
static void tick(struct history *h, bool draining)
{
	struct err err = ERR_INIT;

	if (!draining && clock_monotonic_ms() < h->next_try)
		return;
	if (work(h, &err) == RC_OK)
		trouble_is_over(h);
	else
		trouble(h, &err);
	report_lost(h);
	err_free(&err);
}

/* Waits for a second, or until there is work.  False: the thread must end. */
static bool wait_for_tick(struct history *h, bool *draining)
{
	struct timespec until;
	bool go_on;

	clock_gettime(CLOCK_MONOTONIC, &until); /* as changed goes by */
	until.tv_sec += TICK_MS / 1000;
	pthread_mutex_lock(&h->lock);
	while (!h->draining && !h->stopping && pthread_cond_timedwait(&h->changed, &h->lock, &until) == 0)
		;
	*draining = h->draining;
	go_on = !h->stopping && !(h->draining && h->first == NULL);
	pthread_mutex_unlock(&h->lock);
	return go_on;
}

static void *writer(void *arg)
{
	struct history *h = arg;
	bool draining = false;

	while (wait_for_tick(h, &draining)) {
		tick(h, draining);
		if (draining && h->retry_ms != 0)
			nanosleep(&(struct timespec){ .tv_nsec = 100 * 1000 * 1000 }, NULL);
	}
	store_close(&h->store); /* SQLite puts its log into the file */
	pthread_mutex_lock(&h->lock);
	h->finished = true;
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

/* --- life ------------------------------------------------------------------------------------------- */

static bool name_boot(struct history *h, struct slice instance)
{
	char host[LIMIT_DOMAIN_OCTETS + 1] = "";
	unsigned char random[16];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return false;
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(h->boot + 2 * i, 3, "%02x", random[i]);
	if (gethostname(host, sizeof(host) - 1) != 0 || host[0] == '\0')
		snprintf(host, sizeof(host), "localhost");
	return asprintf(&h->host, "%s %.*s", host, SLICE_ARG(instance)) > 0;
}

enum rc history_start(const struct report_settings *settings, struct slice instance, struct history **out)
{
	struct history *h = calloc(1, sizeof(*h));
	pthread_condattr_t monotonic;

	if (h == NULL)
		return RC_NOMEM;
	h->settings = *settings;
	h->location = strndup(settings->store.ptr, settings->store.len);
	h->clock_offset = settings->test_clock_offset;
	h->drained = -1;
	pthread_mutex_init(&h->lock, NULL);
	pthread_condattr_init(&monotonic); /* a change of the time of day must not stop the writer */
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&h->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (h->location == NULL || !name_boot(h, instance) || pthread_create(&h->thread, NULL, writer, h) != 0) {
		free(h->location);
		free(h->host);
		free(h);
		return RC_IO;
	}
	*out = h;
	return RC_OK;
}

uint64_t history_drain(struct history *h, int64_t limit_ms)
{
	struct timespec until;
	uint64_t left;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(limit_ms / 1000);
	pthread_mutex_lock(&h->lock);
	h->draining = true;
	pthread_cond_broadcast(&h->changed);
	while (!h->finished && pthread_cond_timedwait(&h->changed, &h->lock, &until) == 0)
		;
	left = h->facts.waiting;
	pthread_mutex_unlock(&h->lock);
	return left;
}

void history_stop(struct history **h)
{
	struct history *old = *h;

	*h = NULL;
	if (old == NULL)
		return;
	pthread_mutex_lock(&old->lock);
	old->stopping = true;
	pthread_cond_broadcast(&old->changed);
	pthread_mutex_unlock(&old->lock);
	pthread_join(old->thread, NULL);
	while (old->first != NULL) {
		struct chunk *c = old->first;

		old->first = c->next;
		chunk_free(c);
	}
	pthread_cond_destroy(&old->changed);
	pthread_mutex_destroy(&old->lock);
	free(old->location);
	free(old->host);
	free(old);
}

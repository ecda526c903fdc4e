#include <pthread.h>
#include <stdatomic.h>

#include "base/histogram.h"

#include "daemon/counters.h"

#define ACTION_COUNT     (ACTION_REJECT + 1)
#define AUTH_COUNT       (AUTH_PERMERROR + 1)
#define OVERRIDE_COUNT   (OVERRIDE_TRUSTED_FORWARDER + 1)

typedef atomic_uint_least64_t counter;

/* Every member is a counter or an array of them: as a whole it is copied as one array. */
static struct {
	counter messages[CLASS_COUNT][ACTION_COUNT];
	counter would[ACTION_COUNT];                /* where it differs from what was done */
	counter spf[AUTH_COUNT], dkim[AUTH_COUNT], arc[AUTH_COUNT], dmarc[AUTH_COUNT];
	counter overrides[OVERRIDE_COUNT];
	counter signatures, unsigned_by[SIGNING_WHY_COUNT];
	counter sealed;
	counter aborted, not_applied, failed, local_trouble;
} counts;

#define COUNTERS (sizeof(counts) / sizeof(counter))

/* Questions to the DNS that one message asked; most ask fewer than ten. */
static const int64_t question_limits[] = { 0, 1, 2, 5, 10, 20, 50, 100, 200 };

static struct histogram verdict_times = { .limits = histogram_times_ms, .limit_count = HISTOGRAM_TIMES };
static struct histogram questions = HISTOGRAM_INIT(question_limits);

static pthread_mutex_t windows_lock = PTHREAD_MUTEX_INITIALIZER;
static struct windows *windows; /* guarded by windows_lock; NULL: before the first tick */

static void add(counter *c, uint64_t n)
{
	atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

static uint64_t value(counter *c)
{
	return atomic_load_explicit(c, memory_order_relaxed);
}

/* --- adding ----------------------------------------------------------------------------------- */

static void add_verdict(const struct verdict *v)
{
	if (v->spf_checked)
		add(&counts.spf[v->spf.r.result], 1);
	for (size_t i = 0; v->dkim_checked && i < v->dkim.count; i++)
		add(&counts.dkim[v->dkim.items[i].result], 1);
	if (v->dkim_checked && v->dkim.count == 0)
		add(&counts.dkim[AUTH_NONE], 1);
	if (v->arc_checked)
		add(&counts.arc[v->arc.result], 1);
	if (v->dmarc_checked)
		add(&counts.dmarc[v->dmarc.result], 1);
	if (v->local_trouble)
		add(&counts.local_trouble, 1);
}

static void add_actions(const struct outcome *o)
{
	const struct actions *a = &o->actions;

	add(&counts.messages[o->class][a->action], 1);
	if (a->would != a->action)
		add(&counts.would[a->would], 1);
	for (size_t i = 0; i < a->override_count; i++)
		add(&counts.overrides[a->overrides[i].type], 1);
}

static void add_signing(const struct outcome *o)
{
	add(&counts.signatures, o->signature_count);
	if (o->unsigned_why != SIGNING_DONE)
		add(&counts.unsigned_by[o->unsigned_why], 1);
	if (o->sealed.instance > 0)
		add(&counts.sealed, 1);
}

void counters_outcome(const struct outcome *o, const struct settings *settings)
{
	(void)settings;
	histogram_add(&questions, (int64_t)o->dns_questions);
	if (o->ending == OUTCOME_ABORTED) {
		add(&counts.aborted, 1);
		return;
	}
	if (o->ending == OUTCOME_NOT_APPLIED)
		add(&counts.not_applied, 1);
	if (o->failed)
		add(&counts.failed, 1);
	add_actions(o);
	add_verdict(&o->verdict);
	add_signing(o);
	histogram_add(&verdict_times, o->elapsed_ms);
}

/* --- the last minute, hour and day ------------------------------------------------------------- */

void counters_tick(int64_t now_ms)
{
	counter *all = (counter *)&counts;
	uint64_t values[COUNTERS];

	for (size_t i = 0; i < COUNTERS; i++)
		values[i] = value(&all[i]);
	pthread_mutex_lock(&windows_lock);
	if (windows == NULL)
		windows = windows_new(COUNTERS, now_ms); /* out of memory: tried again by the next tick */
	if (windows != NULL)
		windows_tick(windows, values, now_ms);
	pthread_mutex_unlock(&windows_lock);
}

/* Adds the counter c as what fact says of it. */
static void write_counter(struct facts *f, counter *c, struct fact fact)
{
	uint64_t recent[WINDOW_COUNT];
	size_t index = (size_t)(c - (counter *)&counts);

	fact.value = value(c);
	pthread_mutex_lock(&windows_lock);
	for (enum window w = 0; w < WINDOW_COUNT; w++)
		recent[w] = windows == NULL ? fact.value : windows_growth(windows, w, index, fact.value);
	pthread_mutex_unlock(&windows_lock);
	fact.recent = recent;
	facts_add(f, &fact);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void write_messages(struct facts *f)
{
	facts_family(f, "messages", FACTS_COUNTER, "Messages by their class and by what was done");
	for (size_t c = 0; c < CLASS_COUNT; c++)
		for (size_t a = 0; a < ACTION_COUNT; a++)
			write_counter(f, &counts.messages[c][a], (struct fact){
			    .label = "class", .text = class_rules((enum message_class)c)->name,
			    .label2 = "action", .text2 = action_text((enum action)a) });
	facts_family(f, "would", FACTS_COUNTER,
	    "Messages that enforce = yes would have handled differently");
	for (size_t a = 0; a < ACTION_COUNT; a++)
		write_counter(f, &counts.would[a], (struct fact){ .label = "action",
		    .text = action_text((enum action)a) });
}

static void write_results(struct facts *f)
{
	static const struct {
		const char *method;
		counter *counts;
	} methods[] = { { "spf", counts.spf }, { "dkim", counts.dkim }, { "arc", counts.arc },
		{ "dmarc", counts.dmarc } };

	facts_family(f, "results", FACTS_COUNTER, "Results by method; DKIM has one for each signature");
	for (size_t m = 0; m < N_ELEMENTS(methods); m++)
		for (size_t r = 0; r < AUTH_COUNT; r++)
			write_counter(f, &methods[m].counts[r], (struct fact){ .label = "method",
			    .text = methods[m].method, .label2 = "result",
			    .text2 = auth_result_text((enum auth_result)r) });
	facts_family(f, "overrides", FACTS_COUNTER, "Departures from published policies, by their reason");
	for (size_t t = 0; t < OVERRIDE_COUNT; t++)
		write_counter(f, &counts.overrides[t], (struct fact){ .label = "type",
		    .text = override_type_text((enum override_type)t) });
}

static void write_signing(struct facts *f)
{
	facts_family(f, "signatures", FACTS_COUNTER, "Signatures made");
	facts_value(f, value(&counts.signatures));
	facts_family(f, "seals", FACTS_COUNTER, "ARC sets added");
	facts_value(f, value(&counts.sealed));
	facts_family(f, "unsigned", FACTS_COUNTER, "Messages that were to be signed and were not, by reason");
	for (enum signing_why w = SIGNING_DONE + 1; w < SIGNING_WHY_COUNT; w++)
		write_counter(f, &counts.unsigned_by[w], (struct fact){ .label = "reason",
		    .text = signing_why_code(w) });
}

static void write_trouble(struct facts *f)
{
	static const struct {
		const char *kind;
		counter *count;
	} kinds[] = {
		{ "aborted", &counts.aborted },
		{ "not-applied", &counts.not_applied },
		{ "ceiling-or-memory", &counts.failed },
		{ "local-dns", &counts.local_trouble },
	};

	facts_family(f, "trouble", FACTS_COUNTER, "Messages that did not end normally, by kind");
	for (size_t i = 0; i < N_ELEMENTS(kinds); i++)
		write_counter(f, kinds[i].count, (struct fact){ .label = "kind", .text = kinds[i].kind });
}

static void write_times(struct facts *f)
{
	struct histogram_values h;

	histogram_read(&verdict_times, &h);
	facts_family(f, "verdict_seconds", FACTS_HISTOGRAM,
	    "Seconds from the end of a message to the answer");
	facts_histogram(f, NULL, NULL, &h, 1000);
	histogram_read(&questions, &h);
	facts_family(f, "message_dns_questions", FACTS_HISTOGRAM, "DNS questions that one message asked");
	facts_histogram(f, NULL, NULL, &h, 1);
}

void counters_write(struct facts *f)
{
	write_messages(f);
	write_results(f);
	write_signing(f);
	write_trouble(f);
	write_times(f);
}

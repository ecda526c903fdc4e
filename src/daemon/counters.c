#include <stdatomic.h>

#include "daemon/counters.h"

#define ACTION_COUNT     (ACTION_REJECT + 1)
#define AUTH_COUNT       (AUTH_PERMERROR + 1)
#define OVERRIDE_COUNT   (OVERRIDE_TRUSTED_FORWARDER + 1)

typedef atomic_uint_least64_t counter;

/* Upper limits of the histogram's buckets. */
static const int64_t verdict_limits_ms[] = { 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000,
	20000 };

static counter messages[CLASS_COUNT][ACTION_COUNT];
static counter would[ACTION_COUNT];                /* where it differs from what was done */
static counter spf[AUTH_COUNT], dkim[AUTH_COUNT], dmarc[AUTH_COUNT];
static counter overrides[OVERRIDE_COUNT];
static counter signatures, unsigned_by[SIGNING_WHY_COUNT];
static counter aborted, not_applied, failed;
static counter questions;
static counter verdicts[N_ELEMENTS(verdict_limits_ms) + 1], verdicts_ms;

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
		add(&spf[v->spf.r.result], 1);
	for (size_t i = 0; v->dkim_checked && i < v->dkim.count; i++)
		add(&dkim[v->dkim.items[i].result], 1);
	if (v->dkim_checked && v->dkim.count == 0)
		add(&dkim[AUTH_NONE], 1);
	if (v->dmarc_checked)
		add(&dmarc[v->dmarc.result], 1);
}

static void add_actions(const struct outcome *o)
{
	const struct actions *a = &o->actions;

	add(&messages[o->class][a->action], 1);
	if (a->would != a->action)
		add(&would[a->would], 1);
	for (size_t i = 0; i < a->override_count; i++)
		add(&overrides[a->overrides[i].type], 1);
}

static void add_time(int64_t elapsed_ms)
{
	size_t i = 0;

	while (i < N_ELEMENTS(verdict_limits_ms) && elapsed_ms > verdict_limits_ms[i])
		i++;
	add(&verdicts[i], 1);
	add(&verdicts_ms, (uint64_t)elapsed_ms);
}

void counters_outcome(const struct outcome *o, const struct settings *settings)
{
	(void)settings;
	add(&questions, o->dns_questions);
	if (o->ending == OUTCOME_ABORTED) {
		add(&aborted, 1);
		return;
	}
	if (o->ending == OUTCOME_NOT_APPLIED)
		add(&not_applied, 1);
	if (o->failed)
		add(&failed, 1);
	add_actions(o);
	add_verdict(&o->verdict);
	add(&signatures, o->signature_count);
	if (o->unsigned_why != SIGNING_DONE)
		add(&unsigned_by[o->unsigned_why], 1);
	add_time(o->elapsed_ms);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void write_messages(struct facts *f)
{
	facts_family(f, "messages", FACTS_COUNTER, "Messages by their class and by what was done");
	for (size_t c = 0; c < CLASS_COUNT; c++)
		for (size_t a = 0; a < ACTION_COUNT; a++)
			facts_labelled2(f, "class", class_rules((enum message_class)c)->name, "action",
			    action_text((enum action)a), value(&messages[c][a]));
	facts_family(f, "would", FACTS_COUNTER,
	    "Messages with which enforce = yes would have done something else than was done");
	for (size_t a = 0; a < ACTION_COUNT; a++)
		facts_labelled(f, "action", action_text((enum action)a), value(&would[a]));
}

static void write_results(struct facts *f)
{
	static const struct {
		const char *method;
		counter *counts;
	} methods[] = { { "spf", spf }, { "dkim", dkim }, { "dmarc", dmarc } };

	facts_family(f, "results", FACTS_COUNTER, "Results by method; DKIM has one for each signature");
	for (size_t m = 0; m < N_ELEMENTS(methods); m++)
		for (size_t r = 0; r < AUTH_COUNT; r++)
			facts_labelled2(f, "method", methods[m].method, "result",
			    auth_result_text((enum auth_result)r), value(&methods[m].counts[r]));
	facts_family(f, "overrides", FACTS_COUNTER, "Departures from published policies, by their reason");
	for (size_t t = 0; t < OVERRIDE_COUNT; t++)
		facts_labelled(f, "type", override_type_text((enum override_type)t), value(&overrides[t]));
}

static void write_signing(struct facts *f)
{
	facts_family(f, "signatures", FACTS_COUNTER, "Signatures made");
	facts_value(f, value(&signatures));
	facts_family(f, "unsigned", FACTS_COUNTER, "Messages that were to be signed and were not, by reason");
	for (enum signing_why w = SIGNING_DONE + 1; w < SIGNING_WHY_COUNT; w++)
		facts_labelled(f, "reason", signing_why_code(w), value(&unsigned_by[w]));
}

static void write_trouble(struct facts *f)
{
	facts_family(f, "trouble", FACTS_COUNTER, "Messages with an end out of the ordinary");
	facts_labelled(f, "kind", "aborted", value(&aborted));
	facts_labelled(f, "kind", "not-applied", value(&not_applied));
	facts_labelled(f, "kind", "ceiling-or-memory", value(&failed));
}

static void write_times(struct facts *f)
{
	uint64_t counts[N_ELEMENTS(verdicts)];

	for (size_t i = 0; i < N_ELEMENTS(verdicts); i++)
		counts[i] = value(&verdicts[i]);
	facts_family(f, "verdict_seconds", FACTS_HISTOGRAM,
	    "Time from the end of a message to the answer");
	facts_histogram(f, verdict_limits_ms, counts, N_ELEMENTS(verdict_limits_ms), value(&verdicts_ms));
	facts_family(f, "dns_questions_of_messages", FACTS_COUNTER, "Questions that messages asked");
	facts_value(f, value(&questions));
}

void counters_write(struct facts *f)
{
	write_messages(f);
	write_results(f);
	write_signing(f);
	write_trouble(f);
	write_times(f);
}

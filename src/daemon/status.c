#include "base/clock.h"
#include "base/log.h"
#include "daemon/ceiling.h"
#include "daemon/counters.h"

#include "daemon/status.h"

static void write_daemon(struct facts *f, const struct services_facts *s)
{
	facts_family(f, "uptime_seconds", FACTS_GAUGE, "Seconds since the start");
	facts_value(f, (uint64_t)(clock_now() - s->started));
	facts_family(f, "configuration_generation", FACTS_GAUGE,
	    "Number of the configuration in force: 1 that of the start, one more for each reload");
	facts_value(f, s->generation);
	facts_family(f, "configuration_refused", FACTS_COUNTER, "Reloads that were refused");
	facts_value(f, s->refused);
	facts_family(f, "mta_connections", FACTS_GAUGE, "Connections of the MTA that are open");
	facts_value(f, ceiling_sessions());
	facts_family(f, "log_dropped", FACTS_COUNTER, "Lines for which the log had no room");
	facts_value(f, log_dropped());
}

static void write_dns(struct facts *f, const struct resolver *resolver)
{
	struct resolver_counters c;

	resolver_counters(resolver, &c);
	facts_family(f, "dns_questions", FACTS_COUNTER, "Questions to the resolver, by where the answer came from");
	facts_labelled(f, "from", "cache", c.cache_hits);
	facts_labelled(f, "from", "elsewhere", c.questions - c.cache_hits);
	facts_family(f, "dns_queries", FACTS_COUNTER, "Queries sent to name servers");
	facts_value(f, c.queries);
	facts_family(f, "dns_query_trouble", FACTS_COUNTER, "Queries without a useful answer");
	facts_labelled(f, "kind", "timeout", c.timeouts);
	facts_labelled(f, "kind", "failure", c.failures);
	facts_family(f, "dns_cache_entries", FACTS_GAUGE, "Answers in the cache");
	facts_value(f, c.cache_entries);
}

/* What is no number, for people. */
static void write_texts(struct services *services, const struct snapshot *snapshot, const char *config,
    struct buf *out)
{
	const struct settings *s = snapshot_settings(snapshot);
	struct err waiting = ERR_INIT;

	buf_addf(out, "assayd " ASSAY_VERSION ", configuration %s, listening on %.*s\n", config,
	    SLICE_ARG(s->listen));
	buf_add_str(out, "Name servers: ");
	resolver_describe(snapshot_resolver(snapshot), out);
	buf_add_char(out, '\n');
	services_need_restart(services, &waiting);
	buf_add(out, buf_slice(&waiting.text));
	err_free(&waiting);
}

void status_write(struct services *services, const char *config, enum facts_form form,
    struct buf *out)
{
	struct facts f = { .out = out, .form = form };
	struct snapshot *snapshot = services_snapshot(services);
	struct services_facts facts;

	services_facts(services, &facts);
	if (form == FACTS_TEXT)
		write_texts(services, snapshot, config, out);
	write_daemon(&f, &facts);
	write_dns(&f, snapshot_resolver(snapshot));
	counters_write(&f);
	facts_end(&f);
	snapshot_release(&snapshot);
}

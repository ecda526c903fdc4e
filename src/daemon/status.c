#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/ceiling.h"
#include "daemon/counters.h"
#include "daemon/keyfacts.h"

#include "daemon/status.h"

/* --- the daemon ------------------------------------------------------------------------------- */

static void write_daemon(struct facts *f, const struct services_facts *s, const struct err *waiting)
{
	if (facts_are_metrics(f)) {
		facts_family(f, "build_info", FACTS_GAUGE, "1, with the version");
		facts_labelled(f, "version", ASSAY_VERSION, 1);
	}
	facts_family(f, "uptime_seconds", FACTS_GAUGE, "Seconds since the start");
	facts_value(f, (uint64_t)(clock_now() - s->started));
	facts_family(f, "configuration_generation", FACTS_GAUGE,
	    "Configuration in force (1 is that of the start, one more for each reload)");
	facts_value(f, s->generation);
	facts_family(f, "configuration_refused", FACTS_COUNTER, "Reloads that were refused");
	facts_value(f, s->refused);
	facts_family(f, "configuration_restart_pending", FACTS_GAUGE,
	    "Changed options that take effect when the daemon is restarted");
	facts_value(f, waiting->warnings);
	facts_family(f, "mta_connections", FACTS_GAUGE, "Connections of the MTA that are open");
	facts_value(f, ceiling_sessions());
	facts_family(f, "log_dropped", FACTS_COUNTER, "Log lines dropped because the log was full");
	facts_value(f, log_dropped());
}

static void write_configuration(struct facts *f, const struct settings *s, const char *config)
{
	facts_text(f, "daemon", "Daemon", SLICE("assayd " ASSAY_VERSION));
	facts_text(f, "configuration", "Configuration", slice_str(config));
	facts_text(f, "listen", "Listening on", s->listen);
}

static void write_waiting(struct facts *f, const struct err *waiting)
{
	struct slice rest = buf_slice(&waiting->text);

	facts_list(f, "waiting_for_restart", "Waiting for a restart");
	while (rest.len > 0) {
		struct slice line = slice_split(&rest, '\n');
		struct buf text = BUF_INIT(LIMIT_LOG_LINE);

		if (slice_starts_with(line, SLICE("warning: ")))
			line = slice_drop(line, 9);
		buf_add(&text, line);
		facts_row(f, buf_cstr(&text));
		facts_row_text(f, "text", line);
		facts_row_end(f);
		buf_free(&text);
	}
}

/* --- DNS -------------------------------------------------------------------------------------- */

static void write_server_row(struct facts *f, const struct dns_source *source, const struct buf *name)
{
	struct buf line = BUF_INIT(512);

	buf_addf(&line, "%s: %s", buf_cstr(name), source->health);
	facts_row(f, buf_cstr(&line));
	facts_row_text(f, "server", buf_slice(name));
	facts_row_text(f, "health", slice_str(source->health));
	facts_row_end(f);
	buf_free(&line);
}

static void write_health(struct facts *f, const struct dns_source *source, const struct buf *name)
{
	facts_labelled(f, "server", buf_cstr(name), strcmp(source->health, "works") == 0);
}

static void write_latency(struct facts *f, const struct dns_source *source, const struct buf *name)
{
	if (source->measured)
		facts_histogram(f, "server", buf_cstr(name), &source->times, 1000);
}

/* The servers are the operator's own, a few. */
static void each_server(struct facts *f, const struct resolver *resolver,
    void (*write)(struct facts *f, const struct dns_source *source, const struct buf *name))
{
	struct buf name = BUF_INIT(256);
	struct dns_source source;

	for (size_t i = 0; resolver_source(resolver, i, &source, &name); i++) {
		write(f, &source, &name);
		buf_clear(&name);
	}
	buf_free(&name);
}

static void write_servers(struct facts *f, const struct resolver *resolver)
{
	if (facts_are_metrics(f)) {
		facts_family(f, "dns_server_up", FACTS_GAUGE,
		    "1 if the name server answers; 0 if it fails or is suspected to fail");
		each_server(f, resolver, write_health);
	} else {
		facts_list(f, "name_servers", "Name servers");
		each_server(f, resolver, write_server_row);
	}
	facts_family(f, "dns_latency_seconds", FACTS_HISTOGRAM, "Seconds from a query to its answer, by name server");
	each_server(f, resolver, write_latency);
}

static void write_dns(struct facts *f, const struct resolver *resolver)
{
	struct resolver_counters c;

	resolver_counters(resolver, &c);
	write_servers(f, resolver);
	facts_family(f, "dns_questions", FACTS_COUNTER, "Questions to the resolver, by where the answer came from");
	facts_labelled(f, "from", "cache", c.cache_hits);
	facts_labelled(f, "from", "elsewhere", c.questions - c.cache_hits);
	facts_family(f, "dns_queries", FACTS_COUNTER, "Queries sent to name servers");
	facts_value(f, c.queries);
	facts_family(f, "dns_query_trouble", FACTS_COUNTER, "Questions without a useful answer");
	facts_labelled(f, "kind", "timeout", c.timeouts);
	facts_labelled(f, "kind", "failure", c.failures);
	facts_labelled(f, "kind", "refused", c.refused);
	facts_family(f, "dns_cache_entries", FACTS_GAUGE, "Answers in the cache");
	facts_value(f, c.cache_entries);
}

/* --- the newest lines about trouble ------------------------------------------------------------ */

static void write_kept(struct facts *f, const struct log_kept *kept)
{
	const char *level = kept->level == LOG_LEVEL_ERROR ? "error" : "warning";
	struct slice text = slice_of(kept->line, kept->len);
	struct buf line = BUF_INIT(LIMIT_LOG_LINE);
	time_t at = (time_t)kept->time;
	char stamp[40] = "";
	struct tm tm;

	if (localtime_r(&at, &tm) != NULL)
		(void)strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &tm);
	if (slice_starts_with(text, SLICE("warning: ")) || slice_starts_with(text, SLICE("finding: ")))
		buf_addf(&line, "%s %.*s", stamp, SLICE_ARG(text)); /* base/err.h has its own words for that */
	else
		buf_addf(&line, "%s %s: %.*s", stamp, level, SLICE_ARG(text));
	facts_row(f, buf_cstr(&line));
	facts_row_number(f, "time", kept->time);
	facts_row_text(f, "level", slice_str(level));
	facts_row_text(f, "line", text);
	facts_row_end(f);
	buf_free(&line);
}

static void write_errors(struct facts *f)
{
	struct log_kept kept[LIMIT_LOG_KEPT];
	size_t count = log_kept(kept);

	facts_list(f, "errors", "Last errors and warnings");
	for (size_t i = 0; i < count; i++)
		write_kept(f, &kept[i]);
}

/* --- the whole -------------------------------------------------------------------------------- */

static void write_history(struct facts *f, struct history *history)
{
	struct history_facts h;

	if (history == NULL)
		return;
	history_facts(history, &h);
	facts_family(f, "history_store_away", FACTS_GAUGE, "1 if the store of reports does not work, else 0");
	facts_value(f, h.away);
	facts_family(f, "history_waiting", FACTS_GAUGE, "Messages that wait for the store of reports");
	facts_value(f, h.waiting);
	facts_family(f, "history_waiting_octets", FACTS_GAUGE,
	    "Memory used by messages that wait for the store of reports, in octets");
	facts_value(f, h.waiting_octets);
	facts_family(f, "history_messages", FACTS_COUNTER, "Messages passed to the store of reports, by result");
	facts_labelled(f, "end", "written", h.written);
	facts_labelled(f, "end", "lost", h.lost);
	facts_labelled(f, "end", "refused", h.refused);
	facts_family(f, "history_set_apart", FACTS_COUNTER,
	    "Messages that were written but have no report row of their own, by reason");
	facts_labelled(f, "why", "overflow", h.overflow);
	facts_labelled(f, "why", "late", h.late);
	facts_family(f, "history_incidents", FACTS_COUNTER, "Messages passed to the store for failure reports, by result");
	facts_labelled(f, "end", "written", h.incidents);
	facts_labelled(f, "end", "left_out", h.incidents_left_out);
	facts_labelled(f, "end", "lost", h.incidents_lost);
}

void status_write(struct services *services, const char *config, enum facts_form form,
    struct buf *out)
{
	struct facts f = { .out = out, .form = form };
	struct snapshot *snapshot = services_snapshot(services);
	const struct settings *s = snapshot_settings(snapshot);
	struct err waiting = ERR_INIT;
	struct services_facts facts;

	services_facts(services, &facts);
	services_need_restart(services, &waiting);
	facts_begin(&f);
	write_configuration(&f, s, config);
	write_daemon(&f, &facts, &waiting);
	write_waiting(&f, &waiting);
	keyfacts_write(&f, s, clock_now());
	write_dns(&f, snapshot_resolver(snapshot));
	counters_write(&f);
	write_history(&f, services_history(services));
	write_errors(&f);
	facts_end(&f);
	err_free(&waiting);
	snapshot_release(&snapshot);
}

#include "base/limits.h"
#include "base/log.h"
#include "daemon/counters.h"
#include "signing/tables.h"
#include "verdict/json.h"
#include "verdict/logline.h"

#include "daemon/observers.h"

static enum log_level level_of(const struct outcome *o)
{
	static const enum log_level levels[] = {
		[OUTCOME_APPLIED] = LOG_LEVEL_INFO,
		[OUTCOME_NOT_APPLIED] = LOG_LEVEL_ERROR,
		[OUTCOME_ABORTED] = LOG_LEVEL_DEBUG, /* each recipient that the MTA refuses may make one */
	};

	return levels[o->ending];
}

/* The journal keeps each value of the line, whatever the line's format, as a field of its own. */
static struct slice fields_of(const struct outcome *o, struct buf *fields)
{
	struct buf line = BUF_INIT(LIMIT_OUTCOME_LINE);

	if (log_takes_fields()) {
		outcome_log_line(o, &line);
		outcome_log_fields(buf_slice(&line), fields);
	}
	buf_free(&line);
	return buf_slice(fields);
}

static void log_outcome(const struct outcome *o, const struct settings *settings)
{
	struct buf line = BUF_INIT(LIMIT_OUTCOME_LINE), fields = BUF_INIT(2 * LIMIT_OUTCOME_LINE);

	if (level_of(o) > settings->log.level)
		return;
	if (settings->log_format != LOG_FORMAT_JSON || json_outcome(o, 0, &line) != RC_OK) {
		buf_clear(&line);
		outcome_log_line(o, &line);
	}
	log_line_with(level_of(o), buf_slice(&line), fields_of(o, &fields));
	buf_free(&fields);
	buf_free(&line);
}

/* One row for each author domain that asks for reports. */
static void keep_outcome(struct history *history, const struct outcome *o, const struct settings *settings)
{
	struct report_row row;

	for (size_t i = 0; history != NULL && i < o->verdict.dmarc.author_count; i++)
		if (report_row_of(o, &settings->reports, i, &row))
			(void)history_row(history, &row); /* counts what it loses */
}

/* Is the author domain, or one above it up to that of the policy, signed for here? */
static bool is_signed_here(const struct settings *s, struct arena *a, const struct dmarc_author_result *author)
{
	struct table_matches matches = { .count = 0 };
	struct slice address = arena_printf(a, "postmaster@%.*s", SLICE_ARG(author->domain.name));

	for (struct domain d = author->domain; s->keystore != NULL && !domain_is_none(d) &&
	    domain_is_at_or_below(d, author->discovery.policy_domain); d = domain_parent(d))
		if (keystore_has(s->keystore, d, SLICE_NULL))
			return true;
	return s->policy.signing.tables != NULL && !slice_is_null(address) &&
	    sign_tables_find(s->policy.signing.tables, a, address, &matches) == RC_OK && matches.count > 0;
}

static void keep_incident(struct history *history, const struct outcome *o, const struct settings *settings, size_t i,
    struct slice secret)
{
	const struct dmarc_author_result *author = &o->verdict.dmarc.authors[i];
	struct failure_incident incident;

	if (!slice_is_null(author->discovery.record.ruf) && failure_incident_of(o, &settings->reports, i,
		is_signed_here(settings, o->message->arena, author), secret, &incident))
		(void)history_incident(history, &incident); /* counts what it loses */
}

/* Without the store's secret nothing can be redacted, and nothing is kept. */
static void keep_incidents(struct history *history, const struct outcome *o, const struct settings *settings)
{
	unsigned char secret[STORE_SECRET_OCTETS];

	if (history == NULL || !settings->reports.failure.enabled || !history_secret(history, secret))
		return;
	for (size_t i = 0; i < o->verdict.dmarc.author_count; i++)
		keep_incident(history, o, settings, i, slice_of((const char *)secret, sizeof(secret)));
}

void observers_outcome(struct services *services, const struct outcome *o, const struct settings *settings)
{
	counters_outcome(o, settings);
	log_outcome(o, settings);
	keep_outcome(services_history(services), o, settings);
	keep_incidents(services_history(services), o, settings);
}

#include "base/limits.h"
#include "base/log.h"
#include "daemon/counters.h"
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

static void log_outcome(const struct outcome *o, const struct settings *settings)
{
	struct buf line = BUF_INIT(LIMIT_OUTCOME_LINE);

	if (level_of(o) > settings->log.level)
		return;
	if (settings->log_format != LOG_FORMAT_JSON || json_outcome(o, 0, &line) != RC_OK) {
		buf_clear(&line);
		outcome_log_line(o, &line);
	}
	log_line(level_of(o), buf_slice(&line));
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

void observers_outcome(struct services *services, const struct outcome *o, const struct settings *settings)
{
	counters_outcome(o, settings);
	log_outcome(o, settings);
	keep_outcome(services_history(services), o, settings);
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "base/plural.h"

#include "cli/report.h"

/* --- days and times --------------------------------------------------------------------------------- */

const char *report_day_text(int64_t day, char out[REPORT_DAY_TEXT])
{
	time_t t = (time_t)(day * SECONDS_OF_DAY);
	struct tm tm;

	gmtime_r(&t, &tm);
	(void)strftime(out, REPORT_DAY_TEXT, "%Y-%m-%d", &tm);
	return out;
}

const char *report_time_text(int64_t seconds, char out[REPORT_TIME_TEXT])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	gmtime_r(&t, &tm);
	(void)strftime(out, REPORT_TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}

/* 4DIGIT "-" 2DIGIT "-" 2DIGIT */
static bool take_date(struct cursor *c, struct tm *out)
{
	uint64_t year, month, day;

	if (!take_uint(c, 4, 9999, &year) || !take_char(c, '-') || !take_uint(c, 2, 12, &month) ||
	    !take_char(c, '-') || !take_uint(c, 2, 31, &day))
		return false;
	*out = (struct tm){ .tm_year = (int)year - 1900, .tm_mon = (int)month - 1, .tm_mday = (int)day };
	return true;
}

/* As report_day_text() writes it, so that 2026-02-30 is not a day. */
static bool parse_day(const char *text, int64_t *out)
{
	struct cursor c = cursor_of(slice_str(text));
	char shown[REPORT_DAY_TEXT];
	struct tm tm;

	if (!take_date(&c, &tm) || !cursor_done(&c))
		return false;
	*out = timegm(&tm) / SECONDS_OF_DAY;
	return strcmp(report_day_text(*out, shown), text) == 0;
}

/* --- what is stored ------------------------------------------------------------------------------------- */

struct listing {
	struct report_request *request;
	struct stored_domains *out;
};

static enum rc keep_domain(void *ctx, const struct store_domain *d)
{
	struct listing *l = ctx;
	struct report_request *r = l->request;
	struct stored_domains *all = l->out;

	if (!domain_is_none(r->domain) && !slice_eq(d->domain, r->domain.name))
		return RC_OK;
	if (!arena_grow(r->arena, &all->items, &all->cap, all->count, sizeof(*all->items)))
		return RC_NOMEM;
	all->items[all->count] = *d;
	all->items[all->count].domain = arena_copy(r->arena, d->domain);
	return slice_is_null(all->items[all->count++].domain) ? RC_NOMEM : RC_OK;
}

/* The days that there are, for a message. */
struct span {
	int64_t first, last;
	size_t count;
};

static enum rc widen(void *ctx, const struct store_day *day)
{
	struct span *s = ctx;

	if (s->count++ == 0)
		s->first = day->day;
	s->last = day->day;
	return RC_OK;
}

static enum rc nothing_stored(struct report_request *r)
{
	char day[REPORT_DAY_TEXT], first[REPORT_DAY_TEXT], last[REPORT_DAY_TEXT];
	struct span span = { 0, 0, 0 };

	TRY(store_days(r->store, 0, widen, &span, r->err));
	report_day_text(r->day, day);
	if (span.count == 0)
		return err_config(r->err, "the store is empty: only mail whose author domain asks for aggregate "
		    "reports (rua=) is kept");
	return err_config(r->err, "no mail%s%s is stored of %s; there %s %zu %s, %s to %s",
	    domain_is_none(r->domain) ? "" : " of ", domain_is_none(r->domain) ? "" : r->domain.name.ptr, day,
	    plural(span.count, "is", "are"), span.count, plural(span.count, "day", "days"),
	    report_day_text(span.first, first), report_day_text(span.last, last));
}

enum rc report_stored(struct report_request *r, struct stored_domains *out)
{
	struct listing l = { r, out };

	*out = (struct stored_domains){ NULL, 0, 0 };
	TRY(store_domains(r->store, r->day, keep_domain, &l, r->err));
	return out->count > 0 ? RC_OK : nothing_stored(r);
}

/* --- one subcommand ---------------------------------------------------------------------------------------- */

/* NULL: the arguments are right; else what is wrong with them. */
static const char *wrong_arguments(struct report_request *r, const char *domain)
{
	if (domain != NULL && !domain_parse(r->arena, slice_str(domain), &r->domain))
		return arena_printf(r->arena, "%s: not a domain name", domain).ptr;
	r->day = r->today - 1;
	if (r->day_text != NULL && !parse_day(r->day_text, &r->day))
		return "--day: write a day as in 2026-11-25";
	return NULL;
}

enum rc report_open_store(const struct settings *settings, struct store **out, struct err *err)
{
	struct slice store = settings->reports.store;

	if (store.len == 0)
		return err_config(err, "reports { store = \"\" }: no history is kept; write store = "
		    "\"sqlite:" ASSAY_LOCALSTATEDIR "/reports.sqlite\" and restart assayd");
	return store_open(store, out, err);
}

static enum rc run_with_store(struct report_request *r, report_action *run)
{
	TRY(report_open_store(r->settings, &r->store, r->err));
	return run(r);
}

static int run_action(struct report_request *r, const struct command *c, const char *domain,
    report_action *run)
{
	struct err err = ERR_INIT;
	const char *wrong = NULL;
	enum rc rc;
	int status;

	r->err = &err;
	r->arena = arena_create(LIMIT_REPORT_ARENA);
	rc = r->arena == NULL ? RC_NOMEM : command_settings(r->config, &r->settings, &err);
	if (rc == RC_OK) {
		r->today = (clock_now() + r->settings->reports.test_clock_offset) / SECONDS_OF_DAY;
		wrong = wrong_arguments(r, domain);
	}
	if (rc == RC_OK && wrong == NULL)
		rc = run_with_store(r, run);
	store_close(&r->store);
	settings_release(&r->settings);
	if (wrong != NULL) {
		err_free(&err);
		status = command_usage(c, "%s", wrong); /* its words are in the arena */
	} else {
		status = command_end(&err, rc);
	}
	arena_free(&r->arena);
	return status;
}

int report_run(const struct command *c, int argc, char **argv, struct report_request *r, report_action *run)
{
	bool done;
	int rest;
	int status = command_arguments(c, argc, argv, r, 0, 1, &rest, &done);

	if (status != EXIT_SUCCESS || done)
		return status;
	return run_action(r, c, rest < argc ? argv[rest] : NULL, run);
}

/* --- the command -------------------------------------------------------------------------------------------- */

static const struct command *const subcommands[] = {
	&command_report_show,
	&command_report_build,
	&command_report_send,
	&command_report_status,
	&command_report_bounce,
	NULL,
};

static const struct command self = {
	.name = "report",
	.summary = "show what is kept of judged mail, build and send aggregate and failure reports",
	.usage = "show|build|send|status|bounce [ARGUMENT ...]",
	.subcommands = subcommands,
};

int report_main(int argc, char **argv)
{
	return command_subcommand(&self, argc, argv);
}

#include <stddef.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/plural.h"
#include "report/outbox.h"

#include "cli/json.h"
#include "cli/report.h"

#define DAYS_SHOWN  30
#define LIST_SHOWN  50 /* deliveries of one state */

/* What is printed, or collected for --json. */
struct status {
	struct report_request *request;
	json_t *list;      /* of --json; NULL for people */
	int64_t shown;
	int64_t now;
};

/* --- the parts ------------------------------------------------------------------------------------------ */

static enum rc show_total(void *ctx, const struct outbox_total *t)
{
	struct status *s = ctx;
	char day[REPORT_DAY_TEXT];

	report_day_text(t->day, day);
	if (s->list != NULL)
		json_array_append_new(s->list, json_pack("{s:s, s:s, s:I, s:I}", "day", day, "state",
		    delivery_state_word[t->state], "deliveries", (json_int_t)t->deliveries, "messages",
		    (json_int_t)t->messages));
	else
		printf("  %s  %-10s %6lld, on %lld %s\n", day, delivery_state_word[t->state],
		    (long long)t->deliveries, (long long)t->messages, plural(t->messages, "message", "messages"));
	s->shown++;
	return RC_OK;
}

static enum rc show_suppressed(void *ctx, int64_t number, enum suppression why, int64_t reports, int64_t messages)
{
	struct status *s = ctx;
	char day[REPORT_DAY_TEXT];

	report_day_text(number, day);
	if (s->list != NULL)
		json_array_append_new(s->list, json_pack("{s:s, s:s, s:I, s:I}", "day", day, "why",
		    suppression_words[why], "reports", (json_int_t)reports, "messages", (json_int_t)messages));
	else
		printf("  %s  %6lld, on %lld %s: %s\n", day, (long long)reports, (long long)messages,
		    plural(messages, "message", "messages"), suppression_words[why]);
	s->shown++;
	return RC_OK;
}

static enum rc show_delivery(void *ctx, const struct outgoing *report, const struct delivery *d)
{
	struct status *s = ctx;
	char day[REPORT_DAY_TEXT], due[32];

	report_day_text(report->day, day);
	report_time_text(d->due, due);
	s->shown++;
	if (s->list != NULL) {
		json_array_append_new(s->list, json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:I, s:o}", "kind",
		    outgoing_kind_word[report->kind], "day", day, "domain", json_slice(report->domain),
		    "report_id", json_slice(report->id), "address", json_slice(d->address),
		    "recipient", json_slice(d->recipient), "due", due, "tries", (json_int_t)d->tries,
		    "why", json_slice(d->why)));
		return RC_OK;
	}
	printf("  %s  %s", day, report->kind == OUTGOING_FAILURE ? "(failure) " : "");
	print_text(report->domain);
	fputs(" -> ", stdout);
	print_text(d->address);
	if (d->recipient.len > 0 && !slice_eq(d->recipient, d->address)) {
		fputs(", which has ", stdout);
		print_text(d->recipient);
		fputs(" in its place", stdout);
	}
	if (d->state == DELIVERY_PENDING)
		printf(", due %s", due);
	if (d->tries > 0)
		printf(", tried %lld %s", (long long)d->tries,
		    plural(d->tries, "time", "times"));
	if (d->why.len > 0)
		fputs(": ", stdout);
	print_text(d->why);
	putchar('\n');
	return RC_OK;
}

static enum rc show_suspension(void *ctx, const struct suspension *a)
{
	struct status *s = ctx;
	char until[32];

	report_time_text(a->until, until);
	s->shown++;
	if (s->list != NULL) {
		json_array_append_new(s->list, json_pack("{s:o, s:s, s:I, s:o}", "address", json_slice(a->address),
		    "until", until, "failures", (json_int_t)a->failures, "why", json_slice(a->why)));
		return RC_OK;
	}
	fputs("  ", stdout);
	print_text(a->address);
	printf(" until %s, after %lld %s: ", until, (long long)a->failures,
	    plural(a->failures, "failure", "failures"));
	print_text(a->why);
	putchar('\n');
	return RC_OK;
}

static enum rc show_late(void *ctx, const struct store_day *d)
{
	struct status *s = ctx;
	char day[REPORT_DAY_TEXT];

	if (d->late == 0)
		return RC_OK;
	report_day_text(d->day, day);
	s->shown++;
	if (s->list != NULL)
		json_array_append_new(s->list, json_pack("{s:s, s:I}", "day", day, "messages", (json_int_t)d->late));
	else
		printf("  %s  %lld %s\n", day, (long long)d->late, plural(d->late, "message", "messages"));
	return RC_OK;
}

static enum rc show_left_out(void *ctx, int64_t number, uint64_t incidents)
{
	struct status *s = ctx;
	char day[REPORT_DAY_TEXT];

	report_day_text(number, day);
	s->shown++;
	if (s->list != NULL)
		json_array_append_new(s->list, json_pack("{s:s, s:I}", "day", day, "incidents", (json_int_t)incidents));
	else
		printf("  %s  %lld %s\n", day, (long long)incidents, plural(incidents, "message", "messages"));
	return RC_OK;
}

/* --- the whole --------------------------------------------------------------------------------------------- */

enum part { PART_DAYS, PART_NOT_MADE, PART_LATE, PART_FAILURES, PART_LEFT_OUT, PART_SUSPENDED, PART_PENDING, PART_REFUSED,
	PART_BOUNCED, PART_EXPIRED, PART_SUPPRESSED, PARTS };

static const struct {
	const char *name;   /* in JSON */
	const char *title;  /* for people */
	enum delivery_state state; /* of lists of deliveries */
} parts[PARTS] = {
	[PART_DAYS] = { "days", "messages of the last days", DELIVERY_PENDING },
	[PART_NOT_MADE] = { "not_made", "reports that were not made", DELIVERY_PENDING },
	[PART_LATE] = { "late", "mail that was counted after its day was closed", DELIVERY_PENDING },
	[PART_FAILURES] = { "failures", "failure reports of the last days", DELIVERY_PENDING },
	[PART_LEFT_OUT] = { "failures_left_out", "failures beyond failure-per-hour and failure-per-domain",
		DELIVERY_PENDING },
	[PART_SUSPENDED] = { "suspended", "suspended addresses", DELIVERY_PENDING },
	[PART_PENDING] = { "pending", "waiting", DELIVERY_PENDING },
	[PART_REFUSED] = { "refused", "refused by the MTA", DELIVERY_REFUSED },
	[PART_BOUNCED] = { "bounced", "returned", DELIVERY_BOUNCED },
	[PART_EXPIRED] = { "expired", "given up", DELIVERY_EXPIRED },
	[PART_SUPPRESSED] = { "suppressed", "not to be sent", DELIVERY_SUPPRESSED },
};

static enum rc show_part(struct status *s, enum part part)
{
	struct report_request *r = s->request;
	struct sql *sql = store_sql(r->store);

	switch (part) {
	case PART_DAYS:
		return outbox_totals(sql, OUTGOING_AGGREGATE, r->today - DAYS_SHOWN, show_total, s, r->err);
	case PART_NOT_MADE:
		return outbox_suppressed(sql, r->today - DAYS_SHOWN, show_suppressed, s, r->err);
	case PART_LATE:
		return store_days(r->store, r->today - DAYS_SHOWN, show_late, s, r->err);
	case PART_FAILURES:
		return outbox_totals(sql, OUTGOING_FAILURE, r->today - DAYS_SHOWN, show_total, s, r->err);
	case PART_LEFT_OUT:
		return store_incidents_left_out(r->store, r->today - DAYS_SHOWN, show_left_out, s, r->err);
	case PART_SUSPENDED:
		return outbox_suspensions(sql, s->now, show_suspension, s, r->err);
	default:
		return outbox_list(sql, parts[part].state, LIST_SHOWN, show_delivery, s, r->err);
	}
}

static enum rc print_part(struct status *s, enum part part)
{
	printf("%s:\n", parts[part].title);
	s->shown = 0;
	TRY(show_part(s, part));
	if (s->shown == 0)
		puts("  none");
	else if (part >= PART_PENDING && s->shown == LIST_SHOWN)
		puts("  (further ones are not shown)");
	return RC_OK;
}

static enum rc print_json(struct status *s)
{
	json_t *all = json_object();
	enum rc rc = RC_OK;

	json_object_set_new(all, "suspension", json_boolean(s->request->settings->reports.sending.bounce_address.len > 0));
	for (int i = 0; i < PARTS && rc == RC_OK; i++) {
		s->list = json_array();
		rc = show_part(s, (enum part)i);
		json_object_set_new(all, parts[i].name, s->list);
	}
	if (rc != RC_OK) {
		json_decref(all);
		return rc;
	}
	return json_print_all(all);
}

static enum rc show(struct report_request *r)
{
	struct status s = { .request = r, .now = clock_now() + r->settings->reports.test_clock_offset };

	if (!domain_is_none(r->domain))
		return err_config(r->err, "status takes no argument");
	if (r->json)
		return print_json(&s);
	if (r->settings->reports.sending.bounce_address.len == 0)
		puts("no address is ever suspended: reports { bounce-address = \"\" }, so failures are not reported back");
	for (int i = 0; i < PARTS; i++)
		TRY(print_part(&s, (enum part)i));
	return RC_OK;
}

static const struct argument arguments[] = {
	OPTION_CONFIG(struct report_request, config),
	OPTION_JSON(struct report_request, json),
	OPTIONS_END,
};

static int run(const struct command *c, int argc, char **argv)
{
	struct report_request r = { .domain = DOMAIN_NONE };

	return report_run(c, argc, argv, &r, show);
}

const struct command command_report_status = {
	.name = "report status",
	.run = run,
	.summary = "show what was sent, what waits, and what is not sent and why",
	.usage = "[-c FILE] [--json]",
	.arguments = arguments,
};

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/plural.h"
#include "report/build.h"
#include "report/sending.h"

#include "cli/json.h"
#include "cli/report.h"

/* The common part comes first. */
struct send_request {
	struct report_request common;
	bool dry_run, again;
};

/* One run of `assay report send`. */
struct run {
	struct report_request *request;
	struct sending sending;
	bool terminal;
	int64_t handled;   /* for the line of progress */
	size_t printed;    /* objects of a list */
};

static volatile sig_atomic_t ended;

static void end_early(int signal_number)
{
	(void)signal_number;
	ended = 1;
}

/* What is at the MTA is settled before the program ends. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = end_early };

	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

static int64_t now(void *ctx)
{
	const struct run *run = ctx;

	return clock_now() + run->request->settings->reports.test_clock_offset;
}

static bool must_stop(void *ctx)
{
	(void)ctx;
	return ended != 0;
}

static bool pause_a_second(void *ctx)
{
	struct timespec second = { .tv_sec = 1 };

	(void)ctx;
	nanosleep(&second, NULL);
	return ended == 0;
}

/* --- what happened ------------------------------------------------------------------------------------ */

static void progress(void *ctx, const struct outgoing *report, const struct delivery *d)
{
	struct run *run = ctx;

	if (d != NULL && d->state == DELIVERY_REFUSED) {
		fprintf(stderr, "%sassay: the report on ", run->terminal ? "\r\033[K" : "");
		print_text_to(stderr, report->domain);
		fputs(" to ", stderr);
		print_text_to(stderr, d->address);
		fputs(" was refused: ", stderr);
		print_text_to(stderr, d->why);
		fputc('\n', stderr);
	}
	run->handled++;
	if (run->terminal)
		fprintf(stderr, "\r%lld %s", (long long)run->handled, d == NULL ? "made   " : "handled");
}

static void print_suppressed(const struct suppressed *s)
{
	for (int i = 0; i < SUPPRESSIONS; i++)
		if (s->reports[i] > 0)
			printf("  not made: %lld on %lld %s: %s\n", (long long)s->reports[i], (long long)s->messages[i],
			    plural(s->messages[i], "message", "messages"), suppression_words[i]);
}

static void print_made(int64_t n, const char *one, const char *several, int64_t deliveries)
{
	printf("made %lld %s, for %lld %s\n", (long long)n, plural(n, one, several), (long long)deliveries,
	    plural(deliveries, "address", "addresses"));
}

static void print_done(const struct prepared *p, const struct dispatched *d)
{
	if (p->days > 0) {
		print_made(p->reports, "report", "reports", p->deliveries);
		if (p->refused > 0)
			printf("  not to be sent: to %lld %s (assay report status)\n", (long long)p->refused,
			    plural(p->refused, "address", "addresses"));
		print_suppressed(&p->suppressed);
	}
	if (p->failures > 0)
		print_made(p->failures, "failure report", "failure reports", p->failure_deliveries);
	if (p->waiting_day != 0) {
		char day[REPORT_DAY_TEXT];

		printf("%s is not closed yet: a host may still have to add its counts\n",
		    report_day_text(p->waiting_day, day));
	}
	printf("handed over %lld, later %lld, refused %lld, suppressed %lld, expired %lld\n", (long long)d->done,
	    (long long)d->later, (long long)d->refused, (long long)d->suppressed, (long long)d->expired);
}

static json_t *suppressed_json(const struct suppressed *s)
{
	json_t *list = json_array();

	for (int i = 0; i < SUPPRESSIONS; i++)
		if (s->reports[i] > 0)
			json_array_append_new(list, json_pack("{s:s, s:I, s:I}", "why", suppression_words[i], "reports",
			    (json_int_t)s->reports[i], "messages", (json_int_t)s->messages[i]));
	return list;
}

static enum rc print_done_json(const struct prepared *p, const struct dispatched *d)
{
	return json_print_all(json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:I}",
	    "failure_reports", (json_int_t)p->failures, "failure_deliveries", (json_int_t)p->failure_deliveries,
	    "reports", (json_int_t)p->reports, "deliveries", (json_int_t)p->deliveries,
	    "not_to_be_sent", (json_int_t)p->refused, "not_made", suppressed_json(&p->suppressed),
	    "handed_over", (json_int_t)d->done, "later", (json_int_t)d->later, "refused", (json_int_t)d->refused,
	    "suppressed", (json_int_t)d->suppressed, "expired", (json_int_t)d->expired));
}

/* An MTA that does not answer is an error; what waited for too long is a warning. */
static enum rc judge(struct run *run, const struct dispatched *d)
{
	struct report_request *r = run->request;
	struct slice via = r->settings->reports.sending.via, words = outbox_words(r->arena, buf_slice(&d->words));

	if (d->expired > 0)
		fprintf(stderr, "assay: warning: %lld %s not handed over within a day and will not be tried again: "
		    "raise per-minute or spread, or lower daily-cap\n", (long long)d->expired,
		    plural(d->expired, "message was", "messages were"));
	if (!d->stopped)
		return RC_OK;
	err_add(r->err, "%.*s: %.*s; what is left is tried again by the next run", SLICE_ARG(via), SLICE_ARG(words));
	return RC_IO;
}

static enum rc send_all(struct run *run)
{
	struct dispatched d = DISPATCHED_INIT;
	struct prepared p = { .days = 0 };
	enum rc rc = sending_prepare(&run->sending, &p, run->request->err);

	run->handled = 0;
	if (rc == RC_OK && ended == 0)
		rc = sending_dispatch(&run->sending, &d, run->request->err);
	if (run->terminal)
		fputs("\r\033[K", stderr);
	if (rc == RC_OK && run->request->json)
		rc = print_done_json(&p, &d);
	else if (rc == RC_OK && (run->terminal ||
		p.days + p.failures + d.done + d.later + d.refused + d.suppressed + d.expired > 0))
		print_done(&p, &d);
	if (rc == RC_OK)
		rc = judge(run, &d);
	buf_free(&d.words);
	return rc;
}

/* --- a dry run ----------------------------------------------------------------------------------------- */

static enum rc preview_one(void *ctx, const struct outgoing *report, const struct delivery *d)
{
	struct run *run = ctx;

	if (run->request->json) {
		printf(run->printed++ == 0 ? "[\n" : ",\n");
		return json_print(json_pack("{s:s, s:o, s:o, s:o, s:I, s:b, s:o}", "kind",
		    outgoing_kind_word[report->kind], "domain", json_slice(report->domain),
		    "report_id", json_slice(report->id), "address", json_slice(d->address),
		    "messages", (json_int_t)report->messages, "send", d->state == DELIVERY_PENDING,
		    "why", json_slice(d->why)), 2);
	}
	run->printed++;
	printf("%-9s %8lld  ", d->state == DELIVERY_PENDING ? "send" : "never", (long long)report->messages);
	if (report->kind == OUTGOING_FAILURE)
		fputs("(failure) ", stdout);
	print_text(report->domain);
	fputs(" -> ", stdout);
	print_text(d->address);
	if (d->why.len > 0)
		fputs(": ", stdout);
	print_text(d->why);
	putchar('\n');
	return RC_OK;
}

static enum rc preview(struct run *run)
{
	struct suppressed suppressed = { .reports = { 0 } };
	enum rc rc = sending_preview(&run->sending, run->request->day, preview_one, run, &suppressed,
	    run->request->err);

	if (rc == RC_OK && run->request->day_text == NULL)
		rc = sending_preview_failures(&run->sending, preview_one, run, run->request->err);
	if (rc != RC_OK)
		return rc;
	if (run->request->json) {
		puts(run->printed == 0 ? "[]" : "\n]");
		return RC_OK;
	}
	print_suppressed(&suppressed);
	puts("nothing was sent");
	return RC_OK;
}

/* --- the action ------------------------------------------------------------------------------------------ */

static enum rc repeat(struct report_request *r)
{
	uint64_t count;

	if (r->day_text == NULL)
		return err_config(r->err, "--again: name the day: --day YYYY-MM-DD");
	TRY(outbox_repeat(store_sql(r->store), r->day, r->domain.name,
	    clock_now() + r->settings->reports.test_clock_offset, &count, r->err));
	if (count == 0)
		return err_config(r->err, "--again: nothing of that day was sent");
	return RC_OK;
}

static enum rc prepare_sending(struct run *run)
{
	struct report_request *r = run->request;
	const struct settings *s = r->settings;

	run->sending = (struct sending){ .store = r->store, .settings = &s->reports,
		.dns_deadline_ms = s->policy.dns_deadline_ms, .discovery = s->policy.dmarc.discovery,
		.day = r->day_text == NULL ? OUTBOX_ANY_DAY : r->day, .now = now, .pause = pause_a_second, .stop = must_stop,
		.progress = progress, .ctx = run };
	TRY(report_sender_of(r->arena, &s->reports, r->store, &run->sending.by, r->err));
	return command_resolver(s, r->zone, &run->sending.resolver, r->err);
}

static enum rc send(struct report_request *r)
{
	const struct send_request *request = (const struct send_request *)(const void *)r;
	struct run run = { .request = r, .terminal = isatty(STDERR_FILENO) && !r->json };
	enum rc rc;

	if (!r->settings->reports.sending.enabled && !request->dry_run) {
		fputs("assay: reports { send = no }: nothing is sent\n", stderr);
		return RC_OK;
	}
	if (r->day_text != NULL && r->day >= r->today)
		return err_config(r->err, "--day: a report covers a whole UTC day, and this one is not over");
	if (!domain_is_none(r->domain) && !request->again)
		return err_config(r->err, "a domain can be named with --again only");
	TRY(prepare_sending(&run));
	catch_signals();
	rc = request->again && !request->dry_run ? repeat(r) : RC_OK;
	if (rc == RC_OK)
		rc = request->dry_run ? preview(&run) : send_all(&run);
	resolver_free(&run.sending.resolver);
	return rc;
}

static const struct argument arguments[] = {
	OPTION_CONFIG(struct send_request, common.config),
	OPTION_ZONE(struct send_request, common.zone),
	{ "day", ARGUMENT_TEXT, offsetof(struct send_request, common.day_text), "DATE",
	    "only the reports of this day, as 2026-11-26" },
	OPTION_JSON(struct send_request, common.json),
	{ "dry-run", ARGUMENT_FLAG, offsetof(struct send_request, dry_run), NULL,
	    "list what would be made, and change nothing" },
	{ "again", ARGUMENT_FLAG, offsetof(struct send_request, again), NULL,
	    "send what was sent of that day once more" },
	OPTIONS_END,
};

static int run_command(const struct command *c, int argc, char **argv)
{
	struct send_request r = { .common = { .domain = DOMAIN_NONE } };

	return report_run(c, argc, argv, &r.common, send);
}

const struct command command_report_send = {
	.name = "report send",
	.run = run_command,
	.summary = "make the reports of what is over, days and hours, and hand over what is due",
	.usage = "[--dry-run] [--day YYYY-MM-DD [--again [DOMAIN]]] [--zone FILE] [-c FILE] [--json]",
	.arguments = arguments,
};

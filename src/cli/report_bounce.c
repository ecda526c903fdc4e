#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/plural.h"
#include "report/bounce.h"
#include "report/outbox.h"

#include "cli/report.h"

/* Reads all input, since the writer would otherwise get an error, but keeps only a bounded part of it. */
static enum rc read_notification(struct buf *out, struct err *err)
{
	char chunk[65536];
	size_t n;

	while ((n = fread(chunk, 1, sizeof(chunk), stdin)) > 0)
		buf_add(out, slice_take(slice_of(chunk, n), BOUNCE_MAX - out->len));
	if (ferror(stdin) != 0) {
		err_add(err, "standard input cannot be read");
		return RC_IO;
	}
	return buf_failed(out) ? RC_NOMEM : RC_OK;
}

static enum rc count_failure(struct report_request *r, struct slice address, struct slice why)
{
	const struct report_sending *p = &r->settings->reports.sending;
	int64_t now = clock_now() + r->settings->reports.test_clock_offset, hours;
	struct suspension s;

	TRY(outbox_failed(store_sql(r->store), address, why, now, p->suspend_after, p->suspend_for, &s, r->err));
	hours = (s.until - now) / 3600;
	printf("%s: failure %lld", log_shown(r->arena, address), (long long)s.failures);
	if (s.until > now)
		printf(", suspended for %lld %s", (long long)hours, plural(hours, "hour", "hours"));
	putchar('\n');
	return RC_OK;
}

static enum rc take_notification(struct report_request *r, struct slice tag, struct slice text)
{
	struct slice why, address;
	struct bounce bounce;
	bool found;

	if (!bounce_read(r->arena, text, &bounce) || !bounce.failed) {
		puts("ignored: the message does not report a failed delivery");
		return RC_OK;
	}
	why = outbox_words(r->arena, arena_printf(r->arena, "%.*s %.*s", SLICE_ARG(bounce.status),
	    SLICE_ARG(bounce.diagnostic)));
	if (arena_failed(r->arena))
		return RC_NOMEM;
	TRY(outbox_bounced(store_sql(r->store), r->arena, tag, why, &address, &found, r->err));
	if (!found) {
		puts("ignored: no report was sent from that address, or its failure is known");
		return RC_OK;
	}
	return count_failure(r, address, why);
}

/* Anyone may send to the address.  Other mail is ignored, since an error would only cause another bounce. */
static enum rc take_message(struct report_request *r, struct slice sender)
{
	struct slice address = r->settings->reports.sending.bounce_address;
	struct buf text = BUF_INIT(BOUNCE_MAX);
	struct slice tag;
	enum rc rc = read_notification(&text, r->err);

	if (rc == RC_OK && address.len == 0)
		rc = err_config(r->err, "reports { bounce-address = \"\" }: no notification is expected");
	else if (rc == RC_OK && !bounce_sender_tag(r->arena, address, sender, &tag))
		puts("ignored: not an envelope sender of a report");
	else if (rc == RC_OK)
		rc = take_notification(r, tag, buf_slice(&text));
	buf_free(&text);
	return rc;
}

static enum rc take(struct report_request *r, struct slice sender)
{
	TRY(command_settings(r->config, &r->settings, r->err));
	TRY(report_open_store(r->settings, &r->store, r->err));
	return take_message(r, sender);
}

static const struct argument arguments[] = {
	OPTION_CONFIG(struct report_request, config),
	OPTIONS_END,
};

/* The MTA offers the notification again, whatever the trouble: nothing but EX_TEMPFAIL makes it. */
static int run(const struct command *c, int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct report_request r = { .err = &err };
	enum rc rc = RC_NOMEM;
	bool done;
	int rest;
	int status = command_arguments(c, argc, argv, &r, 1, 1, &rest, &done);

	if (status != EXIT_SUCCESS || done)
		return status;
	r.arena = arena_create(LIMIT_ARENA_BYTES);
	if (r.arena != NULL)
		rc = take(&r, slice_str(argv[rest]));
	store_close(&r.store);
	settings_release(&r.settings);
	arena_free(&r.arena);
	return command_end(&err, rc) == EXIT_SUCCESS ? EXIT_SUCCESS : EX_TEMPFAIL;
}

const struct command command_report_bounce = {
	.name = "report bounce",
	.run = run,
	.summary = "count a notification of a failed delivery, which the MTA hands in on standard input",
	.usage = "[-c FILE] RECIPIENT",
	.arguments = arguments,
};

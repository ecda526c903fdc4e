#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/ask.h"
#include "base/limits.h"

#include "cli/command.h"

/* Longer than the daemon serves one other client. */
#define STATUS_LIMIT_MS (10 * 1000)

/* Interval of --watch. */
#define WATCH_MS 2000

struct status_question {
	const char *config;
	bool openmetrics, json, watch;
};

static const char *question_of(const struct status_question *q)
{
	return q->json ? "status-json" : q->openmetrics ? "openmetrics" : "status";
}

/* On a terminal each answer takes the place of the one before. */
static void clear_screen(void)
{
	if (isatty(STDOUT_FILENO))
		fputs("\033[H\033[2J", stdout);
}

static enum rc print_status(const struct settings *s, const struct status_question *q, struct err *err)
{
	struct buf answer = BUF_INIT(LIMIT_CONTROL_ANSWER);
	const char *why = "";
	enum rc rc;

	if (s->control_socket.len == 0)
		return err_config(err, "control { socket = \"\" }: the daemon cannot be asked");
	rc = ask(s->control_socket.ptr, question_of(q), STATUS_LIMIT_MS, &answer, &why);
	if (rc == RC_OK && q->watch)
		clear_screen();
	if (rc == RC_OK)
		fputs(buf_cstr(&answer), stdout);
	else
		err_add(err, "cannot ask the daemon at %s: %s", s->control_socket.ptr, why);
	buf_free(&answer);
	return rc;
}

/* Until it is interrupted, the daemon does not answer, or nothing reads any more. */
static enum rc watch(const struct settings *s, const struct status_question *q, struct err *err)
{
	enum rc rc = print_status(s, q, err);

	while (rc == RC_OK && fflush(stdout) == 0) {
		(void)poll(NULL, 0, WATCH_MS);
		if (!q->json && !isatty(STDOUT_FILENO))
			putchar('\n');
		rc = print_status(s, q, err);
	}
	return rc;
}

static const struct argument arguments[] = {
	OPTION_CONFIG(struct status_question, config),
	{ "openmetrics", ARGUMENT_FLAG, offsetof(struct status_question, openmetrics), NULL,
	    "print OpenMetrics text" },
	OPTION_JSON(struct status_question, json),
	{ "watch", ARGUMENT_FLAG, offsetof(struct status_question, watch), NULL,
	    "repeat every two seconds" },
	OPTIONS_END,
};

static int run(const struct command *c, int argc, char **argv)
{
	struct status_question q = { 0 };
	struct settings *s = NULL;
	struct err err = ERR_INIT;
	bool done;
	enum rc rc;
	int rest;
	int status = command_arguments(c, argc, argv, &q, 0, 0, &rest, &done);

	if (status != EXIT_SUCCESS || done)
		return status;
	if (q.json && q.openmetrics)
		return command_usage(c, "--json and --openmetrics exclude each other");
	rc = command_settings(q.config, &s, &err);
	if (rc == RC_OK)
		rc = q.watch ? watch(s, &q, &err) : print_status(s, &q, &err);
	settings_release(&s);
	return command_end(&err, rc);
}

const struct command command_status = {
	.name = "status",
	.run = run,
	.summary = "show what the running daemon is doing",
	.usage = "[-c FILE] [--json|--openmetrics] [--watch]",
	.arguments = arguments,
};

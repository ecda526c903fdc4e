#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ask.h"
#include "base/limits.h"

#include "cli/command.h"

/* Longer than the daemon serves one other client. */
#define STATUS_LIMIT_MS (10 * 1000)

struct status_question {
	const char *config;
	bool openmetrics;
};

static enum rc print_status(const struct settings *s, const char *question, struct err *err)
{
	struct buf answer = BUF_INIT(LIMIT_CONTROL_ANSWER);
	const char *why = "";
	enum rc rc;

	if (s->control_socket.len == 0)
		return err_config(err, "control { socket = \"\" }: the daemon cannot be asked");
	rc = ask(s->control_socket.ptr, question, STATUS_LIMIT_MS, &answer, &why);
	if (rc == RC_OK)
		fputs(buf_cstr(&answer), stdout);
	else
		err_add(err, "cannot ask the daemon at %s: %s", s->control_socket.ptr, why);
	buf_free(&answer);
	return rc;
}

static const struct argument arguments[] = {
	{ "config", ARGUMENT_TEXT, offsetof(struct status_question, config) },
	{ "openmetrics", ARGUMENT_FLAG, offsetof(struct status_question, openmetrics) },
	{ NULL, ARGUMENT_FLAG, 0 },
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
	rc = command_settings(q.config, &s, &err);
	if (rc == RC_OK)
		rc = print_status(s, q.openmetrics ? "openmetrics" : "status", &err);
	settings_release(&s);
	return command_end(&err, rc);
}

const struct command command_status = {
	.name = "status",
	.run = run,
	.summary = "show what the running daemon is doing",
	.usage = "[-c FILE] [--openmetrics]",
	.arguments = arguments,
};

#include "daemon/reload.h"
#include "daemon/status.h"

#include "daemon/answers.h"

static void answer_reload(void *ctx, struct buf *out)
{
	const struct server *server = ctx;
	struct err err = ERR_INIT;

	buf_add_str(out, reload(server->services, server->config, &err) == RC_OK ? "ok\n" : "refused\n");
	buf_add(out, buf_slice(&err.text));
	err_free(&err);
}

static void answer_status(void *ctx, struct buf *out)
{
	const struct server *server = ctx;

	status_write(server->services, server->config, FACTS_TEXT, out);
}

static void answer_json(void *ctx, struct buf *out)
{
	const struct server *server = ctx;

	status_write(server->services, server->config, FACTS_JSON, out);
}

static void answer_openmetrics(void *ctx, struct buf *out)
{
	const struct server *server = ctx;

	status_write(server->services, server->config, FACTS_OPENMETRICS, out);
}

void answer_metrics(void *ctx, enum facts_form form, struct buf *out)
{
	const struct server *server = ctx;

	status_write(server->services, server->config, form, out);
}

const struct control_request answers[] = {
	{ "status", answer_status },
	{ "status-json", answer_json },
	{ "openmetrics", answer_openmetrics },
	{ "reload", answer_reload },
	{ NULL, NULL },
};

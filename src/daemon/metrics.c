#include <string.h>

#include <microhttpd.h>

#include "base/library.h"
#include "base/limits.h"

#include "daemon/metrics.h"

/* One Prometheus, or two, ask every few seconds; a connection needs a few KiB beside its answer. */
#define CONNECTIONS        8u
#define CONNECTION_SECONDS 10u
#define CONNECTION_OCTETS  (16u * 1024)

#define OPENMETRICS "application/openmetrics-text"

/* The older form is what curl, promtool and collectors that do not ask for the newer one understand. */
static const struct {
	enum facts_form form;
	const char *type;
} forms[] = {
	{ FACTS_PROMETHEUS, "text/plain; version=0.0.4; charset=utf-8" },
	{ FACTS_OPENMETRICS, OPENMETRICS "; version=1.0.0; charset=utf-8" },
};

/* The functions that are used; set by metrics_check(). */
static struct {
	__typeof__(&MHD_add_response_header) MHD_add_response_header;
	__typeof__(&MHD_create_response_from_buffer) MHD_create_response_from_buffer;
	__typeof__(&MHD_destroy_response) MHD_destroy_response;
	__typeof__(&MHD_lookup_connection_value) MHD_lookup_connection_value;
	__typeof__(&MHD_queue_response) MHD_queue_response;
	__typeof__(&MHD_start_daemon) MHD_start_daemon;
} mhd;

static const struct library_function functions[] = {
	{ "MHD_add_response_header", &mhd.MHD_add_response_header },
	{ "MHD_create_response_from_buffer", &mhd.MHD_create_response_from_buffer },
	{ "MHD_destroy_response", &mhd.MHD_destroy_response },
	{ "MHD_lookup_connection_value", &mhd.MHD_lookup_connection_value },
	{ "MHD_queue_response", &mhd.MHD_queue_response },
	{ "MHD_start_daemon", &mhd.MHD_start_daemon },
};

struct metrics {
	metrics_writer *write;
	void *ctx;
};

enum rc metrics_check(struct err *err)
{
	return library_open("libmicrohttpd.so.12", "libmicrohttpd12", functions, N_ELEMENTS(functions), err);
}

/* Takes over nothing: the text is copied. */
static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, const char *type,
    struct slice text)
{
	struct MHD_Response *response = mhd.MHD_create_response_from_buffer(text.len, (void *)(uintptr_t)text.ptr,
	    MHD_RESPMEM_MUST_COPY);
	enum MHD_Result queued;

	if (response == NULL)
		return MHD_NO;
	(void)mhd.MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)mhd.MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	queued = mhd.MHD_queue_response(c, status, response);
	mhd.MHD_destroy_response(response);
	return queued;
}

static enum MHD_Result answer_metrics(const struct metrics *metrics, struct MHD_Connection *c)
{
	const char *accept = mhd.MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	size_t i = accept != NULL && strstr(accept, OPENMETRICS) != NULL ? 1 : 0;
	struct buf text = BUF_INIT(LIMIT_CONTROL_ANSWER);
	enum MHD_Result queued = MHD_NO; /* closes the connection: half of the numbers is worse than none */

	metrics->write(metrics->ctx, forms[i].form, &text);
	if (!buf_failed(&text))
		queued = answer(c, MHD_HTTP_OK, forms[i].type, buf_slice(&text));
	buf_free(&text);
	return queued;
}

/* Called when the header is there, for each piece of a body, and at the end. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *url, const char *method,
    const char *version, const char *body, size_t *body_len, void **seen)
{
	static const char text[] = "text/plain; charset=utf-8";

	(void)version;
	(void)body;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return answer(c, MHD_HTTP_METHOD_NOT_ALLOWED, text, SLICE("only GET and HEAD are served\n"));
	if (*seen == NULL) {
		*seen = ctx;
		return MHD_YES;
	}
	if (*body_len > 0) {
		*body_len = 0;
		return MHD_YES;
	}
	if (strcmp(url, "/metrics") != 0)
		return answer(c, MHD_HTTP_NOT_FOUND, text, SLICE("the metrics are at /metrics\n"));
	return answer_metrics(ctx, c);
}

enum rc metrics_start(int fd, metrics_writer *write, void *ctx, struct err *err)
{
	static struct metrics metrics; /* there is one, as long as the process */

	TRY(metrics_check(err));
	metrics = (struct metrics){ write, ctx };
	if (mhd.MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL, NULL, on_request, &metrics,
	        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS,
	        MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_SECONDS,
	        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_OCTETS, MHD_OPTION_END) == NULL)
		return err_config(err, "metrics listen: the HTTP server cannot be started");
	return RC_OK;
}

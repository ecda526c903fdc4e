#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ask.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/plural.h"
#include "daemon/notify.h"

#include "daemon/reload.h"

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

enum rc reload(struct services *services, const char *config, struct err *err)
{
	enum rc rc;

	pthread_mutex_lock(&one_at_a_time);
	notify_reloading();
	rc = services_reload(services, config, err);
	err_log(err);
	if (rc == RC_OK)
		log_info("configuration reloaded from %s", config);
	else
		log_error("reload refused (%zu %s): the old configuration stays in use", err->count,
		    plural(err->count, "error", "errors"));
	notify_ready();
	pthread_mutex_unlock(&one_at_a_time);
	return rc;
}

/* An answer takes as long as the configuration and the keys take to be read. */
#define RELOAD_LIMIT_MS (60 * 1000)

int reload_ask(const char *config)
{
	struct buf answer = BUF_INIT(LIMIT_CONTROL_ANSWER);
	struct err err = ERR_INIT;
	struct settings *s = NULL;
	const char *why = "";
	bool done = false;

	if (settings_load(config, &s, &err) != RC_OK) {
		err_print(&err);
		fprintf(stderr, "%s: %zu %s: the daemon goes on with the old configuration\n", config,
		    err.count, plural(err.count, "error", "errors"));
	} else if (s->control_socket.len == 0) {
		fprintf(stderr, "%s: control { socket = \"\" }: the daemon cannot be asked; send it SIGHUP\n",
		    config);
	} else if (ask(s->control_socket.ptr, "reload", RELOAD_LIMIT_MS, &answer, &why) != RC_OK) {
		fprintf(stderr, "assayd: cannot ask the daemon at %s: %s\n", s->control_socket.ptr, why);
	} else {
		fputs(buf_cstr(&answer), stderr);
		done = slice_starts_with(buf_slice(&answer), SLICE("ok\n"));
	}
	settings_release(&s);
	err_free(&err);
	buf_free(&answer);
	return done ? EXIT_SUCCESS : EXIT_FAILURE;
}

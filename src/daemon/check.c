#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/plural.h"
#include "daemon/sockets.h"
#include "report/store.h"

#include "daemon/check.h"

/* The daemon would start, and something is not as the operator means it. */
#define EXIT_FINDINGS 3

/* Prints what the daemon does with this configuration, after the errors and findings. */
static void print_outlook(const struct settings *s, const char *config, const struct err *err)
{
	struct buf text = BUF_INIT(1024u * 1024);

	if (settings_describe(s, &text) == RC_OK)
		fputs(buf_cstr(&text), stdout);
	buf_free(&text);
	printf("%s: no errors, %zu %s, %zu %s\n", config, err->findings,
	    plural(err->findings, "finding", "findings"), err->warnings, plural(err->warnings, "warning", "warnings"));
}

/* The daemon starts even if the store cannot be opened, so this check is the first to report the problem. */
static void check_store(const struct settings *s, struct err *err)
{
	struct err why = ERR_INIT;
	struct store *store = NULL;

	if (s->reports.store.len == 0)
		return;
	if (store_open(s->reports.store, &store, &why) != RC_OK)
		err_take_findings(err, &why);
	store_close(&store);
	err_free(&why);
}

/* In the foreground lines go to standard error, unless the target is named. */
static void check_log(const struct server_options *options, const struct settings *s, struct err *err)
{
	struct log_params params = s->log;

	params.file = s->log_file.ptr;
	if (!options->foreground || s->log_target_named)
		log_check(&params, err);
}

/* What would keep a start from succeeding, found as the user that the daemon will be. */
static enum rc check(const struct server_options *options, struct settings *s,
    const struct identity *id, struct err *err)
{
	struct resolver *resolver = NULL;

	TRY(identity_become(id, err));
	if (access(options->config, R_OK) != 0)
		err_finding(err, "%s: user %s cannot read it (%s): a reload would be refused", options->config,
		    id->name, strerror(errno));
	sockets_check(s, id, err);
	check_log(options, s, err);
	if (s->pid_file.len > 0 && id->change)
		listen_check_directory("pid-file", s->pid_file.ptr, id, err);
	TRY(settings_load_keys(s, err));
	TRY(settings_resolver(s, &resolver, err));
	resolver_free(&resolver);
	check_store(s, err);
	return err->count == 0 ? RC_OK : RC_CONFIG;
}

int server_check(const struct server_options *options, struct settings *s, const struct identity *id, struct err *err)
{
	enum rc rc = check(options, s, id, err);

	err_print(err);
	if (rc != RC_OK)
		return EXIT_FAILURE;
	print_outlook(s, options->config, err);
	return err->findings > 0 ? EXIT_FINDINGS : EXIT_SUCCESS;
}

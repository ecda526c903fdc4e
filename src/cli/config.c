#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/options.h"

#include "cli/command.h"

/* One line each, "section name" with "-" for the top level: what the documentation check reads. */
static int list_options(void)
{
	const struct option_info *o;

	for (size_t i = 0; (o = option_info(i)) != NULL; i++)
		printf("%s %s\n", o->section[0] == '\0' ? "-" : o->section, o->name);
	return EXIT_SUCCESS;
}

static int print_settings(const char *path)
{
	struct err err = ERR_INIT;
	struct settings *s = NULL;
	struct buf out = BUF_INIT(16u * 1024 * 1024);
	enum rc rc = command_settings(path, &s, &err);

	if (rc == RC_OK) {
		settings_print(s, &out);
		fwrite(out.ptr, 1, out.len, stdout);
	}
	buf_free(&out);
	settings_release(&s);
	return command_end(&err, rc);
}

struct config_request {
	const char *path;
	bool options;
};

static const struct argument arguments[] = {
	OPTION_CONFIG(struct config_request, path),
	{ "options", ARGUMENT_FLAG, offsetof(struct config_request, options), NULL,
	    "list the names of all options only" },
	OPTIONS_END,
};

static int run(const struct command *c, int argc, char **argv)
{
	struct config_request r = { 0 };
	bool done;
	int rest;
	int status = command_arguments(c, argc, argv, &r, 0, 0, &rest, &done);

	if (status != EXIT_SUCCESS || done)
		return status;
	return r.options ? list_options() : print_settings(r.path);
}

const struct command command_config = {
	.name = "config",
	.run = run,
	.summary = "print every option with its value and where it came from",
	.usage = "[-c FILE] [--options]",
	.arguments = arguments,
};

#include "cli/command.h"

/* Built without reports (configure --without-reports). */
static int run(const struct command *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return command_usage(c, "this program was built without reports");
}

const struct command command_report = {
	.name = "report",
	.run = run,
	.summary = "(built without reports)",
	.usage = "",
};

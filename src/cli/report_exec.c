#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/slice.h"

#include "cli/command.h"

/*
 * The report commands are a program of their own beside this one: the libraries that they need (XML, SMTP)
 * would otherwise be loaded with every `assay`, which costs more than most of its work.
 */
static struct slice own_directory(char *path, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", path, size);
	struct slice self = slice_of(path, n < 0 ? 0 : (size_t)n);

	return slice_take(self, slice_rfind(self, '/'));
}

static int run(const struct command *c, int argc, char **argv)
{
	char self[PATH_MAX], program[PATH_MAX + sizeof("/assay-report")];
	struct slice directory = own_directory(self, sizeof(self));

	(void)c;
	(void)argc;
	snprintf(program, sizeof(program), "%.*s/assay-report", SLICE_ARG(directory));
	execv(program, argv);
	fprintf(stderr, "assay: cannot run %s: %s%s\n", program, strerror(errno), errno == ENOENT ?
	    " (it is part of the package, but not of a build that was configured --without-reports)" : "");
	return EXIT_FAILURE;
}

const struct command command_report = {
	.name = "report",
	.run = run,
	.summary = "show what is kept of judged mail, build and send aggregate and failure reports",
	.usage = "show|build|send|status|bounce [ARGUMENT ...]",
};

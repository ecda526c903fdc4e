#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/standard.h"

#include "cli/command.h"

/* In the order of --help. */
static const struct command *const commands[] = {
	&command_verify,
	&command_sign,
	&command_spf,
	&command_dmarc,
	&command_key,
	&command_check,
	&command_init,
	&command_doctor,
	&command_config,
	&command_import,
	&command_status,
	&command_explain,
	&command_log,
	&command_report,
	NULL,
};

static void help(FILE *to)
{
	fputs("usage: assay COMMAND [ARGUMENT ...]\n\n", to);
	for (size_t i = 0; commands[i] != NULL; i++)
		fprintf(to, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\nassay COMMAND --help shows the options of a command; assay(1) documents all of them.\n", to);
}

static int unknown(const char *name)
{
	struct nearest nearest = nearest_to(slice_str(name));

	for (size_t i = 0; commands[i] != NULL; i++)
		nearest_try(&nearest, commands[i]->name);
	if (nearest.best != NULL) {
		fprintf(stderr, "assay: no such command: %s: did you mean %s?\n", name, nearest.best);
	} else {
		fprintf(stderr, "assay: no such command: %s\n", name);
		help(stderr);
	}
	return EXIT_USAGE;
}

static int run(int argc, char **argv)
{
	if (argc < 2) {
		help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		help(stdout);
		return EXIT_SUCCESS;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		puts("assay " ASSAY_VERSION);
		return EXIT_SUCCESS;
	}
	for (size_t i = 0; commands[i] != NULL; i++)
		if (strcmp(argv[1], commands[i]->name) == 0)
			return commands[i]->run(commands[i], argc - 1, argv + 1);
	return unknown(argv[1]);
}

int main(int argc, char **argv)
{
	signal(SIGCHLD, SIG_DFL); /* where it is inherited as ignored, no program that is run here has an exit status */
	standard_open();
	return standard_end("assay", run(argc, argv));
}

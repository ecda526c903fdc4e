/*
 * program.h - what another program prints, read as it comes.
 *
 * No shell is involved: arguments are passed as they are.  The program's standard input is empty, and
 * its standard error is ours.
 */
#ifndef ASSAY_CLI_PROGRAM_H
#define ASSAY_CLI_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"

struct program {
	pid_t pid;
	int fd; /* its standard output; the caller reads it and leaves it open */
};

/* argv[0] is looked up in PATH.  false: it cannot be started (errno). */
bool program_start(const char *const argv[], struct program *out);

/* Closes fd, which ends a program that still writes, and waits.  true: it succeeded. */
bool program_end(struct program *p);

/* All of it, at most as much as out may have; false: it cannot be started, or fails. */
bool program_output(const char *const argv[], struct buf *out);

#endif

/*
 * logread.h - where assayd's log is, and the messages in it.
 *
 * A log is read once from its oldest file to its newest, line by line, so that its size does not
 * matter: what is kept is one line.  Compressed files are read through the program that makes them
 * (gzip, xz, zstd, bzip2), the journal through journalctl.
 */
#ifndef ASSAY_CLI_LOGREAD_H
#define ASSAY_CLI_LOGREAD_H

#include "base/err.h"
#include "cli/logentry.h"
#include "config/settings.h"

/* assayd writes no longer lines (LIMIT_OUTCOME_LINE, and room for the prefix): longer ones are skipped. */
#define LIMIT_READ_LINE (32u * 1024)

struct log_read {
	const struct slice_list *files;  /* --log; none: what the settings' section "log" says */
	const struct settings *settings;
	int64_t now, since, until;       /* an entry without a time is inside of every period */
	bool progress;                   /* on standard error, if that is a terminal */
	/* An entry lives until the next one. */
	void (*message)(void *ctx, const struct log_entry *e, const char *source);
	void *ctx;
	/* what was read: */
	uint64_t messages, lines, broken;
	struct buf sources;              /* their names, ", " between them */
};

/* Whoever calls it frees sources.  RC_IO or RC_CONFIG: a message says which log cannot be read. */
MUST_CHECK enum rc log_read(struct log_read *r, struct err *err);

#endif

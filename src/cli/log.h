/*
 * log.h - what the two forms of `assay log` share.
 */
#ifndef ASSAY_CLI_LOG_H
#define ASSAY_CLI_LOG_H

#include <jansson.h>

#include "cli/command.h"
#include "cli/logread.h"

struct log_request {
	const char *config, *since, *until;
	struct slice_list files;
	bool json, csv;
	/* prepared by run() */
	struct log_read read; /* without message and ctx */
	int64_t first, last;  /* of what was read; -1: no time is known */
	struct err *err;
};

/* For each entry that is counted. */
void log_request_seen(struct log_request *r, const struct log_entry *e);

/* What was read: lines of text, or members of a JSON object. */
void log_print_period(const struct log_request *r);
void log_json_period(const struct log_request *r, json_t *o);

/* Prints the object, which may be NULL, and lets it go. */
MUST_CHECK enum rc log_print_json(json_t *o);
json_t *log_json_text(struct slice text);

/* An element of a CSV line (RFC 4180), quoted, and such that no spreadsheet takes it for a formula. */
void csv_text(struct slice text);

/* `assay log would` (would.c); *safe_out: enforce = yes rejects no wanted mail, as far as the log shows. */
MUST_CHECK enum rc log_would(struct log_request *r, bool *safe_out);

#endif

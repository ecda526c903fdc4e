/*
 * err.h - messages for the operator, complete and printable as they are.
 *
 * A struct err collects one message a line, in the order in which they were found, so that all
 * mistakes in a configuration are reported together.  Context is added while errors climb:
 * err_wrap() prefixes what was added since a mark.  Remote or file text goes in through
 * log_escape() only.
 *
 * Three kinds are counted apart.  Errors prevent what was to be done.  Findings prevent nothing, but
 * some mail will not be treated as the operator means it (a key that cannot be used): a check reports
 * them by its exit status.  Warnings are advice.
 */
#ifndef ASSAY_BASE_ERR_H
#define ASSAY_BASE_ERR_H

#include <stddef.h>

#include "base/buf.h"
#include "base/rc.h"

struct err {
	struct buf text;   /* lines, each ended by LF */
	size_t count;      /* errors */
	size_t findings;   /* lines beginning with "finding: " */
	size_t warnings;   /* lines beginning with "warning: " */
};

#define ERR_INIT { .text = BUF_INIT(256u * 1024u) }

void err_free(struct err *e);

/* Appends one message; the LF is added. */
void err_add(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
void err_warn(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Of many findings the first LIMIT_CONFIG_ERRORS are reported; all are counted. */
void err_finding(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Moves all messages of from into e, errors as findings: what went wrong there stops nothing here. */
void err_take_findings(struct err *e, struct err *from);

/* RC_CONFIG with a message, for "return err_config(e, ...)". */
enum rc err_config(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* One line of log for each message, errors and findings as errors. */
void err_log(const struct err *e);

/* To standard error, as they are. */
void err_print(const struct err *e);

/* Puts "prefix: " before every line added after the length mark (e->text.len, taken before). */
void err_wrap(struct err *e, size_t mark, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif

/*
 * redact_private.h - what redact.c (addresses and text) and redact_header.c (fields) share.
 */
#ifndef ASSAY_REPORT_REDACT_PRIVATE_H
#define ASSAY_REPORT_REDACT_PRIVATE_H

#include "report/redact.h"

#define REDACTED SLICE("[redacted]") /* in the place of what is omitted */

/* The addresses of a text alone, each in <>: display names are names of persons. */
void redact_addresses(const struct redactor *r, struct slice value, struct buf *out);

/* Line ends and other controls become spaces, octets that are not ASCII "?"; out gets no longer than limit octets. */
void redact_printable(struct slice text, size_t limit, struct buf *out);

#endif

/*
 * failures.h - failure reports, from the incidents in the store to the outbox; for prepare.c.
 */
#ifndef ASSAY_REPORT_FAILURES_H
#define ASSAY_REPORT_FAILURES_H

#include "report/sending.h"

/* Seconds after the end of an hour in which hosts still hand in its incidents. */
#define FAILURE_STRAGGLERS 300

/* Makes those of hours that are over, up to the limits. */
MUST_CHECK enum rc failures_prepare(const struct sending *s, struct prepared *out, struct err *err);

#endif

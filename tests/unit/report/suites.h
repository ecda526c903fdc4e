/* The suites of the report room, and what its tests share. */
#ifndef ASSAY_TEST_REPORT_SUITES_H
#define ASSAY_TEST_REPORT_SUITES_H

#include <stdbool.h>

#include "unit.h"

suite_maker external_suite, aggregate_suite, build_suite, bounce_suite, handover_suite,
    outbox_suite, prepare_suite, redact_suite, failure_suite;

/*
 * Fails unless this is an aggregate report: well-formed, its elements in the order in which they are
 * written, and, where the shared material has it, valid by the schema of RFC 9990 appendix A.
 */
void valid_report(struct slice xml, bool legacy);

#endif

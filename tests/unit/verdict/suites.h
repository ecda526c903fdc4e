/* The suites of the verdict room's modules. */
#ifndef ASSAY_TEST_VERDICT_SUITES_H
#define ASSAY_TEST_VERDICT_SUITES_H

#include "unit.h"

Suite *classify_suite(void);
Suite *decide_suite(void);
Suite *demand_check_suite(void);
Suite *demand_from_suite(void);
Suite *exempt_suite(void);
Suite *json_suite(void);
Suite *logline_suite(void);
Suite *reply_suite(void);
Suite *results_suite(void);
Suite *transaction_suite(void);
Suite *mail_suite(void);

#endif

/* suites.h - one suite a module of the cli room. */
#ifndef ASSAY_TEST_CLI_SUITES_H
#define ASSAY_TEST_CLI_SUITES_H

#include "unit.h"

Suite *logentry_suite(void);
Suite *story_suite(void);
Suite *when_suite(void);

#endif

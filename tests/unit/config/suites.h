/* suites.h - one suite a module of the config room. */
#ifndef ASSAY_TEST_CONFIG_SUITES_H
#define ASSAY_TEST_CONFIG_SUITES_H

#include "unit.h"

Suite *parse_suite(void);
Suite *settings_suite(void);
Suite *values_suite(void);

#endif

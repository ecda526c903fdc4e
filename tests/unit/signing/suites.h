/* suites.h - one suite a module of the signing room. */
#ifndef ASSAY_TEST_SIGNING_SUITES_H
#define ASSAY_TEST_SIGNING_SUITES_H

#include "unit.h"

Suite *keystore_suite(void);
Suite *select_suite(void);
Suite *tables_suite(void);

#endif

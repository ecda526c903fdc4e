#ifndef ASSAY_TEST_DKIM_SUITES_H
#define ASSAY_TEST_DKIM_SUITES_H

#include "unit.h"

Suite *bodyhash_suite(void);
Suite *headerhash_suite(void);
Suite *signature_suite(void);
Suite *keyrecord_suite(void);

#endif

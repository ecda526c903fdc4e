#ifndef ASSAY_TEST_ARC_SUITES_H
#define ASSAY_TEST_ARC_SUITES_H

#include "unit.h"

Suite *chain_suite(void);
Suite *seal_suite(void);
Suite *evidence_suite(void);
Suite *messages_suite(void);

#endif

#ifndef ASSAY_TEST_DKIM_SUITES_H
#define ASSAY_TEST_DKIM_SUITES_H

#include "unit.h"

Suite *bodyhash_suite(void);
Suite *headerhash_suite(void);
Suite *signature_suite(void);
Suite *keyrecord_suite(void);
Suite *verify_suite(void);
Suite *several_suite(void);
Suite *sign_suite(void);
Suite *roundtrip_suite(void);
Suite *messages_suite(void);

#endif

#ifndef ASSAY_TEST_CRYPTO_SUITES_H
#define ASSAY_TEST_CRYPTO_SUITES_H

#include "unit.h"

Suite *base64_suite(void);
Suite *digest_suite(void);
Suite *der_suite(void);
Suite *key_suite(void);
Suite *keyfile_suite(void);

#endif

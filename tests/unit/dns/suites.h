/* suites.h - one suite a module of the dns room. */
#ifndef ASSAY_TEST_DNS_SUITES_H
#define ASSAY_TEST_DNS_SUITES_H

#include "unit.h"

Suite *answer_suite(void);
Suite *authority_suite(void);
Suite *cache_suite(void);
Suite *network_suite(void);
Suite *packet_suite(void);
Suite *lookups_suite(void);
Suite *name_suite(void);
Suite *quota_suite(void);
Suite *servers_suite(void);
Suite *zonefile_suite(void);

#endif

/* suites.h - one suite a module of the base room. */
#ifndef ASSAY_TEST_BASE_SUITES_H
#define ASSAY_TEST_BASE_SUITES_H

#include "unit.h"

Suite *arena_suite(void);
Suite *buf_suite(void);
Suite *cursor_suite(void);
Suite *err_suite(void);
Suite *file_suite(void);
Suite *hash_suite(void);
Suite *hostlist_suite(void);
Suite *hostname_suite(void);
Suite *nearest_suite(void);
Suite *ip_suite(void);
Suite *log_suite(void);
Suite *queue_suite(void);
Suite *repeats_suite(void);
Suite *slice_suite(void);
Suite *utf8_suite(void);

#endif

#ifndef ASSAY_TEST_HISTORY_SUITES_H
#define ASSAY_TEST_HISTORY_SUITES_H

#include "unit.h"

#include "report/history.h"

suite_maker row_suite, sql_suite, store_suite, incident_suite, history_suite;

/* Stores of both kinds, for loop tests: 0 SQLite, 1 PostgreSQL. */
#define STORE_KINDS 2

/* Of that kind, empty; false: it is not there, which has been said. */
bool store_location(int kind, char out[512]);

/* A row of that day: the domain asks for reports; source 192.0.2.LAST. */
struct report_row row_like(int64_t day, const char *domain, unsigned last);

#endif

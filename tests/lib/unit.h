/*
 * unit.h - what every unit test uses.
 *
 * A module's test file makes one Suite; main.c of its room lists them.  Rows of a table test are run
 * with tcase_add_loop_test() and named in the message on failure.
 */
#ifndef ASSAY_TEST_UNIT_H
#define ASSAY_TEST_UNIT_H

#include <check.h>

#include "base/slice.h"

typedef Suite *suite_maker(void);

/* Runs the suites up to the NULL entry; the exit status of the program. */
int unit_main(suite_maker *const *suites);

/* A test case of one table: the loop test runs once for each of its rows. */
#define UNIT_TABLE(suite, test, rows) unit_table((suite), #test, test, (int)N_ELEMENTS(rows))
#define UNIT_TEST(suite, test) unit_table((suite), #test, test, 1)
void unit_table(Suite *suite, const char *name, const TTest *test, int rows);

/* Fails with both texts when they differ. */
#define ck_slice_eq(got, want) unit_slice_eq(__FILE__, __LINE__, (got), (want))
void unit_slice_eq(const char *file, int line, struct slice got, struct slice want);

/* A file of the project's source tree / of the shared material; free() it. NULL: not there. */
char *unit_source_path(const char *relative);
char *unit_shared_path(const char *relative);

/* A whole file, NUL-terminated behind its length; free() it. NULL: cannot be read. */
char *unit_read_file(const char *path, size_t *len_out);

/* A fresh directory, removed with all in it when the test program ends. */
const char *unit_tmpdir(void);

/* "skipped: WHY" on standard output, for tests whose material is not there. */
void unit_skipped(const char *why);

#endif

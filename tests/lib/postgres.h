/*
 * postgres.h - a PostgreSQL server of the tests' own: in a directory of its own, on a unix socket only.
 */
#ifndef ASSAY_TEST_POSTGRES_H
#define ASSAY_TEST_POSTGRES_H

#include <stdbool.h>

/*
 * Once in a program, before tests are run.  Started by root, it runs as the user nobody.  False: its
 * programs are not there, or it does not start; why is on standard output.
 */
bool postgres_start(void);
void postgres_stop(void); /* with all it has; harmless when nothing was started */

/* For sql_open(); NULL: not started. */
const char *postgres_uri(void);

/* Goes away at once as in a crash, and comes back with what was committed. */
void postgres_crash(void);
bool postgres_return(void);

#endif

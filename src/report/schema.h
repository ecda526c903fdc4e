/*
 * schema.h - the tables of the store, and how an older schema becomes this one.
 */
#ifndef ASSAY_REPORT_SCHEMA_H
#define ASSAY_REPORT_SCHEMA_H

#include "report/sql.h"

/*
 * Runs the statements that the store has not seen yet, in one transaction, one program at a time.
 * RC_CONFIG: its schema is newer than this program.
 */
MUST_CHECK enum rc schema_migrate(struct sql *s, struct err *err);

#endif

/* store_private.h - what the two halves of the store share. */
#ifndef ASSAY_REPORT_STORE_PRIVATE_H
#define ASSAY_REPORT_STORE_PRIVATE_H

#include "report/store.h"

/* Text of an INSERT of many rows at once, made once. */
#define ROWS_AT_ONCE 16u

struct store {
	struct sql *sql;          /* owned */
	struct buf many, one;     /* INSERT INTO history_row, of ROWS_AT_ONCE rows and of one */
};

/* For results of one integer. */
sql_row_fn store_take_integer;

#endif

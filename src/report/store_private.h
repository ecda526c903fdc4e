/* store_private.h - what the parts of the store share. */
#ifndef ASSAY_REPORT_STORE_PRIVATE_H
#define ASSAY_REPORT_STORE_PRIVATE_H

#include "base/cursor.h"
#include "report/store.h"

/* Text of an INSERT of many rows at once, made once. */
#define ROWS_AT_ONCE 16u

struct store {
	struct sql *sql;          /* owned */
	struct buf many, one;     /* INSERT INTO history_row, of ROWS_AT_ONCE rows and of one */
};

/* For results of one integer. */

/* The next item of a batch; false: there is none. */
bool store_item_next(struct cursor *c, enum store_item *kind, struct slice *out);

/* --- incidents (store_incident.c) --------------------------------------------------------------- */

/* Those of a batch, similar ones as one, in the order of their keys. */
struct incidents {
	struct incident_entry *items;
	size_t count, cap;
};

MUST_CHECK enum rc incidents_read(struct arena *a, struct slice items, struct incidents *out);

/* Within the batch's transaction. */
MUST_CHECK enum rc incidents_write(struct sql *sql, const struct store_batch *given, const struct incidents *all,
    struct store_added *added, struct err *err);

#endif

/* store_private.h - what the parts of the store share. */
#ifndef ASSAY_REPORT_STORE_PRIVATE_H
#define ASSAY_REPORT_STORE_PRIVATE_H

#include "base/cursor.h"
#include "report/store.h"

/* Statements that take many rows at once (store_bulk.h), and their sizes; their texts are made once. */
enum bulk_statement { BULK_FIND_POLICIES, BULK_MAKE_POLICIES, BULK_INSERT_ROWS, BULK_COUNT_ROWS, BULK_STATEMENTS };
#define BULK_SIZES      4u
#define BULK_MAX        64u
#define BULK_PARAMETERS 5u    /* of a row, at most */

struct bulk_texts {
	struct buf texts[BULK_STATEMENTS][BULK_SIZES];
};

struct store {
	struct sql *sql;          /* owned */
	struct bulk_texts bulk;
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

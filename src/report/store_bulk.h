/*
 * store_bulk.h - statements that take up to 64 rows each.
 *
 * A message's cost in a store that is a server is the number of times that the writer waits for an answer.
 * What belongs to a struct bulk is collected and written 64, 16, 4 or 1 at a time: any number takes few
 * statements, and few have to be prepared.
 */
#ifndef ASSAY_REPORT_STORE_BULK_H
#define ASSAY_REPORT_STORE_BULK_H

#include "store_batch.h"

struct bulk {
	struct store *s;
	struct batch *batch;          /* singly, and at */
	enum bulk_statement which;
	sql_row_fn *take;             /* of each row of the results; may be NULL */
	void *ctx;                    /* take's; NULL: the bulk itself */

	const struct span *written;   /* what the statement is about that is being run, for take */
	size_t count, taken;          /* taken: take's own; 0 before each statement */

	struct sql_value args[1 + BULK_MAX * BULK_PARAMETERS];
	struct span spans[BULK_MAX];
	size_t waiting;
};

MUST_CHECK bool bulk_texts_write(struct bulk_texts *out);
void bulk_texts_free(struct bulk_texts *t);

/*
 * The arguments of one row, which is about these entries; what they borrow must last until it is written, which
 * bulk_end() does at the latest.  Errors are those of sql_run(); what waits is lost then, and *b must not be used
 * again.
 */
MUST_CHECK enum rc bulk_add(struct bulk *b, struct span entries, const struct sql_value *args, struct err *err);
MUST_CHECK enum rc bulk_end(struct bulk *b, struct err *err);

#endif

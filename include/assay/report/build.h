/*
 * build.h - the reports of one UTC day and policy domain, out of the store.
 *
 * The policy that was in force is part of every row: where it changed during the day there is one report
 * for each (RFC 9990 section 3.3).
 */
#ifndef ASSAY_REPORT_BUILD_H
#define ASSAY_REPORT_BUILD_H

#include "report/aggregate.h"
#include "report/store.h"

struct report_set {
	struct report *items; /* in the order in which the policies were seen */
	size_t count, cap;
};

/*
 * Everything in out lives in the arena, whose ceiling is best LIMIT_REPORT_ARENA.  What would make a
 * report larger than LIMIT_REPORT_XML is counted in its rows_left_out.
 */
MUST_CHECK enum rc report_build(struct arena *a, struct store *s, int64_t day, struct slice domain,
    struct report_set *out, struct err *err);

/*
 * Who reports, by the settings; salted with the store's secret.  RC_CONFIG: the settings name no address
 * that reports may come from.
 */
MUST_CHECK enum rc report_sender_of(struct arena *a, const struct report_settings *settings,
    struct store *s, struct report_sender *out, struct err *err);

/* The same from rows that come one by one, as store_rows() hands them out. */
struct report_builder;
struct report_builder *report_builder_new(struct arena *a); /* NULL: out of memory */
MUST_CHECK enum rc report_builder_add(struct report_builder *b, const struct report_row *row);
const struct report_set *report_builder_end(struct report_builder *b);

#endif

/*
 * collected.h - whole messages that others have collected, with their zones and the results that are
 * expected: ../shared/suites/mail/cases.tsv, one row a message.
 */
#ifndef ASSAY_TEST_COLLECTED_H
#define ASSAY_TEST_COLLECTED_H

#include "base/slice.h"

enum collected_column { COLLECTED_SUITE, COLLECTED_CASE, COLLECTED_MESSAGE, COLLECTED_ZONE,
	COLLECTED_CLIENT, COLLECTED_HELO, COLLECTED_MAIL_FROM, COLLECTED_DKIM, COLLECTED_ARC,
	COLLECTED_SPF, COLLECTED_DMARC, COLLECTED_POLICY, COLLECTED_NOTES, COLLECTED_COLUMNS };

/* Calls check for each row.  false: the suite is not there, and the output says so. */
typedef void collected_check(void *ctx, const struct slice row[COLLECTED_COLUMNS]);
bool collected_each(collected_check *check, void *ctx);

/* The file that a row names; free() it.  The test fails when it cannot be read. */
char *collected_file(struct slice name, size_t *len_out);

/* "a|b" is met by a or b, "!x" by anything but x, an empty column by everything. */
bool collected_meets(struct slice expected, struct slice got);

#endif

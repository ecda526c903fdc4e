/*
 * Rows as the store has them (report/row.h): a file that someone else has written to must not harm the tool, and
 * what is read, written and read again stays the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "report/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

/* One of the encoded texts is kept for the next reading. */
static struct slice encoded(struct arena *a, const struct report_row *row)
{
	struct buf out = BUF_INIT(LIMIT_ARENA_BYTES);

	report_row_encode(row, &out);
	return arena_take_buf(a, &out);
}

static void check_overflow(struct arena *a, const struct row_octets *octets, const struct report_row *row)
{
	struct row_octets kept = *octets;
	struct report_row again;

	must(report_row_overflow(a, octets, &kept.tuple) && report_row_decode(a, &kept, &again));
	must(again.overflow && again.disposition == row->disposition && again.dkim_aligned == row->dkim_aligned &&
	    again.spf_aligned == row->spf_aligned && again.dkim_count == 0 && again.reason_count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct row_octets octets;
	struct report_row row;
	struct slice first;

	if (a == NULL)
		return 0;
	if (report_row_split((struct slice){ (const char *)data, size }, &octets) &&
	    report_row_decode(a, &octets, &row)) {
		check_overflow(a, &octets, &row);
		first = encoded(a, &row);
		/* a record that is cut at LIMIT_REPORT_RECORD may have lost what made it one */
		if (report_row_split(first, &octets) && report_row_decode(a, &octets, &row))
			must(slice_eq(encoded(a, &row), first));
		else
			must(row.policy.text.len >= LIMIT_REPORT_RECORD);
	}
	arena_free(&a);
	return 0;
}

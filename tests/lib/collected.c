#include <stdlib.h>

#include "base/buf.h"

#include "collected.h"
#include "unit.h"

bool collected_each(collected_check *check, void *ctx)
{
	char *path = unit_shared_path("suites/mail/cases.tsv"), *table;
	struct slice rest;
	size_t len;

	if (path == NULL) {
		unit_skipped("suites/mail is not there");
		return false;
	}
	table = unit_read_file(path, &len);
	free(path);
	ck_assert_ptr_nonnull(table);
	rest = slice_of(table, len);
	slice_split(&rest, '\n'); /* the names of the columns */
	while (rest.len > 0) {
		struct slice line = slice_split(&rest, '\n'), row[COLLECTED_COLUMNS];

		for (size_t i = 0; i < COLLECTED_COLUMNS; i++)
			row[i] = slice_is_null(line) ? SLICE("") : slice_split(&line, '\t');
		check(ctx, row);
	}
	free(table);
	return true;
}

char *collected_file(struct slice name, size_t *len_out)
{
	struct buf relative = BUF_INIT(4096);
	char *path, *text;

	buf_addf(&relative, "suites/mail/%.*s", SLICE_ARG(name));
	path = unit_shared_path(buf_cstr(&relative));
	text = path == NULL ? NULL : unit_read_file(path, len_out);
	ck_assert_msg(text != NULL, "%s cannot be read", buf_cstr(&relative));
	free(path);
	buf_free(&relative);
	return text;
}

bool collected_meets(struct slice expected, struct slice got)
{
	if (expected.len == 0)
		return true;
	if (slice_starts_with(expected, SLICE("!")))
		return !slice_eq(slice_drop(expected, 1), got);
	while (!slice_is_null(expected))
		if (slice_eq(slice_split(&expected, '|'), got))
			return true;
	return false;
}

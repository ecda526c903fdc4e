#include <stdlib.h>
#include <string.h>

#include "cli/tally.h"

bool tally_init(struct tally *t)
{
	*t = (struct tally){ .others = { .key = SLICE("others") } };
	return hash_init(&t->table, 64);
}

void tally_free(struct tally *t)
{
	struct tally_row *row;
	size_t from = 0;

	while ((row = (struct tally_row *)hash_any(&t->table, &from)) != NULL) {
		hash_remove(&t->table, &row->link);
		free(row);
	}
	hash_free(&t->table);
}

/* One allocation: the row, followed by both texts. */
static struct tally_row *row_new(struct slice key, struct slice note)
{
	struct tally_row *row = calloc(1, sizeof(*row) + key.len + note.len);
	char *texts = (char *)(row + 1);

	if (row == NULL)
		return NULL;
	if (key.len > 0)
		memcpy(texts, key.ptr, key.len);
	if (note.len > 0)
		memcpy(texts + key.len, note.ptr, note.len);
	row->key = slice_of(texts, key.len);
	row->note = slice_of(texts + key.len, note.len);
	return row;
}

struct tally_row *tally_at(struct tally *t, struct slice key, struct slice note)
{
	uint64_t hash = hash_octets(&t->table, key, 0);
	struct tally_row *row;

	for (struct hash_link *l = hash_first(&t->table, hash); l != NULL; l = hash_next(l))
		if (slice_eq(((struct tally_row *)l)->key, key))
			return (struct tally_row *)l;
	row = t->table.count < LIMIT_TALLY_ROWS ? row_new(key, note) : NULL;
	if (row == NULL)
		return &t->others;
	hash_add(&t->table, &row->link, hash);
	return row;
}

/* qsort() passes nothing on: the column to sort by is copied to the front. */
struct ranked {
	uint64_t count;
	const struct tally_row *row;
};

static int by_count(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return slice_icmp(x->row->key, y->row->key);
}

const struct tally_row **tally_sorted(const struct tally *t, unsigned column, size_t *count_out)
{
	struct ranked *ranked = calloc(t->table.count + 1, sizeof(*ranked));
	const struct tally_row **rows = calloc(t->table.count + 1, sizeof(*rows));
	size_t n = 0;

	for (const struct hash_link *l = NULL; ranked != NULL && (l = hash_after(&t->table, l)) != NULL;) {
		const struct tally_row *row = (const struct tally_row *)l;

		ranked[n++] = (struct ranked){ row->counts[column], row };
	}
	if (ranked == NULL || rows == NULL) {
		free(ranked);
		free(rows);
		return NULL;
	}
	qsort(ranked, n, sizeof(*ranked), by_count);
	for (size_t i = 0; i < n; i++)
		rows[i] = ranked[i].row;
	free(ranked);
	if (t->others.counts[column] > 0)
		rows[n++] = &t->others;
	*count_out = n;
	return rows;
}

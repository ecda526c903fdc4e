/*
 * tally.h - counters by a text that strangers choose, of a bounded number of different texts.
 *
 * Once there are LIMIT_TALLY_ROWS different texts, all further texts are counted together as "others".
 */
#ifndef ASSAY_CLI_TALLY_H
#define ASSAY_CLI_TALLY_H

#include "base/hash.h"

#define LIMIT_TALLY_ROWS 20000u
#define TALLY_COLUMNS    12u

struct tally_row {
	struct hash_link link;
	uint64_t counts[TALLY_COLUMNS];
	struct slice key, note; /* owned by the row */
};

struct tally {
	struct hash table;
	struct tally_row others;
};

bool tally_init(struct tally *t); /* false: out of memory */
void tally_free(struct tally *t);

/* The row of key, made with note where there is none; the row of the others when there are too many. */
struct tally_row *tally_at(struct tally *t, struct slice key, struct slice note);

/*
 * The rows, the largest count of that column first; the others, if there are any, last.  To be freed;
 * NULL: out of memory.
 */
const struct tally_row **tally_sorted(const struct tally *t, unsigned column, size_t *count_out);

#endif

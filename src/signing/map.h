/*
 * map.h - texts to pointers, growing.  Keys are borrowed: they must live as long as the map.
 */
#ifndef ASSAY_SIGNING_MAP_H
#define ASSAY_SIGNING_MAP_H

#include <stdint.h>

#include "base/slice.h"

struct map_entry {
	struct slice key;
	void *value; /* NULL: the entry is free */
};

struct map {
	struct map_entry *entries; /* owned; cap of them, a power of two, never full */
	size_t count, cap;
};

uint64_t map_hash(struct slice key);

void *map_get(const struct map *m, struct slice key); /* NULL: none */

/* Puts value, which is not NULL, in the place of what was there.  False: out of memory. */
bool map_put(struct map *m, struct slice key, void *value);

void map_free(struct map *m); /* not the values */

#endif

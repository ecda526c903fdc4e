/*
 * map.h - texts to pointers, growing.  Keys are borrowed: they must live as long as the map.  A zeroed
 * struct map is an empty one.
 */
#ifndef ASSAY_SIGNING_MAP_H
#define ASSAY_SIGNING_MAP_H

#include "base/hash.h"

struct map {
	struct hash entries; /* of the map's own; size 0 until the first is put */
};

void *map_get(const struct map *m, struct slice key); /* NULL: none */

/* Puts value, which is not NULL, in the place of what was there.  False: out of memory. */
bool map_put(struct map *m, struct slice key, void *value);

size_t map_count(const struct map *m);

/* Each value in turn, in no order: *at is NULL before the first.  NULL: that was the last. */
void *map_each(const struct map *m, struct hash_link **at);

void map_free(struct map *m); /* not the values */

#endif

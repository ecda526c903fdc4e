#include <stdlib.h>

#include "map.h"

#define MAP_FIRST_CAP 64u

/*
 * FNV-1a.  What is put in comes from the operator's files; strangers can only look up, so that
 * they cannot make chains long.
 */
uint64_t map_hash(struct slice key)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < key.len; i++)
		h = (h ^ (unsigned char)key.ptr[i]) * UINT64_C(0x100000001b3);
	return h ^ (h >> 32);
}

/* The entry of the key, or the free one where it belongs. */
static struct map_entry *find(const struct map *m, struct slice key)
{
	size_t i = (size_t)map_hash(key) & (m->cap - 1);

	while (m->entries[i].value != NULL && !slice_eq(m->entries[i].key, key))
		i = (i + 1) & (m->cap - 1);
	return &m->entries[i];
}

void *map_get(const struct map *m, struct slice key)
{
	return m->cap == 0 ? NULL : find(m, key)->value;
}

static bool grow(struct map *m)
{
	struct map bigger = { .cap = m->cap == 0 ? MAP_FIRST_CAP : 2 * m->cap, .count = m->count };

	bigger.entries = calloc(bigger.cap, sizeof(*bigger.entries));
	if (bigger.entries == NULL)
		return false;
	for (size_t i = 0; i < m->cap; i++)
		if (m->entries[i].value != NULL)
			*find(&bigger, m->entries[i].key) = m->entries[i];
	free(m->entries);
	*m = bigger;
	return true;
}

bool map_put(struct map *m, struct slice key, void *value)
{
	struct map_entry *e;

	if (m->count >= m->cap / 2 && !grow(m))
		return false;
	e = find(m, key);
	m->count += e->value == NULL;
	*e = (struct map_entry){ key, value };
	return true;
}

void map_free(struct map *m)
{
	free(m->entries);
	*m = (struct map){ .count = 0 };
}

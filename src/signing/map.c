#include <stdlib.h>

#include "map.h"

#define MAP_FIRST_SIZE 64u

struct map_entry {
	struct hash_link link;
	struct slice key;
	void *value;
};

static struct map_entry *find(const struct map *m, struct slice key, uint64_t hash)
{
	for (struct hash_link *l = hash_first(&m->entries, hash); l != NULL; l = hash_next(l))
		if (slice_eq(((struct map_entry *)l)->key, key))
			return (struct map_entry *)l;
	return NULL;
}

void *map_get(const struct map *m, struct slice key)
{
	struct map_entry *e = m->entries.size == 0 ? NULL :
	    find(m, key, hash_octets(&m->entries, key, 0));

	return e == NULL ? NULL : e->value;
}

bool map_put(struct map *m, struct slice key, void *value)
{
	struct map_entry *e;
	uint64_t hash;

	if (m->entries.size == 0 && !hash_init(&m->entries, MAP_FIRST_SIZE)) {
		hash_free(&m->entries);
		return false;
	}
	hash = hash_octets(&m->entries, key, 0);
	e = find(m, key, hash);
	if (e == NULL) {
		e = malloc(sizeof(*e));
		if (e == NULL)
			return false;
		hash_add(&m->entries, &e->link, hash);
	}
	e->key = key;
	e->value = value;
	return true;
}

size_t map_count(const struct map *m)
{
	return m->entries.count;
}

void *map_each(const struct map *m, struct hash_link **at)
{
	*at = hash_after(&m->entries, *at);
	return *at == NULL ? NULL : ((struct map_entry *)*at)->value;
}

void map_free(struct map *m)
{
	struct hash_link *l;
	size_t from = 0;

	while ((l = hash_any(&m->entries, &from)) != NULL) {
		hash_remove(&m->entries, l);
		free(l);
	}
	hash_free(&m->entries);
}

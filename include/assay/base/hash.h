/*
 * hash.h - a hash table of entries that belong to its user.
 *
 * An entry contains a struct hash_link, its first member.  Strangers choose the keys of many
 * tables, so the hash is keyed with random numbers of the table's own (SipHash-1-3).  Comparing
 * keys is the user's work: hash_first() and hash_next() yield the entries with the same hash.
 * Nothing here locks.
 */
#ifndef ASSAY_BASE_HASH_H
#define ASSAY_BASE_HASH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct hash_link {
	struct hash_link *next; /* of the same bucket */
	uint64_t hash;
};

struct hash {
	uint64_t key[2];
	size_t size; /* buckets, a power of two */
	size_t count;
	struct hash_link **buckets; /* owned */
};

/* With room for that many entries without growing.  false: out of memory. */
bool hash_init(struct hash *t, size_t entries);
void hash_free(struct hash *t); /* the buckets; entries are the user's */

/* Equal octets of different kinds are different keys. */
uint64_t hash_octets(const struct hash *t, struct slice octets, uint32_t kind);

struct hash_link *hash_first(const struct hash *t, uint64_t hash); /* NULL: none */
struct hash_link *hash_next(const struct hash_link *l);            /* with the same hash */

/* The table grows with its entries; without memory for that it becomes slower, not wrong. */
void hash_add(struct hash *t, struct hash_link *l, uint64_t hash);

/* l is in the table. */
void hash_remove(struct hash *t, struct hash_link *l);

/* The first entry where l is NULL, else the one after l, in no order; NULL: that was the last. */
struct hash_link *hash_after(const struct hash *t, const struct hash_link *l);

/*
 * Any entry, to empty the table one by one: *from, 0 at first, remembers where the search goes on, so
 * that emptying costs one walk.  Nothing may be added meanwhile.  NULL: none is left.
 */
struct hash_link *hash_any(const struct hash *t, size_t *from);

#endif

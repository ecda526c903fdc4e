#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"

#define HASH_MIN 16u

bool hash_init(struct hash *t, size_t entries)
{
	*t = (struct hash){ .size = HASH_MIN };
	while (t->size < entries)
		t->size *= 2;
	if (getentropy(t->key, sizeof(t->key)) != 0)
		abort(); /* a kernel without random numbers: no query id would be safe either */
	t->buckets = calloc(t->size, sizeof(struct hash_link *));
	if (t->buckets == NULL)
		t->size = 0; /* hash_any() looks at no bucket */
	return t->buckets != NULL;
}

void hash_free(struct hash *t)
{
	free(t->buckets);
	*t = (struct hash){ .size = 0 };
}

/* --- SipHash-1-3 ------------------------------------------------------------------------------ */

static uint64_t rotate(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

uint64_t hash_octets(const struct hash *t, struct slice octets, uint32_t kind)
{
	uint64_t v[4] = { t->key[0] ^ 0x736f6d6570736575u, t->key[1] ^ 0x646f72616e646f6du,
		t->key[0] ^ 0x6c7967656e657261u, t->key[1] ^ 0x7465646279746573u };
	const char *at = octets.ptr;
	size_t len = octets.len;
	uint64_t word = 0;

	for (; len >= sizeof(word); len -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sip_word(v, word);
	}
	word = 0;
	if (len > 0)
		memcpy(&word, at, len);
	sip_word(v, word);
	sip_word(v, (uint64_t)octets.len << 32 | kind);
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* --- entries ---------------------------------------------------------------------------------- */

static struct hash_link **bucket_of(const struct hash *t, uint64_t hash)
{
	return &t->buckets[hash & (t->size - 1)];
}

static struct hash_link *with_hash(struct hash_link *l, uint64_t hash)
{
	while (l != NULL && l->hash != hash)
		l = l->next;
	return l;
}

struct hash_link *hash_first(const struct hash *t, uint64_t hash)
{
	return with_hash(*bucket_of(t, hash), hash);
}

struct hash_link *hash_next(const struct hash_link *l)
{
	return with_hash(l->next, l->hash);
}

static void put(struct hash *t, struct hash_link *l)
{
	struct hash_link **bucket = bucket_of(t, l->hash);

	l->next = *bucket;
	*bucket = l;
}

static void grow(struct hash *t)
{
	struct hash bigger = *t;

	bigger.size *= 2;
	bigger.buckets = calloc(bigger.size, sizeof(struct hash_link *));
	if (bigger.buckets == NULL)
		return;
	for (size_t i = 0; i < t->size; i++) {
		for (struct hash_link *l = t->buckets[i], *next; l != NULL; l = next) {
			next = l->next;
			put(&bigger, l);
		}
	}
	free(t->buckets);
	*t = bigger;
}

void hash_add(struct hash *t, struct hash_link *l, uint64_t hash)
{
	if (t->count >= t->size)
		grow(t);
	l->hash = hash;
	put(t, l);
	t->count++;
}

void hash_remove(struct hash *t, struct hash_link *l)
{
	struct hash_link **at = bucket_of(t, l->hash);

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	t->count--;
}

struct hash_link *hash_after(const struct hash *t, const struct hash_link *l)
{
	size_t from = 0;

	if (l != NULL && l->next != NULL)
		return l->next;
	if (l != NULL)
		from = (size_t)(l->hash & (t->size - 1)) + 1;
	return hash_any(t, &from);
}

struct hash_link *hash_any(const struct hash *t, size_t *from)
{
	for (; *from < t->size; ++*from)
		if (t->buckets[*from] != NULL)
			return t->buckets[*from];
	return NULL;
}

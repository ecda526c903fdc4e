/* hash.h: entries found by key, growth, the keyed hash */
#include <stdlib.h>

#include "base/hash.h"

#include "suites.h"

struct entry {
	struct hash_link link;
	unsigned number;
};

static struct entry *find(const struct hash *t, unsigned number, uint64_t hash)
{
	struct hash_link *l = hash_first(t, hash);

	while (l != NULL && ((struct entry *)l)->number != number)
		l = hash_next(l);
	return (struct entry *)l;
}

static uint64_t hash_of(const struct hash *t, unsigned number)
{
	return hash_octets(t, slice_of((const char *)&number, sizeof(number)), 0);
}

START_TEST(it_grows_and_forgets)
{
	static struct entry entries[1000];
	struct hash_link *l;
	size_t from = 0, n = 0;
	struct hash t;

	ck_assert(hash_init(&t, 0));
	ck_assert_ptr_null(hash_any(&t, &from));
	from = 0;
	for (unsigned i = 0; i < N_ELEMENTS(entries); i++) {
		entries[i].number = i;
		hash_add(&t, &entries[i].link, hash_of(&t, i));
	}
	ck_assert_uint_ge(t.size, N_ELEMENTS(entries));
	for (unsigned i = 0; i < N_ELEMENTS(entries); i += 2)
		hash_remove(&t, &entries[i].link);
	ck_assert_uint_eq(t.count, N_ELEMENTS(entries) / 2);
	for (unsigned i = 0; i < N_ELEMENTS(entries); i++)
		ck_assert_ptr_eq(find(&t, i, hash_of(&t, i)), i % 2 == 0 ? NULL : &entries[i]);
	for (l = NULL; (l = hash_after(&t, l)) != NULL; n++)
		ck_assert_uint_eq(((struct entry *)l)->number % 2, 1);
	ck_assert_uint_eq(n, N_ELEMENTS(entries) / 2);
	while ((l = hash_any(&t, &from)) != NULL)
		hash_remove(&t, l);
	ck_assert_uint_eq(t.count, 0);
	hash_free(&t);
}
END_TEST

START_TEST(equal_hashes)
{
	struct entry entries[3] = { { .number = 1 }, { .number = 2 }, { .number = 3 } };
	struct hash t;

	ck_assert(hash_init(&t, 0));
	hash_add(&t, &entries[0].link, 7);
	hash_add(&t, &entries[1].link, 7 + 16); /* the same bucket, another hash */
	hash_add(&t, &entries[2].link, 7);
	ck_assert_ptr_eq(find(&t, 1, 7), &entries[0]);
	ck_assert_ptr_eq(find(&t, 3, 7), &entries[2]);
	ck_assert_ptr_null(find(&t, 2, 7));
	ck_assert_ptr_eq(find(&t, 2, 7 + 16), &entries[1]);
	hash_remove(&t, &entries[2].link);
	ck_assert_ptr_null(find(&t, 3, 7));
	ck_assert_ptr_eq(find(&t, 1, 7), &entries[0]);
	hash_free(&t);
}
END_TEST

/* The published vectors are of SipHash-2-4; what matters here is that everything counts. */
START_TEST(hash_depends_on_all)
{
	struct hash t = { .key = { 1, 2 } }, other = { .key = { 1, 3 } };
	uint64_t h = hash_octets(&t, SLICE("abcdefgh.example"), 1);

	ck_assert(h == hash_octets(&t, SLICE("abcdefgh.example"), 1));
	ck_assert(h != hash_octets(&other, SLICE("abcdefgh.example"), 1));
	ck_assert(h != hash_octets(&t, SLICE("abcdefgh.example"), 2));
	ck_assert(h != hash_octets(&t, SLICE("abcdefgh.examplf"), 1));
	ck_assert(h != hash_octets(&t, SLICE("abcdefgh.exampl"), 1));
	ck_assert(h != hash_octets(&t, SLICE("abcdefgh.exampl\0"), 1));
	ck_assert(h != hash_octets(&t, SLICE("bbcdefgh.example"), 1));
	ck_assert(hash_octets(&t, SLICE_NULL, 1) == hash_octets(&t, SLICE(""), 1));
}
END_TEST

Suite *hash_suite(void)
{
	Suite *s = suite_create("hash");

	UNIT_TEST(s, it_grows_and_forgets);
	UNIT_TEST(s, equal_hashes);
	UNIT_TEST(s, hash_depends_on_all);
	return s;
}

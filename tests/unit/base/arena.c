/* arena.h: one owner, one ceiling, a mark that stays. */
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

#include "suites.h"

START_TEST(memory_is_zeroed_and_aligned)
{
	struct arena *a;

	for (int round = 0; round < 2; round++) {
		a = arena_create(10u * 1024 * 1024);
		ck_assert_uint_eq(arena_used(a), 0);
		for (size_t size = 0; size < 3000; size++) {
			char *p = arena_alloc(a, size);
			size_t zeros = 0;

			ck_assert_ptr_nonnull(p);
			ck_assert_uint_eq((uintptr_t)p % alignof(max_align_t), 0);
			while (zeros < size && p[zeros] == 0)
				zeros++; /* one assertion for all octets: each costs libcheck a write */
			ck_assert_uint_eq(zeros, size);
			memset(p, 0xff, size); /* for the second round: malloc() gives it out again */
		}
		arena_free(&a);
	}
	ck_assert_ptr_null(a);
	arena_free(&a);
}
END_TEST

START_TEST(larger_than_a_block)
{
	struct arena *a = arena_create(10u * 1024 * 1024);
	char *small = arena_alloc(a, 10), *large = arena_alloc(a, 5u * 1024 * 1024), *after;

	ck_assert_ptr_nonnull(large);
	memset(large, 1, 5u * 1024 * 1024);
	after = arena_alloc(a, 10);
	ck_assert_ptr_nonnull(after);
	ck_assert(small[0] == 0 && after[0] == 0);
	arena_free(&a);
}
END_TEST

START_TEST(ceiling)
{
	struct arena *a = arena_create(100000);
	size_t got = 0;

	while (arena_alloc(a, 100) != NULL)
		got += 100;
	ck_assert(arena_failed(a));
	ck_assert_uint_le(arena_used(a), 100000);
	ck_assert_uint_gt(got, 70000); /* the rest is alignment */
	ck_assert_ptr_null(arena_alloc(a, 1000000));
	arena_free(&a);
	a = arena_create(100000);
	ck_assert_ptr_null(arena_alloc(a, SIZE_MAX));
	ck_assert_ptr_null(arena_alloc(a, SIZE_MAX - 4));
	ck_assert(arena_failed(a));
	ck_assert_ptr_nonnull(arena_alloc(a, 100)); /* what fits is given, the mark stays */
	ck_assert(arena_failed(a));
	arena_free(&a);
}
END_TEST

START_TEST(products_are_checked)
{
	struct arena *a = arena_create(100000);

	ck_assert_ptr_null(arena_array(a, SIZE_MAX / 2, 4));
	ck_assert(arena_failed(a));
	arena_free(&a);
	a = arena_create(100000);
	ck_assert_ptr_null(arena_array(a, 1u << 20, 1u << 20));
	ck_assert(arena_failed(a));
	arena_free(&a);
	a = arena_create(100000);
	ck_assert_ptr_nonnull(arena_array(a, 10, 4));
	ck_assert_ptr_nonnull(arena_array(a, 0, 4));
	ck_assert_ptr_nonnull(arena_array(a, 4, 0));
	ck_assert(!arena_failed(a));
	arena_free(&a);
}
END_TEST

START_TEST(texts)
{
	struct arena *a = arena_create(100000);
	struct buf b = BUF_INIT(10);
	struct slice s = arena_copy(a, SLICE("a\0b"));

	ck_slice_eq(s, SLICE("a\0b"));
	ck_assert_int_eq(s.ptr[s.len], '\0');
	s = arena_copy(a, SLICE_NULL);
	ck_assert(!slice_is_null(s) && s.len == 0 && s.ptr[0] == '\0');
	ck_slice_eq(arena_lower(a, SLICE("AbC\xc4-Z")), SLICE("abc\xc4-z"));
	s = arena_printf(a, "%s %d", "x", 7);
	ck_assert_str_eq(s.ptr, "x 7");
	ck_assert_uint_eq(s.len, 3);
	buf_add_str(&b, "0123456789");
	ck_slice_eq(arena_take_buf(a, &b), SLICE("0123456789"));
	ck_assert_uint_eq(b.len, 0);
	ck_assert(!arena_failed(a));
	buf_add_str(&b, "0123456789x");
	ck_assert(slice_is_null(arena_take_buf(a, &b)));
	ck_assert(arena_failed(a));
	arena_free(&a);
}
END_TEST

START_TEST(texts_beyond_the_ceiling)
{
	struct arena *a = arena_create(64);
	char large[1000] = { 0 };

	ck_assert(slice_is_null(arena_copy(a, slice_of(large, sizeof(large)))));
	ck_assert(slice_is_null(arena_lower(a, slice_of(large, sizeof(large)))));
	ck_assert(slice_is_null(arena_printf(a, "%1000d", 1)));
	ck_assert(arena_failed(a));
	arena_free(&a);
}
END_TEST

START_TEST(growing_arrays)
{
	struct arena *a = arena_create(10000);
	unsigned *list = NULL, *kept;
	size_t cap = 0, count = 0;

	while (arena_grow(a, &list, &cap, count, sizeof(*list)))
		list[count] = (unsigned)count, count++;
	ck_assert(arena_failed(a));
	ck_assert_uint_ge(count, 256);
	kept = list;
	ck_assert(!arena_grow(a, &list, &cap, count, sizeof(*list)));
	ck_assert_ptr_eq(list, kept); /* the old array stays as it was */
	for (size_t i = 0; i < count; i++)
		ck_assert_uint_eq(list[i], i);
	arena_free(&a);
}
END_TEST

static char order[8];

static void note(void *ptr)
{
	size_t len = strlen(order);

	order[len] = *(char *)ptr;
}

START_TEST(deferred)
{
	static char one = '1', two = '2', three = '3';
	struct arena *a = arena_create(1000);

	memset(order, 0, sizeof(order));
	ck_assert(arena_defer(a, note, &one));
	ck_assert(arena_defer(a, note, &two));
	ck_assert_str_eq(order, "");
	ck_assert(arena_defer(a, note, &three));
	arena_free(&a);
	ck_assert_str_eq(order, "321");
}
END_TEST

START_TEST(deferred_without_room)
{
	static char one = '1';
	struct arena *a = arena_create(8);

	memset(order, 0, sizeof(order));
	ck_assert(!arena_defer(a, note, &one));
	ck_assert_str_eq(order, "1"); /* released at once, nothing leaks */
	arena_free(&a);
	ck_assert_str_eq(order, "1");
}
END_TEST

Suite *arena_suite(void)
{
	Suite *s = suite_create("arena");

	UNIT_TEST(s, memory_is_zeroed_and_aligned);
	UNIT_TEST(s, larger_than_a_block);
	UNIT_TEST(s, ceiling);
	UNIT_TEST(s, products_are_checked);
	UNIT_TEST(s, texts);
	UNIT_TEST(s, texts_beyond_the_ceiling);
	UNIT_TEST(s, growing_arrays);
	UNIT_TEST(s, deferred);
	UNIT_TEST(s, deferred_without_room);
	return s;
}

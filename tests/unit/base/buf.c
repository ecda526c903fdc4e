/* buf.h: a ceiling on all growth, a mark that stays. */
#include "base/buf.h"

#include "suites.h"

START_TEST(growing)
{
	struct buf b = BUF_INIT(1000);

	ck_assert_str_eq(buf_cstr(&b), "");
	ck_slice_eq(buf_slice(&b), SLICE(""));
	buf_add(&b, SLICE("a\0b"));
	buf_add(&b, SLICE_NULL);
	buf_add_str(&b, "cd");
	buf_add_str(&b, NULL);
	buf_add_char(&b, 'e');
	buf_addf(&b, "%d%s", 42, "f");
	ck_slice_eq(buf_slice(&b), SLICE("a\0bcde42f"));
	ck_assert_int_eq(b.ptr[b.len], '\0');
	ck_assert(!buf_failed(&b));
	buf_truncate(&b, 99);
	ck_assert_uint_eq(b.len, 9);
	buf_truncate(&b, 1);
	ck_assert_str_eq(buf_cstr(&b), "a");
	buf_clear(&b);
	ck_assert_str_eq(buf_cstr(&b), "");
	buf_free(&b);
	ck_assert_uint_eq(b.max, 1000);
	ck_assert_ptr_null(b.ptr);
}
END_TEST

/*
 * CVE-2020-12460: each length up to the ceiling fits, however it is put together, and a NUL stands
 * behind it; one more does not.
 */
START_TEST(ceiling)
{
	for (size_t max = 0; max < 200; max++) {
		struct buf b = BUF_INIT(max);

		for (size_t i = 0; i < max; i++)
			buf_add_char(&b, 'x');
		ck_assert(!buf_failed(&b));
		ck_assert_uint_eq(b.len, max);
		buf_add_char(&b, 'y');
		ck_assert(buf_failed(&b));
		ck_assert_uint_eq(b.len, max); /* the content is as it was */
		ck_assert_uint_eq(strlen(buf_cstr(&b)), max);
		buf_free(&b);
	}
}
END_TEST

START_TEST(the_mark_stays)
{
	struct buf b = BUF_INIT(4);

	buf_add_str(&b, "ab");
	buf_addf(&b, "%s", "cde");
	ck_assert(buf_failed(&b));
	buf_add_str(&b, "c"); /* would fit, but what came before is lost */
	ck_assert_str_eq(buf_cstr(&b), "ab");
	buf_clear(&b);
	buf_addf(&b, "%s", "abcd");
	ck_assert(!buf_failed(&b));
	ck_assert_str_eq(buf_cstr(&b), "abcd");
	buf_free(&b);
}
END_TEST

Suite *buf_suite(void)
{
	Suite *s = suite_create("buf");

	UNIT_TEST(s, growing);
	UNIT_TEST(s, ceiling);
	UNIT_TEST(s, the_mark_stays);
	return s;
}

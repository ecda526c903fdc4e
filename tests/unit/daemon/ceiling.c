/* ceiling.h: how many connections are served, deferred and closed. */
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "daemon/ceiling.h"

#include "suites.h"

START_TEST(served_then_deferred)
{
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(ceiling_enter(3), CEILING_SERVED);
	ck_assert_int_eq(ceiling_enter(3), CEILING_DEFERRED);
	ck_assert_int_eq(ceiling_enter(3), CEILING_DEFERRED);
	ck_assert_uint_eq(ceiling_sessions(), 5);
	ceiling_leave();
	ceiling_leave();
	ck_assert_int_eq(ceiling_enter(3), CEILING_DEFERRED);
	for (size_t i = 0; i < 4; i++)
		ceiling_leave();
	ck_assert_int_eq(ceiling_enter(3), CEILING_SERVED);
	ceiling_leave();
	ck_assert_uint_eq(ceiling_sessions(), 0);
}
END_TEST

/* Descriptors: many of 300 are kept from sessions, whatever the configuration wishes. */
START_TEST(descriptors_are_kept)
{
	struct rlimit limit;
	struct err err = ERR_INIT;
	size_t taken = 0;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 300;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ceiling_descriptors(46, 2, &err); /* 128, and 20 for each of two servers, twice */
	ck_assert_uint_eq(err.warnings, 0);
	while (ceiling_enter(1000) == CEILING_SERVED)
		taken++;
	ck_assert_uint_eq(taken, 92);
	ck_assert_uint_eq(ceiling_sessions(), 92); /* what is closed does not count */
	while (taken-- > 0)
		ceiling_leave();
	err_free(&err);
}
END_TEST

START_TEST(limit_is_raised)
{
	struct rlimit limit;
	struct err err = ERR_INIT;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_max < 300 && geteuid() != 0) {
		unit_skipped("the hard limit on open files is too low");
		return;
	}
	limit.rlim_cur = 280;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ceiling_descriptors(100, 3, &err);
	ck_assert_uint_eq(err.warnings, 0);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_uint_ge(limit.rlim_cur, 2 * 100 + 128 + 2 * 3 * 20);
	err_free(&err);
}
END_TEST

START_TEST(threads)
{
	ceiling_stacks();
	ck_assert(ceiling_threads_left());
}
END_TEST

Suite *daemon_ceiling_suite(void)
{
	Suite *s = suite_create("daemon ceiling");

	UNIT_TEST(s, served_then_deferred);
	UNIT_TEST(s, descriptors_are_kept);
	UNIT_TEST(s, limit_is_raised);
	UNIT_TEST(s, threads);
	return s;
}

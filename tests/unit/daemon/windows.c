/* windows.h: what happened lately, without a clock. */
#include <stdlib.h>

#include "daemon/windows.h"

#include "suites.h"

#define MINUTE 60000

static uint64_t values[2];

/* The first counter grows by one each second, the second one never. */
static struct windows *run_for(int64_t seconds)
{
	struct windows *w = windows_new(2, 0);

	ck_assert_ptr_nonnull(w);
	values[0] = values[1] = 0;
	for (int64_t s = 1; s <= seconds; s++) {
		values[0] = (uint64_t)s;
		if (s % 10 == 0)
			windows_tick(w, values, s * 1000);
	}
	return w;
}

static const struct {
	int64_t seconds;
	uint64_t minute_least, minute_most, hour_least, hour_most, day_least, day_most;
} rows[] = {
	{ 0, 0, 0, 0, 0, 0, 0 },
	{ 59, 59, 59, 59, 59, 59, 59 },
	{ 69, 60, 69, 69, 69, 69, 69 },
	{ 3600, 60, 70, 3600, 3600, 3600, 3600 },
	{ 10003, 60, 70, 3600, 3660, 10003, 10003 },
	{ 90000, 60, 70, 3600, 3660, 86400, 90000 },
	{ 300001, 60, 70, 3600, 3660, 86400, 90000 },
};

START_TEST(growth)
{
	struct windows *w = run_for(rows[_i].seconds);
	uint64_t grew[WINDOW_COUNT];

	for (enum window i = 0; i < WINDOW_COUNT; i++) {
		grew[i] = windows_growth(w, i, 0, values[0]);
		ck_assert_uint_eq(windows_growth(w, i, 1, values[1]), 0);
	}
	ck_assert_uint_ge(grew[WINDOW_MINUTE], rows[_i].minute_least);
	ck_assert_uint_le(grew[WINDOW_MINUTE], rows[_i].minute_most);
	ck_assert_uint_ge(grew[WINDOW_HOUR], rows[_i].hour_least);
	ck_assert_uint_le(grew[WINDOW_HOUR], rows[_i].hour_most);
	ck_assert_uint_ge(grew[WINDOW_DAY], rows[_i].day_least);
	ck_assert_uint_le(grew[WINDOW_DAY], rows[_i].day_most);
	free(w);
}
END_TEST

/* Then it is quiet: the past leaves the windows one after the other. */
START_TEST(forgotten)
{
	struct windows *w = run_for(100);

	for (int64_t s = 110; s <= 200; s += 10)
		windows_tick(w, values, s * 1000);
	ck_assert_uint_eq(windows_growth(w, WINDOW_MINUTE, 0, values[0]), 0);
	ck_assert_uint_eq(windows_growth(w, WINDOW_HOUR, 0, values[0]), 100);
	for (int64_t m = 4; m <= 70; m++)
		windows_tick(w, values, m * MINUTE);
	ck_assert_uint_eq(windows_growth(w, WINDOW_HOUR, 0, values[0]), 0);
	ck_assert_uint_eq(windows_growth(w, WINDOW_DAY, 0, values[0]), 100);
	for (int64_t h = 2; h <= 27; h++)
		windows_tick(w, values, h * 60 * MINUTE);
	ck_assert_uint_eq(windows_growth(w, WINDOW_DAY, 0, values[0]), 0);
	free(w);
}
END_TEST

/* A process that slept for days: what it counts after that is recent, nothing else. */
START_TEST(late_ticks)
{
	struct windows *w = windows_new(1, 0);
	uint64_t value = 5;

	for (int64_t i = 1; i <= 100; i++)
		windows_tick(w, &value, i * 48 * 60 * MINUTE);
	value = 7;
	for (enum window i = 0; i < WINDOW_COUNT; i++)
		ck_assert_uint_eq(windows_growth(w, i, 0, value), 2);
	free(w);
}
END_TEST

Suite *daemon_windows_suite(void)
{
	Suite *s = suite_create("daemon windows");

	UNIT_TABLE(s, growth, rows);
	UNIT_TEST(s, forgotten);
	UNIT_TEST(s, late_ticks);
	return s;
}

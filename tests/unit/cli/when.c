/* Times of logs and options. */
#include <stdlib.h>
#include <time.h>

#include "cli/when.h"

#include "suites.h"

#define NOW 1795000000 /* 2026-11-18 11:06:40 UTC */

static const struct {
	const char *text;
	int64_t want; /* -1: refused */
} option_rows[] = {
	{ "2026-11-18T11:06:40Z", NOW },
	{ "2026-11-18t11:06:40z", NOW },
	{ "2026-11-18 11:06:40", NOW },
	{ "2026-11-18 11:06", NOW - 40 },
	{ "2026-11-18T11:06:40.123456+00:00", NOW },
	{ "2026-11-18T13:06:40+0200", NOW },
	{ "2026-11-18T09:36:40-01:30", NOW },
	{ "2026-11-18", NOW - 40000 },
	{ "today", NOW - 40000 },
	{ "yesterday", NOW - 40000 - 86400 },
	{ "@1795000000", NOW },
	{ "90s", NOW - 90 }, { "90m", NOW - 5400 }, { "6h", NOW - 21600 },
	{ "7d", NOW - 604800 }, { "2w", NOW - 1209600 }, { "0s", NOW },
	{ "", -1 }, { "now", -1 }, { "7", -1 }, { "7x", -1 }, { "7d ", -1 }, { " 7d", -1 }, { "-7d", -1 },
	{ "9999999d", -1 }, { "@", -1 }, { "@1x", -1 }, { "@999999999999", -1 },
	{ "2026", -1 }, { "2026-11", -1 }, { "2026-13-01", -1 }, { "2026-00-01", -1 }, { "2026-11-32", -1 },
	{ "1969-12-31", -1 }, { "2026-11-18T", -1 }, { "2026-11-18T25:00:00", -1 },
	{ "2026-11-18T11:60", -1 }, { "2026-11-18T11:06:61", -1 }, { "2026-11-18T11:06:40.", -1 },
	{ "2026-11-18T11:06:40+", -1 }, { "2026-11-18T11:06:40+2", -1 }, { "2026-11-18T11:06:40+24:00", -1 },
	{ "2026-11-18T11:06:40Zx", -1 }, { "26-11-18", -1 }, { "Today", -1 },
};

START_TEST(options)
{
	int64_t got = -2;
	bool taken = when_parse(slice_str(option_rows[_i].text), NOW, &got);

	ck_assert_msg(taken == (option_rows[_i].want >= 0), "%s", option_rows[_i].text);
	if (taken)
		ck_assert_msg(got == option_rows[_i].want, "%s: %lld", option_rows[_i].text, (long long)got);
}
END_TEST

static const struct {
	const char *text;
	int64_t want; /* -1: refused */
} syslog_rows[] = {
	{ "Nov 18 11:06:40", NOW },
	{ "Nov  8 11:06:40", NOW - 864000 },
	{ "Jan  1 00:00:00", 1767225600 },         /* of this year */
	{ "Dec 31 23:59:59", 1767225599 },         /* not yet: last year's */
	{ "Nov 19 11:06:40", NOW + 86400 },        /* clocks differ a little */
	{ "nov 18 11:06:40", -1 }, { "Nov 8 11:06:40", -1 }, { "Nov  18 11:06:40", -1 },
	{ "Nov 32 11:06:40", -1 }, { "Nov 00 11:06:40", -1 }, { "Foo 18 11:06:40", -1 }, { "Nov 18 11", -1 },
	{ "Nov18 11:06:40", -1 }, { "", -1 },
};

START_TEST(syslog_times)
{
	struct cursor c = cursor_of(slice_str(syslog_rows[_i].text));
	const char *start = c.at;
	int64_t got = -2;
	bool taken = take_syslog_time(&c, NOW, &got);

	ck_assert_msg(taken == (syslog_rows[_i].want >= 0), "%s", syslog_rows[_i].text);
	if (taken)
		ck_assert_msg(got == syslog_rows[_i].want, "%s: %lld", syslog_rows[_i].text, (long long)got);
	else
		ck_assert_ptr_eq(c.at, start);
}
END_TEST

START_TEST(shown)
{
	char text[WHEN_TEXT_SIZE];

	ck_assert_str_eq(when_text(NOW, text), "2026-11-18 11:06:40");
	ck_assert_str_eq(when_text(-1, text), "at an unknown time");
}
END_TEST

Suite *when_suite(void)
{
	Suite *s = suite_create("when");

	setenv("TZ", "UTC", 1);
	tzset();
	UNIT_TABLE(s, options, option_rows);
	UNIT_TABLE(s, syslog_times, syslog_rows);
	UNIT_TEST(s, shown);
	return s;
}

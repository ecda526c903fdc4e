#include <stdio.h>
#include <time.h>

#include "base/ascii.h"

#include "cli/when.h"

#define DAY 86400

/* 1*DIGIT of exactly n, within its bounds */
static bool take_digits(struct cursor *c, unsigned n, int min, int max, int *out)
{
	struct cursor at = *c;
	int value = 0;

	for (unsigned i = 0; i < n; i++) {
		if (cursor_done(&at) || !is_digit(cursor_peek(&at)))
			return false;
		value = 10 * value + (*at.at++ - '0');
	}
	if (value < min || value > max)
		return false;
	*out = value;
	*c = at;
	return true;
}

/* full-date = 4DIGIT "-" 2DIGIT "-" 2DIGIT */
static bool take_date(struct cursor *c, struct tm *tm)
{
	struct cursor at = *c;
	int year = 0, month = 0, day = 0;

	if (!take_digits(&at, 4, 1970, 9999, &year) || !take_char(&at, '-') ||
	    !take_digits(&at, 2, 1, 12, &month) || !take_char(&at, '-') ||
	    !take_digits(&at, 2, 1, 31, &day))
		return false;
	*tm = (struct tm){ .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_isdst = -1 };
	*c = at;
	return true;
}

/* 2DIGIT ":" 2DIGIT [":" 2DIGIT ["." 1*DIGIT]] */
static bool take_clock(struct cursor *c, struct tm *tm)
{
	struct cursor at = *c;
	struct slice fraction;

	if (!take_digits(&at, 2, 0, 23, &tm->tm_hour) || !take_char(&at, ':') ||
	    !take_digits(&at, 2, 0, 59, &tm->tm_min))
		return false;
	if (take_char(&at, ':') && !take_digits(&at, 2, 0, 60, &tm->tm_sec))
		return false;
	if (take_char(&at, '.') && !take_while(&at, is_digit, &fraction))
		return false;
	*c = at;
	return true;
}

/* "Z" or ("+" / "-") 2DIGIT [":"] 2DIGIT; seconds east of UTC */
static bool take_zone(struct cursor *c, int *out)
{
	struct cursor at = *c;
	int hours = 0, minutes = 0;
	bool west;

	if (take_iliteral(c, SLICE("Z"))) {
		*out = 0;
		return true;
	}
	west = cursor_peek(&at) == '-';
	if ((!take_char(&at, '+') && !take_char(&at, '-')) || !take_digits(&at, 2, 0, 23, &hours))
		return false;
	(void)take_char(&at, ':');
	if (!take_digits(&at, 2, 0, 59, &minutes))
		return false;
	*out = (west ? -1 : 1) * (3600 * hours + 60 * minutes);
	*c = at;
	return true;
}

bool take_date_time(struct cursor *c, int64_t *out)
{
	struct cursor at = *c;
	struct tm tm = { 0 };
	int east;

	if (!take_date(&at, &tm) || (!take_iliteral(&at, SLICE("T")) && !take_char(&at, ' ')) ||
	    !take_clock(&at, &tm))
		return false;
	*out = take_zone(&at, &east) ? (int64_t)timegm(&tm) - east : (int64_t)mktime(&tm);
	*c = at;
	return true;
}

static bool take_month(struct cursor *c, int *out)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
		if (take_literal(c, slice_of(names + (size_t)(3 * i), 3))) {
			*out = i;
			return true;
		}
	return false;
}

/* The day is padded with a space. */
static bool take_day(struct cursor *c, int *out)
{
	struct cursor at = *c;

	if (take_char(&at, ' ') && take_digits(&at, 1, 1, 9, out)) {
		*c = at;
		return true;
	}
	return take_digits(c, 2, 1, 31, out);
}

bool take_syslog_time(struct cursor *c, int64_t now, int64_t *out)
{
	struct cursor at = *c;
	time_t clock = (time_t)now;
	struct tm today, tm = { .tm_isdst = -1 };
	int64_t t;

	if (!take_month(&at, &tm.tm_mon) || !take_char(&at, ' ') || !take_day(&at, &tm.tm_mday) ||
	    !take_char(&at, ' ') || !take_clock(&at, &tm) || localtime_r(&clock, &today) == NULL)
		return false;
	tm.tm_year = today.tm_year;
	t = (int64_t)mktime(&(struct tm){ .tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = tm.tm_mday,
	    .tm_hour = tm.tm_hour, .tm_min = tm.tm_min, .tm_sec = tm.tm_sec, .tm_isdst = -1 });
	if (t > now + DAY) {
		tm.tm_year--;
		t = (int64_t)mktime(&tm);
	}
	*out = t;
	*c = at;
	return true;
}

/* --- options ---------------------------------------------------------------------------------- */

/* The first second of the day that is so many days ago. */
static int64_t day_ago(int64_t now, int days)
{
	time_t clock = (time_t)now;
	struct tm tm;

	if (localtime_r(&clock, &tm) == NULL)
		return now;
	tm.tm_mday -= days;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm);
}

static bool take_ago(struct cursor *c, int64_t now, int64_t *out)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', DAY }, { 'w', (int64_t)7 * DAY } };
	uint64_t n;

	if (!take_uint(c, 6, 999999, &n))
		return false;
	for (size_t i = 0; i < N_ELEMENTS(units); i++)
		if (take_char(c, units[i].letter)) {
			*out = now - (int64_t)n * units[i].seconds;
			return true;
		}
	return false;
}

static bool take_date_alone(struct cursor *c, int64_t *out)
{
	struct tm tm;

	if (!take_date(c, &tm))
		return false;
	*out = (int64_t)mktime(&tm);
	return true;
}

bool when_parse(struct slice text, int64_t now, int64_t *out)
{
	struct cursor c = cursor_of(text);
	uint64_t seconds;

	if (slice_eq(text, SLICE("today")) || slice_eq(text, SLICE("yesterday"))) {
		*out = day_ago(now, text.ptr[0] == 'y' ? 1 : 0);
		return true;
	}
	if (take_date_time(&c, out) && cursor_done(&c))
		return true;
	c = cursor_of(text);
	if (take_date_alone(&c, out) && cursor_done(&c))
		return true;
	c = cursor_of(text);
	if (take_char(&c, '@') && take_uint(&c, 11, 99999999999u, &seconds) && cursor_done(&c)) {
		*out = (int64_t)seconds;
		return true;
	}
	c = cursor_of(text);
	return take_ago(&c, now, out) && cursor_done(&c);
}

const char *when_text(int64_t t, char out[WHEN_TEXT_SIZE])
{
	time_t clock = (time_t)t;
	struct tm tm;

	if (t < 0 || localtime_r(&clock, &tm) == NULL ||
	    strftime(out, WHEN_TEXT_SIZE, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(out, WHEN_TEXT_SIZE, "at an unknown time");
	return out;
}

#include "base/nearest.h"

#include "suites.h"

static const char *const names[] = { "from", "mail-from", "from-headers", "zone", "ip", "json" };

static const struct {
	struct slice wanted;
	const char *best;
} rows[] = {
	{ SLICE("mail-form"), "mail-from" },
	{ SLICE("mailfrom"), "mail-from" },
	{ SLICE("mail_from"), "mail-from" },
	{ SLICE("MAIL.FROM"), "mail-from" },
	{ SLICE("fromheaders"), "from-headers" },
	{ SLICE("zones"), "zone" },
	{ SLICE("zone"), "zone" },
	{ SLICE("jsno"), NULL }, /* two of four octets */
	{ SLICE("ipp"), NULL },  /* one of two */
	{ SLICE(""), NULL },
	{ SLICE("explain"), NULL },
	{ SLICE("mail-from-mail-from-mail-from-mail-from-m"), NULL }, /* longer than any name */
	{ SLICE("zo\0ne"), "zone" },
};

START_TEST(meant)
{
	struct nearest n = nearest_to(rows[_i].wanted);

	for (size_t i = 0; i < N_ELEMENTS(names); i++)
		nearest_try(&n, names[i]);
	ck_assert_pstr_eq(n.best, rows[_i].best);
}
END_TEST

Suite *nearest_suite(void)
{
	Suite *s = suite_create("base/nearest");

	UNIT_TABLE(s, meant, rows);
	return s;
}

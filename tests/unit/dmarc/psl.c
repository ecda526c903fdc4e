/* psl.h: D-49; needs the list that libpsl finds. */
#include "dmarc/psl.h"

#include "suites.h"

static const struct {
	const char *name;
	bool suffix;             /* of the ICANN section, or a single label */
	const char *organizational;
} rows[] = {
	{ "com", true, "com" },
	{ "co.uk", true, "co.uk" },
	{ "gov.uk", true, "gov.uk" },
	{ "foo.ck", true, "foo.ck" },
	{ "xn--55qx5d.cn", true, "xn--55qx5d.cn" },
	{ "no-such-tld", true, "no-such-tld" },
	{ "localhost", true, "localhost" },
	{ "example.com", false, "example.com" },
	{ "a.b.example.com", false, "example.com" },
	{ "example.co.uk", false, "example.co.uk" },
	{ "a.example.co.uk", false, "example.co.uk" },
	{ "www.ck", false, "www.ck" },
	{ "a.foo.xn--55qx5d.cn", false, "foo.xn--55qx5d.cn" },
	{ "example.no-such-tld", false, "example.no-such-tld" },
	{ "a.example.no-such-tld", false, "example.no-such-tld" },
	/* the private section has a say in organizational domains only */
	{ "github.io", false, "github.io" },
	{ "a.b.github.io", false, "b.github.io" },
	{ "_dmarc.example.com", false, "example.com" },
	/* addresses are no names */
	{ "192.0.2.1", false, "192.0.2.1" },
	{ "a.0.0.1", false, "a.0.0.1" },
};

START_TEST(suffixes)
{
	struct arena *a = arena_create(10000);
	struct domain d, org;

	if (!dmarc_psl_available()) {
		unit_skipped("libpsl has no list");
	} else {
		ck_assert(domain_parse(a, slice_str(rows[_i].name), &d));
		ck_assert_msg(dmarc_is_public_suffix(d) == rows[_i].suffix, "D_49 %s",
		    rows[_i].name);
		org = dmarc_psl_organizational_domain(d);
		ck_slice_eq(org.name, slice_str(rows[_i].organizational));
	}
	arena_free(&a);
}
END_TEST

START_TEST(no_name_at_all)
{
	ck_assert(!dmarc_is_public_suffix(DOMAIN_NONE));
	ck_assert(domain_is_none(dmarc_psl_organizational_domain(DOMAIN_NONE)));
}
END_TEST

Suite *psl_suite(void)
{
	Suite *s = suite_create("dmarc psl");

	UNIT_TABLE(s, suffixes, rows);
	UNIT_TEST(s, no_name_at_all);
	return s;
}

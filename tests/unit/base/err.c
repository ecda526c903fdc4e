/* err.h: every mistake told, with the context it climbed through. */
#include "base/err.h"
#include "base/limits.h"

#include "suites.h"

START_TEST(collecting)
{
	struct err e = ERR_INIT;

	err_add(&e, "first %d", 1);
	ck_assert_int_eq(err_config(&e, "second"), RC_CONFIG);
	err_warn(&e, "third %s", "x");
	ck_assert_str_eq(buf_cstr(&e.text), "first 1\nsecond\nwarning: third x\n");
	ck_assert_uint_eq(e.count, 2);
	ck_assert_uint_eq(e.warnings, 1);
	err_free(&e);
	ck_assert_uint_eq(e.count, 0);
	ck_assert_uint_eq(e.warnings, 0);
	ck_assert_str_eq(buf_cstr(&e.text), "");
}
END_TEST

START_TEST(wrapping)
{
	struct err e = ERR_INIT;
	size_t mark;

	err_add(&e, "before");
	mark = e.text.len;
	err_add(&e, "permission denied");
	err_warn(&e, "old");
	err_wrap(&e, mark, "%s:%d", "file", 3);
	err_wrap(&e, mark, "key");
	ck_assert_str_eq(buf_cstr(&e.text),
	    "before\nkey: file:3: permission denied\nwarning: key: file:3: old\n");
	ck_assert_uint_eq(e.count, 2);
	err_wrap(&e, e.text.len, "nothing"); /* nothing was added since */
	ck_assert_str_eq(buf_cstr(&e.text),
	    "before\nkey: file:3: permission denied\nwarning: key: file:3: old\n");
	err_free(&e);
}
END_TEST

START_TEST(findings)
{
	struct err e = ERR_INIT, part = ERR_INIT;

	err_add(&e, "an error");
	err_finding(&e, "a %s", "finding");
	err_add(&part, "a bad key");
	err_finding(&part, "a key that nobody needs");
	err_warn(&part, "a short key");
	err_wrap(&part, 0, "file");
	err_take_findings(&e, &part);
	ck_assert_str_eq(buf_cstr(&e.text), "an error\nfinding: a finding\n"
	    "finding: file: a bad key\nfinding: file: a key that nobody needs\n"
	    "warning: file: a short key\n");
	ck_assert_uint_eq(e.count, 1);
	ck_assert_uint_eq(e.findings, 3);
	ck_assert_uint_eq(e.warnings, 1);
	ck_assert_uint_eq(part.count + part.findings + part.warnings + part.text.len, 0);
	err_free(&e);
	ck_assert_uint_eq(e.findings, 0);
}
END_TEST

/* Errors that come after very many findings are still reported. */
START_TEST(many_findings)
{
	struct err e = ERR_INIT;
	struct slice rest;
	size_t lines = 0;

	for (int i = 0; i < 100000; i++)
		err_finding(&e, "a finding");
	err_add(&e, "an error");
	ck_assert_uint_eq(e.findings, 100000);
	ck_assert(!buf_failed(&e.text));
	for (rest = buf_slice(&e.text); rest.len > 0; lines++)
		(void)slice_split(&rest, '\n');
	ck_assert_uint_eq(lines, LIMIT_CONFIG_ERRORS + 2);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&e.text), "omitted\nan error\n"));
	err_free(&e);
}
END_TEST

START_TEST(too_many)
{
	struct err e = ERR_INIT;

	for (int i = 0; i < 100000; i++)
		err_add(&e, "a mistake");
	ck_assert_uint_eq(e.count, 100000); /* counted, if not told */
	ck_assert(buf_failed(&e.text));
	err_free(&e);
}
END_TEST

Suite *err_suite(void)
{
	Suite *s = suite_create("err");

	UNIT_TEST(s, collecting);
	UNIT_TEST(s, wrapping);
	UNIT_TEST(s, findings);
	UNIT_TEST(s, many_findings);
	UNIT_TEST(s, too_many);
	return s;
}

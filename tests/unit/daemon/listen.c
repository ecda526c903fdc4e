#include <stdlib.h>
#include <unistd.h>

#include "daemon/listen.h"
#include "daemon/privileges.h"

#include "suites.h"

static const struct {
	const char *listen, *libmilter; /* NULL: refused */
} names[] = {
	{ "unix:/run/assay/assay.sock", "unix:/run/assay/assay.sock" },
	{ "fd:3", "fd:3" },
	{ "inet:127.0.0.1:8893", "inet:8893@127.0.0.1" },
	{ "inet:[::1]:8893", "inet6:8893@[::1]" },
	{ "inet:8893", NULL },
	{ "inet::8893", NULL },
	{ "inet:127.0.0.1:", NULL },
	{ "inet:", NULL },
};

START_TEST(libmilter_name)
{
	struct buf out = BUF_INIT(1024);
	struct err err = ERR_INIT;
	enum rc rc = listen_libmilter_name(slice_str(names[_i].listen), &out, &err);

	ck_assert_msg((rc == RC_OK) == (names[_i].libmilter != NULL), "%s", names[_i].listen);
	if (rc == RC_OK)
		ck_assert_str_eq(buf_cstr(&out), names[_i].libmilter);
	else
		ck_assert_uint_eq(err.count, 1);
	buf_free(&out);
	err_free(&err);
}
END_TEST

START_TEST(no_such_user_or_group)
{
	struct identity id = { 0 };
	struct err err = ERR_INIT;
	gid_t group;
	enum rc rc = identity_find(SLICE("no-such-user-here"), &id, &err);

	/* only root is ever going to be somebody else; for others it is a warning */
	ck_assert_int_eq(rc, geteuid() == 0 ? RC_CONFIG : RC_OK);
	ck_assert_uint_eq(err.count + err.warnings, 1);
	identity_free(&id);
	ck_assert_int_eq(group_find(SLICE("no-such-group-here"), &group, &err), RC_CONFIG);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&err.text), "no-such-group-here"));
	err_free(&err);
}
END_TEST

Suite *daemon_listen_suite(void)
{
	Suite *s = suite_create("daemon listen");

	UNIT_TABLE(s, libmilter_name, names);
	UNIT_TEST(s, no_such_user_or_group);
	return s;
}

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/un.h>
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

static const struct {
	const char *listen;
	int family;       /* 0: refused */
	socklen_t least;  /* of the address's octets */
} addresses[] = {
	{ "unix:/run/assay/assay.sock", AF_UNIX, sizeof(struct sockaddr_un) },
	{ "inet:127.0.0.1:8893", AF_INET, sizeof(struct sockaddr_in) },
	{ "inet:0.0.0.0:8893", AF_INET, sizeof(struct sockaddr_in) },
	{ "inet:[::1]:8893", AF_INET6, sizeof(struct sockaddr_in6) },
	{ "fd:123456", 0, 0 },
	{ "fd:x", 0, 0 },
	{ "fd:", 0, 0 },
	{ "fd:99999999999", 0, 0 },
	{ "inet:8893", 0, 0 },
	{ "inet:localhost:8893", 0, 0 },
	{ "inet:127.0.0.1:http-like", 0, 0 },
	{ "inet:1111111111111111111111111111111111111111111111111111111111111111:1", 0, 0 },
	{ "unix:/"
	  "0123456789012345678901234567890123456789012345678901234567890123456789"
	  "0123456789012345678901234567890123456789012345678901234567890123456789", 0, 0 },
	{ "local:/run/assay.sock", 0, 0 },
	{ "", 0, 0 },
};

START_TEST(found_by_those_who_connect)
{
	const char *listen_on = addresses[_i].listen;
	struct sockaddr_storage address;
	struct err err = ERR_INIT;
	socklen_t len;
	enum rc rc = listen_sockaddr(slice_str(listen_on), &address, &len, &err);

	if (addresses[_i].family == 0) {
		ck_assert_msg(rc == RC_CONFIG && err.count == 1, "%s", listen_on);
	} else {
		ck_assert_msg(rc == RC_OK && err.count == 0, "%s", listen_on);
		ck_assert_int_eq(address.ss_family, addresses[_i].family);
		ck_assert_uint_ge(len, addresses[_i].least);
	}
	err_free(&err);
}
END_TEST

START_TEST(found_by_number)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_storage address;
	struct err err = ERR_INIT;
	char name[32];
	socklen_t len;

	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&here, sizeof(here)), 0);
	snprintf(name, sizeof(name), "fd:%d", fd);
	ck_assert_int_eq(listen_sockaddr(slice_str(name), &address, &len, &err), RC_OK);
	ck_assert_int_eq(address.ss_family, AF_INET);
	ck_assert_int_ne(((const struct sockaddr_in *)(const void *)&address)->sin_port, 0);
	close(fd);
}
END_TEST

/* A socket of systemd's: its address is not in the configuration.  It is bound here, nobody listens. */
START_TEST(handed_over_for_everybody)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct identity id = { 0 };
	struct settings *s = NULL;
	struct err err = ERR_INIT;
	char text[64];

	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&any, sizeof(any)), 0);
	snprintf(text, sizeof(text), "listen = \"fd:%d\"", fd);
	ck_assert_int_eq(settings_load_text("t", slice_str(text), &s, &err), RC_OK);
	ck_assert_int_eq(listen_open(s, &id, &err), RC_CONFIG);
	ck_assert_msg(strstr(buf_cstr(&err.text), "allow-remote-mta = yes") != NULL, "%s",
	    buf_cstr(&err.text));
	settings_release(&s);
	err_free(&err);
	close(fd);
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
	UNIT_TABLE(s, found_by_those_who_connect, addresses);
	UNIT_TEST(s, found_by_number);
	UNIT_TEST(s, handed_over_for_everybody);
	UNIT_TEST(s, no_such_user_or_group);
	return s;
}

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/listen.h"
#include "daemon/milter.h"
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
	enum rc rc = milter_address(slice_str(names[_i].listen), &out, &err);

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

/* --- opening -------------------------------------------------------------------------------------- */

static struct identity myself(void)
{
	static char name[] = "me";

	return (struct identity){ .uid = geteuid(), .gid = getegid(), .name = name };
}

static struct listen_params params_of(const char *address)
{
	return (struct listen_params){ .option = "listen", .address = slice_str(address), .mode = 0620 };
}

/* A socket of systemd's: its address is not in the configuration. */
START_TEST(handed_over_for_everybody)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0), opened = -1;
	struct identity id = myself();
	struct listener *l = NULL;
	struct err err = ERR_INIT;
	struct listen_params p;
	char text[64];

	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&any, sizeof(any)), 0);
	snprintf(text, sizeof(text), "fd:%d", fd);
	p = params_of(text);
	ck_assert_int_eq(listen_open(&p, &id, listen_bind, &opened, &l, &err), RC_CONFIG);
	ck_assert_msg(strstr(buf_cstr(&err.text), "allow-remote-mta = yes") != NULL, "%s",
	    buf_cstr(&err.text));
	p.allow_remote = true;
	ck_assert_int_eq(listen_open(&p, &id, listen_bind, &opened, &l, &err), RC_OK);
	ck_assert_int_eq(opened, fd);
	ck_assert_int_eq(listen_publish(l, &err), RC_OK);
	listen_free(&l);
	err_free(&err);
	close(fd);
}
END_TEST

static size_t entries(const char *directory)
{
	DIR *d = opendir(directory);
	size_t n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2; /* . and .. */
}

static bool connects(const char *address)
{
	struct sockaddr_storage where;
	struct err err = ERR_INIT;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	socklen_t len;
	bool connected;

	ck_assert_int_eq(listen_sockaddr(slice_str(address), &where, &len, &err), RC_OK);
	connected = connect(fd, (const struct sockaddr *)&where, len) == 0;
	close(fd);
	return connected;
}

static const struct {
	const char *before; /* "nothing", "socket": of a daemon that is gone, "file", "link", "live" */
	const char *message; /* NULL: opened */
} places[] = {
	{ "nothing", NULL },
	{ "socket", NULL },
	{ "file", "that is not a socket" },
	{ "link", "that is not a socket" },
	{ "live", "another process is already listening" },
};

static int prepare_place(const char *before, const char *address, const char *path)
{
	int fd = -1;

	if (strcmp(before, "file") == 0)
		close(open(path, O_CREAT | O_WRONLY, 0600));
	if (strcmp(before, "link") == 0)
		ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	if (strcmp(before, "socket") == 0 || strcmp(before, "live") == 0) {
		struct err err = ERR_INIT;

		ck_assert_int_eq(listen_bind(&fd, slice_str(address), &err), RC_OK);
	}
	if (strcmp(before, "socket") == 0)
		close(fd);
	return fd;
}

START_TEST(unix_place)
{
	char directory[256], path[300], address[320];
	struct identity id = myself();
	struct listener *l = NULL;
	struct err err = ERR_INIT;
	struct listen_params p;
	struct stat st;
	int fd = -1, live;
	bool refused = places[_i].message != NULL;

	snprintf(directory, sizeof(directory), "%s/place%d", unit_tmpdir(), _i);
	snprintf(path, sizeof(path), "%s/sock", directory);
	snprintf(address, sizeof(address), "unix:%s", path);
	ck_assert_int_eq(mkdir(directory, 0700), 0);
	live = prepare_place(places[_i].before, address, path);
	p = params_of(address);
	ck_assert_int_eq(listen_open(&p, &id, listen_bind, &fd, &l, &err), refused ? RC_CONFIG : RC_OK);
	if (refused) {
		ck_assert_msg(strstr(buf_cstr(&err.text), places[_i].message) != NULL, "%s",
		    buf_cstr(&err.text));
	} else {
		ck_assert(!connects(address)); /* Early socket: not before all else is ready */
		ck_assert_int_eq(listen_publish(l, &err), RC_OK);
		ck_assert(connects(address));
		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_uint_eq(st.st_mode & 07777, 0620);
	}
	listen_free(&l);
	ck_assert_uint_eq(entries(directory), strcmp(places[_i].before, "nothing") != 0 || !refused);
	close(fd);
	close(live);
	err_free(&err);
}
END_TEST

/* A start that fails later leaves nothing, and what was there before stays. */
START_TEST(not_published)
{
	char directory[256], address[320];
	struct identity id = myself();
	struct listener *l = NULL;
	struct err err = ERR_INIT;
	struct listen_params p;
	int fd = -1;

	snprintf(directory, sizeof(directory), "%s/made", unit_tmpdir());
	snprintf(address, sizeof(address), "unix:%s/sock", directory);
	p = params_of(address);
	ck_assert_int_eq(listen_open(&p, &id, listen_bind, &fd, &l, &err), RC_OK);
	ck_assert_uint_eq(entries(directory), 1);
	listen_free(&l);
	ck_assert_uint_eq(entries(directory), 0);
	close(fd);
}
END_TEST

static const struct {
	const char *address, *group, *message;
} uncheckable[] = {
	{ "unix:/nonexistent/deeper/sock", "", "neither the directory /nonexistent/deeper nor" },
	{ "unix:/etc/passwd/sock", "", "/etc/passwd is not a directory" },
	{ "unix:/etc/passwd", "", "a file of that name that is not a socket" },
	{ "unix:/etc", "", "a directory of that name that is not a socket" },
	{ NULL, "no-such-group-here", "group no-such-group-here does not exist" },
	{ "inet:0.0.0.0:8893", "", "can be reached from other machines" },
	{ NULL, "", NULL }, /* NULL: in a directory of ours */
};

static const char *const warned_of[] = { "inet:[::1]:8893", "fd:123456" };

START_TEST(checked_with_a_warning)
{
	struct listen_params p = params_of(warned_of[_i]);
	struct identity id = myself();
	struct err err = ERR_INIT;

	listen_check(&p, &id, &err);
	ck_assert_uint_eq(err.count, 0);
	ck_assert_uint_eq(err.warnings, 1);
	err_free(&err);
}
END_TEST

START_TEST(checked_without_making)
{
	const char *address = uncheckable[_i].address, *message = uncheckable[_i].message;
	struct identity id = myself();
	struct err err = ERR_INIT;
	struct listen_params p;
	char ours[256];

	snprintf(ours, sizeof(ours), "unix:%s/sock", unit_tmpdir());
	p = params_of(address == NULL ? ours : address);
	p.group = slice_str(uncheckable[_i].group);
	listen_check(&p, &id, &err);
	ck_assert_uint_eq(err.count, message != NULL);
	ck_assert_msg(message == NULL || strstr(buf_cstr(&err.text), message) != NULL, "%s",
	    buf_cstr(&err.text));
	err_free(&err);
}
END_TEST

/* --- as root -------------------------------------------------------------------------------------- */

/*
 * Link for root: the directory is the service user's, who puts a link where root is going to make something: no link is
 * followed, and what is made is the user's.  Only root can test that.
 */
START_TEST(root_follows_no_link)
{
	char directory[256], target[300], path[300], address[320];
	const struct passwd *pw = getpwnam("nobody");
	struct identity id = { .change = true };
	struct listener *l = NULL;
	struct err err = ERR_INIT;
	struct listen_params p;
	struct stat st;
	int fd = -1;

	if (geteuid() != 0 || pw == NULL) {
		unit_skipped("only root becomes another user");
		return;
	}
	id.uid = pw->pw_uid;
	id.gid = pw->pw_gid;
	id.name = pw->pw_name;
	snprintf(directory, sizeof(directory), "%s/theirs", unit_tmpdir());
	snprintf(target, sizeof(target), "%s/root-only", unit_tmpdir());
	snprintf(path, sizeof(path), "%s/sock", directory);
	snprintf(address, sizeof(address), "unix:%s", path);
	ck_assert_int_eq(chmod(unit_tmpdir(), 0755), 0);
	ck_assert_int_eq(mkdir(target, 0700), 0);
	ck_assert_int_eq(symlink(target, directory), 0);
	p = params_of(address);
	ck_assert_int_eq(listen_open(&p, &id, listen_bind, &fd, &l, &err), RC_CONFIG);
	ck_assert_uint_eq(entries(target), 0);
	ck_assert_int_eq(unlink(directory), 0);
	ck_assert_int_eq(listen_open(&p, &id, listen_bind, &fd, &l, &err), RC_OK);
	ck_assert_int_eq(listen_publish(l, &err), RC_OK);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_uid, pw->pw_uid);
	ck_assert_uint_eq(geteuid(), 0);
	listen_free(&l);
	close(fd);
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
	UNIT_TABLE(s, found_by_those_who_connect, addresses);
	UNIT_TEST(s, found_by_number);
	UNIT_TEST(s, handed_over_for_everybody);
	UNIT_TABLE(s, unix_place, places);
	UNIT_TEST(s, not_published);
	UNIT_TABLE(s, checked_without_making, uncheckable);
	UNIT_TABLE(s, checked_with_a_warning, warned_of);
	UNIT_TEST(s, root_follows_no_link);
	UNIT_TEST(s, no_such_user_or_group);
	return s;
}

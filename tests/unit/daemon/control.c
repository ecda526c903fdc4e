/* control.h and base/ask.h: a question, its answer, and clients that hang or flood. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/ask.h"
#include "base/limits.h"
#include "daemon/control.h"
#include "daemon/listen.h"

#include "suites.h"

static void answer_hello(void *ctx, struct buf *out)
{
	buf_addf(out, "hello %s\n", (const char *)ctx);
}

static void answer_much(void *ctx, struct buf *out)
{
	(void)ctx;
	for (size_t i = 0; i < 100000; i++)
		buf_add_str(out, "0123456");
}

static const struct control_request requests[] = {
	{ "hello", answer_hello },
	{ "much", answer_much },
	{ NULL, NULL },
};

/* One control socket for all tests of this file; its thread stays. */
static const char *control_path(void)
{
	static char path[256], name[] = "world"; /* each test may have a process of its own */
	struct err err = ERR_INIT;
	char address[300];
	int fd = -1;

	if (*path != '\0' && access(path, F_OK) == 0)
		return path;
	snprintf(path, sizeof(path), "%s/control%ld", unit_tmpdir(), (long)getpid());
	snprintf(address, sizeof(address), "unix:%s", path);
	ck_assert_int_eq(listen_bind(&fd, slice_str(address), &err), RC_OK);
	ck_assert_int_eq(control_start(fd, requests, name, &err), RC_OK);
	return path;
}

static const struct {
	const char *question, *answer;
} questions[] = {
	{ "hello", "hello world\n" },
	{ "HELLO", "error: no such request\n" },
	{ "hell", "error: no such request\n" },
	{ "hello ", "error: no such request\n" },
	{ "", "error: no such request\n" },
	{ "hello\nmuch", "hello world\n" },
	/* a line that is too long gets none */
	{ "0123456789012345678901234567890123456789012345678901234567890123456789", "" },
};

START_TEST(answered)
{
	struct buf out = BUF_INIT(4096);
	const char *why = NULL;

	ck_assert_int_eq(ask(control_path(), questions[_i].question, 60000, &out, &why), RC_OK);
	ck_assert_str_eq(buf_cstr(&out), questions[_i].answer);
	buf_free(&out);
}
END_TEST

START_TEST(long_answer)
{
	struct buf out = BUF_INIT(1024u * 1024), small = BUF_INIT(1024);
	const char *why = NULL;

	ck_assert_int_eq(ask(control_path(), "much", 60000, &out, &why), RC_OK);
	ck_assert_uint_eq(out.len, 700000);
	ck_assert_int_eq(ask(control_path(), "much", 60000, &small, &why), RC_IO);
	ck_assert_str_eq(why, "the answer is too long");
	buf_free(&out);
	buf_free(&small);
}
END_TEST

/* Clients that say nothing, begin a line, or do not read a long answer; row: what each of them sends. */
static const struct {
	const char *sent;
} hanging[] = { { "" }, { "hel" }, { "much\n" } };

static int connect_to_control(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path, control_path(), strlen(control_path()) + 1);
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/*
 * Three times as many as are served at a time: each one's time is two seconds, so that waiting for them in
 * turn would take longer than the question may; and those that were too many have been closed.
 */
START_TEST(hanging_clients)
{
	struct buf out = BUF_INIT(4096);
	const char *why = NULL;
	int clients[3 * LIMIT_CONTROL_CLIENTS];
	char octet;

	for (size_t i = 0; i < N_ELEMENTS(clients); i++) {
		clients[i] = connect_to_control();
		(void)!send(clients[i], hanging[_i].sent, strlen(hanging[_i].sent), MSG_NOSIGNAL);
	}
	ck_assert_int_eq(ask(control_path(), "hello", 20000, &out, &why), RC_OK);
	ck_assert_str_eq(buf_cstr(&out), "hello world\n");
	if (*hanging[_i].sent == '\0')
		ck_assert_int_le(recv(clients[0], &octet, 1, 0), 0); /* returns: it was closed */
	for (size_t i = 0; i < N_ELEMENTS(clients); i++)
		close(clients[i]);
	buf_free(&out);
}
END_TEST

/* A thousand that come and go: each is answered or closed, and then the next one is answered. */
START_TEST(flood)
{
	struct buf out = BUF_INIT(4096);
	const char *why = NULL;

	for (unsigned i = 0; i < 1000; i++) {
		int fd = connect_to_control();

		if (i % 2 == 0)
			(void)!send(fd, "hello\n", 6, MSG_NOSIGNAL);
		close(fd);
	}
	ck_assert_int_eq(ask(control_path(), "hello", 60000, &out, &why), RC_OK);
	ck_assert_str_eq(buf_cstr(&out), "hello world\n");
	buf_free(&out);
}
END_TEST

START_TEST(nobody_there)
{
	struct buf out = BUF_INIT(4096);
	const char *why = NULL;
	char path[256], address[300];
	struct err err = ERR_INIT;
	int fd = -1;

	snprintf(path, sizeof(path), "%s/nothing", unit_tmpdir());
	ck_assert_int_eq(ask(path, "hello", 60000, &out, &why), RC_IO);
	ck_assert_str_eq(why, "there is no such socket: assayd does not run, or runs with another configuration");
	snprintf(address, sizeof(address), "unix:%s", path);
	ck_assert_int_eq(listen_bind(&fd, slice_str(address), &err), RC_OK);
	ck_assert_int_eq(ask(path, "hello", 50, &out, &why), RC_IO); /* it listens, and never answers */
	ck_assert_str_eq(why, "no answer in time");
	close(fd);
	ck_assert_int_eq(ask("/0123456789012345678901234567890123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789", "hello", 50, &out, &why), RC_IO);
	ck_assert_str_eq(why, "the path is too long");
	buf_free(&out);
}
END_TEST

Suite *daemon_control_suite(void)
{
	Suite *s = suite_create("daemon control");

	UNIT_TABLE(s, answered, questions);
	UNIT_TEST(s, long_answer);
	UNIT_TABLE(s, hanging_clients, hanging);
	UNIT_TEST(s, flood);
	UNIT_TEST(s, nobody_there);
	return s;
}

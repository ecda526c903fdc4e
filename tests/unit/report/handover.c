/* handover.h: the setting, and the sendmail command; SMTP is played by tests/cli/sending.py. */
#include <stdlib.h>

#include "config/reports.h"
#include "report/handover.h"

#include "files.h"
#include "suites.h"

static const struct {
	const char *text;
	bool valid;
	struct handover_way way;
} ways[] = {
	{ "smtp:127.0.0.1:25", true, { false, SLICE("127.0.0.1"), 25, SLICE("") } },
	{ "smtp:[::1]:2525", true, { false, SLICE("::1"), 2525, SLICE("") } },
	{ "smtp:mail.example.com:587", true, { false, SLICE("mail.example.com"), 587, SLICE("") } },
	{ "sendmail", true, { true, SLICE(""), 0, SLICE("/usr/sbin/sendmail") } },
	{ "sendmail:/opt/sendmail", true, { true, SLICE(""), 0, SLICE("/opt/sendmail") } },
	{ "", false, { 0 } },
	{ "smtp", false, { 0 } },
	{ "smtp:", false, { 0 } },
	{ "smtp:127.0.0.1", false, { 0 } },
	{ "smtp:127.0.0.1:", false, { 0 } },
	{ "smtp:127.0.0.1:0", false, { 0 } },
	{ "smtp:127.0.0.1:65536", false, { 0 } },
	{ "smtp:127.0.0.1:25/x", false, { 0 } },
	{ "smtp:::1:25", false, { 0 } },
	{ "smtp:[::1:25", false, { 0 } },
	{ "smtp:[mail.example.com]:25", false, { 0 } },
	{ "smtp:user@host:25", false, { 0 } },
	{ "smtp:a/b:25", false, { 0 } },
	{ "smtps:127.0.0.1:465", false, { 0 } },
	{ "sendmail:", false, { 0 } },
	{ "sendmail:sendmail", false, { 0 } },
	{ "sendmail /usr/sbin/sendmail", false, { 0 } },
	{ "/usr/sbin/sendmail", false, { 0 } },
};

START_TEST(way_rows)
{
	struct handover_way way;
	bool valid = handover_way_parse(slice_str(ways[_i].text), &way);

	ck_assert_msg(valid == ways[_i].valid, "%s", ways[_i].text);
	if (!valid)
		return;
	ck_assert_int_eq(way.sendmail, ways[_i].way.sendmail);
	ck_slice_eq(way.host, ways[_i].way.host);
	ck_assert_int_eq(way.port, ways[_i].way.port);
	ck_slice_eq(way.path, ways[_i].way.path);
}
END_TEST

static const struct {
	const char *id, *script;
	enum handover_result result;
	const char *words;
} commands[] = {
	{ "taken", "exit 0", HANDOVER_TAKEN, "" },
	{ "no such user", "echo no such user >&2; exit 67", HANDOVER_UNKNOWN, "no such user" },
	{ "later", "echo queue file write error; exit 75", HANDOVER_STOPPED, "queue file write error" },
	{ "postdrop without its group", "exit 69", HANDOVER_STOPPED, "exit status 69" },
	{ "a shell that finds no program", "exit 127", HANDOVER_STOPPED, "cannot be run (exit status 127)" },
	{ "killed", "kill -9 $$", HANDOVER_STOPPED, "exit status -1" },
};

static enum handover_result run(const char *dir, const char *script, struct slice sender, struct buf *words)
{
	char *text, *path = files_path(dir, "sendmail");
	struct buf via = BUF_INIT(4096);
	struct err err = ERR_INIT;
	struct handover *h = NULL;
	enum handover_result result;

	ck_assert_int_gt(asprintf(&text, "#!/bin/sh\ncat >'%s/message'\nprintf '%%s\\n' \"$@\" >'%s/arguments'\n%s\n", dir,
	    dir, script), 0);
	files_write(dir, "sendmail", text, 0700);
	buf_addf(&via, "sendmail:%s", path);
	ck_assert_int_eq(handover_open(buf_slice(&via), &h, &err), RC_OK);
	result = handover(h, sender, SLICE("a@example.org"), SLICE("To: a@example.org\n\n.\nx\n"), words);
	handover_close(&h);
	err_free(&err);
	buf_free(&via);
	free(path);
	free(text);
	return result;
}

static void check_file(const char *dir, const char *name, struct slice want)
{
	char *path = files_path(dir, name);
	size_t len = 0;
	char *text = unit_read_file(path, &len);

	ck_assert(text != NULL);
	ck_slice_eq(slice_of(text, len), want);
	free(text);
	free(path);
}

START_TEST(command_rows)
{
	struct buf words = BUF_INIT(1000);
	char *dir = files_dir();
	enum handover_result result = run(dir, commands[_i].script, SLICE("b@example.com"), &words);

	ck_assert_msg(result == commands[_i].result, "%s: %d", commands[_i].id, (int)result);
	ck_assert_msg(strstr(buf_cstr(&words), commands[_i].words) != NULL, "%s: %s", commands[_i].id, buf_cstr(&words));
	check_file(dir, "message", SLICE("To: a@example.org\n\n.\nx\n"));
	check_file(dir, "arguments", SLICE("-i\n-f\nb@example.com\n--\na@example.org\n"));
	buf_free(&words);
	free(dir);
}
END_TEST

START_TEST(the_null_sender)
{
	struct buf words = BUF_INIT(1000);
	char *dir = files_dir();

	ck_assert_int_eq(run(dir, "exit 0", SLICE(""), &words), HANDOVER_TAKEN);
	check_file(dir, "arguments", SLICE("-i\n-f\n<>\n--\na@example.org\n"));
	buf_free(&words);
	free(dir);
}
END_TEST

START_TEST(a_command_that_is_not_there)
{
	struct buf words = BUF_INIT(1000);
	struct err err = ERR_INIT;
	struct handover *h = NULL;

	ck_assert_int_eq(handover_open(SLICE("sendmail:/nonexistent/sendmail"), &h, &err), RC_OK);
	ck_assert_int_eq(handover(h, SLICE(""), SLICE("a@example.org"), SLICE("x"), &words), HANDOVER_STOPPED);
	/* which of the two is the system's choice (POSIX, posix_spawn) */
	ck_assert_msg(strstr(buf_cstr(&words), "/nonexistent/sendmail: No such file") != NULL ||
	    strstr(buf_cstr(&words), "/nonexistent/sendmail: cannot be run") != NULL, "%s", buf_cstr(&words));
	handover_close(&h);
	ck_assert_int_eq(handover_open(SLICE("lmtp:x"), &h, &err), RC_CONFIG);
	ck_assert_uint_eq(err.count, 1);
	err_free(&err);
	buf_free(&words);
}
END_TEST

Suite *handover_suite(void)
{
	Suite *s = suite_create("handover");

	UNIT_TABLE(s, way_rows, ways);
	UNIT_TABLE(s, command_rows, commands);
	UNIT_TEST(s, the_null_sender);
	UNIT_TEST(s, a_command_that_is_not_there);
	return s;
}

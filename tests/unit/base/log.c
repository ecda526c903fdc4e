/* log.h: what others wrote cannot write our lines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"

#include "suites.h"

static const struct {
	struct slice in;
	const char *out;
} rows[] = {
	{ SLICE("user@example.com"), "user@example.com" },
	{ SLICE("<a>=\"b\";'c'%s"), "<a>=\"b\";'c'%s" },
	{ SLICE("a b"), "a\\x20b" },
	{ SLICE("a\\b"), "a\\x5cb" },
	{ SLICE("a\r\nspf=pass"), "a\\x0d\\x0aspf=pass" },
	{ SLICE("\0\x1b[31m\x7f"), "\\x00\\x1b[31m\\x7f" },
	{ SLICE("m\xc3\xbcnchen"), "m\xc3\xbcnchen" },
	{ SLICE("\xff\xc3"), "\\xff\\xc3" },
	{ SLICE("\xc2\x9b" "31m"), "\\xc2\\x9b31m" }, /* a C1 control moves the cursor too */
	{ SLICE(""), "" },
	{ SLICE_NULL, "" },
};

START_TEST(escaping)
{
	struct buf out = BUF_INIT(1000);

	log_escape(&out, rows[_i].in);
	ck_assert_str_eq(buf_cstr(&out), rows[_i].out);
	buf_free(&out);
}
END_TEST

START_TEST(long_fields_are_cut)
{
	struct buf in = BUF_INIT(2000), out = BUF_INIT(2000);

	for (unsigned i = 0; i < LIMIT_LOG_FIELD; i++)
		buf_add_char(&in, 'x');
	log_escape(&out, buf_slice(&in));
	ck_slice_eq(buf_slice(&out), buf_slice(&in));
	buf_add_char(&in, 'y');
	buf_clear(&out);
	log_escape(&out, buf_slice(&in));
	ck_assert_uint_eq(out.len, LIMIT_LOG_FIELD + 3);
	ck_assert_str_eq(out.ptr + LIMIT_LOG_FIELD, "...");
	buf_free(&in);
	buf_free(&out);
}
END_TEST

/* systemd names its stream so: standard error is it. */
static void pretend_journal(void)
{
	struct stat st;
	char stream[64];

	ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
}

/* Standard error goes into a file for the length of the calls. */
static char *logged(const struct log_params *params, bool journal)
{
	char path[256], *text;
	size_t len;

	snprintf(path, sizeof(path), "%s/log", unit_tmpdir());
	ck_assert_ptr_nonnull(freopen(path, "w", stderr));
	if (journal)
		pretend_journal();
	ck_assert(log_open(params));
	log_error("an %s", "error");
	log_warning("a warning");
	log_info("info %d", 1);
	log_debug("debug");
	log_line(LOG_LEVEL_INFO, SLICE("%s is not a format"));
	fflush(stderr);
	text = unit_read_file(path, &len);
	ck_assert_ptr_nonnull(text);
	return text;
}

START_TEST(levels_and_targets)
{
	struct log_params params = { .target = LOG_TARGET_STDERR, .level = LOG_LEVEL_INFO,
		.ident = "assayd" };
	char *text = logged(&params, false);

	ck_assert_str_eq(text, "assayd: an error\nassayd: a warning\nassayd: info 1\n"
	    "assayd: %s is not a format\n");
	free(text);
	params.level = LOG_LEVEL_ERROR;
	text = logged(&params, false);
	ck_assert_str_eq(text, "assayd: an error\n");
	free(text);
	params.level = LOG_LEVEL_DEBUG;
	text = logged(&params, true);
	unsetenv("JOURNAL_STREAM");
	ck_assert_str_eq(text, "<3>an error\n<4>a warning\n<6>info 1\n<7>debug\n"
	    "<6>%s is not a format\n");
	free(text);
}
END_TEST

START_TEST(file)
{
	struct log_params params = { .target = LOG_TARGET_FILE, .level = LOG_LEVEL_INFO,
		.ident = "assayd" };
	char path[256], moved[256], *text;
	size_t len;

	snprintf(path, sizeof(path), "%s/assay.log", unit_tmpdir());
	snprintf(moved, sizeof(moved), "%s/assay.log.1", unit_tmpdir());
	params.file = path;
	ck_assert(log_open(&params));
	log_info("before");
	ck_assert_int_eq(rename(path, moved), 0);
	log_info("still");
	ck_assert(log_open(&params));
	log_info("after");
	text = unit_read_file(moved, &len);
	ck_assert_ptr_nonnull(strstr(text, "]: before\n2"));
	ck_assert_ptr_nonnull(strstr(text, "]: still\n"));
	free(text);
	text = unit_read_file(path, &len);
	ck_assert_ptr_nonnull(strstr(text, " assayd["));
	ck_assert_ptr_nonnull(strstr(text, "]: after\n"));
	ck_assert_ptr_null(strstr(text, "still"));
	free(text);
	snprintf(path, sizeof(path), "%s/none/assay.log", unit_tmpdir());
	ck_assert(!log_open(&params)); /* and lines go to standard error */
	snprintf(path, sizeof(path), "%s/log-fifo", unit_tmpdir());
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	params.file = path;
	ck_assert(!log_open(&params)); /* nobody reads it: an error, not a wait */
}
END_TEST

/* A socket that plays the journal, made anew at its place. */
static int play_journal(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	memcpy(address.sun_path, path, strlen(path) + 1);
	(void)unlink(path);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void expect_datagram(int fd, const char *want)
{
	char got[4096];
	ssize_t n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);

	ck_assert_int_gt(n, 0);
	got[n] = '\0';
	ck_assert_str_eq(got, want);
}

START_TEST(journal)
{
	struct log_params params = { .target = LOG_TARGET_JOURNAL, .level = LOG_LEVEL_INFO, .ident = "assayd",
		.facility = LOG_MAIL };
	char path[256], want[512];
	int fd;

	snprintf(path, sizeof(path), "%s/journal", unit_tmpdir());
	params.journal = path;
	ck_assert(!log_open(&params)); /* there is none */
	ck_assert(!log_takes_fields());
	fd = play_journal(path);
	ck_assert(log_open(&params));
	ck_assert(log_takes_fields());
	log_line_with(LOG_LEVEL_WARNING, SLICE("a line"), SLICE("ASSAY_ACTION=accept\nASSAY_WHY=two words\n"));
	snprintf(want, sizeof(want), "PRIORITY=4\nSYSLOG_FACILITY=2\nSYSLOG_IDENTIFIER=assayd\nSYSLOG_PID=%ld\n"
	    "MESSAGE=a line\nASSAY_ACTION=accept\nASSAY_WHY=two words\n", (long)getpid());
	expect_datagram(fd, want);
	log_debug("not wanted");
	close(fd);
	fd = play_journal(path); /* it was started anew */
	log_error("an error");
	snprintf(want, sizeof(want), "PRIORITY=3\nSYSLOG_FACILITY=2\nSYSLOG_IDENTIFIER=assayd\nSYSLOG_PID=%ld\n"
	    "MESSAGE=an error\n", (long)getpid());
	expect_datagram(fd, want);
	close(fd);
}
END_TEST

/* Of each target what --check says; the file's directory is there, or not. */
static const struct {
	enum log_target target;
	const char *file;
	bool journal, warned;
} targets[] = {
	{ LOG_TARGET_STDERR, "", false, false },
	{ LOG_TARGET_JOURNAL, "", true, false },
	{ LOG_TARGET_JOURNAL, "", false, true },
	{ LOG_TARGET_FILE, "new.log", false, false },
	{ LOG_TARGET_FILE, "none/new.log", false, true },
};

START_TEST(targets_that_lose_lines)
{
	struct log_params params = { .target = targets[_i].target };
	char log[256], path[256];
	struct err err = ERR_INIT;
	int fd = -1;

	snprintf(log, sizeof(log), "%s/%s", unit_tmpdir(), targets[_i].file);
	snprintf(path, sizeof(path), "%s/journal%d", unit_tmpdir(), _i);
	params.file = log;
	params.journal = path;
	if (targets[_i].journal)
		fd = play_journal(path);
	log_check(&params, &err);
	ck_assert_uint_eq(err.warnings, targets[_i].warned);
	ck_assert_uint_eq(err.count + err.findings, 0);
	ck_assert(access(log, F_OK) != 0 || *targets[_i].file == '\0');
	err_free(&err);
	if (fd >= 0)
		close(fd);
}
END_TEST

START_TEST(repeated)
{
	struct log_params params = { .target = LOG_TARGET_STDERR, .level = LOG_LEVEL_INFO,
		.ident = "assayd" };
	static struct log_kept lines[LIMIT_LOG_KEPT];
	char path[256], *text;
	size_t len, n;

	snprintf(path, sizeof(path), "%s/repeated", unit_tmpdir());
	ck_assert_ptr_nonnull(freopen(path, "w", stderr));
	ck_assert(log_open(&params));
	for (int i = 0; i < 1000; i++)
		log_repeated(LOG_LEVEL_ERROR, "store", "store: full, row %d", i);
	log_repeated(LOG_LEVEL_DEBUG, "other", "not wanted");
	log_sum_up(false); /* its time is not over */
	log_sum_up(true);
	log_sum_up(true);
	fflush(stderr);
	text = unit_read_file(path, &len);
	ck_assert_ptr_nonnull(strstr(text, "assayd: store: full, row 0\nassayd: store: full, row 999 (999 more times in "));
	ck_assert_ptr_null(strstr(text, "wanted"));
	free(text);
	n = log_kept(lines);
	ck_assert_uint_ge(n, 2);
	ck_slice_eq(slice_of(lines[n - 2].line, lines[n - 2].len), SLICE("store: full, row 0"));
	ck_assert_int_eq(lines[n - 1].level, LOG_LEVEL_ERROR);
	ck_assert_int_gt(lines[n - 1].time, 0);
}
END_TEST

START_TEST(newest_trouble_is_kept)
{
	struct log_params params = { .target = LOG_TARGET_STDERR, .level = LOG_LEVEL_INFO,
		.ident = "assayd" };
	static struct log_kept lines[LIMIT_LOG_KEPT];
	char path[256], last[32];
	struct buf text = BUF_INIT(4096);

	snprintf(path, sizeof(path), "%s/kept", unit_tmpdir());
	ck_assert_ptr_nonnull(freopen(path, "w", stderr));
	ck_assert(log_open(&params));
	for (unsigned i = 0; i < 3 * LIMIT_LOG_KEPT + 1; i++)
		log_warning("warning %u", i);
	log_info("no trouble");
	ck_assert_uint_eq(log_kept(lines), LIMIT_LOG_KEPT);
	snprintf(last, sizeof(last), "warning %u", 3 * LIMIT_LOG_KEPT);
	ck_slice_eq(slice_of(lines[LIMIT_LOG_KEPT - 1].line, lines[LIMIT_LOG_KEPT - 1].len), slice_str(last));
	snprintf(last, sizeof(last), "warning %u", 2 * LIMIT_LOG_KEPT + 1);
	ck_slice_eq(slice_of(lines[0].line, lines[0].len), slice_str(last));
	while (text.len < 2000)
		buf_add_char(&text, 'x');
	log_line(LOG_LEVEL_ERROR, buf_slice(&text));
	ck_assert_uint_eq(log_kept(lines), LIMIT_LOG_KEPT);
	ck_assert_uint_eq(lines[LIMIT_LOG_KEPT - 1].len, LIMIT_LOG_KEPT_LINE);
	buf_free(&text);
}
END_TEST

/* A log may change its target at any time, with a thread of its own as without. */
START_TEST(deferred)
{
	struct log_params params = { .target = LOG_TARGET_STDERR, .level = LOG_LEVEL_INFO,
		.ident = "assayd" };
	char path[256], *text;
	size_t len;

	snprintf(path, sizeof(path), "%s/deferred", unit_tmpdir());
	ck_assert_ptr_nonnull(freopen(path, "w", stderr));
	log_open(&params);
	ck_assert_uint_eq(log_drain(0), 0);
	ck_assert_int_eq(log_defer(), RC_OK);
	log_info("%d", 1);
	log_debug("not wanted");
	ck_assert_uint_eq(log_drain(60000), 0);
	params.ident = "other";
	log_open(&params);
	log_line(LOG_LEVEL_ERROR, SLICE("2"));
	ck_assert_uint_eq(log_drain(60000), 0);
	ck_assert_uint_eq(log_dropped(), 0);
	fflush(stderr);
	text = unit_read_file(path, &len);
	ck_assert_str_eq(text, "assayd: 1\nother: 2\n");
	free(text);
}
END_TEST

Suite *log_suite(void)
{
	Suite *s = suite_create("log");

	UNIT_TABLE(s, escaping, rows);
	UNIT_TEST(s, long_fields_are_cut);
	UNIT_TEST(s, levels_and_targets);
	UNIT_TEST(s, file);
	UNIT_TEST(s, journal);
	UNIT_TABLE(s, targets_that_lose_lines, targets);
	UNIT_TEST(s, repeated);
	UNIT_TEST(s, newest_trouble_is_kept);
	UNIT_TEST(s, deferred); /* the last: without fork the thread stays */
	return s;
}

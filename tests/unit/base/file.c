/* file.h: whole files, with a ceiling. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#include "suites.h"

static const char *write_file(const char *content, size_t len)
{
	static char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/file", unit_tmpdir());
	f = fopen(path, "wb");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(content, 1, len, f), len);
	fclose(f);
	return path;
}

START_TEST(content)
{
	struct buf out = BUF_INIT(100);
	struct stat st;
	const char *why = NULL;

	ck_assert_int_eq(file_read(write_file("a\0b\n", 4), &out, &st, &why), RC_OK);
	ck_slice_eq(buf_slice(&out), SLICE("a\0b\n"));
	ck_assert_int_eq(st.st_size, 4);
	buf_clear(&out);
	ck_assert_int_eq(file_read(write_file("", 0), &out, NULL, &why), RC_OK);
	ck_assert_uint_eq(out.len, 0);
	ck_assert_ptr_null(why);
	buf_free(&out);
}
END_TEST

/* "Byte order mark": it hid the first line of a table. */
START_TEST(byte_order_mark)
{
	struct buf out = BUF_INIT(100);
	const char *why = NULL;

	ck_assert_int_eq(file_read(write_file("\xef\xbb\xbf" "a\xef\xbb\xbf", 7), &out, NULL, &why),
	    RC_OK);
	ck_slice_eq(buf_slice(&out), SLICE("a\xef\xbb\xbf"));
	ck_assert_int_eq(file_read(write_file("\xef\xbb\xbf", 3), &out, NULL, &why), RC_OK);
	ck_assert_int_eq(file_read(write_file("\xef\xbb", 2), &out, NULL, &why), RC_OK);
	ck_slice_eq(buf_slice(&out), SLICE("a\xef\xbb\xbf" "\xef\xbb"));
	buf_free(&out);
}
END_TEST

/* A new file is complete or absent, an old one is never replaced, and nothing else is left in the directory. */
START_TEST(created)
{
	char path[256], draft[256];
	struct buf out = BUF_INIT(100);
	const char *why = NULL;
	struct stat st;

	snprintf(path, sizeof(path), "%s/created", unit_tmpdir());
	snprintf(draft, sizeof(draft), "%s/.created.new", unit_tmpdir());
	ck_assert(file_create(draft, SLICE("interrupted"), 0600, false));
	ck_assert(file_create(path, SLICE("one"), 0640, true));
	ck_assert(!file_create(path, SLICE("two"), 0640, true));
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_eq(file_read(path, &out, &st, &why), RC_OK);
	ck_slice_eq(buf_slice(&out), SLICE("one"));
	ck_assert_uint_eq(st.st_mode & 0777u, 0640);
	ck_assert_int_ne(access(draft, F_OK), 0);
	ck_assert(file_create(draft, SLICE("interrupted"), 0600, false));
	file_create_tidy(path);
	ck_assert_int_ne(access(draft, F_OK), 0);
	snprintf(path, sizeof(path), "%s/absent/created", unit_tmpdir());
	ck_assert(!file_create(path, SLICE("one"), 0640, true));
	ck_assert_int_eq(errno, ENOENT);
	buf_free(&out);
}
END_TEST

START_TEST(ceiling)
{
	struct buf out = BUF_INIT(4);
	const char *why = NULL;

	ck_assert_int_eq(file_read(write_file("1234", 4), &out, NULL, &why), RC_OK);
	buf_clear(&out);
	ck_assert_int_eq(file_read(write_file("12345", 5), &out, NULL, &why), RC_LIMIT);
	ck_assert_str_eq(why, "too large");
	buf_free(&out);
}
END_TEST

START_TEST(what_is_no_file)
{
	struct buf out = BUF_INIT(100);
	const char *why = NULL;

	ck_assert_int_eq(file_read(unit_tmpdir(), &out, NULL, &why), RC_IO);
	ck_assert_str_eq(why, "is a directory");
	ck_assert_int_eq(file_read("/nonexistent/file", &out, NULL, &why), RC_IO);
	ck_assert_str_eq(why, "No such file or directory");
	ck_assert_uint_eq(out.len, 0);
	buf_free(&out);
}
END_TEST

/* FIFO: one whose writer never comes, or never ends, would keep a reload waiting for ever. */
START_TEST(fifo)
{
	struct buf out = BUF_INIT(100);
	const char *why = NULL;
	char path[256];
	int writer;

	snprintf(path, sizeof(path), "%s/fifo", unit_tmpdir());
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(file_read(path, &out, NULL, &why), RC_IO);
	ck_assert_str_eq(why, "is not a regular file");
	writer = open(path, O_RDWR);
	ck_assert_int_eq(write(writer, "x", 1), 1);
	ck_assert_int_eq(file_read(path, &out, NULL, &why), RC_IO);
	ck_assert_uint_eq(out.len, 0);
	close(writer);
	buf_free(&out);
}
END_TEST

Suite *file_suite(void)
{
	Suite *s = suite_create("file");

	UNIT_TEST(s, content);
	UNIT_TEST(s, byte_order_mark);
	UNIT_TEST(s, ceiling);
	UNIT_TEST(s, what_is_no_file);
	UNIT_TEST(s, fifo);
	UNIT_TEST(s, created);
	return s;
}

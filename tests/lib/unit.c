#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"

#include "unit.h"

enum { UNIT_SECONDS = 1800 }; /* one program, valgrind's slowness included */

static char tmpdir[] = "/tmp/assay-unit-XXXXXX";
static bool tmpdir_made;
static pid_t tmpdir_owner;

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void remove_tmpdir(void)
{
	if (tmpdir_made && getpid() == tmpdir_owner)
		nftw(tmpdir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* A process for each row costs more than most rows do.  Without it libcheck watches no time. */
static void limit_time(SRunner *runner)
{
	if (srunner_fork_status(runner) == CK_NOFORK)
		alarm(UNIT_SECONDS);
}

int unit_main(suite_maker *const *suites)
{
	SRunner *runner = srunner_create(NULL);
	int failed;

	if (mkdtemp(tmpdir) == NULL)
		abort();
	tmpdir_made = true;
	tmpdir_owner = getpid();
	for (size_t i = 0; suites[i] != NULL; i++)
		srunner_add_suite(runner, suites[i]());
	limit_time(runner);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	remove_tmpdir();
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

void unit_table(Suite *suite, const char *name, const TTest *test, int rows)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, test, 0, rows);
	suite_add_tcase(suite, tc);
}

void unit_slice_eq(const char *file, int line, struct slice got, struct slice want)
{
	if (!slice_eq(got, want))
		ck_abort_msg("%s:%d: got \"%.*s\" (%zu octets), want \"%.*s\" (%zu octets)", file, line,
		    SLICE_ARG(got), got.len, SLICE_ARG(want), want.len);
	else
		ck_assert(true);
}

static char *joined(const char *directory, const char *relative)
{
	struct buf path = BUF_INIT(4096);

	if (directory == NULL)
		return NULL;
	buf_addf(&path, "%s/%s", directory, relative);
	if (buf_failed(&path) || access(buf_cstr(&path), R_OK) != 0)
		buf_free(&path);
	return path.ptr;
}

char *unit_source_path(const char *relative)
{
	return joined(getenv("ASSAY_SRCDIR"), relative);
}

char *unit_shared_path(const char *relative)
{
	return joined(getenv("ASSAY_SHARED"), relative);
}

char *unit_read_file(const char *path, size_t *len_out)
{
	struct buf content = BUF_INIT(64u * 1024 * 1024);
	FILE *f = fopen(path, "rb");
	char chunk[16384];
	size_t n;

	if (f == NULL)
		return NULL;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&content, slice_of(chunk, n));
	fclose(f);
	if (content.ptr == NULL)
		content.ptr = calloc(1, 1);
	*len_out = content.len;
	return content.ptr;
}

const char *unit_tmpdir(void)
{
	return tmpdir;
}

void unit_skipped(const char *why)
{
	printf("skipped: %s\n", why);
}

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"

#include "unit.h"

#include "files.h"
#include "keys.h"

char *files_path(const char *dir, const char *relative)
{
	struct buf path = BUF_INIT(4096);

	buf_addf(&path, "%s/%s", dir, relative);
	ck_assert(!buf_failed(&path));
	return path.ptr;
}

char *files_dir(void)
{
	char *dir = files_path(unit_tmpdir(), "XXXXXX");

	ck_assert_ptr_nonnull(mkdtemp(dir));
	return dir;
}

/* Every directory above the last "/". */
static void make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		ck_assert(mkdir(path, 0700) == 0 || errno == EEXIST);
		*slash = '/';
	}
}

void files_mkdir(const char *dir, const char *relative)
{
	char *path = files_path(dir, relative);

	make_parents(path);
	ck_assert(mkdir(path, 0700) == 0 || errno == EEXIST);
	free(path);
}

static void write_octets(const char *dir, const char *relative, struct slice text, mode_t mode)
{
	char *path = files_path(dir, relative);
	FILE *f;

	make_parents(path);
	f = fopen(path, "wb");
	ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
	ck_assert_uint_eq(fwrite(text.ptr, 1, text.len, f), text.len);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
	free(path);
}

void files_write(const char *dir, const char *relative, const char *text, mode_t mode)
{
	write_octets(dir, relative, slice_str(text), mode);
}

char *keys_text(const char *name, size_t *len_out)
{
	char *relative = files_path("keys", name);
	char *path = unit_source_path(relative);
	char *text = path == NULL ? NULL : unit_read_file(path, len_out);

	ck_assert_msg(text != NULL, "%s is not in the source tree (ASSAY_SRCDIR)", relative);
	free(path);
	free(relative);
	return text;
}

void files_key(const char *dir, const char *relative, const char *key, mode_t mode)
{
	size_t len;
	char *text = keys_text(key, &len);

	write_octets(dir, relative, slice_of(text, len), mode);
	free(text);
}

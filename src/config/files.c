#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/ascii.h"
#include "base/file.h"
#include "base/limits.h"

#include "private.h"

const char *path_from(struct arena *a, const char *directory, struct slice path)
{
	struct slice full;

	if (directory == NULL || slice_starts_with(path, SLICE("/")))
		full = arena_copy(a, path);
	else
		full = arena_printf(a, "%s/%.*s", directory, SLICE_ARG(path));
	return slice_is_null(full) ? "" : full.ptr;
}

const char *directory_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct slice name = slash == NULL ? SLICE(".") : slice_between(path, slash);
	struct slice directory = arena_copy(a, slash == path ? SLICE("/") : name);
	char *real = slice_is_null(directory) ? NULL : realpath(directory.ptr, NULL);

	if (real != NULL)
		directory = arena_copy(a, slice_str(real));
	free(real);
	return slice_is_null(directory) ? "/" : directory.ptr;
}

/* --- include -------------------------------------------------------------------------------- */

static bool has_wildcard(struct slice pattern)
{
	for (size_t i = 0; i < pattern.len; i++)
		if (strchr("*?[", pattern.ptr[i]) != NULL)
			return true;
	return false;
}

/* A directory that is not there holds no files; one that cannot be read is a mistake. */
static int directory_trouble(const char *path, int error)
{
	(void)path;
	return error != ENOENT && error != ENOTDIR;
}

void include_each(struct arena *a, const char *directory, struct slice pattern,
    struct config_place at, struct err *err, void (*each)(void *ctx, const char *path), void *ctx)
{
	const char *full = path_from(a, directory, pattern);
	glob_t found = { .gl_pathc = 0 };
	int rc;

	if (!has_wildcard(pattern)) {
		each(ctx, full);
		return;
	}
	rc = glob(full, 0, directory_trouble, &found);
	if (rc != 0 && rc != GLOB_NOMATCH)
		config_error(err, at, "include \"%s\": %s", config_shown(a, pattern),
		    rc == GLOB_NOSPACE ? strerror(ENOMEM) : strerror(errno));
	for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++)
		each(ctx, found.gl_pathv[i]);
	globfree(&found);
}

/* --- lists ---------------------------------------------------------------------------------- */

/* One entry on each line; "#" at the beginning or after a blank begins a comment. */
static struct slice list_entry(struct slice line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.ptr[i] == '#' && (i == 0 || is_fws(line.ptr[i - 1])))
			return slice_trim(slice_take(line, i));
	return slice_trim(line);
}

static bool add_lines(const struct target *t, struct slice text,
    bool (*add)(const struct target *t, struct slice text))
{
	struct target entry = *t;
	struct slice rest = text;
	bool ok = true;

	for (entry.at.line = 1; !slice_is_null(rest); entry.at.line++) {
		struct slice line = list_entry(slice_split(&rest, '\n'));

		if (line.len > 0)
			ok = add(&entry, line) && ok;
	}
	return ok;
}

bool list_file(const struct target *t, struct slice path,
    bool (*add)(const struct target *t, struct slice text))
{
	struct buf content = BUF_INIT(LIMIT_CONFIG_LIST);
	struct target entry = *t;
	const char *full, *why;
	struct slice text;
	struct stat st;

	if (t->directory == NULL)
		return value_wrong(t, path, "cannot be read: file: is not allowed here");
	full = path_from(t->arena, t->directory, path);
	if (path.len == 0 || file_read(full, &content, &st, &why) != RC_OK) {
		buf_free(&content);
		return value_wrong(t, path, "cannot be read: %s",
		    path.len == 0 ? "write file:PATH" : why);
	}
	entry.at.file = config_shown(t->arena, slice_str(full));
	file_warn_writable(entry.at.file, &st, t->err);
	text = arena_take_buf(t->arena, &content);
	return add_lines(&entry, text, add);
}

#include <stdint.h>
#include <sys/stat.h>

#include "base/ascii.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"

#include "signing/tablefile.h"

enum rc table_open(const char *spec, struct arena *a, struct table_file *out, struct err *err)
{
	struct slice file = SLICE("file:"), refile = SLICE("refile:");
	struct buf content = BUF_INIT(LIMIT_CONFIG_LIST);
	struct slice path = slice_str(spec);
	struct table_file f = { .patterns = slice_starts_with(path, refile) };
	const char *why;
	struct stat st;

	if (f.patterns)
		path = slice_drop(path, refile.len);
	else if (slice_starts_with(path, file))
		path = slice_drop(path, file.len);
	f.path = log_shown(a, path);
	if (file_read(path.ptr, &content, &st, &why) != RC_OK) {
		buf_free(&content);
		return err_config(err, "%s: %s", f.path, why);
	}
	file_warn_writable(f.path, &st, err);
	f.rest = arena_take_buf(a, &content);
	if (slice_is_null(f.rest))
		return RC_NOMEM;
	*out = f;
	return RC_OK;
}

bool table_next(struct table_file *f, struct table_entry *out)
{
	while (!slice_is_null(f->rest)) {
		struct slice line = slice_split(&f->rest, '\n');
		size_t end = 0;

		f->line++;
		line = slice_trim(slice_take(line, slice_find(line, '#')));
		while (end < line.len && !is_wsp(line.ptr[end]))
			end++;
		out->key = slice_take(line, end);
		out->value = slice_trim(slice_drop(line, end));
		if (line.len > 0)
			return true;
	}
	return false;
}

/* After a mismatch, extends the match of the last "*" by one octet; earlier ones never need backtracking. */
bool table_glob(struct slice pattern, struct slice text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, star_text = 0;

	while (t < text.len) {
		if (p < pattern.len && pattern.ptr[p] == '*') {
			star = p++;
			star_text = t;
		} else if (p < pattern.len && pattern.ptr[p] == text.ptr[t]) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++star_text;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}

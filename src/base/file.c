#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define FILE_CHUNK (64u * 1024)

static enum rc read_all(int fd, struct buf *out, const char **why_out)
{
	char chunk[FILE_CHUNK];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n > 0)
			buf_add(out, slice_of(chunk, (size_t)n));
		else if (errno != EINTR)
			break;
		if (buf_failed(out)) {
			*why_out = "too large";
			return RC_LIMIT;
		}
	}
	if (n == 0)
		return RC_OK;
	*why_out = strerror(errno);
	return RC_IO;
}

/* Some editors begin a UTF-8 text with U+FEFF, which belongs to no line of it. */
static void drop_byte_order_mark(struct buf *b, size_t start)
{
	struct slice mark = SLICE("\xef\xbb\xbf");

	if (!slice_starts_with(slice_drop(buf_slice(b), start), mark))
		return;
	memmove(b->ptr + start, b->ptr + start + mark.len, b->len - start - mark.len);
	buf_truncate(b, b->len - mark.len);
}

enum rc file_read(const char *path, struct buf *out, struct stat *st_out, const char **why_out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	enum rc rc = RC_IO;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0) {
		*why_out = strerror(errno);
	} else if (!S_ISREG(st.st_mode)) { /* reading a FIFO or a terminal could block without limit */
		*why_out = S_ISDIR(st.st_mode) ? "is a directory" : "is not a regular file";
	} else {
		size_t start = out->len;

		rc = read_all(fd, out, why_out);
		drop_byte_order_mark(out, start);
		if (st_out != NULL)
			*st_out = st;
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

void file_warn_writable(const char *shown, const struct stat *st, struct err *err)
{
	if ((st->st_mode & S_IWOTH) != 0)
		err_warn(err, "%s: writable by everybody: chmod o-w it", shown);
}

/* --- new files ------------------------------------------------------------------------------ */

static bool write_all(int fd, struct slice text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.ptr, text.len);

		if (n < 0 && errno != EINTR)
			return false;
		text = slice_drop(text, n < 0 ? 0 : (size_t)n);
	}
	return true;
}

/* "directory/.name.new" for "directory/name": what is interrupted leaves no half of a file under its name. */
static bool draft_path(const char *path, struct buf *out)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;

	buf_add(out, slice_of(path, (size_t)(name - path)));
	buf_addf(out, ".%s.new", name);
	return !buf_failed(out);
}

static bool write_draft(const char *draft, struct slice text, mode_t mode, bool synced)
{
	int fd, saved;
	bool done;

	unlink(draft); /* of an attempt that was interrupted */
	fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0)
		return false;
	done = write_all(fd, text) && fchmod(fd, mode) == 0 && (!synced || fsync(fd) == 0);
	saved = errno;
	if (close(fd) == 0 && done)
		return true;
	errno = saved;
	return false;
}

bool file_create(const char *path, struct slice text, mode_t mode, bool synced)
{
	struct buf draft = BUF_INIT(4096);
	bool done = false;
	int saved = ENAMETOOLONG;

	if (draft_path(path, &draft)) {
		done = write_draft(buf_cstr(&draft), text, mode, synced) && link(buf_cstr(&draft), path) == 0;
		saved = errno;
		unlink(buf_cstr(&draft));
	}
	buf_free(&draft);
	errno = saved;
	return done;
}

void file_create_tidy(const char *path)
{
	struct buf draft = BUF_INIT(4096);

	if (draft_path(path, &draft))
		unlink(buf_cstr(&draft));
	buf_free(&draft);
}

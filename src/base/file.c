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

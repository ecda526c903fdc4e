#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

void buf_free(struct buf *b)
{
	free(b->ptr);
	*b = (struct buf)BUF_INIT(b->max);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->ptr != NULL)
		b->ptr[0] = '\0';
}

/* Room for extra more octets and the NUL. */
static bool buf_reserve(struct buf *b, size_t extra)
{
	size_t want;
	char *p;

	if (b->failed || extra > b->max - b->len) {
		b->failed = true;
		return false;
	}
	if (b->len + extra < b->cap)
		return true;
	want = b->cap < 64 ? 64 : b->cap;
	while (want <= b->len + extra)
		want *= 2;
	if (want > b->max + 1)
		want = b->max + 1;
	p = realloc(b->ptr, want);
	if (p == NULL) {
		b->failed = true;
		return false;
	}
	b->ptr = p;
	b->cap = want;
	return true;
}

void buf_add(struct buf *b, struct slice s)
{
	if (s.len == 0 || !buf_reserve(b, s.len))
		return;
	memcpy(b->ptr + b->len, s.ptr, s.len);
	b->len += s.len;
	b->ptr[b->len] = '\0';
}

void buf_add_str(struct buf *b, const char *str)
{
	buf_add(b, slice_str(str));
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, slice_of(&c, 1));
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(b, fmt, ap);
	va_end(ap);
}

void buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) {
		b->failed = true;
		return;
	}
	if (!buf_reserve(b, (size_t)n))
		return;
	vsnprintf(b->ptr + b->len, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
}

void buf_truncate(struct buf *b, size_t len)
{
	if (len >= b->len)
		return;
	b->len = len;
	b->ptr[len] = '\0';
}

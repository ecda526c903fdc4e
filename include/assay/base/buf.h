/*
 * buf.h - a growing octet buffer with a ceiling.
 *
 * No buffer exists without a maximum.  A failed append (ceiling, memory) leaves the content as
 * it was and sets the sticky failed mark: append freely, ask buf_failed() once.  The content is
 * always followed by a NUL that is not counted.
 */
#ifndef ASSAY_BASE_BUF_H
#define ASSAY_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/rc.h"
#include "base/slice.h"

struct buf {
	char *ptr; /* owned; NULL while empty */
	size_t len;
	size_t cap;
	size_t max; /* ceiling in octets, the final NUL not counted */
	bool failed;
};

#define BUF_INIT(maximum) { .max = (maximum) }

void buf_free(struct buf *b);  /* back to empty, ceiling kept */
void buf_clear(struct buf *b); /* length 0, mark cleared, memory kept */

void buf_add(struct buf *b, struct slice s);
void buf_add_str(struct buf *b, const char *str);
void buf_add_char(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vaddf(struct buf *b, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

/* Makes the length smaller; a larger length is ignored. */
void buf_truncate(struct buf *b, size_t len);

static inline bool buf_failed(const struct buf *b)
{
	return b->failed;
}

/* Borrowed until the next change. */
static inline struct slice buf_slice(const struct buf *b)
{
	return slice_of(b->ptr == NULL ? "" : b->ptr, b->len);
}

static inline const char *buf_cstr(const struct buf *b)
{
	return b->ptr == NULL ? "" : b->ptr;
}

#endif

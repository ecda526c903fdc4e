/*
 * Canonicalization (mail/canon.h): any cut of a body gives the same octets, and what is canonical
 * already stays as it is.  The first octet chooses where to cut.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "mail/canon.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUTPUT_OCTETS (16u * 1024 * 1024)

static void add_to_buf(void *ctx, struct slice octets)
{
	if (octets.len == 0)
		abort();
	buf_add(ctx, octets);
}

static void body(enum canon kind, struct slice in, size_t step, struct buf *out)
{
	struct sink sink = { add_to_buf, out };
	struct body_canon c;

	body_canon_init(&c, kind);
	while (in.len > 0) {
		body_canon_feed(&c, slice_take(in, step), sink);
		in = slice_drop(in, step);
	}
	body_canon_end(&c, sink);
}

static void check_body(enum canon kind, struct slice in, size_t step)
{
	struct buf whole = BUF_INIT(OUTPUT_OCTETS), cut = BUF_INIT(OUTPUT_OCTETS);

	body(kind, in, SIZE_MAX, &whole);
	body(kind, in, step, &cut);
	if (!slice_eq(buf_slice(&whole), buf_slice(&cut)) || whole.len > in.len + 2)
		abort();
	buf_clear(&cut);
	body(kind, buf_slice(&whole), SIZE_MAX, &cut);
	if (!slice_eq(buf_slice(&whole), buf_slice(&cut)))
		abort();
	buf_free(&whole);
	buf_free(&cut);
}

static void check_relaxed_field(struct slice in)
{
	struct buf once = BUF_INIT(OUTPUT_OCTETS), twice = BUF_INIT(OUTPUT_OCTETS);
	struct header h = { SLICE("Name"), SLICE("Name"), in };

	canon_header(CANON_RELAXED, &h, true, (struct sink){ add_to_buf, &once });
	h.value = slice_drop(buf_slice(&once), strlen("name:"));
	canon_header(CANON_RELAXED, &h, true, (struct sink){ add_to_buf, &twice });
	if (!slice_eq(buf_slice(&once), buf_slice(&twice)) ||
	    slice_find(h.value, '\t') < h.value.len)
		abort();
	buf_free(&once);
	buf_free(&twice);
}

/* A signature's value left out is as if it had never been there. */
static void check_without(enum canon kind, struct slice in, size_t from)
{
	struct buf with = BUF_INIT(OUTPUT_OCTETS), without = BUF_INIT(OUTPUT_OCTETS);
	struct buf joined = BUF_INIT(OUTPUT_OCTETS);
	struct header h = { SLICE("Name"), SLICE("Name"), in };
	struct slice before = slice_take(in, from), after = slice_drop(in, from + 3);

	canon_header_without(kind, &h, slice_take(slice_drop(in, from), 3),
	    (struct sink){ add_to_buf, &without });
	while (before.len > 0 && is_fws(before.ptr[before.len - 1]))
		before.len--;
	while (after.len > 0 && is_fws(after.ptr[0]))
		after = slice_drop(after, 1);
	buf_add(&joined, before);
	buf_add(&joined, after);
	h.value = buf_slice(&joined);
	canon_header(kind, &h, true, (struct sink){ add_to_buf, &with });
	if (!slice_eq(buf_slice(&with), buf_slice(&without)))
		abort();
	buf_free(&with);
	buf_free(&without);
	buf_free(&joined);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };
	size_t at;

	if (size == 0)
		return 0;
	at = data[0];
	in = slice_drop(in, 1);
	check_body(CANON_SIMPLE, in, at + 1);
	check_body(CANON_RELAXED, in, at + 1);
	check_relaxed_field(in);
	if (at < in.len) {
		check_without(CANON_SIMPLE, in, at);
		check_without(CANON_RELAXED, in, at);
	}
	return 0;
}

#include <stdint.h>

#include "base/ascii.h"

#include "crypto/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The value of each ASCII character plus one; 0: none. */
static const unsigned char values[128] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 63, 0, 0, 0, 64,
	53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 0, 0, 0, 0, 0, 0,
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
	16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 0, 0, 0, 0, 0,
	0, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41,
	42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 0, 0, 0, 0, 0,
};

static int value_of(char c)
{
	unsigned char octet = (unsigned char)c;

	return octet < sizeof(values) ? values[octet] - 1 : -1;
}

struct decoder {
	unsigned char *out;
	size_t len, max;
	uint32_t bits;    /* not yet put out: the low 0, 2, 4 (padding) or more */
	unsigned symbols; /* in the current group of four */
	unsigned pads;
};

static bool decode_char(struct decoder *d, char c)
{
	int value = value_of(c);

	if (c == '=') {
		d->pads++;
		return true;
	}
	if (value < 0 || d->pads > 0)
		return false;
	d->bits = d->bits << 6 | (uint32_t)value;
	d->symbols = (d->symbols + 1) % 4;
	if (d->symbols == 1)
		return true;
	if (d->len == d->max)
		return false;
	/* after 2, 3 and 4 symbols, one octet is complete and 4, 2 and 0 bits remain */
	d->out[d->len++] = (unsigned char)(d->bits >> (4 - d->symbols) % 4 * 2);
	return true;
}

/* Four symbols at once, where they are four and the octets have room. */
static bool decode_group(struct decoder *d, struct slice text)
{
	uint32_t bits = 0;

	if (text.len < 4 || d->symbols != 0 || d->pads > 0 || d->max - d->len < 3)
		return false;
	for (size_t i = 0; i < 4; i++) {
		int value = value_of(text.ptr[i]);

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
	}
	d->out[d->len++] = (unsigned char)(bits >> 16);
	d->out[d->len++] = (unsigned char)(bits >> 8);
	d->out[d->len++] = (unsigned char)bits;
	return true;
}

/* The last group is padded to four, and the bits left over are zero (RFC 4648 section 3.5). */
static bool decode_end(const struct decoder *d)
{
	static const struct {
		unsigned pads;
		uint32_t left;
		bool possible;
	} end[4] = { { 0, 0, true }, { 0, 0, false }, { 2, 0x0f, true }, { 1, 0x03, true } };

	return end[d->symbols].possible && d->pads == end[d->symbols].pads &&
	    (d->bits & end[d->symbols].left) == 0;
}

bool base64_decode(struct arena *a, struct slice text, size_t max, struct slice *out)
{
	size_t room = text.len / 4 * 3 + 3;
	struct decoder d = { .max = max < room ? max : room };

	d.out = arena_alloc(a, d.max + 1);
	if (d.out == NULL)
		return false;
	while (text.len > 0) {
		size_t n = decode_group(&d, text) ? 4 : 1;

		if (n == 1 && !is_fws(text.ptr[0]) && !decode_char(&d, text.ptr[0]))
			return false;
		text = slice_of(text.ptr + n, text.len - n);
	}
	if (!decode_end(&d))
		return false;
	*out = slice_of((const char *)d.out, d.len);
	return true;
}

void base64_encode(struct buf *out, struct slice octets)
{
	for (size_t i = 0; i < octets.len; i += 3) {
		size_t n = octets.len - i < 3 ? octets.len - i : 3;
		uint32_t bits = 0;
		char group[4] = { 0, 0, '=', '=' };

		for (size_t k = 0; k < 3; k++)
			bits = bits << 8 | (k < n ? (unsigned char)octets.ptr[i + k] : 0);
		for (size_t k = 0; k <= n; k++)
			group[k] = alphabet[bits >> (18 - 6 * k) & 0x3f];
		buf_add(out, slice_of(group, sizeof(group)));
	}
}

#include <stdint.h>

#include "base/ascii.h"

#include "base/utf8.h"

/* RFC 3629 section 3: lead octet -> length, payload bits, smallest code point of that length */
static const struct {
	unsigned char mask, lead;
	size_t len;
	uint32_t min;
} forms[] = {
	{ 0xe0, 0xc0, 2, 0xa0 }, /* U+0080 to U+009F are controls */
	{ 0xf0, 0xe0, 3, 0x800 },
	{ 0xf8, 0xf0, 4, 0x10000 },
};

static size_t sequence_of_form(struct slice s, size_t f, uint32_t *code_out)
{
	uint32_t code = (unsigned char)s.ptr[0] & (unsigned char)~forms[f].mask;

	if (s.len < forms[f].len)
		return 0;
	for (size_t i = 1; i < forms[f].len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if ((c & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (c & 0x3f);
	}
	if (code < forms[f].min || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*code_out = code;
	return forms[f].len;
}

static size_t decode(struct slice s, uint32_t *code_out)
{
	if (s.len == 0)
		return 0;
	*code_out = (unsigned char)s.ptr[0];
	if (!is_8bit(s.ptr[0]))
		return 1;
	for (size_t f = 0; f < N_ELEMENTS(forms); f++)
		if (((unsigned char)s.ptr[0] & forms[f].mask) == forms[f].lead)
			return sequence_of_form(s, f, code_out);
	return 0;
}

size_t utf8_sequence(struct slice s)
{
	uint32_t code;

	return decode(s, &code);
}

/* White space, line ends, marks without width, and those that turn the direction of the text. */
static const struct {
	uint32_t first, last;
} unseen[] = {
	{ 0x00, 0x20 }, { 0x7f, 0x7f }, { 0xa0, 0xa0 }, { 0xad, 0xad }, { 0x34f, 0x34f },
	{ 0x61c, 0x61c }, { 0x1680, 0x1680 }, { 0x180e, 0x180e }, { 0x2000, 0x200f },
	{ 0x2028, 0x202f }, { 0x205f, 0x206f }, { 0x3000, 0x3000 }, { 0xfe00, 0xfe0f },
	{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe0fff },
};

size_t utf8_visible(struct slice s)
{
	uint32_t code;
	size_t n = decode(s, &code);

	for (size_t i = 0; n > 0 && i < N_ELEMENTS(unseen); i++)
		if (code >= unseen[i].first && code <= unseen[i].last)
			return 0;
	return n;
}

struct slice utf8_take(struct slice s, size_t n)
{
	while (n > 0 && n < s.len && ((unsigned char)s.ptr[n] & 0xc0) == 0x80)
		n--;
	return slice_take(s, n);
}

bool utf8_valid(struct slice s)
{
	while (s.len > 0) {
		size_t n = utf8_sequence(s);

		if (n == 0)
			return false;
		s = slice_drop(s, n);
	}
	return true;
}

bool slice_is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (is_8bit(s.ptr[i]))
			return false;
	return true;
}

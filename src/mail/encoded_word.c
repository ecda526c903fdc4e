#include "base/cursor.h"

#include "encoded_word.h"

static bool base64_has_at(struct slice text)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned value = 0, bits = 0;

	for (size_t i = 0; i < text.len; i++) {
		const char *digit = memchr(digits, text.ptr[i], sizeof(digits) - 1);

		if (digit == NULL)
			continue;
		value = (value << 6 | (unsigned)(digit - digits)) & 0xffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			if ((value >> bits & 0xff) == '@')
				return true;
		}
	}
	return false;
}

static bool q_has_at(struct slice text)
{
	for (size_t i = 0; i + 2 < text.len; i++)
		if (text.ptr[i] == '=' && text.ptr[i + 1] == '4' && text.ptr[i + 2] == '0')
			return true;
	return false;
}

/* encoded-word = "=?" charset "?" encoding "?" encoded-text "?=" (RFC 2047 section 2) */
static bool take_encoded_word(struct cursor *c, bool *has_at_out)
{
	struct cursor at = *c;
	struct slice rest, charset, encoding, text;

	if (!take_literal(&at, SLICE("=?")))
		return false;
	rest = cursor_rest(&at);
	charset = slice_split(&rest, '?');
	encoding = slice_split(&rest, '?');
	text = slice_split(&rest, '?');
	if (charset.len == 0 || slice_is_null(rest) || rest.len == 0 || rest.ptr[0] != '=')
		return false;
	*has_at_out = slice_ieq(encoding, SLICE("b")) ? base64_has_at(text) : q_has_at(text);
	c->at = rest.ptr + 1;
	return true;
}

bool encoded_word_within(struct slice s)
{
	struct cursor c = cursor_of(s);
	bool has_at;

	for (; !cursor_done(&c); c.at++)
		if (take_encoded_word(&c, &has_at))
			return true;
	return false;
}

bool encoded_or_plain_at(struct slice s)
{
	struct cursor c = cursor_of(s);
	bool has_at;

	while (!cursor_done(&c)) {
		if (take_encoded_word(&c, &has_at)) {
			if (has_at)
				return true;
		} else if (*c.at++ == '@') {
			return true;
		}
	}
	return false;
}

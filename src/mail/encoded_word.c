#include <stdint.h>

#include "base/ascii.h"
#include "base/cursor.h"

#include "mail/encoded_word.h"

/*
 * Charsets in which the octet 0x40 is "@" and nothing else is, but for the pair that is the
 * fullwidth one.  In those of two octets for a character 0x40 may also be half of another
 * character: such a word is taken to show an "@" although it does not.  A name that ends in "*"
 * stands for all that begin like it.
 */
static const struct charset {
	const char *name;
	uint32_t fullwidth; /* two octets; 0: there is none */
	bool shifts;        /* between ASCII and pairs, by escape sequences (RFC 1468) */
} charsets[] = {
	{ "us-ascii", 0, false },
	{ "utf-8", 0, false }, /* three octets, looked for in every charset */
	{ "iso-8859-*", 0, false },
	{ "windows-125*", 0, false },
	{ "koi8-*", 0, false },
	{ "iso-2022-jp", 0x2177, true },
	{ "shift_jis", 0x8197, false },
	{ "euc-jp", 0xa1f7, false },
	{ "euc-kr", 0xa3c0, false },
	{ "gb2312", 0xa3c0, false },
	{ "gbk", 0xa3c0, false },
	{ "gb18030", 0xa3c0, false },
	{ "big5", 0xa249, false },
};

static const struct charset utf8 = { "utf-8", 0, false };

/* What is looked for, octet by octet; it may begin in one word and end in the next. */
struct search {
	const struct charset *charset;
	uint32_t last;    /* the octets so far, the latest lowest */
	bool pairs, half; /* of charsets that shift: two octets are a character; one of them was seen */
	bool found;
};

static void search_octet(struct search *s, unsigned char octet)
{
	uint32_t pair;

	s->last = s->last << 8 | octet;
	pair = s->last & 0xffff;
	s->half = s->pairs && !s->half;
	if (s->charset->shifts && octet == 0x1b)
		s->half = false;
	if (s->charset->shifts && (pair == 0x1b24 || pair == 0x1b28)) { /* ESC "$", ESC "(" */
		s->pairs = pair == 0x1b24;
		s->half = s->pairs; /* one octet follows that names the set */
		return;
	}
	if (octet == '@' && !s->pairs)
		s->found = true;
	if (s->charset->fullwidth != 0 && pair == s->charset->fullwidth && !s->half &&
	    s->pairs == s->charset->shifts)
		s->found = true;
	if ((s->last & 0xffffff) == 0xefbca0 || (s->last & 0xffffff) == 0xefb9ab)
		s->found = true; /* U+FF20, U+FE6B */
}

/* false: characters that base64 has not, which decoders treat differently; "=" only ends it */
static bool search_base64(struct search *s, struct slice text)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned value = 0, bits = 0;

	while (text.len > 0 && text.ptr[text.len - 1] == '=')
		text.len--;
	for (size_t i = 0; i < text.len; i++) {
		const char *digit = memchr(digits, text.ptr[i], sizeof(digits) - 1);

		if (digit == NULL)
			return false;
		value = (value << 6 | (unsigned)(digit - digits)) & 0xffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			search_octet(s, (unsigned char)(value >> bits & 0xff));
		}
	}
	return true;
}

/* A "=" that two hexadecimal digits do not follow is shown as it is. */
static void search_q(struct search *s, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		int high = i + 2 < text.len && text.ptr[i] == '=' ? hex_value(text.ptr[i + 1]) : -1;
		int low = high >= 0 ? hex_value(text.ptr[i + 2]) : -1;

		search_octet(s, (unsigned char)(low >= 0 ? high << 4 | low : text.ptr[i]));
		i += low >= 0 ? 2 : 0;
	}
}

/* charset [ "*" language ] (RFC 2231 section 5); NULL: not known */
static const struct charset *charset_of(struct slice name)
{
	name = slice_take(name, slice_find(name, '*'));
	for (size_t i = 0; i < N_ELEMENTS(charsets); i++) {
		struct slice entry = slice_str(charsets[i].name);
		bool prefix = entry.ptr[entry.len - 1] == '*';

		if (prefix ? slice_istarts_with(name, slice_take(entry, entry.len - 1)) :
		    slice_ieq(name, entry))
			return &charsets[i];
	}
	return NULL;
}

struct encoded_word {
	struct slice charset, encoding, text;
};

/* encoded-word = "=?" charset "?" encoding "?" encoded-text "?=" (RFC 2047 section 2) */
static bool take_encoded_word(struct cursor *c, struct encoded_word *out)
{
	struct cursor at = *c;
	struct slice rest;

	if (!take_literal(&at, SLICE("=?")))
		return false;
	rest = cursor_rest(&at);
	out->charset = slice_split(&rest, '?');
	out->encoding = slice_split(&rest, '?');
	out->text = slice_split(&rest, '?');
	if (out->charset.len == 0 || slice_is_null(rest) || rest.len == 0 || rest.ptr[0] != '=')
		return false;
	c->at = rest.ptr + 1;
	return true;
}

/* false: what it shows is not known */
static bool search_word(struct search *s, const struct encoded_word *word)
{
	const struct charset *charset = charset_of(word->charset);

	if (charset == NULL)
		return false;
	if (s->charset != charset)
		*s = (struct search){ .charset = charset };
	s->pairs = s->half = false; /* every word begins in ASCII (RFC 1468) */
	if (slice_ieq(word->encoding, SLICE("b")))
		return search_base64(s, word->text);
	search_q(s, word->text);
	return slice_ieq(word->encoding, SLICE("q"));
}

bool encoded_word_within(struct slice s)
{
	struct cursor c = cursor_of(s);
	struct encoded_word word;

	for (; !cursor_done(&c); c.at++)
		if (take_encoded_word(&c, &word))
			return true;
	return false;
}

bool encoded_word_may_show_at(struct slice text)
{
	struct cursor c = cursor_of(text);
	struct search encoded = { .charset = &utf8 }, plain = { .charset = &utf8 };
	struct encoded_word word;

	while (!cursor_done(&c)) {
		if (take_encoded_word(&c, &word)) {
			if (!search_word(&encoded, &word) || encoded.found)
				return true;
			continue;
		}
		if (skip_fws(&c) > 0) /* between encoded words it is not shown (section 6.2) */
			continue;
		search_octet(&plain, (unsigned char)*c.at++);
		plain.found = plain.found && c.at[-1] != '@';
		if (plain.found)
			return true;
		encoded = (struct search){ .charset = &utf8 };
	}
	return false;
}

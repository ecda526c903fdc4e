#include <stdint.h>

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/utf8.h"

#include "mail/encoded_word.h"

/*
 * Charsets in which the octet 0x40 is "@" and nothing else is, but for the pairs that are the
 * fullwidth and the small one.  In those of two octets for a character 0x40 may also be half of
 * another character: such a word is taken to show an "@" although it does not.  A name that ends
 * in "*" matches all names with that prefix.
 */
static const struct charset {
	const char *name;
	uint32_t pairs[2]; /* two octets each; 0: there is none */
	bool shifts;       /* between ASCII and pairs, by escape sequences (RFC 1468) */
} charsets[] = {
	{ "us-ascii", { 0, 0 }, false },
	{ "utf-8", { 0xc180, 0 }, false }, /* overlong; those of three octets: in every charset */
	{ "iso-8859-*", { 0, 0 }, false },
	{ "windows-125*", { 0, 0 }, false },
	{ "koi8-*", { 0, 0 }, false },
	{ "iso-2022-jp", { 0x2177, 0 }, true },
	{ "shift_jis", { 0x8197, 0 }, false },
	{ "euc-jp", { 0xa1f7, 0 }, false },
	{ "euc-kr", { 0xa3c0, 0 }, false },
	{ "gb2312", { 0xa3c0, 0xa988 }, false },
	{ "gbk", { 0xa3c0, 0xa988 }, false },
	{ "gb18030", { 0xa3c0, 0xa988 }, false },
	{ "big5", { 0xa249, 0xa24e }, false },
};

static const struct charset utf8 = { "utf-8", { 0xc180, 0 }, false };

/*
 * What is looked for, octet by octet; it may begin in one word and end in the next.  Some readers
 * decode word by word, as RFC 2047 section 6.2 has it; others join the encoded text of adjacent
 * words of one charset and encoding first, and drop the white space within.
 */
struct search {
	const struct charset *charset;
	bool joins;
	char encoding;      /* of the word before: 'b' or 'q' */
	unsigned value;     /* base64: the digits so far, the latest lowest */
	unsigned bits;      /* base64: how many of them belong to the next octet */
	unsigned digits;    /* Q: how many characters of "=XX" were seen */
	char high;          /* Q: the first digit */
	uint32_t last;      /* the octets so far, the latest lowest */
	unsigned escape;    /* octets of an escape sequence seen */
	bool pairs, half;   /* of charsets that shift: two octets are a character; one was seen */
	bool found;
};

/* ESC, SO and SI choose another set of characters (ISO/IEC 2022). */
static bool is_shift(unsigned char octet)
{
	return octet == 0x1b || octet == 0x0e || octet == 0x0f;
}

/* Escape sequences of RFC 1468 and the katakana that old software adds; others may show anything. */
static void search_escape(struct search *s)
{
	if (++s->escape < 3)
		return;
	switch (s->last & 0xffffff) {
	case 0x1b2440: /* ESC $ @ */
	case 0x1b2442: /* ESC $ B */
		s->pairs = true;
		break;
	case 0x1b2842: /* ESC ( B */
	case 0x1b2849: /* ESC ( I */
	case 0x1b284a: /* ESC ( J */
		s->pairs = false;
		break;
	default:
		s->found = true;
	}
	s->escape = 0;
}

/* Pairs are of printable octets: at any other, readers may return to ASCII. */
static bool breaks_shift(const struct search *s, unsigned char octet)
{
	return is_shift(octet) || octet >= 0x80 || (s->pairs && (octet <= 0x20 || octet == 0x7f));
}

static bool is_pair(const struct search *s)
{
	for (size_t i = 0; i < N_ELEMENTS(s->charset->pairs); i++)
		if (s->charset->pairs[i] != 0 && (s->last & 0xffff) == s->charset->pairs[i])
			return !s->half && s->pairs == s->charset->shifts;
	return false;
}

static void search_octet(struct search *s, unsigned char octet)
{
	s->last = s->last << 8 | octet;
	if (s->escape > 0) {
		search_escape(s);
		return;
	}
	if (s->charset->shifts && octet == 0x1b) {
		s->half = false;
		s->escape = 1;
		return;
	}
	s->half = s->pairs && !s->half;
	if (s->charset->shifts ? breaks_shift(s, octet) : is_shift(octet))
		s->found = true;
	if ((octet == '@' && !s->pairs) || is_pair(s))
		s->found = true;
	if ((s->last & 0xffffff) == 0xefbca0 || (s->last & 0xffffff) == 0xefb9ab)
		s->found = true; /* U+FF20, U+FE6B */
}

/*
 * false: what decoders treat differently, that is characters that base64 has not and "=" but to
 * fill the last four (RFC 4648 section 4)
 */
static bool search_base64(struct search *s, struct slice text)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t all = text.len;

	while (text.len > 0 && text.ptr[text.len - 1] == '=')
		text.len--;
	for (size_t i = 0; i < text.len; i++) {
		const char *digit = memchr(digits, text.ptr[i], sizeof(digits) - 1);

		if (digit == NULL)
			return false;
		s->value = (s->value << 6 | (unsigned)(digit - digits)) & 0xffff;
		s->bits += 6;
		if (s->bits >= 8) {
			s->bits -= 8;
			search_octet(s, (unsigned char)(s->value >> s->bits & 0xff));
		}
	}
	if (all == text.len)
		return true;
	s->bits = 0;
	return all % 4 == 0 && all - text.len <= 2;
}

/* One character of Q that is not part of "=XX"; "_" is a space (RFC 2047 section 4.2). */
static void search_q_plain(struct search *s, char c)
{
	if (s->digits > 0) /* a "=" that two digits do not follow is shown as it is */
		search_octet(s, '=');
	if (s->digits > 1)
		search_octet(s, (unsigned char)s->high);
	s->digits = c == '=' ? 1 : 0;
	if (c != '=')
		search_octet(s, (unsigned char)(c == '_' ? ' ' : c));
}

static void search_q(struct search *s, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (s->joins && is_fws(c))
			continue;
		if (s->digits == 0 || hex_value(c) < 0) {
			search_q_plain(s, c);
		} else if (s->digits == 1) {
			s->high = c;
			s->digits = 2;
		} else {
			search_octet(s, (unsigned char)(hex_value(s->high) << 4 | hex_value(c)));
			s->digits = 0;
		}
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

/* Where the next word begins: each in ASCII (RFC 1468), unless the reader joins them. */
static void begin_word(struct search *s, const struct charset *charset, char encoding)
{
	if (s->charset != charset)
		*s = (struct search){ .charset = charset, .joins = s->joins };
	if (!s->joins)
		s->pairs = s->half = false, s->escape = 0;
	if (!s->joins || s->encoding != encoding)
		s->bits = s->digits = 0;
	s->encoding = encoding;
}

/* false: what it shows is not known */
static bool search_word(struct search *s, const struct encoded_word *word)
{
	const struct charset *charset = charset_of(word->charset);
	bool b = slice_ieq(word->encoding, SLICE("b"));

	if (charset == NULL || (!b && !slice_ieq(word->encoding, SLICE("q"))))
		return false;
	begin_word(s, charset, b ? 'b' : 'q');
	if (b)
		return search_base64(s, word->text);
	search_q(s, word->text);
	return true;
}

static bool word_within(struct slice s)
{
	struct cursor c = cursor_of(s);
	struct encoded_word word;

	for (; !cursor_done(&c); c.at++)
		if (take_encoded_word(&c, &word))
			return true;
	return false;
}

static bool may_show_at(struct slice text)
{
	struct cursor c = cursor_of(text);
	struct search each = { .charset = &utf8 }, joined = { .charset = &utf8, .joins = true };
	struct search plain = { .charset = &utf8 };
	struct encoded_word word;

	while (!cursor_done(&c)) {
		if (take_encoded_word(&c, &word)) {
			if (!search_word(&each, &word) || !search_word(&joined, &word) ||
			    each.found || joined.found)
				return true;
			continue;
		}
		if (skip_fws(&c) > 0) /* between encoded words it is not shown (section 6.2) */
			continue;
		if (*c.at != '@')
			search_octet(&plain, (unsigned char)*c.at);
		c.at++;
		if (plain.found)
			return true;
		each = (struct search){ .charset = &utf8 };
		joined = (struct search){ .charset = &utf8, .joins = true };
	}
	return !utf8_valid(text); /* in the charset that a reader guesses it could show anything */
}

/* Without the backslashes of quoted-pairs (RFC 5322 section 3.2.1); null: out of memory */
static struct slice unquoted(struct arena *a, struct slice s)
{
	char *text = arena_alloc(a, s.len);
	size_t len = 0;

	for (size_t i = 0; text != NULL && i < s.len; i++) {
		if (s.ptr[i] == '\\' && i + 1 < s.len)
			i++;
		text[len++] = s.ptr[i];
	}
	return slice_of(text, len);
}

/* As it is written, and without its quoted-pairs, since some mail readers remove these before decoding. */
static bool either(struct arena *a, struct slice s, bool (*test)(struct slice))
{
	struct slice plain;

	if (test(s))
		return true;
	if (slice_find(s, '\\') == s.len)
		return false;
	plain = unquoted(a, s);
	return slice_is_null(plain) || test(plain);
}

bool encoded_word_within(struct arena *a, struct slice s)
{
	return either(a, s, word_within);
}

bool encoded_word_may_show_at(struct arena *a, struct slice text)
{
	return either(a, text, may_show_at);
}

/*
 * ascii.h - octet classes of RFC 5234 appendix B.1, without the locale that <ctype.h> asks.
 */
#ifndef ASSAY_BASE_ASCII_H
#define ASSAY_BASE_ASCII_H

#include <stdbool.h>
#include <string.h>

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static inline bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static inline bool is_alpha(char c)
{
	return is_upper(c) || is_lower(c);
}

static inline bool is_alnum(char c)
{
	return is_alpha(c) || is_digit(c);
}

static inline bool is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

/* WSP, CR or LF: what FWS is made of once a field is unfolded leniently. */
static inline bool is_fws(char c)
{
	return is_wsp(c) || c == '\r' || c == '\n';
}

/* CTL = %x00-1F / %x7F */
static inline bool is_ctl(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* VCHAR = %x21-7E */
static inline bool is_vchar(char c)
{
	return c > 0x20 && c < 0x7f;
}

static inline bool is_8bit(char c)
{
	return ((unsigned char)c & 0x80) != 0;
}

static inline char ascii_lower(char c)
{
	return is_upper(c) ? (char)(c + ('a' - 'A')) : c;
}

/* strchr() finds a NUL in every set, which octets of others may be. */
static inline bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* Value of a hexadecimal digit, or -1. */
static inline int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif

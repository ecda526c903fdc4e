#include "base/ascii.h"

#include "base/cursor.h"

bool take_char(struct cursor *c, char wanted)
{
	if (c->at == c->end || *c->at != wanted)
		return false;
	c->at++;
	return true;
}

bool take_literal(struct cursor *c, struct slice literal)
{
	if (!slice_starts_with(cursor_rest(c), literal))
		return false;
	c->at += literal.len;
	return true;
}

bool take_iliteral(struct cursor *c, struct slice literal)
{
	if (!slice_istarts_with(cursor_rest(c), literal))
		return false;
	c->at += literal.len;
	return true;
}

bool take_uint(struct cursor *c, unsigned max_digits, uint64_t max, uint64_t *value_out)
{
	const char *p = c->at;
	uint64_t value = 0;

	while (p < c->end && is_digit(*p)) {
		unsigned digit = (unsigned)(*p - '0');

		if ((size_t)(p - c->at) >= max_digits || value > max / 10)
			return false;
		value *= 10;
		if (digit > max - value)
			return false;
		value += digit;
		p++;
	}
	if (p == c->at)
		return false;
	c->at = p;
	*value_out = value;
	return true;
}

bool take_while(struct cursor *c, bool (*pred)(char), struct slice *out)
{
	const char *p = c->at;

	while (p < c->end && pred(*p))
		p++;
	if (p == c->at)
		return false;
	*out = slice_between(c->at, p);
	c->at = p;
	return true;
}

size_t skip_wsp(struct cursor *c)
{
	const char *start = c->at;

	while (c->at < c->end && is_wsp(*c->at))
		c->at++;
	return (size_t)(c->at - start);
}

size_t skip_fws(struct cursor *c)
{
	const char *start = c->at;

	while (c->at < c->end && is_fws(*c->at))
		c->at++;
	return (size_t)(c->at - start);
}

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/limits.h"

#include "mail/tokens.h"

#include "mail/authres_read.h"

/* Keyword = Let-dig/hyphen strings (RFC 5321 section 4.1.2); methods have digits and "-" in them. */
static bool is_keyword_octet(char c)
{
	return is_alnum(c) || c == '-' || c == '_';
}

static bool is_unquoted_octet(char c)
{
	return (is_vchar(c) || is_8bit(c)) && c != ';' && c != '(' && c != '"';
}

/* RFC 8617 section 4.2.1: instance = [CFWS] "i" [CFWS] "=" [CFWS] 1*2DIGIT, here with its ";" */
bool authres_arc_split(struct slice value, unsigned *instance_out, struct slice *payload_out)
{
	struct cursor c = cursor_of(value);
	uint64_t number;

	skip_cfws(&c);
	if (!take_char(&c, 'i'))
		return false;
	skip_cfws(&c);
	if (!take_char(&c, '='))
		return false;
	skip_cfws(&c);
	if (!take_uint(&c, 2, LIMIT_ARC_SETS, &number) || number == 0)
		return false;
	skip_cfws(&c);
	if (!take_char(&c, ';'))
		return false;
	*instance_out = (unsigned)number;
	*payload_out = cursor_rest(&c);
	return true;
}

/* --- words ----------------------------------------------------------------------------------- */

/* A quoted-string without its quotes, or unquoted octets. */
static bool take_value(struct cursor *c, struct slice *out)
{
	const char *begin = c->at;

	if (!take_quoted_string(c))
		return take_while(c, is_unquoted_octet, out);
	*out = slice_between(begin + 1, c->at - 1);
	return true;
}

/* [CFWS] "=" [CFWS] */
static bool take_equals(struct cursor *c)
{
	struct cursor at = *c;

	skip_cfws(&at);
	if (!take_char(&at, '='))
		return false;
	skip_cfws(&at);
	*c = at;
	return true;
}

/* method [ "/" version ] "=" result; "none" occurs alone */
static bool take_method(struct cursor *c, struct authres_read_result *out)
{
	struct cursor at = *c;
	struct slice version;

	if (!take_while(&at, is_keyword_octet, &out->method))
		return false;
	skip_cfws(&at);
	if (take_char(&at, '/')) {
		skip_cfws(&at);
		if (!take_while(&at, is_digit, &version))
			return false;
	}
	if (take_equals(&at)) {
		if (!take_while(&at, is_keyword_octet, &out->result))
			return false;
	} else if (!slice_ieq(out->method, SLICE("none"))) {
		return false;
	}
	*c = at;
	return true;
}

/* ptype "." property "=" value; without a ptype, as reason= has none, the property is null */
static bool take_property(struct cursor *c, struct authres_read_property *out)
{
	struct cursor at = *c;

	*out = (struct authres_read_property){ 0 };
	if (!take_while(&at, is_keyword_octet, &out->ptype))
		return false;
	skip_cfws(&at);
	if (take_char(&at, '.')) {
		skip_cfws(&at);
		if (!take_while(&at, is_keyword_octet, &out->name))
			return false;
	}
	if (!take_equals(&at) || !take_value(&at, &out->value))
		return false;
	*c = at;
	return true;
}

/* --- the whole ------------------------------------------------------------------------------- */

struct reading {
	struct arena *arena;
	struct cursor c;
	size_t parts; /* results and properties so far */
};

static bool read_properties(struct reading *r, struct authres_read_result *result)
{
	struct authres_read_property property;

	skip_cfws(&r->c);
	while (!cursor_done(&r->c) && cursor_peek(&r->c) != ';') {
		if (!take_property(&r->c, &property) || ++r->parts > LIMIT_AUTHRES_PARTS)
			return false;
		skip_cfws(&r->c);
		if (slice_is_null(property.name))
			continue;
		if (!arena_grow(r->arena, &result->properties, &result->cap, result->count,
		    sizeof(property)))
			return false;
		result->properties[result->count++] = property;
	}
	return true;
}

static bool read_result(struct reading *r, struct authres_read *out)
{
	struct authres_read_result result = { .result = SLICE_NULL };

	if (!take_method(&r->c, &result) || ++r->parts > LIMIT_AUTHRES_PARTS ||
	    !read_properties(r, &result) ||
	    !arena_grow(r->arena, &out->results, &out->cap, out->count, sizeof(result)))
		return false;
	out->results[out->count++] = result;
	return true;
}

/* authserv-id [ CFWS version ] */
static bool read_id(struct reading *r, struct authres_read *out)
{
	const char *begin;
	struct slice rest, version;

	skip_cfws(&r->c);
	begin = r->c.at;
	if (!take_value(&r->c, &rest))
		return false;
	out->authserv_id = slice_between(begin, r->c.at);
	skip_cfws(&r->c);
	if (take_while(&r->c, is_digit, &version))
		skip_cfws(&r->c);
	return true;
}

bool authres_read(struct arena *a, struct slice value, struct authres_read *out)
{
	struct reading r = { .arena = a, .c = cursor_of(value) };
	struct authres_read read = { .authserv_id = SLICE_NULL };

	if (!read_id(&r, &read))
		return false;
	while (take_char(&r.c, ';')) {
		skip_cfws(&r.c);
		if (cursor_done(&r.c)) /* many end with ";" */
			break;
		if (!read_result(&r, &read))
			return false;
	}
	if (!cursor_done(&r.c))
		return false;
	*out = read;
	return true;
}

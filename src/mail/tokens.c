#include "base/ascii.h"
#include "base/limits.h"

#include "mail/tokens.h"

static bool is_atext(char c)
{
	return is_alnum(c) || (is_vchar(c) && is_one_of(c, "!#$%&'*+-/=?^_`{|}~"));
}

bool is_atext_utf8(char c)
{
	return is_8bit(c) || is_atext(c);
}

/* atoms with single dots between them */
bool is_dot_atom(struct slice s)
{
	struct slice rest = s;

	while (!slice_is_null(rest)) {
		struct slice atom = slice_split(&rest, '.');

		for (size_t i = 0; i < atom.len; i++)
			if (!is_atext(atom.ptr[i]))
				return false;
		if (atom.len == 0)
			return false;
	}
	return s.len > 0;
}

/* %d33-57 / %d59-126: printable, and not the colon that ends the name */
bool is_ftext(char c)
{
	return is_vchar(c) && c != ':';
}

bool field_name_valid(struct slice name)
{
	struct cursor c = cursor_of(name);

	return take_while(&c, is_ftext, &name) && cursor_done(&c);
}

/* comment = "(" *([FWS] ccontent) [FWS] ")", the nesting counted instead of recursed */
bool take_comment(struct cursor *c)
{
	struct cursor at = *c;
	unsigned depth = 1;

	if (!take_char(&at, '('))
		return false;
	while (depth > 0) {
		if (take_char(&at, ')')) {
			depth--;
		} else if (take_char(&at, '(')) {
			if (++depth > LIMIT_COMMENT_DEPTH)
				return false;
		} else {
			take_char(&at, '\\'); /* quoted-pair */
			if (cursor_done(&at))
				return false;
			at.at++;
		}
	}
	*c = at;
	return true;
}

void skip_cfws(struct cursor *c)
{
	do
		skip_fws(c);
	while (take_comment(c));
}

/* quoted-string = DQUOTE *([FWS] qcontent) [FWS] DQUOTE */
bool take_quoted_string(struct cursor *c)
{
	struct cursor at = *c;

	if (!take_char(&at, '"'))
		return false;
	while (!take_char(&at, '"')) {
		take_char(&at, '\\'); /* quoted-pair */
		if (cursor_done(&at))
			return false;
		at.at++;
	}
	*c = at;
	return true;
}

/* The next octet that the local-part means; false: there is none. */
static bool take_meant_octet(struct cursor *c, char *out)
{
	while (take_char(c, '"'))
		;
	take_char(c, '\\'); /* quoted-pair */
	if (cursor_done(c))
		return false;
	*out = ascii_lower(*c->at++);
	return true;
}

bool local_part_eq(struct slice x, struct slice y)
{
	struct cursor cx = cursor_of(x), cy = cursor_of(y);
	char ox = '\0', oy = '\0';
	bool more = true;

	while (more && ox == oy) {
		more = take_meant_octet(&cx, &ox);
		if (take_meant_octet(&cy, &oy) != more)
			return false;
	}
	return ox == oy;
}

static bool is_dtext(char c)
{
	return c != '[' && c != ']' && c != '\\' && !is_ctl(c);
}

/* domain-literal = "[" *([FWS] dtext) [FWS] "]" */
bool take_domain_literal(struct cursor *c)
{
	struct cursor at = *c;
	struct slice inside;

	if (!take_char(&at, '['))
		return false;
	take_while(&at, is_dtext, &inside);
	if (!take_char(&at, ']'))
		return false;
	*c = at;
	return true;
}

static bool is_domain_text(char c)
{
	return is_atext_utf8(c) || c == '.';
}

/* *(CFWS / ","); whether there was a comma */
static bool skip_separators(struct cursor *c)
{
	bool comma = false;

	for (skip_cfws(c); take_char(c, ','); skip_cfws(c))
		comma = true;
	return comma;
}

/*
 * obs-route = obs-domain-list ":"
 * obs-domain-list = *(CFWS / ",") "@" domain *("," [CFWS] ["@" domain])
 */
bool take_route(struct cursor *c)
{
	struct cursor at = *c;
	struct slice domain;
	size_t domains = 0;

	while (skip_separators(&at) || domains == 0) {
		if (!take_char(&at, '@'))
			break;
		skip_cfws(&at);
		if (!take_while(&at, is_domain_text, &domain) && !take_domain_literal(&at))
			return false;
		domains++;
	}
	if (domains == 0 || !take_char(&at, ':'))
		return false;
	*c = at;
	return true;
}

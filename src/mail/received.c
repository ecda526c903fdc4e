#include "base/ascii.h"
#include "base/cursor.h"

#include "mail/received.h"

static bool not_fws(char c)
{
	return !is_fws(c);
}

/* The inside of a comment, nested ones included; quoted pairs are not closed by their ")". */
static bool take_comment(struct cursor *c, struct slice *inside)
{
	const char *p = c->at;
	unsigned depth = 0;

	for (; p < c->end; p++) {
		if (*p == '\\' && p + 1 < c->end)
			p++;
		else if (*p == '(')
			depth++;
		else if (*p == ')' && --depth == 0)
			break;
		if (depth == 0)
			return false; /* it does not begin with "(" */
	}
	if (p == c->end)
		return false;
	*inside = slice_between(c->at + 1, p);
	c->at = p + 1;
	return true;
}

/* "[192.0.2.7]" or "[IPv6:2001:db8::7]", the last one in text */
static bool last_literal(struct slice text, struct ip *out)
{
	size_t open = slice_rfind(text, '[');
	struct slice rest = slice_drop(text, open + 1);
	struct slice literal = slice_take(rest, slice_find(rest, ']'));

	if (open == text.len || literal.len == rest.len)
		return false;
	if (slice_istarts_with(literal, SLICE("IPv6:")))
		literal = slice_drop(literal, 5);
	return ip_parse(literal, out);
}

bool received_client(struct slice value, struct ip *client_out, struct slice *helo_out)
{
	struct cursor c = cursor_of(value);
	struct slice helo, comment;
	struct ip client;

	skip_fws(&c);
	if (!take_iliteral(&c, SLICE("from")) || skip_fws(&c) == 0 || !take_while(&c, not_fws, &helo) ||
	    skip_fws(&c) == 0 || !take_comment(&c, &comment) || !last_literal(comment, &client))
		return false;
	*client_out = client;
	*helo_out = helo;
	return true;
}

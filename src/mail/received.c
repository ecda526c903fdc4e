#include "base/ascii.h"
#include "base/cursor.h"
#include "mail/tokens.h"

#include "mail/received.h"

static bool not_fws(char c)
{
	return !is_fws(c);
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
	struct slice helo;
	const char *comment;
	struct ip client;

	skip_fws(&c);
	if (!take_iliteral(&c, SLICE("from")) || skip_fws(&c) == 0 ||
	    !take_while(&c, not_fws, &helo) || skip_fws(&c) == 0)
		return false;
	comment = c.at;
	if (!take_comment(&c) || !last_literal(slice_between(comment, c.at), &client))
		return false;
	*client_out = client;
	*helo_out = helo;
	return true;
}

static bool not_close(char c)
{
	return c != '(' && c != ')';
}

/* "(from joe@localhost)" */
static bool take_local_sender(struct cursor *c)
{
	struct slice sender;

	return take_literal(c, SLICE("(from ")) && take_while(c, not_close, &sender) &&
	    take_char(c, ')');
}

bool received_by_submission_program(struct slice value, struct slice our_name)
{
	struct cursor c = cursor_of(value);
	struct slice host, version;
	const char *comment;

	skip_fws(&c);
	if (our_name.len == 0 || !take_local_sender(&c) || skip_fws(&c) == 0 ||
	    !take_literal(&c, SLICE("by")) || skip_fws(&c) == 0 ||
	    !take_while(&c, not_fws, &host) || !slice_ieq(host, our_name) || skip_fws(&c) == 0)
		return false;
	comment = c.at;
	if (!take_comment(&c))
		return false;
	version = slice_between(comment + 1, c.at - 1);
	return slice_iends_with(version, SLICE("/Submit")) && skip_fws(&c) > 0 &&
	    take_literal(&c, SLICE("id")) && skip_fws(&c) > 0;
}

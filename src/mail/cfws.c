#include "base/limits.h"

#include "cfws.h"

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

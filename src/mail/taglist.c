#include "base/ascii.h"
#include "base/cursor.h"
#include "base/utf8.h"

#include "mail/taglist.h"

/*
 * [FWS], with a lone LF for CRLF as milters show it, and several folds in a row (obs-FWS).  A line
 * end must be followed by WSP or by the end of the text; any other CR or LF stays unconsumed.
 */
static void skip_folds(struct cursor *c)
{
	for (;;) {
		struct cursor next = *c;

		if (skip_wsp(c) > 0)
			continue;
		take_char(&next, '\r');
		if (!take_char(&next, '\n') || (!cursor_done(&next) && !is_wsp(*next.at)))
			return;
		*c = next;
	}
}

/*
 * tag-name = ALPHA *ALNUMPUNC; and "-", which no tag that means something has: some sign with a
 * tag such as "x-foo=", other verifiers ignore it, and to refuse the whole list gains nothing.
 */
static bool take_tag_name(struct cursor *c, struct slice *name)
{
	const char *p = c->at;

	if (p == c->end || !is_alpha(*p))
		return false;
	while (p < c->end && (is_alnum(*p) || *p == '_' || *p == '-'))
		p++;
	*name = slice_between(c->at, p);
	c->at = p;
	return true;
}

/* tval = 1*VALCHAR, VALCHAR = %x21-3A / %x3C-7E, and UTF-8 (RFC 8616 section 5) */
static bool take_tval(struct cursor *c)
{
	const char *start = c->at;

	while (c->at < c->end && *c->at != ';') {
		if (is_vchar(*c->at))
			c->at++;
		else if (is_8bit(*c->at) && utf8_sequence(cursor_rest(c)) > 0)
			c->at += utf8_sequence(cursor_rest(c));
		else
			break;
	}
	return c->at > start;
}

/* tag-value = [ tval *( 1*(WSP / FWS) tval ) ], and the FWS after it */
static void take_tag_value(struct cursor *c, struct slice *value)
{
	const char *start = c->at;

	while (take_tval(c))
		skip_folds(c);
	*value = slice_trim(slice_between(start, c->at));
}

/* tag-spec = [FWS] tag-name [FWS] "=" [FWS] tag-value [FWS] */
static bool take_tag_spec(struct cursor *c, struct tag *out)
{
	struct cursor at = *c;
	struct tag tag;

	skip_folds(&at);
	if (!take_tag_name(&at, &tag.name))
		return false;
	skip_folds(&at);
	if (!take_char(&at, '='))
		return false;
	skip_folds(&at);
	take_tag_value(&at, &tag.value);
	*c = at;
	*out = tag;
	return true;
}

static const struct tag *find(const struct taglist *list, struct slice name)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct tag *t = &list->tags[i];

		if (list->fold_names ? slice_ieq(t->name, name) : slice_eq(t->name, name))
			return t;
	}
	return NULL;
}

/* tag-list = tag-spec *( ";" tag-spec ) [ ";" ] */
static enum taglist_status take_tag_list(struct cursor *c, struct taglist *list)
{
	struct tag tag;

	do {
		if (!take_tag_spec(c, &tag))
			return TAGLIST_SYNTAX;
		if (find(list, tag.name) != NULL)
			return TAGLIST_DUPLICATE;
		if (list->count == N_ELEMENTS(list->tags))
			return TAGLIST_TOO_MANY;
		list->tags[list->count++] = tag;
		if (cursor_done(c))
			return TAGLIST_OK;
		if (!take_char(c, ';'))
			return TAGLIST_SYNTAX;
		skip_folds(c);
	} while (!cursor_done(c));
	return TAGLIST_OK;
}

enum taglist_status taglist_parse(struct slice text, bool fold_names, struct taglist *out)
{
	struct cursor c = cursor_of(text);
	enum taglist_status status;

	out->fold_names = fold_names;
	out->count = 0;
	status = take_tag_list(&c, out);
	if (status != TAGLIST_OK)
		out->count = 0;
	return status;
}

const struct tag *taglist_find(const struct taglist *list, const char *name)
{
	return find(list, slice_str(name));
}

bool taglist_next_element(struct slice *rest, struct slice *element_out)
{
	if (slice_is_null(*rest))
		return false;
	*element_out = slice_trim(slice_split(rest, ':'));
	return true;
}

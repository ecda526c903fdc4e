#include "base/ascii.h"
#include "base/cursor.h"
#include "mail/tokens.h"

#include "mail/reader.h"

/* One line without its end; a LF ends it, a CR before that belongs to the end. */
static struct slice take_line(struct cursor *c)
{
	struct slice rest = cursor_rest(c);
	struct slice line = slice_take(rest, slice_find(rest, '\n'));

	c->at += line.len < rest.len ? line.len + 1 : line.len;
	if (line.len > 0 && line.len < rest.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* field-name *WSP ":" (RFC 5322 section 4.5.3); name_out keeps the WSP. */
static bool take_field_name(struct cursor *c, struct slice *name_out)
{
	struct cursor at = *c;
	struct slice name;

	if (!take_while(&at, is_ftext, &name))
		return false;
	skip_wsp(&at);
	if (!take_char(&at, ':'))
		return false;
	*name_out = slice_between(c->at, at.at - 1);
	*c = at;
	return true;
}

/* The field's lines, of which the first has lost its name. */
static struct slice take_field_body(struct cursor *c)
{
	const char *start = c->at;
	struct slice last = take_line(c);

	while (!cursor_done(c) && is_wsp(*c->at))
		last = take_line(c);
	return slice_between(start, last.ptr + last.len);
}

/* Folds as milters show them: LF alone. */
static void add_field(struct message *m, struct slice name, struct slice body)
{
	struct buf value = BUF_INIT(body.len);

	if (slice_find(body, '\r') == body.len || body.len > m->max_header_bytes) {
		message_add_header(m, name, body);
		return;
	}
	for (size_t i = 0; i < body.len; i++)
		if (body.ptr[i] != '\r' || i + 1 == body.len || body.ptr[i + 1] != '\n')
			buf_add_char(&value, body.ptr[i]);
	if (!buf_failed(&value))
		message_add_header(m, name, buf_slice(&value));
	else if (m->exceeded == MESSAGE_FITS)
		m->exceeded = MESSAGE_NO_MEMORY;
	buf_free(&value);
}

struct slice read_headers(struct message *m, struct slice text)
{
	struct cursor c = cursor_of(text);
	struct slice name;

	if (slice_starts_with(text, SLICE("From ")) && !take_field_name(&c, &name))
		take_line(&c); /* an mbox separator */
	else
		c = cursor_of(text);
	while (take_field_name(&c, &name))
		add_field(m, name, take_field_body(&c));
	if (!take_char(&c, '\n')) /* the empty line, if that is what ended the header */
		take_literal(&c, SLICE("\r\n"));
	return cursor_rest(&c);
}

void read_body(struct slice text, struct sink out)
{
	const char *from = text.ptr, *at = from;
	const char *end = text.len == 0 ? from : from + text.len;

	while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		if (at == text.ptr || at[-1] != '\r') {
			if (at > from)
				out.put(out.ctx, slice_between(from, at));
			out.put(out.ctx, SLICE("\r\n"));
			from = at + 1;
		}
		at++;
	}
	if (from < end)
		out.put(out.ctx, slice_between(from, end));
}

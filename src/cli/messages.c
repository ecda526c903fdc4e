#include "base/ascii.h"
#include "base/limits.h"

#include "cli/command.h"
#include "cli/messages.h"

/* --- what it is ------------------------------------------------------------------------------- */

static struct slice first_line(struct slice text)
{
	return slice_take(text, slice_find(text, '\n'));
}

static bool begins_message(struct slice line)
{
	return slice_starts_with(line, SLICE("From "));
}

/* An mbox file begins with a line that is not part of the message. */
static struct slice without_from_line(struct slice text)
{
	return begins_message(text) ? slice_drop(text, first_line(text).len + 1) : text;
}

static size_t messages_in(struct slice text)
{
	struct slice rest = text;
	bool after_empty = true;
	size_t n = 0;

	while (rest.len > 0) {
		struct slice line = slice_trim(slice_split(&rest, '\n'));

		n += after_empty && begins_message(line);
		after_empty = line.len == 0;
	}
	return n;
}

/* field-name ":" (RFC 5322 section 2.2), or the empty line of a message without a header. */
static bool begins_with_header(struct slice text)
{
	struct slice line = slice_trim(first_line(text));
	size_t colon = slice_find(line, ':');

	if (line.len == 0)
		return true;
	for (size_t i = 0; i < colon; i++)
		if (!is_vchar(line.ptr[i]) && !is_wsp(line.ptr[i]))
			return false;
	return colon > 0 && colon < line.len && is_vchar(line.ptr[0]);
}

/* NULL: it may be a message. */
static const char *what_else(struct slice text, bool mbox)
{
	if (text.len == 0)
		return "it is empty";
	if (slice_starts_with(text, SLICE("\xd0\xcf\x11\xe0")))
		return "it is an Outlook file (.msg): save the message as text (.eml)";
	if (!mbox && begins_message(text) && messages_in(text) > 1)
		return "it is a mailbox of several messages: --mbox judges them one by one";
	if (mbox && !begins_message(text))
		return "it is not a mailbox: the first line does not begin with \"From \"";
	if (!begins_with_header(without_from_line(text)))
		return "it is not a message: the first line is not a header field";
	return NULL;
}

enum rc message_read(const char *path, bool mbox, struct buf *out, struct err *err)
{
	const char *other;
	struct slice text;

	TRY(command_read(path, out, err));
	other = what_else(buf_slice(out), mbox);
	if (other != NULL)
		return err_config(err, "%s: %s", path == NULL ? "standard input" : path, other);
	text = without_from_line(buf_slice(out));
	if (!mbox && text.len < out->len) {
		memmove(out->ptr, text.ptr, text.len);
		buf_truncate(out, text.len);
	}
	return RC_OK;
}

/* --- mailboxes --------------------------------------------------------------------------------- */

static bool is_quoted_from(struct slice line)
{
	size_t n = 0;

	while (n < line.len && line.ptr[n] == '>')
		n++;
	return n > 0 && begins_message(slice_drop(line, n));
}

bool mbox_next(struct slice *rest, struct buf *out)
{
	bool after_empty = false;

	if (rest->len == 0)
		return false;
	*rest = without_from_line(*rest);
	while (rest->len > 0 && !(after_empty && begins_message(*rest))) {
		struct slice line = slice_take(*rest, first_line(*rest).len + 1);

		buf_add(out, slice_drop(line, is_quoted_from(line) ? 1 : 0));
		after_empty = slice_trim(line).len == 0;
		*rest = slice_drop(*rest, line.len);
	}
	return true;
}

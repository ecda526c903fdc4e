#include "base/ascii.h"
#include "base/cursor.h"
#include "base/hostlist.h"
#include "base/limits.h"
#include "mail/reader.h"
#include "mail/received.h"

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

/* --- the envelope that our MTA recorded ------------------------------------------------------- */

/* "... with LMTP ...": from the MTA into the mailbox, where no client is named by its address. */
static bool is_local_delivery(struct slice value)
{
	struct cursor c = cursor_of(value);
	struct slice word, before = SLICE("");

	for (;;) {
		skip_fws(&c);
		if (!take_while(&c, is_vchar, &word))
			return false;
		if (slice_ieq(before, SLICE("with")) && slice_istarts_with(word, SLICE("LMTP")))
			return true;
		before = word;
	}
}

/* The first client that is not one of ours. */
static bool recorded_client(const struct message *m, const struct hostlist *own_relays, struct ip *client_out,
    struct slice *helo_out)
{
	for (size_t i = 0; i < LIMIT_OWN_RELAYS; i++) {
		const struct header *h = message_field(m, SLICE("Received"), i);

		if (h == NULL)
			return false;
		if (is_local_delivery(h->value))
			continue;
		if (!received_client(h->value, client_out, helo_out))
			return false;
		if (!ip_is_loopback(client_out) && !hostlist_matches(own_relays, client_out, SLICE_NULL))
			return true;
	}
	return false;
}

enum rc envelope_from_headers(struct arena *a, struct slice text, const struct hostlist *own_relays,
    struct envelope *e, struct err *err)
{
	const struct header *path;
	struct message m;
	struct slice helo;
	struct ip client;

	message_init(&m, a);
	(void)read_headers(&m, text);
	if (e->client.family == IP_NONE) {
		if (!recorded_client(&m, own_relays, &client, &helo))
			return err_config(err, "--from-headers: no Received field of our own MTA names a client (mail that was "
			    "written on this host has none): write --ip and --helo");
		e->client = client;
		e->helo = slice_is_null(e->helo) ? helo : e->helo;
	}
	path = message_field(&m, SLICE("Return-Path"), 0);
	if (slice_is_null(e->mail_from) && path == NULL)
		return err_config(err, "--from-headers: there is no Return-Path field: write --mail-from");
	if (slice_is_null(e->mail_from))
		e->mail_from = arena_copy(a, envelope_path(slice_trim(path->value)));
	return arena_failed(a) ? RC_NOMEM : RC_OK;
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

#include "base/ascii.h"
#include "base/cursor.h"
#include "crypto/digest.h"
#include "mail/message.h"
#include "mail/reader.h"
#include "mail/tokens.h"

#include "report/bounce.h"

#define PARTS_MAX   20u /* of a notification: RFC 6522 has two or three */
#define GROUPS_MAX  20u /* of fields in its status: one for the message, one for each recipient */

/* --- the sender's address -------------------------------------------------------------------------- */

enum rc bounce_tag(struct arena *a, struct slice secret, struct slice report_id, struct slice address,
    struct slice *out)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char hash[SHA256_OCTETS];
	char *text = arena_alloc(a, 2 * BOUNCE_TAG_OCTETS);
	/* an id has no line end, so two deliveries never give one text */
	struct slice what = arena_printf(a, "bounce\n%.*s\n%.*s", SLICE_ARG(report_id), SLICE_ARG(address));

	if (text == NULL || slice_is_null(what))
		return RC_NOMEM;
	TRY(hmac_sha256(secret, what, hash));
	for (size_t i = 0; i < BOUNCE_TAG_OCTETS; i++) {
		text[2 * i] = digits[hash[i] >> 4];
		text[2 * i + 1] = digits[hash[i] & 15];
	}
	*out = slice_of(text, 2 * BOUNCE_TAG_OCTETS);
	return RC_OK;
}

struct slice bounce_sender(struct arena *a, struct slice bounce_address, struct slice tag)
{
	return arena_printf(a, "%.*s+%.*s@%.*s", SLICE_ARG(address_local_part(bounce_address)), SLICE_ARG(tag),
	    SLICE_ARG(address_domain_part(bounce_address)));
}

bool bounce_sender_tag(struct arena *a, struct slice bounce_address, struct slice sender, struct slice *tag_out)
{
	struct slice local = address_local_part(envelope_path(sender));
	struct slice tag = slice_drop(local, slice_rfind(local, '+') + 1);

	for (size_t i = 0; i < tag.len; i++)
		if (hex_value(tag.ptr[i]) < 0)
			return false;
	tag = arena_lower(a, tag);
	*tag_out = tag;
	return tag.len == 2 * BOUNCE_TAG_OCTETS &&
	    slice_ieq(envelope_path(sender), bounce_sender(a, bounce_address, tag));
}

/* --- MIME: just enough to find one part -------------------------------------------------------------- */

/* token of RFC 2045 section 5.1: printable, and none of its tspecials */
static bool is_token_octet(char c)
{
	return is_vchar(c) && !is_one_of(c, "()<>@,;:\\\"/[]?=");
}

/* What a quoted-string means. */
static struct slice unquoted(struct arena *a, struct slice quoted)
{
	struct buf b = BUF_INIT(quoted.len);

	for (size_t i = 1; i + 1 < quoted.len; i++) {
		if (quoted.ptr[i] == '\\' && i + 2 < quoted.len)
			i++;
		buf_add_char(&b, quoted.ptr[i]);
	}
	return arena_take_buf(a, &b);
}

/* parameter := attribute "=" value (RFC 2045 section 5.1), after its ";" */
static bool take_parameter(struct cursor *c, struct arena *a, struct slice *name, struct slice *value)
{
	const char *start;

	skip_cfws(c);
	if (!take_while(c, is_token_octet, name))
		return false;
	skip_cfws(c);
	if (!take_char(c, '='))
		return false;
	skip_cfws(c);
	start = c->at;
	if (take_quoted_string(c))
		*value = unquoted(a, slice_between(start, c->at));
	else if (!take_while(c, is_token_octet, value))
		return false;
	skip_cfws(c);
	return true;
}

/* content := type "/" subtype *(";" parameter); *boundary_out is null where there is none. */
static bool is_content(struct arena *a, const struct message *m, struct slice type, struct slice *boundary_out)
{
	const struct header *h = message_field(m, SLICE("Content-Type"), 0);
	struct cursor c = cursor_of(h == NULL ? SLICE_NULL : h->value);
	struct slice name, value;

	*boundary_out = SLICE_NULL;
	skip_cfws(&c);
	if (!take_iliteral(&c, type) || is_token_octet(cursor_peek(&c)))
		return false;
	skip_cfws(&c);
	while (take_char(&c, ';') && take_parameter(&c, a, &name, &value))
		if (slice_ieq(name, SLICE("boundary")))
			*boundary_out = value;
	return true;
}

static struct slice next_line(struct slice *rest)
{
	size_t end = slice_find(*rest, '\n');
	struct slice line = slice_take(*rest, end);

	*rest = slice_drop(*rest, end + 1);
	return line;
}

/* delimiter := "--" boundary, transport-padding after it (RFC 2046 section 5.1.1) */
static bool is_delimiter(struct slice line, struct slice boundary, bool *last_out)
{
	struct cursor c = cursor_of(line);

	if (!take_literal(&c, SLICE("--")) || !take_literal(&c, boundary))
		return false;
	*last_out = take_literal(&c, SLICE("--"));
	skip_fws(&c);
	return cursor_done(&c);
}

/*
 * The body part after the next delimiter in *rest, up to the delimiter after it, at which *rest begins then, or
 * up to the end of what was read.  False: there is no further part.
 */
static bool next_part(struct slice *rest, struct slice boundary, struct slice *part)
{
	bool found = false, last = false;

	while (!found && rest->len > 0)
		found = is_delimiter(next_line(rest), boundary, &last);
	if (!found || last)
		return false;
	*part = slice_take(*rest, 0);
	while (rest->len > 0) {
		struct slice before = *rest;

		if (is_delimiter(next_line(rest), boundary, &last)) {
			*rest = before;
			break;
		}
		part->len = (size_t)(rest->ptr - part->ptr);
	}
	return true;
}

/* --- the status (RFC 3464 section 2) ------------------------------------------------------------------ */

static struct slice field_of(struct arena *a, const struct message *m, struct slice name)
{
	const struct header *h = message_field(m, name, 0);

	return h == NULL ? SLICE_NULL : header_unfolded(a, h);
}

/* Section 2.3.3; a comment may follow. */
static bool is_failed(struct arena *a, const struct message *m)
{
	struct cursor c = cursor_of(field_of(a, m, SLICE("Action")));
	struct slice word;

	skip_cfws(&c);
	return take_while(&c, is_alpha, &word) && slice_ieq(word, SLICE("failed"));
}

/* A group of fields for the message, then one for each recipient, parted by empty lines (section 2.1). */
static void read_status(struct arena *a, struct slice text, struct bounce *out)
{
	for (size_t i = 0; i < GROUPS_MAX && text.len > 0 && !out->failed; i++) {
		size_t before = text.len;
		struct message group;

		message_init(&group, a);
		text = read_headers(&group, text);
		if (i > 0 && is_failed(a, &group)) {
			out->failed = true;
			out->status = field_of(a, &group, SLICE("Status"));
			out->diagnostic = field_of(a, &group, SLICE("Diagnostic-Code"));
		}
		if (text.len == before)
			return;
	}
}

bool bounce_read(struct arena *a, struct slice text, struct bounce *out)
{
	struct slice boundary, none, rest, part;
	struct message m, head;

	*out = (struct bounce){ .failed = false };
	message_init(&m, a);
	rest = read_headers(&m, slice_take(text, BOUNCE_MAX));
	if (!is_content(a, &m, SLICE("multipart/report"), &boundary) || boundary.len == 0)
		return false;
	for (size_t i = 0; i < PARTS_MAX && next_part(&rest, boundary, &part); i++) {
		message_init(&head, a);
		part = read_headers(&head, part);
		/* RFC 6533 section 3 has the same fields with UTF-8 in them */
		if (is_content(a, &head, SLICE("message/delivery-status"), &none) ||
		    is_content(a, &head, SLICE("message/global-delivery-status"), &none)) {
			read_status(a, part, out);
			return true;
		}
	}
	return false;
}

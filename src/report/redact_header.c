#include "base/ascii.h"
#include "base/cursor.h"
#include "base/ip.h"
#include "base/limits.h"
#include "mail/fieldwriter.h"
#include "mail/taglist.h"
#include "mail/tokens.h"

#include "redact_private.h"

#define NAME_OCTETS 60u  /* longer field names are left out */
#define TAG_OCTETS  900u /* of one tag of a signature: a line has 998 (RFC 5322 section 2.1.1) */

/* --- kinds of fields ---------------------------------------------------------------------------------- */

typedef void field_kind(const struct redactor *r, struct slice value, struct buf *out);

static bool is_token_octet(char c)
{
	return is_alnum(c) || is_one_of(c, "/+-._");
}

/* Without parameters: names of files are among them. */
static void token(const struct redactor *r, struct slice value, struct buf *out)
{
	struct cursor c = cursor_of(value);
	struct slice word;

	(void)r;
	skip_cfws(&c);
	if (take_while(&c, is_token_octet, &word))
		buf_add(out, slice_take(word, LIMIT_FAILURE_VALUE));
}

static bool is_id_octet(char c)
{
	return is_vchar(c) && c != '<' && c != '>' && c != '@';
}

/*
 * msg-id, whole: it is what the domain's owner finds in the log of its own mail servers, and was made there.  With it
 * the owner can find out more than a report says of its own mail (RFC 6590 section 5.3).
 */
static void message_id(const struct redactor *r, struct slice value, struct buf *out)
{
	struct slice text = slice_trim(value), left, right;
	struct cursor c = cursor_of(text);

	if (text.len <= LIMIT_FAILURE_VALUE && take_char(&c, '<') && take_while(&c, is_id_octet, &left) &&
	    take_char(&c, '@') && take_while(&c, is_id_octet, &right) && take_char(&c, '>') && cursor_done(&c))
		buf_add(out, text);
	else
		redact_text(r, text, out);
}

/* Tags without a free text, and not z=, which is a copy of the header; "=" is in base64 only. */
static const struct shown_tag {
	const char *name, *more; /* octets besides letters and digits */
} shown_tags[] = {
	{ "v", "" }, { "a", "-" }, { "c", "/" }, { "d", ".-_" }, { "s", ".-_" }, { "i", "" }, { "t", "" }, { "x", "" },
	{ "q", "/" }, { "l", "" }, { "cv", "" }, { "h", ":-_" }, { "bh", "+/=" }, { "b", "+/=" },
};

static bool is_shown_value(const struct shown_tag *tag, struct slice value)
{
	bool number = strcmp(tag->name, "i") == 0; /* of ARC; an identity has an "@" */

	for (size_t i = 0; i < value.len; i++)
		if (!is_digit(value.ptr[i]) && (number || (!is_alpha(value.ptr[i]) &&
			!is_one_of(value.ptr[i], tag->more))))
			return false;
	return true;
}

static void add_tag(const struct redactor *r, const struct shown_tag *tag, struct slice value, struct buf *out)
{
	bool identity = strcmp(tag->name, "i") == 0 && slice_find(value, '@') < value.len;

	if (!identity && !is_shown_value(tag, value))
		return;
	buf_addf(out, "%s%s=", out->len == 0 ? "" : "; ", tag->name);
	if (identity)
		redact_address(r, value, out);
	else
		buf_add(out, value);
}

static void signature(const struct redactor *r, struct slice value, struct buf *out)
{
	struct taglist list;

	if (taglist_parse(value, false, &list) != TAGLIST_OK)
		return;
	for (size_t i = 0; i < N_ELEMENTS(shown_tags); i++) {
		const struct tag *t = taglist_find(&list, shown_tags[i].name);
		struct buf text = BUF_INIT(TAG_OCTETS);

		for (size_t j = 0; t != NULL && j < t->value.len; j++)
			if (!is_fws(t->value.ptr[j]))
				buf_add_char(&text, t->value.ptr[j]);
		if (t != NULL && !buf_failed(&text)) /* longer ones are omitted */
			add_tag(r, &shown_tags[i], buf_slice(&text), out);
		buf_free(&text);
	}
}

/* --- Received ------------------------------------------------------------------------------------------- */

/* An address, with "IPv6:" before it or not. */
static bool is_ip(struct slice text)
{
	struct ip ip;

	return ip_parse(text, &ip) || (slice_istarts_with(text, SLICE("IPv6:")) && ip_parse(slice_drop(text, 5), &ip));
}

static bool is_literal(struct slice word)
{
	return word.len > 2 && word.ptr[0] == '[' && word.ptr[word.len - 1] == ']' &&
	    is_ip(slice_of(word.ptr + 1, word.len - 2));
}

/* A host of a hop: a name of two labels or more, since others can be a login; or an address. */
static void add_host(const struct redactor *r, struct slice word, struct buf *out)
{
	struct domain d;

	if (is_literal(word) || is_ip(word) || (domain_parse(r->arena, word, &d) && domain_labels(d) > 1))
		redact_printable(word, out->len + LIMIT_REPORT_FIELD, out);
	else
		buf_add_char(out, '?');
}

static void add_token(const struct redactor *r, struct slice word, struct buf *out)
{
	struct cursor c = cursor_of(word);
	struct slice token;

	(void)r;
	buf_add(out, take_while(&c, is_token_octet, &token) && cursor_done(&c) ? slice_take(token, LIMIT_REPORT_FIELD)
	                                                                       : SLICE("?"));
}

static bool is_odd_in_path(char c)
{
	return c == '@' || c == ':' || c == '"';
}

/* A Path with one "@", no route and no quotes: of others, as "<joe (x) @example.com>", the word is a part: joe. */
static void add_recipient(const struct redactor *r, struct slice word, struct buf *out)
{
	size_t odd = 0;

	for (size_t i = 0; i < word.len; i++)
		odd += is_odd_in_path(word.ptr[i]);
	if (odd == 1 && slice_find(word, '@') < word.len)
		redact_text(r, word, out);
	else
		buf_add_char(out, '?');
}

/* Clauses of RFC 5321 section 4.4, and what follows their names. */
static const struct clause {
	const char *name;
	void (*add)(const struct redactor *r, struct slice word, struct buf *out);
} clauses[] = {
	{ "from", add_host },
	{ "by", add_host },
	{ "via", add_token },
	{ "with", add_token },
	{ "id", add_token },
	{ "for", add_recipient },
};

static bool is_word_octet(char c)
{
	return !is_fws(c) && c != '(' && c != ';';
}

/* Of a comment only an address in brackets. */
static void add_comment(struct slice comment, struct buf *out)
{
	size_t open = slice_rfind(comment, '[');
	struct slice rest = slice_drop(comment, open + 1), text = slice_split(&rest, ']');

	if (open < comment.len && !slice_is_null(rest) && is_ip(text))
		buf_addf(out, " ([%.*s])", SLICE_ARG(text));
}

static bool is_date_octet(char c)
{
	return is_alnum(c) || is_one_of(c, " ,:+-");
}

/* [ day-name "," ] day: how a date-time begins (RFC 5322 section 3.3) */
static bool begins_as_date(struct slice text)
{
	struct cursor c = cursor_of(text);
	struct slice day;

	if (take_while(&c, is_alpha, &day) && (day.len != 3 || !take_char(&c, ',')))
		return false;
	skip_fws(&c);
	return is_digit(cursor_peek(&c));
}

/* date-time, before the end or a comment, which is omitted; what is not one is omitted as a whole. */
static void add_date(struct slice text, struct buf *out)
{
	struct cursor c = cursor_of(slice_trim(text));
	struct slice date;

	if (begins_as_date(cursor_rest(&c)) && take_while(&c, is_date_octet, &date) && date.len <= 60 &&
	    (cursor_done(&c) || *c.at == '('))
		buf_addf(out, "; %.*s", SLICE_ARG(slice_trim(date)));
}

/* "from joe by mx.example.com with local": without a comment after it, what follows "from" can be a login. */
static bool may_be_login(const struct cursor *c, const struct clause *clause)
{
	struct cursor next = *c;

	skip_fws(&next);
	return clause == clauses && cursor_peek(&next) != '(';
}

static void add_clause(const struct redactor *r, struct cursor *c, struct slice name, struct buf *out)
{
	struct slice word;

	for (const struct clause *clause = clauses; clause < clauses + N_ELEMENTS(clauses); clause++) {
		if (!slice_ieq(name, slice_str(clause->name)))
			continue;
		skip_fws(c);
		if (!take_while(c, is_word_octet, &word))
			return;
		buf_addf(out, "%s%s ", out->len == 0 ? "" : " ", clause->name);
		if (may_be_login(c, clause))
			buf_add_char(out, '?');
		else
			clause->add(r, word, out);
		return;
	}
}

static void received(const struct redactor *r, struct slice value, struct buf *out)
{
	struct cursor c = cursor_of(slice_take(value, LIMIT_HEADER_VALUE));
	struct slice word;
	const char *from;

	for (skip_fws(&c); !cursor_done(&c); skip_fws(&c)) {
		from = c.at;
		if (take_comment(&c))
			add_comment(slice_between(from, c.at), out);
		else if (take_char(&c, ';'))
			break;
		else if (take_while(&c, is_word_octet, &word))
			add_clause(r, &c, word, out);
		else
			return; /* a comment that does not end: the rest cannot be read */
		if (out->len > LIMIT_FAILURE_VALUE)
			return;
	}
	add_date(cursor_rest(&c), out);
}

/* --- the header ------------------------------------------------------------------------------------------- */

static const struct field {
	const char *name;
	field_kind *kind;
} fields[] = {
	{ "Return-Path", redact_addresses }, { "Received", received }, { "DKIM-Signature", signature },
	{ "ARC-Seal", signature }, { "ARC-Message-Signature", signature },
	{ "Date", redact_words }, { "From", redact_addresses }, { "Sender", redact_addresses }, { "Reply-To", redact_addresses },
	{ "To", redact_addresses }, { "Cc", redact_addresses }, { "Bcc", redact_addresses }, { "Message-ID", message_id },
	{ "Subject", redact_words },
	{ "Resent-From", redact_addresses }, { "Resent-Sender", redact_addresses }, { "Resent-To", redact_addresses },
	{ "Resent-Cc", redact_addresses }, { "Resent-Date", redact_words }, { "Resent-Message-ID", message_id },
	{ "Delivered-To", redact_addresses }, { "X-Original-To", redact_addresses }, { "Envelope-To", redact_addresses },
	{ "Errors-To", redact_addresses }, { "Disposition-Notification-To", redact_addresses },
	{ "List-Id", redact_words }, { "List-Post", redact_addresses }, { "Mailing-List", redact_addresses },
	{ "Precedence", token }, { "Auto-Submitted", token }, { "MIME-Version", token },
	{ "Content-Type", token }, { "Content-Transfer-Encoding", token },
	{ "User-Agent", redact_words }, { "X-Mailer", redact_words },
};

static field_kind *kind_of(struct slice name)
{
	for (size_t i = 0; i < N_ELEMENTS(fields); i++)
		if (slice_ieq(name, slice_str(fields[i].name)))
			return fields[i].kind;
	return NULL;
}

/* A name as fields have it, in which no address is and which is not a delimiter at the beginning of a line. */
static bool is_shown_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!is_alnum(name.ptr[i]) && (i == 0 || (name.ptr[i] != '-' && name.ptr[i] != '_')))
			return false;
	return name.len > 0 && name.len <= NAME_OCTETS;
}

static void write_field(const struct redactor *r, const struct header *h, bool subject, struct buf *out)
{
	struct buf value = BUF_INIT(LIMIT_FAILURE_HEADER);
	struct field_writer w = FIELD_WRITER_INIT;
	field_kind *kind = kind_of(h->name);

	if (kind != NULL && (subject || !slice_ieq(h->name, SLICE("Subject"))))
		kind(r, h->value, &value);
	field_begin(&w, h->name);
	field_words(&w, value.len > 0 && !buf_failed(&value) ? slice_trim(buf_slice(&value)) : REDACTED);
	if (!buf_failed(&w.value)) {
		buf_add(out, h->name);
		buf_add_char(out, ':');
		buf_add(out, w.value.len > 0 ? buf_slice(&w.value) : SLICE(" [redacted]"));
		buf_add_char(out, '\n');
	}
	field_free(&w);
	buf_free(&value);
}

void redact_header(const struct redactor *r, const struct message *m, bool subject, struct buf *out)
{
	for (size_t i = 0; i < m->count; i++) {
		struct buf line = BUF_INIT(LIMIT_FAILURE_HEADER);

		if (is_shown_name(m->headers[i].name))
			write_field(r, &m->headers[i], subject, &line);
		if (buf_failed(&line) || out->len + line.len > LIMIT_FAILURE_HEADER)
			i = m->count - 1; /* what follows is left out */
		else
			buf_add(out, buf_slice(&line));
		buf_free(&line);
	}
}

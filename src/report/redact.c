#include "base/ascii.h"
#include "base/cursor.h"
#include "base/ip.h"
#include "base/limits.h"
#include "crypto/digest.h"
#include "mail/encoded_word.h"
#include "mail/fieldwriter.h"
#include "mail/taglist.h"
#include "mail/tokens.h"

#include "report/redact.h"

#define HASH_OCTETS 12u             /* shown as twice as many digits; RFC 6590 section 5.2 */
#define NAME_OCTETS 60u             /* longer field names are left out */
#define TAG_OCTETS  900u            /* of one tag of a signature: a line has 998 (RFC 5322 section 2.1.1) */
#define OMITTED     SLICE("[redacted]")

/* --- one address ---------------------------------------------------------------------------------- */

static bool is_domain_octet(char c)
{
	return is_alnum(c) || c == '.' || c == '-' || c == '_';
}

/* The same mailbox has the same hash, however it is written: without comments, quoting, white space and letter case. */
static void add_normal(struct buf *out, struct slice text)
{
	struct cursor c = cursor_of(text);
	bool comments = true; /* false after one that does not end: to try each further one would take too long */

	while (!cursor_done(&c)) {
		if (comments && *c.at == '(') {
			comments = take_comment(&c);
			if (comments)
				continue;
		}
		if (!is_fws(*c.at) && *c.at != '"' && *c.at != '\\')
			buf_add_char(out, ascii_lower(*c.at));
		c.at++;
	}
}

/*
 * RFC 6590 section 3, steps 1 to 4.  The hash covers the domain as well: the same local-part at two domains
 * is two persons.
 */
static void add_hash(const struct redactor *r, struct slice local, struct slice domain, struct buf *out)
{
	struct buf what = BUF_INIT(2 * LIMIT_HEADER_VALUE);
	unsigned char hash[SHA256_OCTETS];

	buf_addf(&what, "redact\n%.*s\n", SLICE_ARG(r->policy_domain)); /* no name has a line end in it */
	add_normal(&what, local);
	buf_add_char(&what, '@');
	add_normal(&what, domain);
	buf_add_str(out, "redacted");
	if (!buf_failed(&what) && hmac_sha256(r->secret, buf_slice(&what), hash) == RC_OK) {
		buf_add_char(out, '-');
		for (size_t i = 0; i < HASH_OCTETS; i++)
			buf_addf(out, "%02x", hash[i]);
	}
	buf_free(&what);
}

/* The domain after an "@": the octets that can be in one, without dots at the end. */
static struct slice domain_after(struct slice text)
{
	struct cursor c = cursor_of(text);
	struct slice domain = SLICE("");

	skip_fws(&c);
	(void)take_while(&c, is_domain_octet, &domain);
	while (domain.len > 0 && domain.ptr[domain.len - 1] == '.')
		domain.len--;
	return domain;
}

static void add_address(const struct redactor *r, struct slice local, struct slice domain, struct buf *out)
{
	if (local.len > 0)
		add_hash(r, local, domain, out);
	buf_add_char(out, '@');
	buf_add(out, slice_take(domain, LIMIT_REPORT_FIELD));
}

void redact_address(const struct redactor *r, struct slice address, struct buf *out)
{
	size_t at = slice_rfind(address, '@');

	if (at < address.len)
		add_address(r, slice_take(address, at), domain_after(slice_drop(address, at + 1)), out);
	else if (address.len > 0)
		add_hash(r, address, SLICE(""), out);
}

/* --- addresses in text ------------------------------------------------------------------------------ */

/* What no local-part has outside of quotes.  "=" is not here: "prvs=1=joe@example.com". */
static bool ends_local_part(char c)
{
	return is_fws(c) || is_ctl(c) || strchr("<>()[],;:\"", c) != NULL;
}

static size_t before_fws(struct slice text, size_t end)
{
	while (end > 0 && is_fws(text.ptr[end - 1]))
		end--;
	return end;
}

/* The position of the octet that opens what ends at end, a quoted string or a comment; 0: nothing opens it. */
static size_t before_opening(struct slice text, size_t end, char opening)
{
	size_t i = end - 1;

	while (i > 0 && (text.ptr[i - 1] != opening || (i > 1 && text.ptr[i - 2] == '\\')))
		i--;
	return i > 0 ? i - 1 : 0;
}

/*
 * Where the local-part begins that ends with the text, read backwards: words with dots between, white space and
 * comments around them (RFC 5322 section 4.4, obs-local-part).  Where it is not clear, more is a part of it.
 */
static size_t local_part_begin(struct slice text)
{
	size_t begin = text.len, at = before_fws(text, text.len);

	while (at > 0) {
		if (text.ptr[at - 1] == ')') { /* a comment */
			at = before_fws(text, before_opening(text, at, '('));
			begin = at;
			continue;
		}
		if (text.ptr[at - 1] == '"')
			at = before_opening(text, at, '"');
		else
			while (at > 0 && !ends_local_part(text.ptr[at - 1]))
				at--;
		if (at == begin || (begin = at) == 0)
			break;
		at = before_fws(text, at);
		if (at == 0 || (text.ptr[begin] != '.' && strchr(".)", text.ptr[at - 1]) == NULL &&
			(text.ptr[at - 1] != '"' || at < begin)))
			break;
	}
	return begin;
}

/* The next quote that is not a quoted-pair, or text.len. */
static size_t next_quote(struct slice text, size_t at)
{
	while (at < text.len && (text.ptr[at] != '"' || text.ptr[at - 1] == '\\'))
		at++;
	return at;
}

static bool is_local_octet(char c)
{
	return !ends_local_part(c) && c != '@';
}

/* Does another "@" come next, after quotes, white space, comments, and words if wanted?  Then *at becomes its place. */
static bool at_follows(struct slice text, size_t from, bool words, size_t *at)
{
	struct cursor c = cursor_of(slice_drop(text, from));
	struct slice word;

	do
		skip_cfws(&c);
	while (take_char(&c, '"') || (words && take_while(&c, is_local_octet, &word)));
	if (cursor_peek(&c) != '@')
		return false;
	*at = (size_t)(c.at - text.ptr);
	return true;
}

/*
 * The "@" before the domain, from the first one on.  In "\"a@b c\"@example.com" and in "a@b@example.com" all before the
 * last one is the local-part.
 */
static size_t last_at(struct slice text, size_t at)
{
	size_t quote = 0, end;

	do {
		end = at + 1;
		while (end < text.len && (is_fws(text.ptr[end]) || is_domain_octet(text.ptr[end])))
			end++;
		if (quote <= at)
			quote = next_quote(text, at + 1);
	} while (at_follows(text, end, false, &at) || (quote < text.len && at_follows(text, quote, true, &at)));
	return at;
}

/* Splits *rest at the next "@": what is before its local-part, and the address.  False: no "@" is left. */
static bool next_address(struct slice *rest, struct slice *before, struct slice *local, struct slice *domain)
{
	size_t first = slice_find(*rest, '@'), at;
	struct slice text = slice_take(*rest, first);

	if (first == rest->len)
		return false;
	at = last_at(*rest, first);
	*before = slice_take(text, local_part_begin(text));
	*local = slice_trim(slice_drop(slice_take(*rest, at), before->len));
	*rest = slice_drop(*rest, at + 1);
	*domain = domain_after(*rest);
	if (domain->len > 0)
		*rest = slice_drop(*rest, (size_t)(domain->ptr - rest->ptr) + domain->len);
	return true;
}

/* Line ends and other controls become spaces, octets that are not ASCII "?"; not beyond that length of out. */
static void add_printable(struct slice text, size_t limit, struct buf *out)
{
	for (size_t i = 0; i < text.len && out->len < limit; i++)
		buf_add_char(out, is_8bit(text.ptr[i]) ? '?' : is_ctl(text.ptr[i]) ? ' ' : text.ptr[i]);
}

/* What is cut is the result: a text that is cut within an address would show the beginning of it. */
void redact_text(const struct redactor *r, struct slice text, struct buf *out)
{
	size_t limit = out->len + LIMIT_FAILURE_VALUE;
	struct slice rest = text, before, local, domain;

	for (size_t i = 0; next_address(&rest, &before, &local, &domain); i++) {
		if (i == LIMIT_FAILURE_ADDRESSES)
			return;
		add_printable(before, limit, out);
		if (out->len < limit)
			add_address(r, local, domain, out);
	}
	add_printable(rest, limit, out);
}

void redact_words(const struct redactor *r, struct slice text, struct buf *out)
{
	struct slice rest = text;
	bool shown = false;

	while (!shown && !slice_is_null(rest)) /* each part between two "@", since that one is found anyway */
		shown = encoded_word_may_show_at(r->arena, slice_split(&rest, '@'));
	if (shown)
		buf_add(out, OMITTED);
	else
		redact_text(r, text, out);
}

/* --- kinds of fields ---------------------------------------------------------------------------------- */

typedef void field_kind(const struct redactor *r, struct slice value, struct buf *out);

/* Addresses alone; display names are names of persons. */
static void addresses(const struct redactor *r, struct slice value, struct buf *out)
{
	struct slice rest = value, before, local, domain;

	for (size_t i = 0; next_address(&rest, &before, &local, &domain); i++) {
		if (i == LIMIT_FAILURE_ADDRESSES) {
			buf_add_str(out, ", ...");
			return;
		}
		buf_add_str(out, i == 0 ? "<" : ", <");
		add_address(r, local, domain, out);
		buf_add_char(out, '>');
	}
}

static bool is_token_octet(char c)
{
	return is_alnum(c) || strchr("/+-._", c) != NULL;
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
			(value.ptr[i] == '\0' || strchr(tag->more, value.ptr[i]) == NULL))))
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
		add_printable(word, out->len + LIMIT_REPORT_FIELD, out);
	else
		buf_add_char(out, '?');
}

static void add_token(const struct redactor *r, struct slice word, struct buf *out)
{
	struct cursor c = cursor_of(word);
	struct slice token;

	(void)r;
	buf_add(out, take_while(&c, is_token_octet, &token) && cursor_done(&c) ? token : SLICE("?"));
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
	{ "for", redact_text },
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
	return is_alnum(c) || strchr(" ,:+-", c) != NULL;
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
			clause->add(r, slice_take(word, LIMIT_REPORT_FIELD), out);
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
	{ "Return-Path", addresses }, { "Received", received }, { "DKIM-Signature", signature },
	{ "ARC-Seal", signature }, { "ARC-Message-Signature", signature },
	{ "Date", redact_words }, { "From", addresses }, { "Sender", addresses }, { "Reply-To", addresses },
	{ "To", addresses }, { "Cc", addresses }, { "Bcc", addresses }, { "Message-ID", message_id },
	{ "Subject", redact_words },
	{ "Resent-From", addresses }, { "Resent-Sender", addresses }, { "Resent-To", addresses },
	{ "Resent-Cc", addresses }, { "Resent-Date", redact_words }, { "Resent-Message-ID", message_id },
	{ "Delivered-To", addresses }, { "X-Original-To", addresses }, { "Envelope-To", addresses },
	{ "Errors-To", addresses }, { "Disposition-Notification-To", addresses },
	{ "List-Id", redact_words }, { "List-Post", addresses }, { "Mailing-List", addresses },
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
	field_words(&w, value.len > 0 && !buf_failed(&value) ? slice_trim(buf_slice(&value)) : OMITTED);
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

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "crypto/digest.h"
#include "mail/encoded_word.h"
#include "mail/tokens.h"

#include "redact_private.h"

#define HASH_OCTETS 12u /* shown as twice as many digits; RFC 6590 section 5.2 */

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

	if (at < address.len && address.ptr[address.len - 1] != '"') /* "joe@home" in quotes is a local-part alone */
		add_address(r, slice_take(address, at), domain_after(slice_drop(address, at + 1)), out);
	else if (address.len > 0)
		add_hash(r, address, SLICE(""), out);
}

/* --- addresses in text ------------------------------------------------------------------------------ */

/* What no local-part has outside of quotes.  "=" is not here: "prvs=1=joe@example.com". */
static bool ends_local_part(char c)
{
	return is_fws(c) || is_ctl(c) || is_one_of(c, "<>()[],;:\"");
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
		if (at == 0 || (text.ptr[begin] != '.' && !is_one_of(text.ptr[at - 1], ".)") &&
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

void redact_printable(struct slice text, size_t limit, struct buf *out)
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
		redact_printable(before, limit, out);
		if (out->len < limit)
			add_address(r, local, domain, out);
	}
	redact_printable(rest, limit, out);
}

/* Within a word: octets of its local-part before it, of its domain after it. */
static bool is_within_word(struct slice text, size_t at)
{
	return at > 0 && at + 1 < text.len && !is_wsp(text.ptr[at - 1]) && !is_ctl(text.ptr[at - 1]) &&
	    text.ptr[at - 1] != '@' && !is_wsp(text.ptr[at + 1]) && !is_ctl(text.ptr[at + 1]);
}

/* Beside quotes, comments and an "@" that is alone it is not certain which words before an "@" are its local-part. */
static bool is_uncertain(struct slice text)
{
	bool mark = false, found = false;

	for (size_t i = 0; i < text.len; i++) {
		mark = mark || is_one_of(text.ptr[i], "()\"\\") ||
		    (text.ptr[i] == '@' && !is_within_word(text, i));
		found = found || text.ptr[i] == '@';
	}
	return mark && found;
}

void redact_words(const struct redactor *r, struct slice text, struct buf *out)
{
	struct slice rest = text;
	bool shown = is_uncertain(text);

	while (!shown && !slice_is_null(rest)) /* each part between two "@", since that one is found anyway */
		shown = encoded_word_may_show_at(r->arena, slice_split(&rest, '@'));
	if (shown)
		buf_add(out, REDACTED);
	else
		redact_text(r, text, out);
}

/* A quoted-string whose words cannot be taken for an address, or for the end of one. */
static void add_quoted(struct slice quoted, struct buf *out)
{
	buf_add_char(out, '"');
	for (size_t i = 1; i + 1 < quoted.len; i++)
		buf_add_char(out, ends_local_part(quoted.ptr[i]) || is_one_of(quoted.ptr[i], "@.\\") ? '_' : quoted.ptr[i]);
	buf_add_char(out, '"');
}

/* Without comments, and with quoted strings that hide nothing.  False: one does not end, so nothing is certain. */
static bool add_unhidden(struct slice value, struct buf *out)
{
	struct cursor c = cursor_of(value);

	while (!cursor_done(&c)) {
		const char *from = c.at;

		if (take_comment(&c))
			buf_add_char(out, ' ');
		else if (take_quoted_string(&c))
			add_quoted(slice_between(from, c.at), out);
		else if (is_one_of(*c.at, "()\""))
			return false;
		else
			buf_add_char(out, *c.at++);
	}
	return !buf_failed(out);
}

static void add_addresses(const struct redactor *r, struct slice rest, struct buf *out)
{
	struct slice before, local, domain;

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

void redact_addresses(const struct redactor *r, struct slice value, struct buf *out)
{
	struct buf text = BUF_INIT(value.len);

	if (add_unhidden(value, &text))
		add_addresses(r, buf_slice(&text), out);
	buf_free(&text);
}

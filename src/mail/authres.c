#include "base/ascii.h"
#include "base/cursor.h"
#include "base/hostname.h"
#include "base/ip.h"
#include "base/utf8.h"
#include "mail/tokens.h"

#include "mail/authres.h"

/* token of RFC 2045 section 5.1: no space, CTL or tspecials; and UTF-8 (RFC 8601 section 2.5) */
static bool is_token_octet(char c)
{
	return is_8bit(c) || (is_vchar(c) && !is_one_of(c, "()<>@,;:\\\"/[]?="));
}

/* --- whose field is it? ---------------------------------------------------------------------- */

/* quoted-string, its quoted-pairs resolved */
static bool take_quoted_text(struct cursor *c, struct buf *out)
{
	struct cursor inside = *c;

	if (!take_quoted_string(c))
		return false;
	for (inside.at++; inside.at < c->at - 1; inside.at++) {
		take_char(&inside, '\\');
		buf_add_char(out, *inside.at);
	}
	return true;
}

/* value = token / quoted-string */
static bool take_value(struct cursor *c, struct buf *out)
{
	struct slice token;

	if (!take_while(c, is_token_octet, &token))
		return take_quoted_text(c, out);
	buf_add(out, token);
	return true;
}

/* White space and controls in a name: others may cut or skip them, so who knows whose it is. */
static bool is_readable_id(struct slice id)
{
	for (size_t i = 0; i < id.len; i++)
		if (is_ctl(id.ptr[i]) || is_wsp(id.ptr[i]))
			return false;
	return id.len > 0 && utf8_valid(id);
}

/* [ CFWS authres-version ], then the results or the end: otherwise, who knows what was meant? */
static bool rest_is_plausible(struct cursor *c)
{
	const char *behind_id = c->at;
	struct slice version;

	skip_cfws(c);
	if (c->at > behind_id && take_while(c, is_digit, &version))
		skip_cfws(c);
	return cursor_done(c) || *c->at == ';';
}

bool authres_authserv_id(struct slice value, struct buf *out)
{
	struct cursor c = cursor_of(value);
	struct buf text = BUF_INIT(value.len);
	struct slice id = SLICE_NULL;
	bool ok;

	skip_cfws(&c);
	ok = take_value(&c, &text) && rest_is_plausible(&c) && !buf_failed(&text);
	if (ok)
		id = slice_trim(buf_slice(&text));
	ok = ok && is_readable_id(id);
	buf_clear(out);
	if (ok)
		buf_add(out, id);
	buf_free(&text);
	return ok && !buf_failed(out);
}

/* --- writing --------------------------------------------------------------------------------- */

/* A property, reason or comment as written; and how much of the field they may fill. */
#define PIECE_OCTETS   512u
#define PIECES_OCTETS  (LIMIT_HEADER_VALUE / 2)
#define KEYWORD_OCTETS 32u
#define LOCAL_PART_OCTETS 64u /* RFC 5321 section 4.5.3.1.1 */

/* Whether the piece goes in; out of memory, half a quoted-string must not. */
static bool wanted(struct authres *ar, const struct buf *piece)
{
	ar->field.value.failed |= buf_failed(piece);
	return !buf_failed(piece) && ar->field.value.len <= PIECES_OCTETS;
}

/*
 * Readers split words at what Unicode calls white space and end lines where it says so: nothing but
 * printable ASCII is written, in internationalised mail too (RFC 8601 section 2.5 allows UTF-8).
 */
static char printable(char c)
{
	return is_vchar(c) || c == ' ' ? c : '?';
}

/*
 * Text between two delimiters, backslashes before those in specials, cut with "..." so that the
 * piece does not grow over PIECE_OCTETS.
 */
static void add_delimited(struct buf *piece, char open, struct slice text, const char *specials,
    char close)
{
	buf_add_char(piece, open);
	for (size_t i = 0; i < text.len; i++) {
		char c = printable(text.ptr[i]);

		if (piece->len + strlen("\\c...)") > PIECE_OCTETS) {
			buf_add_str(piece, "...");
			break;
		}
		if (is_one_of(c, specials))
			buf_add_char(piece, '\\');
		buf_add_char(piece, c);
	}
	buf_add_char(piece, close);
}

static bool all_of(struct slice s, bool (*pred)(char))
{
	for (size_t i = 0; i < s.len; i++)
		if (!pred(s.ptr[i]))
			return false;
	return s.len > 0;
}

/* What may be written without quotes: a token in ASCII. */
static bool is_plain(char c)
{
	return is_token_octet(c) && !is_8bit(c);
}

/* Parts that dots separate, none of them empty. */
static bool is_dotted(struct slice s)
{
	while (!slice_is_null(s))
		if (!all_of(slice_split(&s, '.'), is_plain))
			return false;
	return true;
}

/* --- properties ------------------------------------------------------------------------------ */

/*
 * [ local-part ] "@" domain-name.  A local-part that needs quotes is legal, but then the sender
 * could write words in our field: the property is left out.
 */
static bool is_identity(struct slice s)
{
	size_t at = slice_find(s, '@');

	return at < s.len && at <= LOCAL_PART_OCTETS &&
	    (at == 0 || is_dotted(slice_take(s, at))) && hostname_valid(slice_drop(s, at + 1));
}

static bool is_keyword_octet(char c)
{
	return is_alnum(c) || c == '-';
}

/* sig-a-tag-alg and the like (RFC 6376 section 3.5) */
static bool is_keyword(struct slice s)
{
	return s.len <= KEYWORD_OCTETS && all_of(s, is_keyword_octet);
}

static bool is_base64_octet(char c)
{
	return is_alnum(c) || c == '+' || c == '/';
}

/* RFC 6008: the beginning of b= */
static bool is_base64(struct slice s)
{
	while (s.len > 0 && s.ptr[s.len - 1] == '=')
		s.len--;
	return s.len <= PIECE_OCTETS / 2 && all_of(s, is_base64_octet);
}

static bool is_address(struct slice s)
{
	struct ip ip;

	return ip_parse(s, &ip);
}

static const struct property_rule {
	const char *name;
	bool (*is)(struct slice value);
} properties[] = {
	[AUTHRES_SMTP_MAILFROM] = { "smtp.mailfrom", hostname_valid },
	[AUTHRES_SMTP_HELO] = { "smtp.helo", hostname_valid },
	[AUTHRES_HEADER_FROM] = { "header.from", hostname_valid },
	[AUTHRES_HEADER_D] = { "header.d", hostname_valid },
	[AUTHRES_HEADER_I] = { "header.i", is_identity },
	[AUTHRES_HEADER_S] = { "header.s", hostname_valid },
	[AUTHRES_HEADER_A] = { "header.a", is_keyword },
	[AUTHRES_HEADER_B] = { "header.b", is_base64 },
	[AUTHRES_POLICY_DMARC] = { "policy.dmarc", is_keyword },
	[AUTHRES_SMTP_REMOTE_IP] = { "smtp.remote-ip", is_address },
	[AUTHRES_HEADER_OLDEST_PASS] = { "header.oldest-pass", is_keyword },
};

/* value = token / quoted-string; "/" and "=" need the latter, addresses do not (pvalue) */
static void add_value(struct buf *piece, struct slice value)
{
	if (value.len <= PIECE_OCTETS && (all_of(value, is_plain) || is_identity(value)))
		buf_add(piece, value);
	else
		add_delimited(piece, '"', value, "\"\\", '"');
}

void authres_property(struct authres *ar, enum authres_property property, struct slice value)
{
	const struct property_rule *rule = &properties[property];
	struct buf piece = BUF_INIT(2 * PIECE_OCTETS);

	if (!rule->is(value))
		return;
	buf_addf(&piece, "%s=", rule->name);
	add_value(&piece, value);
	if (wanted(ar, &piece))
		field_word(&ar->field, buf_slice(&piece));
	buf_free(&piece);
}

/* --- the field ------------------------------------------------------------------------------- */

void authres_begin(struct authres *ar, struct slice authserv_id)
{
	struct buf piece = BUF_INIT(2 * PIECE_OCTETS);

	field_begin(&ar->field, AUTHRES_NAME);
	add_value(&piece, authserv_id);
	if (wanted(ar, &piece))
		field_word(&ar->field, buf_slice(&piece));
	buf_free(&piece);
}

void authres_result(struct authres *ar, const char *method, enum auth_result result)
{
	struct buf text = BUF_INIT(PIECE_OCTETS);

	buf_addf(&text, "%s=%s", method, auth_result_text(result));
	ar->field.value.failed |= buf_failed(&text);
	field_separator(&ar->field, ';');
	field_fold(&ar->field);
	field_word(&ar->field, buf_slice(&text));
	buf_free(&text);
	ar->results++;
}

/* Does text, blanks aside, begin with a result that a method could have (RFC 8601 section 2.7)? */
static bool begins_with_result(struct slice text)
{
	text = slice_trim(text);
	for (int r = AUTH_NONE; r <= AUTH_PERMERROR; r++)
		if (slice_istarts_with(text, slice_str(auth_result_text((enum auth_result)r))))
			return true;
	return false;
}

/*
 * "include:x;dmarc=pass" in a reason is quoted and means nothing to a parser, but filters search
 * the field for words: no "=" precedes a word that is a result.
 */
static void disarm(struct buf *text)
{
	for (size_t i = 0; i < text->len; i++)
		text->ptr[i] = printable(text->ptr[i]);
	for (size_t i = 0; i < text->len; i++)
		if (text->ptr[i] == '=' && begins_with_result(slice_drop(buf_slice(text), i + 1)))
			text->ptr[i] = ':';
}

void authres_reason(struct authres *ar, struct slice text)
{
	struct buf clean = BUF_INIT(PIECE_OCTETS), piece = BUF_INIT(2 * PIECE_OCTETS);

	buf_add(&clean, slice_take(text, PIECE_OCTETS));
	disarm(&clean);
	buf_add_str(&piece, "reason=");
	add_delimited(&piece, '"', buf_slice(&clean), "\"\\", '"');
	piece.failed |= buf_failed(&clean);
	if (wanted(ar, &piece))
		field_word(&ar->field, buf_slice(&piece));
	buf_free(&clean);
	buf_free(&piece);
}

void authres_comment(struct authres *ar, struct slice text)
{
	struct buf piece = BUF_INIT(2 * PIECE_OCTETS);

	if (ar->bare)
		return;
	add_delimited(&piece, '(', text, "()\\", ')');
	if (wanted(ar, &piece))
		field_words(&ar->field, buf_slice(&piece));
	buf_free(&piece);
}

void authres_end(struct authres *ar)
{
	if (ar->results > 0)
		return;
	field_separator(&ar->field, ';');
	field_word(&ar->field, SLICE("none"));
}

void authres_free(struct authres *ar)
{
	field_free(&ar->field);
	ar->results = 0;
}

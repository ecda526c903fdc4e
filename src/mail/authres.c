#include "base/ascii.h"
#include "base/cursor.h"
#include "base/utf8.h"
#include "mail/tokens.h"

#include "mail/authres.h"

/* token of RFC 2045 section 5.1: no space, CTL or tspecials; and UTF-8 (RFC 8601 section 2.5) */
static bool is_token_octet(char c)
{
	return is_8bit(c) || (is_vchar(c) && strchr("()<>@,;:\\\"/[]?=", c) == NULL);
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

/* Whether the piece goes in; out of memory, half a quoted-string must not. */
static bool wanted(struct authres *ar, const struct buf *piece)
{
	ar->field.value.failed |= buf_failed(piece);
	return !buf_failed(piece) && ar->field.value.len <= PIECES_OCTETS;
}

/* What may be written of s at its beginning: one character, or nothing of an octet to drop. */
static struct slice take_character(struct slice *s)
{
	size_t n = utf8_sequence(*s);
	struct slice character = slice_take(*s, n > 0 && !is_ctl(s->ptr[0]) ? n : 0);

	*s = slice_drop(*s, n > 0 ? n : 1);
	return character;
}

/* A run of what nearly all values consist of; may be empty. */
static struct slice take_vchars(struct slice *s)
{
	struct slice all = *s;
	size_t n = 0;

	while (n < all.len && is_vchar(all.ptr[n]))
		n++;
	*s = slice_drop(all, n);
	return slice_take(all, n);
}

/*
 * Text between two delimiters, backslashes before those in specials, cut with "..." so that the
 * piece does not grow over PIECE_OCTETS.
 */
static void add_delimited(struct buf *piece, char open, struct slice text, const char *specials,
    char close)
{
	buf_add_char(piece, open);
	while (text.len > 0) {
		struct slice character = take_character(&text);

		if (character.len == 0)
			continue;
		if (piece->len + 1 + character.len + strlen("...)") > PIECE_OCTETS) {
			buf_add_str(piece, "...");
			break;
		}
		if (strchr(specials, character.ptr[0]) != NULL)
			buf_add_char(piece, '\\');
		buf_add(piece, character);
	}
	buf_add_char(piece, close);
}

static bool all_of(struct slice s, bool (*pred)(char))
{
	for (size_t i = 0; i < s.len; i++)
		if (!pred(s.ptr[i]))
			return false;
	return true;
}

/* Parts that dots separate, none of them empty. */
static bool is_dotted(struct slice s, bool (*pred)(char))
{
	while (!slice_is_null(s)) {
		struct slice part = slice_split(&s, '.');

		if (part.len == 0 || !all_of(part, pred))
			return false;
	}
	return true;
}

/*
 * What may stand unquoted: a token in ASCII.  There are readers that split words at what Unicode
 * calls white space, at "=" and at "/", and would then find properties that the sender wrote.
 */
static bool is_plain(char c)
{
	return is_token_octet(c) && !is_8bit(c);
}

static bool is_label_octet(char c)
{
	return is_alnum(c) || c == '-' || c == '_';
}

/* [ local-part ] "@" domain-name; with a local-part that is not plain all of it is quoted */
static bool is_address(struct slice s)
{
	size_t at = slice_find(s, '@');

	return at < s.len && (at == 0 || is_dotted(slice_take(s, at), is_plain)) &&
	    is_dotted(slice_drop(s, at + 1), is_label_octet);
}

/* pvalue = value / [ [ local-part ] "@" ] domain-name; false when nothing of it may be written */
static bool add_value(struct buf *piece, struct slice value)
{
	struct buf clean = BUF_INIT(value.len);
	struct slice rest = value;
	bool any;

	while (rest.len > 0) {
		buf_add(&clean, take_vchars(&rest));
		buf_add(&clean, take_character(&rest));
	}
	rest = buf_slice(&clean);
	piece->failed |= buf_failed(&clean);
	any = rest.len > 0;
	if (any && piece->len + rest.len <= PIECE_OCTETS &&
	    (all_of(rest, is_plain) || is_address(rest)))
		buf_add(piece, rest);
	else if (any)
		add_delimited(piece, '"', rest, "\"\\", '"');
	buf_free(&clean);
	return any;
}

void authres_begin(struct authres *ar, struct slice authserv_id)
{
	struct buf piece = BUF_INIT(PIECE_OCTETS);

	field_begin(&ar->field, AUTHRES_NAME);
	if (!add_value(&piece, authserv_id))
		buf_add_str(&piece, "\"\"");
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

void authres_reason(struct authres *ar, struct slice text)
{
	struct buf piece = BUF_INIT(PIECE_OCTETS);

	buf_add_str(&piece, "reason=");
	add_delimited(&piece, '"', text, "\"\\", '"');
	if (wanted(ar, &piece))
		field_word(&ar->field, buf_slice(&piece));
	buf_free(&piece);
}

void authres_comment(struct authres *ar, struct slice text)
{
	struct buf piece = BUF_INIT(PIECE_OCTETS);

	if (ar->bare)
		return;
	add_delimited(&piece, '(', text, "()\\", ')');
	if (wanted(ar, &piece))
		field_words(&ar->field, buf_slice(&piece));
	buf_free(&piece);
}

void authres_property(struct authres *ar, const char *ptype, const char *property,
    struct slice value)
{
	struct buf piece = BUF_INIT(PIECE_OCTETS);
	bool any;

	buf_add_str(&piece, ptype);
	buf_add_char(&piece, '.');
	buf_add_str(&piece, property);
	buf_add_char(&piece, '=');
	any = add_value(&piece, value);
	if (wanted(ar, &piece) && any)
		field_word(&ar->field, buf_slice(&piece));
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

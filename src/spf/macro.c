#include <inttypes.h>
#include <stdio.h>

#include "base/ascii.h"
#include "base/hostname.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "spf/name.h"

#include "spf/macro.h"

/* --- section 7.1: the grammar ----------------------------------------------------------------- */

/* macro-literal = %x21-24 / %x26-7E */
static bool is_macro_literal(char c)
{
	return is_vchar(c) && c != '%';
}

bool spf_take_macro_literals(struct cursor *c, struct slice *out)
{
	return take_while(c, is_macro_literal, out);
}

/* delimiter = "." / "-" / "+" / "," / "/" / "_" / "=" */
static bool is_delimiter(char c)
{
	return is_one_of(c, ".-+,/_=");
}

/* *DIGIT; the value must be nonzero (section 7.3), and more than can be used is all. */
static bool take_keep(struct cursor *c, unsigned *keep)
{
	const char *start = c->at;
	unsigned value = 0;

	while (c->at < c->end && is_digit(*c->at)) {
		if (value < LIMIT_SPF_RECORD)
			value = value * 10 + (unsigned)(*c->at - '0');
		c->at++;
	}
	*keep = value;
	return c->at == start || value > 0;
}

/* "{" macro-letter transformers *delimiter "}" */
static bool take_macro_braces(struct cursor *c, struct spf_macro *m)
{
	if (!take_char(c, '{') || cursor_done(c))
		return false;
	m->letter = ascii_lower(*c->at);
	m->escape = is_upper(*c->at);
	if (!is_one_of(m->letter, "slodiphcrtv"))
		return false;
	c->at++;
	if (!take_keep(c, &m->keep))
		return false;
	m->reverse = take_char(c, 'r') || take_char(c, 'R');
	m->delimiters = SLICE("");
	take_while(c, is_delimiter, &m->delimiters);
	return take_char(c, '}');
}

bool spf_take_macro_expand(struct cursor *c, struct spf_macro *out)
{
	struct cursor in = *c;
	struct spf_macro m = { .letter = '\0' };

	if (!take_char(&in, '%'))
		return false;
	if (take_char(&in, '%') || take_char(&in, '_') || take_char(&in, '-'))
		m.letter = in.at[-1];
	else if (!take_macro_braces(&in, &m))
		return false;
	*out = m;
	*c = in;
	return true;
}

/* Section 7.2: c, r and t are for the text of explanations only. */
static bool macro_is_for_terms(const struct spf_macro *m)
{
	return m->letter != 'c' && m->letter != 'r' && m->letter != 't';
}

/* toplabel, which the text must be altogether */
static bool is_toplabel(struct slice s)
{
	bool alpha = false, dash = false;

	if (s.len == 0 || !is_alnum(s.ptr[0]) || !is_alnum(s.ptr[s.len - 1]))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!is_alnum(s.ptr[i]) && s.ptr[i] != '-')
			return false;
		alpha = alpha || is_alpha(s.ptr[i]);
		dash = dash || s.ptr[i] == '-';
	}
	return alpha || dash;
}

/* "." toplabel [ "." ] at the end of the literals that follow the last macro-expand */
static bool ends_in_toplabel(struct slice literals)
{
	size_t dot;

	literals = hostname_undotted(literals);
	dot = slice_rfind(literals, '.');
	return dot < literals.len && is_toplabel(slice_drop(literals, dot + 1));
}

bool spf_is_domain_spec(struct slice text)
{
	struct cursor c = cursor_of(text);
	struct slice literals = SLICE_NULL; /* those at the end */
	struct spf_macro m;

	while (!cursor_done(&c)) {
		if (spf_take_macro_literals(&c, &literals))
			continue;
		if (!spf_take_macro_expand(&c, &m) || !macro_is_for_terms(&m))
			return false;
		literals = SLICE_NULL;
	}
	if (slice_is_null(literals))
		return text.len > 0;
	return ends_in_toplabel(literals);
}

bool spf_is_macro_string(struct slice text)
{
	struct cursor c = cursor_of(text);
	struct slice literals;
	struct spf_macro m;

	while (!cursor_done(&c))
		if (!spf_take_macro_literals(&c, &literals) && !spf_take_macro_expand(&c, &m))
			return false;
	return true;
}

bool spf_uses_macro(struct slice text, const char *letters)
{
	struct cursor c = cursor_of(text);
	struct slice literals;
	struct spf_macro m;

	while (!cursor_done(&c)) {
		if (spf_take_macro_literals(&c, &literals))
			continue;
		if (!spf_take_macro_expand(&c, &m))
			return false;
		if (is_one_of(m.letter, letters))
			return true;
	}
	return false;
}

/* --- section 7.2: values ---------------------------------------------------------------------- */

/* What an expansion works with; client_name is %{p}, which is found once. */
struct expansion {
	const struct spf_values *values;
	size_t *steps;
	bool explanation;
	bool too_long;
	struct slice client_name;
	char scratch[SPF_NIBBLES_SIZE]; /* of a value that has to be composed */
};

static void spend(struct expansion *e, size_t steps)
{
	if (steps > *e->steps) {
		e->too_long = true;
		steps = *e->steps;
	}
	*e->steps -= steps;
}

static struct slice client_name(struct expansion *e)
{
	if (slice_is_null(e->client_name))
		e->client_name = e->values->validated(e->values->ctx, e->values->domain);
	return e->client_name;
}

/* Section 7.3: i is dotted; names are lower case everywhere, texts follow the older custom. */
static struct slice dotted_address(struct expansion *e)
{
	const struct ip *client = &e->values->client;

	if (client->family == IP_V6)
		return spf_nibbles(client, e->explanation, e->scratch);
	return slice_str(ip_text(client, e->scratch));
}

static struct slice time_text(struct expansion *e)
{
	snprintf(e->scratch, sizeof(e->scratch), "%" PRId64, e->values->now);
	return slice_str(e->scratch);
}

static struct slice value_of(struct expansion *e, char letter)
{
	const struct spf_values *v = e->values;

	switch (letter) {
	case 's':
		return v->sender;
	case 'l':
		return v->local_part;
	case 'o':
		return v->sender_domain;
	case 'd':
		return v->domain;
	case 'h':
		return v->helo;
	case 'p':
		return client_name(e);
	case 'v':
		return v->client.family == IP_V6 ? SLICE("ip6") : SLICE("in-addr");
	case 'i':
		return dotted_address(e);
	case 'c':
		return slice_str(ip_text(&v->client, e->scratch));
	case 'r':
		return v->receiver.len > 0 ? v->receiver : SLICE("unknown");
	case 't':
		return time_text(e);
	case '%':
		return SLICE("%");
	case '_':
		return SLICE(" ");
	case '-':
		return SLICE("%20");
	default:
		return SLICE("");
	}
}

/* --- section 7.3: transformers and escapes ---------------------------------------------------- */

static bool has_transformers(const struct spf_macro *m)
{
	return m->keep > 0 || m->reverse || m->delimiters.len > 0;
}

static bool delimits(const struct spf_macro *m, char c)
{
	if (m->delimiters.len == 0)
		return c == '.';
	return slice_find(m->delimiters, c) < m->delimiters.len;
}

/*
 * Takes the first part off *rest, which becomes null with the last one; consecutive delimiters make
 * empty parts.
 */
static struct slice first_part(const struct spf_macro *m, struct slice *rest)
{
	size_t i = 0;
	struct slice part;

	while (i < rest->len && !delimits(m, rest->ptr[i]))
		i++;
	part = slice_take(*rest, i);
	*rest = i < rest->len ? slice_drop(*rest, i + 1) : SLICE_NULL;
	return part;
}

static struct slice last_part(const struct spf_macro *m, struct slice *rest)
{
	size_t i = rest->len;
	struct slice part;

	while (i > 0 && !delimits(m, rest->ptr[i - 1]))
		i--;
	part = slice_drop(*rest, i);
	*rest = i > 0 ? slice_take(*rest, i - 1) : SLICE_NULL;
	return part;
}

/* RFC 3986 section 2.3 */
static bool is_unreserved(char c)
{
	return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* The octet as the macro writes it, at most three octets at out; returns how many. */
static size_t escape(const struct spf_macro *m, char c, char out[3])
{
	static const char digits[] = "0123456789ABCDEF";

	out[0] = c;
	if (!m->escape || is_unreserved(c))
		return 1;
	out[0] = '%';
	out[1] = digits[(unsigned char)c >> 4];
	out[2] = digits[(unsigned char)c & 15];
	return 3;
}

/* --- section 7.3: names ----------------------------------------------------------------------- */

/*
 * A name is cut on its left, so it is written from its right-hand end, and no further than a name
 * can be kept: 253 octets, a trailing dot, and the octet before them, which shows whether the cut
 * falls between two labels.
 */
struct name_writer {
	struct expansion e;
	size_t room; /* octets of text that are not written yet, all on the left */
	char text[LIMIT_DOMAIN_OCTETS + 2];
};

static void put(struct name_writer *w, struct slice s)
{
	for (size_t i = s.len; i > 0 && w->room > 0; i--)
		w->text[--w->room] = s.ptr[i - 1];
}

static void put_part(struct name_writer *w, const struct spf_macro *m, struct slice part)
{
	size_t room = w->room;
	char escaped[3];

	for (size_t i = part.len; i > 0 && w->room > 0; i--)
		put(w, slice_of(escaped, escape(m, part.ptr[i - 1], escaped)));
	spend(&w->e, room - w->room);
}

/*
 * Split, reversed, the right-hand parts kept, joined with dots, and only then escaped, where a dot
 * is itself.  From the right, the parts of a reversed value are those of the value from the left.
 */
static void put_parts(struct name_writer *w, const struct spf_macro *m, struct slice value)
{
	for (unsigned n = 1;; n++) {
		struct slice part = m->reverse ? first_part(m, &value) : last_part(m, &value);

		spend(&w->e, part.len);
		put_part(w, m, part);
		if (slice_is_null(value) || n == m->keep || w->room == 0)
			return;
		put(w, SLICE("."));
	}
}

static void put_macro(struct name_writer *w, const struct spf_macro *m)
{
	struct slice value = value_of(&w->e, m->letter);

	if (has_transformers(m))
		put_parts(w, m, value);
	else
		put_part(w, m, value);
}

/* The place of the "{" that "}" at the end of the text closes; there is none: that of "}" itself. */
static size_t brace_opens(struct slice text)
{
	size_t i = text.len - 1;

	while (i > 0 && (is_alnum(text.ptr[i - 1]) || is_delimiter(text.ptr[i - 1])))
		i--;
	return i > 0 && text.ptr[i - 1] == '{' ? i - 1 : text.len - 1;
}

/*
 * Takes a macro-expand off the end of a macro-string that is not empty.  "%" begins one unless it is
 * the second of a "%%", so their number must be odd; at the very end it is always that.
 */
static bool take_last_macro(struct slice *text, struct spf_macro *m)
{
	size_t at = text->ptr[text->len - 1] == '}' ? brace_opens(*text) : text->len - 1;
	size_t percents = 0;
	struct cursor c;

	if (at == 0)
		return false;
	while (text->ptr[at] != '%' && percents < at && text->ptr[at - 1 - percents] == '%')
		percents++;
	if (text->ptr[at] != '%' && percents % 2 == 0)
		return false;
	c = cursor_of(slice_drop(*text, at - 1));
	if (!spf_take_macro_expand(&c, m) || !cursor_done(&c))
		return false;
	*text = slice_take(*text, at - 1);
	return true;
}

static void put_last(struct name_writer *w, struct slice *spec)
{
	struct spf_macro m;

	if (take_last_macro(spec, &m)) {
		put_macro(w, &m);
	} else {
		put(w, slice_drop(*spec, spec->len - 1));
		spec->len--;
	}
}

/* RFC 8616 section 4: of the whole domain-spec, what will be cut off included. */
static bool names_nothing(const struct spf_values *v, struct slice spec)
{
	return !slice_is_ascii(v->local_part) && spf_uses_macro(spec, "sl");
}

enum spf_expansion spf_expand_name(struct arena *a, const struct spf_values *values,
    struct slice spec, size_t *steps, struct slice *out)
{
	struct name_writer w = { .e = { .values = values, .steps = steps }, .room = sizeof(w.text) };
	struct slice rest = spec, name = spec;

	spend(&w.e, spec.len);
	if (w.e.too_long)
		return SPF_EXPANSION_TOO_LONG;
	if (names_nothing(values, spec))
		return SPF_EXPANDS_TO_NOTHING;
	if (slice_find(spec, '%') < spec.len) {
		while (rest.len > 0 && w.room > 0 && !w.e.too_long)
			put_last(&w, &rest);
		if (w.e.too_long)
			return SPF_EXPANSION_TOO_LONG;
		name = arena_copy(a, slice_of(w.text + w.room, sizeof(w.text) - w.room));
	}
	if (slice_is_null(name))
		return SPF_EXPANSION_NO_MEMORY;
	*out = spf_name_fitted(name);
	return SPF_EXPANDED;
}

/* --- section 6.2: explanations ---------------------------------------------------------------- */

/* An explanation is cut on its right, but all of it must be printable ASCII. */
struct text_writer {
	struct expansion e;
	bool plain;
	struct buf text;
};

static void add(struct text_writer *w, struct slice s)
{
	spend(&w->e, s.len);
	for (size_t i = 0; i < s.len; i++)
		w->plain = w->plain && !is_8bit(s.ptr[i]) && !is_ctl(s.ptr[i]);
	buf_add(&w->text, slice_take(s, LIMIT_SPF_EXPLANATION - w->text.len));
}

static void add_part(struct text_writer *w, const struct spf_macro *m, struct slice part)
{
	char escaped[3];

	for (size_t i = 0; i < part.len && w->plain && !w->e.too_long; i++)
		add(w, slice_of(escaped, escape(m, part.ptr[i], escaped)));
}

static size_t count_parts(const struct spf_macro *m, struct slice value)
{
	size_t n = 1;

	for (size_t i = 0; i < value.len; i++)
		n += delimits(m, value.ptr[i]);
	return n;
}

static void add_parts(struct text_writer *w, const struct spf_macro *m, struct slice value)
{
	size_t n = count_parts(m, value);

	spend(&w->e, value.len);
	for (; n > 0 && w->plain && !w->e.too_long; n--) {
		struct slice part = m->reverse ? last_part(m, &value) : first_part(m, &value);

		if (m->keep != 0 && n > m->keep)
			continue;
		add_part(w, m, part);
		if (n > 1)
			add(w, SLICE("."));
	}
}

static void add_macro(struct text_writer *w, const struct spf_macro *m)
{
	struct slice value = value_of(&w->e, m->letter);

	if (has_transformers(m))
		add_parts(w, m, value);
	else
		add_part(w, m, value);
}

/* explain-string = *( macro-string / SP ) */
static bool add_explain_string(struct text_writer *w, struct slice text)
{
	struct cursor c = cursor_of(text);
	struct slice literals;
	struct spf_macro m;

	while (!cursor_done(&c) && w->plain && !w->e.too_long) {
		if (take_char(&c, ' '))
			add(w, SLICE(" "));
		else if (spf_take_macro_literals(&c, &literals))
			add(w, literals);
		else if (spf_take_macro_expand(&c, &m))
			add_macro(w, &m);
		else
			return false;
	}
	return w->plain && !w->e.too_long;
}

bool spf_expand_explanation(struct arena *a, const struct spf_values *values, struct slice text,
    size_t *steps, struct slice *out)
{
	struct text_writer w = { .e = { .values = values, .steps = steps, .explanation = true },
		.plain = true, .text = BUF_INIT(LIMIT_SPF_EXPLANATION) };

	if (!add_explain_string(&w, text)) {
		buf_free(&w.text);
		return false;
	}
	*out = arena_take_buf(a, &w.text);
	return !slice_is_null(*out);
}

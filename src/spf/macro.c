#include <inttypes.h>
#include <stdio.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "spf/record.h"

#include "spf/macro.h"

/* Text on its way; of a name only the right-hand end is of use (section 7.3). */
struct expansion {
	const struct spf_values *values;
	struct slice domain;
	bool explanation;
	struct buf text;
};

/* More than a name's 253 octets, a dot before and one behind them. */
#define NAME_WINDOW 512u
#define EXPANSION_MAX (1024u * 1024)
#define IP6_NIBBLES 32u

static void forget_left(struct buf *b)
{
	if (b->len <= 4 * NAME_WINDOW)
		return;
	memmove(b->ptr, b->ptr + b->len - NAME_WINDOW, NAME_WINDOW);
	buf_truncate(b, NAME_WINDOW);
}

/* RFC 3986 section 2.3 */
static bool is_unreserved(char c)
{
	return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static void add_escaped(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (is_unreserved(s.ptr[i]))
			buf_add_char(b, s.ptr[i]);
		else
			buf_addf(b, "%%%02X", (unsigned)(unsigned char)s.ptr[i]);
	}
}

static void add_part(struct buf *b, const struct spf_macro *m, struct slice part)
{
	if (m->escape)
		add_escaped(b, part);
	else
		buf_add(b, part);
}

static bool delimits(const struct spf_macro *m, char c)
{
	if (m->delimiters.len == 0)
		return c == '.';
	return slice_find(m->delimiters, c) < m->delimiters.len;
}

static size_t count_parts(const struct spf_macro *m, struct slice value)
{
	size_t n = 1;

	for (size_t i = 0; i < value.len; i++)
		if (delimits(m, value.ptr[i]))
			n++;
	return n;
}

/* Takes the first part off *rest; consecutive delimiters make empty parts (section 7.3). */
static struct slice first_part(const struct spf_macro *m, struct slice *rest)
{
	size_t i = 0;
	struct slice part;

	while (i < rest->len && !delimits(m, rest->ptr[i]))
		i++;
	part = slice_take(*rest, i);
	*rest = slice_drop(*rest, i + 1);
	return part;
}

static struct slice last_part(const struct spf_macro *m, struct slice *rest)
{
	size_t i = rest->len;
	struct slice part;

	while (i > 0 && !delimits(m, rest->ptr[i - 1]))
		i--;
	part = slice_drop(*rest, i);
	*rest = slice_take(*rest, i > 0 ? i - 1 : 0);
	return part;
}

/*
 * Section 7.3: split, reverse, keep the right-hand parts, join with dots.  The right-hand parts of
 * the reversed list are the first ones of the value.
 */
static void add_parts(struct buf *b, const struct spf_macro *m, struct slice value)
{
	size_t n = count_parts(m, value);
	size_t keep = m->keep == 0 || m->keep > n ? n : m->keep;

	for (size_t drop = n - keep; drop > 0; drop--)
		m->reverse ? last_part(m, &value) : first_part(m, &value);
	for (size_t i = 0; i < keep; i++) {
		if (i > 0)
			buf_add_char(b, '.');
		add_part(b, m, m->reverse ? last_part(m, &value) : first_part(m, &value));
	}
}

/* %{i} of IPv6: dotted nibbles.  Names are lower case everywhere; texts follow the older custom. */
static struct slice nibbles(const struct ip *ip, bool upper, char out[2 * IP6_NIBBLES])
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";

	for (size_t i = 0; i < IP6_NIBBLES; i++) {
		unsigned octet = ip->octets[i / 2];

		out[2 * i] = digits[i % 2 == 0 ? octet >> 4 : octet & 15];
		out[2 * i + 1] = '.';
	}
	return slice_of(out, 2 * IP6_NIBBLES - 1);
}

/* Section 7.2; scratch holds what has to be composed. */
static struct slice value_of(const struct expansion *e, char letter, char scratch[2 * IP6_NIBBLES])
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
		return e->domain;
	case 'h':
		return v->helo;
	case 'p':
		return v->validated(v->ctx, e->domain);
	case 'v':
		return v->client.family == IP_V6 ? SLICE("ip6") : SLICE("in-addr");
	case 'i':
		if (v->client.family == IP_V6)
			return nibbles(&v->client, e->explanation, scratch);
		return slice_str(ip_text(&v->client, scratch));
	case 'c':
		return slice_str(ip_text(&v->client, scratch));
	case 'r':
		return v->receiver.len > 0 ? v->receiver : SLICE("unknown");
	case 't':
		snprintf(scratch, 2 * IP6_NIBBLES, "%" PRId64, v->now);
		return slice_str(scratch);
	default:
		return SLICE("");
	}
}

static void add_macro(struct expansion *e, const struct spf_macro *m)
{
	char scratch[2 * IP6_NIBBLES];
	struct slice value;

	switch (m->letter) {
	case '%':
		buf_add_char(&e->text, '%');
		return;
	case '_':
		buf_add_char(&e->text, ' ');
		return;
	case '-':
		buf_add(&e->text, SLICE("%20"));
		return;
	default:
		break;
	}
	value = value_of(e, m->letter, scratch);
	if (m->keep > 0 || m->reverse || m->delimiters.len > 0)
		add_parts(&e->text, m, value);
	else
		add_part(&e->text, m, value);
}

/* RFC 8616 section 4 */
static bool names_nothing(const struct spf_values *v, const struct spf_macro *m)
{
	return (m->letter == 's' || m->letter == 'l') && !slice_is_ascii(v->local_part);
}

/* Section 7.3: whole labels are cut off the left until 253 octets are left. */
static struct slice cut_left(struct slice name)
{
	while (name.len > LIMIT_DOMAIN_OCTETS) {
		size_t dot = slice_find(name, '.');

		if (dot == name.len)
			break; /* one label, which no name can have */
		name = slice_drop(name, dot + 1);
	}
	return name;
}

static struct slice without_last_dot(struct slice name)
{
	if (name.len > 0 && name.ptr[name.len - 1] == '.')
		name.len--;
	return name;
}

bool spf_expand_name(struct arena *a, const struct spf_values *values, struct slice domain,
    struct slice spec, struct slice *out)
{
	struct expansion e = { values, domain, false, BUF_INIT(EXPANSION_MAX) };
	struct cursor c = cursor_of(spec);
	struct slice literals, name = SLICE_NULL;
	struct spf_macro m;
	bool ok = true;

	if (slice_find(spec, '%') == spec.len) {
		*out = cut_left(without_last_dot(spec));
		return true;
	}
	while (ok && !cursor_done(&c)) {
		if (take_macro_literals(&c, &literals))
			buf_add(&e.text, literals);
		else if (!take_macro_expand(&c, &m) || names_nothing(values, &m))
			ok = false;
		else
			add_macro(&e, &m);
		forget_left(&e.text);
	}
	ok = ok && !buf_failed(&e.text);
	if (ok)
		name = arena_copy(a, cut_left(without_last_dot(buf_slice(&e.text))));
	buf_free(&e.text);
	if (slice_is_null(name))
		return false;
	*out = name;
	return true;
}

static bool is_plain_text(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (is_8bit(s.ptr[i]) || is_ctl(s.ptr[i]))
			return false;
	return true;
}

/* explain-string = *( macro-string / SP ) */
static bool add_explain_string(struct expansion *e, struct slice text)
{
	struct cursor c = cursor_of(text);
	struct slice literals;
	struct spf_macro m;

	while (!cursor_done(&c)) {
		if (take_char(&c, ' '))
			buf_add_char(&e->text, ' ');
		else if (take_macro_literals(&c, &literals))
			buf_add(&e->text, literals);
		else if (take_macro_expand(&c, &m))
			add_macro(e, &m);
		else
			return false;
	}
	return !buf_failed(&e->text);
}

bool spf_expand_explanation(struct arena *a, const struct spf_values *values, struct slice domain,
    struct slice text, struct slice *out)
{
	struct expansion e = { values, domain, true, BUF_INIT(EXPANSION_MAX) };
	struct slice copy = SLICE_NULL;

	if (add_explain_string(&e, text) && is_plain_text(buf_slice(&e.text)))
		copy = arena_copy(a, slice_take(buf_slice(&e.text), LIMIT_SPF_EXPLANATION));
	buf_free(&e.text);
	if (slice_is_null(copy))
		return false;
	*out = copy;
	return true;
}

bool spf_name_valid(struct slice name)
{
	struct slice rest = name;

	if (name.len == 0 || name.len > LIMIT_DOMAIN_OCTETS)
		return false;
	while (!slice_is_null(rest)) {
		struct slice label = slice_split(&rest, '.');

		if (label.len == 0 || label.len > LIMIT_LABEL_OCTETS)
			return false;
	}
	return true;
}

static bool needs_escape(char c)
{
	return !is_vchar(c) || c == '\\';
}

bool spf_name_plain(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (needs_escape(name.ptr[i]))
			return false;
	return true;
}

struct slice spf_name_escaped(struct arena *a, struct slice name)
{
	struct buf b = BUF_INIT(4 * LIMIT_DOMAIN_OCTETS);

	if (spf_name_plain(name))
		return name;
	for (size_t i = 0; i < name.len; i++) {
		if (needs_escape(name.ptr[i]))
			buf_addf(&b, "\\%03u", (unsigned)(unsigned char)name.ptr[i]);
		else
			buf_add_char(&b, name.ptr[i]);
	}
	return arena_take_buf(a, &b);
}

struct slice spf_reverse_name(struct arena *a, const struct ip *client)
{
	const unsigned char *o = client->octets;
	char name[2 * IP6_NIBBLES];

	if (client->family == IP_V4)
		return arena_printf(a, "%u.%u.%u.%u.in-addr.arpa", o[3], o[2], o[1], o[0]);
	nibbles(client, false, name);
	for (size_t i = 0; i < IP6_NIBBLES - 1 - i; i++) {
		char digit = name[2 * i];

		name[2 * i] = name[2 * (IP6_NIBBLES - 1 - i)];
		name[2 * (IP6_NIBBLES - 1 - i)] = digit;
	}
	return arena_printf(a, "%.*s.ip6.arpa", (int)(2 * IP6_NIBBLES - 1), name);
}

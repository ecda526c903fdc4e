#include "base/ascii.h"
#include "base/limits.h"
#include "mail/tokens.h"

#include "mail/message.h"

void message_init(struct message *m, struct arena *a)
{
	*m = (struct message){
		.arena = a,
		.envelope = { .client = { .family = IP_NONE }, .port = -1 },
		.max_header_bytes = LIMIT_HEADER_BYTES,
		.max_header_fields = LIMIT_HEADER_FIELDS,
	};
}

static void exceed(struct message *m, enum message_limit which)
{
	if (m->exceeded == MESSAGE_FITS)
		m->exceeded = which;
}

/* RFC 5322 section 4.5: obsolete syntax allows WSP between the name and the colon. */
static struct slice without_trailing_wsp(struct slice s)
{
	while (s.len > 0 && is_wsp(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

void message_add_header(struct message *m, struct slice name, struct slice value)
{
	struct header h;

	if (m->count >= m->max_header_fields) {
		exceed(m, MESSAGE_TOO_MANY_FIELDS);
		return;
	}
	if (m->header_bytes > m->max_header_bytes || name.len > m->max_header_bytes ||
	    value.len > m->max_header_bytes ||
	    m->header_bytes + name.len + value.len + strlen(":\r\n") > m->max_header_bytes) {
		exceed(m, MESSAGE_HEADER_TOO_LARGE);
		return;
	}
	h.raw_name = arena_copy(m->arena, name);
	h.value = arena_copy(m->arena, value);
	h.name = without_trailing_wsp(h.raw_name);
	if (slice_is_null(h.raw_name) || slice_is_null(h.value) ||
	    !arena_grow(m->arena, &m->headers, &m->cap, m->count, sizeof(*m->headers))) {
		exceed(m, MESSAGE_NO_MEMORY);
		return;
	}
	m->headers[m->count++] = h;
	m->header_bytes += name.len + value.len + strlen(":\r\n");
}

void message_add_recipient(struct message *m, struct slice address)
{
	struct envelope *e = &m->envelope;
	struct slice copy;

	if (e->recipient_count >= LIMIT_RECIPIENTS) {
		exceed(m, MESSAGE_TOO_MANY_RECIPIENTS);
		return;
	}
	copy = arena_copy(m->arena, address);
	if (slice_is_null(copy) || !arena_grow(m->arena, &e->recipients, &e->recipient_cap,
	    e->recipient_count, sizeof(*e->recipients))) {
		exceed(m, MESSAGE_NO_MEMORY);
		return;
	}
	e->recipients[e->recipient_count++] = copy;
}

size_t message_count(const struct message *m, struct slice name)
{
	size_t n = 0;

	for (size_t i = 0; i < m->count; i++)
		n += slice_ieq(m->headers[i].name, name);
	return n;
}

/* RFC 5322 section 3.6, its table: none of them may be there twice */
static const struct occurrence {
	const char *name;
	bool required;
} occurrences[] = {
	{ "Date", true },
	{ "From", true },
	{ "Sender", false },
	{ "Reply-To", false },
	{ "To", false },
	{ "Cc", false },
	{ "Bcc", false },
	{ "Message-ID", false },
	{ "In-Reply-To", false },
	{ "References", false },
	{ "Subject", false },
};

const char *message_header_fault(const struct message *m, bool *missing_out)
{
	for (size_t i = 0; i < N_ELEMENTS(occurrences); i++) {
		size_t count = message_count(m, slice_str(occurrences[i].name));

		*missing_out = count == 0;
		if (count > 1 || (count == 0 && occurrences[i].required))
			return occurrences[i].name;
	}
	return NULL;
}

const struct header *message_field(const struct message *m, struct slice name, size_t nth)
{
	for (size_t i = 0; i < m->count; i++)
		if (slice_ieq(m->headers[i].name, name) && nth-- == 0)
			return &m->headers[i];
	return NULL;
}

enum rc field_set_new(const struct message *m, struct field_set *out)
{
	bool *marked = arena_new_array(m->arena, m->count, bool);

	if (marked == NULL)
		return RC_NOMEM;
	*out = (struct field_set){ .marked = marked };
	return RC_OK;
}

void field_set_add(struct field_set *set, size_t index)
{
	set->count += set->marked[index] ? 0 : 1;
	set->marked[index] = true;
}

struct message *message_without(struct message *m, const struct field_set *set)
{
	struct message *rest;

	if (set->count == 0)
		return m;
	rest = arena_new(m->arena, struct message);
	if (rest == NULL)
		return NULL;
	*rest = *m;
	rest->count = 0;
	rest->cap = m->count;
	rest->headers = arena_new_array(m->arena, m->count, struct header);
	if (rest->headers == NULL)
		return NULL;
	for (size_t i = 0; i < m->count; i++)
		if (!set->marked[i])
			rest->headers[rest->count++] = m->headers[i];
	return rest;
}

struct slice envelope_path(struct slice smtp_path)
{
	struct slice s = slice_trim(smtp_path);
	struct cursor c;

	if (s.len > 0 && s.ptr[0] == '<') {
		s = slice_drop(s, 1);
		if (s.len > 0 && s.ptr[s.len - 1] == '>')
			s.len--;
	}
	c = cursor_of(s);
	take_route(&c); /* RFC 5321 appendix C: parsed and ignored */
	return cursor_rest(&c);
}

static bool take_upper_hex(struct cursor *c, unsigned *value)
{
	char digit = cursor_peek(c);

	if (cursor_done(c) || hex_value(digit) < 0 || is_lower(digit))
		return false;
	*value = 16 * *value + (unsigned)hex_value(digit);
	c->at++;
	return true;
}

static bool take_xtext_octet(struct cursor *c, char *out)
{
	struct cursor start = *c;
	unsigned value = 0;

	if (take_char(c, '+')) {
		if (take_upper_hex(c, &value) && take_upper_hex(c, &value)) {
			*out = (char)value;
			return true;
		}
		*c = start;
		return false;
	}
	if (cursor_done(c) || !is_vchar(*c->at) || *c->at == '=')
		return false;
	*out = *c->at++;
	return true;
}

/* xtext = *( xchar / hexchar ); xchar is printable without "+" and "=", hexchar "+" and two digits in upper case */
struct slice xtext_decoded(struct arena *a, struct slice xtext)
{
	struct cursor c = cursor_of(xtext);
	char *out = arena_alloc(a, xtext.len + 1);
	size_t n = 0;

	if (out == NULL)
		return SLICE_NULL;
	while (take_xtext_octet(&c, &out[n]))
		n++;
	return cursor_done(&c) ? slice_of(out, n) : SLICE_NULL;
}

struct slice address_domain_part(struct slice address)
{
	size_t at = slice_rfind(address, '@');

	return at == address.len ? SLICE_NULL : slice_drop(address, at + 1);
}

struct slice address_local_part(struct slice address)
{
	size_t at = slice_rfind(address, '@');

	return at == address.len ? SLICE_NULL : slice_take(address, at);
}

struct slice header_unfolded(struct arena *a, const struct header *h)
{
	struct slice in = slice_trim(h->value);
	char *out = arena_alloc(a, in.len + 1);
	size_t n = 0;

	if (out == NULL)
		return SLICE_NULL;
	for (size_t i = 0; i < in.len; i++) {
		char c = is_fws(in.ptr[i]) ? ' ' : in.ptr[i];

		if (c != ' ' || out[n - 1] != ' ') /* trimmed: the first octet is not a space */
			out[n++] = c;
	}
	return slice_of(out, n);
}

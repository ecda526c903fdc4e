#include "base/ascii.h"
#include "base/cursor.h"
#include "base/hostname.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "mail/encoded_word.h"
#include "mail/tokens.h"

#include "mail/address.h"

struct parser {
	struct arena *arena;
	struct authors *out;
	bool lenient;    /* one angle-addr is looked for, decoration is skipped */
	bool shown;      /* an address of the same domain precedes the angle-addr */
	bool dotted;     /* a domain ended with a dot, which the grammar of mail does not have */
	bool too_many;
	const char *why; /* the first reason that is more specific than "does not parse" */
};

static bool finding(struct parser *p, const char *why)
{
	if (p->why == NULL)
		p->why = why;
	return false;
}

/* word = atom / quoted-string, without the CFWS around it */
static bool take_word(struct cursor *c)
{
	struct slice atom;

	return take_while(c, is_atext_utf8, &atom) || take_quoted_string(c);
}

/* phrase = 1*word / obs-phrase; obs-phrase = word *(word / "." / CFWS) */
static bool take_phrase(struct cursor *c)
{
	struct cursor at = *c;

	skip_cfws(&at);
	if (!take_word(&at))
		return false;
	do
		skip_cfws(&at);
	while (take_word(&at) || take_char(&at, '.'));
	*c = at;
	return true;
}

/* --- addr-spec (RFC 5322 sections 3.4.1 and 4.4) --------------------------------------------- */

static void skip_dots(struct cursor *c)
{
	while (take_char(c, '.'))
		;
}

/*
 * dot-atom / quoted-string / obs-local-part; obs-local-part = word *("." word), CFWS between.
 * In lenient mode dots are allowed anywhere: Japanese carriers assigned such addresses.
 */
static bool take_words(struct cursor *c, bool lenient)
{
	struct cursor at = *c;

	if (lenient)
		skip_dots(&at);
	if (!take_word(&at))
		return false;
	for (;;) {
		struct cursor next = at;

		skip_cfws(&next);
		if (!take_char(&next, '.'))
			break;
		if (lenient)
			skip_dots(&next);
		skip_cfws(&next);
		if (take_word(&next))
			at = next;
		else if (lenient)
			at.at = next.at;
		else
			return false;
	}
	*c = at;
	return true;
}

/* Words and dots, without the CFWS between them. */
static struct slice joined(struct arena *a, struct slice words)
{
	struct cursor c = cursor_of(words);
	char *text = arena_alloc(a, words.len);
	size_t len = 0;

	while (text != NULL && !cursor_done(&c)) {
		const char *from = c.at;

		if (take_word(&c) || take_char(&c, '.')) {
			memcpy(text + len, from, (size_t)(c.at - from));
			len += (size_t)(c.at - from);
		} else {
			skip_cfws(&c);
		}
	}
	return slice_of(text, len);
}

static bool take_local_part(struct parser *p, struct cursor *c, struct slice *out)
{
	struct cursor at = *c;
	struct slice words;
	bool cfws = false;

	if (!take_words(&at, p->lenient))
		return false;
	words = slice_between(c->at, at.at);
	for (size_t i = 0; i < words.len; i++)
		cfws |= is_fws(words.ptr[i]) || words.ptr[i] == '(';
	*out = cfws ? joined(p->arena, words) : words;
	*c = at;
	return true;
}

static bool is_domain_text(char c)
{
	return is_atext_utf8(c) || c == '.';
}

/*
 * domain = dot-atom / domain-literal / obs-domain.  White space and comments inside (obs-domain)
 * are refused: "ceo@bank.example (x) .evil.example" must not be judged by a name that the reader does not see.  One
 * dot at the end is taken: every reader sees the same domain.
 */
static bool take_domain(struct parser *p, struct cursor *c, struct domain *out)
{
	struct cursor at = *c;
	struct slice text;

	if (take_domain_literal(&at))
		return finding(p, "an address literal instead of a domain");
	if (!take_while(&at, is_domain_text, &text))
		return false;
	p->dotted |= text.ptr[text.len - 1] == '.';
	if (!domain_parse(p->arena, text, out) ||
	    hostname_ends_in_number(out->name)) /* nothing that a domain owner could register */
		return finding(p, "invalid domain after @");
	*c = at;
	return true;
}

/* addr-spec = local-part "@" domain, with the CFWS that is allowed on both sides and around "@" */
static bool take_addr_spec(struct parser *p, struct cursor *c, struct mailbox *out)
{
	struct cursor at = *c;
	struct mailbox m;

	skip_cfws(&at);
	if (!take_local_part(p, &at, &m.local_part))
		return false;
	skip_cfws(&at);
	if (!take_char(&at, '@'))
		return false;
	if (encoded_word_within(p->arena, m.local_part))
		return finding(p, "an encoded word in an address");
	skip_cfws(&at);
	if (!take_domain(p, &at, &m.domain))
		return false;
	skip_cfws(&at);
	*c = at;
	*out = m;
	return true;
}

/* --- mailboxes and groups (RFC 5322 sections 3.4 and 4.4, RFC 6854 section 2.1) -------------- */

/* angle-addr = [CFWS] "<" addr-spec ">" [CFWS] / obs-angle-addr */
static bool take_angle_addr(struct parser *p, struct cursor *c, struct mailbox *out)
{
	struct cursor at = *c;

	skip_cfws(&at);
	if (!take_char(&at, '<'))
		return false;
	if (!p->lenient)
		take_route(&at);
	if (!take_addr_spec(p, &at, out) || !take_char(&at, '>'))
		return false;
	*c = at;
	return true;
}

static bool keep(struct parser *p, const struct mailbox *m)
{
	struct authors *out = p->out;

	if (out->count >= LIMIT_AUTHORS) {
		p->too_many = true;
		return false;
	}
	if (!arena_grow(p->arena, &out->mailboxes, &out->cap, out->count, sizeof(*out->mailboxes)))
		return finding(p, "out of memory");
	out->mailboxes[out->count++] = *m;
	return true;
}

/* mailbox = name-addr / addr-spec; name-addr = [display-name] angle-addr */
static bool take_mailbox(struct parser *p, struct cursor *c)
{
	struct cursor at = *c;
	struct mailbox m;

	take_phrase(&at);
	if (!take_angle_addr(p, &at, &m)) {
		at = *c;
		if (!take_addr_spec(p, &at, &m))
			return false;
	}
	if (!keep(p, &m))
		return false;
	*c = at;
	return true;
}

/*
 * A list of what one takes; the empty members of obsolete lists are skipped.  Some readers take a
 * comment alone for a member: such a list is not read by the grammar.
 */
static bool take_list(struct parser *p, struct cursor *c,
    bool (*one)(struct parser *, struct cursor *))
{
	for (;;) {
		skip_fws(c);
		if (take_char(c, ','))
			continue;
		if (cursor_done(c) || *c->at == ';')
			return true;
		if (!one(p, c))
			return false;
		skip_cfws(c);
		if (!take_char(c, ','))
			return true;
	}
}

/* group-list = mailbox-list / CFWS / obs-group-list */
static bool take_group_list(struct parser *p, struct cursor *c)
{
	struct cursor at = *c;

	skip_cfws(&at);
	if (cursor_done(&at) || *at.at != ';')
		return take_list(p, c, take_mailbox);
	*c = at;
	return true;
}

/* group = display-name ":" [group-list] ";" [CFWS] */
static bool take_group(struct parser *p, struct cursor *c)
{
	struct cursor at = *c;

	if (!take_phrase(&at) || !take_char(&at, ':') || !take_group_list(p, &at) ||
	    !take_char(&at, ';'))
		return false;
	*c = at;
	return true;
}

/* address = mailbox / group */
static bool take_address(struct parser *p, struct cursor *c)
{
	return take_mailbox(p, c) || (!p->too_many && take_group(p, c));
}

/* from = mailbox-list / address-list (RFC 6854 section 2.1), nothing after it */
static bool parse_by_grammar(struct parser *p, struct slice value)
{
	struct cursor c = cursor_of(value);

	return take_list(p, &c, take_address) && cursor_done(&c);
}

/* --- the lenient reading -------------------------------------------------------------------- */

/*
 * The end of an address that takes the place of the display-name, right before an angle-addr: much software
 * sends "user@a.example <user@a.example>".
 */
static bool take_shown_domain(struct parser *p, struct cursor *c, struct domain *shown)
{
	struct cursor at = *c;
	struct domain d;

	if (!take_char(&at, '@') || !take_domain(p, &at, &d))
		return false;
	skip_fws(&at);
	if (cursor_peek(&at) != '<')
		return false;
	*shown = d;
	*c = at;
	return true;
}

/* Whichever of two addresses a reader takes for the author's, the domain is the same. */
static bool keep_author(struct parser *p, const struct mailbox *m, struct domain shown)
{
	if (p->out->count > 0)
		return finding(p, "several addresses in angle brackets");
	if (!domain_is_none(shown) && !domain_eq(shown, m->domain))
		return finding(p, "another domain in the display name than in the address");
	return keep(p, m);
}

/*
 * Consumes one thing of decoration, or the angle-addr.  What could be an address of another domain
 * for some reader ends the parsing.
 */
static bool take_anything(struct parser *p, struct cursor *c, struct slice *angle)
{
	struct domain shown = DOMAIN_NONE;
	const char *from = c->at;
	struct mailbox m;

	switch (*c->at) {
	case '"':
		return take_quoted_string(c) || finding(p, "a quoted string without an end");
	case '(':
		return take_comment(c) || finding(p, "a comment without an end");
	case '@':
		if (!take_shown_domain(p, c, &shown) || !take_angle_addr(p, c, &m))
			return finding(p, "an @ outside of the address in angle brackets");
		p->shown = true;
		*angle = slice_between(from, c->at);
		return keep_author(p, &m, shown);
	case '<':
		if (!take_angle_addr(p, c, &m))
			break;
		*angle = slice_between(from, c->at);
		return keep_author(p, &m, DOMAIN_NONE);
	}
	if (c->at == from)
		c->at++;
	return true;
}

/* Quoted, commented or encoded: a reader who errs like the sender may take it for an address. */
static bool may_show_at(struct parser *p, struct slice s)
{
	return slice_find(s, '@') < s.len || encoded_word_may_show_at(p->arena, s);
}

/*
 * Exactly one angle-addr, and no other "@" in any form but that of a display-name which is an
 * address of the same domain; where a list separator occurs outside of quotes and comments, a
 * reader may take the parts for addresses of their own, and not even that one may be there.
 */
static bool parse_leniently(struct parser *p, struct slice value)
{
	struct cursor c = cursor_of(value);
	struct slice angle = SLICE_NULL;
	bool separated = false;

	while (!cursor_done(&c)) {
		separated |= *c.at == ',' || *c.at == ';';
		if (!take_anything(p, &c, &angle))
			return false;
	}
	if (slice_is_null(angle))
		return false;
	if ((separated && p->shown) || may_show_at(p, slice_between(value.ptr, angle.ptr)) ||
	    may_show_at(p, slice_between(angle.ptr + angle.len, c.end)))
		return finding(p, "a second @, plain or encoded, in a malformed field");
	return true;
}

/* --- the field ------------------------------------------------------------------------------ */

/* NUL, or a line end that is not a fold: for some programs the field ends there. */
static bool is_cut(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i], next = i + 1 < value.len ? value.ptr[i + 1] : '\0';

		if (c == '\0' || (c == '\r' && next != '\n') || (c == '\n' && !is_wsp(next)))
			return true;
	}
	return false;
}

static bool add_domain(struct parser *p, struct domain d)
{
	struct authors *out = p->out;

	for (size_t i = 0; i < out->domain_count; i++)
		if (domain_eq(out->domains[i], d))
			return true;
	if (out->domain_count == LIMIT_AUTHOR_DOMAINS) {
		p->too_many = true;
		return false;
	}
	out->domains[out->domain_count++] = d;
	return true;
}

static bool collect_domains(struct parser *p)
{
	struct authors *out = p->out;

	out->domains = arena_new_array(p->arena, LIMIT_AUTHOR_DOMAINS, struct domain);
	if (out->domains == NULL)
		return finding(p, "out of memory");
	for (size_t i = 0; i < out->count; i++)
		if (!add_domain(p, out->mailboxes[i].domain))
			return false;
	return true;
}

static void no_author(struct authors *out, enum from_status status, const char *why)
{
	*out = (struct authors){ .status = status, .why = why };
}

static bool find_authors(struct parser *p, struct slice value)
{
	if (!parse_by_grammar(p, value)) {
		p->out->count = 0;
		p->lenient = true;
		if (p->too_many || !parse_leniently(p, value))
			return false;
	}
	if (p->out->count == 0)
		return finding(p, "a group without members");
	return collect_domains(p);
}

void authors_parse(struct arena *a, struct slice value, struct authors *out)
{
	struct parser p = { .arena = a, .out = out };

	*out = (struct authors){ .status = FROM_OK };
	if (slice_trim(value).len == 0) {
		no_author(out, FROM_MISSING, "an empty From field");
	} else if (value.len > LIMIT_ADDRESS_OCTETS) {
		no_author(out, FROM_TOO_MANY, "the From field is too long");
	} else if (is_cut(value)) {
		no_author(out, FROM_INVALID, "a NUL or a line end in the From field");
	} else if (!find_authors(&p, value)) {
		finding(&p, "no address with a domain");
		if (p.too_many)
			no_author(out, FROM_TOO_MANY, "too many authors");
		else
			no_author(out, FROM_INVALID, p.why);
	} else if (p.lenient || p.dotted || !utf8_valid(value)) {
		out->lenient = true;
		out->why = "the From field does not follow the grammar";
	}
}

void authors_add_field(struct arena *a, struct slice value, struct authors *authors)
{
	size_t fields = authors->fields;

	if (fields == 0)
		authors_parse(a, value, authors);
	else
		no_author(authors, FROM_MULTIPLE, "several From fields");
	authors->fields = fields + 1;
}

void authors_of_message(const struct message *m, struct authors *out)
{
	*out = (struct authors)AUTHORS_INIT;
	for (size_t i = 0; i < m->count; i++)
		if (slice_ieq(m->headers[i].name, SLICE("From")))
			authors_add_field(m->arena, m->headers[i].value, out);
}

const char *from_status_text(enum from_status status)
{
	static const char *const text[] = {
		[FROM_OK] = "ok",
		[FROM_MISSING] = "missing",
		[FROM_MULTIPLE] = "multiple",
		[FROM_INVALID] = "invalid",
		[FROM_TOO_MANY] = "too many",
	};

	return text[status];
}

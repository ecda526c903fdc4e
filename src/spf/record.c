#include "base/ascii.h"
#include "base/limits.h"
#include "spf/macro.h"

#include "spf/record.h"

/* What may follow the name of a mechanism. */
enum {
	ARG_SPEC_MAY = 1, /* [ ":" domain-spec ] */
	ARG_SPEC_MUST = 2, /* ":" domain-spec */
	ARG_CIDR = 4,     /* [ dual-cidr-length ] */
	ARG_IP4 = 8,      /* ":" ip4-network [ ip4-cidr-length ] */
	ARG_IP6 = 16,     /* ":" ip6-network [ ip6-cidr-length ] */
};

/* RFC 7208 section 12, in its order. */
static const struct kind_rule {
	struct slice name;
	enum spf_kind kind;
	unsigned argument;
	bool queries; /* section 4.6.4 */
} mechanisms[] = {
	{ { "all", 3 }, SPF_ALL, 0, false },                         /* section 5.1 */
	{ { "include", 7 }, SPF_INCLUDE, ARG_SPEC_MUST, true },      /* section 5.2 */
	{ { "a", 1 }, SPF_A, ARG_SPEC_MAY | ARG_CIDR, true },        /* section 5.3 */
	{ { "mx", 2 }, SPF_MX, ARG_SPEC_MAY | ARG_CIDR, true },      /* section 5.4 */
	{ { "ptr", 3 }, SPF_PTR, ARG_SPEC_MAY, true },               /* section 5.5 */
	{ { "ip4", 3 }, SPF_IP4, ARG_IP4, false },                   /* section 5.6 */
	{ { "ip6", 3 }, SPF_IP6, ARG_IP6, false },                   /* section 5.6 */
	{ { "exists", 6 }, SPF_EXISTS, ARG_SPEC_MUST, true },        /* section 5.7 */
};

static const struct kind_rule modifiers[] = {
	{ { "redirect", 8 }, SPF_REDIRECT, ARG_SPEC_MUST, true },    /* section 6.1 */
	{ { "exp", 3 }, SPF_EXP, ARG_SPEC_MUST, false },             /* section 6.2 */
};

static const struct slice version = { "v=spf1", 6 };

static const struct kind_rule *rule_named(const struct kind_rule *rules, size_t count,
    struct slice name)
{
	char first = ascii_lower(name.ptr[0]);

	for (size_t i = 0; i < count; i++)
		if (first == rules[i].name.ptr[0] && slice_ieq(rules[i].name, name))
			return &rules[i];
	return NULL;
}

static const struct kind_rule *rule_of(enum spf_kind kind)
{
	for (size_t i = 0; i < N_ELEMENTS(mechanisms); i++)
		if (mechanisms[i].kind == kind)
			return &mechanisms[i];
	for (size_t i = 0; i < N_ELEMENTS(modifiers); i++)
		if (modifiers[i].kind == kind)
			return &modifiers[i];
	return NULL;
}

bool spf_kind_queries(enum spf_kind kind)
{
	const struct kind_rule *rule = rule_of(kind);

	return rule != NULL && rule->queries;
}

const char *spf_kind_text(enum spf_kind kind)
{
	const struct kind_rule *rule = rule_of(kind);

	return rule == NULL ? "modifier" : rule->name.ptr;
}

/* --- section 5.6: networks -------------------------------------------------------------------- */

/* ip4-cidr-length, ip6-cidr-length: no leading zeros, at most max */
static bool take_cidr_length(struct cursor *c, unsigned max, unsigned *bits)
{
	struct cursor in = *c;
	uint64_t value;

	if (!take_char(&in, '/'))
		return false;
	if (cursor_left(&in) > 1 && *in.at == '0' && is_digit(in.at[1]))
		return false;
	if (!take_uint(&in, 3, max, &value))
		return false;
	*bits = (unsigned)value;
	*c = in;
	return true;
}

/* dual-cidr-length = [ ip4-cidr-length ] [ "/" ip6-cidr-length ], to the end */
static bool take_dual_cidr_length(struct cursor *c, struct spf_term *t)
{
	struct cursor in = *c, slash;

	take_cidr_length(&in, 32, &t->bits4);
	slash = in;
	if (take_char(&slash, '/') && take_cidr_length(&slash, 128, &t->bits6))
		in = slash;
	if (!cursor_done(&in))
		return false;
	*c = in;
	return true;
}

/*
 * Where a dual-cidr-length begins at the end of the argument; its end: there is none.  A domain-spec
 * may hold "/" but cannot end in "/" and digits, so the longest such tail is the cidr length.
 */
static size_t cidr_begins(struct slice argument)
{
	size_t end = argument.len, begin = end, i = end;

	while (i > 0 && (is_digit(argument.ptr[i - 1]) || argument.ptr[i - 1] == '/')) {
		i--;
		if (argument.ptr[i] == '/')
			begin = i;
	}
	return begin;
}

/* qnum: 0 to 255 without leading zeros */
static bool take_qnum(struct cursor *c, unsigned char *out)
{
	const char *p = c->at;
	unsigned value = 0;

	while (p < c->end && is_digit(*p) && p - c->at < 3)
		value = value * 10 + (unsigned)(*p++ - '0');
	if (p == c->at || value > 255 || (*c->at == '0' && p - c->at > 1))
		return false;
	*out = (unsigned char)value;
	c->at = p;
	return true;
}

/* ip4-network = qnum "." qnum "." qnum "." qnum */
static bool take_ip4_network(struct cursor *c, struct ip *out)
{
	struct ip ip = { .family = IP_V4 };
	struct cursor in = *c;

	for (int i = 0; i < 4; i++)
		if ((i > 0 && !take_char(&in, '.')) || !take_qnum(&in, &ip.octets[i]))
			return false;
	*out = ip;
	*c = in;
	return true;
}

/* ip6-network, of RFC 4291 section 2.2 */
static bool take_ip6_network(struct cursor *c, struct ip *out)
{
	struct slice text = slice_take(cursor_rest(c), slice_find(cursor_rest(c), '/'));

	if (!ip_parse_v6(text, out))
		return false;
	c->at += text.len;
	return true;
}

/* ip4-network [ ip4-cidr-length ] */
static bool parse_ip4(struct cursor *c, struct spf_term *t)
{
	return take_ip4_network(c, &t->network) &&
	    (cursor_done(c) || take_cidr_length(c, 32, &t->bits4)) && cursor_done(c);
}

/* ip6-network [ ip6-cidr-length ] */
static bool parse_ip6(struct cursor *c, struct spf_term *t)
{
	return take_ip6_network(c, &t->network) &&
	    (cursor_done(c) || take_cidr_length(c, 128, &t->bits6)) && cursor_done(c);
}

/* --- section 4.6.1: terms --------------------------------------------------------------------- */

/* name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ) */
static bool is_name_char(char c)
{
	return is_alnum(c) || c == '-' || c == '_' || c == '.';
}

static bool take_name(struct cursor *c, struct slice *out)
{
	return is_alpha(cursor_peek(c)) && take_while(c, is_name_char, out);
}

/* qualifier = "+" / "-" / "?" / "~" (section 4.6.2) */
static enum auth_result take_qualifier(struct cursor *c)
{
	if (take_char(c, '-'))
		return AUTH_FAIL;
	if (take_char(c, '~'))
		return AUTH_SOFTFAIL;
	if (take_char(c, '?'))
		return AUTH_NEUTRAL;
	take_char(c, '+');
	return AUTH_PASS;
}

/* [ ":" domain-spec ] [ dual-cidr-length ], as far as the mechanism has them */
static const char *parse_domain_and_cidr(struct slice argument, unsigned allowed,
    struct spf_term *t)
{
	size_t cidr = (allowed & ARG_CIDR) != 0 ? cidr_begins(argument) : argument.len;
	struct cursor c = cursor_of(slice_drop(argument, cidr));
	struct slice spec = slice_take(argument, cidr);

	if (!cursor_done(&c) && !take_dual_cidr_length(&c, t))
		return "bad prefix length";
	if (spec.len == 0)
		return (allowed & ARG_SPEC_MUST) != 0 ? "a domain is missing" : NULL;
	if (spec.ptr[0] != ':' || !spf_is_domain_spec(slice_drop(spec, 1)))
		return "bad domain";
	t->spec = slice_drop(spec, 1);
	return NULL;
}

static const char *parse_argument(struct cursor *c, unsigned allowed, struct spf_term *t)
{
	if (allowed == 0)
		return cursor_done(c) ? NULL : "no argument is allowed here";
	if ((allowed & (ARG_IP4 | ARG_IP6)) == 0)
		return parse_domain_and_cidr(cursor_rest(c), allowed, t);
	if (!take_char(c, ':'))
		return "a network is missing";
	return (allowed == ARG_IP6 ? parse_ip6(c, t) : parse_ip4(c, t)) ? NULL : "bad network";
}

/* mechanism; c follows the qualifier */
static const char *parse_mechanism(struct cursor *c, struct spf_term *t)
{
	const struct kind_rule *rule;
	struct slice name;

	if (!take_name(c, &name))
		return "neither a mechanism nor a modifier";
	rule = rule_named(mechanisms, N_ELEMENTS(mechanisms), name);
	if (rule == NULL)
		return "unknown mechanism";
	t->kind = rule->kind;
	return parse_argument(c, rule->argument, t);
}

/* modifier = redirect / explanation / unknown-modifier; c follows the "=" */
static const char *parse_modifier(struct slice name, struct cursor *c, struct spf_term *t)
{
	const struct kind_rule *rule = rule_named(modifiers, N_ELEMENTS(modifiers), name);
	struct slice value = cursor_rest(c);

	if (rule == NULL) { /* section 6: ignored, but its syntax counts (section 12) */
		t->kind = SPF_UNKNOWN_MODIFIER;
		return spf_is_macro_string(value) ? NULL : "bad macro in a modifier";
	}
	t->kind = rule->kind;
	t->spec = value;
	return spf_is_domain_spec(value) ? NULL : "bad domain";
}

/* directive / modifier, of the text of one term; the static text of a mistake, or NULL */
static const char *parse_term(struct slice text, struct spf_term *t)
{
	struct cursor c = cursor_of(text), ahead = c;
	struct slice name;

	*t = (struct spf_term){ .text = text, .spec = SLICE_NULL, .bits4 = 32, .bits6 = 128 };
	if (take_name(&ahead, &name) && take_char(&ahead, '='))
		return parse_modifier(name, &ahead, t);
	t->qualifier = take_qualifier(&c);
	return parse_mechanism(&c, t);
}

/* terms = *( 1*SP ( directive / modifier ) ), and the *SP after them */
static bool take_term_text(struct cursor *c, struct slice *out)
{
	const char *start;

	while (take_char(c, ' '))
		;
	start = c->at;
	c->at += slice_find(cursor_rest(c), ' ');
	*out = slice_between(start, c->at);
	return out->len > 0;
}

bool spf_record_next(struct cursor *c, struct spf_term *out)
{
	struct slice text;

	return take_term_text(c, &text) && parse_term(text, out) == NULL;
}

/* --- sections 4.5 and 4.6: the record --------------------------------------------------------- */

bool spf_record_is(struct slice text)
{
	struct cursor c = cursor_of(text);

	return take_iliteral(&c, version) && (cursor_done(&c) || *c.at == ' ');
}

size_t spf_record_select(const struct dns_answer *answer, struct slice *text_out)
{
	size_t found = 0;

	for (size_t i = 0; i < answer->count; i++) {
		if (!spf_record_is(answer->records[i].text))
			continue;
		*text_out = answer->records[i].text;
		found++;
	}
	return found;
}

bool spf_term_in_cidr(const struct spf_term *t, const struct ip *network, const struct ip *client)
{
	return ip_in_network(client, network, network->family == IP_V6 ? t->bits6 : t->bits4);
}

/* Section 6: redirect= and exp= at most once each. */
static const char *note_modifier(struct spf_record *r, const struct spf_term *t)
{
	struct spf_term *once = t->kind == SPF_REDIRECT ? &r->redirect : &r->exp;

	if (t->kind == SPF_UNKNOWN_MODIFIER)
		return NULL;
	if (!slice_is_null(once->text))
		return "given twice";
	*once = *t;
	return NULL;
}

/* State while r->steps is filled with the mechanisms that can decide for this client. */
struct stepping {
	const struct ip *client;
	size_t asking;
	bool ended; /* no later term is ever reached */
};

static void note_mechanism(struct spf_record *r, const struct spf_term *t, struct stepping *s)
{
	bool asks = t->kind != SPF_ALL && t->kind != SPF_IP4 && t->kind != SPF_IP6;

	r->has_all = r->has_all || t->kind == SPF_ALL; /* section 5.1 */
	if (s->ended)
		return;
	if (!asks && t->kind != SPF_ALL && !spf_term_in_cidr(t, &t->network, s->client))
		return;
	r->steps[r->step_count++] = *t;
	s->asking += asks;
	s->ended = !asks || s->asking > LIMIT_SPF_TERMS;
}

bool spf_record_parse(struct slice text, const struct ip *client, struct spf_record *out,
    struct spf_mistake *mistake)
{
	struct stepping stepping = { .client = client };
	struct cursor c = cursor_of(slice_drop(text, version.len));
	const char *what = NULL;
	struct spf_term t;
	struct slice term;

	out->terms = cursor_rest(&c);
	out->has_all = false;
	out->redirect.text = out->exp.text = SLICE_NULL;
	out->redirect.spec = out->exp.spec = SLICE_NULL;
	out->step_count = 0;
	while (what == NULL && take_term_text(&c, &term)) {
		what = parse_term(term, &t);
		if (what != NULL)
			break;
		if (t.kind >= SPF_REDIRECT)
			what = note_modifier(out, &t);
		else
			note_mechanism(out, &t, &stepping);
	}
	if (what != NULL && mistake != NULL)
		*mistake = (struct spf_mistake){ term, what };
	return what == NULL;
}

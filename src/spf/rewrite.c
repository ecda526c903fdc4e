#include "base/limits.h"

#include "rewrite.h"

#define TOKEN_DIGITS 9u
#define TOKEN_MAX    999999999u

struct ip spf_rewrite_address(const struct spf_rewriter *w, const struct ip *ip)
{
	struct ip other = *ip;

	other.octets[0] ^= w->mask;
	return other;
}

static void write_qualifier(struct spf_rewriting *out, enum auth_result qualifier)
{
	static const char *const signs[] = { [AUTH_PASS] = " +", [AUTH_FAIL] = " -",
		[AUTH_SOFTFAIL] = " ~", [AUTH_NEUTRAL] = " ?" };

	buf_add_str(&out->text, signs[qualifier]);
	out->mechanisms++;
}

static unsigned client_bits(const struct spf_rewriter *w, const struct spf_term *t)
{
	return w->client.family == IP_V6 ? t->bits6 : t->bits4;
}

/*
 * Networks of the client's family, as the others cannot match.  The library refuses /0, which the
 * client's own address replaces.
 */
static void write_network(struct spf_rewriter *w, const struct spf_term *t,
    struct spf_rewriting *out)
{
	unsigned bits = client_bits(w, t);
	struct ip network = spf_rewrite_address(w, bits == 0 ? &w->client : &t->network);
	char address[IP_TEXT_SIZE];

	if (t->network.family != w->client.family)
		return;
	write_qualifier(out, t->qualifier);
	buf_addf(&out->text, "%s:%s", spf_kind_text(t->kind), ip_text(&network, address));
	if (bits != 0 && bits != ip_width(&w->client))
		buf_addf(&out->text, "/%u", bits);
}

static bool add_token(struct spf_rewriter *w, const struct spf_term *t, const struct walked *in)
{
	if (!arena_grow(w->arena, &w->tokens, &w->cap, w->count, sizeof(*w->tokens)))
		return false;
	w->tokens[w->count++] = (struct spf_token){ .term = *t, .in = in };
	return true;
}

static void write_asking(const struct spf_rewriter *w, const struct spf_term *t,
    struct spf_rewriting *out)
{
	unsigned bits = client_bits(w, t);

	write_qualifier(out, t->qualifier);
	buf_addf(&out->text, "%s:t%zu.x", spf_kind_text(t->kind), w->count);
	if ((t->kind == SPF_A || t->kind == SPF_MX) && bits != 0 && bits != ip_width(&w->client))
		buf_addf(&out->text, "%s%u", w->client.family == IP_V6 ? "//" : "/", bits);
	buf_addf(&out->text, " ?exists:n%zu.x", w->count);
	out->mechanisms++;
}

bool spf_rewrite(struct spf_rewriter *w, const struct spf_record *record, const struct walked *in,
    size_t terms_left, struct spf_rewriting *out)
{
	struct cursor c = cursor_of(record->terms);
	size_t end = w->count + terms_left + 1;
	struct spf_term t;

	buf_add_str(&out->text, "v=spf1");
	while (w->count < end && spf_record_next(&c, &t)) {
		if (t.kind == SPF_ALL) {
			write_qualifier(out, t.qualifier);
			buf_add_str(&out->text, "all");
			return true; /* section 5.1: nothing after it is ever reached */
		}
		if (t.kind == SPF_IP4 || t.kind == SPF_IP6) {
			write_network(w, &t, out);
		} else if (t.kind < SPF_REDIRECT) {
			write_asking(w, &t, out);
			if (!add_token(w, &t, in))
				return false;
		}
	}
	if (record->has_all || slice_is_null(record->redirect.text) || w->count == end)
		return true;
	buf_addf(&out->text, " redirect=t%zu.x", w->count);
	out->mechanisms++;
	return add_token(w, &record->redirect, in);
}

void spf_rewrite_result(enum auth_result result, struct spf_rewriting *out)
{
	buf_add_str(&out->text, "v=spf1");
	write_qualifier(out, result);
	buf_add_str(&out->text, "all");
}

bool spf_read_token(struct slice name, char *kind, size_t *i, size_t *n)
{
	struct cursor c = cursor_of(name);
	uint64_t first, second;
	bool host;

	if (cursor_done(&c))
		return false;
	*kind = *c.at++;
	host = *kind == 'h' || *kind == 'p';
	if (!take_uint(&c, TOKEN_DIGITS, TOKEN_MAX, &first))
		return false;
	second = first;
	if (host && (!take_literal(&c, SLICE(".t")) ||
	    !take_uint(&c, TOKEN_DIGITS, TOKEN_MAX, &second)))
		return false;
	if (!take_literal(&c, SLICE(".x")) || !cursor_done(&c))
		return false;
	*i = (size_t)first;
	*n = (size_t)second;
	return true;
}

#include "base/ascii.h"
#include "base/cursor.h"
#include "mail/address.h"

#include "indirect.h"

/*
 * A mark is what a field says, not that it is there: an empty one costs a sender nothing, and no list
 * and no forwarder writes it.
 */

/* Dot-atom text with a dot: list-label "." list-id-namespace (RFC 2919 section 2). */
static bool is_identifier(struct slice text)
{
	static const struct slice specials = { "()<>[]:;@\\,\"", 12 }; /* RFC 5322 section 3.2.3 */
	struct slice rest = text;
	size_t labels = 0;

	while (!slice_is_null(rest)) {
		struct slice label = slice_split(&rest, '.');

		if (label.len == 0)
			return false;
		for (size_t i = 0; i < label.len; i++)
			if (!is_vchar(label.ptr[i]) ||
			    slice_find(specials, label.ptr[i]) < specials.len)
				return false;
		labels++;
	}
	return labels > 1;
}

/* What the last "<" and the ">" after it enclose; the null slice: no such pair. */
static struct slice bracketed(struct slice value)
{
	size_t open = slice_rfind(value, '<');
	struct slice inside = slice_drop(value, open + 1);
	size_t close = slice_find(inside, '>');

	if (open == value.len || close == inside.len)
		return SLICE_NULL;
	return slice_trim(slice_take(inside, close));
}

static bool names_a_list(struct arena *a, struct slice value)
{
	(void)a;
	return is_identifier(bracketed(value));
}

static bool is_address(struct arena *a, struct slice text)
{
	struct domain domain;

	return address_local_part(text).len > 0 &&
	    domain_parse(a, address_domain_part(text), &domain);
}

/* RFC 2369 section 3.4: "<mailto:list@example.org>" */
static bool takes_posts(struct arena *a, struct slice value)
{
	struct cursor c = cursor_of(bracketed(value));
	struct slice rest;

	if (!take_iliteral(&c, SLICE("mailto:")))
		return false;
	rest = cursor_rest(&c);
	return is_address(a, slice_take(rest, slice_find(rest, '?')));
}

/* "list somelist@example.org; contact ..." */
static bool names_an_address(struct arena *a, struct slice value)
{
	struct slice rest = slice_take(value, LIMIT_ADDRESS_OCTETS);

	while (!slice_is_null(rest)) {
		struct slice word = slice_trim(slice_split(&rest, ' '));

		if (is_address(a, slice_take(word, slice_find(word, ';'))))
			return true;
	}
	return false;
}

/* RFC 5322 section 3.6.6: mailbox lists, as From is one */
static bool names_a_mailbox(struct arena *a, struct slice value)
{
	struct authors resenders;

	authors_parse(a, value, &resenders);
	return resenders.status == FROM_OK;
}

static const struct {
	struct slice name;
	bool list; /* else resent (RFC 5322 section 3.6.6) */
	bool (*says)(struct arena *a, struct slice value);
} mark_fields[] = {
	{ { "List-Id", 7 }, true, names_a_list },
	{ { "List-Post", 9 }, true, takes_posts },
	{ { "Mailing-List", 12 }, true, names_an_address },
	{ { "Resent-From", 11 }, false, names_a_mailbox },
	{ { "Resent-Sender", 13 }, false, names_a_mailbox },
	{ { "Resent-To", 9 }, false, names_a_mailbox },
};

void indirect_marks(const struct message *m, const struct arc_chain *arc, struct indirect_marks *out)
{
	*out = (struct indirect_marks){ 0 };
	for (size_t i = 0; i < N_ELEMENTS(mark_fields); i++) {
		const struct header *field = message_field(m, mark_fields[i].name, 0);
		bool *mark = mark_fields[i].list ? &out->list : &out->resent;

		*mark = *mark || (field != NULL && mark_fields[i].says(m->arena, field->value));
	}
	out->arc = arc_chain_has_set(arc);
}

/* Some domain outside the author's organization that answers for this message. */
static bool other_passes(const struct verdict *v, struct domain organization, const char **how,
    struct domain *domain_out)
{
	if (v->spf_checked && v->spf.r.result == AUTH_PASS && !domain_is_none(v->spf.r.domain) &&
	    !domain_is_at_or_below(v->spf.r.domain, organization)) {
		*how = "SPF";
		*domain_out = v->spf.r.domain;
		return true;
	}
	for (size_t i = 0; i < v->dkim.count; i++) {
		const struct dkim_result *r = &v->dkim.items[i];

		if (r->result == AUTH_PASS && !domain_is_at_or_below(r->sig.domain, organization)) {
			*how = "DKIM";
			*domain_out = r->sig.domain;
			return true;
		}
	}
	return false;
}

bool indirect_flow(struct arena *a, const struct verdict *v, const struct indirect_marks *marks,
    const struct dmarc_author_result *author, struct slice *how_out)
{
	struct domain organization = author->discovery.organizational_domain;
	struct domain other;
	const char *how;

	if (!marks->list && !marks->resent && !marks->arc)
		return false;
	if (domain_is_none(organization))
		organization = author->domain;
	if (!other_passes(v, organization, &how, &other))
		return false;
	*how_out = arena_printf(a, "indirect flow:%s%s%s, %s pass of %.*s",
	    marks->list ? " list fields" : "", marks->resent ? " resent fields" : "",
	    marks->arc ? " an ARC set" : "", how, SLICE_ARG(other.name));
	return true;
}

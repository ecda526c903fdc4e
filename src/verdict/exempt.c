#include "base/hostname.h"
#include "base/utf8.h"
#include "mail/tokens.h"

#include "exempt.h"

const struct policy_section *exempt_section(const struct verdict_policy *p, struct domain author)
{
	const struct policy_section *best = NULL;

	for (size_t i = 0; i < p->section_count; i++) {
		const struct policy_section *s = &p->sections[i];

		if (domain_is_at_or_below(author, s->domain) &&
		    (best == NULL || domain_labels(s->domain) > domain_labels(best->domain)))
			best = s;
	}
	return best;
}

/* The same name in whichever form it was written (U-labels, A-labels, a dot at the end). */
static bool same_domain(struct arena *a, struct slice x, struct slice y)
{
	struct domain dx, dy;

	if (slice_ieq(hostname_undotted(x), hostname_undotted(y)))
		return true;
	if (slice_is_ascii(x) && slice_is_ascii(y))
		return false;
	return domain_parse(a, x, &dx) && domain_parse(a, y, &dy) && domain_eq(dx, dy);
}

/*
 * "user@domain", "user@" in any domain, "domain" or "@domain".  An address without a domain (RFC
 * 5321 section 4.5.1: RCPT TO:<postmaster>) has the whole as its user.  The sender chooses how an
 * address is quoted, and must not get another answer by it.
 */
static bool address_matches(struct arena *a, struct slice pattern, struct slice local,
    struct slice domain)
{
	size_t at = slice_rfind(pattern, '@');
	struct slice wanted_local = at == pattern.len ? SLICE("") : slice_take(pattern, at);
	struct slice wanted_domain = at == pattern.len ? pattern : slice_drop(pattern, at + 1);

	if (wanted_local.len == 0 && wanted_domain.len == 0)
		return false;
	if (wanted_local.len > 0 && !local_part_eq(wanted_local, local))
		return false;
	return wanted_domain.len == 0 || same_domain(a, wanted_domain, domain);
}

static bool recipient_matches(struct arena *a, struct slice pattern, struct slice address)
{
	struct slice domain = address_domain_part(address);

	return address_matches(a, pattern,
	    slice_is_null(domain) ? address : address_local_part(address), domain);
}

/* The entry that the address has; NULL: none. */
static const struct slice *entry_of(struct arena *a, const struct slice_list *list,
    struct slice address)
{
	for (size_t k = 0; k < list->count; k++)
		if (recipient_matches(a, list->items[k], address))
			return &list->items[k];
	return NULL;
}

bool exempt_recipient_listed(struct arena *a, const struct slice_list *list, struct slice address)
{
	return entry_of(a, list, address) != NULL;
}

/* The first section that names the recipient and has an action for the occasion; NULL: none. */
static const struct recipient_section *section_of(struct arena *a, const struct verdict_policy *p,
    struct slice address, enum occasion on)
{
	for (size_t i = 0; i < p->recipient_section_count; i++)
		if (p->recipient_sections[i].on[on].set &&
		    recipient_matches(a, p->recipient_sections[i].pattern, address))
			return &p->recipient_sections[i];
	return NULL;
}

/* All recipients are known: none was left out at a ceiling, and the MTA reported them. */
static bool recipients_known(const struct message *m)
{
	return m->envelope.recipient_count > 0 && m->exceeded == MESSAGE_FITS;
}

enum action exempt_recipients(struct arena *a, const struct verdict_policy *p,
    const struct message *m, enum occasion on, enum action wish, struct slice *pattern_out)
{
	const struct envelope *e = &m->envelope;
	enum action strictest = ACTION_ACCEPT;

	*pattern_out = SLICE_NULL;
	if (p->recipient_section_count == 0 || !recipients_known(m))
		return wish;
	for (size_t i = 0; i < e->recipient_count; i++) {
		const struct recipient_section *s = section_of(a, p, e->recipients[i], on);
		enum action action = s == NULL ? wish : s->on[on].action;

		if (i > 0 && action <= strictest)
			continue;
		strictest = action;
		*pattern_out = s == NULL ? SLICE_NULL : s->pattern;
	}
	return strictest;
}

const struct slice *exempt_every_recipient(struct arena *a, const struct slice_list *list,
    const struct message *m)
{
	const struct envelope *e = &m->envelope;
	const struct slice *entry = NULL;

	if (!recipients_known(m))
		return NULL;
	for (size_t i = 0; i < e->recipient_count; i++) {
		entry = entry_of(a, list, e->recipients[i]);
		if (entry == NULL)
			break;
	}
	return entry;
}

/* One that may be refused is enough: else a copy to postmaster would free any message. */
static struct slice exempt_recipient(struct arena *a, const struct verdict_policy *p,
    const struct message *m)
{
	const struct slice *entry = exempt_every_recipient(a, &p->never_refuse_to, m);

	if (entry == NULL)
		return SLICE_NULL;
	return arena_printf(a, "every recipient is in never-refuse-to (%.*s)", SLICE_ARG(*entry));
}

/* An entry without "@" is a domain: that author domain and below. */
static bool author_matches(struct arena *a, struct slice entry, const struct mailbox *author)
{
	struct domain listed;

	if (slice_find(entry, '@') < entry.len)
		return address_matches(a, entry, author->local_part, author->domain.name);
	return domain_parse(a, entry, &listed) && domain_is_at_or_below(author->domain, listed);
}

/* Why one author is never refused; the null slice: mail in that name may be. */
static struct slice author_reason(struct arena *a, const struct verdict_policy *p,
    const struct mailbox *author)
{
	const struct policy_section *s = exempt_section(p, author->domain);

	for (size_t k = 0; k < p->never_refuse_from.count; k++)
		if (author_matches(a, p->never_refuse_from.items[k], author))
			return arena_printf(a, "the author is in never-refuse-from (%.*s)",
			    SLICE_ARG(p->never_refuse_from.items[k]));
	if (s != NULL && s->never_refuse)
		return arena_printf(a, "policy \"%.*s\" never-refuse", SLICE_ARG(s->domain.name));
	return SLICE_NULL;
}

/* Of several authors each must be: a sender adds any name to the one that he forges. */
static struct slice exempt_author(struct arena *a, const struct verdict_policy *p,
    const struct authors *authors)
{
	struct slice why = SLICE_NULL;

	for (size_t i = 0; i < authors->count; i++) {
		why = author_reason(a, p, &authors->mailboxes[i]);
		if (slice_is_null(why))
			break;
	}
	return why;
}

struct slice exempt_from_refusal(struct arena *a, const struct verdict_policy *p, const struct message *m,
    const struct authors *authors)
{
	struct slice why = exempt_recipient(a, p, m);

	return slice_is_null(why) ? exempt_author(a, p, authors) : why;
}

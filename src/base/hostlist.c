#include "base/ascii.h"
#include "base/cursor.h"
#include "base/hostname.h"

#include "base/hostlist.h"

/* A mapped network of 96 bits or more is one of IPv4, as its addresses are (base/ip.h). */
static void map_network(struct hostlist_entry *e)
{
	static const struct ip mapped = { IP_V6, { [10] = 0xff, [11] = 0xff } };
	struct ip v4 = { .family = IP_V4 };

	if (e->bits < 96 || !ip_in_network(&e->network, &mapped, 96))
		return;
	memcpy(v4.octets, e->network.octets + 12, 4);
	e->network = v4;
	e->bits -= 96;
}

static struct ip masked(const struct ip *ip, unsigned bits)
{
	struct ip out = *ip;

	for (unsigned i = bits; i < ip_width(ip); i++)
		out.octets[i / 8] &= (unsigned char)~(0x80u >> (i % 8));
	return out;
}

static enum rc refuse(struct arena *a, const struct hostlist_entry *e, const char **why_out)
{
	struct ip network = masked(&e->network, e->bits);
	char text[IP_TEXT_SIZE];
	struct slice why = arena_printf(a, "has bits set beyond its mask; write %s/%u",
	    ip_text(&network, text), e->bits);

	if (slice_is_null(why))
		return RC_NOMEM;
	*why_out = why.ptr;
	return RC_CONFIG;
}

/* address ["/" bits]; false: not written as an address */
static bool take_network(struct slice text, struct hostlist_entry *e, const char **why)
{
	struct slice bits = text, address = slice_split(&bits, '/');
	struct cursor c = cursor_of(bits);
	uint64_t value;

	if (!ip_parse_v4(address, &e->network) && !ip_parse_v6(address, &e->network))
		return false;
	e->bits = ip_width(&e->network);
	if (!slice_is_null(bits)) {
		if (take_uint(&c, 3, e->bits, &value) && cursor_done(&c))
			e->bits = (unsigned)value;
		else
			*why = e->bits == 32 ? "needs a number from 0 to 32 after the \"/\""
			                     : "needs a number from 0 to 128 after the \"/\"";
	}
	return true;
}

/* ["."] label *("." label); digits alone at the end are a mistyped address, not a name */
static bool is_name(struct slice name)
{
	struct slice rest = slice_starts_with(name, SLICE(".")) ? slice_drop(name, 1) : name;

	return hostname_valid(rest) && !hostname_ends_in_number(rest);
}

enum rc hostlist_add(struct arena *a, struct hostlist *list, struct slice text,
    const char **why_out)
{
	struct hostlist_entry e = { .negated = slice_starts_with(text, SLICE("!")) };
	const char *why = NULL;

	text = slice_trim(slice_drop(text, e.negated ? 1 : 0));
	if (take_network(text, &e, &why)) {
		if (why == NULL && !ip_network_clean(&e.network, e.bits))
			return refuse(a, &e, why_out);
		map_network(&e);
	} else {
		text = hostname_undotted(text);
		if (slice_starts_with(text, SLICE("*.")) && is_name(slice_drop(text, 1)))
			why = "is a pattern, and names below a domain are written without the "
			    "\"*\": begin it with the dot";
		else if (!is_name(text))
			why = "is not an address, a network or a host name";
		e.name = arena_lower(a, text);
	}
	if (why != NULL) {
		*why_out = why;
		return RC_CONFIG;
	}
	if (arena_failed(a) || !arena_grow(a, &list->entries, &list->cap, list->count, sizeof(e)))
		return RC_NOMEM;
	list->entries[list->count++] = e;
	return RC_OK;
}

/* How closely an entry fits: 0 not at all, more octets or bits of it are closer. */
static size_t fit_network(const struct hostlist_entry *e, const struct ip *client)
{
	return ip_in_network(client, &e->network, e->bits) ? e->bits + 1u : 0;
}

static size_t fit_name(const struct hostlist_entry *e, struct slice client)
{
	if (slice_starts_with(e->name, SLICE(".")))
		return client.len > e->name.len && slice_iends_with(client, e->name) ? e->name.len : 0;
	/* longer than any suffix of the same name, which lacks the first label */
	return slice_ieq(client, e->name) ? e->name.len : 0;
}

/* The closest fit so far of the positive and of the negated entries. */
struct fits {
	size_t positive, negated;
};

static void note(struct fits *f, bool negated, size_t fit)
{
	size_t *best = negated ? &f->negated : &f->positive;

	if (fit > *best)
		*best = fit;
}

static bool says_no(const struct fits *f)
{
	return f->negated > 0 && f->negated >= f->positive;
}

bool hostlist_matches(const struct hostlist *list, const struct ip *client,
    struct slice client_name)
{
	struct fits address = { 0, 0 }, name = { 0, 0 };

	client_name = hostname_undotted(client_name);
	for (size_t i = 0; i < list->count; i++) {
		const struct hostlist_entry *e = &list->entries[i];

		if (e->network.family != IP_NONE)
			note(&address, e->negated, fit_network(e, client));
		else if (client_name.len > 0)
			note(&name, e->negated, fit_name(e, client_name));
	}
	return (address.positive > 0 || name.positive > 0) && !says_no(&address) && !says_no(&name);
}

static bool covers(const struct hostlist_entry *wide, const struct hostlist_entry *e)
{
	if (wide->negated || (wide->network.family == IP_NONE) != (e->network.family == IP_NONE))
		return false;
	if (e->network.family != IP_NONE)
		return wide->bits <= e->bits && ip_in_network(&e->network, &wide->network, wide->bits);
	return slice_ieq(wide->name, e->name) || fit_name(wide, e->name) > 0;
}

bool hostlist_covers(const struct hostlist *list, const struct hostlist_entry *entry)
{
	bool covered = false;

	for (size_t i = 0; i < list->count; i++)
		covered = covered || covers(&list->entries[i], entry);
	return covered && hostlist_matches(list, &entry->network, entry->name);
}

#include "base/ascii.h"
#include "base/cursor.h"
#include "mail/message.h"
#include "mail/tokens.h"

#include "report/external.h"

/* --- mailto: (RFC 6068 section 2) ---------------------------------------------------------------- */

#define LOCAL_PART_OCTETS 64u  /* RFC 5321 section 4.5.3.1.1 */
#define ADDRESS_OCTETS    254u /* a path has 256 with its <> (section 4.5.3.1.3) */

static bool take_encoded_octet(struct cursor *c, char *out)
{
	int high, low;

	if (cursor_left(c) < 3 || c->at[0] != '%')
		return false;
	high = hex_value(c->at[1]);
	low = hex_value(c->at[2]);
	if (high < 0 || low < 0)
		return false;
	*out = (char)(high << 4 | low);
	c->at += 3;
	return true;
}

static struct slice percent_decoded(struct arena *a, struct slice text)
{
	struct buf out = BUF_INIT(LIMIT_DMARC_RECORD);
	struct cursor c = cursor_of(text);
	char octet;

	while (!cursor_done(&c)) {
		if (!take_encoded_octet(&c, &octet))
			octet = *c.at++;
		buf_add_char(&out, octet);
	}
	return arena_take_buf(a, &out);
}

/* Quoted-string without the octets that no SMTP line may have */
static bool is_quoted_local_part(struct slice s)
{
	struct cursor c = cursor_of(s);

	for (size_t i = 0; i < s.len; i++)
		if (is_ctl(s.ptr[i]) || is_8bit(s.ptr[i]))
			return false;
	return take_quoted_string(&c) && cursor_done(&c);
}

/* Local-part = Dot-string / Quoted-string (RFC 5321 section 4.1.2) */
static bool is_local_part(struct slice s)
{
	return s.len <= LOCAL_PART_OCTETS && (is_dot_atom(s) || is_quoted_local_part(s));
}

/* A host that can have a mail server of its own: not "localhost", not an address. */
static bool parse_host(struct arena *a, struct slice text, struct domain *out)
{
	struct domain last;

	if (!domain_parse(a, text, out) || domain_labels(*out) < 2)
		return false;
	last = domain_last(*out, 1);
	return !is_digit(last.name.ptr[0]);
}

bool report_address_of(struct arena *a, struct slice uri, struct report_address *out)
{
	struct slice rest = uri, scheme = slice_split(&rest, ':'), address;
	struct report_address parsed;

	if (!slice_ieq(scheme, SLICE("mailto")) || slice_is_null(rest))
		return false;
	address = percent_decoded(a, slice_take(rest, slice_find(rest, '?')));
	if (!is_local_part(address_local_part(address)) ||
	    !parse_host(a, address_domain_part(address), &parsed.host))
		return false;
	parsed.address = arena_printf(a, "%.*s@%.*s", SLICE_ARG(address_local_part(address)),
	    SLICE_ARG(parsed.host.name));
	if (slice_is_null(parsed.address) || parsed.address.len > ADDRESS_OCTETS)
		return false;
	*out = parsed;
	return true;
}

/* --- section 4 --------------------------------------------------------------------------------------- */

struct search {
	struct arena *arena;
	struct lookups *lookups;
	enum dmarc_discovery method;
	enum report_kind kind;
	struct domain policy_domain;
	struct dmarc_walk policy_walk; /* once walked */
	bool walked;
	struct report_destinations *out;
};

static enum rc add(struct search *s, const struct report_destination *d)
{
	struct report_destinations *all = s->out;

	for (size_t i = 0; i < all->count; i++)
		if (d->to.address.len > 0 && slice_eq(all->items[i].to.address, d->to.address))
			return RC_OK;
	if (!arena_grow(s->arena, &all->items, &all->cap, all->count, sizeof(*all->items)))
		return RC_NOMEM;
	all->items[all->count++] = *d;
	return RC_OK;
}

static enum rc add_with(struct search *s, struct report_destination d, enum report_consent consent,
    struct slice why)
{
	d.consent = consent;
	d.why = why;
	return add(s, &d);
}

/* Whether the host is of the policy's organization; *known_out is false where the DNS does not answer. */
static enum rc is_internal(struct search *s, struct domain host, bool *internal_out, bool *known_out)
{
	struct dmarc_walk walk;

	*known_out = *internal_out = domain_eq(host, s->policy_domain);
	if (*internal_out)
		return RC_OK;
	if (!s->walked)
		TRY(dmarc_walk(s->arena, s->lookups, LOOKUP_POLICY, s->method, s->policy_domain,
		    &s->policy_walk));
	s->walked = true;
	TRY(dmarc_walk(s->arena, s->lookups, LOOKUP_POLICY, s->method, host, &walk));
	*known_out = s->policy_walk.status != DMARC_DISCOVERY_UNKNOWN &&
	    walk.status != DMARC_DISCOVERY_UNKNOWN;
	*internal_out = *known_out && domain_eq(walk.organizational_domain,
	    s->policy_walk.organizational_domain);
	return RC_OK;
}

/* What the confirming records override the URI with; the first that has the tag counts. */
struct consent_found {
	bool given;
	struct slice uris; /* null: no override */
	bool elsewhere;    /* an override leads to another host: neither is mailed to (step 9) */
};

static bool leads_elsewhere(struct search *s, struct slice uris, struct domain host)
{
	struct report_address to;
	struct slice uri;

	while (dmarc_next_uri(&uris, &uri))
		if (!report_address_of(s->arena, uri, &to) || !domain_eq(to.host, host))
			return true;
	return false;
}

/* Steps 6 to 9. */
static void read_consent(struct search *s, const struct dns_answer *answer, struct domain host,
    struct consent_found *out)
{
	*out = (struct consent_found){ .uris = SLICE_NULL };
	for (size_t i = 0; i < answer->count; i++) {
		struct dmarc_record r;
		struct slice uris;

		if (dmarc_record_parse(answer->records[i].text, &r) != DMARC_RECORD_OK)
			continue;
		out->given = true;
		uris = s->kind == REPORT_AGGREGATE ? r.rua : r.ruf;
		out->elsewhere = out->elsewhere || leads_elsewhere(s, uris, host);
		if (slice_is_null(out->uris))
			out->uris = uris;
	}
}

/* Step 9: the URIs of the override instead of d's own, where it has one. */
static enum rc add_overridden(struct search *s, const struct report_destination *d,
    struct slice uris)
{
	struct report_destination instead = { .consent = REPORT_PERMITTED };
	size_t found = 0;

	while (dmarc_next_uri(&uris, &instead.uri) && found < LIMIT_REPORT_URIS) {
		if (!report_address_of(s->arena, instead.uri, &instead.to))
			continue;
		found++;
		TRY(add(s, &instead));
	}
	return found > 0 ? RC_OK : add_with(s, *d, REPORT_PERMITTED, SLICE_NULL);
}

static enum rc ask_consent(struct search *s, const struct report_destination *d)
{
	struct slice name = arena_printf(s->arena, "%.*s._report._dmarc.%.*s",
	    SLICE_ARG(s->policy_domain.name), SLICE_ARG(d->to.host.name));
	const struct dns_answer *answer;
	struct consent_found found;

	if (slice_is_null(name))
		return RC_NOMEM;
	if (name.len > LIMIT_DOMAIN_OCTETS) /* step 4 */
		return add_with(s, *d, REPORT_REFUSED,
		    SLICE("the name at which the consent would be published is too long"));
	answer = lookups_await(s->lookups, LOOKUP_POLICY, name, DNS_TXT);
	if (dns_status_is_temporary(answer->status)) /* step 5 */
		return add_with(s, *d, REPORT_POSTPONED, arena_printf(s->arena, "%.*s: %s",
		    SLICE_ARG(name), dns_status_text(answer->status)));
	read_consent(s, answer, d->to.host, &found);
	if (!found.given) /* step 7 */
		return add_with(s, *d, REPORT_REFUSED, arena_printf(s->arena,
		    "no consent at %.*s (RFC 9990 section 4)", SLICE_ARG(name)));
	if (found.elsewhere)
		return add_with(s, *d, REPORT_REFUSED, arena_printf(s->arena,
		    "the record at %.*s names another host", SLICE_ARG(name)));
	return add_overridden(s, d, found.uris);
}

static enum rc decide(struct search *s, struct slice uri)
{
	struct report_destination d = { .uri = uri };
	bool internal, known;

	if (!report_address_of(s->arena, uri, &d.to))
		return add_with(s, d, REPORT_REFUSED, SLICE("not a mailto: URI with one address"));
	TRY(is_internal(s, d.to.host, &internal, &known));
	if (!known)
		return add_with(s, d, REPORT_POSTPONED,
		    SLICE("the organizational domains are not known: temporary DNS trouble"));
	if (internal)
		return add_with(s, d, REPORT_PERMITTED, SLICE_NULL);
	return ask_consent(s, &d);
}

enum rc report_destinations_find(struct arena *a, struct lookups *l, enum dmarc_discovery method,
    enum report_kind kind, struct domain policy_domain, struct slice uris,
    struct report_destinations *out)
{
	struct search s = { .arena = a, .lookups = l, .method = method, .kind = kind,
		.policy_domain = policy_domain, .out = out };
	struct slice uri;

	*out = (struct report_destinations){ NULL, 0, 0 };
	for (size_t i = 0; i < LIMIT_REPORT_URIS && dmarc_next_uri(&uris, &uri); i++)
		TRY(decide(&s, uri));
	return arena_failed(a) ? RC_NOMEM : RC_OK;
}

#include "base/ip.h"
#include "mail/authres_read.h"

#include "arc/evidence.h"

#define REPORT_OCTETS (64u * 1024)

static const struct arc_set *newest_of(const struct arc_result *r)
{
	return r->result == AUTH_PASS && r->chain.count > 0 ? &r->chain.sets[r->chain.count - 1] :
	    NULL;
}

struct domain arc_sealer_domain(const struct arc_result *r)
{
	const struct arc_set *newest = newest_of(r);

	return newest == NULL ? DOMAIN_NONE : newest->as.domain;
}

/* The one value of that property; the null slice when it is not there or there twice. */
static struct slice property(const struct authres_read_result *result, const char *ptype,
    const char *name)
{
	struct slice value = SLICE_NULL;

	for (size_t i = 0; i < result->count; i++) {
		const struct authres_read_property *p = &result->properties[i];

		if (!slice_ieq(p->ptype, slice_str(ptype)) || !slice_ieq(p->name, slice_str(name)))
			continue;
		if (!slice_is_null(value))
			return SLICE_NULL;
		value = p->value;
	}
	return value;
}

/* "example.org", "@example.org" or "joe@example.org" */
static bool names_domain(struct arena *a, struct slice value, struct domain wanted)
{
	struct slice part = address_domain_part(value);
	struct domain found;

	return domain_parse(a, slice_is_null(part) ? value : part, &found) &&
	    domain_eq(found, wanted);
}

bool arc_shows_pass(struct arena *a, const struct arc_result *r, struct domain author,
    const char **how_out)
{
	static const struct {
		const char *method, *ptype, *name, *how;
	} proofs[] = {
		{ "dmarc", "header", "from", "dmarc=pass" },
		{ "dkim", "header", "d", "dkim=pass" },
		{ "dkim", "header", "i", "dkim=pass" },
		{ "spf", "smtp", "mailfrom", "spf=pass" },
	};
	const struct arc_set *newest = newest_of(r);
	struct authres_read read;

	if (newest == NULL || !authres_read(a, newest->payload, &read))
		return false;
	for (size_t p = 0; p < N_ELEMENTS(proofs); p++)
		for (size_t i = 0; i < read.count; i++) {
			const struct authres_read_result *found = &read.results[i];

			if (!slice_ieq(found->method, slice_str(proofs[p].method)) ||
			    !slice_ieq(found->result, SLICE("pass")) ||
			    !names_domain(a, property(found, proofs[p].ptype, proofs[p].name), author))
				continue;
			*how_out = proofs[p].how;
			return true;
		}
	return false;
}

/* Whatever result has it: "arc" by RFC 8617 section 10.2, others in practice. */
static bool first_remote_ip(struct arena *a, const struct arc_chain *chain, struct ip *out)
{
	struct authres_read read;

	if (chain->count == 0 || !authres_read(a, chain->sets[0].payload, &read))
		return false;
	for (size_t i = 0; i < read.count; i++)
		if (ip_parse(property(&read.results[i], "smtp", "remote-ip"), out))
			return true;
	return false;
}

struct slice arc_report_comment(struct arena *a, const struct arc_result *r)
{
	struct buf text = BUF_INIT(REPORT_OCTETS);
	char ip_octets[IP_TEXT_SIZE];
	struct ip ip;

	buf_addf(&text, "arc=%s", auth_result_text(r->result));
	for (unsigned i = r->chain.count; i > 0; i--) {
		const struct dkim_signature *as = &r->chain.sets[i - 1].as;

		buf_addf(&text, " as[%u].d=%.*s as[%u].s=%.*s", i, SLICE_ARG(as->domain.name), i,
		    SLICE_ARG(as->selector.name));
	}
	if (first_remote_ip(a, &r->chain, &ip))
		buf_addf(&text, " remote-ip[1]=%s", ip_text(&ip, ip_octets));
	return arena_take_buf(a, &text);
}

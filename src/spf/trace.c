#include <stdarg.h>

#include "base/limits.h"

#include "run_private.h"

unsigned spf_run_depth(const struct spf_run *r)
{
	return r->depth;
}

void spf_run_set_depth(struct spf_run *r, unsigned depth)
{
	r->depth = depth;
}

void spf_run_trace(struct spf_run *r, const char *fmt, ...)
{
	struct buf line = BUF_INIT(2 * LIMIT_SPF_RECORD);
	va_list ap;

	if (r->set.trace == NULL)
		return;
	va_start(ap, fmt);
	buf_vaddf(&line, fmt, ap);
	va_end(ap);
	r->set.trace->line(r->set.trace->ctx, r->depth, buf_slice(&line));
	buf_free(&line);
}

void spf_run_trace_term(struct spf_run *r, const struct spf_term *t, const char *outcome)
{
	if (r->set.trace != NULL)
		spf_run_trace(r, "%.*s: %s (%u of %u terms, %u of %u void)", SLICE_ARG(t->text),
		    outcome, r->found.terms, LIMIT_SPF_TERMS, r->found.voids,
		    r->set.params->void_limit);
}

static unsigned common_bits(const struct ip *a, const struct ip *b)
{
	unsigned n = 0;

	while (n < ip_width(a) && ip_in_network(a, b, n + 1))
		n++;
	return n;
}

void spf_run_trace_address(struct spf_run *r, const struct spf_term *t, struct slice domain,
    const struct ip *network)
{
	const struct ip *client = &r->set.values.client;
	unsigned common;

	if (r->set.trace == NULL)
		return;
	if (client->family != network->family) {
		r->nearest.other_family = true;
		return;
	}
	common = common_bits(client, network);
	if (r->nearest.term.len == 0 || common > r->nearest.common)
		r->nearest = (struct nearest){ .term = t->text, .domain = domain, .network = *network,
			.bits = client->family == IP_V4 ? t->bits4 : t->bits6, .common = common };
}

/* With fewer bits the agreement is chance, and naming a term would mislead. */
static unsigned least_common(const struct ip *client)
{
	return client->family == IP_V4 ? 12 : 24;
}

/* True if only "all" matched, or nothing: then --explain shows the term that came nearest. */
static bool nothing_matched(const struct spf_run *r)
{
	const struct spf_finding *f = &r->found;

	return f->why == SPF_WHY_DEFAULT || (f->why == SPF_WHY_MATCH && f->term.len <= 4 &&
	    slice_iends_with(f->term, SLICE("all")));
}

void spf_run_trace_nearest(struct spf_run *r)
{
	const struct nearest *n = &r->nearest;
	const struct ip *client = &r->set.values.client;
	char network[IP_TEXT_SIZE], address[IP_TEXT_SIZE];

	if (r->set.trace == NULL || !nothing_matched(r))
		return;
	r->depth = 0;
	ip_text(client, address);
	if (n->term.len == 0 && n->other_family)
		spf_run_trace(r, "nearest term: none, the records contain no %s address, which the client uses",
		    client->family == IP_V4 ? "IPv4" : "IPv6");
	else if (n->term.len == 0 || n->common < least_common(client))
		spf_run_trace(r, "nearest term: none names an address near %s", address);
	else
		spf_run_trace(r, "nearest term: %.*s of %.*s, which names %s/%u: of these %u bits %s agrees in the "
		    "first %u only", SLICE_ARG(n->term), SLICE_ARG(n->domain), ip_text(&n->network, network),
		    n->bits, n->bits, address, n->common);
}

void spf_run_trace_networks(struct spf_run *r, const struct spf_record *record, struct slice domain,
    size_t step)
{
	const char *from = step == 0 ? record->terms.ptr :
	    record->steps[step - 1].text.ptr + record->steps[step - 1].text.len;
	const char *to = step == record->step_count ? record->terms.ptr + record->terms.len :
	    record->steps[step].text.ptr;
	struct cursor c = cursor_of(slice_between(from, to));
	struct spf_term t;

	while (r->set.trace != NULL && spf_record_next(&c, &t))
		if (t.kind == SPF_IP4 || t.kind == SPF_IP6) {
			spf_run_trace_term(r, &t, "no match");
			spf_run_trace_address(r, &t, domain, &t.network);
		}
}

static const char *type_text(enum dns_type type)
{
	switch (type) {
	case DNS_A:
		return "A";
	case DNS_AAAA:
		return "AAAA";
	case DNS_MX:
		return "MX";
	case DNS_PTR:
		return "PTR";
	default:
		return "TXT";
	}
}

static void add_record_text(struct buf *b, const struct dns_record *record)
{
	char address[IP_TEXT_SIZE];

	buf_add_char(b, ' ');
	if (record->ip.family != IP_NONE)
		buf_add_str(b, ip_text(&record->ip, address));
	else
		buf_add(b, record->text);
}

void spf_run_trace_answer(struct spf_run *r, struct slice name, enum dns_type type,
    const struct dns_answer *answer)
{
	struct buf found = BUF_INIT(LIMIT_SPF_RECORD);

	if (answer->status != DNS_FOUND)
		buf_addf(&found, " %s", dns_status_text(answer->status));
	for (size_t i = 0; i < answer->count && type != DNS_TXT; i++)
		add_record_text(&found, &answer->records[i]);
	spf_run_trace(r, "    %s %.*s:%s", type_text(type), SLICE_ARG(name), buf_cstr(&found));
	buf_free(&found);
}

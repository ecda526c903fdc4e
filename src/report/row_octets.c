/*
 * The octets of a row.  Numbers are one octet; a text is its length in one octet and its octets.
 *
 *     encoded = day (8 octets, the highest first), aligned, domain, length of policy (2 octets), policy, tuple
 *     policy  = POLICY_VERSION, discovery, several records, the record's text up to the end
 *     tuple   = flags, disposition, address family, address, header_from, envelope_from, envelope_to,
 *               number of reasons, { type, comment }, spf domain, spf result,
 *               number of signatures, { domain, selector, result, human_result }
 */
#include "base/cursor.h"
#include "base/limits.h"

#include "octets.h"

#include "report/row.h"

enum flag { FLAG_DKIM_ALIGNED = 1, FLAG_SPF_ALIGNED = 2, FLAG_OVERFLOW = 4 };

_Static_assert(LIMIT_SIGNATURE_FIELDS <= 255, "a number is one octet");

/* --- writing -------------------------------------------------------------------------------------- */

static size_t address_octets(unsigned family)
{
	return family == IP_V4 ? 4 : family == IP_V6 ? 16 : 0;
}

/* Those that were verified come first and fit; what stops at the ceiling are those that were not. */
static void put_signatures(struct buf *out, const struct report_row *row)
{
	size_t count_at = out->len, limit = out->len + LIMIT_REPORT_SIGNATURES;
	unsigned count = 0;

	octets_put(out, 0);
	while (count < row->dkim_count && count < LIMIT_SIGNATURE_FIELDS && out->len < limit) {
		const struct report_dkim *d = &row->dkim[count++];

		octets_put_text(out, d->domain);
		octets_put_text(out, d->selector);
		octets_put(out, d->result);
		octets_put_text(out, d->human_result);
	}
	if (!buf_failed(out))
		out->ptr[count_at] = (char)(unsigned char)count;
}

static unsigned flags_of(const struct report_row *row)
{
	return (row->dkim_aligned ? FLAG_DKIM_ALIGNED : 0u) | (row->spf_aligned ? FLAG_SPF_ALIGNED : 0u) |
	    (row->overflow ? FLAG_OVERFLOW : 0u);
}

static void put_tuple(struct buf *out, const struct report_row *row)
{
	size_t reasons = row->reason_count < LIMIT_REPORT_REASONS ? row->reason_count : LIMIT_REPORT_REASONS;

	octets_put(out, flags_of(row));
	octets_put(out, row->disposition);
	octets_put(out, row->source.family);
	buf_add(out, slice_of((const char *)row->source.octets, address_octets(row->source.family)));
	octets_put_text(out, row->header_from);
	octets_put_text(out, row->envelope_from);
	octets_put_text(out, row->envelope_to);
	octets_put(out, (unsigned)reasons);
	for (size_t i = 0; i < reasons; i++) {
		octets_put(out, row->reasons[i].type);
		octets_put_text(out, row->reasons[i].comment);
	}
	octets_put_text(out, row->spf.domain);
	octets_put(out, row->spf.result);
	put_signatures(out, row);
}

void report_row_encode(const struct report_row *row, struct buf *out)
{
	octets_put_time(out, row->day);
	octets_put(out, row->dkim_aligned || row->spf_aligned);
	octets_put_text(out, row->policy.domain);
	octets_put_policy(out, &row->policy);
	put_tuple(out, row);
}

/* --- reading -------------------------------------------------------------------------------------- */

bool report_row_split(struct slice encoded, struct row_octets *out)
{
	struct octets_reader r = { cursor_of(encoded), false };

	out->day = octets_get_time(&r);
	out->aligned = octets_get(&r, 2) != 0;
	out->domain = octets_get_text(&r);
	out->policy = octets_get_long(&r);
	out->tuple = cursor_rest(&r.c);
	return !r.bad && out->domain.len > 0 && out->tuple.len > 0;
}

static void get_source(struct octets_reader *r, struct ip *out)
{
	struct slice octets;

	out->family = (enum ip_family)octets_get(r, IP_V6 + 1);
	octets = octets_take(r, address_octets(out->family));
	memcpy(out->octets, octets.len == 0 ? "" : octets.ptr, octets.len);
}

static void get_reasons(struct arena *a, struct octets_reader *r, struct report_row *out)
{
	out->reason_count = octets_get(r, LIMIT_REPORT_REASONS + 1);
	out->reasons = arena_new_array(a, out->reason_count + 1, struct report_reason);
	for (size_t i = 0; out->reasons != NULL && i < out->reason_count; i++) {
		out->reasons[i].type = (enum override_type)octets_get(r, OVERRIDE_TRUSTED_FORWARDER + 1);
		out->reasons[i].comment = octets_get_text(r);
	}
}

static void get_signatures(struct arena *a, struct octets_reader *r, struct report_row *out)
{
	out->dkim_count = octets_get(r, LIMIT_SIGNATURE_FIELDS + 1);
	out->dkim = arena_new_array(a, out->dkim_count + 1, struct report_dkim);
	for (size_t i = 0; out->dkim != NULL && i < out->dkim_count; i++) {
		out->dkim[i].domain = octets_get_text(r);
		out->dkim[i].selector = octets_get_text(r);
		out->dkim[i].result = (enum auth_result)octets_get(r, AUTH_PERMERROR + 1);
		out->dkim[i].human_result = octets_get_text(r);
	}
}

static void get_tuple(struct arena *a, struct octets_reader *r, struct report_row *out)
{
	unsigned flags = octets_get(r, (FLAG_DKIM_ALIGNED | FLAG_SPF_ALIGNED | FLAG_OVERFLOW) + 1);

	out->dkim_aligned = (flags & FLAG_DKIM_ALIGNED) != 0;
	out->spf_aligned = (flags & FLAG_SPF_ALIGNED) != 0;
	out->overflow = (flags & FLAG_OVERFLOW) != 0;
	out->disposition = (enum disposition)octets_get(r, DISPOSITION_REJECT + 1);
	get_source(r, &out->source);
	out->header_from = octets_get_text(r);
	out->envelope_from = octets_get_text(r);
	out->envelope_to = octets_get_text(r);
	get_reasons(a, r, out);
	out->spf.domain = octets_get_text(r);
	out->spf.result = (enum auth_result)octets_get(r, AUTH_PERMERROR + 1);
	get_signatures(a, r, out);
	r->bad |= !cursor_done(&r->c);
}

bool report_row_decode(struct arena *a, const struct row_octets *octets, struct report_row *out)
{
	struct octets_reader policy = { cursor_of(octets->policy), false }, tuple = { cursor_of(octets->tuple), false };

	*out = (struct report_row){ .day = octets->day, .policy.domain = octets->domain };
	octets_get_policy(&policy, &out->policy);
	get_tuple(a, &tuple, out);
	return !policy.bad && !tuple.bad && !arena_failed(a);
}

bool report_row_overflow(struct arena *a, const struct row_octets *octets, struct slice *tuple_out)
{
	struct report_row row, kept;
	struct buf tuple = BUF_INIT(1024);

	if (!report_row_decode(a, octets, &row))
		return false;
	kept = (struct report_row){ .overflow = true, .header_from = octets->domain,
		.disposition = row.disposition, .dkim_aligned = row.dkim_aligned, .spf_aligned = row.spf_aligned };
	put_tuple(&tuple, &kept);
	*tuple_out = arena_take_buf(a, &tuple);
	return !slice_is_null(*tuple_out);
}

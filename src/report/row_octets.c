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

#include "report/row.h"

#define POLICY_VERSION 1

enum flag { FLAG_DKIM_ALIGNED = 1, FLAG_SPF_ALIGNED = 2, FLAG_OVERFLOW = 4 };

_Static_assert(LIMIT_REPORT_FIELD <= 255 && LIMIT_SIGNATURE_FIELDS <= 255, "a length is one octet");

/* --- writing -------------------------------------------------------------------------------------- */

static void put(struct buf *out, unsigned number)
{
	buf_add_char(out, (char)(unsigned char)number);
}

static void put_text(struct buf *out, struct slice text)
{
	text = slice_take(text, LIMIT_REPORT_FIELD);
	put(out, (unsigned)text.len);
	buf_add(out, text);
}

static void put_policy(struct buf *out, const struct report_policy *p)
{
	struct slice text = slice_take(p->text, LIMIT_REPORT_RECORD);
	size_t len = text.len + 3;

	put(out, (unsigned)(len >> 8));
	put(out, (unsigned)(len & 0xff));
	put(out, POLICY_VERSION);
	put(out, p->discovery);
	put(out, p->several_records);
	buf_add(out, text);
}

static size_t address_octets(unsigned family)
{
	return family == IP_V4 ? 4 : family == IP_V6 ? 16 : 0;
}

/* Those that were verified come first and fit; what stops at the ceiling are those that were not. */
static void put_signatures(struct buf *out, const struct report_row *row)
{
	size_t count_at = out->len, limit = out->len + LIMIT_REPORT_SIGNATURES;
	unsigned count = 0;

	put(out, 0);
	while (count < row->dkim_count && count < LIMIT_SIGNATURE_FIELDS && out->len < limit) {
		const struct report_dkim *d = &row->dkim[count++];

		put_text(out, d->domain);
		put_text(out, d->selector);
		put(out, d->result);
		put_text(out, d->human_result);
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

	put(out, flags_of(row));
	put(out, row->disposition);
	put(out, row->source.family);
	buf_add(out, slice_of((const char *)row->source.octets, address_octets(row->source.family)));
	put_text(out, row->header_from);
	put_text(out, row->envelope_from);
	put_text(out, row->envelope_to);
	put(out, (unsigned)reasons);
	for (size_t i = 0; i < reasons; i++) {
		put(out, row->reasons[i].type);
		put_text(out, row->reasons[i].comment);
	}
	put_text(out, row->spf.domain);
	put(out, row->spf.result);
	put_signatures(out, row);
}

void report_row_encode(const struct report_row *row, struct buf *out)
{
	for (int shift = 56; shift >= 0; shift -= 8)
		put(out, (unsigned)((uint64_t)row->day >> shift & 0xff));
	put(out, row->dkim_aligned || row->spf_aligned);
	put_text(out, row->policy.domain);
	put_policy(out, &row->policy);
	put_tuple(out, row);
}

/* --- reading: what is not there makes the reader bad, and is looked for once, at the end ----------------- */

struct reader {
	struct cursor c;
	bool bad;
};

static struct slice take(struct reader *r, size_t len)
{
	struct slice taken = slice_take(cursor_rest(&r->c), len);

	r->bad |= taken.len < len;
	r->c.at += taken.len;
	return taken;
}

/* A number below limit. */
static unsigned get(struct reader *r, unsigned limit)
{
	struct slice octet = take(r, 1);
	unsigned number = octet.len == 0 ? 0 : (unsigned char)octet.ptr[0];

	r->bad |= number >= limit;
	return number >= limit ? 0 : number;
}

static struct slice get_text(struct reader *r)
{
	return take(r, get(r, 256));
}

bool report_row_split(struct slice encoded, struct row_octets *out)
{
	struct reader r = { cursor_of(encoded), false };
	uint64_t day = 0;
	size_t len;

	for (int i = 0; i < 8; i++)
		day = day << 8 | get(&r, 256);
	out->day = (int64_t)day;
	out->aligned = get(&r, 2) != 0;
	out->domain = get_text(&r);
	len = (size_t)get(&r, 256) << 8;
	len |= get(&r, 256);
	out->policy = take(&r, len);
	out->tuple = cursor_rest(&r.c);
	return !r.bad && out->domain.len > 0 && out->tuple.len > 0;
}

static void get_policy(struct reader *r, struct report_policy *out)
{
	r->bad |= get(r, 256) != POLICY_VERSION;
	out->discovery = (enum dmarc_discovery)get(r, DMARC_DISCOVERY_PSL + 1);
	out->several_records = get(r, 2) != 0;
	out->text = cursor_rest(&r->c);
	r->bad |= dmarc_record_parse(out->text, &out->record) != DMARC_RECORD_OK;
}

static void get_source(struct reader *r, struct ip *out)
{
	struct slice octets;

	out->family = (enum ip_family)get(r, IP_V6 + 1);
	octets = take(r, address_octets(out->family));
	memcpy(out->octets, octets.len == 0 ? "" : octets.ptr, octets.len);
}

static void get_reasons(struct arena *a, struct reader *r, struct report_row *out)
{
	out->reason_count = get(r, LIMIT_REPORT_REASONS + 1);
	out->reasons = arena_new_array(a, out->reason_count + 1, struct report_reason);
	for (size_t i = 0; out->reasons != NULL && i < out->reason_count; i++) {
		out->reasons[i].type = (enum override_type)get(r, OVERRIDE_TRUSTED_FORWARDER + 1);
		out->reasons[i].comment = get_text(r);
	}
}

static void get_signatures(struct arena *a, struct reader *r, struct report_row *out)
{
	out->dkim_count = get(r, LIMIT_SIGNATURE_FIELDS + 1);
	out->dkim = arena_new_array(a, out->dkim_count + 1, struct report_dkim);
	for (size_t i = 0; out->dkim != NULL && i < out->dkim_count; i++) {
		out->dkim[i].domain = get_text(r);
		out->dkim[i].selector = get_text(r);
		out->dkim[i].result = (enum auth_result)get(r, AUTH_PERMERROR + 1);
		out->dkim[i].human_result = get_text(r);
	}
}

static void get_tuple(struct arena *a, struct reader *r, struct report_row *out)
{
	unsigned flags = get(r, (FLAG_DKIM_ALIGNED | FLAG_SPF_ALIGNED | FLAG_OVERFLOW) + 1);

	out->dkim_aligned = (flags & FLAG_DKIM_ALIGNED) != 0;
	out->spf_aligned = (flags & FLAG_SPF_ALIGNED) != 0;
	out->overflow = (flags & FLAG_OVERFLOW) != 0;
	out->disposition = (enum disposition)get(r, DISPOSITION_REJECT + 1);
	get_source(r, &out->source);
	out->header_from = get_text(r);
	out->envelope_from = get_text(r);
	out->envelope_to = get_text(r);
	get_reasons(a, r, out);
	out->spf.domain = get_text(r);
	out->spf.result = (enum auth_result)get(r, AUTH_PERMERROR + 1);
	get_signatures(a, r, out);
	r->bad |= !cursor_done(&r->c);
}

bool report_row_decode(struct arena *a, const struct row_octets *octets, struct report_row *out)
{
	struct reader policy = { cursor_of(octets->policy), false }, tuple = { cursor_of(octets->tuple), false };

	*out = (struct report_row){ .day = octets->day, .policy.domain = octets->domain };
	get_policy(&policy, &out->policy);
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

#include "base/limits.h"

#include "octets.h"

#define POLICY_VERSION 1

_Static_assert(LIMIT_REPORT_FIELD <= 255, "a length is one octet");

/* --- writing -------------------------------------------------------------------------------------- */

void octets_put(struct buf *out, unsigned number)
{
	buf_add_char(out, (char)(unsigned char)number);
}

void octets_put_time(struct buf *out, int64_t number)
{
	for (int shift = 56; shift >= 0; shift -= 8)
		octets_put(out, (unsigned)((uint64_t)number >> shift & 0xff));
}

void octets_put_text(struct buf *out, struct slice text)
{
	text = slice_take(text, LIMIT_REPORT_FIELD);
	octets_put(out, (unsigned)text.len);
	buf_add(out, text);
}

static void put_length(struct buf *out, size_t len)
{
	octets_put(out, (unsigned)(len >> 8));
	octets_put(out, (unsigned)(len & 0xff));
}

void octets_put_long(struct buf *out, struct slice text)
{
	text = slice_take(text, 65535);
	put_length(out, text.len);
	buf_add(out, text);
}

void octets_put_policy(struct buf *out, const struct report_policy *p)
{
	struct slice text = slice_take(p->text, LIMIT_REPORT_RECORD);

	put_length(out, text.len + 3);
	octets_put(out, POLICY_VERSION);
	octets_put(out, p->discovery);
	octets_put(out, p->several_records);
	buf_add(out, text);
}

/* --- reading -------------------------------------------------------------------------------------- */

struct slice octets_take(struct octets_reader *r, size_t len)
{
	struct slice taken = slice_take(cursor_rest(&r->c), len);

	r->bad |= taken.len < len;
	r->c.at += taken.len;
	return taken;
}

unsigned octets_get(struct octets_reader *r, unsigned limit)
{
	struct slice octet = octets_take(r, 1);
	unsigned number = octet.len == 0 ? 0 : (unsigned char)octet.ptr[0];

	r->bad |= number >= limit;
	return number >= limit ? 0 : number;
}

int64_t octets_get_time(struct octets_reader *r)
{
	uint64_t number = 0;

	for (int i = 0; i < 8; i++)
		number = number << 8 | octets_get(r, 256);
	return (int64_t)number;
}

struct slice octets_get_text(struct octets_reader *r)
{
	return octets_take(r, octets_get(r, 256));
}

struct slice octets_get_long(struct octets_reader *r)
{
	size_t len = (size_t)octets_get(r, 256) << 8;

	len |= octets_get(r, 256);
	return octets_take(r, len);
}

void octets_get_policy(struct octets_reader *r, struct report_policy *out)
{
	r->bad |= octets_get(r, 256) != POLICY_VERSION;
	out->discovery = (enum dmarc_discovery)octets_get(r, DMARC_DISCOVERY_PSL + 1);
	out->several_records = octets_get(r, 2) != 0;
	out->text = cursor_rest(&r->c);
	r->bad |= dmarc_record_parse(out->text, &out->record) != DMARC_RECORD_OK;
}

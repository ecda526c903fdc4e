#include <stdlib.h>

#include "base/limits.h"

#include "dns/name.h"

#include "dns/answer.h"

/* Records looked at in one section: what may be kept and the links that lead there. */
#define SECTION_RECORDS (LIMIT_DNS_RECORDS + LIMIT_CNAME_CHAIN)

struct dns_answer *dns_answer_new(enum dns_status status, size_t count, size_t text_octets,
    char **text_out)
{
	size_t records = count * sizeof(struct dns_record);
	struct dns_answer *a;

	if (count > LIMIT_DNS_RECORDS || text_octets > SIZE_MAX - sizeof(*a) - records)
		return NULL;
	a = calloc(1, sizeof(*a) + records + text_octets);
	if (a == NULL)
		return NULL;
	a->status = status;
	a->count = count;
	a->records = (struct dns_record *)(a + 1);
	if (text_out != NULL)
		*text_out = (char *)(a->records + count);
	return a;
}

/* --- reading: straight through, asked once at the end ----------------------------------------- */

struct reader {
	struct slice packet;
	size_t at;
	bool bad;
};

static bool reader_has(struct reader *r, size_t n)
{
	if (r->bad || n > r->packet.len - r->at)
		r->bad = true;
	return !r->bad;
}

static unsigned read_u8(struct reader *r)
{
	return reader_has(r, 1) ? (unsigned char)r->packet.ptr[r->at++] : 0;
}

static unsigned read_u16(struct reader *r)
{
	unsigned high = read_u8(r);

	return high << 8 | read_u8(r);
}

static uint32_t read_u32(struct reader *r)
{
	uint32_t high = read_u16(r);

	return high << 16 | read_u16(r);
}

/* RFC 2181 section 8: a TTL with the first bit set is 0. */
static uint32_t read_ttl(struct reader *r)
{
	uint32_t ttl = read_u32(r);

	return ttl > INT32_MAX ? 0 : ttl;
}

static void read_name(struct reader *r, struct name *name)
{
	if (r->bad || !name_from_wire(r->packet, &r->at, name)) {
		r->bad = true;
		name->len = 0;
		name->text[0] = '\0';
	}
}

struct rr {
	struct name owner;
	unsigned type, class;
	uint32_t ttl;
	size_t at, len; /* of the rdata */
};

static bool read_rr(struct reader *r, struct rr *rr)
{
	read_name(r, &rr->owner);
	rr->type = read_u16(r);
	rr->class = read_u16(r);
	rr->ttl = read_ttl(r);
	rr->len = read_u16(r);
	rr->at = r->at;
	if (reader_has(r, rr->len))
		r->at += rr->len;
	return !r->bad;
}

/* --- rdata ------------------------------------------------------------------------------------ */

static void draft_text(struct answer_draft *d, struct dns_record *record, struct slice text)
{
	buf_add(&d->text, text);
	buf_add_char(&d->text, '\0');
	record->text.len += text.len;
}

static bool add_address(struct answer_draft *d, struct reader *r, struct dns_record *record)
{
	record->ip.family = d->type == DNS_A ? IP_V4 : IP_V6;
	for (unsigned i = 0; i < ip_width(&record->ip) / 8; i++)
		record->ip.octets[i] = (unsigned char)read_u8(r);
	return true;
}

static bool add_name(struct answer_draft *d, struct reader *r, struct dns_record *record)
{
	struct name name;

	if (d->type == DNS_MX)
		record->preference = (uint16_t)read_u16(r);
	read_name(r, &name);
	draft_text(d, record, slice_of(name.text, name.len));
	return true;
}

/* RFC 1035 section 3.3.14: one or more character-strings; they are joined (RFC 7208 section 3.3) */
static bool add_strings(struct answer_draft *d, struct reader *r, struct dns_record *record)
{
	size_t start = d->text.len;

	do {
		size_t n = read_u8(r);

		if (!reader_has(r, n))
			return false;
		buf_add(&d->text, slice_of(r->packet.ptr + r->at, n));
		r->at += n;
	} while (r->at < r->packet.len);
	record->text.len = d->text.len - start;
	buf_add_char(&d->text, '\0');
	return true;
}

static bool add_rdata(struct answer_draft *d, struct reader *r, struct dns_record *record)
{
	switch (d->type) {
	case DNS_A:
	case DNS_AAAA:
		return add_address(d, r, record);
	case DNS_NS:
	case DNS_PTR:
	case DNS_MX:
		return add_name(d, r, record);
	case DNS_TXT:
		return add_strings(d, r, record);
	}
	return false;
}

static bool draft_room(struct answer_draft *d)
{
	size_t want = d->cap == 0 ? 4 : d->cap * 2;
	struct dns_record *p;

	if (d->count < d->cap)
		return true;
	p = realloc(d->records, want * sizeof(*p));
	if (p == NULL) {
		d->failed = true;
		return false;
	}
	d->records = p;
	d->cap = want;
	return true;
}

void answer_begin(struct answer_draft *d, enum dns_type type)
{
	*d = (struct answer_draft){ .type = type, .text = BUF_INIT(LIMIT_DNS_ANSWER) };
}

bool answer_add(struct answer_draft *d, struct slice packet, size_t at, size_t len)
{
	/* what lies behind the rdata is out of reach, what lies before may be pointed to */
	struct reader r = { .packet = slice_take(packet, at + len), .at = at };
	struct dns_record record = { .preference = 0 };
	size_t mark = d->text.len;

	if (!add_rdata(d, &r, &record) || r.bad || r.at != r.packet.len) {
		buf_truncate(&d->text, mark);
		return false;
	}
	d->failed = d->failed || buf_failed(&d->text);
	if (d->count < LIMIT_DNS_RECORDS && draft_room(d))
		d->records[d->count++] = record;
	else
		buf_truncate(&d->text, mark);
	return true;
}

struct dns_answer *answer_end(struct answer_draft *d, enum dns_status status)
{
	struct dns_answer *a = NULL;
	char *text;

	if (!d->failed)
		a = dns_answer_new(status, d->count, d->text.len, &text);
	for (size_t i = 0; a != NULL && i < d->count; i++) {
		a->records[i] = d->records[i];
		if (d->type == DNS_A || d->type == DNS_AAAA)
			continue;
		a->records[i].text.ptr = text;
		text += d->records[i].text.len + 1;
	}
	if (a != NULL && d->text.len > 0)
		memcpy((char *)(a->records + a->count), d->text.ptr, d->text.len);
	free(d->records);
	buf_free(&d->text);
	answer_begin(d, d->type);
	return a;
}

/* --- the packet ------------------------------------------------------------------------------- */

struct response {
	struct slice packet;
	unsigned flags;
	unsigned questions, answers, authorities;
	size_t answers_at, authorities_at;
	bool referral;
	uint32_t ttl; /* the smallest so far */
};

static void note_ttl(struct response *p, uint32_t ttl)
{
	if (ttl < p->ttl)
		p->ttl = ttl;
}

/* The header and our own question, or it is no answer to us. */
static bool read_head(struct response *p, const char *name, enum dns_type type)
{
	struct reader r = { .packet = p->packet };
	struct name asked;

	read_u16(&r); /* the id was checked by whoever received the packet */
	p->flags = read_u16(&r);
	p->questions = read_u16(&r);
	p->answers = read_u16(&r);
	p->authorities = read_u16(&r);
	read_u16(&r);
	if (p->questions != 1)
		return false;
	read_name(&r, &asked);
	if (read_u16(&r) != (unsigned)type || read_u16(&r) != DNS_CLASS_IN || r.bad)
		return false;
	p->answers_at = r.at;
	return strcmp(asked.text, name) == 0 && (p->flags & DNS_FLAG_RESPONSE) != 0 &&
	    (p->flags & (DNS_FLAG_OPCODE | DNS_FLAG_TRUNCATED)) == 0;
}

/*
 * One look through the answer section for what belongs to owner.  *alias becomes the target of its
 * CNAME; when it has none, alias stays as it was and *linked false.
 */
static bool scan_answers(struct response *p, const struct name *owner, struct answer_draft *d,
    struct name *alias, bool *linked)
{
	struct reader r = { .packet = p->packet, .at = p->answers_at };
	struct rr rr;

	*linked = false;
	for (unsigned i = 0; i < p->answers && i < SECTION_RECORDS; i++) {
		if (!read_rr(&r, &rr))
			return false;
		if (rr.class != DNS_CLASS_IN || strcmp(rr.owner.text, owner->text) != 0)
			continue;
		if (rr.type == (unsigned)d->type) {
			if (!answer_add(d, p->packet, rr.at, rr.len))
				return false;
			note_ttl(p, rr.ttl);
		} else if (rr.type == DNS_TYPE_CNAME && !*linked) {
			size_t at = rr.at;

			if (!name_from_wire(p->packet, &at, alias) || at != rr.at + rr.len)
				return false;
			note_ttl(p, rr.ttl);
			*linked = true;
		}
	}
	p->authorities_at = r.at;
	return true;
}

/* From the name asked for along its CNAMEs to the records; no records is not an error here. */
static bool follow(struct response *p, const char *name, struct answer_draft *d)
{
	struct name owner = { .len = strlen(name) }, alias;
	bool linked;

	memcpy(owner.text, name, owner.len + 1);
	for (unsigned links = 0; links <= LIMIT_CNAME_CHAIN; links++) {
		if (!scan_answers(p, &owner, d, &alias, &linked))
			return false;
		if (d->count > 0 || !linked)
			return true;
		owner = alias;
	}
	return false;
}

/*
 * RFC 2308 section 5: a negative answer lives for the smaller of the SOA's TTL and its MINIMUM.
 * Section 2.2: name servers without a SOA are a referral, which says nothing about the name.
 * false: malformed.
 */
static bool read_authority(struct response *p)
{
	struct reader r = { .packet = p->packet, .at = p->authorities_at };
	struct name skipped;
	struct rr rr;

	for (unsigned i = 0; i < p->authorities && i < SECTION_RECORDS; i++) {
		if (!read_rr(&r, &rr))
			return false;
		if (rr.class == DNS_CLASS_IN && rr.type == DNS_TYPE_SOA) {
			struct reader soa = { .packet = slice_take(p->packet, rr.at + rr.len), .at = rr.at };

			p->referral = false;
			read_name(&soa, &skipped);
			read_name(&soa, &skipped);
			for (int field = 0; field < 4; field++)
				read_u32(&soa);
			note_ttl(p, rr.ttl);
			note_ttl(p, read_ttl(&soa));
			return !soa.bad;
		}
		p->referral = p->referral || rr.type == DNS_NS;
	}
	p->ttl = 0;
	return true;
}

static enum dns_status judge(struct response *p, const char *name, struct answer_draft *d)
{
	unsigned rcode = p->flags & DNS_FLAG_RCODE;

	if (rcode != DNS_RCODE_NOERROR && rcode != DNS_RCODE_NXDOMAIN)
		return DNS_SERVFAIL;
	if (!follow(p, name, d))
		return DNS_SERVFAIL;
	if (d->count > 0)
		return rcode == DNS_RCODE_NOERROR ? DNS_FOUND : DNS_SERVFAIL;
	if (p->answers > SECTION_RECORDS || !read_authority(p))
		return DNS_SERVFAIL;
	if (p->referral && rcode == DNS_RCODE_NOERROR)
		return DNS_SERVFAIL;
	return rcode == DNS_RCODE_NOERROR ? DNS_NODATA : DNS_NXDOMAIN;
}

struct dns_answer *answer_parse(struct slice packet, const char *name, enum dns_type type)
{
	struct response p = { .packet = packet, .ttl = UINT32_MAX };
	enum dns_status status = DNS_SERVFAIL;
	struct answer_draft d;
	struct dns_answer *a;

	answer_begin(&d, type);
	if (packet.len <= LIMIT_DNS_ANSWER && read_head(&p, name, type))
		status = judge(&p, name, &d);
	if (status != DNS_FOUND)
		d.count = d.text.len = 0;
	a = answer_end(&d, status);
	if (a == NULL)
		return NULL;
	a->rcode = (int)(p.flags & DNS_FLAG_RCODE);
	a->authentic = status != DNS_SERVFAIL && (p.flags & DNS_FLAG_AUTHENTIC) != 0;
	a->ttl = status == DNS_SERVFAIL ? 0 : p.ttl;
	return a;
}

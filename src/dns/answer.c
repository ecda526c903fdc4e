#include <stdlib.h>

#include "base/limits.h"

#include "dns/name.h"

#include "dns/answer.h"

/* Records of the answer section: what may be kept and the links that lead there. */
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
	rr->ttl = read_u32(r);
	rr->len = read_u16(r);
	rr->at = r->at;
	if (reader_has(r, rr->len))
		r->at += rr->len;
	return !r->bad;
}

/* --- rdata ------------------------------------------------------------------------------------ */

/* Names grow when pointers are followed and octets escaped. */
static bool has_text_room(struct answer_draft *d, size_t octets)
{
	if (octets >= LIMIT_DNS_ANSWER - d->text.len)
		d->too_much = true;
	return !d->too_much;
}

static void draft_text(struct answer_draft *d, struct dns_record *record, struct slice text)
{
	if (!has_text_room(d, text.len))
		return;
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

	if (!has_text_room(d, r->packet.len - r->at))
		return true;
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
	case DNS_CNAME:
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
	/* what follows the rdata is out of reach, what precedes it may be pointed to */
	struct reader r = { .packet = slice_take(packet, at + len), .at = at };
	struct dns_record record = { .preference = 0 };
	size_t mark = d->text.len;

	d->too_much = d->too_much || d->count == LIMIT_DNS_RECORDS;
	if (d->too_much)
		return true;
	if (!add_rdata(d, &r, &record) || r.bad || (r.at != r.packet.len && !d->too_much)) {
		buf_truncate(&d->text, mark);
		return false;
	}
	d->failed = d->failed || buf_failed(&d->text);
	if (!d->too_much && draft_room(d))
		d->records[d->count++] = record;
	return true;
}

struct dns_answer *answer_end(struct answer_draft *d, enum dns_status status)
{
	struct dns_answer *a = NULL;
	char *text;

	if (d->too_much)
		status = DNS_SERVFAIL;
	if (status != DNS_FOUND)
		d->count = d->text.len = 0;
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
	unsigned rcode; /* of the header, and of the OPT record once that was read */
	unsigned answers, authorities, additionals;
	size_t answers_at, authorities_at;
	unsigned links; /* CNAMEs followed */
	bool soa, referral;
	uint32_t ttl;   /* the smallest so far */
};

/* RFC 2181 section 8: a TTL with the first bit set is 0. */
static void note_ttl(struct response *p, uint32_t ttl)
{
	if (ttl > INT32_MAX)
		ttl = 0;
	if (ttl < p->ttl)
		p->ttl = ttl;
}

/* The header and our own question; otherwise it is not an answer to us. */
static bool read_head(struct response *p, const char *name, enum dns_type type)
{
	struct reader r = { .packet = p->packet };
	struct name asked;
	unsigned questions;

	read_u16(&r); /* the id was checked on receipt */
	p->flags = read_u16(&r);
	p->rcode = p->flags & DNS_FLAG_RCODE;
	questions = read_u16(&r);
	p->answers = read_u16(&r);
	p->authorities = read_u16(&r);
	p->additionals = read_u16(&r);
	if (questions != 1)
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
	for (unsigned i = 0; i < p->answers; i++) {
		if (!read_rr(&r, &rr))
			return false;
		if (rr.class != DNS_CLASS_IN || strcmp(rr.owner.text, owner->text) != 0)
			continue;
		if (rr.type == (unsigned)d->type) { /* an alias that was asked for is not followed */
			if (!answer_add(d, p->packet, rr.at, rr.len))
				return false;
			note_ttl(p, rr.ttl);
		} else if (rr.type == DNS_CNAME && !*linked) {
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
	for (p->links = 0; p->links <= LIMIT_CNAME_CHAIN; p->links++) {
		if (!scan_answers(p, &owner, d, &alias, &linked))
			return false;
		if (d->count > 0 || !linked)
			return true;
		owner = alias;
	}
	return false;
}

/* RFC 2308 section 5: a negative answer lives for the smaller of the SOA's TTL and its MINIMUM. */
static bool read_soa(struct response *p, const struct rr *rr)
{
	struct reader r = { .packet = slice_take(p->packet, rr->at + rr->len), .at = rr->at };
	struct name skipped;

	read_name(&r, &skipped);
	read_name(&r, &skipped);
	for (int field = 0; field < 4; field++)
		read_u32(&r);
	note_ttl(p, rr->ttl);
	note_ttl(p, read_u32(&r));
	p->soa = true;
	return !r.bad;
}

/* The sections after the answers, which explain a negative answer.  false: malformed. */
static bool read_rest(struct response *p)
{
	struct reader r = { .packet = p->packet, .at = p->authorities_at };
	struct rr rr;

	for (unsigned i = 0; i < p->authorities + p->additionals; i++) {
		bool authority = i < p->authorities;

		if (!read_rr(&r, &rr))
			return false;
		if (!authority && rr.type == DNS_TYPE_OPT)
			p->rcode |= rr.ttl >> 24 << 4; /* RFC 6891 section 6.1.3: BADVERS and others */
		if (!authority || rr.class != DNS_CLASS_IN)
			continue;
		p->referral = p->referral || rr.type == DNS_NS;
		if (rr.type == DNS_TYPE_SOA && !p->soa && !read_soa(p, &rr))
			return false;
	}
	return true;
}

/*
 * RFC 2308 section 2.2: name servers without a SOA are a referral, which says nothing about the
 * name; nor does a CNAME whose target is left out without a SOA that explains it.
 */
static bool is_complete(const struct response *p)
{
	return p->soa || p->rcode == DNS_RCODE_NXDOMAIN || (!p->referral && p->links == 0);
}

static enum dns_status judge(struct response *p, const char *name, struct answer_draft *d)
{
	if (p->rcode != DNS_RCODE_NOERROR && p->rcode != DNS_RCODE_NXDOMAIN)
		return DNS_SERVFAIL;
	if (p->answers > SECTION_RECORDS || !follow(p, name, d))
		return DNS_SERVFAIL;
	if (d->count > 0)
		return p->rcode == DNS_RCODE_NOERROR ? DNS_FOUND : DNS_SERVFAIL;
	if (!read_rest(p) || !is_complete(p))
		return DNS_SERVFAIL;
	if (!p->soa)
		p->ttl = 0;
	if (p->rcode == DNS_RCODE_NXDOMAIN)
		return DNS_NXDOMAIN;
	return p->rcode == DNS_RCODE_NOERROR ? DNS_NODATA : DNS_SERVFAIL;
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
	a = answer_end(&d, status);
	if (a == NULL)
		return NULL;
	a->rcode = (int)p.rcode;
	a->authentic = a->status != DNS_SERVFAIL && (p.flags & DNS_FLAG_AUTHENTIC) != 0;
	a->ttl = a->status == DNS_SERVFAIL ? 0 : p.ttl;
	return a;
}

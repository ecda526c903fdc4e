#include <stdio.h>

#include "dnsreply.h"

#define FLAG_AVAILABLE 0x0080u /* recursion */
#define FLAGS_KEPT     0x7910u /* opcode, RD, CD */

static unsigned u16(struct slice s, size_t at)
{
	return (unsigned)(unsigned char)s.ptr[at] << 8 | (unsigned char)s.ptr[at + 1];
}

bool dnsreply_read(struct slice packet, struct dnsrequest *q)
{
	size_t at = 12;

	*q = (struct dnsrequest){ .opcode = 0 };
	if (packet.len < 12 || (u16(packet, 2) & DNS_FLAG_RESPONSE) != 0 || u16(packet, 4) != 1)
		return false;
	if (!name_from_wire(packet, &at, &q->name) || at + 4 > packet.len)
		return false;
	q->flags = u16(packet, 2);
	q->opcode = q->flags >> 11 & 15;
	q->class = u16(packet, at + 2);
	q->question_end = at + 4;
	q->seen.id = (uint16_t)u16(packet, 0);
	q->seen.type = u16(packet, at);
	q->seen.recursion = (q->flags & DNS_FLAG_RECURSION) != 0;
	q->seen.authentic = (q->flags & DNS_FLAG_AUTHENTIC) != 0;
	snprintf(q->seen.name, sizeof(q->seen.name), "%.255s", q->name.text);
	at += 4;
	if (u16(packet, 10) == 1 && at + 11 <= packet.len && packet.ptr[at] == 0 &&
	    u16(packet, at + 1) == DNS_TYPE_OPT)
		q->seen.edns = u16(packet, at + 3);
	return true;
}

/* --- an answer -------------------------------------------------------------------------------- */

static void put_u16(struct buf *out, unsigned value)
{
	buf_add_char(out, (char)(value >> 8 & 0xff));
	buf_add_char(out, (char)(value & 0xff));
}

static void put_rr(struct buf *out, struct slice owner, unsigned type, uint32_t ttl,
    struct slice rdata)
{
	buf_add(out, owner);
	put_u16(out, type);
	put_u16(out, DNS_CLASS_IN);
	put_u16(out, ttl >> 16);
	put_u16(out, ttl & 0xffff);
	put_u16(out, (unsigned)rdata.len);
	buf_add(out, rdata);
}

/* The first owner is a pointer to the question, each following one the target before. */
static unsigned put_answers(struct buf *out, const struct zone_found *found)
{
	struct slice owner = SLICE("\xc0\x0c");
	unsigned count = 0;

	for (size_t i = 0; i < found->links; i++, count++) {
		put_rr(out, owner, found->chain[i]->type, found->chain[i]->ttl,
		    found->chain[i]->first->rdata);
		owner = found->chain[i]->first->rdata;
	}
	for (struct zone_rr *rr = found->set == NULL ? NULL : found->set->first; rr != NULL;
	    rr = rr->next, count++)
		put_rr(out, owner, found->set->type, found->set->ttl, rr->rdata);
	return count;
}

/* Without a SOA in the zone, one of the root that lets negative answers live for 300 seconds. */
static void put_authority(struct buf *out, const struct zone_found *found)
{
	static const char soa[22] = { [20] = 300 >> 8, [21] = 300 & 0xff };

	if (found->soa != NULL)
		put_rr(out, slice_of("", 1), DNS_TYPE_SOA, found->soa->ttl, found->soa->first->rdata);
	else
		put_rr(out, slice_of("", 1), DNS_TYPE_SOA, 300, slice_of(soa, sizeof(soa)));
}

static void put_header(struct buf *out, unsigned id, unsigned flags, unsigned answers,
    unsigned authorities, unsigned additional)
{
	put_u16(out, id);
	put_u16(out, flags);
	put_u16(out, 1);
	put_u16(out, answers);
	put_u16(out, authorities);
	put_u16(out, additional);
}

static void put_garbage(struct buf *out, const struct dnsrequest *q)
{
	put_header(out, q->seen.id, 0x8180, 7, 0, 0);
	buf_add(out, SLICE("\xc0\xff\x3f garbage \xff\xff\xff\xff\x01"));
}

void dnsreply_write(const struct dnsrequest *q, struct slice packet,
    const struct zone_found *found, bool authentic, struct buf *out)
{
	static const char opt[11] = { 0, 0, DNS_TYPE_OPT, 1232 >> 8, (char)(1232 & 0xff) };
	size_t limit = q->seen.tcp ? DNSREPLY_MAX : q->seen.edns > 512 ? q->seen.edns : 512;
	struct slice question = slice_drop(slice_take(packet, q->question_end), 12);
	unsigned flags = DNS_FLAG_RESPONSE | FLAG_AVAILABLE | (q->flags & FLAGS_KEPT) | (unsigned)found->rcode;
	unsigned additional = q->seen.edns > 0, answers, authorities = 0;
	bool cut = !q->seen.tcp && (found->directive == ZONE_TC || found->directive == ZONE_TCPONLY);
	struct buf body = BUF_INIT(DNSREPLY_MAX);

	if (found->directive == ZONE_TIMEOUT || (found->directive == ZONE_TC && q->seen.tcp))
		return;
	if (found->directive == ZONE_GARBAGE) {
		put_garbage(out, q);
		return;
	}
	if (authentic && q->seen.authentic)
		flags |= DNS_FLAG_AUTHENTIC;
	buf_add(&body, question);
	answers = put_answers(&body, found);
	if (found->set == NULL && (found->rcode == DNS_RCODE_NOERROR ||
	    found->rcode == DNS_RCODE_NXDOMAIN)) {
		put_authority(&body, found);
		authorities = 1;
	}
	if (cut || buf_failed(&body) || 12 + body.len + (additional ? sizeof(opt) : 0) > limit) {
		flags |= DNS_FLAG_TRUNCATED;
		buf_clear(&body);
		buf_add(&body, question);
		answers = authorities = 0;
	}
	put_header(out, found->directive == ZONE_WRONGID ? q->seen.id ^ 0x5555u : q->seen.id, flags,
	    answers, authorities, additional);
	buf_add(out, buf_slice(&body));
	if (additional)
		buf_add(out, slice_of(opt, sizeof(opt)));
	buf_free(&body);
}

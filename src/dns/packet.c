#include <string.h>

#include "base/ascii.h"

#include "dns/packet.h"

enum { AT_ID = 0, AT_FLAGS = 2, AT_QUESTIONS = 4, AT_ADDITIONALS = 10 };

static unsigned u16_at(struct slice packet, size_t at)
{
	return (unsigned)(unsigned char)packet.ptr[at] << 8 | (unsigned char)packet.ptr[at + 1];
}

static void put_u16(unsigned char *out, unsigned value)
{
	out[0] = (unsigned char)(value >> 8);
	out[1] = (unsigned char)(value & 0xff);
}

size_t packet_query(unsigned char out[PACKET_QUERY_SIZE], uint16_t id, const char *name,
    enum dns_type type, bool edns)
{
	static const unsigned char opt[PACKET_OPT] = { 0, 0, DNS_TYPE_OPT, PACKET_EDNS_OCTETS >> 8,
		PACKET_EDNS_OCTETS & 0xff };
	unsigned char *p = out + PACKET_HEADER;

	memset(out, 0, PACKET_HEADER);
	put_u16(out + AT_ID, id);
	put_u16(out + AT_FLAGS, DNS_FLAG_RECURSION | DNS_FLAG_AUTHENTIC);
	put_u16(out + AT_QUESTIONS, 1);
	put_u16(out + AT_ADDITIONALS, edns);
	p += name_to_wire(name, p);
	put_u16(p, (unsigned)type);
	put_u16(p + 2, DNS_CLASS_IN);
	p += 4;
	if (edns)
		memcpy(p, opt, sizeof(opt));
	return (size_t)(p - out) + (edns ? sizeof(opt) : 0);
}

bool packet_id(struct slice packet, uint16_t *id)
{
	if (packet.len < PACKET_HEADER)
		return false;
	*id = (uint16_t)u16_at(packet, AT_ID);
	return true;
}

bool packet_is_truncated(struct slice packet)
{
	return (u16_at(packet, AT_FLAGS) & DNS_FLAG_TRUNCATED) != 0;
}

unsigned packet_rcode(struct slice packet)
{
	return u16_at(packet, AT_FLAGS) & DNS_FLAG_RCODE;
}

bool packet_lacks_edns(struct slice packet)
{
	return packet_rcode(packet) == DNS_RCODE_FORMERR && u16_at(packet, AT_ADDITIONALS) == 0;
}

/* Name, type and class of the query's question; its name ends with the first empty label. */
static struct slice question_of(struct slice query)
{
	size_t end = PACKET_HEADER;

	while (query.ptr[end] != '\0')
		end += 1u + (unsigned char)query.ptr[end];
	return slice_drop(slice_take(query, end + 1 + 4), PACKET_HEADER);
}

static bool has_question(struct slice packet, struct slice question)
{
	struct slice here = slice_take(slice_drop(packet, PACKET_HEADER), question.len);
	size_t name = question.len - 4;

	/* octets of lengths are below those of letters */
	return slice_ieq(slice_take(here, name), slice_take(question, name)) &&
	    slice_eq(slice_drop(here, name), slice_drop(question, name));
}

bool packet_answers(struct slice packet, struct slice query)
{
	const unsigned kept = DNS_FLAG_RESPONSE | DNS_FLAG_OPCODE;

	if (packet.len < PACKET_HEADER || u16_at(packet, AT_ID) != u16_at(query, AT_ID) ||
	    (u16_at(packet, AT_FLAGS) & kept) != DNS_FLAG_RESPONSE)
		return false;
	if (u16_at(packet, AT_QUESTIONS) == 0)
		return packet_lacks_edns(packet);
	return u16_at(packet, AT_QUESTIONS) == 1 && has_question(packet, question_of(query));
}

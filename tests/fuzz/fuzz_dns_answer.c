/*
 * What a name server sends (dns/packet.h, dns/answer.h): a whole answer to what was asked, or a
 * failure.  The first octet chooses the type that was asked for, the name is always the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "dns/answer.h"
#include "dns/name.h"
#include "dns/packet.h"

#define NAME "s._domainkey.example.com"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_record(enum dns_type type, const struct dns_record *r)
{
	struct name name;

	if ((type == DNS_A && r->ip.family != IP_V4) ||
	    (type == DNS_AAAA && r->ip.family == IP_NONE))
		abort();
	if (r->text.len > 0 && r->text.ptr[r->text.len] != '\0')
		abort();
	if ((type == DNS_MX || type == DNS_PTR || type == DNS_NS) && !name_parse(r->text, &name))
		abort();
}

/* With the id that the packet has. */
static bool answers_query(struct slice packet, enum dns_type type)
{
	unsigned char query[PACKET_QUERY_SIZE];
	uint16_t id = 0;
	bool whole = packet_id(packet, &id);
	size_t len = packet_query(query, id, NAME, type, true);

	return packet_answers(packet, slice_of((const char *)query, len)) && whole;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = { DNS_TXT, DNS_A, DNS_AAAA, DNS_MX, DNS_PTR, DNS_NS };
	enum dns_type type;
	struct dns_answer *answer;
	struct slice packet;

	if (size == 0)
		return 0;
	type = types[data[0] % N_ELEMENTS(types)];
	packet = slice_of((const char *)data + 1, size - 1);
	if (answers_query(packet, type) && packet.len < PACKET_HEADER)
		abort();
	answer = answer_parse(packet, NAME, type);
	if (answer == NULL)
		return 0;
	if ((answer->status == DNS_FOUND) != (answer->count > 0) ||
	    answer->count > LIMIT_DNS_RECORDS)
		abort();
	for (size_t i = 0; i < answer->count; i++)
		check_record(type, &answer->records[i]);
	free(answer);
	return 0;
}

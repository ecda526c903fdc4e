/*
 * packet.h - the question as it is sent, and whether a packet answers it.
 *
 * What an answer says is read elsewhere (dns/answer.h).
 */
#ifndef ASSAY_DNS_PACKET_H
#define ASSAY_DNS_PACKET_H

#include "base/slice.h"

#include "dns/name.h"
#include "dns/numbers.h"

/* Fits every path's MTU without fragments: the value of DNS flag day 2020. */
#define PACKET_EDNS_OCTETS 1232

#define PACKET_HEADER 12 /* octets; RFC 1035 section 4.1.1 */
#define PACKET_OPT    11 /* octets of an OPT record without data; RFC 6891 section 6.1.2 */

#define PACKET_QUERY_SIZE (PACKET_HEADER + NAME_WIRE_SIZE + 4 + PACKET_OPT)

/*
 * RFC 1035 section 4.1, with RD, AD (RFC 6840 section 5.7) and, if edns is true, an OPT record
 * (RFC 6891).  name is canonical.  Returns the octets written.
 */
size_t packet_query(unsigned char out[PACKET_QUERY_SIZE], uint16_t id, const char *name,
    enum dns_type type, bool edns);

/* The id of a packet, on which its query is found; false: shorter than a header. */
bool packet_id(struct slice packet, uint16_t *id);

/*
 * RFC 5452 section 9.1: packet is a response to query, with its id, opcode and question, letter
 * case of the name ignored.  A server that does not know EDNS may leave the question out when it
 * reports that as FORMERR (RFC 6891 section 7).
 */
bool packet_answers(struct slice packet, struct slice query);

/* Of a packet that has a header. */
bool packet_is_truncated(struct slice packet);
unsigned packet_rcode(struct slice packet);

/* RFC 6891 section 7: FORMERR without an OPT record comes from a server that does not know EDNS. */
bool packet_lacks_edns(struct slice packet);

#endif

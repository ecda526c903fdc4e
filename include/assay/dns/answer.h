/*
 * answer.h - what a name server said, made into a struct dns_answer.
 *
 * The packet is remote: every length is checked, pointers only go back, counts have ceilings, and
 * whatever does not hold together is a server's failure, never half an answer.
 */
#ifndef ASSAY_DNS_ANSWER_H
#define ASSAY_DNS_ANSWER_H

#include "base/buf.h"
#include "dns/backend.h"

/*
 * The outcome of a response to (name, type); name is canonical.  The question must be the one we
 * asked.  A chain of CNAMEs is followed inside the packet, in any order of records, at most
 * LIMIT_CNAME_CHAIN links; the rcode speaks of its end (RFC 2308 section 2.1, RFC 6604 section 3).
 * ttl is the smallest of what was used; of a negative answer the SOA's (RFC 2308 section 5), 0
 * without one.  NULL: out of memory.  free() the result.
 */
struct dns_answer *answer_parse(struct slice packet, const char *name, enum dns_type type);

/* Collects records of one type from their rdata. */
struct answer_draft {
	enum dns_type type;
	size_t count, cap;
	struct dns_record *records; /* owned */
	struct buf text;            /* of all records, each ended by NUL */
	bool failed;                /* out of memory, or more than LIMIT_DNS_ANSWER of text */
};

void answer_begin(struct answer_draft *d, enum dns_type type);

/*
 * Adds one record whose rdata is packet[at, at + len).  false: malformed.  Beyond
 * LIMIT_DNS_RECORDS a well-formed record is left out.
 */
bool answer_add(struct answer_draft *d, struct slice packet, size_t at, size_t len);

/* The finished answer, NULL when the draft failed; the draft is empty afterwards in either case. */
struct dns_answer *answer_end(struct answer_draft *d, enum dns_status status);

#endif

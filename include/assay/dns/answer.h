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
 * without one.  An answer that explains nothing is a server's failure: a referral, a CNAME without
 * its target and without a SOA, an extended rcode (RFC 6891 section 6.1.3), more records than are
 * read.  NULL: out of memory.  free() the result.
 */
struct dns_answer *answer_parse(struct slice packet, const char *name, enum dns_type type);

/* Collects records of one type from their rdata. */
struct answer_draft {
	enum dns_type type;
	size_t count, cap;
	struct dns_record *records; /* owned */
	struct buf text;            /* of all records, each ended by NUL */
	bool too_much;              /* more than LIMIT_DNS_RECORDS, or LIMIT_DNS_ANSWER of text */
	bool failed;                /* out of memory */
};

void answer_begin(struct answer_draft *d, enum dns_type type);

/* Adds one record whose rdata is packet[at, at + len).  false: malformed. */
bool answer_add(struct answer_draft *d, struct slice packet, size_t at, size_t len);

/*
 * The finished answer: DNS_SERVFAIL where the draft has too much, and without records unless status
 * is DNS_FOUND.  NULL when the draft failed.  The draft is empty afterwards in each case.
 */
struct dns_answer *answer_end(struct answer_draft *d, enum dns_status status);

#endif

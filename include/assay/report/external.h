/*
 * external.h - where the reports of a policy go: the URIs of its rua= or ruf=, and the consent of
 * whoever reads there (RFC 9990 sections 3.5 and 4; RFC 9991 section 5).
 *
 * One bad URI never stops the rest: each is a destination of its own with its own answer.  Nothing is
 * mailed to an organization other than the policy's unless that publishes its consent; where the
 * DNS does not answer, the question is to be asked again later.
 */
#ifndef ASSAY_REPORT_EXTERNAL_H
#define ASSAY_REPORT_EXTERNAL_H

#include "dmarc/discover.h"

enum report_kind { REPORT_AGGREGATE, REPORT_FAILURE };

/* An address that may follow RCPT TO (RFC 5321 section 4.1.2), in ASCII. */
struct report_address {
	struct slice address; /* local-part "@" host */
	struct domain host;
};

/*
 * A mailto: URI with exactly one address (RFC 6068 section 2): percent-encoding is undone, what follows
 * "?" is ignored (the fields of a report are specified).  false: anything else.
 */
bool report_address_of(struct arena *a, struct slice uri, struct report_address *out);

enum report_consent {
	REPORT_PERMITTED,
	REPORT_REFUSED,   /* never to be sent there; asking again is of no use today */
	REPORT_POSTPONED, /* temporary DNS trouble (section 4 step 5): ask again later */
};

struct report_destination {
	struct slice uri;         /* of the policy record, or of the record that overrides it */
	struct report_address to; /* none where REPORT_REFUSED for the URI itself */
	enum report_consent consent;
	struct slice why;         /* for people: of REFUSED and POSTPONED */
};

struct report_destinations {
	struct report_destination *items;
	size_t count, cap;
};

/*
 * uris is the value of rua= or ruf= of the record at policy_domain.  Malformed URIs are left out
 * (section 3.5), of the others the first LIMIT_REPORT_URIS are looked at, in their order; an address is
 * there once.  l is for this call alone (its questions are counted).
 */
MUST_CHECK enum rc report_destinations_find(struct arena *a, struct lookups *l,
    enum dmarc_discovery method, enum report_kind kind, struct domain policy_domain,
    struct slice uris, struct report_destinations *out);

#endif

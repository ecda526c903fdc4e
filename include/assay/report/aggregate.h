/*
 * aggregate.h - one aggregate report as octets: XML (RFC 9990 section 3.1), gzip, names and ids.
 *
 * The same report always gives the same octets, so that what is sent again is the same file under the
 * same id (section 3.5.4).  Whatever senders wrote, the XML is valid against the schema of appendix A:
 * octets that XML 1.0 cannot have (section 2.2) become "?", each one: to drop them would make one name out of
 * another.  For the widest reach among readers the namespace is the default one, there is always exactly one spf
 * element, each signature has a selector, and elements come in the order of RFC 7489 where RFC 9990 leaves the
 * order free.
 */
#ifndef ASSAY_REPORT_AGGREGATE_H
#define ASSAY_REPORT_AGGREGATE_H

#include "mail/domain.h"
#include "report/row.h"

/* Who reports; borrowed. */
struct report_sender {
	struct slice organization; /* for people; UTF-8 */
	struct slice from;         /* address, ASCII */
	struct domain domain;      /* of from: the receiver and submitter of section 3.5.2 */
	struct slice contact;      /* address for questions */
	struct slice contact_info; /* page or words; empty: none */
	struct slice salt;         /* of Report-IDs: two stores never give one id to two reports */
	bool legacy;               /* the format of RFC 7489 appendix C, for all */
};

/* One policy domain, one policy, one UTC day; what is in it belongs to the builder. */
struct report {
	int64_t day;               /* number of the UTC day */
	struct report_policy policy;
	const struct report_row *rows; /* the most frequent first; each distinct one once */
	size_t row_count;
	uint64_t messages;         /* over all rows */
	size_t rows_left_out;      /* for which the report has no room, and their messages */
	uint64_t messages_left_out;
	bool aligned_pass;         /* some message passed */
	struct slice variant;      /* distinguishes the reports of one day and domain: letters and digits */
};

/* The beginning of the period: seconds since the epoch. */
int64_t report_begin(const struct report *r);

struct report_file {
	struct slice id;     /* Report-ID: letters and digits (sections 3.1.4, 3.5.1, 3.5.2) */
	struct slice name;   /* receiver!policy-domain!begin!end!id.xml.gz */
	struct slice xml;
	struct slice gzip;   /* of xml */
};

/* RC_LIMIT: larger than LIMIT_REPORT_XML, which a report made by report/build.h is not. */
MUST_CHECK enum rc report_render(struct arena *a, const struct report *r,
    const struct report_sender *by, struct report_file *out);

#endif

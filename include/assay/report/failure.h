/*
 * failure.h - what a failure report says of one message (RFC 9991, RFC 6591), as a value.
 *
 * failure_incident_of() makes it from an outcome, for an author whose domain asks for such reports (ruf=, fo=).
 * Everything that could name a person is redacted here already (report/redact.h): nothing else is kept, be it in
 * memory, in the store or in a report.  Incidents with equal keys are similar: the store counts them, keeps
 * the first, and one report covers all of them (RFC 9991 section 8.1).
 *
 * Texts are printable ASCII in lines that end with LF, ready for the parts of the report.
 */
#ifndef ASSAY_REPORT_FAILURE_H
#define ASSAY_REPORT_FAILURE_H

#include "report/row.h"

#define FAILURE_KEY_OCTETS 16u

struct failure_incident {
	int64_t time;                 /* seconds since the epoch */
	unsigned char key[FAILURE_KEY_OCTETS];
	struct report_policy policy;
	struct slice header_from;     /* the author domain */
	struct slice subject;         /* of the message; empty: it has none, or the setting omits it */
	struct slice feedback;        /* fields of the second part about this failure */
	struct slice header;          /* of the message: the third part */
};

/*
 * own: the author domain is one of this site, and such domains get reports only by a setting.  secret is the
 * store's.  False: there is nothing to report for this author, or memory is short (the arena's mark).  Memory is
 * the message's arena.
 */
bool failure_incident_of(const struct outcome *o, const struct report_settings *settings, size_t author,
    bool own, struct slice secret, struct failure_incident *out);

/* An encoded incident; these and the octets are all that the store knows of it. */
struct incident_octets {
	int64_t time;
	struct slice domain, key;
	struct slice octets;
};

void failure_encode(const struct failure_incident *incident, struct buf *out);

/* False: these are not the octets of an incident.  Borrows. */
bool failure_split(struct slice encoded, struct incident_octets *out);
bool failure_decode(const struct incident_octets *octets, struct failure_incident *out);

#endif

/*
 * row.h - what an aggregate report says of one message (RFC 9990 section 3.1.1), as a value.
 *
 * report_row_of() makes it from an outcome; two messages with equal rows are one record of a report with
 * the count 2.  The encoded form is what crosses to the writer's thread and what the store keeps: a day,
 * a policy domain, the octets of the policy and the octets of the tuple.  It holds any octets: NUL and
 * broken UTF-8 come back as they were, and whoever writes them into XML or onto a terminal escapes them.
 *
 * All slices are borrowed: from the outcome's message, or from the octets that were decoded.
 */
#ifndef ASSAY_REPORT_ROW_H
#define ASSAY_REPORT_ROW_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/ip.h"
#include "base/rc.h"
#include "base/result.h"
#include "config/reports.h"
#include "dmarc/discover.h"
#include "verdict/verdict.h"

#define SECONDS_OF_DAY 86400

/* The published policy that was in force: record is parsed from text. */
struct report_policy {
	struct slice domain;          /* the DMARC Policy Domain */
	enum dmarc_discovery discovery;
	struct slice text;            /* the record as published */
	struct dmarc_record record;
	bool several_records;         /* a name at or below the author domain's has several; all were ignored */
};

struct report_dkim {
	struct slice domain, selector; /* d=, s=; as written where they are not names */
	enum auth_result result;
	struct slice human_result;     /* empty for pass */
};

struct report_spf {
	struct slice domain;           /* empty: SPF was not checked, or had no domain */
	enum auth_result result;
};

struct report_reason {
	enum override_type type;
	struct slice comment;
};

struct report_row {
	int64_t day;                  /* of the outcome: days since 1970-01-01 UTC */
	struct report_policy policy;
	bool overflow;                /* messages beyond the number of rows kept: no source, no results */
	struct ip source;             /* IP_NONE: not known */
	struct slice header_from;
	struct slice envelope_from;   /* empty: the null reverse-path */
	struct slice envelope_to;     /* empty unless wanted: the domain of all recipients */
	enum disposition disposition;
	bool dkim_aligned, spf_aligned;
	struct report_reason *reasons;
	size_t reason_count;
	struct report_dkim *dkim;     /* in the order of RFC 9990 section 3.1.3 */
	size_t dkim_count;
	struct report_spf spf;
	uint64_t count;               /* of messages; 1 when it was made from an outcome */
};

/*
 * The row of one author (o->verdict.dmarc.authors[author]).  False: the message is not reported for this
 * author: nothing was judged or it will be offered again, the domain asks for no reports that mail could
 * carry, a setting leaves it out, or memory is short (the arena's mark).  Memory is the message's arena.
 */
bool report_row_of(const struct outcome *o, const struct report_settings *settings, size_t author,
    struct report_row *out);

/* Parts of that, for reports of both kinds. */

/* Our own reports, those of others, delivery status notifications: each could bring about the next one. */
bool report_is_report(const struct message *m);

/* only-to and except-to. */
bool report_recipients_wanted(const struct envelope *e, const struct report_settings *settings);

struct report_policy report_policy_of(const struct dmarc_policy_discovery *d);

/* An encoded row; day, domain and the octets are all that the store knows of it. */
struct row_octets {
	int64_t day;
	struct slice domain;
	struct slice policy, tuple;   /* equal octets, equal rows */
	bool aligned;                 /* a mechanism passed and is aligned */
};

/* Appends; fields are cut at LIMIT_REPORT_FIELD, signatures at LIMIT_SIGNATURE_FIELDS. */
void report_row_encode(const struct report_row *row, struct buf *out);

/* False: these are not the octets of a row.  Borrows. */
bool report_row_split(struct slice encoded, struct row_octets *out);

/* The overflow row for a row that is one too many: its disposition and alignment alone; in the arena. */
bool report_row_overflow(struct arena *a, const struct row_octets *row, struct slice *tuple_out);

/* False: not such octets, or no memory.  out borrows from them and from the arena; count is the caller's. */
bool report_row_decode(struct arena *a, const struct row_octets *octets, struct report_row *out);

#endif

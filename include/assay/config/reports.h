/*
 * reports.h - the section "reports": what is kept of judged mail for aggregate reports (RFC 9990) and
 * failure reports (RFC 9991), and how they are made and sent.  The daemon keeps; the tool makes and sends.
 */
#ifndef ASSAY_CONFIG_REPORTS_H
#define ASSAY_CONFIG_REPORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "verdict/policy.h"

/* Where the MTA is that reports are handed to, and how it is reached. */
struct handover_way {
	bool sendmail;
	struct slice host; /* name or address without brackets */
	int port;
	struct slice path; /* of the sendmail command */
};

/*
 * "smtp:HOST:PORT", "smtp:[IPV6]:PORT", "sendmail" (/usr/sbin/sendmail) or "sendmail:/PATH".  Slices of the
 * result borrow text.
 */
bool handover_way_parse(struct slice text, struct handover_way *out);

/* How reports are sent; durations in seconds. */
struct report_sending {
	bool enabled;
	bool passing_only;            /* only to domains of which a message passed that day */
	struct slice via;             /* as handover_way_parse() takes it */
	int64_t hour, close_after, spread;
	int per_minute, daily_cap, minimum_messages, suspend_after; /* 0 in the last three: none */
	int64_t suspend_for;
	struct slice_list only, except; /* "example.org": policy domains; with "@": report addresses */
	struct slice_list bcc;
	struct slice bounce_address;  /* null: the envelope sender is the null one */
};

/* Failure reports (RFC 9991). */
struct report_failure {
	bool enabled;
	bool own;                     /* on domains of this site, too */
	bool subject;                 /* show the subject of the failed message */
	size_t per_domain, per_hour;  /* reports on a policy domain in a UTC day, and messages in an hour */
};

struct report_settings {
	/* what is kept, and where */
	struct slice store;           /* "sqlite:/PATH", "postgresql://..."; null: nothing is kept */
	int64_t keep_seconds;         /* rows of older days are deleted */
	size_t memory;                /* octets that wait in the daemon for the store */
	size_t domain_rows, day_rows; /* kept of a policy domain and day, and of a day */
	bool envelope_to;             /* say to which domain the mail went */
	bool null_sender;             /* keep mail without an envelope sender, too */
	bool report_mail;             /* keep mail that is itself a report, too */
	struct slice_list only_to, except_to; /* recipient domains */
	struct report_sending sending;
	struct report_failure failure;

	int64_t test_clock_offset;    /* seconds that the daemon's day is ahead; of tests */

	/* who reports */
	struct slice organization;    /* for people; null: the domain of from */
	struct slice from;            /* address that reports come from; null: none are made */
	struct slice contact;         /* address for questions; null: from */
	struct slice contact_info;    /* a page or words; null: none */
	bool legacy;                  /* aggregate reports in the format of RFC 7489 */
};

#endif

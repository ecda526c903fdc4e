/*
 * store.h - the history of judged mail: counts of rows (report/row.h) by UTC day, policy domain and
 * policy, in a database that daemons of several hosts and the sender of reports share (report/sql.h).
 *
 * What a daemon adds comes in batches, each with (host, boot, sequence): the store takes a batch once, so
 * that a COMMIT whose answer was lost is repeated without counting twice.  Batches write their keys in
 * one order, so that those of several daemons never wait for each other in a circle.
 *
 * A day is closed by whoever sends reports: what comes later for that day is counted as late and goes into
 * no report.  A domain has at most so many rows a day; messages beyond go into overflow rows.
 *
 * Incidents (report/failure.h) are kept by the hour: similar ones are counted together, so many of an hour and so
 * many of a policy domain and day; further ones are counted and not kept.
 *
 * Errors are those of report/sql.h; a schema that is newer than this program is RC_CONFIG.
 */
#ifndef ASSAY_REPORT_STORE_H
#define ASSAY_REPORT_STORE_H

#include "report/failure.h"
#include "report/row.h"
#include "report/sql.h"

struct store;

/* Opens, and brings the schema up to date; location as sql_open() takes it. */
MUST_CHECK enum rc store_open(struct slice location, struct store **out, struct err *err);
void store_close(struct store **s); /* sets *s to NULL; NULL is fine */

/* For tables of others that the same schema makes (report/schema.c); the store's own. */
struct sql *store_sql(struct store *s);

/* 32 random octets, made once for each store: for report ids, redaction, addresses that bounces come to. */
#define STORE_SECRET_OCTETS 32
MUST_CHECK enum rc store_secret(struct store *s, unsigned char out[STORE_SECRET_OCTETS], struct err *err);

/* --- writing: the daemon ---------------------------------------------------------------------- */

struct store_batch {
	struct slice host, boot;      /* text; host is one daemon, by which days are marked as drained */
	int64_t sequence;             /* rises with each batch of a boot */
	int64_t now;                  /* seconds */
	struct slice items;           /* made with store_item_begin() */
	uint64_t rows_of_domain;      /* kept of a policy domain and day; messages beyond become overflow rows */
	uint64_t rows_of_day;         /* kept of a day; messages of further domains are counted and not kept */
	uint64_t incidents_of_domain; /* kept of a policy domain and day, those that are similar as one */
	uint64_t incidents_of_hour;   /* the same of an hour, over all domains */
};

enum store_item { STORE_ROW /* report_row_encode() */, STORE_INCIDENT /* failure_encode() */ };

/*
 * Around the octets of one item more, which are appended in between.  When out failed (its ceiling, memory),
 * end leaves out as it was at begin, with its mark set.  begin returns what end is given.
 */
size_t store_item_begin(struct buf *out, enum store_item kind);
void store_item_end(struct buf *out, size_t begun);

struct store_added {
	uint64_t rows, messages;      /* of the batch */
	uint64_t overflow, late;      /* messages among them */
	uint64_t refused;             /* messages that the store refuses for ever: set aside */
	uint64_t incidents;           /* all of the batch */
	uint64_t incidents_left_out;  /* of them, for which there was no room */
	bool repeated;                /* the batch had been taken before: nothing was added now */
};

/* In one transaction.  Rows that are refused are left out, and the reason is added to err. */
MUST_CHECK enum rc store_add(struct store *s, const struct store_batch *batch, struct store_added *out,
    struct err *err);

/* The host has no more rows of that day and those before it. */
MUST_CHECK enum rc store_drained(struct store *s, struct slice host, int64_t day, int64_t now,
    struct err *err);

/* Deletes the rows of days before that one, some thousands at most; *done_out: none are left. */
MUST_CHECK enum rc store_expire(struct store *s, int64_t before, bool *done_out, struct err *err);

/* --- reading: the tool ------------------------------------------------------------- */

struct store_day {
	int64_t day;
	uint64_t messages, domains;
	bool closed;
	uint64_t late;                /* messages that came after it was closed */
};

/* Days from since on that have rows, in rising order. */
MUST_CHECK enum rc store_days(struct store *s, int64_t since,
    enum rc (*each)(void *ctx, const struct store_day *day), void *ctx, struct err *err);

struct store_domain {
	struct slice domain;          /* valid within the call */
	uint64_t messages, rows;
	uint64_t aligned;             /* messages with an aligned pass */
};

/* Policy domains of a day, those with the most messages first. */
MUST_CHECK enum rc store_domains(struct store *s, int64_t day,
    enum rc (*each)(void *ctx, const struct store_domain *domain), void *ctx, struct err *err);

/*
 * Rows of a domain and day, those of one policy together, policies in the order in which they were first
 * seen.  A row is valid within the call.
 */
MUST_CHECK enum rc store_rows(struct store *s, int64_t day, struct slice domain,
    enum rc (*each)(void *ctx, const struct report_row *row), void *ctx, struct err *err);

/* --- incidents ------------------------------------------------------------------------------------ */

/* Seconds for which incidents are kept, whether they were reported or not. */
#define STORE_INCIDENTS_KEPT (48 * 60 * 60)

struct store_incident {
	int64_t hour;                 /* hours since 1970-01-01 UTC */
	struct incident_octets octets; /* of the first one */
	uint64_t count;               /* of similar ones */
};

/*
 * Incidents that no report was made of, of the hours from that of since to the one before that of before; at most
 * limit, the most frequent first.  An incident is valid within the call.
 */
MUST_CHECK enum rc store_incidents(struct store *s, int64_t since, int64_t before, int64_t limit,
    enum rc (*each)(void *ctx, const struct store_incident *incident), void *ctx, struct err *err);

/* A report was made of it, or never will be: what it says is deleted, and similar ones of its hour are ignored. */
MUST_CHECK enum rc store_incident_made(struct store *s, const struct store_incident *i, int64_t now, struct err *err);

/* Deletes incidents of hours before that time, and what failure reports say that were made before it. */
MUST_CHECK enum rc store_incidents_forget(struct store *s, int64_t before, struct err *err);

/* Days, from that one on, of which incidents were left out. */
MUST_CHECK enum rc store_incidents_left_out(struct store *s, int64_t since_day,
    enum rc (*each)(void *ctx, int64_t day, uint64_t incidents), void *ctx, struct err *err);

/* --- closing a day ---------------------------------------------------------------------------------- */

/*
 * May the day be closed at now?  It is over, and every host that wrote during it or later has marked it
 * as drained, or grace seconds have passed since its end.
 */
MUST_CHECK enum rc store_may_close(struct store *s, int64_t day, int64_t now, int64_t grace, bool *out,
    struct err *err);

/* Closes it, after every batch that is being added; closing again changes nothing. */
MUST_CHECK enum rc store_close_day(struct store *s, int64_t day, int64_t now, struct err *err);

#endif

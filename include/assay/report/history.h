/*
 * history.h - the daemon's end of the store (report/store.h): items go in from any thread and never wait,
 * one thread of the history's own writes them, about once a second, a batch in a transaction.
 *
 * A store that is away, full, locked or damaged is reported once in the log and tried again, every 30
 * seconds at last; meanwhile items wait in memory, up to a number of octets, and what comes then is lost:
 * counted, and reported with its number when the store is back.  A killed daemon loses what it took in
 * during the last second.  Thread-safe but for stop.
 */
#ifndef ASSAY_REPORT_HISTORY_H
#define ASSAY_REPORT_HISTORY_H

#include "report/store.h"

struct history;

/*
 * instance distinguishes the daemons of one host, which all mark their days as drained, and is the same after a
 * restart.  Texts are copied.  The store need not be there.  RC_IO: no thread; RC_NOMEM.
 */
MUST_CHECK enum rc history_start(const struct report_settings *settings, struct slice instance,
    struct history **out);

/* The row, encoded; never blocks.  False: lost, and counted. */
bool history_row(struct history *h, const struct report_row *row);

/* The incident, encoded; never blocks, and leaves half of the memory to rows.  False: lost, and counted. */
bool history_incident(struct history *h, const struct failure_incident *incident);

/* The store's secret, which redaction needs (report/redact.h).  False: the store could not be opened so far. */
bool history_secret(struct history *h, unsigned char out[STORE_SECRET_OCTETS]);

/* Tests move the day ahead. */
void history_set_clock_offset(struct history *h, int64_t seconds);

struct history_facts {
	uint64_t waiting, waiting_octets; /* messages that are not written yet */
	uint64_t written;
	uint64_t lost;                    /* there was no room for them while the store was away */
	uint64_t refused;                 /* set aside: the store takes them never */
	uint64_t overflow, late;          /* as store_add() counts them */
	uint64_t incidents;               /* written */
	uint64_t incidents_left_out;      /* there was no room for them in the store */
	uint64_t incidents_lost;          /* there was no memory for them */
	bool away;                        /* the last attempt failed */
};
void history_facts(struct history *h, struct history_facts *out);

/* Writes what waits, at most for limit_ms, and closes the store.  Returns messages that were not written. */
uint64_t history_drain(struct history *h, int64_t limit_ms);

/* Ends the thread; what waits is lost.  Sets *h to NULL; NULL is fine. */
void history_stop(struct history **h);

#endif

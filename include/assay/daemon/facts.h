/*
 * facts.h - writes the status of the daemon in one of four forms: lines for people, JSON, OpenMetrics, or
 * the older text form of Prometheus.  The caller makes the same calls for each form.
 *
 * Numbers are grouped in families, which all forms contain.  Names and labels of metrics are either fixed
 * or names from the configuration.  Data from a remote party is never used as a label, so that the number
 * of metrics is bounded.  Texts, single ones and lists of rows, are written for people and in JSON only.
 */
#ifndef ASSAY_DAEMON_FACTS_H
#define ASSAY_DAEMON_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/histogram.h"
#include "daemon/windows.h"

enum facts_form { FACTS_TEXT, FACTS_JSON, FACTS_OPENMETRICS, FACTS_PROMETHEUS };
enum facts_type { FACTS_COUNTER, FACTS_GAUGE, FACTS_HISTOGRAM };

struct facts {
	struct buf *out;
	enum facts_form form;
	const char *name; /* of the family or list that is being written; the writer's own, as all below */
	const char *help;
	enum facts_type type;
	bool headed;      /* its head is written */
	bool list;        /* it is a list in JSON, which has to be closed */
	bool fields;      /* the row has a field */
};

/* Before and after all else. */
void facts_begin(struct facts *f);
void facts_end(struct facts *f);

/* Is it one of the two forms for metrics? */
bool facts_are_metrics(const struct facts *f);

/* --- numbers --- */

/* Begins a family; its values follow.  help: what is counted, with a capital, without a final period. */
void facts_family(struct facts *f, const char *name, enum facts_type type, const char *help);

/* The one value of a family without labels. */
void facts_value(struct facts *f, uint64_t value);

/* A value of a family with one label or two.  A zero is left out for people. */
struct fact {
	const char *label, *text;
	const char *label2, *text2;  /* NULL: one label only */
	uint64_t value;
	const uint64_t *recent;      /* by window, for people and JSON; NULL: not known */
};
void facts_add(struct facts *f, const struct fact *fact);
void facts_labelled(struct facts *f, const char *label, const char *text, uint64_t value);

/* per_unit: 1000 where milliseconds were added and seconds are written, else 1.  label NULL: none. */
void facts_histogram(struct facts *f, const char *label, const char *text,
    const struct histogram_values *h, unsigned per_unit);

/* --- texts: for people and in JSON --- */

void facts_text(struct facts *f, const char *name, const char *heading, struct slice text);

/* Rows follow; a list without rows is an empty one in JSON and not there for people. */
void facts_list(struct facts *f, const char *name, const char *heading);

/* A row consists of fields in JSON; for people it is one line, given without LF, with the same contents. */
void facts_row(struct facts *f, const char *line);
void facts_row_text(struct facts *f, const char *name, struct slice text);
void facts_row_number(struct facts *f, const char *name, int64_t number);
void facts_row_end(struct facts *f);

#endif

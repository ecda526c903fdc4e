/*
 * facts.h - numbers about the daemon, written by one walk in the form that is asked for: lines for people,
 * or OpenMetrics.  Names and labels are fixed words of ours: nothing that a remote party sends becomes one.
 */
#ifndef ASSAY_DAEMON_FACTS_H
#define ASSAY_DAEMON_FACTS_H

#include <stdint.h>

#include "base/buf.h"

enum facts_form { FACTS_TEXT, FACTS_OPENMETRICS };
enum facts_type { FACTS_COUNTER, FACTS_GAUGE, FACTS_HISTOGRAM };

struct facts {
	struct buf *out;
	enum facts_form form;
	const char *name; /* of the family that is being written */
	enum facts_type type;
};

/* Begins a family; its values follow.  help: what is counted, with a capital, without a final period. */
void facts_family(struct facts *f, const char *name, enum facts_type type, const char *help);

/* One value without label, with one or two.  A labelled zero is left out for people. */
void facts_value(struct facts *f, uint64_t value);
void facts_labelled(struct facts *f, const char *label, const char *text, uint64_t value);
void facts_labelled2(struct facts *f, const char *label, const char *text, const char *label2,
    const char *text2, uint64_t value);

/* Counts of what took at most limits_ms[i], one more for the rest; limits in rising order. */
void facts_histogram(struct facts *f, const int64_t *limits_ms, const uint64_t *counts, size_t limits,
    uint64_t sum_ms);

/* OpenMetrics has an end. */
void facts_end(struct facts *f);

#endif

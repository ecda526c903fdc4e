/*
 * histogram.h - how often a value was within which limits: times, numbers of questions.
 *
 * Adding never locks; reading sees each count whole, not all of them at one moment.
 */
#ifndef ASSAY_BASE_HISTOGRAM_H
#define ASSAY_BASE_HISTOGRAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define HISTOGRAM_LIMITS 15u /* at most */

struct histogram {
	const int64_t *limits; /* upper ones, each included, in rising order; borrowed */
	size_t limit_count;
	atomic_uint_least64_t counts[HISTOGRAM_LIMITS + 1]; /* one more for what is above them all */
	atomic_uint_least64_t sum;
};

#define HISTOGRAM_INIT(array) { .limits = (array), .limit_count = N_ELEMENTS(array) }

/* From 1 ms to 20 s, the time that a message may wait for the DNS. */
#define HISTOGRAM_TIMES 13u
extern const int64_t histogram_times_ms[HISTOGRAM_TIMES];

/* A value below zero counts as zero. */
void histogram_add(struct histogram *h, int64_t value);

struct histogram_values {
	const int64_t *limits;
	size_t limit_count;
	uint64_t counts[HISTOGRAM_LIMITS + 1];
	uint64_t sum;
};
void histogram_read(const struct histogram *h, struct histogram_values *out);

#endif

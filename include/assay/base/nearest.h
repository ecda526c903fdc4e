/*
 * nearest.h - which of the known names was meant by one that is unknown: "did you mean ...?"
 */
#ifndef ASSAY_BASE_NEAREST_H
#define ASSAY_BASE_NEAREST_H

#include "base/slice.h"

struct nearest {
	struct slice wanted;
	const char *best; /* borrowed; NULL: none of the names is like it */
	unsigned distance;
};

struct nearest nearest_to(struct slice wanted);

/* At most two octets may differ, and fewer than half of the name; "_" and "." are like "-". */
void nearest_try(struct nearest *n, const char *name);

#endif

/*
 * demand_from.h - what a header asks for that names no author domain to be judged by, or that is not what RFC 5322
 * section 3.6 requires.  A bounce need not name an author, as long as its From shows no domain to a reader.
 */
#ifndef ASSAY_VERDICT_DEMAND_FROM_H
#define ASSAY_VERDICT_DEMAND_FROM_H

#include "demand.h"

struct demand demand_of_from(const struct bench *b);

/* required-headers; From that is missing or doubled has its own settings. */
struct demand demand_of_header(const struct bench *b);

#endif

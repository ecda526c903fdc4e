/*
 * demand_check.h - what SPF and DKIM ask for by themselves, by the settings of each occasion (verdict/policy.h).
 *
 * Both are off as shipped: RFC 7208 section 8 leaves it to the receiver, and RFC 6376 section 6.3 advises against
 * refusing for a signature that is missing or fails.
 */
#ifndef ASSAY_VERDICT_DEMAND_CHECK_H
#define ASSAY_VERDICT_DEMAND_CHECK_H

#include "demand.h"

struct demand demand_of_spf(const struct bench *b);
struct demand demand_of_helo(const struct bench *b); /* an identity of its own (RFC 7208 section 2.3) */
struct demand demand_of_dkim_temperror(const struct bench *b);
struct demand demand_of_dkim_missing(const struct bench *b);

/* Is there a signature that may still pass, if its key were known? */
bool demand_waits_for_key(const struct bench *b);

/* Could the DNS answers that are missing change what is done? */
bool demand_of_spf_could_change(const struct bench *b);
bool demand_of_dkim_could_change(const struct bench *b);

#endif

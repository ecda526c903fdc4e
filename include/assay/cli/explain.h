/*
 * explain.h - verdicts in words, for a person at a terminal.
 */
#ifndef ASSAY_CLI_EXPLAIN_H
#define ASSAY_CLI_EXPLAIN_H

#include "verdict/verdict.h"

/* One line a result; detail adds the policy discovery, the record, and what to change. */
void explain_outcome(const struct outcome *o, bool detail);

/* The policy discovery of one domain: every step of the walk, the record, who applies which policy. */
void explain_discovery(const struct dmarc_policy_discovery *d);

#endif

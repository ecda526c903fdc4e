/*
 * describe.h - verdicts in words, for a person at a terminal.
 */
#ifndef ASSAY_CLI_DESCRIBE_H
#define ASSAY_CLI_DESCRIBE_H

#include "verdict/verdict.h"

/* One line a result; detail adds the policy discovery, the record, and what to change. */
void describe_outcome(const struct outcome *o, bool detail);

/* The policy discovery of one domain: every step of the walk, the record, who applies which policy. */
void describe_discovery(const struct dmarc_policy_discovery *d);

#endif

/*
 * diagnose.h - why a DKIM signature does not verify: what probably happened to the message.
 *
 * The common changes that lists and gateways make are undone one at a time, and the message is verified
 * again.  The report names the change without which the signature passes, or says that there is none.
 */
#ifndef ASSAY_CLI_DIAGNOSE_H
#define ASSAY_CLI_DIAGNOSE_H

#include "dkim/verify.h"

/* Does the signature with that header.b pass in this message? */
struct trial {
	bool (*passes)(void *ctx, struct slice text, struct slice header_b);
	void *ctx;
};

/*
 * Prints what is found about every signature that does not pass: its key record, which is asked for,
 * and of those that fail also the rest.  text is the whole message as read.
 */
void diagnose_signatures(const struct dkim_results *results, struct slice text,
    const struct trial *trial, struct lookups *lookups);

#endif

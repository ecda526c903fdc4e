/*
 * published.h - is a private key's record in the DNS?
 */
#ifndef ASSAY_CLI_PUBLISHED_H
#define ASSAY_CLI_PUBLISHED_H

#include "dns/lookups.h"
#include "signing/keystore.h"

struct published {
	bool good;
	struct slice name; /* selector._domainkey.domain */
	struct slice what; /* in words, and what to do */
};

/* Everything in out lives in the arena. */
MUST_CHECK enum rc published_find(struct arena *a, struct lookups *l,
    const struct signing_key *key, const struct private_key *private, struct published *out);

#endif

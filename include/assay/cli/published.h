/*
 * published.h - is a private key's record in the DNS, as verifiers read it?
 */
#ifndef ASSAY_CLI_PUBLISHED_H
#define ASSAY_CLI_PUBLISHED_H

#include "dns/lookups.h"
#include "signing/keystore.h"

enum published_state {
	PUBLISHED,         /* the record is there, alone, and holds this key */
	PUBLISHED_WRONG,   /* verifiers would refuse the signature, or may */
	PUBLISHED_UNKNOWN, /* could not ask: nothing is known of the record */
};

struct published {
	enum published_state state;
	struct slice name; /* selector._domainkey.domain */
	struct slice what; /* in words, and what to do */
};

/* Everything in out lives in the arena. */
MUST_CHECK enum rc published_find(struct arena *a, struct lookups *l,
    const struct signing_key *key, const struct private_key *private, struct published *out);

/* "v=DKIM1; k=rsa; p=...": the record to publish. */
MUST_CHECK enum rc published_text(const struct private_key *private, struct buf *out);

#endif

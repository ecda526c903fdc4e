/*
 * signature.h - the signature fields: DKIM-Signature (RFC 6376 section 3.5), and of ARC
 * ARC-Message-Signature and ARC-Seal (RFC 8617 sections 4.1.2 and 4.1.3).
 *
 * One table says for each tag which kinds of signature it belongs to and which require it.
 */
#ifndef ASSAY_DKIM_SIGNATURE_H
#define ASSAY_DKIM_SIGNATURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/result.h"
#include "base/slice.h"
#include "crypto/key.h"
#include "dkim/bodyhash.h"
#include "mail/canon.h"
#include "mail/domain.h"

enum signature_kind {
	SIGNATURE_DKIM,
	SIGNATURE_ARC_MESSAGE,
	SIGNATURE_ARC_SEAL,
};

/* "DKIM-Signature", "ARC-Message-Signature", "ARC-Seal" */
struct slice signature_field_name(enum signature_kind kind);

/* cv=, the Chain Validation Status (RFC 8617 section 4.4). */
enum chain_status { CHAIN_NONE, CHAIN_FAIL, CHAIN_PASS };
const char *chain_status_text(enum chain_status status);

/*
 * Why a signature has its result.  One table gives the RFC 8601 word and a text for people for
 * each; dkim_why_result() and dkim_why_text() read it.  The order is that of RFC 6376 section 6.1:
 * of several records at a selector, the reason that comes last here is reported.
 */
enum dkim_why {
	DKIM_WHY_GOOD,
	DKIM_WHY_NO_SIGNATURE,
	DKIM_WHY_SIG_SYNTAX,         /* not a tag-list, or a tag's value is malformed */
	DKIM_WHY_SIG_DUPLICATE_TAG,
	DKIM_WHY_SIG_TOO_LARGE,
	DKIM_WHY_SIG_MISSING_TAG,    /* v a b bh d h s; of ARC also i and, in a seal, cv */
	DKIM_WHY_SIG_VERSION,
	DKIM_WHY_SIG_ALGORITHM,      /* unknown a= */
	DKIM_WHY_SIG_SHA1,           /* rsa-sha1, RFC 8301 */
	DKIM_WHY_SIG_CANON,
	DKIM_WHY_SIG_DOMAIN,         /* d= or s= is not a name */
	DKIM_WHY_SIG_IDENTITY,       /* i= not at or below d= */
	DKIM_WHY_SIG_INSTANCE,       /* i= of ARC is not a number from 1 to 50 */
	DKIM_WHY_SIG_CHAIN_STATUS,   /* cv= */
	DKIM_WHY_SIG_SEAL_H,         /* an ARC-Seal with h= */
	DKIM_WHY_SIG_COVERS_ARC,     /* h= of an ARC-Message-Signature names that or ARC-Seal */
	DKIM_WHY_SIG_FROM_UNSIGNED,  /* h= does not cover every From field, or there is none */
	DKIM_WHY_SIG_QUERY_METHOD,
	DKIM_WHY_SIG_TIMES,          /* x= not after t= */
	DKIM_WHY_SIG_EXPIRED,
	DKIM_WHY_SIG_FUTURE,
	DKIM_WHY_SIG_TOO_MANY,       /* over the number verified per message: not looked at */
	DKIM_WHY_KEY_NONE,           /* NXDOMAIN or no TXT */
	DKIM_WHY_KEY_TIMEOUT,
	DKIM_WHY_KEY_DNS_FAILURE,
	DKIM_WHY_KEY_LOCAL,          /* we could not ask: the trouble is ours */
	DKIM_WHY_KEY_SYNTAX,
	DKIM_WHY_KEY_VERSION,
	DKIM_WHY_KEY_TYPE,           /* k= is not that of a= */
	DKIM_WHY_KEY_HASH,           /* h= without sha256 */
	DKIM_WHY_KEY_SERVICE,        /* s= without email */
	DKIM_WHY_KEY_REVOKED,
	DKIM_WHY_KEY_STRICT_IDENTITY, /* t=s */
	DKIM_WHY_KEY_TOO_LARGE,       /* beyond base/limits.h */
	DKIM_WHY_KEY_WEAK,            /* any signature, or anyone's, would verify with it */
	DKIM_WHY_KEY_TOO_SHORT,       /* RSA below 1024 bits, RFC 8301 */
	DKIM_WHY_BODY_HASH,
	DKIM_WHY_BODY_LENGTH_TOO_LONG, /* l= beyond the body */
	DKIM_WHY_BODY_LENGTH_REFUSED, /* l= leaves octets unsigned, which policy refuses */
	DKIM_WHY_SIGNATURE_WRONG,
	DKIM_WHY_KEY_BELOW_MINIMUM,   /* the signature is correct, the key is shorter than the policy requires */
	DKIM_WHY_NO_MEMORY,
	DKIM_WHY_COUNT
};

enum auth_result dkim_why_result(enum dkim_why why);
const char *dkim_why_text(enum dkim_why why);

struct dkim_signature {
	enum key_type algorithm;
	bool algorithm_known;
	struct slice algorithm_text; /* as written, for header.a */
	enum canon header_canon, body_canon;
	struct domain domain;        /* d= */
	struct slice domain_text;    /* as written */
	struct domain selector;      /* s= */
	struct slice selector_text;
	struct slice identity;       /* i=, decoded: any octets may be in it; null when absent */
	struct domain identity_domain; /* of i=, or d= */
	struct slice *signed_names;  /* h= */
	size_t signed_count;
	struct slice signature;      /* b=, decoded */
	struct slice b_text;         /* b= as written, within the field's value: not hashed */
	struct slice b_compact;      /* b= without FWS, for header.b */
	struct slice body_hash;      /* bh=, decoded */
	uint64_t body_length;        /* l=, or BODY_LENGTH_ALL; one less when too large */
	bool has_t, has_x;
	int64_t t, x;                /* INT64_MAX for more than 12 digits */
	unsigned instance;           /* i= of ARC; 0: none that could be read */
	enum chain_status chain_status; /* cv= of a seal */
};

/*
 * Parses the value of one field of that kind.  Returns DKIM_WHY_GOOD or the reason it is unusable; whatever could be
 * read (d=, s=, a=, i=, b=) is in out for the report all the same.
 */
enum dkim_why dkim_signature_parse(struct arena *a, enum signature_kind kind, struct slice value,
    struct dkim_signature *out);

/* "<selector>._domainkey.<domain>" (RFC 6376 section 3.6.2.1). */
struct slice dkim_key_name(struct arena *a, const struct dkim_signature *sig);

#endif

/*
 * chain.h - the ARC Sets of a message and the shape of their chain (RFC 8617 sections 4.2 and 5.2
 * steps 1 to 3).  Pure: no key is asked for.
 */
#ifndef ASSAY_ARC_CHAIN_H
#define ASSAY_ARC_CHAIN_H

#include "base/limits.h"
#include "dkim/headerhash.h"
#include "dkim/signature.h"
#include "mail/message.h"

/* Why a chain has its status; arc_why_text() is a text for people. */
enum arc_why {
	ARC_WHY_GOOD,
	ARC_WHY_NO_CHAIN,
	ARC_WHY_TOO_MANY,          /* more than LIMIT_ARC_SETS, or than LIMIT_ARC_OCTETS in all */
	ARC_WHY_FIELD,             /* a field that cannot be read, or without a usable i= */
	ARC_WHY_DUPLICATE,         /* two fields of one kind with the same i= */
	ARC_WHY_SEALED_AS_BROKEN,  /* the newest seal has cv=fail */
	ARC_WHY_INCOMPLETE,        /* a set lacks a field, or an instance is missing */
	ARC_WHY_CHAIN_STATUS,      /* cv= does not fit the instance */
	ARC_WHY_MESSAGE_SIGNATURE, /* the newest ARC-Message-Signature does not verify */
	ARC_WHY_SEAL,              /* an ARC-Seal does not verify */
	ARC_WHY_NOT_BUILT,         /* this program was built without ARC */
	ARC_WHY_COUNT
};
const char *arc_why_text(enum arc_why why);

/* One instance.  A field that was not there is NULL. */
struct arc_set {
	const struct header *results;           /* ARC-Authentication-Results */
	const struct header *message_signature; /* ARC-Message-Signature */
	const struct header *seal;              /* ARC-Seal */
	struct dkim_signature ams, as;          /* the two as parsed, and how that went */
	enum dkim_why ams_why, as_why;
	struct slice payload;                   /* of results, after its instance */
};

struct arc_chain {
	enum arc_why why;         /* ARC_WHY_GOOD: the shape is right, signatures are another matter */
	enum dkim_why detail;     /* of ARC_WHY_FIELD, where a signature field was the trouble */
	unsigned at;              /* the instance where why was found; 0: none */
	unsigned count;           /* N: the highest instance; sets[N - 1] is the newest set */
	struct arc_set *sets;     /* LIMIT_ARC_SETS of them, or NULL without ARC fields */
};

/* The fields of m are borrowed and must not move meanwhile.  RC_NOMEM only. */
MUST_CHECK enum rc arc_chain_read(struct arena *a, const struct message *m, struct arc_chain *out);

/*
 * RFC 8617 section 5.1.1: the fields of the first count sets, which are complete, as a seal takes
 * them; the last is the newest seal.  RC_NOMEM only.
 */
MUST_CHECK enum rc arc_chain_fields(struct arena *a, const struct arc_chain *chain, unsigned count,
    struct header_list *out);

/* The instance of the set that a sealer would add (RFC 8617 section 5.1 step 3). */
unsigned arc_next_instance(const struct arc_chain *chain);

/* Is there a set at all: three fields with the same i= that can be read?  (Signatures not tested.) */
bool arc_chain_has_set(const struct arc_chain *chain);

#endif

/*
 * headerhash.h - the hash over the signed header fields (RFC 6376 section 3.7 step 2, 5.4.2).
 *
 * The hash is over a list of fields in a given order.  DKIM-Signature and ARC-Message-Signature
 * choose them by name: for one message and any number of signatures, verified or made, each takes
 * its fields from the bottom of the header upwards, name by name as its h= lists them.  The cost is
 * that of sorting the fields once, however often a hostile h= names them.  An ARC-Seal lists them
 * itself (RFC 8617 section 5.1.1).
 */
#ifndef ASSAY_DKIM_HEADERHASH_H
#define ASSAY_DKIM_HEADERHASH_H

#include "base/arena.h"
#include "base/rc.h"
#include "crypto/digest.h"
#include "mail/canon.h"
#include "mail/message.h"

struct header_fields;

/* Of the fields that m has now; it is borrowed and must not get more meanwhile.  NULL: memory. */
struct header_fields *header_fields_new(const struct message *m, struct arena *a);

/* Fields of a message, in the order in which they are hashed; the array is the arena's. */
struct header_list {
	const struct header **fields;
	size_t count;
};

/*
 * RFC 6376 section 5.4.2: the fields that names (h=) select; those used up or not there add
 * nothing.  own, a field of the message or NULL, is not taken (section 3.5).  RC_NOMEM only.
 */
MUST_CHECK enum rc header_fields_choose(struct header_fields *f, const struct slice *names,
    size_t count, const struct header *own, struct header_list *out);

struct header_hash_params {
	enum canon canon;
	struct header_list fields;
	/*
	 * The signature itself, hashed last, without the value of its b= tag (a slice within the
	 * field's value) and without CRLF.
	 */
	const struct header *signature;
	struct slice b;
};

/* a: for the digest.  RC_NOMEM only. */
MUST_CHECK enum rc header_hash(struct arena *a, const struct header_hash_params *params,
    unsigned char out[SHA256_OCTETS]);

#endif

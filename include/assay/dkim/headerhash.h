/*
 * headerhash.h - the hash over the signed header fields (RFC 6376 section 3.7 step 2, 5.4.2).
 *
 * For one message and any number of signatures, verified or made: each takes its fields from the
 * bottom of the header upwards, name by name as its h= lists them.  The cost is that of sorting
 * the fields once, however often a hostile h= names them.
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

struct header_hash_params {
	enum canon canon;
	const struct slice *names; /* h=; those used up or not there add nothing */
	size_t name_count;
	/*
	 * The signature itself, hashed last, without the value of its b= tag (a slice within the
	 * field's value) and without CRLF.  A field of the message is not taken for its own h=.
	 */
	const struct header *signature;
	struct slice b;
};

MUST_CHECK enum rc header_hash(struct header_fields *f, const struct header_hash_params *params,
    unsigned char out[SHA256_OCTETS]);

#endif

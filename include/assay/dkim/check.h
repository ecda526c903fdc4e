/*
 * check.h - one signature, of DKIM or ARC, against the time, the body and the keys published for it
 * (RFC 6376 sections 6.1.2 and 6.1.3).
 *
 * Each function looks at one thing and returns the reason to reject the signature, or
 * DKIM_WHY_GOOD.  Who asks decides on the order, and on which share of the message's look-ups the
 * key is asked for (dkim_key_name()).
 */
#ifndef ASSAY_DKIM_CHECK_H
#define ASSAY_DKIM_CHECK_H

#include "base/limits.h"
#include "dkim/bodyhash.h"
#include "dkim/signature.h"
#include "dns/lookups.h"

enum dkim_length_policy { DKIM_LENGTH_REFUSE, DKIM_LENGTH_ALLOW };

struct dkim_verify_params {
	unsigned minimum_bits;        /* RSA; below 1024 is never valid (RFC 8301 section 3.2) */
	enum dkim_length_policy body_length;
	int64_t clock_skew;           /* seconds allowed on t= and x= */
	unsigned max_signatures;      /* verified per message */
};

#define DKIM_VERIFY_DEFAULTS { .minimum_bits = 1024, .body_length = DKIM_LENGTH_REFUSE, \
	.clock_skew = 300, .max_signatures = LIMIT_SIGNATURES }

/* RFC 6376 section 3.5: t= and x=.  now: seconds since the epoch. */
enum dkim_why dkim_check_times(const struct dkim_verify_params *params,
    const struct dkim_signature *sig, int64_t now);

/*
 * The hash of the body that sig needs, asked for before the first octet of the body.  NULL: out of
 * slots or memory.  Where a partly signed body is refused, the whole is what is hashed.
 */
struct bodyhash *dkim_want_body(const struct dkim_verify_params *params,
    const struct dkim_signature *sig, struct bodyhashes *set);

/* After bodyhashes_end(): RFC 6376 sections 3.5 (l=) and 6.1.3. */
enum dkim_why dkim_check_body(const struct dkim_verify_params *params,
    const struct dkim_signature *sig, const struct bodyhash *body);

/* What the look-up of the key says before any record is read (RFC 6376 section 6.1.2 steps 1 to 3). */
enum dkim_why dkim_check_answer(const struct dns_answer *answer);

/* What a key says of a signature. */
struct dkim_key_check {
	enum dkim_why why;
	unsigned bits; /* of the key; 0: not known */
	bool testing;  /* t=y of its record */
};

/*
 * answer has records: each is tried, up to LIMIT_KEY_RECORDS (RFC 6376 section 6.1.2 step 4).  If
 * none verifies the signature over hash, the reason is that of the record that came furthest.
 */
struct dkim_key_check dkim_check_key(struct arena *a, const struct dkim_verify_params *params,
    const struct dkim_signature *sig, const struct dns_answer *answer,
    const unsigned char hash[SHA256_OCTETS]);

#endif

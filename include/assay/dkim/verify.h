/*
 * verify.h - DKIM verification of one message (RFC 6376 section 6).
 *
 * The steps follow the message as it arrives: key look-ups start with the field, the body is
 * hashed as it streams, everything is judged at the end.  Signatures are judged independently of
 * each other: a bad one never spoils a good one.
 */
#ifndef ASSAY_DKIM_VERIFY_H
#define ASSAY_DKIM_VERIFY_H

#include "dkim/check.h"
#include "mail/message.h"

struct dkim_result {
	enum auth_result result;
	enum dkim_why why;
	struct slice reason;   /* for people: the table's text, with numbers where they help */
	struct dkim_signature sig;
	const struct header *field;
	unsigned bits;         /* of the key; 0: not known */
	bool hopeless;         /* cannot pass whatever its key says: a temperror decides nothing */
	/*
	 * The key has t=y (RFC 6376 section 3.6.1: no different from unsigned mail, "even should
	 * the signature fail").  That spares the signer the consequences of a failure; DMARC has
	 * none for a failing signature that it has not for a missing one.  It takes nothing from
	 * a signature that is right: the domain did sign, so a pass stays a pass, for DMARC too;
	 * to ignore it would refuse the mail of all who forgot the flag in their record.
	 */
	bool testing;
	bool authentic;        /* the key came with AD set */
	struct slice header_b; /* first characters of b=, at least 8 and unique (RFC 6008) */
};

struct dkim_results {
	struct dkim_result *items; /* in the order of the message; none: dkim=none */
	size_t count;
	size_t ignored; /* fields beyond LIMIT_SIGNATURE_FIELDS: not parsed, not among the items */
};

struct dkim_verifier;

/* m, l and set are borrowed and must outlive the verifier, which is the arena's. */
struct dkim_verifier *dkim_verifier_new(struct message *m, const struct dkim_verify_params *params,
    struct lookups *l, struct bodyhashes *set);

/* A DKIM-Signature field has been added to the message: parse it, start its key look-up. */
void dkim_verifier_field(struct dkim_verifier *v, size_t header_index);

/*
 * All fields are there: choose which signatures are verified, and ask for their body hashes.  Those
 * come first whose d= is an author domain, then one above or below it, then one that shares its
 * last two labels.  The others get DKIM_WHY_SIG_TOO_MANY: "neutral", for nothing is known against
 * them.  Must be called, before the body.
 */
void dkim_verifier_headers_done(struct dkim_verifier *v, const struct domain *author_domains,
    size_t author_domain_count);

/*
 * End of message, bodyhashes_end() done: waits for keys and judges.  What the message itself shows
 * (times, body) is judged before the key, so that a broken signature is a "fail" and never a
 * "temperror" that its sender could bring about.
 */
MUST_CHECK enum rc dkim_verifier_end(struct dkim_verifier *v, int64_t now,
    struct dkim_results *results_out);

#endif

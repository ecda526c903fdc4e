/*
 * verify.h - the Chain Validation Status of a message (RFC 8617 section 5.2).
 *
 * As with DKIM the work follows the message: keys are asked for when the header is complete, the
 * body is hashed as it streams, and everything is judged at the end.  A message without ARC fields
 * costs one look at the names of its fields.
 *
 * Any trouble is "fail", of the DNS too (section 5.2.1); `temporary` keeps the two apart for the
 * log.  A failing chain is treated as no chain (section 5.2): nothing but a passing one is evidence,
 * and no chain turns a failing DMARC into a pass.
 */
#ifndef ASSAY_ARC_VERIFY_H
#define ASSAY_ARC_VERIFY_H

#include "arc/chain.h"
#include "dkim/check.h"

struct arc_result {
	enum auth_result result;  /* none, pass, fail */
	enum arc_why why;
	struct slice reason;      /* for people: the table's text, the instance, and what was wrong there */
	bool temporary;           /* a key could not be asked for */
	struct arc_chain chain;
	unsigned bits;            /* of the newest seal's key; 0: not known */
	bool oldest_pass_known;   /* of a passing chain */
	unsigned oldest_pass;     /* header.oldest-pass: 0, all verify (section 6) */
};

/* Was this program built with ARC?  Without, every verifier returns "none" and no sealer seals. */
bool arc_is_built(void);

struct arc_verifier; /* of one message; the arena's */

/*
 * All is borrowed and must outlive the verifier.  l of NULL: nothing is verified, the result is "none",
 * and its chain has the shape that was read (arc_chain_has_set()).  NULL: out of memory.
 */
struct arc_verifier *arc_verifier_new(const struct message *m,
    const struct dkim_verify_params *params, struct lookups *l, struct bodyhashes *set);

/* All fields are there: reads the sets and asks for keys.  Must be called, before the body. */
void arc_verifier_headers_done(struct arc_verifier *v);

/* End of message, bodyhashes_end() done: waits for keys.  now: seconds since the epoch.  RC_NOMEM only. */
MUST_CHECK enum rc arc_verifier_end(struct arc_verifier *v, int64_t now, struct arc_result *out);

#endif

/*
 * evaluate.h - DMARC for the authors of one message (RFC 9989 sections 4.4, 5.3, 11.5).
 *
 * No wish of the operator is known here: the outcome is what the author domain's owner asks for.
 *
 * One author:
 *
 *     no record                                        none       NO_RECORD
 *     a record without usable policy (4.10.1)          none       RECORD_UNUSABLE
 *     the record could not be fetched                  temperror  POLICY_UNKNOWN
 *     an identifier that passed is aligned             pass       ALIGNED
 *     none is, but one that is or could be aligned     temperror  IDENTIFIER_UNKNOWN
 *         has a temperror, or passed on an unknown
 *         organizational domain
 *     none is, and np= or sp= is not known             temperror  POLICY_UNKNOWN
 *     none is                                          fail       NOT_ALIGNED, NOTHING_PASSED
 *
 * Several authors: the message has the result of the author who comes first in this list, the first of
 * them where they are equal, so that it passes only when all do, and fails by the strictest policy
 * (section 11.5).  An undecided author ranks by the policy that is at stake, above weaker
 * failures: a sender must not hide one by adding an author of its own.
 *
 *     fail, reject  >  identifier unknown, reject  >  fail, quarantine  >  identifier unknown,
 *     quarantine  >  policy unknown  >  fail, none  >  identifier unknown, none  >  none  >  pass
 */
#ifndef ASSAY_DMARC_EVALUATE_H
#define ASSAY_DMARC_EVALUATE_H

#include "base/result.h"
#include "dkim/verify.h"
#include "dmarc/discover.h"
#include "mail/address.h"
#include "spf/spf.h"

struct dmarc_params {
	enum dmarc_discovery discovery;
};

enum dmarc_why {
	DMARC_WHY_NOT_EVALUATED,      /* a policy was looked for, and no message */
	DMARC_WHY_ALIGNED,            /* pass */
	DMARC_WHY_NOT_ALIGNED,        /* no passing identifier is aligned with the From domain */
	DMARC_WHY_NOTHING_PASSED,
	DMARC_WHY_NO_RECORD,
	DMARC_WHY_RECORD_UNUSABLE,
	DMARC_WHY_POLICY_UNKNOWN,     /* temperror: the policy record could not be fetched */
	DMARC_WHY_IDENTIFIER_UNKNOWN, /* temperror: an aligned candidate is undecided */
	DMARC_WHY_FROM_MISSING,       /* permerror, as the next four */
	DMARC_WHY_FROM_MULTIPLE,
	DMARC_WHY_FROM_INVALID,
	DMARC_WHY_FROM_TOO_MANY,
	DMARC_WHY_NO_MEMORY,
	DMARC_WHY_COUNT
};

const char *dmarc_why_text(enum dmarc_why why);

/* For one author domain. */
struct dmarc_author_result {
	struct domain domain;
	enum auth_result result; /* none pass fail temperror permerror */
	enum dmarc_why why;
	struct dmarc_policy_discovery discovery;
	enum dmarc_policy policy;  /* asked for, after sp/np and t=y (section 4.7) */
	bool testing;              /* t=y lowered it */
	bool spf_aligned, dkim_aligned;
	bool identifier_undecided; /* no pass, and an aligned candidate is undecided */
	struct domain aligned_domain; /* that made the pass */
	struct domain undecided_domain; /* the first one with identifier_undecided */
};

/*
 * What follows from a discovery before any identifier is looked at: the policy after t=y (section
 * 4.7), and the result where there is no policy; else none and NOT_EVALUATED.
 */
void dmarc_author_of(const struct dmarc_policy_discovery *d, struct dmarc_author_result *out);

struct dmarc_result {
	enum auth_result result; /* over all authors: any failure wins, strictest failing policy */
	enum dmarc_why why;
	struct slice reason;     /* for people */
	const struct dmarc_author_result *deciding; /* whose policy applies; NULL: none evaluated */
	struct dmarc_author_result *authors;
	size_t author_count;
};

/*
 * spf and dkim may be NULL: not checked.  The authors' walks were started by dmarc_start() when the
 * From field was read.
 *
 * An identifier that is not at or below an author's organizational domain is unaligned without
 * any look-up, and its temperror never counts: a sender must not gain by breaking DNS.
 */
MUST_CHECK enum rc dmarc_evaluate(struct arena *a, struct lookups *l,
    const struct dmarc_params *params, const struct authors *authors,
    const struct spf_mail_from_result *spf, const struct dkim_results *dkim,
    struct dmarc_result *out);

#endif

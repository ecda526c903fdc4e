/*
 * evidence.h - what a passing chain says of a message, for those who trust its newest sealer.
 *
 * The one place where a verdict is read from a header: the ARC-Authentication-Results of the newest
 * set, which a seal covers that verifies.  Whether that sealer is trusted is for the caller to ask.
 */
#ifndef ASSAY_ARC_EVIDENCE_H
#define ASSAY_ARC_EVIDENCE_H

#include "arc/verify.h"

/* d= of the newest seal; none unless the chain passes. */
struct domain arc_sealer_domain(const struct arc_result *r);

/*
 * Does the newest set record an aligned pass for that author domain?  That is dmarc=pass with
 * header.from of that very domain, or dkim=pass with header.d (or else header.i) of it, or spf=pass
 * with smtp.mailfrom of it: the same name, as what is aligned beyond that is not for a header to say.  A
 * property that occurs twice shows nothing.  how_out: "dmarc=pass", "dkim=pass", "spf=pass".
 */
bool arc_shows_pass(struct arena *a, const struct arc_result *r, struct domain author,
    const char **how_out);

/*
 * RFC 8617 section 7.2.2: "arc=pass as[2].d=d2.example as[2].s=s2 as[1].d=... remote-ip[1]=192.0.2.7";
 * the last part where the first set has it.  The null slice: out of memory.
 */
struct slice arc_report_comment(struct arena *a, const struct arc_result *r);

#endif

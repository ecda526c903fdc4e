/*
 * fields.h - which header fields a signature covers (RFC 6376 sections 5.4 and 5.4.1).
 *
 * Those that a reader sees or software acts upon.  From, To, Cc, Subject and Reply-To are named once
 * more than they occur, present or not, so that none can be added (section 5.4).  What MTAs, gateways
 * and mailing lists add to mail that lacks it (Date, Message-ID, Sender, In-Reply-To, References, List-*
 * and the MIME fields) is treated so only where it is present: a list that adds its Sender breaks
 * nothing (RFC 6376 appendix B.2.3), and a second one beside the signed one still does.
 */
#ifndef ASSAY_DKIM_FIELDS_H
#define ASSAY_DKIM_FIELDS_H

#include "dkim/signature.h"
#include "mail/message.h"

/*
 * Changes to the default set: "+Name" signs one more and oversigns it, present or not; "-Name"
 * leaves one out.
 */
struct sign_header_set {
	struct slice *add;
	size_t add_count;
	struct slice *remove;
	size_t remove_count;
};

/*
 * Why "+Name" (or, removing, "-Name") is impossible: a text that follows the name, such as "is
 * changed in transit and cannot be signed"; NULL when it is possible.  Impossible ones that a set
 * has all the same are without effect.
 */
const char *dkim_sign_field_error(struct slice name, bool removing);

struct name_list {
	struct slice *names;
	size_t count, cap;
};

/*
 * h= of a signature of that kind over m; set of NULL: the defaults.  An ARC-Message-Signature covers the
 * DKIM-Signature fields too (RFC 8617 section 4.1.2).  false: more than LIMIT_SIGNED_FIELDS names,
 * or memory is short (the arena's mark is set).
 */
bool dkim_fields_choose(struct arena *a, enum signature_kind kind, const struct message *m,
    const struct sign_header_set *set, struct name_list *out);

#endif

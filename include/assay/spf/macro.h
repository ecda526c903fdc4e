/*
 * macro.h - macro expansion (RFC 7208 section 7): remote text in, names and explanations out.
 *
 * The results live in the arena.  Out of memory sets its mark and makes the result "nothing".
 */
#ifndef ASSAY_SPF_MACRO_H
#define ASSAY_SPF_MACRO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ip.h"
#include "base/slice.h"

/* What the letters stand for, but for %{d}, which changes with every record (section 7.2). */
struct spf_values {
	struct slice sender;        /* s: local-part "@" domain */
	struct slice local_part;    /* l */
	struct slice sender_domain; /* o: A-labels */
	struct slice helo;          /* h: as the client gave it */
	struct slice receiver;      /* r; empty: "unknown" */
	struct ip client;           /* i, c, v */
	int64_t now;                /* t */

	/* p: a validated name of the client (section 5.5), "unknown" where there is none */
	struct slice (*validated)(void *ctx, struct slice domain);
	void *ctx;
};

/*
 * The <target-name> of a <domain-spec> that spf_record_parse() has accepted (section 4.8): without
 * a trailing dot, cut on the left to 253 octets.  Any octet may be in it; it may point into spec.
 * false: the term matches nothing, because %{s} or %{l} stand for a local-part that is not ASCII
 * (RFC 8616 section 4), or there is no memory.
 */
bool spf_expand_name(struct arena *a, const struct spf_values *values, struct slice domain,
    struct slice spec, struct slice *out);

/*
 * An <explain-string> (section 6.2), cut to LIMIT_SPF_EXPLANATION octets.  false: a syntax error,
 * or the expansion is not ASCII without control characters; then there is no explanation.
 */
bool spf_expand_explanation(struct arena *a, const struct spf_values *values, struct slice domain,
    struct slice text, struct slice *out);

/* Can the name be asked for (labels of 1 to 63 octets, 253 in all)? */
bool spf_name_valid(struct slice name);

/* Is the name in the resolver's form as it is? */
bool spf_name_plain(struct slice name);

/*
 * The name as the resolver wants it, "\" and what is not printable escaped; null: no memory.
 * Nothing is allocated for a plain one.
 */
struct slice spf_name_escaped(struct arena *a, struct slice name);

/* The name that is asked for the client's PTR records; null: no memory. */
struct slice spf_reverse_name(struct arena *a, const struct ip *client);

#endif

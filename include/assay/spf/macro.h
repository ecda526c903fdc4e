/*
 * macro.h - macros (RFC 7208 section 7): their grammar, and remote text expanded to names and
 * explanations.
 *
 * What an expansion may cost is counted in steps, octets that are read or written, and shared by all
 * expansions of a check: never in time, so that a check stays a function of its inputs.
 */
#ifndef ASSAY_SPF_MACRO_H
#define ASSAY_SPF_MACRO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/cursor.h"
#include "base/ip.h"
#include "base/slice.h"

/* --- section 7.1 ------------------------------------------------------------------------------ */

struct spf_macro {
	char letter;         /* lower case; '%', '_' or '-' for "%%", "%_" and "%-" */
	bool escape;         /* written in upper case */
	bool reverse;
	unsigned keep;       /* right-hand parts; 0: all */
	struct slice delimiters; /* empty: "." where parts are asked for */
};

/* macro-expand; any letter of section 7.2, those for explanations only included. */
bool spf_take_macro_expand(struct cursor *c, struct spf_macro *out);

/* 1*macro-literal */
bool spf_take_macro_literals(struct cursor *c, struct slice *out);

/* domain-spec and macro-string, which the text must be altogether. */
bool spf_is_domain_spec(struct slice text);
bool spf_is_macro_string(struct slice text);

/* Does a macro-string use one of these letters, in either case? */
bool spf_uses_macro(struct slice text, const char *letters);

/* --- sections 7.2 and 7.3 --------------------------------------------------------------------- */

/* The values of the macro letters; borrowed. */
struct spf_values {
	struct slice sender;        /* s: local-part "@" domain */
	struct slice local_part;    /* l */
	struct slice sender_domain; /* o: A-labels */
	struct slice domain;        /* d: whose record it is */
	struct slice helo;          /* h: as the client gave it */
	struct slice receiver;      /* r; empty: "unknown" */
	struct ip client;           /* i, c, v */
	int64_t now;                /* t */

	/* p: a validated name of the client (section 5.5), "unknown" where there is none */
	struct slice (*validated)(void *ctx, struct slice domain);
	void *ctx;
};

enum spf_expansion {
	SPF_EXPANDED,
	SPF_EXPANDS_TO_NOTHING,  /* %{s} or %{l} for a local-part that is not ASCII (RFC 8616 section 4) */
	SPF_EXPANSION_TOO_LONG,  /* more steps than were left */
	SPF_EXPANSION_NO_MEMORY, /* the arena has its mark */
};

/*
 * The <target-name> of a <domain-spec> that spf_is_domain_spec() accepts (section 4.8): without a
 * trailing dot, cut on the left to 253 octets.  Any octet may be in it; it may point into spec.
 */
enum spf_expansion spf_expand_name(struct arena *a, const struct spf_values *values,
    struct slice spec, size_t *steps, struct slice *out);

/*
 * An <explain-string> (section 6.2), cut to LIMIT_SPF_EXPLANATION octets.  false: a syntax error, an
 * expansion that is not ASCII without control characters or takes more steps than are left, or no
 * memory; the explanation is then omitted.
 */
bool spf_expand_explanation(struct arena *a, const struct spf_values *values, struct slice text,
    size_t *steps, struct slice *out);

#endif

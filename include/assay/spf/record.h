/*
 * record.h - the text of an SPF record (RFC 7208 sections 4.5, 4.6.1 and 12).
 *
 * spf_record_parse() checks the whole record before anything of it is believed (section 4.6): one
 * function per production of section 12.  On the way it keeps the few terms that can decide for one
 * client; all of them are seen with spf_record_next().  Nothing is allocated: every slice points
 * into the record's text.
 */
#ifndef ASSAY_SPF_RECORD_H
#define ASSAY_SPF_RECORD_H

#include <stdbool.h>

#include "base/cursor.h"
#include "base/ip.h"
#include "base/limits.h"
#include "base/result.h"
#include "base/slice.h"
#include "dns/resolver.h"

enum spf_kind {
	SPF_ALL,
	SPF_INCLUDE,
	SPF_A,
	SPF_MX,
	SPF_PTR,
	SPF_IP4,
	SPF_IP6,
	SPF_EXISTS,
	SPF_REDIRECT,
	SPF_EXP,
	SPF_UNKNOWN_MODIFIER,
};

struct spf_term {
	enum spf_kind kind;
	enum auth_result qualifier; /* of a mechanism: pass, fail, softfail, neutral */
	struct slice text;          /* the whole term as it was written */
	struct slice spec;          /* <domain-spec>; null: none was given */
	struct ip network;          /* ip4, ip6 */
	unsigned bits4, bits6;      /* prefix lengths; 32 and 128 where none was given */
};

struct spf_record {
	struct slice terms;       /* the text after the version */
	bool has_all;             /* then redirect= counts for nothing (section 5.1) */
	struct spf_term redirect; /* .text is null: none */
	struct spf_term exp;      /* .text is null: none */

	/*
	 * What can decide for the client, in order: mechanisms that ask, up to the one that passes
	 * the limit; then the first that matches without a question, with which the list ends.
	 */
	struct spf_term steps[LIMIT_SPF_TERMS + 2];
	size_t step_count;
};

/* For the finding of `assay check` and --explain: the term that is wrong, and what is wrong. */
struct spf_mistake {
	struct slice term;
	const char *what; /* static text */
};

/* Section 4.5: does the text begin with the version, ended by a space or the end? */
bool spf_record_is(struct slice text);

/* How many such texts are in an answer, and the last of them; it borrows from the answer. */
size_t spf_record_select(const struct dns_answer *answer, struct slice *text_out);

/*
 * text passes spf_record_is(); client may be of no family: no network matches then.  false: a
 * syntax error somewhere (permerror), described in *mistake, which may be NULL; *out is then of no use.
 */
bool spf_record_parse(struct slice text, const struct ip *client, struct spf_record *out,
    struct spf_mistake *mistake);

/* Does the client's address match a network's, by the prefix length for its family? */
bool spf_term_in_cidr(const struct spf_term *t, const struct ip *network, const struct ip *client);

/* The next directive or modifier of record.terms; false at the end.  For parsed records only. */
bool spf_record_next(struct cursor *c, struct spf_term *out);

/* Does the term count against the limit of ten (section 4.6.4)? */
bool spf_kind_queries(enum spf_kind kind);

/* "include", "a", ... */
const char *spf_kind_text(enum spf_kind kind);

#endif

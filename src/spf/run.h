/*
 * run.h - one check_host() in progress (RFC 7208 section 4), for either engine.
 *
 * run.c asks, counts, chooses records, expands names and keeps the finding.  The engines only walk
 * what these functions have let through: check.c (`builtin`), libspf2.c (`libspf2`).  A run lives in
 * its arena.  Its first error ends the check; functions that return false or an ERROR have then
 * noted it in the finding.
 */
#ifndef ASSAY_SPF_RUN_H
#define ASSAY_SPF_RUN_H

#include "spf/macro.h"
#include "spf/record.h"
#include "spf/spf.h"

struct spf_run;

/* What a run needs of its surroundings; params, trace and what values point to are borrowed. */
struct spf_setting {
	struct arena *arena;
	struct lookups *lookups;
	enum lookup_purpose purpose;
	const struct spf_params *params;
	const struct spf_trace *trace; /* may be NULL */
	struct spf_values values;      /* %{p} is the run's own */
};

/* NULL: no memory. */
struct spf_run *spf_run_new(const struct spf_setting *setting);

/* Begins a check of domain: what an earlier one has found and counted is forgotten. */
void spf_run_begin(struct spf_run *r, struct slice domain);

/* What is known so far; at the end, the reason of the result. */
struct spf_finding {
	enum auth_result error; /* temperror or permerror once the check has ended so; else none */
	enum spf_why why;
	struct slice term;      /* what matched or where it went wrong; null: the record itself */
	struct slice domain;    /* whose record that was */
	const char *detail;     /* static text: of a mistake, of a DNS failure; NULL: none */
	unsigned terms, voids;  /* counted against the limits (section 4.6.4) */
	struct spf_used *used;  /* records, for struct spf_result */
	size_t used_count, used_cap;
};
const struct spf_finding *spf_run_finding(const struct spf_run *r);
enum auth_result spf_run_error(const struct spf_run *r); /* of the finding */

/* Starts what a check of domain will need (spf/lookahead.h). */
void spf_run_look_ahead(struct spf_run *r, struct slice domain);

struct arena *spf_run_arena(const struct spf_run *r);
const struct ip *spf_run_client(const struct spf_run *r);
unsigned spf_run_terms_left(const struct spf_run *r);

/* --- the engines ------------------------------------------------------------------------------ */

/* check_host() by the engine `builtin`. */
enum auth_result spf_check_host(struct spf_run *r, struct slice domain);

/* The same from where domain's record has been fetched; redirect= puts others in its place. */
enum auth_result spf_check_record(struct spf_run *r, struct spf_record *record,
    struct slice domain);

/* The same by libspf2. */
enum auth_result spf_check_host_libspf2(struct spf_run *r, struct slice domain);
bool spf_libspf2_available(void);

/* --- records ---------------------------------------------------------------------------------- */

enum spf_fetched {
	SPF_FETCHED_RECORD, /* the domain's one record, its syntax checked */
	SPF_FETCHED_NONE,   /* it has none: the finding's why says in which way */
	SPF_FETCHED_ERROR,  /* the check has ended */
};

/* Sections 4.3 to 4.6. */
enum spf_fetched spf_run_fetch(struct spf_run *r, struct slice domain, struct spf_record *out);

/* A term of domain's record begins to be evaluated; false: the limit of terms is exceeded. */
bool spf_run_begin_term(struct spf_run *r, const struct spf_term *t, struct slice domain);

/*
 * The target-name of the term.  *out is null when the term can match nothing: a local-part that is
 * not ASCII (RFC 8616 section 4); but for include and redirect, whose targets check_host() judges,
 * also a name that cannot be asked for (P-57).  false: error, too many
 * steps of macros included (LIMIT_SPF_STEPS).
 */
bool spf_run_target(struct spf_run *r, const struct spf_term *t, struct slice domain,
    struct slice *out);

/* Notes the match of a term of domain's record for the reason; exp= of the record goes with it. */
void spf_run_match(struct spf_run *r, const struct spf_term *t, const struct spf_record *record,
    struct slice domain);

/* Nothing matched (section 4.7); returns neutral. */
enum auth_result spf_run_default(struct spf_run *r, struct slice domain);

/* There is nothing to check, or no record of the domain; returns none. */
enum auth_result spf_run_none(struct spf_run *r, enum spf_why why);

/* Ends the check; returns false. */
bool spf_run_fail(struct spf_run *r, enum auth_result error, enum spf_why why, const char *detail);
bool spf_run_fail_memory(struct spf_run *r);

/* After a fail: the text that exp= leads to (section 6.2), or null. */
struct slice spf_run_explanation(struct spf_run *r);

/* --- look-ups --------------------------------------------------------------------------------- */

/* Asks; name is in the resolver's form.  false: error, the void limit included. */
bool spf_run_ask(struct spf_run *r, struct slice name, enum dns_type type,
    const struct dns_answer **out);

/* The hosts of an MX answer, at most ten: more is an error (section 4.6.4). */
bool spf_run_ask_mx(struct spf_run *r, struct slice name, const struct dns_answer **out);

/* A or AAAA, as the client has it (section 5). */
enum dns_type spf_run_address_type(const struct spf_run *r);

/* Asks for the client's names once (section 5.5), the first ten; false: error. */
bool spf_run_client_names(struct spf_run *r, size_t *count_out);
struct slice spf_run_client_name(const struct spf_run *r, size_t i); /* in the resolver's form */

/* Does that name have the client's address?  Asked once.  An error is in the finding. */
bool spf_run_validated(struct spf_run *r, size_t i);

/* --- the trace -------------------------------------------------------------------------------- */

/* Nesting of include and redirect, which the lines show. */
unsigned spf_run_depth(const struct spf_run *r);
void spf_run_set_depth(struct spf_run *r, unsigned depth);

/* A line of --explain. */
void spf_run_trace(struct spf_run *r, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* How a term came out, as such a line. */
void spf_run_trace_term(struct spf_run *r, const struct spf_term *t, const char *outcome);

/* The networks between a step and the one before it, which have not matched, as such lines. */
void spf_run_trace_networks(struct spf_run *r, const struct spf_record *record, struct slice domain,
    size_t step);

/* A network or a host's address that a term of domain's record names, and that does not match. */
void spf_run_trace_address(struct spf_run *r, const struct spf_term *t, struct slice domain,
    const struct ip *network);

/* When no term has permitted the client: of those addresses the nearest to it, as a line. */
void spf_run_trace_nearest(struct spf_run *r);

#endif

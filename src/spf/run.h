/*
 * check.h - one check_host() in progress (RFC 7208 section 4).
 *
 * run.c counts, asks, chooses records and expands names for both engines; check.c walks records
 * (the engine `builtin`).  The engine `libspf2` only walks what these functions have let through.
 */
#ifndef ASSAY_SPF_CHECK_H
#define ASSAY_SPF_CHECK_H

#include "spf/macro.h"
#include "spf/record.h"
#include "spf/spf.h"

/* A host name of the client's PTR records. */
struct spf_client_name {
	struct slice name; /* in the resolver's form */
	enum { SPF_NAME_UNKNOWN, SPF_NAME_VALID, SPF_NAME_INVALID } state;
};

struct spf_run {
	struct arena *arena;
	struct lookups *lookups;
	enum lookup_purpose purpose;
	const struct spf_params *params;
	const struct spf_trace *trace; /* may be NULL */
	unsigned depth;                /* of includes and redirects, for the trace */
	struct spf_values values;

	unsigned terms, voids;   /* against the limits, over the whole check (section 4.6.4) */
	bool counts_void;        /* the present term is not yet counted in voids */

	enum auth_result error;  /* temperror or permerror once the check has come to its end so */
	enum spf_why why;
	struct slice term;       /* what matched or where it went wrong; null: the record itself */
	struct slice domain;     /* whose record that was */
	const char *detail;      /* static text: of a mistake, of a DNS failure; NULL: none */

	struct slice exp;        /* exp= that goes with the match (section 6.2); null: none */

	struct spf_client_name *names; /* the first ten of the client */
	size_t name_count;
	bool names_asked;
};

/* check_host() by the engine `builtin`. */
enum auth_result spf_check_host(struct spf_run *r, struct slice domain);

/* The same by libspf2. */
enum auth_result spf_check_host_libspf2(struct spf_run *r, struct slice domain);
bool spf_libspf2_available(void);

/*
 * Sections 4.3 to 4.6: the one record of domain, checked.  Otherwise false, and *result_out is
 * none, temperror or permerror; the two errors are in r as well.
 */
bool spf_run_fetch(struct spf_run *r, struct slice domain, struct spf_record *out,
    enum auth_result *result_out);

/* A term of domain's record begins to be evaluated; false: the limit of terms has been passed. */
bool spf_run_begin_term(struct spf_run *r, const struct spf_term *t, struct slice domain);

/*
 * The target-name of the term.  *out is null when the term can match nothing: a local-part that is
 * not ASCII (RFC 8616 section 4); but for include and redirect, whose targets check_host() judges,
 * also a name that cannot be asked for (P-57).  false: error.
 */
bool spf_run_target(struct spf_run *r, const struct spf_term *t, struct slice domain,
    struct slice *out);

/* Asks; name is in the resolver's form.  false: error, the void limit included. */
bool spf_run_ask(struct spf_run *r, struct slice name, enum dns_type type,
    const struct dns_answer **out);

/* The hosts of an MX answer, at most ten: more is an error (section 4.6.4). */
bool spf_run_ask_mx(struct spf_run *r, struct slice name, const struct dns_answer **out);

/* Asks for the client's names once (section 5.5); false: error. */
bool spf_run_client_names(struct spf_run *r);

/* Does the name have the client's address?  Asked once.  r->error tells an error. */
bool spf_run_validated(struct spf_run *r, struct spf_client_name *n);

/* name is target or below it; both in the resolver's form, case folded. */
bool spf_name_is_below(struct slice name, struct slice target);

/* A or AAAA, as the client has it (section 5). */
enum dns_type spf_run_address_type(const struct spf_run *r);

/* Notes the match of a term of domain's record for the reason; exp= of the record goes with it. */
void spf_run_match(struct spf_run *r, const struct spf_term *t, const struct spf_record *record,
    struct slice domain);

/* Nothing matched (section 4.7); returns neutral. */
enum auth_result spf_run_default(struct spf_run *r, struct slice domain);

/* Ends the check; returns false. */
bool spf_run_fail(struct spf_run *r, enum auth_result error, enum spf_why why, const char *detail);
bool spf_run_fail_memory(struct spf_run *r);

/* After a fail: the text that exp= leads to (section 6.2), or null. */
struct slice spf_run_explanation(struct spf_run *r);

/* A line of --explain. */
void spf_run_trace(struct spf_run *r, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* How a term came out, as such a line. */
void spf_run_trace_term(struct spf_run *r, const struct spf_term *t, const char *outcome);

/* The networks between a step and the one before it, which have not matched, as such lines. */
void spf_run_trace_networks(struct spf_run *r, const struct spf_record *record, size_t step);

/* Prepares %{p} (section 7.3). */
void spf_run_init_values(struct spf_run *r);

#endif

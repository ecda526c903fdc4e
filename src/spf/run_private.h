/*
 * run_private.h - the state of a run (run.h), which run.c changes and trace.c shows.
 */
#ifndef ASSAY_SPF_RUN_PRIVATE_H
#define ASSAY_SPF_RUN_PRIVATE_H

#include "run.h"

/* A host name of the client's PTR records. */
struct client_name {
	struct slice name; /* in the resolver's form */
	enum { NAME_UNKNOWN, NAME_VALID, NAME_INVALID } state;
};

/* For --explain: the address or network that shares the longest prefix with the client's, though none matched. */
struct nearest {
	struct slice term, domain; /* null: no address of the client's family was named */
	struct ip network;
	unsigned bits, common;     /* prefix length, and how many of its bits match */
	bool other_family;         /* an address of the other one was named */
};

struct spf_run {
	struct spf_setting set;
	struct spf_finding found;
	unsigned depth;
	size_t steps;              /* left for records and macros */
	size_t ahead_steps;        /* left for macros that are started ahead */
	bool counts_void;          /* the present term is not yet counted in voids */
	bool personal;             /* a name was made of the local-part: no more records are noted */
	unsigned existing_voids;   /* of found.voids, for names that exist */
	struct slice exp;          /* exp= that goes with the match (section 6.2); null: none */
	struct spf_ahead *ahead;   /* owned by the lookups; NULL: nothing is started ahead */

	struct nearest nearest;    /* kept where there is a trace */

	struct client_name *names; /* the first ten of the client */
	size_t name_count;
	bool names_asked;
};

/* An answer, as a line of --explain. */
void spf_run_trace_answer(struct spf_run *r, struct slice name, enum dns_type type, const struct dns_answer *answer);

#endif

/*
 * demand.h - what one finding asks to be done with a message, and the rules that hold for every finding.
 *
 * demand_dmarc.h, demand_from.h and demand_check.h make the demands, decide.c chooses the strictest, and reply.h words
 * a refusal.  Texts are the arena's or last for ever; when memory is short they are null, and the arena has its mark.
 */
#ifndef ASSAY_VERDICT_DEMAND_H
#define ASSAY_VERDICT_DEMAND_H

#include "verdict/decide.h"

enum demand_kind {
	DEMAND_NOTHING,
	DEMAND_DMARC_FAIL,
	DEMAND_DMARC_POLICY_UNKNOWN,
	DEMAND_DMARC_UNDECIDED, /* an aligned candidate is temperror */
	DEMAND_FROM,            /* the author domain cannot be determined */
	DEMAND_HEADER,          /* a field that is missing or doubled */
	DEMAND_SPF,
	DEMAND_HELO,
	DEMAND_DKIM_TEMPERROR,
	DEMAND_DKIM_NONE,
	DEMAND_DKIM_FAIL,       /* nothing that passes is aligned */
	DEMAND_LOCAL_TROUBLE,   /* our own resolver does not work */
	DEMAND_COUNT
};

struct demand {
	enum demand_kind kind;
	enum action action;
	struct slice why; /* reason for the log; null: none */

	/* DMARC only */
	const struct dmarc_author_result *author;
	enum action asked;               /* what the published policy asks for */
	struct override override;        /* the reason when action is not asked */
};

/* What one decision looks at; borrowed. */
struct bench {
	struct arena *a;
	const struct verdict_policy *p;
	enum message_class class;
	const struct message *m;
	const struct verdict *v;
	struct indirect_marks marks;
	struct slice exempt; /* why the message is never refused; null: it may be */
};

/* The comment of an override for a client in forwarders. */
#define DEMAND_LISTED SLICE("the client is in forwarders")

/* A finding that stays as it is gets no 4xx (RFC 6376 section 6.3). */
enum action demand_permanent(enum action action);

/* Temporary trouble never refuses for good (RFC 7208 section 8.6, RFC 9989 section 4.10.1). */
enum action demand_temporary(enum action action);

/*
 * Changes the action and records the reason.  A later rule replaces the reason of an earlier one.  Where it
 * restores the published policy, action equals d->asked again, and no override is reported.
 */
void demand_depart(struct demand *d, enum action action, enum override_type type, struct slice comment);

/* Replaces a refusal where the message may not be refused. */
void demand_cap_refusal(const struct bench *b, struct demand *d);

/*
 * Another finding than DMARC's: its action, capped, and words for the log with the setting that decided.  In
 * demand_made() the value of that setting is the action.
 */
struct demand demand_set(const struct bench *b, enum demand_kind kind, enum action action, const char *finding,
    struct slice name, const char *value);
struct demand demand_made(const struct bench *b, enum demand_kind kind, enum action action, const char *finding,
    const char *name);

#endif

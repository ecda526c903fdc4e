/*
 * evaluate.h - runs the checks of one message and puts their findings side by side.  Used by
 * transaction.c, which has started the look-ups while the message arrived.
 */
#ifndef ASSAY_VERDICT_EVALUATE_H
#define ASSAY_VERDICT_EVALUATE_H

#include "verdict/verdict.h"

struct evaluation {
	struct arena *arena;
	const struct verdict_policy *policy;
	enum message_class class;
	const struct message *message;
	struct lookups *lookups;
	struct arc_verifier *arc;
	struct dkim_verifier *verifier; /* its body hashes have ended */
	const struct spf_trace *trace;  /* NULL: none */
	int64_t now;
};

/* The identities that SPF will be asked about. */
void evaluate_request(const struct message *m, struct spf_request *out);

/* v->authors is filled already; everything else in v is written here. */
MUST_CHECK enum rc evaluate(const struct evaluation *e, struct verdict *v);

#endif

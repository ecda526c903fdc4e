/*
 * transaction.h - one message from MAIL to its end: the coordinator that daemon, tool and tests share.
 *
 *     begin (MAIL) -> recipient* -> header* -> end_of_header -> body* -> end -> outcome
 *
 * DNS questions start as early as the protocol allows: SPF at begin, keys with their fields, the
 * author's policy at the end of the header.  Only transaction_end() waits.  Nothing here fails
 * visibly: trouble is kept and becomes the outcome at the end, never acceptance unjudged.
 */
#ifndef ASSAY_VERDICT_TRANSACTION_H
#define ASSAY_VERDICT_TRANSACTION_H

#include "dns/resolver.h"
#include "signing/keystore.h"
#include "verdict/verdict.h"

/* What outlives messages; immutable, borrowed. */
struct transaction_env {
	const struct verdict_policy *policy;
	struct keystore *keys;   /* NULL: nothing is signed */
	struct resolver *resolver;
};

struct transaction;

/* The envelope is copied. NULL: out of memory (answer 451). */
struct transaction *transaction_begin(const struct transaction_env *env,
    const struct envelope *envelope);

/* Facts that the MTA reports late; copied. */
void transaction_set_queue_id(struct transaction *t, struct slice queue_id);

void transaction_recipient(struct transaction *t, struct slice address);
void transaction_header(struct transaction *t, struct slice name, struct slice value);
void transaction_end_of_header(struct transaction *t);

/* Does anybody need the body?  Known after end_of_header; one computed value. */
bool transaction_needs_body(const struct transaction *t);
void transaction_body(struct transaction *t, struct slice chunk);

/* now: seconds since the epoch. The outcome lives until transaction_free(). */
const struct outcome *transaction_end(struct transaction *t, int64_t now);

/* The outcome of a message that ends before its end; nothing may follow but transaction_free(). */
const struct outcome *transaction_abort(struct transaction *t, int64_t now);

/* For --explain; before end. */
void transaction_trace_spf(struct transaction *t, const struct spf_trace *trace);

/* For --explain and the daemon's cost counters; borrowed. */
struct arena *transaction_arena(struct transaction *t);

void transaction_free(struct transaction **t); /* at any point; NULL is fine */

#endif

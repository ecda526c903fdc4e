/*
 * lookahead.h - starts the questions that a check will need before it needs them.
 *
 * As each record arrives, the names of its terms are started together, by hooks in the resolver's
 * thread, so that a check lasts about as many round trips as its includes are deep.  Nothing is
 * decided here: terms and void look-ups are counted by the check, in the RFC's order.
 *
 * The resolver's thread serves all messages, so what it does for one of them does not grow with what
 * that message or its sender's records hold: it reads LIMIT_SPF_AHEAD_OCTETS of records and expands
 * no macro.  Names with macros are started by the message's own thread when its check reads the
 * record.  Both together start ten terms and LIMIT_SPF_AHEAD questions at most, whatever the zones
 * hold.
 */
#ifndef ASSAY_SPF_LOOKAHEAD_H
#define ASSAY_SPF_LOOKAHEAD_H

#include "base/ip.h"
#include "dns/lookups.h"
#include "spf/record.h"

struct spf_ahead;

/* For the checks of one identity; owned by l.  NULL: no memory, nothing is started ahead. */
struct spf_ahead *spf_ahead_new(struct lookups *l, enum lookup_purpose purpose,
    const struct ip *client);

/* Starts domain's record, and what follows from it.  a may be NULL. */
void spf_ahead_record(struct spf_ahead *a, struct slice domain);

/* Starts what a term of this kind asks about its target.  a may be NULL. */
void spf_ahead_term(struct spf_ahead *a, enum spf_kind kind, struct slice target);

#endif

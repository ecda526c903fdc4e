/*
 * ceiling.h - how many connections of MTAs are served, and the descriptors and threads that they take.
 *
 * libmilter accepts every connection, and loops without pause when no descriptor is left.  There are
 * therefore two ceilings.  A connection beyond `limits { sessions }` is served, but each of its messages
 * gets a temporary failure at its end (an earlier answer is not possible).  A connection that would take
 * a descriptor reserved for the resolver, the log or the keys is closed at its negotiation.
 *
 * libmilter also loses a session if it cannot start a thread for it.  So while no more threads can be
 * started, the end of a message is answered at once, without DNS questions that would occupy a thread.
 */
#ifndef ASSAY_DAEMON_CEILING_H
#define ASSAY_DAEMON_CEILING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * Raises the limit on open descriptors to the number that so many sessions and name servers need; warns if
 * the limit cannot be raised that far.  Call it once, before privileges are dropped.
 */
void ceiling_descriptors(size_t sessions, size_t servers, struct err *err);

/* Threads started from now on have a stack of LIMIT_THREAD_STACK. */
void ceiling_stacks(void);

enum ceiling_place {
	CEILING_SERVED,
	CEILING_DEFERRED, /* beyond sessions: 451 at the end of each message */
	CEILING_CLOSED,   /* no descriptor to spare; nothing was counted */
};

/* Counts a new connection.  Call ceiling_leave() at its end, except after CEILING_CLOSED. */
enum ceiling_place ceiling_enter(size_t sessions);
void ceiling_leave(void);

/* Connections that are open now. */
size_t ceiling_sessions(void);

/* Whether as many threads can be started as libmilter may need before the next call. */
bool ceiling_threads_left(void);

#endif

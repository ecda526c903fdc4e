/*
 * ceiling.h - how many connections of MTAs are served, and the descriptors and threads that they take.
 *
 * libmilter accepts every connection, and spins when the descriptors are used up.  So a connection
 * beyond `limits { sessions }` is taken, but its messages get a temporary failure at their end (nothing
 * can be answered earlier), and one for which no descriptor would be left for the resolver, the log and
 * the keys is closed at its negotiation.  Likewise libmilter forgets a session for which it cannot
 * start a thread: while threads are short, ends of message are answered without waiting.
 */
#ifndef ASSAY_DAEMON_CEILING_H
#define ASSAY_DAEMON_CEILING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * Once, as root where the daemon starts as root: raises the limit on open descriptors to what that
 * many sessions and the resolver's name servers need.  A limit that cannot be raised so far is a warning.
 */
void ceiling_descriptors(size_t sessions, size_t servers, struct err *err);

/* Threads started from now on have a stack of LIMIT_THREAD_STACK. */
void ceiling_stacks(void);

enum ceiling_place {
	CEILING_SERVED,
	CEILING_DEFERRED, /* beyond sessions: 451 at the end of each message */
	CEILING_CLOSED,   /* no descriptor to spare; nothing was counted */
};

/* A connection comes; unless it is closed, it leaves by ceiling_leave().  Logs once when it is full. */
enum ceiling_place ceiling_enter(size_t sessions);
void ceiling_leave(void);

/* Connections that are open now. */
size_t ceiling_sessions(void);

/* Whether as many threads can be started as libmilter may need before the next call. */
bool ceiling_threads_left(void);

#endif

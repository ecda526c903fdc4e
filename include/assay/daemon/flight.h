/*
 * flight.h - messages whose end is being processed ("in flight"): the only callbacks that can block,
 * because they wait for DNS answers.
 *
 * The module has three tasks.
 *
 * It lets the process wait for these messages before it exits.
 *
 * It detects that none of them has finished for longer than any deadline allows, for the watchdog.
 *
 * It works around a stall in libmilter's pool of worker threads (8.17).  When a session becomes
 * readable, libmilter assigns it to a worker that it believes to be idle.  If two sessions become
 * readable at the same moment, both can be assigned to the same worker; the second one then waits
 * until that worker has finished, although others are idle.  libmilter corrects this only when another
 * session becomes readable.  So while messages are in flight and none finishes, this module opens and
 * closes a connection to the daemon's own milter socket from time to time: that is such a session.
 */
#ifndef ASSAY_DAEMON_FLIGHT_H
#define ASSAY_DAEMON_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

/*
 * The end of a message is being processed.  False: no more threads can be started (daemon/ceiling.h),
 * so this message must be answered without waiting.  Call flight_end() in either case.
 */
bool flight_begin(void);
void flight_end(void);

/*
 * Starts the thread that opens and closes a connection to address while messages are in flight and none
 * finishes: every 10 ms, and every 100 ms after the first second.  The thread never ends.
 */
MUST_CHECK enum rc flight_watch(const struct sockaddr *address, socklen_t len, struct err *err);

/* False: messages are in flight, and none has finished for longer than any deadline allows. */
bool flight_alive(void);

/* Waits until no message is in flight, at most limit_ms; returns how many still are. */
unsigned flight_drain(int64_t limit_ms);

#endif

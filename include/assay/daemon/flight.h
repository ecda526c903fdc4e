/*
 * flight.h - the ends of message that are being answered: the only place where anything blocks.
 *
 * The process awaits them before it ends.  While they wait for the DNS, they keep workers of
 * libmilter's pool (8.17): it gives a session that is ready to a worker that it believes to be idle,
 * so that of two sessions ready at the same moment one may get none, and nobody looks for it until a
 * worker is done or another session stirs.  A connection to our own socket is such a session.
 */
#ifndef ASSAY_DAEMON_FLIGHT_H
#define ASSAY_DAEMON_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

/*
 * False: threads are short (daemon/ceiling.h), so that this end of message must be answered without
 * waiting.  flight_end() follows either way.
 */
bool flight_begin(void);
void flight_end(void);

/*
 * From now on, while ends of message are in flight and none lands, connects to address and closes
 * again, every 10 ms, after the first second every 100 ms.  In a thread of its own, for ever.
 */
MUST_CHECK enum rc flight_watch(const struct sockaddr *address, socklen_t len, struct err *err);

/* False: ends of message are in flight, and for longer than any deadline none has landed. */
bool flight_alive(void);

/*
 * Waits until nothing is in flight, at most limit_ms; returns how many still are.  Called before
 * the process ends.
 */
unsigned flight_drain(int64_t limit_ms);

#endif

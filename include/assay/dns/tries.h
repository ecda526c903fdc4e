/*
 * tries.h - one question to one server and back, nothing decided.
 *
 * Owned by one thread; nothing here locks.  A try goes over UDP with EDNS, three times where no
 * answer comes, and over TCP when the answer was cut off.  Whoever sends decides what an outcome
 * means (network.c).
 *
 * A forged answer must guess id, source port and question (RFC 5452 section 4.3): ids come from the
 * system's generator, and a socket gets another port whenever it has fallen idle.
 *
 * All descriptors are made at the start and kept: a process that has none left for other things
 * resolves as before.
 */
#ifndef ASSAY_DNS_TRIES_H
#define ASSAY_DNS_TRIES_H

#include "base/hash.h"

#include "dns/numbers.h"
#include "dns/servers.h"

enum try_outcome {
	TRY_ANSWERED, /* a packet with our id and question; not looked into */
	TRY_TIMEOUT,
	TRY_ERROR,    /* refused, unreachable, cut off; the end */
};

struct try;

/* packet is borrowed for the call.  Called once for each try, never from within tries_send(). */
typedef void try_callback(struct try *t, enum try_outcome outcome, struct slice packet);

/* Part of whatever waits for it, and there until it has ended. */
struct try {
	struct hash_link by_id;  /* first: the table knows a try by it */

	/* to be filled in; all else is of tries.c, and zero at first */
	unsigned server;
	const char *name;        /* canonical (dns/name.h) */
	enum dns_type type;
	try_callback *ended;

	struct try *older, *newer;
	struct try_list *list;   /* where it waits, by the time at which that is over */
	struct udp_socket *socket;
	struct stream *stream;
	int64_t due_ms;
	uint16_t id;
	bool plain;              /* without EDNS: the server does not know it */
};

struct tries;

/* servers must outlive it.  RC_IO with a message where sockets cannot be had. */
MUST_CHECK enum rc tries_new(const struct servers *servers, int64_t timeout_ms, struct tries **out,
    struct err *err);

/* Open tries end as TRY_ERROR.  Sets *s to NULL; NULL is fine. */
void tries_free(struct tries **s);

void tries_send(struct tries *s, struct try *t);

/*
 * Sleeps until wake_fd is readable or something has happened to a try, and works it off; half a
 * second at most while tries are open.
 */
void tries_wait(struct tries *s, int wake_fd);

/* How many are open. */
size_t tries_open(const struct tries *s);

#endif

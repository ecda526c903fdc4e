/*
 * tries.h - sends one question to one server and returns the answer; makes no decisions.
 *
 * Owned by one thread; nothing here locks.  A question is sent over UDP with EDNS, up to three times if
 * there is no answer, and over TCP if the answer was truncated.  The caller decides what an outcome
 * means (network.c).
 *
 * A forged answer must guess id, source port and question (RFC 5452 section 4.3): ids come from the
 * system's random generator, and a socket gets another port whenever it becomes idle.
 *
 * All sockets are opened at the start and kept, so the resolver keeps working in a process that has no
 * descriptors left for anything else.
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

/* Embedded in the object that waits for it, which must exist until the try has ended. */
struct try {
	struct hash_link by_id;  /* first: the table knows a try by it */

	/* to be filled in; all else is of tries.c, and zero at first */
	unsigned server;
	const char *name;        /* canonical (dns/name.h) */
	enum dns_type type;
	try_callback *ended;

	struct try *older, *newer;
	struct try_list *list;   /* the list that it waits in, ordered by due_ms */
	struct udp_socket *socket;
	struct stream *stream;
	int64_t due_ms;
	uint16_t id;
	bool plain;              /* without EDNS: the server does not support it */
};

struct tries;

/* servers must outlive it.  RC_IO with a message if sockets cannot be opened. */
MUST_CHECK enum rc tries_new(const struct servers *servers, int64_t timeout_ms, struct tries **out,
    struct err *err);

/* Open tries end as TRY_ERROR.  Sets *s to NULL; NULL is fine. */
void tries_free(struct tries **s);

void tries_send(struct tries *s, struct try *t);

/*
 * Sleeps until wake_fd is readable or a try makes progress, and handles it; sleeps at most half a second
 * while tries are open.
 */
void tries_wait(struct tries *s, int wake_fd);

/* How many are open. */
size_t tries_open(const struct tries *s);

#endif

/*
 * servers.h - which name server is asked next, and which ones do not work.
 *
 * A server works when it gives a useful answer: any but REFUSED, SERVFAIL included.  One that lets
 * a question time out or cannot be reached, and has answered nothing usefully since that question
 * was sent, is doubted: it is asked last, and at once asked for the root's servers, a question that
 * every recursive server can answer.  That probe decides.  If it is answered, the name was slow and
 * not the server; if not, or with REFUSED, the server fails until it gives a useful answer again.
 * So a dead first server costs the questions under way one time-out, not every question, and a
 * zone whose servers are silent makes no server of ours look dead.
 *
 * Time is an argument.  One thread changes it; describing is allowed in any.
 */
#ifndef ASSAY_DNS_SERVERS_H
#define ASSAY_DNS_SERVERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/histogram.h"
#include "base/ip.h"

#define SERVERS_MAX      8u
#define SERVERS_PORT     53
#define SERVERS_PROBE_MS 5000

enum server_health { SERVER_WORKS, SERVER_DOUBTED, SERVER_FAILS };

struct server {
	struct ip ip;
	uint16_t port;
	atomic_int health;  /* enum server_health */
	int64_t useful_ms;  /* when it gave a useful answer; -1: never */
	int64_t probe_ms;   /* when the next probe is due */
	bool probing;
	struct histogram times; /* milliseconds from a query to its answer; any thread reads it */
};

struct servers {
	struct server list[SERVERS_MAX];
	size_t count;
};

/* "192.0.2.1", "192.0.2.1:53", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:53" */
MUST_CHECK enum rc servers_parse(struct servers *s, struct slice text, struct err *err);

/* false: SERVERS_MAX are there already. */
bool servers_add(struct servers *s, const struct ip *ip, uint16_t port);

/*
 * The "nameserver" lines of a resolv.conf(5); others are ignored, and so are addresses that cannot be
 * understood.  Without any, the loopback.
 */
void servers_read(struct servers *s, struct slice text);

/* The first one not in the bit set tried, those that do not work last; -1: all were tried. */
int servers_next(const struct servers *s, unsigned tried);

/* A useful answer. true: it had failed. */
bool servers_useful(struct servers *s, unsigned which, int64_t now_ms);

/* A question sent at sent_ms got no answer. */
void servers_silent(struct servers *s, unsigned which, int64_t sent_ms, int64_t now_ms);

/* A probe should be sent now, which servers_probed() must end. */
bool servers_probe_due(struct servers *s, unsigned which, int64_t now_ms);

/*
 * A probe sent at sent_ms has ended; a useful answer was noted before.  true: the server fails, and
 * did not before.
 */
bool servers_probed(struct servers *s, unsigned which, int64_t sent_ms, int64_t now_ms);

/* Why a question asked at asked_ms has no useful answer: because of the sender's DNS, or of our own. */
enum servers_blame {
	BLAME_SENDER,    /* a server has worked since */
	BLAME_OURS,      /* none works */
	BLAME_UNDECIDED, /* some server is to be probed, or is being probed */
};

/* Servers that have not shown yet whether they work become due for a probe. */
enum servers_blame servers_blame(struct servers *s, int64_t asked_ms, int64_t now_ms);

/* All fail.  Any thread. */
bool servers_all_fail(const struct servers *s);

/*
 * A socket's peer.  Connecting succeeds, or goes on, or returns false; disconnecting gives up the port
 * and the pending error as well.
 */
bool server_connect(const struct server *s, int fd);
bool server_disconnect(int fd);

/* "works", "doubted", "fails".  Any thread. */
const char *server_health_text(const struct server *s);

/* "192.0.2.1:53", "[2001:db8::1]:53" */
void server_describe(const struct server *s, struct buf *out);

#endif

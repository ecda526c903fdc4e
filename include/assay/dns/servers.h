/*
 * servers.h - which name server is asked next, and which ones are silent.
 *
 * A server that lets a question time out, and has answered nothing since that question was sent,
 * is silent: it is asked last, until it answers a probe.  So a dead first server costs the
 * questions under way one time-out, not every question; and one slow name does not shift a
 * busy server.  Time is an argument.  One thread changes it; describing is allowed in any.
 */
#ifndef ASSAY_DNS_SERVERS_H
#define ASSAY_DNS_SERVERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ip.h"

#define SERVERS_MAX      8u
#define SERVERS_PORT     53
#define SERVERS_PROBE_MS 5000

struct server {
	struct ip ip;
	uint16_t port;
	atomic_uint failures; /* in a row; 0: not silent */
	int64_t answered_ms;
	int64_t probe_ms;     /* when the next probe is due */
};

struct servers {
	struct server list[SERVERS_MAX];
	size_t count;
};

/* "192.0.2.1", "192.0.2.1:53", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:53" */
MUST_CHECK enum rc servers_parse(struct servers *s, struct slice text, struct err *err);

/* false: SERVERS_MAX are there already. */
bool servers_add(struct servers *s, const struct ip *ip, uint16_t port);

/* The first one not in the bit set tried, silent ones last; -1: all were tried. */
int servers_next(const struct servers *s, unsigned tried);

/* It has answered, whatever it said. true: it had failed twice or more before. */
bool servers_answered(struct servers *s, unsigned which, int64_t now_ms);

/* A question sent at sent_ms got no answer. true: the second failure in a row. */
bool servers_failed(struct servers *s, unsigned which, int64_t sent_ms, int64_t now_ms);

/* A silent server should be probed now; the next time is SERVERS_PROBE_MS later. */
bool servers_probe_due(struct servers *s, unsigned which, int64_t now_ms);

/* "192.0.2.1:53, [2001:db8::1]:53 (does not answer)" */
void servers_describe(const struct servers *s, struct buf *out);
void server_describe(const struct server *s, struct buf *out);

#endif

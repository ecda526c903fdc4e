/*
 * dnsserver.h - a small name server on the loopback for tests and benchmarks, UDP and TCP.
 *
 * It serves a zone text (dns/zonefile.h) from a thread of its own and does what the directives say:
 * TIMEOUT, SERVFAIL, REFUSED, TC, TCPONLY, GARBAGE, WRONGID, SLOW=ms and the others.  Every query
 * is remembered.  All functions may be called from any thread.
 *
 * As a program: dnsserver --zone FILE [--address A] [--port N] [--delay MS] [--loss PERCENT]
 * [--authentic] [--log FILE] prints "listening ADDRESS PORT", re-reads FILE on SIGHUP, ends on SIGTERM.
 */
#ifndef ASSAY_TEST_DNSSERVER_H
#define ASSAY_TEST_DNSSERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct dnsserver;

struct dnsserver_params {
	uint16_t port;        /* 0: any free one */
	const char *address;  /* of this machine, IPv4; NULL: 127.0.0.1 */
	bool authentic;       /* sets AD where the query has it */
	unsigned delay_ms;    /* of every answer, besides SLOW */
	unsigned loss;        /* percent of queries over UDP that are not answered */
	const char *log_path; /* one line a query: proto name type; NULL: none */
};

/* NULL with a message on standard error: mistakes in the zone, no socket. */
struct dnsserver *dnsserver_start(struct slice zone, const struct dnsserver_params *params);
void dnsserver_stop(struct dnsserver **s); /* sets *s to NULL; NULL is fine */

uint16_t dnsserver_port(const struct dnsserver *s);
struct slice dnsserver_address(const struct dnsserver *s); /* "127.0.0.1:PORT" */

/* false, and the old zone stays: mistakes in the new one. */
bool dnsserver_set_zone(struct dnsserver *s, struct slice zone);
void dnsserver_set_trouble(struct dnsserver *s, unsigned delay_ms, unsigned loss);
void dnsserver_set_plain(struct dnsserver *s, bool plain); /* EDNS is a format error (RFC 6891 section 7) */

struct dnsserver_query {
	char name[256]; /* canonical, cut when longer */
	unsigned type;
	uint16_t id, port; /* the port it came from */
	bool tcp, recursion, authentic;
	unsigned edns;     /* octets offered; 0: no OPT record */
};

#define DNSSERVER_QUERIES 65536u /* remembered; later ones are only answered */

/* Queries since the start or dnsserver_forget(); name NULL: any, type 0: any. */
size_t dnsserver_count(struct dnsserver *s, const char *name, unsigned type);
bool dnsserver_query(struct dnsserver *s, size_t which, struct dnsserver_query *out);
void dnsserver_forget(struct dnsserver *s);

#endif

/*
 * channels.h - c-ares: one query to one server and back, nothing decided.
 *
 * Owned by one thread; nothing here locks.  Every server has a few channels, which are sockets
 * with source ports of their own.  A try goes over UDP with EDNS, several times where no answer
 * comes, and over TCP when the answer was cut off.  Whoever sends decides what an outcome means
 * (cares.c).
 */
#ifndef ASSAY_DNS_CHANNELS_H
#define ASSAY_DNS_CHANNELS_H

#include "dns/resolver.h"
#include "dns/servers.h"

enum try_outcome {
	TRY_ANSWERED, /* a packet with our id and question; not looked into */
	TRY_TIMEOUT,
	TRY_ERROR,    /* refused, unreachable, cut off; out of memory; the end */
	TRY_UNUSABLE, /* c-ares does not like the packet or, in versions that test it, the name */
};

/* packet is borrowed for the call.  Called from within the functions below, once for each try. */
typedef void try_callback(void *arg, enum try_outcome outcome, struct slice packet);

struct channels;

/* servers must outlive it.  NULL: out of memory. */
struct channels *channels_new(const struct servers *servers, int64_t timeout_ms);

/* Open tries end as TRY_ERROR.  Sets *c to NULL; NULL is fine. */
void channels_free(struct channels **c);

/*
 * Asks one server; name is canonical (dns/name.h).  Versions of c-ares that write questions anew
 * (1.34 does, 1.18 does not) refuse names with other octets than letters, digits, "-", "_", "/" and "*".
 */
void channels_send(struct channels *c, unsigned server, const char *name, enum dns_type type,
    try_callback *callback, void *arg);

/* Sleeps until wake_fd is readable or something has happened to a try, and works it off. */
void channels_wait(struct channels *c, int wake_fd);

/* What c-ares makes of /etc/resolv.conf: the loopback where that names none. */
MUST_CHECK enum rc channels_system_servers(struct servers *out, struct err *err);

#endif

/*
 * stream.h - one question over one TCP connection (RFC 7766), whose descriptor is used again.
 *
 * The socket exists from the start: a connection is dissolved by connecting to no address.
 */
#ifndef ASSAY_DNS_STREAM_H
#define ASSAY_DNS_STREAM_H

#include <poll.h>
#include <sys/socket.h>

#include "base/buf.h"

#include "dns/packet.h"
#include "dns/servers.h"

struct stream {
	int fd;
	bool busy;
	size_t out_len, sent;
	unsigned char out[2 + PACKET_QUERY_SIZE];
	struct buf in; /* its two octets of length first */
};

enum stream_state {
	STREAM_OPEN,
	STREAM_DONE,   /* a whole packet: stream_packet() */
	STREAM_FAILED, /* refused, cut off, or out of memory */
};

/* fd may be -1: the family of addresses is not to be had, every question fails. */
void stream_init(struct stream *s, int fd);
void stream_free(struct stream *s);

/* Connects and sends as soon as that is possible; STREAM_FAILED: not busy now. */
enum stream_state stream_start(struct stream *s, const struct server *server, struct slice query);

/* What poll() should wait for. */
short stream_events(const struct stream *s);

/* Goes on after poll() returned something. */
enum stream_state stream_continue(struct stream *s);

struct slice stream_packet(const struct stream *s);

/* Ends the connection; the socket is free for another one. */
void stream_reset(struct stream *s);

#endif

/*
 * ip.h - IPv4 and IPv6 addresses as values, and networks of them.
 *
 * An IPv4-mapped IPv6 address (::ffff:192.0.2.1) becomes the IPv4 address wherever it enters
 * (RFC 7208 section 5).
 */
#ifndef ASSAY_BASE_IP_H
#define ASSAY_BASE_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct sockaddr;

enum ip_family { IP_NONE, IP_V4, IP_V6 };

struct ip {
	enum ip_family family;
	unsigned char octets[16]; /* network order; the first 4 for IPv4 */
};

#define IP_TEXT_SIZE 46 /* INET6_ADDRSTRLEN */

/* Strict textual forms: dotted quad without leading zeros, RFC 4291; "IPv6:" prefix refused. */
bool ip_parse_v4(struct slice text, struct ip *out); /* never maps */
bool ip_parse_v6(struct slice text, struct ip *out); /* never maps */
bool ip_parse(struct slice text, struct ip *out);    /* either; maps */

/* From a socket address; false for other families. Maps. */
bool ip_from_sockaddr(const struct sockaddr *sa, struct ip *out);

/* The port of a socket address; 0: it has none, or is of another family. */
uint16_t port_from_sockaddr(const struct sockaddr *sa);

/* RFC 5952 text; "unknown" for IP_NONE. Returns out. */
const char *ip_text(const struct ip *ip, char out[IP_TEXT_SIZE]);

bool ip_eq(const struct ip *a, const struct ip *b);

/* Same family and the first bits equal; bits over the family's width never match. */
bool ip_in_network(const struct ip *ip, const struct ip *network, unsigned bits);

bool ip_is_loopback(const struct ip *ip); /* 127.0.0.0/8 or ::1 */

/* True if all bits after the prefix are zero. */
bool ip_network_clean(const struct ip *network, unsigned bits);

/* 32 or 128; 0 for IP_NONE. */
unsigned ip_width(const struct ip *ip);

#endif

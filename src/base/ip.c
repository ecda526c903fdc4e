#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/ip.h"

static const unsigned char mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

/* inet_pton() requires a C string; glibc and musl both refuse leading zeros, scopes and blanks. */
static bool parse(int family, struct slice text, unsigned char octets[16])
{
	char copy[IP_TEXT_SIZE];

	if (text.len >= sizeof(copy) || slice_find(text, '\0') != text.len)
		return false;
	if (text.len > 0)
		memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	return inet_pton(family, copy, octets) == 1;
}

static void map(struct ip *ip)
{
	struct ip v4 = { .family = IP_V4 };

	if (ip->family != IP_V6 || memcmp(ip->octets, mapped_prefix, sizeof(mapped_prefix)) != 0)
		return;
	memcpy(v4.octets, ip->octets + sizeof(mapped_prefix), 4);
	*ip = v4;
}

bool ip_parse_v4(struct slice text, struct ip *out)
{
	struct ip ip = { .family = IP_V4 };

	if (!parse(AF_INET, text, ip.octets))
		return false;
	*out = ip;
	return true;
}

uint16_t port_from_sockaddr(const struct sockaddr *sa)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (sa != NULL && sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		return ntohs(in.sin_port);
	}
	if (sa != NULL && sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		return ntohs(in6.sin6_port);
	}
	return 0;
}

bool ip_parse_v6(struct slice text, struct ip *out)
{
	struct ip ip = { .family = IP_V6 };

	if (!parse(AF_INET6, text, ip.octets))
		return false;
	*out = ip;
	return true;
}

bool ip_parse(struct slice text, struct ip *out)
{
	if (ip_parse_v4(text, out))
		return true;
	if (!ip_parse_v6(text, out))
		return false;
	map(out);
	return true;
}

bool ip_from_sockaddr(const struct sockaddr *sa, struct ip *out)
{
	struct ip ip = { .family = IP_NONE };
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (sa == NULL)
		return false;
	switch (sa->sa_family) {
	case AF_INET:
		memcpy(&in, sa, sizeof(in));
		ip.family = IP_V4;
		memcpy(ip.octets, &in.sin_addr, 4);
		break;
	case AF_INET6:
		memcpy(&in6, sa, sizeof(in6));
		ip.family = IP_V6;
		memcpy(ip.octets, &in6.sin6_addr, 16);
		map(&ip);
		break;
	default:
		return false;
	}
	*out = ip;
	return true;
}

const char *ip_text(const struct ip *ip, char out[IP_TEXT_SIZE])
{
	int family = ip->family == IP_V4 ? AF_INET : AF_INET6;

	if (ip->family == IP_NONE || inet_ntop(family, ip->octets, out, IP_TEXT_SIZE) == NULL)
		memcpy(out, "unknown", sizeof("unknown"));
	return out;
}

bool ip_eq(const struct ip *a, const struct ip *b)
{
	return a->family == b->family && memcmp(a->octets, b->octets, ip_width(a) / 8) == 0;
}

bool ip_in_network(const struct ip *ip, const struct ip *network, unsigned bits)
{
	unsigned octets = bits / 8, rest = bits % 8;

	if (ip->family != network->family || ip->family == IP_NONE || bits > ip_width(ip))
		return false;
	if (memcmp(ip->octets, network->octets, octets) != 0)
		return false;
	return rest == 0 || ((ip->octets[octets] ^ network->octets[octets]) >> (8 - rest)) == 0;
}

bool ip_is_loopback(const struct ip *ip)
{
	static const struct ip v4 = { IP_V4, { 127 } };
	static const struct ip v6 = { IP_V6, { [15] = 1 } };

	return ip_in_network(ip, &v4, 8) || ip_eq(ip, &v6);
}

bool ip_network_clean(const struct ip *network, unsigned bits)
{
	for (unsigned i = bits; i < ip_width(network); i++)
		if ((network->octets[i / 8] & (0x80u >> (i % 8))) != 0)
			return false;
	return true;
}

unsigned ip_width(const struct ip *ip)
{
	switch (ip->family) {
	case IP_V4:
		return 32;
	case IP_V6:
		return 128;
	case IP_NONE:
		break;
	}
	return 0;
}

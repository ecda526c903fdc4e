/* ip.h: strict texts, mapped addresses, networks. */
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/ip.h"

#include "suites.h"

static const struct {
	struct slice text;
	const char *want; /* NULL: refused */
} parse_rows[] = {
	{ SLICE("192.0.2.1"), "192.0.2.1" },
	{ SLICE("0.0.0.0"), "0.0.0.0" },
	{ SLICE("255.255.255.255"), "255.255.255.255" },
	{ SLICE("2001:db8::1"), "2001:db8::1" },
	{ SLICE("2001:DB8:0:0:0:0:0:1"), "2001:db8::1" },
	{ SLICE("2001:0db8:0000:0000:0000:0000:0000:0001"), "2001:db8::1" },
	{ SLICE("::"), "::" },
	{ SLICE("::1"), "::1" },
	{ SLICE("1::"), "1::" },
	{ SLICE("1:2:3:4:5:6:7:8"), "1:2:3:4:5:6:7:8" },
	{ SLICE("1:0:0:2:0:0:0:3"), "1:0:0:2::3" }, /* RFC 5952 section 4.2.3: the longest run */
	{ SLICE("1:0:2:0:3:0:4:0"), "1:0:2:0:3:0:4:0" },
	{ SLICE("64:ff9b::192.0.2.1"), "64:ff9b::c000:201" },
	/* mapped addresses are IPv4 */
	{ SLICE("::ffff:192.0.2.1"), "192.0.2.1" },
	{ SLICE("::FFFF:c000:0201"), "192.0.2.1" },
	{ SLICE("0:0:0:0:0:ffff:192.0.2.1"), "192.0.2.1" },
	/* refused */
	{ SLICE(""), NULL },
	{ SLICE_NULL, NULL },
	{ SLICE("192.0.2"), NULL },
	{ SLICE("192.0.2.1.1"), NULL },
	{ SLICE("192.0.2.256"), NULL },
	{ SLICE("192.0.2.01"), NULL },
	{ SLICE("192.0.2.0x1"), NULL },
	{ SLICE("192.0.2."), NULL },
	{ SLICE(".192.0.2.1"), NULL },
	{ SLICE("192..2.1"), NULL },
	{ SLICE("192.0.2.-1"), NULL },
	{ SLICE(" 192.0.2.1"), NULL },
	{ SLICE("192.0.2.1 "), NULL },
	{ SLICE("192.0.2.1\n"), NULL },
	{ SLICE("192.0.2.1\0"), NULL },
	{ SLICE("192.0.2.1\0x"), NULL },
	{ SLICE("3221225985"), NULL },
	{ SLICE("192.0.2.1/32"), NULL },
	{ SLICE("[192.0.2.1]"), NULL },
	{ SLICE("IPv6:2001:db8::1"), NULL },
	{ SLICE("[2001:db8::1]"), NULL },
	{ SLICE("fe80::1%eth0"), NULL },
	{ SLICE("fe80::1%1"), NULL },
	{ SLICE("1:2:3:4:5:6:7"), NULL },
	{ SLICE("1:2:3:4:5:6:7:8:9"), NULL },
	{ SLICE("1::2::3"), NULL },
	{ SLICE("12345::"), NULL },
	{ SLICE("g::"), NULL },
	{ SLICE(":1"), NULL },
	{ SLICE(":::"), NULL },
	{ SLICE("::192.0.2.256"), NULL },
	{ SLICE("0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"), NULL },
};

START_TEST(parse)
{
	struct ip ip = { .family = IP_NONE };
	char text[IP_TEXT_SIZE];
	bool ok = ip_parse(parse_rows[_i].text, &ip);

	ck_assert_msg(ok == (parse_rows[_i].want != NULL), "row %d: %.*s", _i,
	    SLICE_ARG(parse_rows[_i].text));
	ck_assert_str_eq(ip_text(&ip, text), ok ? parse_rows[_i].want : "unknown");
}
END_TEST

START_TEST(one_family)
{
	struct ip ip = { .family = IP_NONE };

	ck_assert(!ip_parse_v4(SLICE("::1"), &ip));
	ck_assert(!ip_parse_v6(SLICE("127.0.0.1"), &ip));
	ck_assert_int_eq(ip.family, IP_NONE);
	ck_assert(ip_parse_v6(SLICE("::ffff:192.0.2.1"), &ip)); /* never maps */
	ck_assert_int_eq(ip.family, IP_V6);
	ck_assert_uint_eq(ip_width(&ip), 128);
	ck_assert(ip_parse_v4(SLICE("192.0.2.1"), &ip));
	ck_assert_uint_eq(ip_width(&ip), 32);
}
END_TEST

START_TEST(from_sockets)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201), .sin_port = htons(65535) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(258) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct ip a, b;
	char text[IP_TEXT_SIZE];

	ck_assert(ip_from_sockaddr((struct sockaddr *)&in, &a));
	ck_assert_str_eq(ip_text(&a, text), "192.0.2.1");
	in6.sin6_addr.s6_addr[10] = in6.sin6_addr.s6_addr[11] = 0xff;
	memcpy(in6.sin6_addr.s6_addr + 12, a.octets, 4);
	ck_assert(ip_from_sockaddr((struct sockaddr *)&in6, &b));
	ck_assert(ip_eq(&a, &b));
	in6.sin6_addr.s6_addr[0] = 0x20;
	ck_assert(ip_from_sockaddr((struct sockaddr *)&in6, &b));
	ck_assert_int_eq(b.family, IP_V6);
	ck_assert(!ip_from_sockaddr((struct sockaddr *)&un, &b));
	ck_assert(!ip_from_sockaddr(NULL, &b));
	ck_assert_uint_eq(port_from_sockaddr((struct sockaddr *)&in), 65535);
	ck_assert_uint_eq(port_from_sockaddr((struct sockaddr *)&in6), 258);
	ck_assert_uint_eq(port_from_sockaddr((struct sockaddr *)&un), 0);
	ck_assert_uint_eq(port_from_sockaddr(NULL), 0);
}
END_TEST

static const struct {
	const char *ip, *network;
	unsigned bits;
	bool in, clean;
} network_rows[] = {
	{ "192.0.2.1", "192.0.2.0", 24, true, true },
	{ "192.0.2.1", "192.0.2.1", 32, true, true },
	{ "192.0.2.1", "0.0.0.0", 0, true, true },
	{ "192.0.2.129", "192.0.2.128", 25, true, true },
	{ "192.0.2.127", "192.0.2.128", 25, false, true },
	{ "192.0.2.1", "192.0.2.0", 32, false, true },
	{ "192.0.2.1", "192.0.2.0", 31, true, true },
	{ "192.0.3.1", "192.0.2.0", 24, false, true },
	{ "192.0.3.1", "192.0.2.0", 23, true, true },
	{ "192.0.2.1", "192.0.2.1", 24, true, false },
	{ "192.0.2.1", "192.0.2.1", 31, true, false },
	{ "192.0.2.1", "192.0.2.1", 33, false, true },
	{ "192.0.2.1", "192.0.2.1", 128, false, true },
	{ "2001:db8::1", "2001:db8::", 32, true, true },
	{ "2001:db9::1", "2001:db8::", 32, false, true },
	{ "2001:db9::1", "2001:db8::", 31, true, true },
	{ "2001:db8::1", "2001:db8::1", 128, true, true },
	{ "2001:db8::2", "2001:db8::1", 128, false, true },
	{ "2001:db8::1", "::", 0, true, true },
	{ "2001:db8::1", "2001:db8::1", 64, true, false },
	{ "2001:db8::1", "2001:db8::1", 129, false, true },
	/* families never mix, not even at 0 bits */
	{ "192.0.2.1", "::", 0, false, true },
	{ "2001:db8::1", "0.0.0.0", 0, false, true },
	{ "::ffff:192.0.2.1", "192.0.2.0", 24, true, true },
};

START_TEST(networks)
{
	struct ip ip, network;

	ck_assert(ip_parse(slice_str(network_rows[_i].ip), &ip));
	ck_assert(ip_parse(slice_str(network_rows[_i].network), &network));
	ck_assert_msg(ip_in_network(&ip, &network, network_rows[_i].bits) == network_rows[_i].in,
	    "row %d: %s in %s/%u", _i, network_rows[_i].ip, network_rows[_i].network,
	    network_rows[_i].bits);
	ck_assert_msg(ip_network_clean(&network, network_rows[_i].bits) == network_rows[_i].clean,
	    "row %d: %s/%u", _i, network_rows[_i].network, network_rows[_i].bits);
}
END_TEST

static const struct {
	const char *ip;
	bool loopback;
} loopback_rows[] = {
	{ "127.0.0.1", true },
	{ "127.255.255.254", true },
	{ "::1", true },
	{ "::ffff:127.0.0.1", true },
	{ "126.255.255.255", false },
	{ "128.0.0.1", false },
	{ "::", false },
	{ "::2", false },
	{ "::127.0.0.1", false },
	{ "100::1", false },
};

START_TEST(loopback)
{
	struct ip ip;

	ck_assert(ip_parse(slice_str(loopback_rows[_i].ip), &ip));
	ck_assert_msg(ip_is_loopback(&ip) == loopback_rows[_i].loopback, "row %d: %s", _i,
	    loopback_rows[_i].ip);
}
END_TEST

START_TEST(unknown)
{
	struct ip none = { .family = IP_NONE }, v4;

	ck_assert(ip_parse(SLICE("0.0.0.0"), &v4));
	ck_assert(!ip_is_loopback(&none));
	ck_assert(!ip_in_network(&none, &none, 0));
	ck_assert(!ip_in_network(&none, &v4, 0));
	ck_assert(!ip_eq(&none, &v4));
	ck_assert_uint_eq(ip_width(&none), 0);
}
END_TEST

Suite *ip_suite(void)
{
	Suite *s = suite_create("ip");

	UNIT_TABLE(s, parse, parse_rows);
	UNIT_TEST(s, one_family);
	UNIT_TEST(s, from_sockets);
	UNIT_TABLE(s, networks, network_rows);
	UNIT_TABLE(s, loopback, loopback_rows);
	UNIT_TEST(s, unknown);
	return s;
}

/*
 * numbers.h - the numbers of the DNS that this program knows, each in this one place (IANA
 * registry "Domain Name System (DNS) Parameters").
 */
#ifndef ASSAY_DNS_NUMBERS_H
#define ASSAY_DNS_NUMBERS_H

/* Types that can be asked for (RFC 1035 section 3.2.2, RFC 3596 section 2.1). */
enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
};

/* Types that only answers and zone files contain. */
enum {
	DNS_TYPE_SOA = 6,
	DNS_TYPE_HINFO = 13,
	DNS_TYPE_SRV = 33,
	DNS_TYPE_NAPTR = 35,
	DNS_TYPE_OPT = 41, /* RFC 6891 section 6.1.1 */
	DNS_TYPE_DS = 43,
	DNS_TYPE_SSHFP = 44,
	DNS_TYPE_RRSIG = 46,
	DNS_TYPE_NSEC = 47,
	DNS_TYPE_DNSKEY = 48,
	DNS_TYPE_TLSA = 52,
	DNS_TYPE_SVCB = 64,
	DNS_TYPE_HTTPS = 65,
	DNS_TYPE_SPF = 99,
	DNS_TYPE_ANY = 255,
	DNS_TYPE_CAA = 257,
	DNS_TYPE_PRIVATE = 65280, /* the first for private use (RFC 6895 section 3.1) */
};

enum { DNS_CLASS_IN = 1 };

/* RFC 1035 section 4.1.1; from 16 on the number is spread over header and OPT record (RFC 6891). */
enum dns_rcode {
	DNS_RCODE_NOERROR = 0,
	DNS_RCODE_FORMERR = 1,
	DNS_RCODE_SERVFAIL = 2,
	DNS_RCODE_NXDOMAIN = 3,
	DNS_RCODE_NOTIMP = 4,
	DNS_RCODE_REFUSED = 5,
	DNS_RCODE_BADVERS = 16,
};

/* The header's second word (RFC 1035 section 4.1.1, RFC 4035 section 3.2). */
enum {
	DNS_FLAG_RESPONSE = 0x8000,
	DNS_FLAG_OPCODE = 0x7800, /* 0: a query */
	DNS_FLAG_TRUNCATED = 0x0200,
	DNS_FLAG_RECURSION = 0x0100, /* desired */
	DNS_FLAG_AUTHENTIC = 0x0020,
	DNS_FLAG_RCODE = 0x000f,
};

#endif

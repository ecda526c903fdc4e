/* answer.h: the four outcomes, chains, TTLs, and packets that lie.  X_03. */
#include <stdlib.h>

#include "base/limits.h"

#include "dns/answer.h"

#include "suites.h"

#define HEAD(flags, an, ns) "\0\1" flags "\0\1\0" an "\0" ns "\0\0"
#define HEAD_OPT(flags, an, ns) "\0\1" flags "\0\1\0" an "\0" ns "\0\1"
#define OPT(rcode) "\0\0\x29\4\xd0" rcode "\0\0\0\0\0" /* the upper octet of the rcode */
#define QUESTION(type) "\4host\4test\0\0" type "\0\1"
#define OWNER "\xc0\x0c"
#define RR(owner, type, ttl, len) owner "\0" type "\0\1\0\0\0" ttl "\0" len

#define OK "\x81\x80"
#define AD "\x81\xa0"
#define NX "\x81\x83"
#define A "\1"
#define NS "\2"
#define CNAME "\5"
#define SOA "\6"
#define PTR "\x0c"
#define MX "\x0f"
#define TXT "\x10"
#define AAAA "\x1c"

/* mname and rname the root; serial, refresh, retry, expire, then MINIMUM */
#define SOA_DATA(minimum) "\0\0" "\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1" "\0\0\0" minimum
#define SOA_LEN "\x16"
#define V4 "\xc0\0\2\1"

static const struct {
	const char *name;
	struct slice packet;
	enum dns_type type;
	enum dns_status status;
	uint32_t ttl;
	const char *text; /* of the first record, or its address; NULL: not looked at */
} rows[] = {
	{ "A", SLICE(HEAD(OK, "\1", "\0") QUESTION(A) RR(OWNER, A, "\7", "\4") V4), DNS_A,
	    DNS_FOUND, 7, "192.0.2.1" },
	{ "AAAA", SLICE(HEAD(OK, "\1", "\0") QUESTION(AAAA) RR(OWNER, AAAA, "\7", "\x10")
	    "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"), DNS_AAAA, DNS_FOUND, 7, "2001:db8::1" },
	{ "G_07 strings are joined", SLICE(HEAD(OK, "\1", "\0") QUESTION(TXT)
	    RR(OWNER, TXT, "\7", "\5") "\2v=\1s"), DNS_TXT, DNS_FOUND, 7, "v=s" },
	{ "empty string", SLICE(HEAD(OK, "\1", "\0") QUESTION(TXT) RR(OWNER, TXT, "\7", "\1") "\0"),
	    DNS_TXT, DNS_FOUND, 7, "" },
	{ "MX", SLICE(HEAD(OK, "\1", "\0") QUESTION(MX) RR(OWNER, MX, "\7", "\5") "\0\x0a\1" "M\0"),
	    DNS_MX, DNS_FOUND, 7, "m" },
	{ "null MX (RFC 7505)", SLICE(HEAD(OK, "\1", "\0") QUESTION(MX) RR(OWNER, MX, "\7", "\3")
	    "\0\0\0"), DNS_MX, DNS_FOUND, 7, "" },
	{ "MX by pointer", SLICE(HEAD(OK, "\1", "\0") QUESTION(MX) RR(OWNER, MX, "\7", "\4")
	    "\0\x0a\xc0\x0c"), DNS_MX, DNS_FOUND, 7, "host.test" },
	{ "PTR", SLICE(HEAD(OK, "\1", "\0") QUESTION(PTR) RR(OWNER, PTR, "\7", "\3") "\1x\0"),
	    DNS_PTR, DNS_FOUND, 7, "x" },
	{ "smallest TTL", SLICE(HEAD(OK, "\2", "\0") QUESTION(A) RR(OWNER, A, "\7", "\4") V4
	    RR(OWNER, A, "\5", "\4") V4), DNS_A, DNS_FOUND, 5, "192.0.2.1" },
	{ "TTL with the first bit set (RFC 2181)", SLICE(HEAD(OK, "\1", "\0") QUESTION(A)
	    OWNER "\0\1\0\1\x80\0\0\1\0\4" V4), DNS_A, DNS_FOUND, 0, "192.0.2.1" },
	{ "question in other case", SLICE(HEAD(OK, "\1", "\0") "\4HOST\4TesT\0\0\1\0\1"
	    RR(OWNER, A, "\7", "\4") V4), DNS_A, DNS_FOUND, 7, "192.0.2.1" },
	{ "other records are passed over", SLICE(HEAD(OK, "\3", "\0") QUESTION(A)
	    RR(OWNER, "\x2e", "\1", "\1") "x" RR("\1z\0", A, "\2", "\4") "abcd"
	    RR(OWNER, A, "\7", "\4") V4), DNS_A, DNS_FOUND, 7, "192.0.2.1" },
	{ "another class is passed over", SLICE(HEAD(OK, "\1", "\0") QUESTION(A)
	    OWNER "\0\1\0\3\0\0\0\1\0\4" V4), DNS_A, DNS_NODATA, 0, NULL },
	/* chains */
	{ "CNAME", SLICE(HEAD(OK, "\2", "\0") QUESTION(A) RR(OWNER, CNAME, "\3", "\3") "\1c\0"
	    RR("\1c\0", A, "\7", "\4") V4), DNS_A, DNS_FOUND, 3, "192.0.2.1" },
	{ "CNAME behind its target", SLICE(HEAD(OK, "\2", "\0") QUESTION(A)
	    RR("\1C\0", A, "\7", "\4") V4 RR(OWNER, CNAME, "\3", "\3") "\1c\0"), DNS_A,
	    DNS_FOUND, 3, "192.0.2.1" },
	{ "CNAME to nothing", SLICE(HEAD(OK, "\1", "\1") QUESTION(A) RR(OWNER, CNAME, "\7", "\3")
	    "\1c\0" RR("\0", SOA, "\5", SOA_LEN) SOA_DATA("\6")), DNS_A, DNS_NODATA, 5, NULL },
	{ "CNAME to no name (RFC 6604)", SLICE(HEAD(NX, "\1", "\1") QUESTION(A)
	    RR(OWNER, CNAME, "\4", "\3") "\1c\0" RR("\0", SOA, "\5", SOA_LEN) SOA_DATA("\6")), DNS_A,
	    DNS_NXDOMAIN, 4, NULL },
	{ "CNAME to itself", SLICE(HEAD(OK, "\1", "\0") QUESTION(A) RR(OWNER, CNAME, "\7", "\2") OWNER),
	    DNS_A, DNS_SERVFAIL, 0, NULL },
	{ "CNAME in a circle", SLICE(HEAD(OK, "\2", "\0") QUESTION(A) RR(OWNER, CNAME, "\7", "\3")
	    "\1c\0" RR("\1c\0", CNAME, "\7", "\2") OWNER), DNS_A, DNS_SERVFAIL, 0, NULL },
	{ "CNAME with octets behind", SLICE(HEAD(OK, "\1", "\0") QUESTION(A)
	    RR(OWNER, CNAME, "\7", "\4") "\1c\0x"), DNS_A, DNS_SERVFAIL, 0, NULL },
	/* negative answers */
	{ "NXDOMAIN", SLICE(HEAD(NX, "\0", "\1") QUESTION(A) RR("\0", SOA, "\5", SOA_LEN)
	    SOA_DATA("\6")), DNS_A, DNS_NXDOMAIN, 5, NULL },
	{ "SOA MINIMUM is smaller (RFC 2308)", SLICE(HEAD(NX, "\0", "\1") QUESTION(A)
	    RR("\0", SOA, "\5", SOA_LEN) SOA_DATA("\2")), DNS_A, DNS_NXDOMAIN, 2, NULL },
	{ "NODATA", SLICE(HEAD(OK, "\0", "\1") QUESTION(A) RR("\0", SOA, "\5", SOA_LEN)
	    SOA_DATA("\6")), DNS_A, DNS_NODATA, 5, NULL },
	{ "NODATA with NS and SOA", SLICE(HEAD(OK, "\0", "\2") QUESTION(A)
	    RR("\0", NS, "\5", "\1") "\0" RR("\0", SOA, "\5", SOA_LEN) SOA_DATA("\6")), DNS_A,
	    DNS_NODATA, 5, NULL },
	{ "no SOA, not to be kept", SLICE(HEAD(NX, "\0", "\0") QUESTION(A)), DNS_A, DNS_NXDOMAIN, 0,
	    NULL },
	{ "a referral says nothing", SLICE(HEAD(OK, "\0", "\1") QUESTION(A) RR("\0", NS, "\5", "\1")
	    "\0"), DNS_A, DNS_SERVFAIL, 0, NULL },
	{ "SOA cut off", SLICE(HEAD(NX, "\0", "\1") QUESTION(A) RR("\0", SOA, "\5", "\x15")
	    "\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0"), DNS_A, DNS_SERVFAIL, 0, NULL },
	{ "NODATA with OPT", SLICE(HEAD_OPT(OK, "\0", "\1") QUESTION(A) RR("\0", SOA, "\5", SOA_LEN)
	    SOA_DATA("\6") OPT("\0")), DNS_A, DNS_NODATA, 5, NULL },
	/* what explains nothing */
	{ "CNAME without its target", SLICE(HEAD(OK, "\1", "\0") QUESTION(A)
	    RR(OWNER, CNAME, "\7", "\3") "\1c\0"), DNS_A, DNS_SERVFAIL, 0, NULL },
	{ "two CNAMEs without their target", SLICE(HEAD(OK, "\2", "\0") QUESTION(A)
	    RR(OWNER, CNAME, "\7", "\3") "\1c\0" RR("\1c\0", CNAME, "\7", "\3") "\1d\0"), DNS_A,
	    DNS_SERVFAIL, 0, NULL },
	{ "BADVERS (RFC 6891)", SLICE(HEAD_OPT(OK, "\0", "\0") QUESTION(A) OPT("\1")), DNS_A,
	    DNS_SERVFAIL, 0, NULL },
	{ "the highest rcode", SLICE(HEAD_OPT(OK, "\0", "\0") QUESTION(A) OPT("\xff")), DNS_A,
	    DNS_SERVFAIL, 0, NULL },
	{ "rcode 19, not NXDOMAIN", SLICE(HEAD_OPT(NX, "\0", "\0") QUESTION(A) OPT("\1")), DNS_A,
	    DNS_SERVFAIL, 0, NULL },
	{ "OPT cut off", SLICE(HEAD_OPT(OK, "\0", "\0") QUESTION(A) "\0\0\x29\4\xd0\1"), DNS_A,
	    DNS_SERVFAIL, 0, NULL },
	/* failures */
	{ "SERVFAIL", SLICE(HEAD("\x81\x82", "\0", "\0") QUESTION(A)), DNS_A, DNS_SERVFAIL, 0, NULL },
	{ "REFUSED", SLICE(HEAD("\x81\x85", "\0", "\0") QUESTION(A)), DNS_A, DNS_SERVFAIL, 0, NULL },
	{ "SERVFAIL with a record", SLICE(HEAD("\x81\x82", "\1", "\0") QUESTION(A)
	    RR(OWNER, A, "\7", "\4") V4), DNS_A, DNS_SERVFAIL, 0, NULL },
	{ "NXDOMAIN with a record", SLICE(HEAD(NX, "\1", "\0") QUESTION(A) RR(OWNER, A, "\7", "\4") V4),
	    DNS_A, DNS_SERVFAIL, 0, NULL },
	{ "truncated", SLICE(HEAD("\x83\x80", "\0", "\0") QUESTION(A)), DNS_A, DNS_SERVFAIL, 0, NULL },
	{ "a query", SLICE(HEAD("\1\0", "\0", "\0") QUESTION(A)), DNS_A, DNS_SERVFAIL, 0, NULL },
	{ "another opcode", SLICE(HEAD("\xa1\x80", "\0", "\0") QUESTION(A)), DNS_A, DNS_SERVFAIL, 0,
	    NULL },
	{ "no question", SLICE("\0\1\x81\x80\0\0\0\0\0\0\0\0"), DNS_A, DNS_SERVFAIL, 0, NULL },
	{ "another name", SLICE(HEAD(OK, "\1", "\0") "\4Most\4test\0\0\1\0\1" RR(OWNER, A, "\7", "\4")
	    V4), DNS_A, DNS_SERVFAIL, 0, NULL },
	{ "another type", SLICE(HEAD(OK, "\1", "\0") QUESTION(TXT) RR(OWNER, A, "\7", "\4") V4), DNS_A,
	    DNS_SERVFAIL, 0, NULL },
	{ "another class", SLICE(HEAD(OK, "\1", "\0") "\4host\4test\0\0\1\0\3"), DNS_A, DNS_SERVFAIL, 0,
	    NULL },
	{ "A of three octets", SLICE(HEAD(OK, "\1", "\0") QUESTION(A) RR(OWNER, A, "\7", "\3") "abc"),
	    DNS_A, DNS_SERVFAIL, 0, NULL },
	{ "A of five octets", SLICE(HEAD(OK, "\1", "\0") QUESTION(A) RR(OWNER, A, "\7", "\5") "abcde"),
	    DNS_A, DNS_SERVFAIL, 0, NULL },
	{ "TXT without a string", SLICE(HEAD(OK, "\1", "\0") QUESTION(TXT) RR(OWNER, TXT, "\7", "\0")),
	    DNS_TXT, DNS_SERVFAIL, 0, NULL },
	{ "TXT with a lying length", SLICE(HEAD(OK, "\1", "\0") QUESTION(TXT)
	    RR(OWNER, TXT, "\7", "\3") "\3ab" "and more"), DNS_TXT, DNS_SERVFAIL, 0, NULL },
	{ "MX without a name", SLICE(HEAD(OK, "\1", "\0") QUESTION(MX) RR(OWNER, MX, "\7", "\2")
	    "\0\x0a"), DNS_MX, DNS_SERVFAIL, 0, NULL },
	{ "MX that leaves its data", SLICE(HEAD(OK, "\1", "\0") QUESTION(MX) RR(OWNER, MX, "\7", "\4")
	    "\0\x0a\1x\0"), DNS_MX, DNS_SERVFAIL, 0, NULL },
	{ "owner in a loop", SLICE(HEAD(OK, "\1", "\0") QUESTION(A) RR("\xc0\x1b", A, "\7", "\4") V4),
	    DNS_A, DNS_SERVFAIL, 0, NULL },
	{ "counts more than it has", SLICE(HEAD(OK, "\2", "\0") QUESTION(A) RR(OWNER, A, "\7", "\4") V4),
	    DNS_A, DNS_SERVFAIL, 0, NULL },
	{ "rdata beyond the packet", SLICE(HEAD(OK, "\1", "\0") QUESTION(A) OWNER
	    "\0\1\0\1\0\0\0\1\xff\xff" V4), DNS_A, DNS_SERVFAIL, 0, NULL },
	{ "empty packet", SLICE(""), DNS_A, DNS_SERVFAIL, 0, NULL },
};

START_TEST(outcomes)
{
	struct dns_answer *a = answer_parse(rows[_i].packet, "host.test", rows[_i].type);
	char text[IP_TEXT_SIZE];

	ck_assert_ptr_nonnull(a);
	ck_assert_msg(a->status == rows[_i].status, "row %d: %s: %s", _i, rows[_i].name,
	    dns_status_text(a->status));
	ck_assert_msg(a->ttl == rows[_i].ttl, "row %d: %s: ttl %u", _i, rows[_i].name, a->ttl);
	ck_assert_msg((a->count > 0) == (a->status == DNS_FOUND), "row %d: %s", _i, rows[_i].name);
	if (rows[_i].text != NULL && (a->records[0].ip.family != IP_NONE))
		ck_assert_str_eq(ip_text(&a->records[0].ip, text), rows[_i].text);
	else if (rows[_i].text != NULL)
		ck_slice_eq(a->records[0].text, slice_str(rows[_i].text));
	free(a);
}
END_TEST

/* A packet cut off anywhere is a failure, never a crash and never half an answer. */
START_TEST(cut_anywhere)
{
	for (size_t len = 0; len < rows[_i].packet.len; len++) {
		char *copy = malloc(len == 0 ? 1 : len); /* exactly as long: ASan sees one octet more */
		struct dns_answer *a;

		memcpy(copy, rows[_i].packet.ptr, len);
		a = answer_parse(slice_of(copy, len), "host.test", rows[_i].type);
		ck_assert_msg(a->status == DNS_SERVFAIL, "row %d: %s cut to %zu", _i, rows[_i].name, len);
		free(a);
		free(copy);
	}
}
END_TEST

START_TEST(any_octet_changed)
{
	struct slice packet = rows[_i].packet;
	char *copy = malloc(packet.len + 1);

	for (size_t i = 0; i < packet.len; i++) {
		for (int flip = 1; flip < 256; flip++) {
			struct dns_answer *a;

			memcpy(copy, packet.ptr, packet.len);
			copy[i] = (char)(copy[i] ^ flip);
			a = answer_parse(slice_of(copy, packet.len), "host.test", rows[_i].type);
			ck_assert_ptr_nonnull(a);
			ck_assert((a->count > 0) == (a->status == DNS_FOUND));
			free(a);
		}
	}
	free(copy);
}
END_TEST

START_TEST(header_bits)
{
	struct dns_answer *a = answer_parse(SLICE(HEAD(AD, "\1", "\0") QUESTION(A)
	    RR(OWNER, A, "\7", "\4") V4), "host.test", DNS_A);

	ck_assert(a->authentic);
	ck_assert_int_eq(a->rcode, 0);
	free(a);
	a = answer_parse(SLICE(HEAD("\x81\xa5", "\0", "\0") QUESTION(A)), "host.test", DNS_A);
	ck_assert(!a->authentic);
	ck_assert_int_eq(a->rcode, 5);
	free(a);
}
END_TEST

static void add_rr(struct buf *packet, const char *type, const char *data, size_t len)
{
	buf_add(packet, SLICE(OWNER "\0"));
	buf_add(packet, slice_of(type, 1));
	buf_add(packet, SLICE("\0\1\0\0\0\7\0"));
	buf_add_char(packet, (char)len);
	buf_add(packet, slice_of(data, len));
}

static void begin_many(struct buf *packet, unsigned count, struct slice question)
{
	buf_add(packet, SLICE("\0\1\x81\x80\0\1"));
	buf_add_char(packet, (char)(count >> 8));
	buf_add_char(packet, (char)(count & 0xff));
	buf_add(packet, SLICE("\0\0\0\0"));
	buf_add(packet, question);
}

/* THREATS: Half an answer.  An answer is read whole or not at all: the record that matters may be the last one. */
static const struct {
	const char *name;
	unsigned others, count; /* records of another type first */
	enum dns_status status;
} many_rows[] = {
	{ "as many as are kept", 0, LIMIT_DNS_RECORDS, DNS_FOUND },
	{ "one more", 0, LIMIT_DNS_RECORDS + 1, DNS_SERVFAIL },
	{ "many more", 0, 3000, DNS_SERVFAIL },
	{ "the last one of many", LIMIT_DNS_RECORDS + LIMIT_CNAME_CHAIN - 1, 1, DNS_FOUND },
	{ "one behind that", LIMIT_DNS_RECORDS + LIMIT_CNAME_CHAIN, 1, DNS_SERVFAIL },
	{ "too many of another type", LIMIT_DNS_RECORDS + LIMIT_CNAME_CHAIN + 1, 0, DNS_SERVFAIL },
};

START_TEST(many_records)
{
	struct buf packet = BUF_INIT(LIMIT_DNS_ANSWER);
	struct dns_answer *a;

	begin_many(&packet, many_rows[_i].others + many_rows[_i].count, SLICE(QUESTION(A)));
	for (unsigned i = 0; i < many_rows[_i].others; i++)
		add_rr(&packet, TXT, "\1x", 2);
	for (unsigned i = 0; i < many_rows[_i].count; i++)
		add_rr(&packet, A, V4, 4);
	ck_assert(!buf_failed(&packet));
	a = answer_parse(buf_slice(&packet), "host.test", DNS_A);
	ck_assert_msg(a->status == many_rows[_i].status, "%s", many_rows[_i].name);
	ck_assert_uint_eq(a->count, many_rows[_i].status == DNS_FOUND ? many_rows[_i].count : 0);
	free(a);
	buf_free(&packet);
}
END_TEST

/* Names that pointers blow up beyond the ceiling: a failure, not a megabyte. */
START_TEST(much_text)
{
	struct buf packet = BUF_INIT(LIMIT_DNS_ANSWER), data = BUF_INIT(256);
	struct dns_answer *a;

	buf_add(&data, SLICE("\0\1"));
	for (int i = 0; i < 3; i++) {
		buf_add_char(&data, 60);
		for (int k = 0; k < 60; k++)
			buf_add_char(&data, ' ');
	}
	buf_add_char(&data, '\0');
	begin_many(&packet, 200, SLICE(QUESTION(MX)));
	for (int i = 0; i < 200; i++)
		add_rr(&packet, MX, data.ptr, data.len);
	ck_assert(!buf_failed(&packet));
	a = answer_parse(buf_slice(&packet), "host.test", DNS_MX);
	ck_assert_int_eq(a->status, DNS_SERVFAIL); /* the zone's fault, not a lack of memory here */
	free(a);
	buf_free(&packet);
	buf_free(&data);
}
END_TEST

/* LIMIT_CNAME_CHAIN links are followed, one more is not. */
START_TEST(chain_length)
{
	for (unsigned links = LIMIT_CNAME_CHAIN; links <= LIMIT_CNAME_CHAIN + 1; links++) {
		struct buf packet = BUF_INIT(4096);
		struct dns_answer *a;

		begin_many(&packet, links + 1, SLICE(QUESTION(A)));
		for (unsigned i = 0; i <= links; i++) {
			struct slice owner = i == 0 ? SLICE(OWNER) : SLICE("\1a\0");
			char target[] = "\1a";

			buf_add(&packet, owner);
			if (i > 0)
				packet.ptr[packet.len - 2] = (char)('a' + i);
			target[1] = (char)('a' + i + 1);
			buf_add(&packet, i < links ? SLICE("\0\5\0\1\0\0\0\7\0\3") : SLICE("\0\1\0\1\0\0\0\7\0\4"));
			buf_add(&packet, i < links ? slice_of(target, 3) : SLICE(V4));
		}
		a = answer_parse(buf_slice(&packet), "host.test", DNS_A);
		ck_assert_int_eq(a->status, links == LIMIT_CNAME_CHAIN ? DNS_FOUND : DNS_SERVFAIL);
		free(a);
		buf_free(&packet);
	}
}
END_TEST

Suite *answer_suite(void)
{
	Suite *s = suite_create("answer");

	UNIT_TABLE(s, outcomes, rows);
	UNIT_TABLE(s, cut_anywhere, rows);
	UNIT_TABLE(s, any_octet_changed, rows);
	UNIT_TEST(s, header_bits);
	UNIT_TABLE(s, many_records, many_rows);
	UNIT_TEST(s, much_text);
	UNIT_TEST(s, chain_length);
	return s;
}

/*
 * packet.h: what is sent, and what counts as an answer to it (RFC 5452 section 9.1).
 * THREATS: Forged answer.
 */
#include "dns/packet.h"

#include "suites.h"

#define ID       "\x12\x34"
#define QUESTION "\4host\4test\0\0\x10\0\1"
#define NONE     "\0\0\0\0\0\0"

START_TEST(a_query)
{
	static const struct slice want = SLICE(ID "\1\x20\0\1\0\0\0\0\0\1" QUESTION
	    "\0\0\x29\4\xd0\0\0\0\0\0\0");
	unsigned char query[PACKET_QUERY_SIZE];
	size_t len = packet_query(query, 0x1234, "host.test", DNS_TXT, true);

	ck_slice_eq(slice_of((const char *)query, len), want);
	len = packet_query(query, 0x1234, "host.test", DNS_TXT, false);
	ck_assert_uint_eq(len, want.len - PACKET_OPT);
	ck_assert_int_eq(query[11], 0);
}
END_TEST

START_TEST(the_longest_query)
{
	char name[4 * 64];
	unsigned char query[PACKET_QUERY_SIZE];

	memset(name, 'a', sizeof(name));
	name[63] = name[127] = name[191] = '.';
	name[253] = '\0';
	ck_assert_uint_eq(packet_query(query, 1, name, DNS_A, true), PACKET_QUERY_SIZE);
	ck_assert_uint_eq(packet_query(query, 1, "", DNS_NS, false), PACKET_HEADER + 1 + 4);
}
END_TEST

static const struct {
	const char *name;
	struct slice packet;
	bool answers;
} rows[] = {
	{ "the question alone", SLICE(ID "\x81\x80\0\1" NONE QUESTION), true },
	{ "in other letter case", SLICE(ID "\x81\x80\0\1" NONE "\4HoST\4Test\0\0\x10\0\1"), true },
	{ "with what follows", SLICE(ID "\x81\x80\0\1" NONE QUESTION "more"), true },
	{ "a failure", SLICE(ID "\x81\x85\0\1" NONE QUESTION), true },
	{ "truncated", SLICE(ID "\x83\x80\0\1" NONE QUESTION), true },
	{ "FORMERR without a question", SLICE(ID "\x81\x81\0\0" NONE), true },
	{ "success without a question", SLICE(ID "\x81\x80\0\0" NONE), false },
	{ "SERVFAIL without a question", SLICE(ID "\x81\x82\0\0" NONE), false },
	{ "another id", SLICE("\x12\x35" "\x81\x80\0\1" NONE QUESTION), false },
	{ "our own query", SLICE(ID "\1\x20\0\1" NONE QUESTION), false },
	{ "another opcode", SLICE(ID "\xa1\x80\0\1" NONE QUESTION), false },
	{ "two questions", SLICE(ID "\x81\x80\0\2" NONE QUESTION QUESTION), false },
	{ "another name", SLICE(ID "\x81\x80\0\1" NONE "\4most\4test\0\0\x10\0\1"), false },
	{ "the name with a dot for a label's end", SLICE(ID "\x81\x80\0\1" NONE "\11host.test\0\0\x10\0\1"),
	    false },
	{ "another type", SLICE(ID "\x81\x80\0\1" NONE "\4host\4test\0\0\1\0\1"), false },
	{ "a type in other letter case", SLICE(ID "\x81\x80\0\1" NONE "\4host\4test\0\0\x30\0\1"), false },
	{ "another class", SLICE(ID "\x81\x80\0\1" NONE "\4host\4test\0\0\x10\0\3"), false },
	{ "the name by a pointer", SLICE(ID "\x81\x80\0\1" NONE "\xc0\x12\0\x10\0\1\4host\4test\0"), false },
	{ "a header alone", SLICE(ID "\x81\x80\0\1" NONE), false },
	{ "nothing", SLICE(""), false },
};

static struct slice query_of(unsigned char out[PACKET_QUERY_SIZE])
{
	return slice_of((const char *)out, packet_query(out, 0x1234, "host.test", DNS_TXT, true));
}

START_TEST(answers)
{
	unsigned char query[PACKET_QUERY_SIZE];

	ck_assert_msg(packet_answers(rows[_i].packet, query_of(query)) == rows[_i].answers, "%s",
	    rows[_i].name);
}
END_TEST

START_TEST(cut_anywhere)
{
	unsigned char query[PACKET_QUERY_SIZE];

	for (size_t len = 0; len < PACKET_HEADER + sizeof(QUESTION) - 1; len++)
		ck_assert(!packet_answers(slice_take(rows[0].packet, len), query_of(query)));
}
END_TEST

Suite *packet_suite(void)
{
	Suite *s = suite_create("packet");

	UNIT_TEST(s, a_query);
	UNIT_TEST(s, the_longest_query);
	UNIT_TABLE(s, answers, rows);
	UNIT_TEST(s, cut_anywhere);
	return s;
}

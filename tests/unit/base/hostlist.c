/* hostlist.h: the longest prefix decides, "!" wins a tie, mistakes are told. */
#include "base/hostlist.h"

#include "suites.h"

#define LABEL_63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz-"

static const struct {
	struct slice text;
	const char *why; /* NULL: accepted */
} add_rows[] = {
	{ SLICE("192.0.2.1"), NULL },
	{ SLICE("192.0.2.0/24"), NULL },
	{ SLICE("0.0.0.0/0"), NULL },
	{ SLICE("!192.0.2.7"), NULL },
	{ SLICE("! 192.0.2.7"), NULL },
	{ SLICE(" 192.0.2.7 "), NULL },
	{ SLICE("::1"), NULL },
	{ SLICE("2001:db8::/32"), NULL },
	{ SLICE("::ffff:192.0.2.0/120"), NULL },
	{ SLICE("host.example.com"), NULL },
	{ SLICE("HOST.example.com."), NULL },
	{ SLICE(".example.com"), NULL },
	{ SLICE("!.example.com"), NULL },
	{ SLICE("localhost"), NULL },
	{ SLICE("my_host-1.example"), NULL },
	{ SLICE(LABEL_63 ".example"), NULL },
	{ SLICE("192.0.2.1/24"), "has bits set beyond its mask; write 192.0.2.0/24" },
	{ SLICE("!10.255.255.255/9"), "has bits set beyond its mask; write 10.128.0.0/9" },
	{ SLICE("2001:db8::1/32"), "has bits set beyond its mask; write 2001:db8::/32" },
	{ SLICE("1.2.3.4/0"), "has bits set beyond its mask; write 0.0.0.0/0" },
	{ SLICE("::ffff:192.0.2.1/64"), "has bits set beyond its mask; write ::/64" },
	{ SLICE("192.0.2.0/33"), "needs a number from 0 to 32 after the \"/\"" },
	{ SLICE("192.0.2.0/"), "needs a number from 0 to 32 after the \"/\"" },
	{ SLICE("192.0.2.0/24x"), "needs a number from 0 to 32 after the \"/\"" },
	{ SLICE("192.0.2.0/-1"), "needs a number from 0 to 32 after the \"/\"" },
	{ SLICE("192.0.2.0/255.255.255.0"), "needs a number from 0 to 32 after the \"/\"" },
	{ SLICE("2001:db8::/129"), "needs a number from 0 to 128 after the \"/\"" },
	{ SLICE("2001:db8::/0032"), "needs a number from 0 to 128 after the \"/\"" },
	{ SLICE(""), "is not an address, a network or a host name" },
	{ SLICE_NULL, "is not an address, a network or a host name" },
	{ SLICE("!"), "is not an address, a network or a host name" },
	{ SLICE("!!192.0.2.1"), "is not an address, a network or a host name" },
	{ SLICE("."), "is not an address, a network or a host name" },
	{ SLICE(".."), "is not an address, a network or a host name" },
	{ SLICE("192.0.2"), "is not an address, a network or a host name" },
	{ SLICE("192.0.2.256"), "is not an address, a network or a host name" },
	{ SLICE("192.0.2.1."), "is not an address, a network or a host name" },
	{ SLICE("10/8"), "is not an address, a network or a host name" },
	{ SLICE("example.com/24"), "is not an address, a network or a host name" },
	{ SLICE("[::1]"), "is not an address, a network or a host name" },
	{ SLICE("*.example.com"), "is a pattern, and names below a domain are written without the "
	    "\"*\": begin it with the dot" },
	{ SLICE("!*.example.com"), "is a pattern, and names below a domain are written without the "
	    "\"*\": begin it with the dot" },
	{ SLICE("*.*.example.com"), "is not an address, a network or a host name" },
	{ SLICE("a..example.com"), "is not an address, a network or a host name" },
	{ SLICE("user@example.com"), "is not an address, a network or a host name" },
	{ SLICE("a b"), "is not an address, a network or a host name" },
	{ SLICE("exam\0ple.com"), "is not an address, a network or a host name" },
	{ SLICE("m\xc3\xbcnchen.de"), "is not an address, a network or a host name" },
	{ SLICE("x" LABEL_63 ".example"), "is not an address, a network or a host name" },
};

START_TEST(add)
{
	struct arena *a = arena_create(100000);
	struct hostlist list = { .entries = NULL };
	const char *why = NULL;
	enum rc rc = hostlist_add(a, &list, add_rows[_i].text, &why);

	ck_assert_msg(rc == (add_rows[_i].why == NULL ? RC_OK : RC_CONFIG), "row %d: %.*s", _i,
	    SLICE_ARG(add_rows[_i].text));
	ck_assert_uint_eq(list.count, rc == RC_OK);
	if (rc != RC_OK)
		ck_assert_str_eq(why, add_rows[_i].why);
	arena_free(&a);
}
END_TEST

static const struct {
	const char *entries[5];
	const char *client; /* NULL: unknown */
	const char *name;
	bool want;
} match_rows[] = {
	{ { NULL }, "192.0.2.1", "host.test", false },
	{ { "192.0.2.0/24" }, "192.0.2.1", NULL, true },
	{ { "192.0.2.0/24" }, "192.0.3.1", NULL, false },
	{ { "192.0.2.0/24" }, "::ffff:192.0.2.1", NULL, true },
	{ { "::ffff:192.0.2.0/120" }, "192.0.2.1", NULL, true },
	{ { "::/0" }, "192.0.2.1", NULL, false },
	{ { "0.0.0.0/0" }, "2001:db8::1", NULL, false },
	{ { "0.0.0.0/0", "::/0" }, NULL, NULL, false }, /* unknown is in no network */
	/* the longest prefix decides, in any order */
	{ { "192.0.2.0/24", "!192.0.2.7" }, "192.0.2.7", NULL, false },
	{ { "!192.0.2.7", "192.0.2.0/24" }, "192.0.2.7", NULL, false },
	{ { "!192.0.2.7", "192.0.2.0/24" }, "192.0.2.8", NULL, true },
	{ { "192.0.2.7", "!192.0.2.0/24" }, "192.0.2.7", NULL, true },
	{ { "192.0.2.0/24", "!192.0.2.0/25", "192.0.2.64/26" }, "192.0.2.65", NULL, true },
	{ { "192.0.2.0/24", "!192.0.2.0/25", "192.0.2.64/26" }, "192.0.2.1", NULL, false },
	{ { "192.0.2.0/24", "!192.0.2.0/24" }, "192.0.2.1", NULL, false },
	{ { "!192.0.2.0/24", "192.0.2.0/24" }, "192.0.2.1", NULL, false },
	{ { "0.0.0.0/0", "!0.0.0.0/0" }, "192.0.2.1", NULL, false },
	{ { "!192.0.2.7" }, "192.0.2.8", NULL, false }, /* a negation alone admits nobody */
	/* names */
	{ { "host.example.com" }, "192.0.2.1", "host.example.com", true },
	{ { "host.example.com" }, "192.0.2.1", "HOST.Example.COM.", true },
	{ { "host.example.com" }, "192.0.2.1", "a.host.example.com", false },
	{ { "host.example.com" }, "192.0.2.1", "xhost.example.com", false },
	{ { "host.example.com" }, "192.0.2.1", NULL, false },
	{ { "host.example.com" }, NULL, "host.example.com", true },
	{ { ".example.com" }, "192.0.2.1", "host.example.com", true },
	{ { ".example.com" }, "192.0.2.1", "a.b.example.com", true },
	{ { ".example.com" }, "192.0.2.1", "example.com", false },
	{ { ".example.com" }, "192.0.2.1", ".example.com", false },
	{ { ".example.com" }, "192.0.2.1", "badexample.com", false },
	{ { ".example.com", "!host.example.com" }, "192.0.2.1", "host.example.com", false },
	{ { "!.example.com", "host.example.com" }, "192.0.2.1", "host.example.com", true },
	{ { "!.example.com", ".b.example.com" }, "192.0.2.1", "a.b.example.com", true },
	{ { ".example.com", "!.b.example.com" }, "192.0.2.1", "a.b.example.com", false },
	{ { "host.example.com", "!host.example.com" }, "192.0.2.1", "host.example.com", false },
	/* a "!" of either kind wins */
	{ { "192.0.2.1", "!.example.com" }, "192.0.2.1", "host.example.com", false },
	{ { ".example.com", "!192.0.2.1" }, "192.0.2.1", "host.example.com", false },
	{ { "192.0.2.1", "!.example.com" }, "192.0.2.1", "host.example.org", true },
	{ { "192.0.2.1", "!.example.com" }, "192.0.2.1", NULL, true },
};

START_TEST(matches)
{
	struct arena *a = arena_create(100000);
	struct hostlist list = { .entries = NULL };
	struct ip client = { .family = IP_NONE };
	const char *why;

	for (size_t i = 0; match_rows[_i].entries[i] != NULL; i++)
		ck_assert_int_eq(hostlist_add(a, &list, slice_str(match_rows[_i].entries[i]), &why), RC_OK);
	if (match_rows[_i].client != NULL)
		ck_assert(ip_parse(slice_str(match_rows[_i].client), &client));
	ck_assert_msg(hostlist_matches(&list, &client, slice_str(match_rows[_i].name)) ==
	    match_rows[_i].want, "row %d: %s %s", _i, match_rows[_i].client, match_rows[_i].name);
	arena_free(&a);
}
END_TEST

START_TEST(out_of_room)
{
	struct arena *a = arena_create(1000);
	struct hostlist list = { .entries = NULL };
	const char *why;
	enum rc rc = RC_OK;

	for (int i = 0; i < 100 && rc == RC_OK; i++)
		rc = hostlist_add(a, &list, SLICE("192.0.2.1"), &why);
	ck_assert_int_eq(rc, RC_NOMEM);
	arena_free(&a);
}
END_TEST

Suite *hostlist_suite(void)
{
	Suite *s = suite_create("hostlist");

	UNIT_TABLE(s, add, add_rows);
	UNIT_TABLE(s, matches, match_rows);
	UNIT_TEST(s, out_of_room);
	return s;
}

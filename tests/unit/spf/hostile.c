/* P_16, P_18, P_39, P_42: zones that mean harm.  Results are right, questions are few, engines stay up. */
#include "base/limits.h"

#include "suites.h"

#define MAX_ZONE (16u * 1024 * 1024)

/* A record of at most 255 octets a string. */
static void add_txt(struct buf *zone, const char *name, struct slice text)
{
	buf_addf(zone, "%s TXT", name);
	do {
		buf_addf(zone, " \"%.*s\"", SLICE_ARG(slice_take(text, 255)));
		text = slice_drop(text, 255);
	} while (text.len > 0);
	buf_add_char(zone, '\n');
}

struct expected {
	enum auth_result result;
	enum spf_why why;
	size_t most; /* questions */
};

/* Through every engine; the zone is freed. */
static void expect(struct buf *zone, const char *client, struct slice from, struct expected want,
    const char *explanation_start)
{
	struct world w;

	ck_assert(!buf_failed(zone));
	world_open(&w, buf_slice(zone));
	for (int e = 0; e < world_engine_count(); e++) {
		struct spf_mail_from_result r = world_check(&w, world_engines[e], client, SLICE("h.test"),
		    from);

		ck_assert_msg(r.r.result == want.result && r.r.why == want.why, "%s: %s, %.*s",
		    world_engine_text(world_engines[e]), auth_result_text(r.r.result),
		    SLICE_ARG(r.r.reason));
		ck_assert_msg(lookups_count(w.lookups) <= want.most, "%s: %zu questions",
		    world_engine_text(world_engines[e]), lookups_count(w.lookups));
		ck_assert_uint_le(r.r.terms, LIMIT_SPF_TERMS);
		if (explanation_start != NULL)
			ck_slice_eq(slice_take(r.r.explanation, strlen(explanation_start)),
			    slice_str(explanation_start));
	}
	world_close(&w);
	buf_free(zone);
}

/* CVE-2023-42118, CVE-2021-20314: this text smashes the stack of whoever has libspf2 compile it. */
START_TEST(explanation_of_127_macros)
{
	struct buf zone = BUF_INIT(MAX_ZONE), text = BUF_INIT(65536);

	for (int i = 0; i < 127; i++)
		buf_add_str(&text, "%{d}");
	for (int i = 0; i < 40; i++)
		buf_add_char(&text, 'A');
	add_txt(&zone, "x.test", SLICE("v=spf1 -all exp=why.test"));
	add_txt(&zone, "why.test", buf_slice(&text));
	expect(&zone, "192.0.2.1", SLICE("a@x.test"), (struct expected){ AUTH_FAIL, SPF_WHY_MATCH, 2 },
	    "x.testx.testx.test");
	buf_free(&text);
}
END_TEST

/* The same text as a record's own terms. */
START_TEST(terms_of_127_macros)
{
	struct buf zone = BUF_INIT(MAX_ZONE), text = BUF_INIT(65536);

	buf_add_str(&text, "v=spf1 a:");
	for (int i = 0; i < 127; i++)
		buf_add_str(&text, "%{d}.");
	for (int i = 0; i < 40; i++)
		buf_add_char(&text, 'A');
	buf_add_str(&text, " exists:%{d} x=");
	for (int i = 0; i < 127; i++)
		buf_add_str(&text, "%{c}");
	buf_add_str(&text, " -all");
	add_txt(&zone, "x.test", buf_slice(&text));
	expect(&zone, "192.0.2.1", SLICE("a@x.test"), (struct expected){ AUTH_FAIL, SPF_WHY_MATCH, 3 },
	    NULL);
	buf_free(&text);
}
END_TEST

/* SPF macro flood: records full of macros that expand to much, or to nothing, in the check of one. */
static const struct {
	const char *id, *macro;
	unsigned records;
	enum auth_result result;
	enum spf_why why;
} floods[] = {
	{ "one record is cut as section 7.3 has it", "%{L}", 1, AUTH_FAIL, SPF_WHY_MATCH },
	{ "ten records", "%{L}", 10, AUTH_PERMERROR, SPF_WHY_TOO_MUCH_WORK },
	{ "with digits and delimiters", "%{S9r=}", 10, AUTH_PERMERROR, SPF_WHY_TOO_MUCH_WORK },
	{ "that expand to nothing", "%{l1r=}", 10, AUTH_PERMERROR, SPF_WHY_TOO_MUCH_WORK },
};

START_TEST(macro_flood)
{
	static char sender[2000];
	struct buf zone = BUF_INIT(MAX_ZONE), text = BUF_INIT(LIMIT_SPF_RECORD);

	memset(sender, '=', sizeof(sender));
	memcpy(sender + sizeof(sender) - 7, "@x.test", 7);
	buf_add_str(&zone, "x.test TXT v=spf1");
	for (unsigned i = 0; i < floods[_i].records; i++)
		buf_addf(&zone, " include:i%u.test", i);
	buf_add_str(&zone, " -all\n");
	buf_add_str(&text, "v=spf1 a:");
	while (text.len + 40 < LIMIT_SPF_RECORD)
		buf_add_str(&text, floods[_i].macro);
	buf_add_str(&text, ".x.test ?all");
	for (unsigned i = 0; i < floods[_i].records; i++) {
		char name[32];

		snprintf(name, sizeof(name), "i%u.test", i);
		add_txt(&zone, name, buf_slice(&text));
	}
	buf_add_str(&zone, "*.x.test A 192.0.2.9\n");
	expect(&zone, "192.0.2.1", slice_of(sender, sizeof(sender)),
	    (struct expected){ floods[_i].result, floods[_i].why, 20 }, NULL);
	buf_free(&text);
}
END_TEST

/* More than libspf2 can hold: -all must not get lost. */
START_TEST(eighty_networks)
{
	struct buf zone = BUF_INIT(MAX_ZONE), text = BUF_INIT(65536);

	buf_add_str(&text, "v=spf1");
	for (int i = 0; i < 80; i++)
		buf_addf(&text, " ip4:192.0.2.%d", i);
	buf_add_str(&text, " -all");
	add_txt(&zone, "x.test", buf_slice(&text));
	expect(&zone, "192.0.2.200", SLICE("a@x.test"),
	    (struct expected){ AUTH_FAIL, SPF_WHY_MATCH, 1 }, NULL);
	add_txt(&zone, "x.test", buf_slice(&text));
	expect(&zone, "192.0.2.79", SLICE("a@x.test"),
	    (struct expected){ AUTH_PASS, SPF_WHY_MATCH, 1 }, NULL);
	buf_free(&text);
}
END_TEST

static void long_includes(struct buf *zone, const char *last, unsigned count)
{
	struct buf root = BUF_INIT(65536);

	buf_add_str(&root, "v=spf1");
	for (unsigned i = 0; i < count; i++) {
		struct buf text = BUF_INIT(65536), name = BUF_INIT(512);

		for (int k = 0; k < 3; k++)
			buf_addf(&name, "label-%u-%040d.", i, k);
		buf_add_str(&name, "test");
		buf_add_str(&text, "v=spf1");
		for (int k = 0; k < 100; k++)
			buf_addf(&text, " ip4:10.%u.%d.0/24 ip6:2001:db8:%u:%x::/64", i, k, i, (unsigned)k);
		buf_add_str(&text, i + 1 == count ? last : " ~all");
		add_txt(zone, buf_cstr(&name), buf_slice(&text));
		buf_addf(&root, " include:%s", buf_cstr(&name));
		buf_free(&text);
		buf_free(&name);
	}
	buf_add_str(&root, " -all");
	add_txt(zone, "x.test", buf_slice(&root));
	buf_free(&root);
}

START_TEST(ten_long_includes)
{
	struct buf zone = BUF_INIT(MAX_ZONE);

	long_includes(&zone, " ip4:192.0.2.1 ~all", 10);
	expect(&zone, "192.0.2.1", SLICE("a@x.test"),
	    (struct expected){ AUTH_PASS, SPF_WHY_MATCH, 11 }, NULL);
	long_includes(&zone, " ip4:192.0.2.1 ~all", 10);
	expect(&zone, "2001:db8:9:63::1", SLICE("a@x.test"),
	    (struct expected){ AUTH_PASS, SPF_WHY_MATCH, 11 }, NULL);
	long_includes(&zone, " ip4:192.0.2.1 ~all", 10);
	expect(&zone, "192.0.2.2", SLICE("a@x.test"),
	    (struct expected){ AUTH_FAIL, SPF_WHY_MATCH, 11 }, NULL);
	long_includes(&zone, " ip4:192.0.2.1 ~all", 11);
	expect(&zone, "192.0.2.2", SLICE("a@x.test"),
	    (struct expected){ AUTH_PERMERROR, SPF_WHY_TOO_MANY_TERMS, 11 }, NULL);
}
END_TEST

/* libspf2 S#24, S#51.  Ten includes a level, as deep as it goes: 1,111,111 questions for who counts by record. */
START_TEST(include_bomb)
{
	struct buf zone = BUF_INIT(MAX_ZONE), text = BUF_INIT(4096);

	buf_add_str(&text, "v=spf1");
	for (int i = 0; i < 10; i++)
		buf_addf(&text, " include:%d.%%{d}", i);
	add_txt(&zone, "x.test", buf_slice(&text));
	add_txt(&zone, "*.x.test", buf_slice(&text));
	expect(&zone, "192.0.2.1", SLICE("a@x.test"),
	    (struct expected){ AUTH_PERMERROR, SPF_WHY_TOO_MANY_TERMS, 20 }, NULL);
	buf_free(&text);
}
END_TEST

/* Five levels that fit the limits: 1 + 2 + 2 + 2 + 2 includes. */
START_TEST(nested_includes)
{
	static const char nest[] =
	    "x.test TXT v=spf1 include:1.test -all\n"
	    "1.test TXT v=spf1 include:2.test include:2b.test -all\n"
	    "2.test TXT v=spf1 include:3.test include:3b.test -all\n"
	    "3.test TXT v=spf1 include:4.test include:4b.test -all\n"
	    "4.test TXT v=spf1 include:5.test include:5b.test -all\n"
	    "5.test TXT v=spf1 ip4:10.0.0.5 ?all\n5b.test TXT v=spf1 ip4:10.0.1.5 -all\n"
	    "2b.test TXT v=spf1 ip4:10.0.1.2 -all\n3b.test TXT v=spf1 ip4:10.0.1.3 -all\n"
	    "4b.test TXT v=spf1 ip4:10.0.1.4 -all\n";
	static const char *const clients[] = { "10.0.0.5", "10.0.1.5", "10.0.1.4", "10.0.1.3", "10.0.1.2" };

	for (size_t i = 0; i < N_ELEMENTS(clients); i++) {
		struct buf zone = BUF_INIT(MAX_ZONE);

		buf_add_str(&zone, nest);
		expect(&zone, clients[i], SLICE("a@x.test"),
		    (struct expected){ AUTH_PASS, SPF_WHY_MATCH, 10 }, NULL);
		buf_add_str(&zone, nest);
		expect(&zone, "10.9.9.9", SLICE("a@x.test"),
		    (struct expected){ AUTH_FAIL, SPF_WHY_MATCH, 10 }, NULL);
	}
}
END_TEST

START_TEST(thousand_mx)
{
	struct buf zone = BUF_INIT(MAX_ZONE);

	add_txt(&zone, "x.test", SLICE("v=spf1 mx mx:x.test mx:X.TEST +all"));
	for (int i = 0; i < 1000; i++)
		buf_addf(&zone, "x.test MX %d h%d.test.\nh%d.test A 192.0.2.1\n", i, i, i);
	expect(&zone, "192.0.2.1", SLICE("a@x.test"),
	    (struct expected){ AUTH_PERMERROR, SPF_WHY_TOO_MANY_MX, 2 }, NULL);
}
END_TEST

/* All that the RFC allows: ten mx of ten hosts. */
START_TEST(hundred_mx_hosts)
{
	struct buf zone = BUF_INIT(MAX_ZONE), text = BUF_INIT(4096);

	buf_add_str(&text, "v=spf1");
	for (int i = 0; i < 10; i++) {
		buf_addf(&text, " mx:m%d.test", i);
		for (int k = 0; k < 10; k++)
			buf_addf(&zone, "m%d.test MX 1 h%d.m%d.test.\nh%d.m%d.test A 10.0.%d.%d\n", i, k, i, k,
			    i, i, k);
	}
	buf_add_str(&text, " -all");
	add_txt(&zone, "x.test", buf_slice(&text));
	expect(&zone, "10.0.9.9", SLICE("a@x.test"),
	    (struct expected){ AUTH_PASS, SPF_WHY_MATCH, 111 }, NULL);
	buf_free(&text);
}
END_TEST

START_TEST(thousand_ptr)
{
	struct buf zone = BUF_INIT(MAX_ZONE);

	add_txt(&zone, "x.test", SLICE("v=spf1 ptr exists:%{p}.y.test -all"));
	for (int i = 0; i < 1000; i++)
		buf_addf(&zone, "1.2.0.192.in-addr.arpa PTR h%d.x.test.\n", i);
	buf_add_str(&zone, "h999.x.test A 192.0.2.1\n");
	expect(&zone, "192.0.2.1", SLICE("a@x.test"),
	    (struct expected){ AUTH_FAIL, SPF_WHY_MATCH, 13 }, NULL);
}
END_TEST

START_TEST(thousand_addresses)
{
	struct buf zone = BUF_INIT(MAX_ZONE);

	add_txt(&zone, "x.test", SLICE("v=spf1 a -all"));
	for (int i = 0; i < 1000; i++)
		buf_addf(&zone, "x.test A 10.0.%d.%d\n", i / 250, i % 250);
	expect(&zone, "10.0.3.249", SLICE("a@x.test"),
	    (struct expected){ AUTH_PASS, SPF_WHY_MATCH, 2 }, NULL);
}
END_TEST

/* Names that double with every step. */
START_TEST(doubling_names)
{
	struct buf zone = BUF_INIT(MAX_ZONE);

	add_txt(&zone, "x.test", SLICE("v=spf1 redirect=%{d}.%{d}"));
	add_txt(&zone, "*.x.test", SLICE("v=spf1 redirect=%{d}.%{d}"));
	expect(&zone, "192.0.2.1", SLICE("a@x.test"),
	    (struct expected){ AUTH_PERMERROR, SPF_WHY_TOO_MANY_TERMS, 11 }, NULL);
}
END_TEST

/* A record of the largest size, of macros that are as long as can be. */
START_TEST(long_macros)
{
	struct buf zone = BUF_INIT(MAX_ZONE), text = BUF_INIT(65536), from = BUF_INIT(65536);

	buf_add_str(&text, "v=spf1 exists:");
	while (text.len < LIMIT_SPF_RECORD - 40)
		buf_add_str(&text, "%{S}");
	buf_add_str(&text, ".test -all");
	add_txt(&zone, "x.test", buf_slice(&text));
	for (int i = 0; i < 1000; i++)
		buf_add_char(&from, i % 60 == 59 ? '.' : 'x');
	buf_add_str(&from, "y@x.test");
	expect(&zone, "192.0.2.1", buf_slice(&from),
	    (struct expected){ AUTH_FAIL, SPF_WHY_MATCH, 2 }, NULL);
	buf_free(&text);
	buf_free(&from);
}
END_TEST

/* P_12 and the ceiling: a record of many terms, one of too many octets. */
START_TEST(large_records)
{
	struct buf zone = BUF_INIT(MAX_ZONE), text = BUF_INIT(65536);

	buf_add_str(&text, "v=spf1");
	while (text.len < LIMIT_SPF_RECORD - 40)
		buf_add_str(&text, " ?ip4:10.0.0.1");
	buf_add_str(&text, " -all");
	add_txt(&zone, "x.test", buf_slice(&text));
	expect(&zone, "192.0.2.1", SLICE("a@x.test"),
	    (struct expected){ AUTH_FAIL, SPF_WHY_MATCH, 1 }, NULL);
	while (text.len <= LIMIT_SPF_RECORD)
		buf_add_str(&text, " ?ip4:10.0.0.1");
	add_txt(&zone, "x.test", buf_slice(&text));
	expect(&zone, "192.0.2.1", SLICE("a@x.test"),
	    (struct expected){ AUTH_PERMERROR, SPF_WHY_RECORD_TOO_LARGE, 1 }, NULL);
	buf_free(&text);
}
END_TEST

START_TEST(many_records)
{
	struct buf zone = BUF_INIT(MAX_ZONE);

	for (int i = 0; i < 500; i++)
		buf_addf(&zone, "x.test TXT \"v=spf1 include:i%d.test\"\n", i);
	expect(&zone, "192.0.2.1", SLICE("a@x.test"),
	    (struct expected){ AUTH_PERMERROR, SPF_WHY_MULTIPLE_RECORDS, 1 }, NULL);
}
END_TEST

Suite *hostile_suite(void)
{
	Suite *s = suite_create("spf hostile");

	UNIT_TEST(s, explanation_of_127_macros);
	UNIT_TEST(s, terms_of_127_macros);
	UNIT_TABLE(s, macro_flood, floods);
	UNIT_TEST(s, eighty_networks);
	UNIT_TEST(s, ten_long_includes);
	UNIT_TEST(s, include_bomb);
	UNIT_TEST(s, nested_includes);
	UNIT_TEST(s, thousand_mx);
	UNIT_TEST(s, hundred_mx_hosts);
	UNIT_TEST(s, thousand_ptr);
	UNIT_TEST(s, thousand_addresses);
	UNIT_TEST(s, doubling_names);
	UNIT_TEST(s, long_macros);
	UNIT_TEST(s, large_records);
	UNIT_TEST(s, many_records);
	return s;
}

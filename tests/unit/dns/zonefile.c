/* zonefile.h: the file's syntax, wildcards, empty names, directives. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"

#include "dns/lookups.h"
#include "dns/zonefile.h"

#include "suites.h"

static const char zone[] =
    "# comment\n"
    "; comment\n"
    "   # comment\n"
    "\n"
    "A.Test. A 192.0.2.1\n"
    "a.test 60 IN A 192.0.2.2\r\n"
    "a.test IN 60 AAAA 2001:db8::1 ; comment\n"
    "mx.test MX 10 Mail.Test.\n"
    "mx.test MX ( 20 . )\n"
    "ns.test NS ns1.test\n"
    "1.2.0.192.in-addr.arpa PTR host\\032x.test\n"
    "soa.test SOA . . 1 2 3 4 5\n"
    "txt.test TXT \"v=spf1 \" \"-all\" ; comment\n"
    "txt2.test TXT ( \"a\\\"b\\\\c\\065\\;\" )\n"
    "bare.test TXT v=DMARC1; p=none \\032 \"x\"  \n"
    "empty.test TXT \"\"\n"
    "spf.test SPF \"v=spf1\"\n"
    "srv.test SRV 0 0 25 a.test\n"
    "gen.test TYPE65 0102\n"
    "c1.test CNAME C2.test\n"
    "c2.test CNAME a.test\n"
    "dangling.test CNAME nothing.test\n"
    "loop.test CNAME loop.test\n"
    "*.wild.test TXT wild\n"
    "*.wild.test TXT !SLOW=5\n"
    "there.wild.test A 192.0.2.9\n"
    "deep.er.wild.test A 192.0.2.9\n"
    "*.cname.test CNAME a.test\n"
    "t.test TXT !TIMEOUT\n"
    "t.test A 192.0.2.3\n"
    "s.test * !SERVFAIL\n"
    "s.test A 192.0.2.4\n"
    "s.test MX !nxdomain\n"
    "all.test !REFUSED\n"
    "nx.test TXT !NXDOMAIN\n"
    "nodata.test A !NODATA\n"
    "nodata.test A 192.0.2.5\n"
    "formerr.test A !FORMERR\n"
    "tc.test A !TC\n"
    "tcponly.test A !TCPONLY\n"
    "tcponly.test A 192.0.2.6\n"
    "garbage.test A !GARBAGE\n"
    "wrongid.test A !WRONGID\n"
    "slow.test A !SLOW=100000\n"
    "slow.test A 192.0.2.7\n"
    "under.ent.test A 192.0.2.8\n"
    "last.test A 192.0.2.1";

static const struct {
	const char *name;
	enum dns_type type;
	enum dns_status status;
	const char *text; /* of the first record, or its address */
	size_t count;
} rows[] = {
	{ "a.test", DNS_A, DNS_FOUND, "192.0.2.1", 2 },
	{ "A.TEST.", DNS_A, DNS_FOUND, "192.0.2.1", 2 },
	{ "a.test", DNS_AAAA, DNS_FOUND, "2001:db8::1", 1 },
	{ "a.test", DNS_TXT, DNS_NODATA, NULL, 0 },
	{ "b.test", DNS_A, DNS_NXDOMAIN, NULL, 0 },
	{ "x.a.test", DNS_A, DNS_NXDOMAIN, NULL, 0 },
	{ "test", DNS_A, DNS_NODATA, NULL, 0 },
	{ "mx.test", DNS_MX, DNS_FOUND, "mail.test", 2 },
	{ "ns.test", DNS_NS, DNS_FOUND, "ns1.test", 1 },
	{ "1.2.0.192.in-addr.arpa", DNS_PTR, DNS_FOUND, "host\\032x.test", 1 },
	{ "0.192.in-addr.arpa", DNS_PTR, DNS_NODATA, NULL, 0 },
	{ "txt.test", DNS_TXT, DNS_FOUND, "v=spf1 -all", 1 },
	{ "txt2.test", DNS_TXT, DNS_FOUND, "a\"b\\cA;", 1 },
	{ "bare.test", DNS_TXT, DNS_FOUND, "v=DMARC1; p=none \\032 \"x\"", 1 },
	{ "empty.test", DNS_TXT, DNS_FOUND, "", 1 },
	{ "spf.test", DNS_TXT, DNS_NODATA, NULL, 0 },
	{ "srv.test", DNS_A, DNS_NODATA, NULL, 0 },
	{ "gen.test", DNS_A, DNS_NODATA, NULL, 0 },
	{ "c1.test", DNS_A, DNS_FOUND, "192.0.2.1", 2 },
	{ "c1.test", DNS_MX, DNS_NODATA, NULL, 0 },
	{ "dangling.test", DNS_A, DNS_NXDOMAIN, NULL, 0 },
	{ "loop.test", DNS_A, DNS_SERVFAIL, NULL, 0 },
	/* RFC 4592 */
	{ "x.wild.test", DNS_TXT, DNS_FOUND, "wild", 1 },
	{ "y.x.wild.test", DNS_TXT, DNS_FOUND, "wild", 1 },
	{ "x.wild.test", DNS_A, DNS_NODATA, NULL, 0 },
	{ "wild.test", DNS_TXT, DNS_NODATA, NULL, 0 },
	{ "*.wild.test", DNS_TXT, DNS_FOUND, "wild", 1 },
	{ "there.wild.test", DNS_TXT, DNS_NODATA, NULL, 0 },
	{ "x.there.wild.test", DNS_TXT, DNS_NXDOMAIN, NULL, 0 },
	{ "er.wild.test", DNS_TXT, DNS_NODATA, NULL, 0 },
	{ "x.er.wild.test", DNS_TXT, DNS_NXDOMAIN, NULL, 0 },
	{ "x.cname.test", DNS_A, DNS_FOUND, "192.0.2.1", 2 },
	/* directives */
	{ "t.test", DNS_TXT, DNS_TIMEOUT, NULL, 0 },
	{ "t.test", DNS_A, DNS_FOUND, "192.0.2.3", 1 },
	{ "t.test", DNS_MX, DNS_NODATA, NULL, 0 },
	{ "s.test", DNS_A, DNS_FOUND, "192.0.2.4", 1 },
	{ "s.test", DNS_TXT, DNS_SERVFAIL, NULL, 0 },
	{ "s.test", DNS_MX, DNS_NXDOMAIN, NULL, 0 },
	{ "all.test", DNS_A, DNS_SERVFAIL, NULL, 0 },
	{ "nx.test", DNS_TXT, DNS_NXDOMAIN, NULL, 0 },
	{ "nx.test", DNS_A, DNS_NXDOMAIN, NULL, 0 },
	{ "nodata.test", DNS_A, DNS_NODATA, NULL, 0 },
	{ "formerr.test", DNS_A, DNS_SERVFAIL, NULL, 0 },
	{ "tc.test", DNS_A, DNS_TIMEOUT, NULL, 0 },
	{ "tcponly.test", DNS_A, DNS_FOUND, "192.0.2.6", 1 },
	{ "garbage.test", DNS_A, DNS_SERVFAIL, NULL, 0 },
	{ "wrongid.test", DNS_A, DNS_TIMEOUT, NULL, 0 },
	{ "slow.test", DNS_A, DNS_FOUND, "192.0.2.7", 1 },
	{ "ent.test", DNS_A, DNS_NODATA, NULL, 0 },
	{ "last.test", DNS_A, DNS_FOUND, "192.0.2.1", 1 },
	/* never asked */
	{ "", DNS_A, DNS_BADNAME, NULL, 0 },
	{ ".", DNS_A, DNS_BADNAME, NULL, 0 },
	{ "a..test", DNS_A, DNS_BADNAME, NULL, 0 },
	{ ".a.test", DNS_A, DNS_BADNAME, NULL, 0 },
};

static struct resolver *open_zone(const char *text)
{
	struct err err = ERR_INIT;
	struct resolver *r = NULL;

	if (resolver_zonetext("zone", slice_str(text), &r, &err) != RC_OK)
		ck_abort_msg("%s", buf_cstr(&err.text));
	err_free(&err);
	return r;
}

START_TEST(answers)
{
	struct resolver *r = open_zone(zone);
	struct lookups *l = lookups_new(r, 1000);
	const struct dns_answer *a =
	    lookups_await(l, LOOKUP_POLICY, slice_str(rows[_i].name), rows[_i].type);
	char text[IP_TEXT_SIZE];

	ck_assert_msg(a->status == rows[_i].status, "row %d: %s: %s", _i, rows[_i].name,
	    dns_status_text(a->status));
	ck_assert_msg(a->count == rows[_i].count, "row %d: %s: %zu", _i, rows[_i].name, a->count);
	if (a->count > 0 && a->records[0].ip.family != IP_NONE)
		ck_assert_str_eq(ip_text(&a->records[0].ip, text), rows[_i].text);
	else if (a->count > 0)
		ck_slice_eq(a->records[0].text, slice_str(rows[_i].text));
	lookups_release(&l);
	resolver_free(&r);
}
END_TEST

START_TEST(null_mx)
{
	struct resolver *r = open_zone(zone);
	struct lookups *l = lookups_new(r, 1000);
	const struct dns_answer *a = lookups_await(l, LOOKUP_SPF, SLICE("mx.test"), DNS_MX);

	ck_assert_uint_eq(a->records[0].preference, 10);
	ck_assert_uint_eq(a->records[1].preference, 20);
	ck_assert_uint_eq(a->records[1].text.len, 0);
	lookups_release(&l);
	resolver_free(&r);
}
END_TEST

/* Over 255 octets, and as several strings: the same text. */
START_TEST(long_text)
{
	struct buf text = BUF_INIT(4096), line = BUF_INIT(8192);
	struct resolver *r;
	struct lookups *l;

	for (int i = 0; i < 600; i++)
		buf_add_char(&text, (char)('a' + i % 26));
	buf_addf(&line, "a.test TXT \"%s\"\nb.test TXT %s\n", buf_cstr(&text), buf_cstr(&text));
	r = open_zone(buf_cstr(&line));
	l = lookups_new(r, 1000);
	ck_slice_eq(lookups_await(l, LOOKUP_SPF, SLICE("a.test"), DNS_TXT)->records[0].text,
	    buf_slice(&text));
	ck_slice_eq(lookups_await(l, LOOKUP_SPF, SLICE("b.test"), DNS_TXT)->records[0].text,
	    buf_slice(&text));
	lookups_release(&l);
	resolver_free(&r);
	buf_free(&text);
	buf_free(&line);
}
END_TEST

static const struct {
	const char *text, *want;
} mistakes[] = {
	{ "a.test\n", "zone:1: a name, a type and data are needed\n" },
	{ "a.test A\n", "zone:1: the data must be an IPv4 address\n" },
	{ "a.test A 192.0.2\n", "zone:1: the data must be an IPv4 address\n" },
	{ "a.test A 192.0.2.1 x\n", "zone:1: text after the record\n" },
	{ "a.test A 2001:db8::1\n", "zone:1: the data must be an IPv4 address\n" },
	{ "a.test AAAA 192.0.2.1\n", "zone:1: the data must be an IPv6 address\n" },
	{ "a.test MX mail.test\n", "zone:1: the data must be a preference and a host\n" },
	{ "a.test MX 65536 mail.test\n", "zone:1: the data must be a preference and a host\n" },
	{ "a.test TXT\n", "zone:1: the data must be \"quoted\" \"strings\" or bare text\n" },
	{ "a.test TXT \"x\n", "zone:1: the data must be \"quoted\" \"strings\" or bare text\n" },
	{ "a.test TXT \"\\300\"\n", "zone:1: the data must be \"quoted\" \"strings\" or bare text\n" },
	{ "a.test TXT \"x\" y\n", "zone:1: text after the record\n" },
	{ "a.test PTR a..b\n", "zone:1: the data must be a name\n" },
	{ "a.test SOA . . 1 2 3 4\n", "zone:1: the data must be two names and five numbers\n" },
	{ "a.test TX x\n", "zone:1: no such type\n" },
	{ "a.test TX !TIMEOUT\n", "zone:1: no such type\n" },
	{ "a..test A 192.0.2.1\n", "zone:1: not a valid DNS name\n" },
	{ " A 192.0.2.1\n", "zone:1: a line begins with a name\n" },
	{ "$TTL 300\n", "zone:1: no $ORIGIN, $TTL or @ here: write full names\n" },
	{ "@ A 192.0.2.1\n", "zone:1: no $ORIGIN, $TTL or @ here: write full names\n" },
	{ "a CNAME b\na CNAME c\n", "zone:2: a name has one CNAME at most (RFC 2181 section 10.1)\n" },
	{ "a A 1.2.3.4\n\nb A x\nc A y\n",
	    "zone:3: the data must be an IPv4 address\nzone:4: the data must be an IPv4 address\n" },
};

START_TEST(mistakes_are_told)
{
	struct err err = ERR_INIT;
	struct resolver *r = NULL;

	ck_assert_int_eq(resolver_zonetext("zone", slice_str(mistakes[_i].text), &r, &err), RC_CONFIG);
	ck_assert_ptr_null(r);
	ck_assert_str_eq(buf_cstr(&err.text), mistakes[_i].want);
	err_free(&err);
}
END_TEST

static const char *const bad_directives[] = { "!", "!NO", "!SLOW", "!SLOW=", "!SLOW=x", "!SLOW=-1",
	"!TIMEOUT=1", "!SLOW=99999999", "! TIMEOUT" };

START_TEST(directives_are_checked)
{
	struct err err = ERR_INIT;
	struct buf line = BUF_INIT(100);
	struct resolver *r;

	buf_addf(&line, "a.test TXT %s\n", bad_directives[_i]);
	if (strcmp(bad_directives[_i], "! TIMEOUT") == 0) { /* a blank does no harm */
		ck_assert_int_eq(resolver_zonetext("z", buf_slice(&line), &r, &err), RC_OK);
		resolver_free(&r);
	} else {
		ck_assert_int_eq(resolver_zonetext("z", buf_slice(&line), &r, &err), RC_CONFIG);
		ck_assert_ptr_nonnull(strstr(buf_cstr(&err.text), "z:1: no such directive"));
	}
	buf_free(&line);
	err_free(&err);
}
END_TEST

START_TEST(many_records)
{
	struct buf text = BUF_INIT(4u * 1024 * 1024);
	struct resolver *r;
	struct lookups *l;
	char name[64];

	for (int i = 0; i < 100000; i++)
		buf_addf(&text, "n%d.zone%d.test A 192.0.2.1\n", i, i % 100);
	r = open_zone(buf_cstr(&text));
	l = lookups_new(r, 1000);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "n%d.zone%d.test", i * 1000 + i, i);
		ck_assert_int_eq(lookups_await(l, LOOKUP_SPF, slice_str(name), DNS_A)->status, DNS_FOUND);
	}
	lookups_release(&l);
	resolver_free(&r);
	buf_free(&text);
}
END_TEST

START_TEST(files)
{
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT(100);
	struct resolver *r = NULL;
	struct dns_source source;
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/zone", unit_tmpdir());
	ck_assert_int_eq(resolver_zonefile(path, &r, &err), RC_CONFIG);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&err.text), "zone: No such file or directory\n"));
	f = fopen(path, "w");
	fputs("a.test A 192.0.2.1\n", f);
	fclose(f);
	ck_assert_int_eq(resolver_zonefile(path, &r, &err), RC_OK);
	ck_assert(resolver_source(r, 0, &source, &text));
	ck_assert(!source.measured);
	ck_assert(!resolver_source(r, 1, &source, &text));
	ck_assert(slice_starts_with(buf_slice(&text), SLICE("zone file /")));
	resolver_free(&r);
	buf_free(&text);
	err_free(&err);
}
END_TEST

static void load(const char *directory, const char *name)
{
	struct err err = ERR_INIT;
	struct resolver *r = NULL;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (resolver_zonefile(path, &r, &err) != RC_OK)
		ck_abort_msg("%s", buf_cstr(&err.text));
	resolver_free(&r);
	err_free(&err);
}

START_TEST(shared_zones)
{
	char *directory = unit_shared_path("suites/mail/zones");
	char *rfc8463 = unit_shared_path("suites/rfc8463");
	unsigned count = 0;

	if (directory == NULL || rfc8463 == NULL) {
		unit_skipped("the shared zones are not there");
	} else {
		DIR *d = opendir(directory);

		for (struct dirent *e; (e = readdir(d)) != NULL;) {
			if (e->d_name[0] == '.')
				continue;
			load(directory, e->d_name);
			count++;
		}
		closedir(d);
		ck_assert_uint_gt(count, 50);
		load(rfc8463, "zone.txt");
	}
	free(directory);
	free(rfc8463);
}
END_TEST

Suite *zonefile_suite(void)
{
	Suite *s = suite_create("zonefile");

	UNIT_TABLE(s, answers, rows);
	UNIT_TEST(s, null_mx);
	UNIT_TEST(s, long_text);
	UNIT_TABLE(s, mistakes_are_told, mistakes);
	UNIT_TABLE(s, directives_are_checked, bad_directives);
	UNIT_TEST(s, many_records);
	UNIT_TEST(s, files);
	UNIT_TEST(s, shared_zones);
	return s;
}

/* external.h: U_35, U_38 to U_43, U_47; F_03; RFC 9990 sections 3.5 and 4. */
#include "base/buf.h"
#include "dns/zonefile.h"
#include "report/external.h"

#include "suites.h"

/* --- one URI ------------------------------------------------------------------------------------------ */

static const struct {
	const char *uri, *want; /* NULL: refused */
} uris[] = {
	{ "mailto:dmarc@example.com", "dmarc@example.com" },
	{ "MAILTO:dmarc@Example.COM", "dmarc@example.com" },
	{ "mailto:a+b@example.com", "a+b@example.com" },
	{ "mailto:a%2Bb@example.com", "a+b@example.com" },
	{ "mailto:a%21b@example.com", "a!b@example.com" },
	{ "mailto:dmarc%40example.com", "dmarc@example.com" },
	{ "mailto:dmarc@example.com?subject=x&cc=y@example.net", "dmarc@example.com" },
	{ "mailto:dmarc@example.com?", "dmarc@example.com" },
	{ "mailto:%22a%20b%22@example.com", "\"a b\"@example.com" },
	{ "mailto:\"a,b\"@example.com", "\"a,b\"@example.com" },
	{ "mailto:a@b\xc3\xbc" "cher.example", "a@xn--bcher-kva.example" },
	{ "mailto:a@b%C3%BCcher.example", "a@xn--bcher-kva.example" },
	{ "mailto:0", NULL },
	{ "mailto:", NULL },
	{ "mailto:@example.com", NULL },
	{ "mailto:a@", NULL },
	{ "mailto:a@localhost", NULL },
	{ "mailto:a@192.0.2.1", NULL },
	{ "mailto:a@[192.0.2.1]", NULL },
	{ "mailto:a@b@example.com", NULL },
	{ "mailto:a@example.com%2Cb@example.net", NULL },
	{ "mailto:a@example.com,b@example.net", NULL },
	{ "mailto:a%0D%0ARCPT%20TO:<b@example.net>@example.com", NULL },
	{ "mailto:a%00@example.com", NULL },
	{ "mailto:a%0a@example.com", NULL },
	{ "mailto:a b@example.com", NULL },
	{ "mailto:a%20b@example.com", NULL },
	{ "mailto:\"a%0Ab\"@example.com", NULL },
	{ "mailto:\"a@example.com", NULL },
	{ "mailto:.a@example.com", NULL },
	{ "mailto:a..b@example.com", NULL },
	{ "mailto:<a@example.com>", NULL },
	{ "mailto:%C3%BC@example.com", NULL },
	{ "mailto:a%@example.com", "a%@example.com" },
	{ "mailto:a%4@example.com", "a%4@example.com" },
	{ "mailto:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.com", NULL },
	{ "https://example.com/report", NULL },
	{ "dmarc@example.com", NULL },
	{ "ftp:dmarc@example.com", NULL },
	{ "", NULL },
	{ ":", NULL },
};

START_TEST(addresses)
{
	struct arena *a = arena_create(1u << 20);
	struct report_address to = { .address = SLICE_NULL };
	bool ok = report_address_of(a, slice_str(uris[_i].uri), &to);

	ck_assert_msg(ok == (uris[_i].want != NULL), "%s", uris[_i].uri);
	if (ok)
		ck_slice_eq(to.address, slice_str(uris[_i].want));
	arena_free(&a);
}
END_TEST

/* --- consent ---------------------------------------------------------------------------------------------- */

#define CONSENT(from, at, tags) from "._report._dmarc." at " TXT \"v=DMARC1" tags "\"\n"
#define R(name, tags) "_dmarc." name " TXT \"v=DMARC1; " tags "\"\n"
#define TEN "mailto:a1@example.com,mailto:a2@example.com,mailto:a3@example.com,mailto:a4@example.com," \
	"mailto:a5@example.com,mailto:a6@example.com,mailto:a7@example.com,mailto:a8@example.com," \
	"mailto:a9@example.com,mailto:a10@example.com"
#define TEN_SHOWN "a1@example.com a2@example.com a3@example.com a4@example.com a5@example.com " \
	"a6@example.com a7@example.com a8@example.com a9@example.com a10@example.com"
#define L60 "a23456789012345678901234567890123456789012345678901234567890"

/* Shown are addresses, "-" before refused ones, "?" before postponed ones. */
static const struct row {
	const char *id, *policy_domain, *uris, *zone, *want;
	bool failure;
} rows[] = {
	/* within the organization */
	{ "U_38 same domain", "example.com", "mailto:d@example.com", "", "d@example.com", false },
	{ "U_38 same organization", "example.com", "mailto:d@mail.example.com",
	  R("example.com", "p=none"), "d@mail.example.com", false },
	{ "U_38 the other way round", "a.example.com", "mailto:d@example.com",
	  R("example.com", "p=none") R("a.example.com", "p=none"), "d@example.com", false },
	{ "U_38 siblings", "a.example.com", "mailto:d@b.example.com",
	  R("example.com", "p=none") R("a.example.com", "p=none"), "d@b.example.com", false },
	{ "U_38 psd=n makes it another organization", "a.example.com", "mailto:d@b.example.com",
	  R("example.com", "p=none") R("a.example.com", "p=none; psd=n"), "-d@b.example.com", false },
	{ "U_38 a host below that is not of the organization", "example.com",
	  "mailto:d@own.example.com", R("example.com", "p=none") R("own.example.com", "p=none; psd=n"),
	  "-d@own.example.com", false },

	/* consent */
	{ "U_39 U_40 consent", "example.com", "mailto:d@reports.example",
	  CONSENT("example.com", "reports.example", ""), "d@reports.example", false },
	{ "U_40 with a separator", "example.com", "mailto:d@reports.example",
	  CONSENT("example.com", "reports.example", ";"), "d@reports.example", false },
	{ "U_40 none", "example.com", "mailto:d@reports.example", "", "-d@reports.example", false },
	{ "U_40 no data", "example.com", "mailto:d@reports.example",
	  "example.com._report._dmarc.reports.example A 192.0.2.1\n", "-d@reports.example", false },
	{ "U_40 other texts", "example.com", "mailto:d@reports.example",
	  "example.com._report._dmarc.reports.example TXT \"v=spf1 -all\"\n",
	  "-d@reports.example", false },
	{ "U_40 misspelt", "example.com", "mailto:d@reports.example",
	  "example.com._report._dmarc.reports.example TXT \"v=dmarc1\"\n",
	  "-d@reports.example", false },
	{ "U_40 v= is not first", "example.com", "mailto:d@reports.example",
	  "example.com._report._dmarc.reports.example TXT \"p=none; v=DMARC1\"\n",
	  "-d@reports.example", false },
	{ "U_40 one of several texts", "example.com", "mailto:d@reports.example",
	  "example.com._report._dmarc.reports.example TXT \"x\"\n"
	  CONSENT("example.com", "reports.example", ";"), "d@reports.example", false },
	{ "U_40 of another domain", "example.com", "mailto:d@reports.example",
	  CONSENT("example.net", "reports.example", ""), "-d@reports.example", false },
	{ "U_40 of the organization, not of the policy domain", "a.example.com",
	  "mailto:d@reports.example", R("example.com", "p=none")
	  CONSENT("example.com", "reports.example", ""), "-d@reports.example", false },
	{ "U_40 above the host", "example.com", "mailto:d@in.reports.example",
	  CONSENT("example.com", "reports.example", ""), "-d@in.reports.example", false },
	{ "U_43 wildcard", "example.com", "mailto:d@reports.example",
	  "*._report._dmarc.reports.example TXT \"v=DMARC1\"\n", "d@reports.example", false },
	{ "U_43 wildcard covers deeper names", "a.b.example.com", "mailto:d@reports.example",
	  "*._report._dmarc.reports.example TXT \"v=DMARC1;\"\n", "d@reports.example", false },

	/* trouble */
	{ "U_42 time-out", "example.com", "mailto:d@reports.example",
	  "example.com._report._dmarc.reports.example TXT !TIMEOUT\n", "?d@reports.example", false },
	{ "U_42 server failure", "example.com", "mailto:d@reports.example",
	  "example.com._report._dmarc.reports.example TXT !SERVFAIL\n", "?d@reports.example", false },
	{ "U_42 the organization is not known", "example.com", "mailto:d@mail.example.com",
	  "_dmarc.example.com TXT !TIMEOUT\n", "?d@mail.example.com", false },
	{ "U_42 only one of them", "example.com", "mailto:d@reports.example,mailto:d@example.com",
	  "example.com._report._dmarc.reports.example TXT !TIMEOUT\n",
	  "?d@reports.example d@example.com", false },
	{ "U_39 the name is too long", L60 "." L60 "." L60 ".example", "mailto:d@" L60 ".example.net",
	  "", "-d@" L60 ".example.net", false },

	/* overrides */
	{ "U_41 same host", "example.com", "mailto:d@reports.example",
	  CONSENT("example.com", "reports.example", "; rua=mailto:e@reports.example"),
	  "e@reports.example", false },
	{ "U_41 several", "example.com", "mailto:d@reports.example",
	  CONSENT("example.com", "reports.example", "; rua=mailto:e@reports.example,mailto:f@reports.example"),
	  "e@reports.example f@reports.example", false },
	{ "U_41 another host", "example.com", "mailto:d@reports.example",
	  CONSENT("example.com", "reports.example", "; rua=mailto:victim@example.net"),
	  "-d@reports.example", false },
	{ "U_41 a host below", "example.com", "mailto:d@reports.example",
	  CONSENT("example.com", "reports.example", "; rua=mailto:e@in.reports.example"),
	  "-d@reports.example", false },
	{ "U_41 one of two leads elsewhere", "example.com", "mailto:d@reports.example",
	  CONSENT("example.com", "reports.example", "; rua=mailto:e@reports.example,mailto:v@example.net"),
	  "-d@reports.example", false },
	{ "U_41 a further record leads elsewhere", "example.com", "mailto:d@reports.example",
	  CONSENT("example.com", "reports.example", "; rua=mailto:e@reports.example")
	  CONSENT("example.com", "reports.example", "; rua=mailto:v@example.net"),
	  "-d@reports.example", false },
	{ "U_41 an override that is no URI", "example.com", "mailto:d@reports.example",
	  CONSENT("example.com", "reports.example", "; rua=e"), "d@reports.example", false },
	{ "U_41 ruf is not for aggregate reports", "example.com", "mailto:d@reports.example",
	  CONSENT("example.com", "reports.example", "; ruf=mailto:e@reports.example"),
	  "d@reports.example", false },
	{ "F_03 ruf is for failure reports", "example.com", "mailto:d@reports.example",
	  CONSENT("example.com", "reports.example", "; rua=mailto:f@reports.example; ruf=mailto:e@reports.example"),
	  "e@reports.example", true },
	{ "F_03 consent", "example.com", "mailto:d@reports.example", "", "-d@reports.example", true },
	{ "U_41 no override within the organization", "example.com", "mailto:d@example.com",
	  CONSENT("example.com", "example.com", "; rua=mailto:e@example.com"), "d@example.com", false },

	/* lists */
	{ "U_35 in order", "example.com", "mailto:a@example.com, mailto:b@example.com", "",
	  "a@example.com b@example.com", false },
	{ "U_35 size suffixes", "example.com", "mailto:a@example.com!10m,mailto:b@example.com!5", "",
	  "a@example.com b@example.com", false },
	{ "U_35 a size without unit letter that exists", "example.com", "mailto:a@example.com!10x", "",
	  "", false },
	{ "U_35 bad ones do not stop the rest", "example.com",
	  "mailto:0,,https://example.com/x,mailto:a@,x,mailto:a@example.com", "",
	  "- a@example.com", false },
	{ "U_35 the same twice", "example.com", "mailto:a@example.com,mailto:a@EXAMPLE.com", "",
	  "a@example.com", false },
	{ "U_35 nothing", "example.com", "", "", "", false },
	{ "U_35 only commas", "example.com", ",,,", "", "", false },
	{ "U_35 as many as are looked at", "example.com", TEN ",mailto:a11@example.com", "",
	  TEN_SHOWN, false },
};

static void show(const struct report_destinations *d, struct buf *out)
{
	static const char *const marks[] = { [REPORT_PERMITTED] = "", [REPORT_REFUSED] = "-",
		[REPORT_POSTPONED] = "?" };

	for (size_t i = 0; i < d->count; i++) {
		buf_addf(out, "%s%s%.*s", i > 0 ? " " : "", marks[d->items[i].consent],
		    SLICE_ARG(d->items[i].to.address));
		ck_assert((d->items[i].why.len > 0) == (d->items[i].consent != REPORT_PERMITTED));
	}
}

START_TEST(destinations)
{
	const struct row *row = &rows[_i];
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct buf shown = BUF_INIT(10000);
	struct report_destinations found;
	struct err err = ERR_INIT;
	struct resolver *resolver;
	struct lookups *l;
	struct domain domain;

	if (resolver_zonetext("zone", slice_str(row->zone), &resolver, &err) != RC_OK)
		ck_abort_msg("%s", buf_cstr(&err.text));
	l = lookups_new(resolver, 20000);
	ck_assert(a != NULL && l != NULL && domain_parse(a, slice_str(row->policy_domain), &domain));
	ck_assert_int_eq(report_destinations_find(a, l, DMARC_DISCOVERY_TREEWALK,
	    row->failure ? REPORT_FAILURE : REPORT_AGGREGATE, domain, slice_str(row->uris), &found), RC_OK);
	show(&found, &shown);
	ck_assert_msg(slice_eq(buf_slice(&shown), slice_str(row->want)), "%s: \"%s\", want \"%s\"",
	    row->id, buf_cstr(&shown), row->want);
	buf_free(&shown);
	lookups_release(&l);
	resolver_free(&resolver);
	err_free(&err);
	arena_free(&a);
}
END_TEST

/* Ten hosts of other organizations are within a message's number of questions. */
START_TEST(many_organizations)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct buf uris_text = BUF_INIT(10000);
	struct report_destinations found;
	struct err err = ERR_INIT;
	struct resolver *resolver;
	struct lookups *l;
	struct domain domain;

	for (int i = 0; i < 10; i++)
		buf_addf(&uris_text, "mailto:d@a.b.c.d.e.f.g.reports%d.example,", i);
	ck_assert_int_eq(resolver_zonetext("zone", SLICE("* TXT \"v=DMARC1\"\n"), &resolver, &err), RC_OK);
	l = lookups_new(resolver, 20000);
	ck_assert(domain_parse(a, SLICE("a.b.c.d.e.f.g.h.example.com"), &domain));
	ck_assert_int_eq(report_destinations_find(a, l, DMARC_DISCOVERY_TREEWALK, REPORT_AGGREGATE, domain,
	    buf_slice(&uris_text), &found), RC_OK);
	ck_assert_uint_eq(found.count, 10);
	for (size_t i = 0; i < found.count; i++)
		ck_assert_int_ne(found.items[i].consent, REPORT_POSTPONED);
	buf_free(&uris_text);
	lookups_release(&l);
	resolver_free(&resolver);
	err_free(&err);
	arena_free(&a);
}
END_TEST

Suite *external_suite(void)
{
	Suite *s = suite_create("external");

	UNIT_TABLE(s, addresses, uris);
	UNIT_TABLE(s, destinations, rows);
	UNIT_TEST(s, many_organizations);
	return s;
}

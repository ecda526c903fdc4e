/* discover.h: D-09, D-14 to D-30, D-48, D-49; RFC 9989 sections 4.10, 5.1.8, appendix B.4. */
#include "base/buf.h"
#include "dmarc/discover.h"
#include "dmarc/psl.h"

#include "suites.h"

static void show_organization(const struct dmarc_walk *w, struct buf *out)
{
	buf_addf(out, "%sorg=%.*s", w->status == DMARC_DISCOVERY_UNKNOWN ? "?" : "",
	    SLICE_ARG(w->organizational_domain.name));
}

static void show(const struct dmarc_policy_discovery *d, struct buf *out)
{
	static const char *const words[] = {
		[DMARC_DISCOVERED_NOTHING] = "nothing",
		[DMARC_DISCOVERY_UNKNOWN] = "unknown",
		[DMARC_DISCOVERY_UNUSABLE] = "unusable",
	};

	if (d->status == DMARC_DISCOVERED)
		buf_addf(out, "%s%s=%s", d->policy_undecided ? "?" : "", d->policy_tag,
		    dmarc_policy_text(d->policy));
	else
		buf_add_str(out, words[d->status]);
	if (!domain_is_none(d->policy_domain))
		buf_addf(out, " at=%.*s", SLICE_ARG(d->policy_domain.name));
	buf_add_str(out, " ");
	show_organization(&d->walk, out);
}

#define R(name, tags) "_dmarc." name " TXT \"v=DMARC1; " tags "\"\n"
#define FAILS(name) "_dmarc." name " TXT !SERVFAIL\n"
#define TIMES_OUT(name) "_dmarc." name " TXT !TIMEOUT\n"
#define EXISTS(name) name " A 192.0.2.1\n"

static const struct row {
	const char *id, *author, *zone, *want;
} rows[] = {
	/* where the record is */
	{ "D_14 author domain", "example.com", R("example.com", "p=reject; sp=none; np=none"),
	  "p=reject at=example.com org=example.com" },
	{ "D_14 D_28 subdomain with its own", "a.example.com",
	  R("a.example.com", "p=quarantine; sp=reject; np=reject")
	  R("example.com", "p=none; sp=none"),
	  "p=quarantine at=a.example.com org=example.com" },
	{ "D_15 D_25 organizational domain", "a.example.com",
	  R("example.com", "p=reject; sp=quarantine") EXISTS("a.example.com"),
	  "sp=quarantine at=example.com org=example.com" },
	{ "D_16 from four labels", "a.b.c.example.com", R("example.com", "p=reject"),
	  "p=reject at=example.com org=example.com" },
	{ "D_21 names between are not used", "a.b.example.com",
	  R("b.example.com", "p=none") R("example.com", "p=reject"),
	  "p=reject at=example.com org=example.com" },
	{ "D_29 nothing", "a.example.com", EXISTS("a.example.com"), "nothing org=a.example.com" },
	{ "D_29 nothing, nobody", "a.example.com", "", "nothing org=a.example.com" },
	{ "D_29 a record below does not count", "example.com", R("a.example.com", "p=reject"),
	  "nothing org=example.com" },
	{ "D_29 a record without _dmarc", "example.com",
	  "example.com TXT \"v=DMARC1; p=reject\"\n", "nothing org=example.com" },
	{ "D_22 PSD", "a.bank.example", R("bank.example", "psd=y; p=reject; sp=quarantine")
	  EXISTS("a.bank.example"), "sp=quarantine at=bank.example org=a.bank.example" },
	{ "D_22 organizational domain before PSD", "m.a.bank.example",
	  R("a.bank.example", "p=none") R("bank.example", "psd=y; p=reject"),
	  "p=none at=a.bank.example org=a.bank.example" },
	{ "D_22 PSD where nothing is between", "m.a.bank.example",
	  R("bank.example", "psd=y; p=reject"),
	  "p=reject at=bank.example org=a.bank.example" },

	/* what is a record */
	{ "D_01 other texts at the name", "a.example.com",
	  "_dmarc.a.example.com TXT \"v=spf1 -all\"\n_dmarc.a.example.com TXT \"x\"\n"
	  R("a.example.com", "p=reject"), "p=reject at=a.example.com org=a.example.com" },
	{ "D_01 misspelt, so the next", "a.example.com",
	  "_dmarc.a.example.com TXT \"v=dmarc1; p=none\"\n" R("example.com", "p=reject"),
	  "p=reject at=example.com org=example.com" },
	{ "D_09 two at the author domain", "a.example.com",
	  R("a.example.com", "p=none") R("a.example.com", "p=quarantine")
	  R("example.com", "p=reject"),
	  "p=reject at=example.com org=example.com" },
	{ "D_09 two alike", "example.com", "_dmarc.example.com TXT \"v=DMARC1; p=reject\"\n"
	  "_dmarc.example.com TXT \"v=DMARC1; p=reject;\"\n", "nothing org=example.com" },
	{ "D_09 two above", "a.b.example.com",
	  R("b.example.com", "p=none") R("b.example.com", "psd=n; p=none")
	  R("example.com", "p=reject"), "p=reject at=example.com org=example.com" },
	{ "D_09 two with psd=y do not stop", "a.b.example.com", R("b.example.com", "psd=y; p=none")
	  R("b.example.com", "psd=y; p=reject") R("example.com", "p=reject"),
	  "p=reject at=example.com org=example.com" },
	{ "G_07 character-strings are joined", "example.com",
	  "_dmarc.example.com TXT \"v=DMA\" \"RC1; p=rej\" \"ect\"\n",
	  "p=reject at=example.com org=example.com" },
	{ "D_02 CNAME", "example.com",
	  "_dmarc.example.com CNAME policy.example.net\n"
	  "policy.example.net TXT \"v=DMARC1; p=reject\"\n",
	  "p=reject at=example.com org=example.com" },
	{ "D_13 letter case", "A.Example.COM", R("example.com", "p=reject"),
	  "p=reject at=example.com org=example.com" },
	{ "D_10 U-labels", "b\xc3\xbc" "cher.example", R("xn--bcher-kva.example", "p=reject"),
	  "p=reject at=xn--bcher-kva.example org=xn--bcher-kva.example" },

	/* psd= */
	{ "D_18 D_19 psd=n below", "m.a.example.com",
	  R("a.example.com", "psd=n; p=none; sp=quarantine") R("example.com", "p=reject"),
	  "sp=quarantine at=a.example.com org=a.example.com" },
	{ "D_18 psd=n hides psd=y", "m.a.bank.example",
	  R("a.bank.example", "psd=n; p=none") R("bank.example", "psd=y; p=reject"),
	  "p=none at=a.bank.example org=a.bank.example" },
	{ "D_18 psd=y hides what is above", "m.a.bank.example",
	  R("bank.example", "psd=y; p=reject") R("example", "psd=n; p=none"),
	  "p=reject at=bank.example org=a.bank.example" },
	{ "D_19 psd=n at the author domain", "a.example.com",
	  R("a.example.com", "psd=n; p=none") R("example.com", "p=reject"),
	  "p=none at=a.example.com org=a.example.com" },
	{ "D_19 psd=u is no psd", "a.example.com", R("a.example.com", "psd=u; p=none")
	  R("example.com", "psd=u; p=reject"), "p=none at=a.example.com org=example.com" },
	{ "D_19 bad psd is no psd", "m.a.example.com", R("a.example.com", "psd=no; p=none")
	  R("example.com", "psd=; p=reject"), "p=reject at=example.com org=example.com" },
	{ "D_23 psd=y at the author domain", "bank.example",
	  R("bank.example", "psd=y; p=reject; sp=none; np=none"),
	  "p=reject at=bank.example org=bank.example" },
	{ "D_23 nor does it look above", "bank.example.com",
	  R("bank.example.com", "psd=y; p=reject")
	  R("example.com", "p=none"), "p=reject at=bank.example.com org=bank.example.com" },
	{ "D_20 D_19 psd=y at the parent", "example.bank", R("bank", "psd=y; p=reject"),
	  "p=reject at=bank org=example.bank" },

	/* 8 queries */
	{ "D_17 5.1.8 psd=n at seven labels is not asked for", "mail.a.b.c.d.e.f.g.example.com",
	  R("b.c.d.e.f.g.example.com", "psd=n; p=none") R("example.com", "p=reject"),
	  "p=reject at=example.com org=example.com" },
	{ "D_15 nine labels: the second name has seven", "i.h.g.f.e.d.c.example.com",
	  R("h.g.f.e.d.c.example.com", "psd=n; p=none")
	  R("g.f.e.d.c.example.com", "p=quarantine; psd=n")
	  R("example.com", "p=reject"),
	  "p=quarantine at=g.f.e.d.c.example.com org=g.f.e.d.c.example.com" },
	{ "D_15 eight labels: the parent", "h.g.f.e.d.c.example.com",
	  R("g.f.e.d.c.example.com", "p=quarantine; psd=n") R("example.com", "p=reject"),
	  "p=quarantine at=g.f.e.d.c.example.com org=g.f.e.d.c.example.com" },
	{ "D_24 one label below the jump", "k.i.h.g.f.e.d.c.bank.example",
	  R("g.f.e.d.c.bank.example", "psd=y; p=reject"),
	  "p=reject at=g.f.e.d.c.bank.example org=h.g.f.e.d.c.bank.example" },
	{ "D_24 one label below the jump is the start", "h.g.f.e.d.c.bank.example",
	  R("g.f.e.d.c.bank.example", "psd=y; p=reject"),
	  "p=reject at=g.f.e.d.c.bank.example org=h.g.f.e.d.c.bank.example" },
	{ "D_24 its record is not asked for", "k.i.h.g.f.e.d.c.bank.example",
	  R("h.g.f.e.d.c.bank.example", "p=none") R("g.f.e.d.c.bank.example", "psd=y; p=reject"),
	  "p=reject at=g.f.e.d.c.bank.example org=h.g.f.e.d.c.bank.example" },

	/* policy tags */
	{ "D_25 neither sp nor np", "a.example.com",
	  R("example.com", "p=reject") EXISTS("a.example.com"),
	  "p=reject at=example.com org=example.com" },
	{ "D_25 np, NXDOMAIN", "a.example.com",
	  R("example.com", "p=none; sp=quarantine; np=reject"),
	  "np=reject at=example.com org=example.com" },
	{ "D_25 np, exists", "a.example.com", R("example.com", "p=none; sp=quarantine; np=reject")
	  EXISTS("a.example.com"), "sp=quarantine at=example.com org=example.com" },
	{ "D_25 np without sp, exists", "a.example.com", R("example.com", "p=none; np=reject")
	  EXISTS("a.example.com"), "p=none at=example.com org=example.com" },
	{ "D_25 np without sp, NXDOMAIN", "a.example.com", R("example.com", "p=none; np=reject"),
	  "np=reject at=example.com org=example.com" },
	{ "D_25 sp without np, NXDOMAIN", "a.example.com", R("example.com", "p=none; sp=reject"),
	  "sp=reject at=example.com org=example.com" },
	{ "D_25 np of a PSD", "a.bank.example", R("bank.example", "psd=y; p=none; np=reject"),
	  "np=reject at=bank.example org=a.bank.example" },
	{ "D_26 another type is enough", "a.example.com", R("example.com", "p=none; np=reject")
	  "a.example.com TXT x\n", "p=none at=example.com org=example.com" },
	{ "D_26 an empty non-terminal exists", "a.example.com",
	  R("example.com", "p=none; np=reject")
	  EXISTS("b.a.example.com"), "p=none at=example.com org=example.com" },
	{ "D_26 a wildcard makes it exist", "a.example.com", R("example.com", "p=none; np=reject")
	  "*.example.com MX 10 mail.example.com\n", "p=none at=example.com org=example.com" },
	{ "D_27 below a name that does not exist", "b.a.example.com",
	  R("example.com", "p=none; np=reject") "a.example.com * !NXDOMAIN\n",
	  "np=reject at=example.com org=example.com" },
	{ "D_25 np does not count at the domain itself", "example.com",
	  R("example.com", "p=none; np=reject; sp=reject") "example.com A !NXDOMAIN\n",
	  "p=none at=example.com org=example.com" },

	/* policies that are none */
	{ "D_07 D_08 no p, rua", "example.com", R("example.com", "rua=mailto:a@b.c"),
	  "p=none at=example.com org=example.com" },
	{ "D_07 D_08 no p, no rua", "example.com", R("example.com", "adkim=s"),
	  "unusable at=example.com org=example.com" },
	{ "D_07 bad p, rua", "a.example.com",
	  R("example.com", "p=x; sp=reject; np=reject; rua=mailto:a@b.c"),
	  "p=none at=example.com org=example.com" },
	{ "D_07 bad sp, rua", "example.com", R("example.com", "p=reject; sp=x; rua=mailto:a@b.c"),
	  "p=none at=example.com org=example.com" },
	{ "D_07 bad np, rua", "a.example.com", R("example.com", "p=reject; np=; rua=mailto:a@b.c"),
	  "p=none at=example.com org=example.com" },
	{ "D_07 bad sp, no rua", "example.com", R("example.com", "p=reject; sp=x"),
	  "unusable at=example.com org=example.com" },
	{ "D_07 bad np, bad rua", "example.com", R("example.com", "p=reject; np=x; rua=a@b.c"),
	  "unusable at=example.com org=example.com" },
	{ "D_07 unusable is not nothing: no step further", "a.example.com",
	  R("a.example.com", "p=x") R("example.com", "p=reject"),
	  "unusable at=a.example.com org=example.com" },

	/* DNS trouble, each case of the table in discover.h */
	{ "D_30 at the author domain, nothing else", "a.example.com", FAILS("a.example.com"),
	  "unknown org=a.example.com" },
	{ "D_30 at the author domain, record above", "a.example.com",
	  TIMES_OUT("a.example.com") R("example.com", "p=reject"), "unknown ?org=example.com" },
	{ "D_30 at the author domain, psd=y right above", "a.bank.example",
	  FAILS("a.bank.example") R("bank.example", "psd=y; p=reject"),
	  "unknown org=a.bank.example" },
	{ "D_30 at the author domain, psd=y further above", "m.a.bank.example",
	  FAILS("m.a.bank.example") R("bank.example", "psd=y; p=reject"),
	  "unknown ?org=a.bank.example" },
	{ "D_30 at the organizational domain", "a.example.com", TIMES_OUT("example.com"),
	  "unknown ?org=example.com" },
	{ "D_30 between, record above", "a.b.example.com",
	  FAILS("b.example.com") R("example.com", "p=reject"),
	  "unknown ?org=example.com" },
	{ "D_30 above, author domain has a record", "a.example.com",
	  R("a.example.com", "p=reject") FAILS("example.com"),
	  "p=reject at=a.example.com ?org=example.com" },
	{ "D_30 behind psd=n of the author domain", "a.example.com",
	  R("a.example.com", "psd=n; p=reject") FAILS("example.com") TIMES_OUT("com"),
	  "p=reject at=a.example.com org=a.example.com" },
	{ "D_30 behind psd=n of another", "m.a.example.com",
	  R("a.example.com", "psd=n; p=reject") FAILS("example.com"),
	  "p=reject at=a.example.com org=a.example.com" },
	{ "D_30 behind psd=y", "m.a.bank.example",
	  R("bank.example", "psd=y; p=reject") FAILS("example"),
	  "p=reject at=bank.example org=a.bank.example" },
	{ "D_30 behind psd=y, but before it too", "m.a.bank.example",
	  R("bank.example", "psd=y; p=reject") FAILS("a.bank.example"),
	  "unknown ?org=a.bank.example" },
	{ "D_30 at the TLD, author domain has a record", "example.com",
	  R("example.com", "p=reject") TIMES_OUT("com"),
	  "p=reject at=example.com org=example.com" },
	{ "D_30 at the TLD, organizational domain has one", "a.example.com",
	  R("example.com", "p=reject") TIMES_OUT("com"),
	  "p=reject at=example.com org=example.com" },
	{ "D_30 at the TLD, nobody has one", "a.example.com", TIMES_OUT("com"),
	  "unknown ?org=example.com" },
	{ "D_30 at the TLD, one below it nobody has one", "example.com", TIMES_OUT("com"),
	  "unknown org=example.com" },
	{ "D_30 at the TLD, a name between has one", "m.a.example.com",
	  R("a.example.com", "p=reject") TIMES_OUT("com"), "unknown ?org=example.com" },
	{ "D_30 refused is trouble", "example.com", "_dmarc.example.com TXT !REFUSED\n",
	  "unknown org=example.com" },
	{ "D_30 all names", "a.example.com",
	  FAILS("a.example.com") FAILS("example.com") FAILS("com"),
	  "unknown ?org=example.com" },
	{ "D_30 existence, np differs", "a.example.com", R("example.com", "p=none; np=reject")
	  "a.example.com A !TIMEOUT\n", "?p=none at=example.com org=example.com" },
	{ "D_30 existence, np is sp", "a.example.com",
	  R("example.com", "p=none; np=reject; sp=reject")
	  "a.example.com A !SERVFAIL\n", "sp=reject at=example.com org=example.com" },
	{ "D_30 existence, no np", "a.example.com", R("example.com", "p=none; sp=reject")
	  "a.example.com A !SERVFAIL\n", "sp=reject at=example.com org=example.com" },
	{ "D_30 existence, own record", "a.example.com", R("a.example.com", "p=none; np=reject")
	  "a.example.com A !SERVFAIL\n", "p=none at=a.example.com org=a.example.com" },
	{ "D_26 NXDOMAIN of _dmarc names is no trouble", "a.example.com",
	  "_dmarc.a.example.com TXT !NXDOMAIN\n_dmarc.example.com TXT !NODATA\n",
	  "nothing org=a.example.com" },

	/* the guard */
	{ "D_49 a TLD without psd", "a.example.com", R("com", "p=reject; sp=quarantine")
	  EXISTS("a.example.com"), "sp=quarantine at=com org=example.com" },
	{ "D_49 a TLD without psd, own record", "a.example.com",
	  R("a.example.com", "p=none") R("com", "p=reject"),
	  "p=none at=a.example.com org=example.com" },
	{ "D_49 a TLD without psd, org's record", "a.example.com",
	  R("example.com", "p=none") R("com", "p=reject"),
	  "p=none at=example.com org=example.com" },
	{ "D_49 psd=n is obeyed", "a.brand", R("brand", "psd=n; p=reject"),
	  "p=reject at=brand org=brand" },
	{ "D_49 a TLD as author domain", "brand", R("brand", "p=reject; sp=none"),
	  "p=reject at=brand org=brand" },
};

static void discover(const struct row *row, enum dmarc_discovery method)
{
	struct dmarc_policy_discovery d;
	struct buf got = BUF_INIT(1000);
	struct world w;

	world_open(&w, row->zone);
	ck_assert_int_eq(dmarc_discover(w.arena, w.lookups, method, world_domain(&w, row->author),
	    &d),
	    RC_OK);
	show(&d, &got);
	ck_assert_msg(strcmp(buf_cstr(&got), row->want) == 0, "%s: got \"%s\", want \"%s\"",
	    row->id,
	    buf_cstr(&got), row->want);
	ck_assert_msg(d.reason.len > 0, "%s", row->id);
	ck_assert_msg((d.policy_tag != NULL) == (d.status == DMARC_DISCOVERED), "%s", row->id);
	buf_free(&got);
	world_close(&w);
}

START_TEST(policies)
{
	discover(&rows[_i], DMARC_DISCOVERY_TREEWALK);
}
END_TEST

/* With the list of libpsl: the guard at suffixes of several labels, and `discovery = psl`. */
static const struct row guard_rows[] = {
	{ "D_49 gov.uk without psd", "a.example.gov.uk", R("gov.uk", "p=reject; sp=quarantine")
	  EXISTS("a.example.gov.uk"), "sp=quarantine at=gov.uk org=example.gov.uk" },
	{ "D_49 gov.uk itself", "gov.uk", R("gov.uk", "p=reject; sp=none"),
	  "p=reject at=gov.uk org=gov.uk" },
	{ "D_49 gov.uk with psd=n", "a.gov.uk", R("gov.uk", "psd=n; p=reject"),
	  "p=reject at=gov.uk org=gov.uk" },
	{ "D_49 uk without psd", "a.example.co.uk", R("uk", "p=reject"),
	  "p=reject at=uk org=example.co.uk" },
	{ "D_49 uk with psd=y", "a.example.co.uk", R("uk", "psd=y; p=reject"),
	  "p=reject at=uk org=example.co.uk" },
	{ "D_49 uk has a say on co.uk itself", "co.uk", R("uk", "psd=y; p=reject"),
	  "p=reject at=uk org=co.uk" },
	{ "D_49 the private section has none", "a.b.github.io", R("github.io", "p=reject"),
	  "p=reject at=github.io org=github.io" },
	{ "D_49 D_30 trouble at a suffix", "a.example.co.uk",
	  R("example.co.uk", "p=reject") FAILS("co.uk")
	  FAILS("uk"), "p=reject at=example.co.uk org=example.co.uk" },
	{ "D_49 D_30 trouble at a suffix, nobody has one", "a.example.co.uk", FAILS("co.uk"),
	  "unknown ?org=example.co.uk" },
	{ "D_49 D_30 trouble at a suffix, one above it has one", "example.co.uk",
	  FAILS("co.uk") R("uk", "p=reject"), "unknown org=example.co.uk" },
};

START_TEST(guard)
{
	if (dmarc_psl_available())
		discover(&guard_rows[_i], DMARC_DISCOVERY_TREEWALK);
	else
		unit_skipped("libpsl has no list");
}
END_TEST

static const struct row psl_rows[] = {
	{ "author domain", "a.example.com",
	  R("a.example.com", "p=reject") R("example.com", "p=none"),
	  "p=reject at=a.example.com org=example.com" },
	{ "organizational domain", "a.b.example.co.uk",
	  R("example.co.uk", "p=none; sp=quarantine; np=reject")
	  EXISTS("a.b.example.co.uk"), "sp=quarantine at=example.co.uk org=example.co.uk" },
	{ "np", "a.b.example.co.uk", R("example.co.uk", "p=none; sp=quarantine; np=reject"),
	  "np=reject at=example.co.uk org=example.co.uk" },
	{ "public suffix", "a.b.example.co.uk", R("co.uk", "p=none; sp=quarantine"),
	  "sp=quarantine at=co.uk org=example.co.uk" },
	{ "organizational domain before public suffix", "example.co.uk",
	  R("example.co.uk", "p=none") R("co.uk", "psd=y; p=reject"),
	  "p=none at=example.co.uk org=example.co.uk" },
	{ "nothing between counts", "a.b.example.com", R("b.example.com", "p=reject; psd=n"),
	  "nothing org=example.com" },
	{ "nothing above the suffix counts", "a.example.co.uk", R("uk", "psd=y; p=reject"),
	  "nothing org=example.co.uk" },
	{ "psd= has no say", "a.b.example.com", R("a.b.example.com", "psd=n; p=reject")
	  R("example.com", "psd=y; p=none"), "p=reject at=a.b.example.com org=example.com" },
	{ "the private section counts", "a.b.github.io", R("b.github.io", "p=reject"),
	  "p=reject at=b.github.io org=b.github.io" },
	{ "several at a name", "a.example.com",
	  R("a.example.com", "p=none") R("a.example.com", "p=reject")
	  R("example.com", "p=reject"), "p=reject at=example.com org=example.com" },
	{ "D_30 author domain", "a.example.com",
	  FAILS("a.example.com") R("example.com", "p=reject"),
	  "unknown org=example.com" },
	{ "D_30 organizational domain", "a.example.com", TIMES_OUT("example.com"),
	  "unknown org=example.com" },
	{ "D_30 organizational domain, own record", "a.example.com",
	  R("a.example.com", "p=reject") FAILS("example.com"),
	  "p=reject at=a.example.com org=example.com" },
	{ "D_30 public suffix", "a.example.com", FAILS("com"), "unknown org=example.com" },
	{ "D_30 public suffix, record below", "a.example.com",
	  FAILS("com") R("example.com", "p=reject"),
	  "p=reject at=example.com org=example.com" },
};

START_TEST(psl_policies)
{
	if (dmarc_psl_available())
		discover(&psl_rows[_i], DMARC_DISCOVERY_PSL);
	else
		unit_skipped("libpsl has no list");
}
END_TEST

/* --- what is asked ------------------------------------------------------------------------- */

#define Q(name) "_dmarc." name " TXT\n"

static const struct {
	const char *id, *domain, *want;
	enum lookup_purpose purpose;
	enum dmarc_discovery method;
} asked_rows[] = {
	{ "D_17 D_48 RFC 9989 section 4.10", "a.b.c.d.e.f.g.h.i.j.mail.example.com",
	  Q("a.b.c.d.e.f.g.h.i.j.mail.example.com") Q("g.h.i.j.mail.example.com")
	  Q("h.i.j.mail.example.com") Q("i.j.mail.example.com") Q("j.mail.example.com")
	  Q("mail.example.com") Q("example.com") Q("com"), LOOKUP_ALIGNMENT, DMARC_DISCOVERY_TREEWALK },
	{ "D_48 RFC 9989 section 5.1.8", "mail.a.b.c.d.e.f.g.example.com",
	  Q("mail.a.b.c.d.e.f.g.example.com") Q("c.d.e.f.g.example.com") Q("d.e.f.g.example.com")
	  Q("e.f.g.example.com") Q("f.g.example.com") Q("g.example.com") Q("example.com") Q("com"),
	  LOOKUP_ALIGNMENT, DMARC_DISCOVERY_TREEWALK },
	{ "D_48 appendix B.4.2", "a.b.c.d.e.f.g.h.i.j.k.example.com",
	  Q("a.b.c.d.e.f.g.h.i.j.k.example.com") Q("g.h.i.j.k.example.com") Q("h.i.j.k.example.com")
	  Q("i.j.k.example.com") Q("j.k.example.com") Q("k.example.com") Q("example.com") Q("com"),
	  LOOKUP_ALIGNMENT, DMARC_DISCOVERY_TREEWALK },
	{ "D_48 appendix B.4.1", "signing.example.com",
	  Q("signing.example.com") Q("example.com") Q("com"), LOOKUP_ALIGNMENT,
	  DMARC_DISCOVERY_TREEWALK },
	{ "D_17 nine labels", "i.h.g.f.e.d.c.b.a", Q("i.h.g.f.e.d.c.b.a") Q("g.f.e.d.c.b.a")
	  Q("f.e.d.c.b.a") Q("e.d.c.b.a") Q("d.c.b.a") Q("c.b.a") Q("b.a") Q("a"),
	  LOOKUP_ALIGNMENT, DMARC_DISCOVERY_TREEWALK },
	{ "D_17 eight labels", "h.g.f.e.d.c.b.a", Q("h.g.f.e.d.c.b.a") Q("g.f.e.d.c.b.a")
	  Q("f.e.d.c.b.a") Q("e.d.c.b.a") Q("d.c.b.a") Q("c.b.a") Q("b.a") Q("a"),
	  LOOKUP_ALIGNMENT, DMARC_DISCOVERY_TREEWALK },
	{ "D_17 seven labels", "g.f.e.d.c.b.a", Q("g.f.e.d.c.b.a")
	  Q("f.e.d.c.b.a") Q("e.d.c.b.a") Q("d.c.b.a") Q("c.b.a") Q("b.a") Q("a"),
	  LOOKUP_ALIGNMENT, DMARC_DISCOVERY_TREEWALK },
	{ "D_16 one label", "com", Q("com"), LOOKUP_ALIGNMENT, DMARC_DISCOVERY_TREEWALK },
	{ "D_26 an author: whether it exists", "example.com",
	  Q("example.com") Q("com") "example.com A\n", LOOKUP_POLICY, DMARC_DISCOVERY_TREEWALK },
	{ "no domain", "", "", LOOKUP_POLICY, DMARC_DISCOVERY_TREEWALK },
	{ "no domain, psl", "", "", LOOKUP_POLICY, DMARC_DISCOVERY_PSL },
	{ "psl, an author", "a.b.example.com", Q("a.b.example.com") Q("example.com") Q("com")
	  "a.b.example.com A\n", LOOKUP_POLICY, DMARC_DISCOVERY_PSL },
	{ "psl, an identifier", "a.b.example.com", "", LOOKUP_ALIGNMENT, DMARC_DISCOVERY_PSL },
};

START_TEST(what_is_asked)
{
	struct domain domain;
	struct dmarc_policy_discovery d;
	struct dmarc_walk walk;
	size_t count;
	struct world w;

	world_open(&w, "");
	domain = world_domain(&w, asked_rows[_i].domain);
	dmarc_start(w.lookups, asked_rows[_i].purpose, asked_rows[_i].method, domain);
	if (asked_rows[_i].method == DMARC_DISCOVERY_PSL && !dmarc_psl_available()) {
		unit_skipped("libpsl has no list");
	} else {
		ck_assert_msg(strcmp(buf_cstr(&w.asked), asked_rows[_i].want) == 0, "%s:\n%s",
		    asked_rows[_i].id, buf_cstr(&w.asked));
	}
	/* the functions that wait ask nothing more */
	count = lookups_count(w.lookups);
	if (asked_rows[_i].purpose == LOOKUP_POLICY)
		ck_assert_int_eq(dmarc_discover(w.arena, w.lookups, asked_rows[_i].method, domain,
		    &d), RC_OK);
	else
		ck_assert_int_eq(dmarc_walk(w.arena, w.lookups, LOOKUP_ALIGNMENT,
		    asked_rows[_i].method, domain, &walk), RC_OK);
	ck_assert_uint_eq(lookups_count(w.lookups), count);
	world_close(&w);
}
END_TEST

/* D-34, D-48: one walk for each domain of the examples. */
#define B41 R("example.com", "p=reject") R("signing.example.com", "p=none")
#define B43 R("bank.example", "psd=y; p=reject") R("giant.bank.example", "p=reject")

static const struct {
	const char *id, *zone, *start, *want;
	size_t steps;
} walk_rows[] = {
	{ "D_48 B.4.1 author", B41, "example.com", "org=example.com", 2 },
	{ "D_48 B.4.1 DKIM", B41, "signing.example.com", "org=example.com", 3 },
	{ "D_48 B.4.2 author", B41, "a.b.c.d.e.f.g.h.i.j.k.example.com", "org=example.com", 8 },
	{ "D_48 B.4.3 author", B43, "giant.bank.example", "org=giant.bank.example", 2 },
	{ "D_48 B.4.3 MAIL FROM", B43, "mail.giant.bank.example", "org=giant.bank.example", 3 },
	{ "D_48 B.4.3 DKIM", B43, "mail.mega.bank.example", "org=mega.bank.example", 3 },
	{ "D_48 4.10.2, first", R("mail.example.com", "p=none") R("example.com", "p=none"),
	  "a.mail.example.com", "org=example.com", 4 },
	{ "D_48 4.10.2, second", R("mail.example.com", "psd=n; p=none"), "a.mail.example.com",
	  "org=mail.example.com", 2 },
	{ "D_48 4.10.2, last", R("com", "psd=y; p=none"), "a.mail.example.com", "org=example.com",
	  4 },
	{ "D_20 nothing", "", "a.mail.example.com", "org=a.mail.example.com", 4 },
	{ "D_20 one label", "", "localhost", "org=localhost", 1 },
	{ "D_07 a record without a policy is one all the same", R("example.com", "adkim=r"),
	  "a.example.com", "org=example.com", 3 },
	{ "D_34 11.8: psd=n protects",
	  R("mail.example.com", "psd=n; p=none") R("example.com", "p=none"),
	  "mail.example.com", "org=mail.example.com", 1 },
};

START_TEST(walks)
{
	struct dmarc_walk walk;
	struct buf got = BUF_INIT(1000);
	struct world w;

	world_open(&w, walk_rows[_i].zone);
	ck_assert_int_eq(dmarc_walk(w.arena, w.lookups, LOOKUP_ALIGNMENT, DMARC_DISCOVERY_TREEWALK,
	    world_domain(&w, walk_rows[_i].start), &walk), RC_OK);
	show_organization(&walk, &got);
	ck_assert_msg(strcmp(buf_cstr(&got), walk_rows[_i].want) == 0, "%s: %s", walk_rows[_i].id,
	    buf_cstr(&got));
	ck_assert_msg(walk.count == walk_rows[_i].steps, "%s: %zu steps", walk_rows[_i].id,
	    walk.count);
	buf_free(&got);
	world_close(&w);
}
END_TEST

START_TEST(steps_are_told)
{
	struct dmarc_walk walk;
	struct world w;

	world_open(&w, R("example.com", "p=none") R("example.com", "p=none")
	    "_dmarc.a.example.com TXT \"v=DMARC1 p=none\"\n" FAILS("com"));
	ck_assert_int_eq(dmarc_walk(w.arena, w.lookups, LOOKUP_POLICY, DMARC_DISCOVERY_TREEWALK,
	    world_domain(&w, "a.example.com"), &walk), RC_OK);
	ck_assert_uint_eq(walk.count, 3);
	ck_assert_int_eq(walk.status, DMARC_DISCOVERY_UNKNOWN);
	ck_assert_uint_eq(walk.steps[0].records, 0);
	ck_assert_uint_eq(walk.steps[0].misspelt, 1);
	ck_assert_uint_eq(walk.steps[1].records, 2);
	ck_slice_eq(walk.steps[1].domain.name, SLICE("example.com"));
	ck_assert_int_eq(walk.steps[2].dns, DNS_SERVFAIL);
	ck_assert(walk.steps[2].public_suffix && !walk.steps[1].public_suffix);
	world_close(&w);
}
END_TEST

/* A name that is too long for "_dmarc." cannot have a record: no trouble. */
START_TEST(longest_name)
{
	struct dmarc_policy_discovery d;
	struct buf name = BUF_INIT(300);
	struct world w;

	for (int i = 0; i < 4; i++)
		buf_add_str(&name, "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefg.");
	buf_add_str(&name, "example.com");
	while (name.len < LIMIT_DOMAIN_OCTETS)
		buf_add_char(&name, 'm');
	world_open(&w, "");
	ck_assert_int_eq(dmarc_discover(w.arena, w.lookups, DMARC_DISCOVERY_TREEWALK,
	    world_domain(&w, buf_cstr(&name)), &d), RC_OK);
	ck_assert_int_eq(d.walk.steps[0].dns, DNS_BADNAME);
	ck_assert_int_eq(d.status, DMARC_DISCOVERED_NOTHING);
	buf_free(&name);
	world_close(&w);
}
END_TEST

/* Records outlive the lookups that brought them. */
START_TEST(records_are_copied)
{
	struct dmarc_policy_discovery d;
	struct world w;

	world_open(&w, R("example.com", "p=reject; rua=mailto:a@b.c"));
	ck_assert_int_eq(dmarc_discover(w.arena, w.lookups, DMARC_DISCOVERY_TREEWALK,
	    world_domain(&w, "example.com"), &d), RC_OK);
	world_next_message(&w);
	ck_slice_eq(d.record.rua, SLICE("mailto:a@b.c"));
	ck_slice_eq(d.record.text, SLICE("v=DMARC1; p=reject; rua=mailto:a@b.c"));
	world_close(&w);
}
END_TEST

START_TEST(method_names)
{
	ck_assert_str_eq(dmarc_discovery_text(DMARC_DISCOVERY_TREEWALK), "treewalk");
	ck_assert_str_eq(dmarc_discovery_text(DMARC_DISCOVERY_PSL), "psl");
}
END_TEST

Suite *discover_suite(void)
{
	Suite *s = suite_create("dmarc discover");

	UNIT_TABLE(s, policies, rows);
	UNIT_TABLE(s, guard, guard_rows);
	UNIT_TABLE(s, psl_policies, psl_rows);
	UNIT_TABLE(s, what_is_asked, asked_rows);
	UNIT_TABLE(s, walks, walk_rows);
	UNIT_TEST(s, steps_are_told);
	UNIT_TEST(s, longest_name);
	UNIT_TEST(s, records_are_copied);
	UNIT_TEST(s, method_names);
	return s;
}

/* align.h: D-13, D-34, D-35, D-48; RFC 9989 sections 4.4, 11.8, appendix B.1, B.4. */
#include "dmarc/align.h"
#include "dmarc/psl.h"

#include "suites.h"

#define R(name, tags) "_dmarc." name " TXT \"v=DMARC1; " tags "\"\n"
#define FAILS(name) "_dmarc." name " TXT !SERVFAIL\n"

#define PLAIN R("example.com", "p=reject")
#define B41 PLAIN R("signing.example.com", "p=none")
#define B43 R("bank.example", "psd=y; p=reject") R("giant.bank.example", "p=reject")
#define DEPARTMENT PLAIN R("dept.example.com", "psd=n; p=none")

/* short in the tables */
#define ALIGNED DMARC_ALIGNED
#define UNALIGNED DMARC_UNALIGNED
#define ALIGNMENT_UNKNOWN DMARC_ALIGNMENT_UNKNOWN

static const struct {
	const char *id, *zone, *author, *identifier;
	enum dmarc_alignment relaxed, strict;
	size_t asked; /* questions beyond the author's own, relaxed */
} rows[] = {
	{ "D_34 table 1, strict", PLAIN, "news.example.com", "news.example.com", ALIGNED, ALIGNED,
	  0 },
	{ "D_34 table 1, relaxed", PLAIN, "news.example.com", "foo.example.com", ALIGNED, UNALIGNED,
	  1 },
	{ "D_34 table 1, none", PLAIN, "news.example.com", "foo.example.net", UNALIGNED, UNALIGNED,
	  0 },
	{ "D_34 B.1.1 example 1", PLAIN, "example.com", "example.com", ALIGNED, ALIGNED, 0 },
	{ "D_34 B.1.1 example 2 (OpenDMARC M#268)", PLAIN, "example.com", "child.example.com", ALIGNED, UNALIGNED,
	  1 },
	{ "D_34 B.1.1 example 3", PLAIN, "child.example.com", "example.net", UNALIGNED, UNALIGNED,
	  0 },
	{ "D_34 B.1.2 example 2", PLAIN, "child.example.com", "example.com", ALIGNED, UNALIGNED,
	  0 },
	{ "D_13 letter case", PLAIN, "Example.COM", "eXample.com", ALIGNED, ALIGNED, 0 },
	{ "D_48 B.4.1 SPF", B41, "example.com", "example.com", ALIGNED, ALIGNED, 0 },
	{ "D_48 B.4.1 DKIM", B41, "example.com", "signing.example.com", ALIGNED, UNALIGNED, 1 },
	{ "D_48 B.4.2 SPF", B41, "a.b.c.d.e.f.g.h.i.j.k.example.com", "example.com", ALIGNED,
	  UNALIGNED, 0 },
	{ "D_48 B.4.2 DKIM", B41, "a.b.c.d.e.f.g.h.i.j.k.example.com", "signing.example.com",
	  ALIGNED, UNALIGNED, 1 },
	{ "D_48 B.4.3 SPF", B43, "giant.bank.example", "mail.giant.bank.example", ALIGNED,
	  UNALIGNED, 1 },
	{ "D_48 B.4.3 DKIM", B43, "giant.bank.example", "mail.mega.bank.example", UNALIGNED,
	  UNALIGNED, 0 },
	{ "D_34 a name that only ends alike", PLAIN, "example.com", "notexample.com", UNALIGNED,
	  UNALIGNED, 0 },
	{ "D_34 a name that only begins alike", PLAIN, "example.com", "example.com.evil.test",
	  UNALIGNED, UNALIGNED, 0 },
	{ "D_34 the parent of the organizational domain", PLAIN, "example.com", "com", UNALIGNED,
	  UNALIGNED, 0 },
	{ "D_34 no identifier", PLAIN, "example.com", "", UNALIGNED, UNALIGNED, 0 },
	{ "D_34 psd=n below the author's", DEPARTMENT, "example.com", "dept.example.com",
	  UNALIGNED, UNALIGNED, 1 },
	{ "D_34 below psd=n below the author's", DEPARTMENT, "example.com", "a.dept.example.com",
	  UNALIGNED, UNALIGNED, 2 },
	{ "D_34 within psd=n", DEPARTMENT, "a.dept.example.com", "b.dept.example.com", ALIGNED,
	  UNALIGNED, 1 },
	{ "D_34 11.8: out of psd=n", DEPARTMENT, "a.dept.example.com", "example.com", UNALIGNED,
	  UNALIGNED, 0 },
	{ "D_34 11.8: beside psd=n", DEPARTMENT, "a.dept.example.com", "mail.example.com",
	  UNALIGNED, UNALIGNED, 0 },
	{ "D_23 the PSD itself is the author", B43, "bank.example", "mail.bank.example",
	  UNALIGNED, UNALIGNED, 1 },
	{ "D_23 the PSD itself is the identifier", B43, "giant.bank.example", "bank.example",
	  UNALIGNED, UNALIGNED, 0 },
	{ "D_49 two names under a TLD with a record", R("com", "p=reject"), "example.com",
	  "evil.com",
	  UNALIGNED, UNALIGNED, 0 },
	{ "D_49 two names under a TLD with psd=n", R("brand", "psd=n; p=reject"), "a.brand",
	  "b.brand",
	  ALIGNED, UNALIGNED, 1 },
	{ "D_30 trouble at the identifier", PLAIN FAILS("a.example.com"), "example.com",
	  "a.example.com",
	  ALIGNMENT_UNKNOWN, UNALIGNED, 1 },
	{ "D_30 trouble between", PLAIN FAILS("a.example.com"), "example.com", "b.a.example.com",
	  ALIGNMENT_UNKNOWN, UNALIGNED, 2 },
	{ "D_30 trouble at the identifier, psd=n between", DEPARTMENT FAILS("x.dept.example.com"),
	  "example.com",
	  "x.dept.example.com", UNALIGNED, UNALIGNED, 2 },
	{ "D_30 trouble above psd=n", DEPARTMENT FAILS("com"), "a.dept.example.com",
	  "b.dept.example.com",
	  ALIGNED, UNALIGNED, 1 },
	{ "D_30 trouble at the TLD", PLAIN FAILS("com"), "example.com", "a.example.com", ALIGNED,
	  UNALIGNED, 1 },
	{ "D_30 trouble of a stranger", PLAIN FAILS("a.evil.test"), "example.com", "a.evil.test",
	  UNALIGNED, UNALIGNED, 0 },
	{ "D_30 D_35 trouble above the author, same name",
	  R("a.example.com", "p=reject") FAILS("example.com"),
	  "a.example.com", "a.example.com", ALIGNED, ALIGNED, 0 },
	{ "D_30 trouble above the author, another name",
	  R("a.example.com", "p=reject") FAILS("example.com"),
	  "a.example.com", "b.example.com", ALIGNMENT_UNKNOWN, UNALIGNED, 1 },
	{ "D_30 trouble right above the author, a name beside it",
	  R("a.t.example.com", "p=reject") FAILS("t.example.com") R("example.com", "p=none"),
	  "a.t.example.com", "b.example.com", ALIGNMENT_UNKNOWN, UNALIGNED, 1 },
	{ "D_30 trouble above the author, another organization beside it",
	  R("a.t.example.com", "p=reject") FAILS("t.example.com") R("example.com", "p=none")
	  R("b.example.com", "psd=n; p=none"), "a.t.example.com", "a.b.example.com", UNALIGNED,
	  UNALIGNED, 2 },
	{ "D_30 trouble above the author, a stranger",
	  R("a.example.com", "p=reject") FAILS("example.com"),
	  "a.example.com", "a.example.net", UNALIGNED, UNALIGNED, 0 },
};

static void author_of(struct world *w, size_t row, enum dmarc_discovery method,
    struct dmarc_policy_discovery *out)
{
	world_open(w, rows[row].zone);
	ck_assert_int_eq(dmarc_discover(w->arena, w->lookups, method,
	    world_domain(w, rows[row].author), out), RC_OK);
	ck_assert_int_eq(out->status, DMARC_DISCOVERED);
}

START_TEST(alignments)
{
	struct dmarc_policy_discovery author;
	struct domain identifier;
	enum dmarc_alignment got;
	struct world w;
	size_t before;

	author_of(&w, (size_t)_i, DMARC_DISCOVERY_TREEWALK, &author);
	identifier = world_domain(&w, rows[_i].identifier);
	before = lookups_count(w.lookups);
	ck_assert_int_eq(dmarc_align(w.arena, w.lookups, &author, DMARC_STRICT, identifier, &got),
	    RC_OK);
	ck_assert_msg(got == rows[_i].strict, "%s: strict gives %d", rows[_i].id, (int)got);
	/* D-35 */
	ck_assert_msg(lookups_count(w.lookups) == before, "%s: strict asks", rows[_i].id);
	ck_assert(!dmarc_align_asks(&author, DMARC_STRICT, identifier));
	ck_assert_int_eq(dmarc_align(w.arena, w.lookups, &author, DMARC_RELAXED, identifier, &got),
	    RC_OK);
	ck_assert_msg(got == rows[_i].relaxed, "%s: relaxed gives %d", rows[_i].id, (int)got);
	ck_assert_msg(lookups_count(w.lookups) - before == rows[_i].asked, "%s: %zu questions",
	    rows[_i].id, lookups_count(w.lookups) - before);
	ck_assert(rows[_i].asked == 0 || dmarc_align_asks(&author, DMARC_RELAXED, identifier));
	world_close(&w);
}
END_TEST

/* `discovery = psl`: the list decides, psd= does not, nothing is asked. */
static const struct {
	const char *author, *identifier;
	enum dmarc_alignment relaxed;
} psl_rows[] = {
	{ "example.com", "example.com", ALIGNED },
	{ "example.com", "a.b.example.com", ALIGNED },
	{ "a.dept.example.com", "example.com", ALIGNED },
	{ "a.dept.example.com", "b.example.com", ALIGNED },
	{ "example.com", "example.net", UNALIGNED },
	{ "example.com", "com", UNALIGNED },
	{ "example.com", "badexample.com", UNALIGNED },
};

START_TEST(psl_alignments)
{
	struct dmarc_policy_discovery author;
	enum dmarc_alignment got;
	struct world w;
	size_t before;

	if (!dmarc_psl_available()) {
		unit_skipped("libpsl has no list");
		return;
	}
	world_open(&w, DEPARTMENT);
	ck_assert_int_eq(dmarc_discover(w.arena, w.lookups, DMARC_DISCOVERY_PSL,
	    world_domain(&w, psl_rows[_i].author), &author), RC_OK);
	before = lookups_count(w.lookups);
	ck_assert_int_eq(dmarc_align(w.arena, w.lookups, &author, DMARC_RELAXED,
	    world_domain(&w, psl_rows[_i].identifier), &got), RC_OK);
	ck_assert_msg(got == psl_rows[_i].relaxed, "%s, %s: %d", psl_rows[_i].author,
	    psl_rows[_i].identifier, (int)got);
	ck_assert_uint_eq(lookups_count(w.lookups), before);
	world_close(&w);
}
END_TEST

/* Look-ahead knows names only. */
static const struct {
	const char *authors[2], *identifier, *want;
} ahead_rows[] = {
	{ { "example.com", NULL }, "a.example.com",
	  "_dmarc.a.example.com TXT\n_dmarc.example.com TXT\n_dmarc.com TXT\n" },
	{ { "a.example.com", NULL }, "example.com", "_dmarc.example.com TXT\n_dmarc.com TXT\n" },
	{ { "example.net", "b.example.com" }, "a.example.com",
	  "_dmarc.a.example.com TXT\n_dmarc.example.com TXT\n_dmarc.com TXT\n" },
	{ { "example.com", NULL }, "example.com", "" },
	{ { "example.com", NULL }, "evil.com", "" },
	{ { "example.com", NULL }, "evil.test", "" },
	{ { "example.com", NULL }, "com", "" },
	{ { "example.com", "example.net" }, "badexample.com", "" },
	{ { "example.com", NULL }, "", "" },
	{ { NULL, NULL }, "example.com", "" },
};

START_TEST(look_ahead)
{
	struct domain authors[2] = { DOMAIN_NONE, DOMAIN_NONE };
	size_t count = 0;
	struct world w;

	world_open(&w, "");
	while (count < N_ELEMENTS(authors) && ahead_rows[_i].authors[count] != NULL) {
		authors[count] = world_domain(&w, ahead_rows[_i].authors[count]);
		count++;
	}
	dmarc_start_identifier(w.lookups, DMARC_DISCOVERY_TREEWALK, authors, count,
	    world_domain(&w, ahead_rows[_i].identifier));
	ck_assert_str_eq(buf_cstr(&w.asked), ahead_rows[_i].want);
	world_close(&w);
}
END_TEST

Suite *align_suite(void)
{
	Suite *s = suite_create("dmarc align");

	UNIT_TABLE(s, alignments, rows);
	UNIT_TABLE(s, psl_alignments, psl_rows);
	UNIT_TABLE(s, look_ahead, ahead_rows);
	return s;
}

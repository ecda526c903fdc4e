/*
 * Whole messages through the real SPF and DKIM: the shared cases (D-51), and senders who break
 * their own DNS to gain by it (D-30).
 */
#include <stdlib.h>

#include "dns/zonefile.h"
#include "dmarc/evaluate.h"
#include "mail/reader.h"

#include "collected.h"

#include "suites.h"

#define NOW 1795400000 /* the cases were signed shortly before */

struct delivery {
	struct slice client, helo, mail_from, message;
};

static void feed(void *ctx, struct slice octets)
{
	bodyhashes_feed(ctx, octets);
}

static void verify_dkim(struct world *w, struct message *m, struct slice text,
    const struct authors *authors, struct dkim_results *out)
{
	static const struct slice field = { "DKIM-Signature", 14 };
	static const struct dkim_verify_params params = DKIM_VERIFY_DEFAULTS;
	struct bodyhashes *bodies = bodyhashes_new(w->arena);
	struct dkim_verifier *v = dkim_verifier_new(m, &params, w->lookups, bodies);

	for (size_t i = 0; i < m->count; i++)
		if (slice_ieq(m->headers[i].name, field))
			dkim_verifier_field(v, i);
	dkim_verifier_headers_done(v, authors->domains, authors->domain_count);
	read_body(text, (struct sink){ feed, bodies });
	ck_assert_int_eq(bodyhashes_end(bodies), RC_OK);
	ck_assert_int_eq(dkim_verifier_end(v, NOW, out), RC_OK);
}

/* In the order of a session, so that the questions have to share a message's numbers. */
static void judge(struct world *w, const struct delivery *d, struct dmarc_result *out)
{
	static const struct spf_params spf_params = SPF_DEFAULTS;
	static const struct dmarc_params params = { .discovery = DMARC_DISCOVERY_TREEWALK };
	struct spf_request request = { .helo = d->helo, .mail_from = d->mail_from };
	struct spf_mail_from_result spf;
	struct dkim_results dkim;
	struct authors authors;
	struct message m;
	struct slice body;

	message_init(&m, w->arena);
	ck_assert(ip_parse(d->client, &request.client));
	spf_start(w->lookups, &request);
	body = read_headers(&m, d->message);
	authors_of_message(&m, &authors);
	for (size_t i = 0; i < authors.domain_count; i++)
		dmarc_start(w->lookups, LOOKUP_POLICY, params.discovery, authors.domains[i]);
	verify_dkim(w, &m, body, &authors, &dkim);
	ck_assert_int_eq(spf_check_mail_from(w->arena, w->lookups, &spf_params, &request, NULL, NOW,
	    &spf), RC_OK);
	ck_assert_int_eq(dmarc_evaluate(w->arena, w->lookups, &params, &authors, &spf, &dkim, out),
	    RC_OK);
}

/* --- the collected messages ------------------------------------------------------------------ */

struct tally {
	size_t total, good;
};

static void run_case(void *ctx, const struct slice *row)
{
	struct tally *tally = ctx;
	struct delivery d = { row[COLLECTED_CLIENT], row[COLLECTED_HELO], row[COLLECTED_MAIL_FROM],
		SLICE_NULL };
	struct dmarc_result r;
	char *zone, *message;
	struct world w;
	const char *policy;
	size_t len;
	bool ok;

	if (row[COLLECTED_DMARC].len == 0 || d.client.len == 0)
		return;
	zone = collected_file(row[COLLECTED_ZONE], &len);
	message = collected_file(row[COLLECTED_MESSAGE], &len);
	d.message = slice_of(message, len);
	world_open(&w, zone);
	judge(&w, &d, &r);
	policy = r.deciding == NULL ? "" : dmarc_policy_text(r.deciding->policy);
	ok = collected_meets(row[COLLECTED_DMARC], slice_str(auth_result_text(r.result))) &&
	    collected_meets(row[COLLECTED_POLICY], slice_str(policy));
	if (!ok)
		printf("%.*s/%.*s: dmarc=%s policy=%s (%.*s), wanted %.*s %.*s\n",
		    SLICE_ARG(row[COLLECTED_SUITE]), SLICE_ARG(row[COLLECTED_CASE]),
		    auth_result_text(r.result), policy, SLICE_ARG(r.reason),
		    SLICE_ARG(row[COLLECTED_DMARC]), SLICE_ARG(row[COLLECTED_POLICY]));
	tally->total++;
	tally->good += ok;
	world_close(&w);
	free(message);
	free(zone);
}

START_TEST(shared_cases)
{
	struct tally tally = { 0 };

	if (!collected_each(run_case, &tally))
		return;
	ck_assert_uint_ge(tally.total, 51);
	ck_assert_msg(tally.good == tally.total, "D_51: %zu of %zu cases", tally.good, tally.total);
}
END_TEST

/* --- senders who break DNS ----------------------------------------------------------------- */

/* The victim has one delegation that does not answer; all of evil.test's are that way. */
static const char hostile_zone[] =
    "_dmarc.victim.test TXT \"v=DMARC1; p=reject\"\n"
    "victim.test TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
    "helo.victim.test TXT \"v=spf1 ip4:198.51.100.1 -all\"\n"
    "*.lame.victim.test TXT !TIMEOUT\n"
    "lame.victim.test TXT !SERVFAIL\n"
    "_dmarc.lame.victim.test TXT !SERVFAIL\n"
    "s._domainkey.lame.victim.test TXT !SERVFAIL\n"
    "evil.test TXT \"v=spf1 include:slow.evil.test -all\"\n"
    "slow.evil.test TXT !TIMEOUT\n"
    "pass.evil.test TXT \"v=spf1 ip4:198.51.100.1 -all\"\n"
    "_dmarc.pass.evil.test TXT !TIMEOUT\n"
    "_dmarc.evil.test TXT !TIMEOUT\n"
    "s._domainkey.evil.test TXT !TIMEOUT\n"
    "s._domainkey.victim.test.evil.test TXT !TIMEOUT\n"
    "evil.example TXT \"v=spf1 ip4:198.51.100.1 -all\"\n"
    "_dmarc.evil.example TXT \"v=DMARC1; p=none\"\n"
    "_dmarc.mild.example TXT \"v=DMARC1; p=quarantine\"\n";

/* An empty body; nobody gets as far as b=. */
#define SIGNING_DONE(d, s) \
	"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=" d "; s=" s "; h=from;\n" \
	" bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\n"
#define FROM_VICTIM "From: Victim <ceo@victim.test>\n"

static const struct {
	const char *id, *helo, *mail_from, *header;
	enum auth_result result;
	enum dmarc_why why;
	enum dmarc_policy policy;
} hostile_rows[] = {
	{ "nothing broken", "evil.example", "x@evil.example", FROM_VICTIM,
	  AUTH_FAIL, DMARC_WHY_NOT_ALIGNED, DMARC_POLICY_REJECT },
	{ "D_32 the HELO passes, MAIL FROM is another", "helo.victim.test", "x@evil.example",
	  FROM_VICTIM, AUTH_FAIL, DMARC_WHY_NOT_ALIGNED, DMARC_POLICY_REJECT },
	{ "D_32 the HELO passes, MAIL FROM has no SPF", "helo.victim.test", "x@nospf.example",
	  FROM_VICTIM, AUTH_FAIL, DMARC_WHY_NOTHING_PASSED, DMARC_POLICY_REJECT },
	{ "D_31 a bounce has no other identity than HELO", "helo.victim.test", "",
	  FROM_VICTIM, AUTH_PASS, DMARC_WHY_ALIGNED, DMARC_POLICY_REJECT },
	{ "his include", "evil.example", "x@evil.test", FROM_VICTIM,
	  AUTH_FAIL, DMARC_WHY_NOTHING_PASSED, DMARC_POLICY_REJECT },
	{ "his HELO, as a bounce", "evil.test", "", FROM_VICTIM,
	  AUTH_FAIL, DMARC_WHY_NOTHING_PASSED, DMARC_POLICY_REJECT },
	{ "his key", "evil.example", "x@evil.example", FROM_VICTIM SIGNING_DONE("evil.test", "s"),
	  AUTH_FAIL, DMARC_WHY_NOT_ALIGNED, DMARC_POLICY_REJECT },
	{ "his key, the victim's name before it", "evil.example", "x@evil.example",
	  FROM_VICTIM SIGNING_DONE("victim.test.evil.test", "s"),
	  AUTH_FAIL, DMARC_WHY_NOT_ALIGNED, DMARC_POLICY_REJECT },
	{ "his walk", "evil.example", "x@pass.evil.test", FROM_VICTIM,
	  AUTH_FAIL, DMARC_WHY_NOT_ALIGNED, DMARC_POLICY_REJECT },
	{ "all of it", "evil.test", "x@evil.test", FROM_VICTIM SIGNING_DONE("evil.test", "s")
	  SIGNING_DONE("victim.test.evil.test", "s"),
	  AUTH_FAIL, DMARC_WHY_NOTHING_PASSED, DMARC_POLICY_REJECT },
	{ "a key that the victim does not have", "evil.example", "x@evil.example",
	  FROM_VICTIM SIGNING_DONE("victim.test", "none"),
	  AUTH_FAIL, DMARC_WHY_NOT_ALIGNED, DMARC_POLICY_REJECT },
	{ "a domain that the victim does not have", "evil.example", "x@nowhere.victim.test",
	  FROM_VICTIM SIGNING_DONE("nowhere.victim.test", "s"),
	  AUTH_FAIL, DMARC_WHY_NOTHING_PASSED, DMARC_POLICY_REJECT },
	/* what the victim himself has broken is undecided, and no more than that */
	{ "the victim's delegation, key", "evil.example", "x@evil.example",
	  FROM_VICTIM SIGNING_DONE("lame.victim.test", "s"),
	  AUTH_TEMPERROR, DMARC_WHY_IDENTIFIER_UNKNOWN, DMARC_POLICY_REJECT },
	{ "the victim's delegation, MAIL FROM", "evil.example", "x@lame.victim.test", FROM_VICTIM,
	  AUTH_TEMPERROR, DMARC_WHY_IDENTIFIER_UNKNOWN, DMARC_POLICY_REJECT },
	{ "hidden behind an author without a policy", "evil.example", "x@evil.example",
	  "From: x@evil.example, ceo@victim.test\n" SIGNING_DONE("lame.victim.test", "s"),
	  AUTH_TEMPERROR, DMARC_WHY_IDENTIFIER_UNKNOWN, DMARC_POLICY_REJECT },
	{ "hidden behind an author with a mild policy", "evil.example", "x@evil.example",
	  "From: x@mild.example, ceo@victim.test\n" SIGNING_DONE("lame.victim.test", "s"),
	  AUTH_TEMPERROR, DMARC_WHY_IDENTIFIER_UNKNOWN, DMARC_POLICY_REJECT },
	{ "hidden behind an author whose policy is not there", "evil.example", "x@evil.example",
	  "From: x@evil.test, ceo@victim.test\n",
	  AUTH_FAIL, DMARC_WHY_NOT_ALIGNED, DMARC_POLICY_REJECT },
	{ "hidden behind an author who passes", "evil.example", "x@evil.example",
	  "From: x@evil.example, ceo@victim.test\n",
	  AUTH_FAIL, DMARC_WHY_NOT_ALIGNED, DMARC_POLICY_REJECT },
};

START_TEST(hostile)
{
	struct delivery d = { SLICE("198.51.100.1"), slice_str(hostile_rows[_i].helo),
		slice_str(hostile_rows[_i].mail_from), slice_str(hostile_rows[_i].header) };
	struct dmarc_result r;
	struct world w;

	world_open(&w, hostile_zone);
	judge(&w, &d, &r);
	ck_assert_msg(r.result == hostile_rows[_i].result && r.why == hostile_rows[_i].why &&
	    r.deciding != NULL && r.deciding->policy == hostile_rows[_i].policy,
	    "D_30 %s: dmarc=%s, %s", hostile_rows[_i].id, auth_result_text(r.result),
	    dmarc_why_text(r.why));
	world_close(&w);
}
END_TEST

/* As many signatures and include terms as he likes: the policy is known all the same. */
START_TEST(hostile_numbers)
{
	struct buf header = BUF_INIT(1024u * 1024), zone = BUF_INIT(1024u * 1024);
	struct delivery d = { SLICE("198.51.100.1"), SLICE("evil.example"), SLICE("x@0.evil.test"),
		SLICE_NULL };
	struct dmarc_result r;
	struct world w;

	buf_add_str(&zone, "_dmarc.victim.test TXT \"v=DMARC1; p=reject\"\n");
	for (int i = 0; i < 300; i++) {
		buf_addf(&zone, "%d.evil.test TXT \"v=spf1", i);
		for (int k = 1; k <= 12; k++)
			buf_addf(&zone, " include:%d.evil.test", i * 12 + k);
		buf_addf(&zone, " -all\"\ns._domainkey.%d.evil.test TXT !TIMEOUT\n", i);
		buf_addf(&header, "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; h=from; "
		    "d=%d.evil.test;\n s=s; b=AAAA; "
		    "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", i);
	}
	buf_add_str(&header, FROM_VICTIM);
	d.message = buf_slice(&header);
	world_open(&w, buf_cstr(&zone));
	judge(&w, &d, &r);
	ck_assert_int_eq(r.result, AUTH_FAIL);
	ck_assert_int_eq(r.deciding->policy, DMARC_POLICY_REJECT);
	world_close(&w);
	buf_free(&zone);
	buf_free(&header);
}
END_TEST

Suite *mail_suite(void)
{
	Suite *s = suite_create("dmarc mail");

	UNIT_TEST(s, shared_cases);
	UNIT_TABLE(s, hostile, hostile_rows);
	UNIT_TEST(s, hostile_numbers);
	return s;
}

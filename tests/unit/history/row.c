/* row.h: rows from outcomes, and their octets there and back. */
#include <string.h>

#include "base/limits.h"

#include "suites.h"

#define NOW 1700000000
#define RECORD "v=DMARC1; p=reject; rua=mailto:r@example.org"

/* --- an outcome by hand ----------------------------------------------------------------------------- */

struct case_row {
	const char *record;
	enum auth_result result;
	bool spf_aligned, dkim_aligned;
	enum dmarc_policy policy;   /* asked for, after t= */
	bool testing;
	enum disposition disposition;
	int override;               /* -1: none */
	const char *want;           /* "disposition dkim spf [type:comment]..." ; NULL: no row */
};

struct outcome_of {
	struct arena *a;
	struct message m;
	struct dmarc_author_result authors[2];
	struct override overrides[1];
	struct outcome o;
};

static struct domain named(const char *name)
{
	return (struct domain){ slice_str(name) };
}

static void author_make(struct dmarc_author_result *r, const char *record, const char *domain)
{
	*r = (struct dmarc_author_result){ .domain = named(domain), .result = AUTH_PASS };
	r->discovery.policy_domain = r->discovery.organizational_domain = named("example.org");
	if (dmarc_record_parse(slice_str(record), &r->discovery.record) == DMARC_RECORD_OK)
		r->discovery.status = DMARC_DISCOVERED;
	else
		r->discovery.status = DMARC_DISCOVERED_NOTHING;
}

static void outcome_make(struct outcome_of *x, const struct case_row *c)
{
	*x = (struct outcome_of){ .a = arena_create(LIMIT_ARENA_BYTES) };
	message_init(&x->m, x->a);
	x->m.envelope.mail_from = SLICE("joe@Bounce.Example.Org");
	ck_assert(ip_parse(SLICE("192.0.2.7"), &x->m.envelope.client));
	author_make(&x->authors[0], c->record, "example.org");
	x->authors[0].result = c->result;
	x->authors[0].spf_aligned = c->spf_aligned;
	x->authors[0].dkim_aligned = c->dkim_aligned;
	x->authors[0].policy = c->policy;
	x->authors[0].testing = c->testing;
	x->o = (struct outcome){ .time = NOW, .class = CLASS_EXTERNAL, .message = &x->m,
		.verdict = { .dmarc_checked = true, .spf_checked = true } };
	x->o.verdict.dmarc = (struct dmarc_result){ .result = c->result, .deciding = &x->authors[0],
		.authors = x->authors, .author_count = 1 };
	x->o.verdict.spf.r.domain = named("bounce.example.org");
	x->o.verdict.spf.r.result = AUTH_SOFTFAIL;
	x->o.actions.disposition = c->disposition;
	if (c->override >= 0) {
		x->overrides[0] = (struct override){ (enum override_type)c->override, SLICE("why") };
		x->o.actions.overrides = x->overrides;
		x->o.actions.override_count = 1;
	}
}

/* Encoded, split, decoded: what comes back is what the store gives to whoever builds reports. */
static void there_and_back(struct arena *a, const struct report_row *row, struct report_row *out)
{
	struct buf encoded = BUF_INIT(100000);
	struct row_octets octets;
	struct slice kept;

	report_row_encode(row, &encoded);
	kept = arena_take_buf(a, &encoded);
	ck_assert(report_row_split(kept, &octets));
	ck_assert(octets.aligned == (row->dkim_aligned || row->spf_aligned));
	ck_assert(report_row_decode(a, &octets, out));
}

static struct slice text_of(struct arena *a, const struct report_row *row)
{
	struct buf text = BUF_INIT(100000);

	buf_addf(&text, "%s %s %s", disposition_text(row->disposition), row->dkim_aligned ? "pass" : "fail",
	    row->spf_aligned ? "pass" : "fail");
	for (size_t i = 0; i < row->reason_count; i++)
		buf_addf(&text, " %s:%.*s", override_type_text(row->reasons[i].type),
		    SLICE_ARG(row->reasons[i].comment));
	return arena_take_buf(a, &text);
}

/* U-13 dispositions; U-14: alignment is as DMARC found it, whatever was done; U-24: what passed is there as well */
static const struct case_row cases[] = {
	{ RECORD, AUTH_PASS, true, true, DMARC_POLICY_REJECT, false, DISPOSITION_PASS, -1, "pass pass pass" },
	{ RECORD, AUTH_PASS, true, false, DMARC_POLICY_NONE, false, DISPOSITION_NONE, -1, "none fail pass" },
	{ RECORD, AUTH_PASS, false, true, DMARC_POLICY_QUARANTINE, false, DISPOSITION_PASS, -1, "pass pass fail" },
	{ RECORD, AUTH_FAIL, false, false, DMARC_POLICY_REJECT, false, DISPOSITION_REJECT, -1, "reject fail fail" },
	{ RECORD, AUTH_FAIL, false, false, DMARC_POLICY_QUARANTINE, false, DISPOSITION_QUARANTINE, -1,
	  "quarantine fail fail" },
	{ RECORD, AUTH_FAIL, false, false, DMARC_POLICY_NONE, false, DISPOSITION_NONE, -1, "none fail fail" },
	/* departures have their reasons (U-15, U-16, U-17) */
	{ RECORD, AUTH_FAIL, false, false, DMARC_POLICY_REJECT, false, DISPOSITION_QUARANTINE,
	  OVERRIDE_MAILING_LIST, "quarantine fail fail mailing_list:why" },
	{ RECORD, AUTH_FAIL, false, false, DMARC_POLICY_REJECT, false, DISPOSITION_NONE,
	  OVERRIDE_TRUSTED_FORWARDER, "none fail fail trusted_forwarder:why" },
	{ RECORD, AUTH_FAIL, false, false, DMARC_POLICY_NONE, true, DISPOSITION_NONE, OVERRIDE_POLICY_TEST_MODE,
	  "none fail fail policy_test_mode:why" },
	{ RECORD, AUTH_FAIL, false, false, DMARC_POLICY_NONE, false, DISPOSITION_REJECT, OVERRIDE_LOCAL_POLICY,
	  "reject fail fail local_policy:why" },
	{ RECORD, AUTH_FAIL, false, false, DMARC_POLICY_NONE, false, DISPOSITION_NONE, OVERRIDE_OTHER,
	  "none fail fail other:why" },
	/* U-15: a reason is a must even where nothing was recorded */
	{ RECORD, AUTH_FAIL, false, false, DMARC_POLICY_REJECT, false, DISPOSITION_NONE, -1,
	  "none fail fail local_policy:" },
	{ RECORD, AUTH_TEMPERROR, false, false, DMARC_POLICY_REJECT, false, DISPOSITION_NONE, -1,
	  "none fail fail other:a temporary DNS error left the result open" },
	{ "v=DMARC1; p=reject; psd=y; rua=mailto:r@example.org", AUTH_FAIL, false, false, DMARC_POLICY_REJECT, false,
	  DISPOSITION_REJECT, -1, "reject fail fail" }, /* U-45 */
	/* U-44: nobody asks for a report that could be mailed */
	{ "v=DMARC1; p=reject", AUTH_FAIL, false, false, DMARC_POLICY_REJECT, false, DISPOSITION_REJECT, -1, NULL },
	{ "v=DMARC1; p=reject; rua=https://example.org/r", AUTH_FAIL, false, false, DMARC_POLICY_REJECT, false,
	  DISPOSITION_REJECT, -1, NULL },
	{ "v=DMARC1; p=reject; rua=mailto:", AUTH_FAIL, false, false, DMARC_POLICY_REJECT, false,
	  DISPOSITION_REJECT, -1, NULL },
	{ "v=DMARC1; p=reject; rua=https://example.org/r,mailto:r@example.org!10m", AUTH_FAIL, false, false,
	  DMARC_POLICY_REJECT, false, DISPOSITION_REJECT, -1, "reject fail fail" },
	{ "v=spf1 -all", AUTH_NONE, false, false, DMARC_POLICY_NONE, false, DISPOSITION_NONE, -1, NULL },
};

START_TEST(dispositions_and_reasons)
{
	static const struct report_settings settings;
	const struct case_row *c = &cases[_i];
	struct report_row row, back;
	struct outcome_of x;

	outcome_make(&x, c);
	ck_assert_msg(report_row_of(&x.o, &settings, 0, &row) == (c->want != NULL), "row %d", _i);
	if (c->want != NULL) {
		there_and_back(x.a, &row, &back);
		ck_slice_eq(text_of(x.a, &back), slice_str(c->want));
		ck_assert_int_eq(back.day, NOW / 86400);
		ck_slice_eq(back.policy.domain, SLICE("example.org"));
		ck_slice_eq(back.policy.text, slice_str(c->record));
		ck_assert(back.policy.record.rua_valid);
		ck_slice_eq(back.header_from, SLICE("example.org"));
		ck_slice_eq(back.envelope_from, SLICE("bounce.example.org"));
		ck_assert_uint_eq(back.envelope_to.len, 0);
		ck_slice_eq(back.spf.domain, SLICE("bounce.example.org"));
		ck_assert_int_eq(back.spf.result, AUTH_SOFTFAIL);
		ck_assert(ip_eq(&back.source, &x.m.envelope.client));
		ck_assert(!back.overflow);
	}
	arena_free(&x.a);
}
END_TEST

/* --- messages that are left out ---------------------------------------------------------------------- */

static void not_applied(struct outcome_of *x) { x->o.ending = OUTCOME_NOT_APPLIED; }
static void aborted(struct outcome_of *x) { x->o.ending = OUTCOME_ABORTED; }
static void deferred(struct outcome_of *x) { x->o.actions.action = ACTION_TEMPFAIL; }
static void refused(struct outcome_of *x) { x->o.actions.action = ACTION_REJECT; }
static void without_memory(struct outcome_of *x) { x->o.failed = true; }
static void not_judged(struct outcome_of *x) { x->o.verdict.dmarc_checked = false; }
static void null_sender(struct outcome_of *x) { x->m.envelope.mail_from = SLICE(""); }
static void report(struct outcome_of *x) { message_add_header(&x->m, SLICE("Subject"), SLICE(" Report domain: x Submitter: y")); }
static void notification(struct outcome_of *x) { message_add_header(&x->m, SLICE("Content-Type"), SLICE(" multipart/report; x=y")); }
/* Hidden reports: a forgery may look like one. */
static void forged_report(struct outcome_of *x)
{
	report(x);
	x->o.verdict.dmarc.result = AUTH_FAIL;
}
static void spf_skipped(struct outcome_of *x) { x->o.verdict.spf.r.why = SPF_WHY_NOT_CHECKED; }
static void two_recipients(struct outcome_of *x)
{
	message_add_recipient(&x->m, SLICE("a@one.example"));
	message_add_recipient(&x->m, SLICE("b@ONE.example"));
}
static void two_domains(struct outcome_of *x)
{
	message_add_recipient(&x->m, SLICE("a@one.example"));
	message_add_recipient(&x->m, SLICE("b@two.example"));
}
static void long_record(struct outcome_of *x)
{
	x->authors[0].discovery.record.text.len = LIMIT_REPORT_RECORD + 1; /* is not read */
}

static struct slice one[] = { { "one.example", 11 } };

static const struct {
	void (*change)(struct outcome_of *x);
	struct report_settings settings;
	bool kept;
} left_out[] = {
	{ not_applied, { .keep_seconds = 1 }, false },
	{ aborted, { .keep_seconds = 1 }, false },
	{ deferred, { .keep_seconds = 1 }, false },
	{ refused, { .keep_seconds = 1 }, true }, /* U-24, U-51 */
	{ without_memory, { .keep_seconds = 1 }, false },
	{ not_judged, { .keep_seconds = 1 }, false },
	{ null_sender, { .keep_seconds = 1 }, false }, /* U-50, as far as "notification" */
	{ null_sender, { .null_sender = true }, true },
	{ report, { .keep_seconds = 1 }, false },
	{ report, { .report_mail = true }, true },
	{ forged_report, { .keep_seconds = 1 }, true },
	{ notification, { .keep_seconds = 1 }, false },
	{ long_record, { .keep_seconds = 1 }, false },
	{ two_recipients, { .only_to = { one, 1, 1 } }, true },
	{ two_domains, { .only_to = { one, 1, 1 } }, false },
	{ two_domains, { .except_to = { one, 1, 1 } }, false },
	{ two_recipients, { .except_to = { one, 1, 1 } }, false },
};

START_TEST(which_messages)
{
	struct report_row row;
	struct outcome_of x;

	outcome_make(&x, &cases[0]);
	left_out[_i].change(&x);
	ck_assert_msg(report_row_of(&x.o, &left_out[_i].settings, 0, &row) == left_out[_i].kept, "row %d", _i);
	arena_free(&x.a);
}
END_TEST

/* RFC 9990 section 3.1.1.11: no result where there was no check. */
START_TEST(spf_not_checked)
{
	static const struct report_settings settings;
	struct report_row row;
	struct outcome_of x;

	outcome_make(&x, &cases[0]);
	spf_skipped(&x);
	ck_assert(report_row_of(&x.o, &settings, 0, &row));
	ck_assert_uint_eq(row.spf.domain.len, 0);
	ck_assert_int_eq(row.spf.result, AUTH_NONE);
	arena_free(&x.a);
}
END_TEST

START_TEST(recipients_domain)
{
	static const struct report_settings settings = { .envelope_to = true };
	struct report_row row;
	struct outcome_of x;

	outcome_make(&x, &cases[0]);
	two_recipients(&x);
	ck_assert(report_row_of(&x.o, &settings, 0, &row));
	ck_slice_eq(row.envelope_to, SLICE("one.example"));
	arena_free(&x.a);
	outcome_make(&x, &cases[0]);
	two_domains(&x);
	ck_assert(report_row_of(&x.o, &settings, 0, &row));
	ck_assert_uint_eq(row.envelope_to.len, 0);
	arena_free(&x.a);
}
END_TEST

/* --- several authors ----------------------------------------------------------------------------------- */

/* A row for each; the one who does not decide has the message's disposition, and a reason for it. */
START_TEST(two_authors)
{
	static const struct report_settings settings;
	struct report_row row;
	struct outcome_of x;

	outcome_make(&x, &cases[3]); /* fails, rejected */
	author_make(&x.authors[1], RECORD, "other.example");
	x.authors[1].spf_aligned = true;
	x.authors[1].policy = DMARC_POLICY_REJECT;
	x.o.verdict.dmarc.author_count = 2;
	ck_assert(report_row_of(&x.o, &settings, 0, &row));
	ck_slice_eq(text_of(x.a, &row), SLICE("reject fail fail"));
	ck_assert(report_row_of(&x.o, &settings, 1, &row));
	ck_slice_eq(row.header_from, SLICE("other.example"));
	ck_slice_eq(text_of(x.a, &row), SLICE("reject fail pass other:another author domain of the message failed"));
	x.authors[1].spf_aligned = false;
	x.authors[1].result = AUTH_FAIL;
	x.authors[1].testing = true;
	x.authors[1].policy = DMARC_POLICY_QUARANTINE;
	ck_assert(report_row_of(&x.o, &settings, 1, &row));
	ck_slice_eq(text_of(x.a, &row), SLICE("reject fail fail policy_test_mode:t=y"));
	arena_free(&x.a);
}
END_TEST

/* --- signatures ------------------------------------------------------------------------------------------- */

static struct dkim_result signature(const char *domain, enum auth_result result, enum dkim_why why)
{
	struct dkim_result r = { .result = result, .why = why, .reason = SLICE("reason") };

	r.sig.domain = named(domain);
	r.sig.domain_text = slice_str(domain);
	r.sig.selector_text = SLICE("s\0\xff"); /* not a name: as it was written */
	return r;
}

/* U-22: strict, relaxed, other passes, failures; what was not verified at the end. */
START_TEST(signatures_in_order)
{
	static const struct report_settings settings;
	static const char *const want[] = { "example.org", "mail.example.org", "elsewhere.example", "bad.example",
		"late.example" };
	struct dkim_result items[] = {
		signature("late.example", AUTH_NEUTRAL, DKIM_WHY_SIG_TOO_MANY),
		signature("bad.example", AUTH_FAIL, DKIM_WHY_BODY_HASH),
		signature("elsewhere.example", AUTH_PASS, DKIM_WHY_GOOD),
		signature("mail.example.org", AUTH_PASS, DKIM_WHY_GOOD),
		signature("example.org", AUTH_PASS, DKIM_WHY_GOOD),
	};
	struct report_row row, back;
	struct outcome_of x;

	outcome_make(&x, &cases[0]);
	x.o.verdict.dkim_checked = true;
	x.o.verdict.dkim = (struct dkim_results){ items, N_ELEMENTS(items), 0 };
	ck_assert(report_row_of(&x.o, &settings, 0, &row));
	there_and_back(x.a, &row, &back);
	ck_assert_uint_eq(back.dkim_count, N_ELEMENTS(want));
	for (size_t i = 0; i < N_ELEMENTS(want); i++) {
		ck_slice_eq(back.dkim[i].domain, slice_str(want[i]));
		ck_slice_eq(back.dkim[i].selector, SLICE("s\0\xff"));
		ck_slice_eq(back.dkim[i].human_result, back.dkim[i].result == AUTH_PASS ? SLICE("") : SLICE("reason"));
	}
	arena_free(&x.a);
}
END_TEST

/* The ten that are verified always fit; a hundred with the longest names end at a ceiling. */
START_TEST(signatures_capped)
{
	static const struct report_settings settings;
	struct dkim_result *items = calloc(LIMIT_SIGNATURE_FIELDS, sizeof(*items));
	struct report_row row, back;
	struct buf encoded = BUF_INIT(1024 * 1024);
	struct outcome_of x;
	char name[300];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (size_t i = 0; i < LIMIT_SIGNATURE_FIELDS; i++) {
		items[i] = signature("", i < LIMIT_SIGNATURES ? AUTH_FAIL : AUTH_NEUTRAL,
		    i < LIMIT_SIGNATURES ? DKIM_WHY_BODY_HASH : DKIM_WHY_SIG_TOO_MANY);
		items[i].sig.domain_text = items[i].sig.selector_text = slice_str(name);
	}
	outcome_make(&x, &cases[0]);
	x.o.verdict.dkim_checked = true;
	x.o.verdict.dkim = (struct dkim_results){ items, LIMIT_SIGNATURE_FIELDS, 0 };
	ck_assert(report_row_of(&x.o, &settings, 0, &row));
	ck_assert_uint_eq(row.dkim_count, LIMIT_SIGNATURE_FIELDS);
	report_row_encode(&row, &encoded);
	ck_assert_uint_lt(encoded.len, LIMIT_REPORT_SIGNATURES + 3000);
	there_and_back(x.a, &row, &back);
	ck_assert_uint_ge(back.dkim_count, LIMIT_SIGNATURES);
	ck_assert_uint_lt(back.dkim_count, LIMIT_SIGNATURE_FIELDS);
	ck_assert_uint_eq(back.dkim[0].domain.len, LIMIT_REPORT_FIELD);
	buf_free(&encoded);
	free(items);
	arena_free(&x.a);
}
END_TEST

/* --- octets that are not a row's --------------------------------------------------------------------- */

struct report_row row_like(int64_t day, const char *domain, unsigned last)
{
	struct report_row row = { .day = day, .header_from = slice_str(domain),
		.policy = { .domain = slice_str(domain), .text = SLICE(RECORD) },
		.disposition = DISPOSITION_REJECT, .spf = { slice_str(domain), AUTH_FAIL }, .count = 1 };

	ck_assert(ip_parse(SLICE("192.0.2.0"), &row.source));
	row.source.octets[2] = (unsigned char)(last >> 8);
	row.source.octets[3] = (unsigned char)last;
	return row;
}

/* Every cut and every change of one octet: refused, or another row; never read beyond. */
START_TEST(damaged_octets)
{
	struct report_dkim dkim = { SLICE("d.example"), SLICE("s"), AUTH_PASS, SLICE("") };
	struct report_reason reason = { OVERRIDE_OTHER, SLICE("why") };
	struct report_row row = row_like(20000, "example.org", 1), back;
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct buf encoded = BUF_INIT(1000);
	struct row_octets octets;

	row.dkim = &dkim;
	row.reasons = &reason;
	row.dkim_count = row.reason_count = 1;
	report_row_encode(&row, &encoded);
	for (size_t len = 0; len < encoded.len; len++) {
		char *cut = malloc(len + 1); /* so that a sanitizer sees a read beyond */

		memcpy(cut, encoded.ptr, len);
		if (report_row_split(slice_of(cut, len), &octets))
			ck_assert_msg(!report_row_decode(a, &octets, &back), "cut at %zu", len);
		free(cut);
	}
	for (size_t at = 0; at < encoded.len; at++)
		for (unsigned value = 0; value < 256; value += 51) {
			char was = encoded.ptr[at];

			encoded.ptr[at] = (char)(unsigned char)value;
			if (report_row_split(buf_slice(&encoded), &octets))
				(void)report_row_decode(a, &octets, &back);
			encoded.ptr[at] = was;
		}
	buf_free(&encoded);
	arena_free(&a);
}
END_TEST

START_TEST(overflow)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct report_row row = row_like(20000, "example.org", 1), back;
	struct buf encoded = BUF_INIT(1000);
	struct row_octets octets;

	row.spf_aligned = true;
	report_row_encode(&row, &encoded);
	ck_assert(report_row_split(buf_slice(&encoded), &octets));
	ck_assert(report_row_overflow(a, &octets, &octets.tuple));
	ck_assert(report_row_decode(a, &octets, &back));
	ck_assert(back.overflow && back.source.family == IP_NONE && back.spf_aligned && !back.dkim_aligned);
	ck_slice_eq(back.header_from, SLICE("example.org"));
	ck_assert_int_eq(back.disposition, DISPOSITION_REJECT);
	ck_assert_uint_eq(back.dkim_count + back.reason_count + back.spf.domain.len, 0);
	buf_free(&encoded);
	arena_free(&a);
}
END_TEST

Suite *row_suite(void)
{
	Suite *s = suite_create("report row");

	UNIT_TABLE(s, dispositions_and_reasons, cases);
	UNIT_TABLE(s, which_messages, left_out);
	UNIT_TEST(s, spf_not_checked);
	UNIT_TEST(s, recipients_domain);
	UNIT_TEST(s, two_authors);
	UNIT_TEST(s, signatures_in_order);
	UNIT_TEST(s, signatures_capped);
	UNIT_TEST(s, damaged_octets);
	UNIT_TEST(s, overflow);
	return s;
}

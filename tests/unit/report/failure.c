/* failure.h and failure_message.h: F-01, F-03 to F-19, F-21 to F-24, F-26. */
#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "base/limits.h"
#include "mail/reader.h"
#include "report/failure_message.h"

#include "suites.h"

#define NOW 1764115200 /* 2025-11-26 00:00:00 UTC */
#define SECRET SLICE("0123456789abcdef0123456789abcdef")

/* --- an outcome by hand --------------------------------------------------------------------------------- */

struct world {
	struct arena *a;
	struct message m;
	struct dmarc_author_result author;
	struct dkim_result signatures[2];
	struct spf_used used[2];
	struct outcome o;
	struct report_settings settings;
	bool own;
};

static struct domain named(const char *name)
{
	return (struct domain){ slice_str(name) };
}

/* The sender signs with d=example.org, and SPF is about bounce.example.org; both fail. */
static void world_make(struct world *w, const char *record)
{
	*w = (struct world){ .a = arena_create(LIMIT_ARENA_BYTES) };
	message_init(&w->m, w->a);
	w->m.envelope.mail_from = SLICE("joe@bounce.example.org");
	ck_assert(ip_parse(SLICE("192.0.2.7"), &w->m.envelope.client));
	message_add_recipient(&w->m, SLICE("ann@example.com"));
	message_add_header(&w->m, SLICE("From"), SLICE(" Joe <joe@example.org>"));
	message_add_header(&w->m, SLICE("Subject"), SLICE(" Hello ann@example.com"));
	w->author = (struct dmarc_author_result){ .domain = named("example.org"), .result = AUTH_FAIL,
		.policy = DMARC_POLICY_REJECT };
	w->author.discovery.policy_domain = w->author.discovery.organizational_domain = named("example.org");
	ck_assert_int_eq(dmarc_record_parse(slice_str(record), &w->author.discovery.record), DMARC_RECORD_OK);
	w->signatures[0] = (struct dkim_result){ .result = AUTH_FAIL, .why = DKIM_WHY_BODY_HASH, .sig = {
		.domain = named("example.org"), .selector = named("s1"), .identity = SLICE("joe@mail.example.org"),
		.identity_domain = named("mail.example.org") } };
	w->used[0] = (struct spf_used){ SLICE("bounce.example.org"), SLICE("v=spf1 include:other.example -all") };
	w->used[1] = (struct spf_used){ SLICE("other.example"), SLICE("v=spf1 exp=\"x\\y\" ?all") };
	w->o = (struct outcome){ .time = NOW, .message = &w->m, .verdict = { .dmarc_checked = true,
		.spf_checked = true, .dkim_checked = true } };
	w->o.verdict.spf.r = (struct spf_result){ .result = AUTH_FAIL, .domain = named("bounce.example.org"),
		.used = w->used, .used_count = 2 };
	w->o.actions.action = ACTION_REJECT;
	w->settings = (struct report_settings){ .from = SLICE("reports@mx.example"), .failure = { .enabled = true,
		.subject = true } };
}

static bool incident_of(struct world *w, struct failure_incident *out)
{
	w->o.verdict.dkim = (struct dkim_results){ w->signatures, 1, 0 };
	if (w->signatures[1].why != DKIM_WHY_GOOD || w->signatures[1].result != AUTH_NONE)
		w->o.verdict.dkim.count = 2;
	w->o.verdict.dmarc = (struct dmarc_result){ .result = w->author.result, .deciding = &w->author,
		.authors = &w->author, .author_count = 1 };
	return failure_incident_of(&w->o, &w->settings, 0, w->own, SECRET, out);
}

static bool has(struct slice text, const char *line)
{
	while (text.len > 0)
		if (slice_eq(slice_split(&text, '\n'), slice_str(line)))
			return true;
	return false;
}

/* --- fo= (F-17), Identity-Alignment (F-09) ------------------------------------------------------------------ */

static const struct {
	const char *fo;
	bool dkim_aligned, spf_aligned;
	enum auth_result dkim, spf, result;
	const char *auth_failure; /* NULL: no report */
	const char *alignment;
} fo_rows[] = {
	{ "", false, false, AUTH_FAIL, AUTH_FAIL, AUTH_FAIL, "dmarc", "dkim, spf" },
	{ "", true, false, AUTH_PASS, AUTH_FAIL, AUTH_PASS, NULL, NULL },
	{ "", false, true, AUTH_FAIL, AUTH_PASS, AUTH_PASS, NULL, NULL },
	{ "", true, true, AUTH_PASS, AUTH_PASS, AUTH_PASS, NULL, NULL },
	/* passing, but not aligned */
	{ "", false, false, AUTH_PASS, AUTH_PASS, AUTH_FAIL, "dmarc", "dkim, spf" },
	/* wrong is worse than slow: what could still pass has not failed */
	{ "", false, false, AUTH_TEMPERROR, AUTH_FAIL, AUTH_TEMPERROR, NULL, NULL },
	{ "fo=0; ", false, false, AUTH_FAIL, AUTH_FAIL, AUTH_FAIL, "dmarc", "dkim, spf" },
	{ "fo=0; ", true, false, AUTH_PASS, AUTH_FAIL, AUTH_PASS, NULL, NULL },
	{ "fo=1; ", false, false, AUTH_FAIL, AUTH_FAIL, AUTH_FAIL, "dmarc", "dkim, spf" },
	{ "fo=1; ", true, false, AUTH_PASS, AUTH_FAIL, AUTH_PASS, "dmarc", "spf" },
	{ "fo=1; ", false, true, AUTH_FAIL, AUTH_PASS, AUTH_PASS, "dmarc", "dkim" },
	{ "fo=1; ", true, true, AUTH_PASS, AUTH_PASS, AUTH_PASS, NULL, NULL },
	{ "fo=1; ", false, true, AUTH_TEMPERROR, AUTH_PASS, AUTH_PASS, NULL, NULL },
	{ "fo=1; ", true, false, AUTH_PASS, AUTH_TEMPERROR, AUTH_PASS, NULL, NULL },
	{ "fo=d; ", true, true, AUTH_PASS, AUTH_FAIL, AUTH_PASS, NULL, NULL },
	{ "fo=d; ", false, true, AUTH_FAIL, AUTH_PASS, AUTH_PASS, "bodyhash", "dkim" },
	{ "fo=d; ", false, false, AUTH_FAIL, AUTH_FAIL, AUTH_FAIL, "bodyhash", "dkim, spf" },
	{ "fo=d; ", false, true, AUTH_TEMPERROR, AUTH_PASS, AUTH_PASS, NULL, NULL },
	{ "fo=d; ", false, true, AUTH_NEUTRAL, AUTH_PASS, AUTH_PASS, NULL, NULL },
	{ "fo=s; ", true, false, AUTH_PASS, AUTH_FAIL, AUTH_PASS, "spf", "spf" },
	{ "fo=s; ", true, false, AUTH_PASS, AUTH_SOFTFAIL, AUTH_PASS, "spf", "spf" },
	{ "fo=s; ", true, false, AUTH_PASS, AUTH_PERMERROR, AUTH_PASS, "spf", "spf" },
	{ "fo=s; ", true, false, AUTH_PASS, AUTH_NEUTRAL, AUTH_PASS, NULL, NULL },
	{ "fo=s; ", true, false, AUTH_PASS, AUTH_NONE, AUTH_PASS, NULL, NULL },
	{ "fo=s; ", true, false, AUTH_PASS, AUTH_TEMPERROR, AUTH_PASS, NULL, NULL },
	{ "fo=s; ", false, true, AUTH_FAIL, AUTH_PASS, AUTH_PASS, NULL, NULL },
	/* combinations: one report, the most general first */
	{ "fo=0:d:s; ", false, false, AUTH_FAIL, AUTH_FAIL, AUTH_FAIL, "dmarc", "dkim, spf" },
	{ "fo=0:d:s; ", false, true, AUTH_FAIL, AUTH_PASS, AUTH_PASS, "bodyhash", "dkim" },
	{ "fo=s:d:0; ", true, false, AUTH_PASS, AUTH_FAIL, AUTH_PASS, "spf", "spf" },
	{ "fo=d:s; ", false, false, AUTH_FAIL, AUTH_FAIL, AUTH_FAIL, "bodyhash", "dkim, spf" },
	/* unknown ones are ignored */
	{ "fo=x; ", false, false, AUTH_FAIL, AUTH_FAIL, AUTH_FAIL, "dmarc", "dkim, spf" },
	{ "fo=x:s; ", true, false, AUTH_PASS, AUTH_FAIL, AUTH_PASS, NULL, NULL }, /* and the whole tag with it */
};

START_TEST(failure_options)
{
	struct failure_incident incident;
	char record[200], line[100];
	struct world w;

	snprintf(record, sizeof(record), "v=DMARC1; p=reject; %sruf=mailto:f@example.org", fo_rows[_i].fo);
	world_make(&w, record);
	w.author.dkim_aligned = fo_rows[_i].dkim_aligned;
	w.author.spf_aligned = fo_rows[_i].spf_aligned;
	w.author.result = fo_rows[_i].result;
	w.signatures[0].result = fo_rows[_i].dkim;
	if (fo_rows[_i].dkim == AUTH_PASS)
		w.signatures[0].why = DKIM_WHY_GOOD;
	w.o.verdict.spf.r.result = fo_rows[_i].spf;
	ck_assert_msg(incident_of(&w, &incident) == (fo_rows[_i].auth_failure != NULL), "row %d", _i);
	if (fo_rows[_i].auth_failure != NULL) {
		snprintf(line, sizeof(line), "Auth-Failure: %s", fo_rows[_i].auth_failure);
		ck_assert_msg(has(incident.feedback, line), "row %d: %.*s", _i, SLICE_ARG(incident.feedback));
		snprintf(line, sizeof(line), "Identity-Alignment: %s", fo_rows[_i].alignment);
		ck_assert_msg(has(incident.feedback, line), "row %d: %.*s", _i, SLICE_ARG(incident.feedback));
	}
	arena_free(&w.a);
}
END_TEST

/* Ping-pong: never a report for a report. */

/* --- which messages ------------------------------------------------------------------------------------------ */

static void disabled(struct world *w) { w->settings.failure.enabled = false; }
static void no_sender(struct world *w) { w->settings.from = SLICE(""); }
static void not_applied(struct world *w) { w->o.ending = OUTCOME_NOT_APPLIED; }
static void aborted(struct world *w) { w->o.ending = OUTCOME_ABORTED; }
static void deferred(struct world *w) { w->o.actions.action = ACTION_TEMPFAIL; }
static void failed(struct world *w) { w->o.failed = true; }
static void not_judged(struct world *w) { w->o.verdict.dmarc_checked = false; }
static void null_sender(struct world *w) { w->m.envelope.mail_from = SLICE(""); }
static void nothing(struct world *w) { (void)w; }
static void accepted(struct world *w) { w->o.actions.action = ACTION_ACCEPT; }
static void own(struct world *w) { w->own = true; }
static void own_asked_for(struct world *w) { w->own = w->settings.failure.own = true; }
static void own_sender(struct world *w) { w->settings.from = SLICE("r@mx.example.org"); }
static void own_recipient(struct world *w)
{
	static struct slice except[] = { { "example.com", 11 } };

	w->settings.except_to = (struct slice_list){ except, 1, 1 };
}
static void long_record(struct world *w) { w->author.discovery.record.text.len = LIMIT_REPORT_RECORD + 1; }
static void registry(struct world *w) { w->author.discovery.policy_domain = named("co.uk"); }
static void no_record(struct world *w) { w->author.discovery.status = DMARC_DISCOVERED_NOTHING; }
static void spf_not_checked(struct world *w) { w->o.verdict.spf.r.why = SPF_WHY_NOT_CHECKED; }

static void field(struct world *w, const char *name, const char *value)
{
	message_add_header(&w->m, slice_str(name), slice_str(value));
}
static void report(struct world *w) { field(w, "Content-Type", " Multipart/Report; report-type=x"); }
static void commented(struct world *w) { field(w, "Content-Type", " (x) multipart/report"); }
static void aggregate(struct world *w) { field(w, "Subject", " x"); w->m.headers[1].value = SLICE(" Report Domain: x"); }
static void automatic(struct world *w) { field(w, "Auto-Submitted", " auto-replied (x)"); }
static void odd_automatic(struct world *w) { field(w, "Auto-Submitted", " no-really"); }
static void second_automatic(struct world *w) { field(w, "Auto-Submitted", " no"); field(w, "auto-submitted", " auto-generated"); }
static void unfinished_automatic(struct world *w) { field(w, "Auto-Submitted", ""); }
static void not_automatic(struct world *w) { field(w, "Auto-Submitted", " (x) No; y=z"); }

#define RUF "v=DMARC1; p=reject; ruf=mailto:f@example.org"

static const struct {
	void (*change)(struct world *w);
	const char *record;
	bool reported;
} message_rows[] = {
	{ nothing, RUF, true },
	{ accepted, RUF, true },
	{ disabled, RUF, false },                /* F-01 */
	{ no_sender, RUF, false },
	{ not_applied, RUF, false },
	{ aborted, RUF, false },
	{ deferred, RUF, false },
	{ failed, RUF, false },
	{ not_judged, RUF, false },
	{ no_record, RUF, false },
	{ long_record, RUF, false },
	{ spf_not_checked, RUF, true },
	{ null_sender, RUF, false },             /* F-18, F-19 */
	{ report, RUF, false },
	{ commented, RUF, false },
	{ aggregate, RUF, false },
	{ automatic, RUF, false },
	{ odd_automatic, RUF, false },
	{ second_automatic, RUF, false },
	{ unfinished_automatic, RUF, false },
	{ not_automatic, RUF, true },
	{ own, RUF, false },
	{ own_asked_for, RUF, true },
	{ own_sender, RUF, false },
	{ own_recipient, RUF, false },
	{ nothing, "v=DMARC1; p=reject", false },
	{ nothing, "v=DMARC1; p=reject; rua=mailto:f@example.org", false },
	{ nothing, "v=DMARC1; p=reject; ruf=https://example.org", false },
	{ nothing, "v=DMARC1; p=reject; ruf=https://example.org,mailto:f@example.org", true },
	{ nothing, "v=DMARC1; p=reject; psd=y; ruf=mailto:f@example.org", false }, /* F-04 */
	{ nothing, "v=DMARC1; p=reject; psd=n; ruf=mailto:f@example.org", true },
	{ registry, RUF, false },
	{ registry, "v=DMARC1; p=reject; psd=n; ruf=mailto:f@example.org", true },
};

START_TEST(which_messages)
{
	struct failure_incident incident;
	struct world w;

	world_make(&w, message_rows[_i].record);
	message_rows[_i].change(&w);
	ck_assert_msg(incident_of(&w, &incident) == message_rows[_i].reported, "row %d", _i);
	arena_free(&w.a);
}
END_TEST

/* --- what a report says --------------------------------------------------------------------------------------- */

/* The lines without hashes. */
static size_t count_of(struct slice text, const char *begin)
{
	size_t n = 0;

	while (text.len > 0)
		n += slice_starts_with(slice_split(&text, '\n'), slice_str(begin));
	return n;
}

static bool names(struct slice text, const char *who)
{
	return memmem(text.ptr, text.len, who, strlen(who)) != NULL;
}

/* F-08, F-10, F-11, F-12, F-13, F-14, F-15, F-16, F-21 */
START_TEST(fields)
{
	struct failure_incident i;
	struct world w;

	world_make(&w, RUF);
	ck_assert(incident_of(&w, &i));
	ck_assert(has(i.feedback, "Auth-Failure: dmarc"));
	ck_assert(has(i.feedback, "Delivery-Result: reject"));
	ck_assert(has(i.feedback, "Reported-Domain: example.org"));
	ck_assert(has(i.feedback, "Source-IP: 192.0.2.7"));
	ck_assert(has(i.feedback, "\tdmarc=fail header.from=example.org policy.dmarc=reject"));
	ck_assert_uint_eq(count_of(i.feedback, "Authentication-Results: mx.example;"), 1);
	ck_assert(has(i.feedback, "DKIM-Domain: example.org"));
	ck_assert(has(i.feedback, "DKIM-Selector: s1"));
	ck_assert_uint_eq(count_of(i.feedback, "DKIM-Identity: redacted-"), 1);
	ck_assert_uint_eq(count_of(i.feedback, "Original-Mail-From: <redacted-"), 1);
	ck_assert_uint_eq(count_of(i.feedback, "Original-Rcpt-To"), 0); /* by the setting envelope-to */
	ck_assert(has(i.feedback, "SPF-DNS: txt : bounce.example.org :"));
	ck_assert(has(i.feedback, "\t\"v=spf1 include:other.example -all\""));
	ck_assert(has(i.feedback, "\t\"v=spf1 exp=\\\"x\\\\y\\\" ?all\""));
	ck_assert_uint_eq(count_of(i.feedback, "DKIM-Canonicalized"), 0);
	ck_slice_eq(slice_take(i.subject, 15), SLICE("Hello redacted-"));
	ck_assert(!names(i.feedback, "joe") && !names(i.feedback, "ann@")); /* F-21 */
	w.settings.envelope_to = true;
	w.settings.failure.subject = false;
	w.o.actions.action = ACTION_QUARANTINE;
	ck_assert(ip_parse(SLICE("2001:db8::1"), &w.m.envelope.client));
	ck_assert(incident_of(&w, &i));
	ck_assert_uint_eq(count_of(i.feedback, "Original-Rcpt-To: <redacted-"), 1);
	ck_assert(has(i.feedback, "Source-IP: IPv6:2001:db8::1"));
	ck_assert(has(i.feedback, "Delivery-Result: policy"));
	ck_assert_uint_eq(i.subject.len, 0);
	arena_free(&w.a);
}
END_TEST

#define A100 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *envid, *want; /* NULL: no field */
} envelope_id_rows[] = {
	{ NULL, NULL },
	{ "", NULL },
	{ "QQ314159", "Original-Envelope-Id: QQ314159" },
	{ "QQ+2B1+20x", "Original-Envelope-Id: QQ+1 x" },
	{ "+20+09x+20", "Original-Envelope-Id: x" },
	{ "+20", NULL },
	{ A100, "Original-Envelope-Id: " A100 },
	{ A100 "a", NULL },
	{ "joe+40example.org", "Original-Envelope-Id: redacted-" },
	{ "id1:joe@example.org", "Original-Envelope-Id: id1:redacted-" },
	{ "+3D?utf-8?q?joe+3D40example.org?+3D", "Original-Envelope-Id: [redacted]" },
	{ "a+0D+0AIncidents:+209", NULL },
	{ "a+0AIncidents:+209", NULL },
	{ "a\nIncidents: 9", NULL },
	{ "a+00b", NULL },
	{ "+C3+A9", NULL },
	{ "a=b", NULL },
	{ "a+4", NULL },
};

/* F-12 */
START_TEST(envelope_id)
{
	struct failure_incident i;
	struct world w;

	world_make(&w, RUF);
	w.m.envelope.envid = slice_str(envelope_id_rows[_i].envid);
	ck_assert(incident_of(&w, &i));
	ck_assert_uint_eq(count_of(i.feedback, "Original-Envelope-Id: "), envelope_id_rows[_i].want != NULL);
	if (envelope_id_rows[_i].want != NULL)
		ck_assert_uint_eq(count_of(i.feedback, envelope_id_rows[_i].want), 1);
	ck_assert_uint_eq(count_of(i.feedback, "Incidents"), 0);
	ck_assert(!names(i.feedback, "joe"));
	arena_free(&w.a);
}
END_TEST

static void other_connection(struct world *w)
{
	ck_assert(ip_parse(SLICE("192.0.2.9"), &w->o.verdict.remote_ip));
}

static void no_client(struct world *w) { w->m.envelope.client.family = IP_NONE; }

static const struct {
	unsigned port;
	void (*change)(struct world *w);
	const char *want; /* NULL: no field */
} port_rows[] = {
	{ 0, nothing, NULL },
	{ 1, nothing, "Source-Port: 1" },
	{ 65535, nothing, "Source-Port: 65535" },
	{ 25, other_connection, NULL }, /* that the port is not of */
	{ 25, no_client, NULL },
};

/* F-24 */
START_TEST(source_port)
{
	struct failure_incident i;
	struct world w;

	world_make(&w, RUF);
	w.m.envelope.client_port = port_rows[_i].port;
	port_rows[_i].change(&w);
	ck_assert(incident_of(&w, &i));
	ck_assert_uint_eq(count_of(i.feedback, "Source-Port: "), port_rows[_i].want != NULL);
	ck_assert(port_rows[_i].want == NULL || has(i.feedback, port_rows[_i].want));
	arena_free(&w.a);
}
END_TEST

/* F-13, F-14: of identifiers that are not aligned nothing is shown, unless the report is on that method. */
START_TEST(only_aligned_identifiers)
{
	struct failure_incident i;
	struct world w;

	world_make(&w, RUF);
	w.signatures[0].sig.domain = named("other.example");
	w.o.verdict.spf.r.domain = named("other.example");
	ck_assert(incident_of(&w, &i));
	ck_assert_uint_eq(count_of(i.feedback, "DKIM-"), 0);
	ck_assert_uint_eq(count_of(i.feedback, "SPF-DNS"), 0);
	w.author.discovery.record.failure_options = DMARC_FO_DKIM;
	ck_assert(incident_of(&w, &i));
	ck_assert(has(i.feedback, "DKIM-Domain: other.example"));
	ck_assert_uint_eq(count_of(i.feedback, "\tdkim=fail"), 1);
	w.author.discovery.record.failure_options = DMARC_FO_SPF;
	ck_assert(incident_of(&w, &i));
	ck_assert_uint_eq(count_of(i.feedback, "SPF-DNS"), 2);
	ck_assert_uint_eq(count_of(i.feedback, "\tspf=fail"), 1);
	arena_free(&w.a);
	world_make(&w, "v=DMARC1; p=reject; adkim=s; aspf=s; ruf=mailto:f@example.org");
	w.signatures[0].sig.domain = named("sub.example.org");
	ck_assert(incident_of(&w, &i));
	ck_assert_uint_eq(count_of(i.feedback, "DKIM-"), 0);
	ck_assert_uint_eq(count_of(i.feedback, "SPF-DNS"), 0);
	arena_free(&w.a);
}
END_TEST

static const struct {
	enum dkim_why why;
	enum auth_result result;
	const char *want;
} dkim_rows[] = {
	{ DKIM_WHY_BODY_HASH, AUTH_FAIL, "Auth-Failure: bodyhash" },
	{ DKIM_WHY_KEY_REVOKED, AUTH_PERMERROR, "Auth-Failure: revoked" },
	{ DKIM_WHY_SIGNATURE_WRONG, AUTH_FAIL, "Auth-Failure: signature" },
	{ DKIM_WHY_KEY_NONE, AUTH_PERMERROR, "Auth-Failure: signature" },
};

START_TEST(dkim_failures)
{
	struct failure_incident i;
	struct world w;

	world_make(&w, "v=DMARC1; p=reject; fo=d; ruf=mailto:f@example.org");
	w.signatures[0].why = dkim_rows[_i].why;
	w.signatures[0].result = dkim_rows[_i].result;
	ck_assert(incident_of(&w, &i));
	ck_assert(has(i.feedback, dkim_rows[_i].want));
	arena_free(&w.a);
}
END_TEST

/* What a domain's owner writes into SPF records and names stays one field. */
START_TEST(hostile_records)
{
	struct failure_incident i;
	char text[5000];
	struct world w;

	world_make(&w, RUF);
	memset(text, 'x', sizeof(text));
	w.used[0].text = slice_of(text, sizeof(text));
	w.used[1] = (struct spf_used){ SLICE("a\r\n\r\n--b"), SLICE("v=spf1 \r\nIncidents: 9\0\xff -all") };
	ck_assert(incident_of(&w, &i));
	ck_assert_uint_eq(count_of(i.feedback, "SPF-DNS"), 2);
	ck_assert_uint_eq(count_of(i.feedback, "Incidents"), 0);
	ck_assert(has(i.feedback, "SPF-DNS: txt : a?\?\?\?--b :"));
	for (struct slice rest = i.feedback; rest.len > 0;)
		ck_assert_uint_lt(slice_split(&rest, '\n').len, 998);
	for (size_t at = 0; at < sizeof(text); at++)
		text[at] = at % 5 == 0 ? ' ' : 'x';
	ck_assert(incident_of(&w, &i)); /* folded at its spaces */
	for (struct slice rest = i.feedback; rest.len > 0;)
		ck_assert_uint_lt(slice_split(&rest, '\n').len, 100);
	arena_free(&w.a);
}
END_TEST

/* --- folding (F-22) --------------------------------------------------------------------------------------------- */

static void other_subject(struct world *w) { w->m.headers[1].value = SLICE(" other"); }
static void other_selector(struct world *w) { w->signatures[0].sig.selector = named("s2"); }
static void other_envid(struct world *w) { w->m.envelope.envid = SLICE("x"); }
static void other_port(struct world *w) { w->m.envelope.client_port = 1; }
static void other_sender(struct world *w) { w->m.envelope.mail_from = SLICE("x@y.example"); }
static void neighbour(struct world *w) { ck_assert(ip_parse(SLICE("192.0.2.200"), &w->m.envelope.client)); }
static void stranger(struct world *w) { ck_assert(ip_parse(SLICE("192.0.3.7"), &w->m.envelope.client)); }
static void other_author(struct world *w) { w->author.domain = named("sub.example.org"); }
static void other_spf(struct world *w) { w->o.verdict.spf.r.result = AUTH_SOFTFAIL; }
static void other_reason(struct world *w) { w->signatures[0].why = DKIM_WHY_SIGNATURE_WRONG; }

static const struct {
	void (*change)(struct world *w);
	bool similar;
} similar_rows[] = {
	{ nothing, true }, { other_subject, true }, { other_selector, true }, { other_sender, true }, { neighbour, true },
	{ other_envid, true }, { other_port, true },
	{ stranger, false }, { other_author, false }, { accepted, false }, { other_spf, false }, { other_reason, false },
};

START_TEST(similar_incidents)
{
	struct failure_incident one, two;
	struct world w, x;

	world_make(&w, RUF);
	world_make(&x, RUF);
	similar_rows[_i].change(&x);
	ck_assert(incident_of(&w, &one) && incident_of(&x, &two));
	ck_assert_msg((memcmp(one.key, two.key, sizeof(one.key)) == 0) == similar_rows[_i].similar, "row %d", _i);
	arena_free(&w.a);
	arena_free(&x.a);
}
END_TEST

/* --- there and back, and the message ------------------------------------------------------------------------------ */

static void there_and_back(struct arena *a, const struct failure_incident *incident, struct failure_incident *out)
{
	struct buf encoded = BUF_INIT(LIMIT_HISTORY_ITEM);
	struct incident_octets octets;
	struct slice kept;

	failure_encode(incident, &encoded);
	kept = arena_take_buf(a, &encoded);
	ck_assert(failure_split(kept, &octets));
	ck_assert(failure_decode(&octets, out));
	for (size_t len = 0; len < kept.len; len++) { /* none of its beginnings is an incident */
		struct failure_incident part;

		ck_assert(!failure_split(slice_take(kept, len), &octets) || !failure_decode(&octets, &part));
	}
}

static struct slice next_part(struct slice *rest, struct slice delimiter)
{
	struct slice part = *rest;

	while (rest->len > 0 && !slice_starts_with(*rest, delimiter))
		*rest = slice_drop(*rest, 1);
	part.len -= rest->len;
	*rest = slice_drop(*rest, delimiter.len);
	return part;
}

/* F-06, F-07, F-22, F-23, F-26 */
START_TEST(the_message)
{
	struct report_sender by = { .from = SLICE("reports@mx.example"), .domain = named("mx.example"),
		.contact = SLICE("c@mx.example"), .salt = SECRET };
	struct failure_report r = { .count = 41, .variant = SLICE("abc") };
	struct failure_message one, two;
	struct failure_incident made;
	struct slice rest, delimiter;
	struct world w;

	world_make(&w, RUF);
	ck_assert(incident_of(&w, &made));
	there_and_back(w.a, &made, &r.incident);
	ck_assert_int_eq(failure_message(w.a, &r, &by, NOW + 10, &one), RC_OK);
	ck_assert_int_eq(failure_message(w.a, &r, &by, NOW + 10, &two), RC_OK);
	ck_slice_eq(one.octets, two.octets);
	ck_slice_eq(slice_take(one.subject, 10), SLICE("FW: Hello "));
	delimiter = arena_printf(w.a, "\r\n--assay-failure-%.*s", SLICE_ARG(one.id));
	rest = one.octets;
	(void)next_part(&rest, delimiter);
	ck_assert(slice_starts_with(next_part(&rest, delimiter), SLICE("\r\nContent-Type: text/plain")));
	ck_assert(slice_starts_with(next_part(&rest, delimiter),
	    SLICE("\r\nContent-Type: message/feedback-report\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
		"Feedback-Type: auth-failure\r\nUser-Agent: assay/" ASSAY_VERSION "\r\nVersion: 1\r\n"
		"Arrival-Date: Wed, 26 Nov 2025 00:00:00 +0000\r\nIncidents: 41\r\nAuth-Failure: dmarc\r\n")));
	ck_assert(slice_starts_with(next_part(&rest, delimiter), SLICE("\r\nContent-Type: text/rfc822-headers\r\n")));
	ck_slice_eq(rest, SLICE("--\r\n"));
	r.variant = SLICE("abd");
	ck_assert_int_eq(failure_message(w.a, &r, &by, NOW + 10, &two), RC_OK);
	ck_assert(!slice_eq(one.id, two.id));
	r.incident.subject = SLICE("");
	ck_assert_int_eq(failure_message(w.a, &r, &by, NOW + 10, &two), RC_OK);
	ck_slice_eq(two.subject, SLICE("FW: [redacted]"));
	arena_free(&w.a);
}
END_TEST

START_TEST(no_memory)
{
	for (size_t max = 100; max < 100000; max += 500) {
		struct failure_incident incident;
		struct world w;

		world_make(&w, RUF);
		w.m.arena = arena_create(max);
		(void)incident_of(&w, &incident);
		arena_free(&w.m.arena);
		arena_free(&w.a);
	}
}
END_TEST

Suite *failure_suite(void)
{
	Suite *s = suite_create("report/failure");

	UNIT_TABLE(s, failure_options, fo_rows);
	UNIT_TABLE(s, which_messages, message_rows);
	UNIT_TEST(s, fields);
	UNIT_TABLE(s, envelope_id, envelope_id_rows);
	UNIT_TABLE(s, source_port, port_rows);
	UNIT_TEST(s, only_aligned_identifiers);
	UNIT_TABLE(s, dkim_failures, dkim_rows);
	UNIT_TEST(s, hostile_records);
	UNIT_TABLE(s, similar_incidents, similar_rows);
	UNIT_TEST(s, the_message);
	UNIT_TEST(s, no_memory);
	return s;
}

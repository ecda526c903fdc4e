/* Lines of assayd's log, as writers of logs have them; and what only looks like one. */
#include "base/limits.h"
#include "cli/logentry.h"

#include "suites.h"

#define NOW 1795000000
#define JUDGED "4XyZ1: role=judge client=192.0.2.7 from=a@b.org author=b.org msgid=<1@b.org> spf=fail " \
	"dkim=pass(b.org/s1),fail(c.org/s2) dmarc=fail(p=reject) action=accept would=reject ms=31 " \
	"why=b.org fails DMARC (p=reject)"
#define JSON(more) "{\"version\":1,\"queue_id\":\"4XyZ1\",\"class\":\"external\"" more "}"

static const struct {
	const char *line;
	enum log_field field;
	const char *want; /* NULL: absent */
	int64_t time;
} good_rows[] = {
	/* prefixes */
	{ JUDGED, LOG_CLIENT, "192.0.2.7", -1 },
	{ "assayd: " JUDGED, LOG_CLIENT, "192.0.2.7", -1 },
	{ "<6>" JUDGED, LOG_CLIENT, "192.0.2.7", -1 },
	{ "2026-11-18T11:06:40+0000 assayd[7]: " JUDGED, LOG_CLIENT, "192.0.2.7", NOW },
	{ "2026-11-18T11:06:40.5+00:00 mx assayd[7]: " JUDGED, LOG_CLIENT, "192.0.2.7", NOW },
	{ "2026-11-18T12:06:40+0100 mx.example assayd: " JUDGED, LOG_CLIENT, "192.0.2.7", NOW },
	{ "Nov 18 11:06:40 mx assayd[7]: " JUDGED, LOG_CLIENT, "192.0.2.7", NOW },
	{ "<22>Nov 18 11:06:40 mx assayd[7]: " JUDGED, LOG_CLIENT, "192.0.2.7", NOW },
	/* fields */
	{ JUDGED, LOG_MAIL_FROM, "a@b.org", -1 },
	{ JUDGED, LOG_DKIM, "pass(b.org/s1),fail(c.org/s2)", -1 },
	{ JUDGED, LOG_DMARC, "fail", -1 },
	{ JUDGED, LOG_POLICY, "reject", -1 },
	{ JUDGED, LOG_WOULD, "reject", -1 },
	{ JUDGED, LOG_WHY, "b.org fails DMARC (p=reject)", -1 },
	{ JUDGED, LOG_USER, NULL, -1 },
	{ "Q: role=judge from=<> dmarc=none", LOG_MAIL_FROM, "<>", -1 },
	{ "Q: role=judge from=<> dmarc=none", LOG_DMARC, "none", -1 },
	{ "Q: role=sign user=joe author=b.org signed=- why=no key for b.org", LOG_SIGNED, NULL, -1 },
	{ "Q: role=sign user=joe author=b.org signed=- why=no key for b.org", LOG_WHY, "no key for b.org", -1 },
	{ "Q: role=pass", LOG_CLIENT, NULL, -1 },
	/* a later field of the same name is not believed, and why= is the end */
	{ "Q: role=judge action=accept action=reject", LOG_ACTION, "accept", -1 },
	{ "Q: role=judge why=x action=reject", LOG_ACTION, NULL, -1 },
	{ "Q: role=judge why=x action=reject", LOG_WHY, "x action=reject", -1 },
	{ "Q: role=judge new=1 action=accept", LOG_ACTION, "accept", -1 },
	{ "Q: role=judge action  dmarc=pass", LOG_DMARC, "pass", -1 },
	{ "Q: role=judge dmarc=fail(p=", LOG_POLICY, NULL, -1 },
	/* "Escapes in logs": somebody else has written the line */
	{ "Q: role=judge from=a\x1b[2J\xff@b.org x", LOG_MAIL_FROM, "a\\x1b[2J\\xff@b.org", -1 },
	{ "Q\x1b: role=judge from=a\xe2\x80\xae@b.org", LOG_MAIL_FROM, "a\\xe2\\x80\\xae@b.org", -1 },
	{ "Q: role=judge from=a\\x20b@c why=\tx y", LOG_MAIL_FROM, "a\\x20b@c", -1 },
	{ "Q: role=judge from=a\\x20b@c why=\tx y", LOG_WHY, "\\x09x y", -1 },
	/* JSON */
	{ JSON(",\"client\":{\"ip\":\"192.0.2.7\",\"helo\":\"mx\",\"auth\":\"joe\"}"), LOG_HELO, "mx", -1 },
	{ JSON(",\"client\":{\"ip\":\"192.0.2.7\"}"), LOG_CLIENT, "192.0.2.7", -1 },
	{ JSON(",\"client\":7"), LOG_CLIENT, NULL, -1 },
	{ JSON(",\"time\":1795000000"), LOG_CLASS, "external", NOW },
	{ "2026-11-18T11:06:41Z mx assayd[7]: " JSON(",\"time\":1795000000"), LOG_CLASS, "external", NOW },
	{ JSON(",\"mail_from\":\"\""), LOG_MAIL_FROM, "<>", -1 },
	{ JSON(",\"mail_from\":\"a b\\n@c\""), LOG_MAIL_FROM, "a\\x20b\\x0a@c", -1 },
	{ JSON(",\"author\":[\"b.org\",\"c.org\"]"), LOG_AUTHOR, "b.org,c.org", -1 },
	{ JSON(",\"dkim\":[]"), LOG_DKIM, "none", -1 },
	{ JSON(",\"dkim\":[{\"result\":\"pass\",\"domain\":\"b.org\",\"selector\":\"s\"},{}]"), LOG_DKIM,
	    "pass(b.org/s),(/)", -1 },
	{ JSON(",\"dkim\":[{\"result\":\"fail\",\"domain\":\"x/s),pass(b.org\",\"selector\":\"s\"}]"), LOG_DKIM,
	    "fail(x\\x2fs\\x29\\x2cpass\\x28b.org/s)", -1 },
	{ JSON(",\"dmarc\":{\"result\":\"fail\",\"authors\":[{\"policy\":\"reject\"}]}"), LOG_POLICY, "reject", -1 },
	{ JSON(",\"dmarc\":{\"overrides\":[{\"type\":\"mailing_list\"}]}"), LOG_OVERRIDE, "mailing_list", -1 },
	{ JSON(",\"spf\":{\"result\":\"fail\",\"reason\":{\"text\":\"-all of b.org\"}}"), LOG_SPF_REASON,
	    "-all of b.org", -1 },
	{ JSON(",\"action\":\"accept\",\"would\":\"reject\""), LOG_WOULD, "reject", -1 },
	{ JSON(",\"action\":\"accept\",\"would\":\"accept\""), LOG_WOULD, NULL, -1 },
	{ JSON(",\"ending\":\"aborted\""), LOG_ABORTED, "yes", -1 },
	{ JSON(",\"ending\":\"not applied\""), LOG_APPLIED, "no", -1 },
	{ JSON(",\"signed\":[{\"domain\":\"b.org\",\"selector\":\"s\"}]"), LOG_SIGNED, "b.org/s", -1 },
};

START_TEST(good)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct log_entry e;
	struct slice got;

	ck_assert_int_eq(log_entry_parse(a, slice_str(good_rows[_i].line), NOW, &e), LOG_LINE_MESSAGE);
	got = e.field[good_rows[_i].field];
	if (good_rows[_i].want == NULL)
		ck_assert_msg(slice_is_null(got), "%.*s", SLICE_ARG(got));
	else
		ck_assert_msg(slice_eq(got, slice_str(good_rows[_i].want)), "%.*s", SLICE_ARG(got));
	ck_assert_int_eq(e.time, good_rows[_i].time);
	arena_free(&a);
}
END_TEST

static const struct {
	const char *line;
	enum log_line want;
} other_rows[] = {
	{ "", LOG_LINE_OTHER },
	{ " " JUDGED, LOG_LINE_OTHER },
	{ "configuration 2 is in force", LOG_LINE_OTHER },
	{ "role=judge", LOG_LINE_OTHER },
	{ ": role=judge", LOG_LINE_OTHER },
	{ "Q: role=", LOG_LINE_OTHER },
	{ "Q: role=king action=reject", LOG_LINE_OTHER },
	{ "Q: rol", LOG_LINE_OTHER },
	{ "Q role=judge", LOG_LINE_OTHER },
	/* other programs, whose lines contain text of strangers */
	{ "Nov 18 11:06:40 mx postfix/smtpd[7]: " JUDGED, LOG_LINE_OTHER },
	{ "Nov 18 11:06:40 mx postfix/smtpd[7]: NOQUEUE: reject: assayd[7]: " JUDGED, LOG_LINE_OTHER },
	{ "2026-11-18T11:06:40+00:00 mx rspamd[7]: " JSON(""), LOG_LINE_OTHER },
	{ "2026-11-18T11:06:40+00:00 mx xassayd[7]: " JUDGED, LOG_LINE_OTHER },
	{ "2026-11-18T11:06:40+00:00 mx assayd2: " JUDGED, LOG_LINE_OTHER },
	{ "2026-11-18T11:06:40+00:00 mx assayd[7: " JUDGED, LOG_LINE_OTHER },
	{ "2026-11-18T11:06:40+00:00 mx assayd[]: " JUDGED, LOG_LINE_OTHER },
	{ "2026-11-18T11:06:40+00:00 mx assayd[7] " JUDGED, LOG_LINE_OTHER },
	{ "2026-11-18T11:06:40+00:00 mx two assayd[7]: " JUDGED, LOG_LINE_OTHER },
	{ "2026-11-18T11:06:40+00:00 " JUDGED, LOG_LINE_OTHER },
	{ "2026-11-18T11:06:40+00:00", LOG_LINE_OTHER },
	/* JSON of others, and what a writer has cut */
	{ "{}", LOG_LINE_OTHER },
	{ "{\"version\":1}", LOG_LINE_OTHER },
	{ "{\"version\":\"1\",\"class\":\"external\"}", LOG_LINE_OTHER },
	{ "{\"version\":1,\"class\":7}", LOG_LINE_OTHER },
	{ "{\"version\":1,\"class\":\"exter", LOG_LINE_BROKEN },
	{ "{\"version\":1,\"class\":\"external\"} x", LOG_LINE_BROKEN },
	{ "{", LOG_LINE_BROKEN },
};

START_TEST(others)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct log_entry e;

	ck_assert_int_eq(log_entry_parse(a, slice_str(other_rows[_i].line), NOW, &e), other_rows[_i].want);
	arena_free(&a);
}
END_TEST

START_TEST(signatures)
{
	struct slice rest = SLICE("pass(b.org/s1),fail(c.org/),none,(,)x(/");
	static const char *const want[][3] = {
		{ "pass", "b.org", "s1" }, { "fail", "c.org", "" }, { "none", "", "" }, { "", "", "" },
		{ ")x", "", "" },
	};
	struct log_signature s;

	for (size_t i = 0; i < N_ELEMENTS(want); i++) {
		ck_assert(log_signature_next(&rest, &s));
		ck_assert(slice_eq(s.result, slice_str(want[i][0])));
		ck_assert(slice_eq(s.domain, slice_str(want[i][1])));
		ck_assert(slice_eq(s.selector, slice_str(want[i][2])));
	}
	ck_assert(!log_signature_next(&rest, &s));
}
END_TEST

Suite *logentry_suite(void)
{
	Suite *s = suite_create("logentry");

	UNIT_TABLE(s, good, good_rows);
	UNIT_TABLE(s, others, other_rows);
	UNIT_TEST(s, signatures);
	return s;
}

#include "trial.h"

static const struct {
	const char *name;
	const char *from[3]; /* values of From fields */
	bool null_sender;
	char want;
	const char *enhanced;
} froms[] = {
	{ "D_11 none", { NULL }, false, 'R', "5.6.0" },
	{ "D_11 empty", { "" }, false, 'R', "5.6.0" },
	{ "D_11 two fields", { "a@example.org", "b@example.net" }, false, 'R', "5.7.1" },
	{ "D_50 an address literal", { "joe@[192.0.2.7]" }, false, 'R', "5.6.0" },
	{ "D_11 no address", { "joe" }, false, 'R', "5.6.0" },
	{ "D_11 an empty group", { "undisclosed:;" }, false, 'R', "5.6.0" },
	{ "bounce: none", { NULL }, true, 'A', NULL },
	{ "bounce: MAILER-DAEMON", { "MAILER-DAEMON" }, true, 'A', NULL },
	{ "bounce: MAILER-DAEMON with a name", { "MAILER-DAEMON (Mail Delivery System)" }, true, 'A',
		NULL },
	{ "bounce: MAILER-DAEMON at an address", { "Mailer-Daemon@[192.0.2.7]" }, true, 'A', NULL },
	{ "bounce: null address", { "Mail Delivery System <>" }, true, 'A', NULL },
	{ "bounce: somebody at an address", { "joe@[192.0.2.7]" }, true, 'R', "5.6.0" },
	{ "bounce: two people", { "x@bank.example y@evil.example" }, true, 'R', "5.6.0" },
	{ "bounce: MAILER-DAEMON and somebody", { "MAILER-DAEMON@[192.0.2.7] x@bank@bank.example" },
		true, 'R', "5.6.0" },
	{ "bounce: MAILER-DAEMON of somebody's domain, and somebody",
		{ "MAILER-DAEMON@bank.example MAILER-DAEMON@evil.example" }, true, 'R', "5.6.0" },
	{ "bounce: accepted 1", { "MAILER-DAEMON@[192.0.2.1]" }, true, 'A', NULL },
	{ "bounce: accepted 2", { "Mail Delivery System <MAILER-DAEMON@[192.0.2.1]>" }, true, 'A', NULL },
	{ "bounce: accepted 3", { "Mail System\r\n <mailer-daemon@[IPv6:2001:db8::1]> " }, true, 'A', NULL },
	{ "bounce: accepted 4", { "=?iso-2022-jp?b?GyRCRnxLXBsoQg==?= <>" }, true, 'A', NULL },
	{ "bounce: refused 1", { "Bank <ceo-MAILER-DAEMON@[192.0.2.1].bank.example>" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 2", { "Bank CEO <ceo.MAILER-DAEMON@[192.0.2.1]bank.example>" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 3", { "MAILER-DAEMON@[ceo%bank.example]" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 4", { "MAILER-DAEMON@[192.0.2.1] <ceo%bank.example>" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 5", { "<ceo%bank.example> MAILER-DAEMON@[192.0.2.1]" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 6", { "x <MAILER-DAEMON@[192.0.2.1]" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 7", { "MAILER-DAEMON@[192.0.2.1]>" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 8", { "<MAILER-DAEMON@[192.0.2.1]> x" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 9", { "ceo.MAILER-DAEMON@[192.0.2.1]" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 10", { "MAILER-DAEMON@[192.0.2.1" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 11", { "MAILER-DAEMON@192.0.2.1]" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 12", { "MAILER-DAEMON@[]" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 13", { "MAILER-DAEMON@" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 14", { "MAILER-DAEMON@[IPv6:192.0.2.1]" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 15", { "=?utf-8?b?Y2VvQ?= =?utf-8?b?GJhbmsuZXhhbXBsZQ==?=" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 16", { "=?utf-8?q?CEO_<ceo=?= =?utf-8?q?40bank.example>?=" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 17", { "=?utf-8?q?ceo=\r\n 40bank.example?=" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 18", { "=?iso-2022-jp?b?Y2VvGyQoQiF3GyhCYmFuay5leGFtcGxl?=" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 19", { "=?gbk?q?ceo=A9=88bank.example?=" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 20", { "=?big5?q?ceo=A2=4Ebank.example?=" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 21", { "ceo\xa3\xc0" "bank.example" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 22", { "ceo\x81\x97" "bank.example" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 23", { "ceo\x1b$B!w\x1b(Bbank.example" },
		true, 'R', "5.6.0" },
	{ "bounce: refused 24", { "\"=\\?utf-8?q?ceo=40bank.example?=\"" },
		true, 'R', "5.6.0" },
	{ "bounce: raw ISO-2022-JP", { "ceo\x1b$B!w\x1b(Bbank.example" }, true, 'R', "5.6.0" },
	{ "bounce: two fields", { "MAILER-DAEMON", "x@bank.example" }, true, 'R', "5.7.1" },
	{ "too many domains, a ceiling even for bounces", { "@@many" }, true, 'R', "5.7.1" },
};

static void add_many_authors(struct message *m)
{
	struct buf value = BUF_INIT(4096);

	for (int i = 0; i < 11; i++)
		buf_addf(&value, "%sa@d%d.example", i == 0 ? " " : ", ", i);
	message_add_header(m, SLICE("From"), buf_slice(&value));
	buf_free(&value);
}

static void from_message(int row, struct message *m)
{
	m->envelope.mail_from = froms[row].null_sender ? SLICE("") : SLICE("a@example.org");
	for (size_t i = 0; i < 3 && froms[row].from[i] != NULL; i++) {
		struct slice value = slice_str(froms[row].from[i]);

		if (slice_eq(value, SLICE("@@many")))
			add_many_authors(m);
		else
			message_add_header(m, SLICE("From"), value);
	}
}

START_TEST(from_rows)
{
	struct trial t;

	trial_blank(&t);
	from_message(_i, &t.m);
	authors_of_message(&t.m, &t.v.authors);
	ck_assert_msg(t.v.authors.status != FROM_OK, "row %d (%s): has an author", _i, froms[_i].name);
	t.v.dmarc.result = AUTH_PERMERROR;
	trial_decide(&t, CLASS_EXTERNAL);
	trial_expect(&t, _i, froms[_i].name, froms[_i].want);
	if (froms[_i].enhanced != NULL)
		ck_assert_msg(t.got.reply.code == 550 && strcmp(t.got.reply.enhanced, froms[_i].enhanced) == 0,
		    "row %d (%s): %d %s", _i, froms[_i].name, t.got.reply.code, t.got.reply.enhanced);
	trial_end(&t);
}
END_TEST

/* Each status has a setting of its own; what is wrong stays wrong: no 4xx.  A ceiling is never an acceptance. */
static const struct {
	enum from_status status;
	enum action set, others;
	char want;
} setting_rows[] = {
	{ FROM_MISSING, ACTION_ACCEPT, ACTION_REJECT, 'A' },
	{ FROM_MISSING, ACTION_QUARANTINE, ACTION_REJECT, 'Q' },
	{ FROM_MISSING, ACTION_TEMPFAIL, ACTION_ACCEPT, 'R' },
	{ FROM_MISSING, ACTION_REJECT, ACTION_ACCEPT, 'R' },
	{ FROM_MULTIPLE, ACTION_ACCEPT, ACTION_REJECT, 'A' },
	{ FROM_MULTIPLE, ACTION_TEMPFAIL, ACTION_ACCEPT, 'R' },
	{ FROM_MULTIPLE, ACTION_REJECT, ACTION_ACCEPT, 'R' },
	{ FROM_INVALID, ACTION_ACCEPT, ACTION_REJECT, 'A' },
	{ FROM_INVALID, ACTION_TEMPFAIL, ACTION_ACCEPT, 'R' },
	{ FROM_INVALID, ACTION_REJECT, ACTION_ACCEPT, 'R' },
	{ FROM_TOO_MANY, ACTION_ACCEPT, ACTION_ACCEPT, 'R' },
	{ FROM_TOO_MANY, ACTION_QUARANTINE, ACTION_ACCEPT, 'Q' },
	{ FROM_TOO_MANY, ACTION_TEMPFAIL, ACTION_ACCEPT, 'T' },
	{ FROM_TOO_MANY, ACTION_REJECT, ACTION_ACCEPT, 'R' },
};

START_TEST(from_settings)
{
	struct trial t;
	struct dmarc_actions *set = &t.p.dmarc_actions;
	enum action *const settings[] = { [FROM_MISSING] = &set->from_missing, [FROM_MULTIPLE] = &set->from_multiple,
		[FROM_INVALID] = &set->from_invalid, [FROM_TOO_MANY] = &t.p.on_exceed };

	trial_blank(&t);
	for (size_t i = 0; i < N_ELEMENTS(settings); i++)
		if (settings[i] != NULL)
			*settings[i] = setting_rows[_i].others;
	*settings[setting_rows[_i].status] = setting_rows[_i].set;
	t.v.authors.status = setting_rows[_i].status;
	trial_decide(&t, CLASS_EXTERNAL);
	trial_expect(&t, _i, from_status_text(setting_rows[_i].status), setting_rows[_i].want);
	trial_end(&t);
}
END_TEST

Suite *demand_from_suite(void)
{
	Suite *s = suite_create("demand from");

	UNIT_TABLE(s, from_rows, froms);
	UNIT_TABLE(s, from_settings, setting_rows);
	return s;
}

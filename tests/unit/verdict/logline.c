#include "base/limits.h"
#include "verdict/logline.h"

#include "world.h"

#define ZONE \
	"example.org TXT v=spf1 ip4:192.0.2.7 -all\n" \
	"_dmarc.example.org TXT v=DMARC1; p=reject\n"

static struct slice line_of(struct world *w, const struct outcome *o, int64_t ms)
{
	struct buf line = BUF_INIT(64u * 1024);
	struct outcome timed = *o;

	timed.elapsed_ms = ms;
	outcome_log_line(&timed, &line);
	ck_assert_uint_le(line.len, LIMIT_LOG_LINE);
	return arena_take_buf(w->a, &line);
}

START_TEST(judged)
{
	struct world w;

	world_open(&w, ZONE);
	ck_slice_eq(line_of(&w, world_run(&w, SLICE("From: joe@example.org\n"
		"Message-ID: <1@example.org>\n\nx\n")), 31),
	    SLICE("4TEST: role=judge client=192.0.2.7 from=joe@example.org author=example.org "
		"msgid=<1@example.org> spf=pass dkim=none dmarc=pass(p=reject) action=accept ms=31"));
	world_close(&w);
}
END_TEST

START_TEST(judged_and_refused)
{
	struct world w;

	world_open(&w, ZONE);
	world_client(&w, "2001:db8::1");
	w.envelope.queue_id = SLICE_NULL;
	w.policy.enforce = ENFORCE_NO;
	ck_slice_eq(line_of(&w, world_run(&w, SLICE("From: joe@example.org\n\nx\n")), 0),
	    SLICE("NOQUEUE: role=judge client=2001:db8::1 from=joe@example.org author=example.org "
		"msgid=- spf=fail dkim=none dmarc=fail(p=reject) action=accept would=reject ms=0 "
		"why=example.org fails DMARC (p=reject)"));
	world_close(&w);
}
END_TEST

START_TEST(null_sender_and_no_author)
{
	struct world w;

	world_open(&w, ZONE);
	w.envelope.mail_from = SLICE("");
	w.envelope.client = (struct ip){ .family = IP_NONE };
	ck_slice_eq(line_of(&w, world_run(&w, SLICE("Subject: x\n\nx\n")), 1),
	    SLICE("4TEST: role=judge client=unknown from=<> author=- msgid=- spf=- dkim=none "
		"dmarc=permerror action=accept ms=1"));
	world_close(&w);
}
END_TEST

START_TEST(signed_and_not)
{
	struct world w;

	world_open(&w, ZONE);
	w.envelope.auth_user = SLICE("joe");
	ck_slice_eq(line_of(&w, world_run(&w, SLICE("From: joe@gmail.com\n\nx\n")), 1),
	    SLICE("4TEST: role=sign user=joe author=gmail.com signed=- why=no keys are configured"));
	w.envelope.auth_user = SLICE_NULL;
	world_client(&w, "127.0.0.1");
	ck_slice_eq(line_of(&w, world_run(&w, SLICE("From: joe@gmail.com\n\nx\n")), 1),
	    SLICE("4TEST: role=sign client=127.0.0.1 author=gmail.com signed=- "
		"why=no keys are configured"));
	world_close(&w);
}
END_TEST

START_TEST(several_signatures)
{
	struct signed_by both[] = { { SLICE("b.org"), SLICE("s1"), KEY_RSA },
		{ SLICE("b.org"), SLICE("e1"), KEY_ED25519 } };
	struct message m = { .envelope = { .queue_id = SLICE("Q"), .auth_user = SLICE("a b") } };
	struct outcome o = { .class = CLASS_AUTHENTICATED, .message = &m, .signatures = both,
		.signature_count = 2 };
	struct world w;

	world_open(&w, ZONE);
	ck_slice_eq(line_of(&w, &o, 1),
	    SLICE("Q: role=sign user=a\\x20b author=- signed=b.org/s1,b.org/e1"));
	world_close(&w);
}
END_TEST

START_TEST(passed_on)
{
	static int ports[] = { 10026 };
	struct world w;

	world_open(&w, ZONE);
	world_client(&w, "127.0.0.1");
	w.envelope.port = 10025;
	ck_slice_eq(line_of(&w, world_run(&w, SLICE("Received: x\nFrom: joe@gmail.com\n\nx\n")), 1),
	    SLICE("4TEST: role=pass client=127.0.0.1 from=joe@example.org why=re-injected over "
	    "loopback on port 10025, so its origin is not known: a content filter belongs on a port "
	    "in pass-ports, a list manager or webmail on a listener in sign-reinjected"));
	w.envelope.port = 10026;
	w.policy.pass_ports = (struct port_list){ ports, 1, 1 };
	ck_slice_eq(line_of(&w, world_run(&w, SLICE("Received: x\nFrom: joe@gmail.com\n\nx\n")), 1),
	    SLICE("4TEST: role=pass client=127.0.0.1 from=joe@example.org"));
	world_close(&w);
}
END_TEST

/* Whatever is sent, it is one line, its fields stay apart, and the verdict is on it. */
static const struct {
	const char *text;
} hostile[] = {
	{ "a b" }, { "a\nb: role=judge" }, { "a\r\n" }, { "a\tb" }, { "\001\002\177" },
	{ "\377\376" }, { "\\" }, { "a action=accept" }, { "\xe2\x80\xae" }, { "=" },
};

START_TEST(hostile_rows)
{
	struct slice text = slice_str(hostile[_i].text), line;
	struct world w;
	struct message m;
	struct outcome o = { .class = CLASS_EXTERNAL, .message = &m,
		.verdict = { .spf_checked = true } };
	unsigned equals = 0;

	world_open(&w, ZONE);
	message_init(&m, w.a);
	m.envelope.queue_id = m.envelope.mail_from = text;
	message_add_header(&m, SLICE("Message-ID"), arena_printf(w.a, "x%s", hostile[_i].text));
	line = line_of(&w, &o, 1);
	for (size_t i = 0; i < line.len; i++) {
		ck_assert_msg((unsigned char)line.ptr[i] >= ' ' && line.ptr[i] != 0x7f, "row %d: %.*s", _i,
		    SLICE_ARG(line));
		if (line.ptr[i] == ' ')
			equals++;
	}
	ck_assert_msg(equals == 8, "row %d: %.*s", _i, SLICE_ARG(line));
	ck_assert_ptr_nonnull(memmem(line.ptr, line.len, " action=accept ms=1", 19));
	world_close(&w);
}
END_TEST

START_TEST(nothing_pushes_the_verdict_off)
{
	struct world w;
	struct message m;
	struct outcome o = { .class = CLASS_EXTERNAL, .message = &m, .verdict = {
		.spf_checked = true, .dkim_checked = true, .dmarc_checked = true } };
	struct dkim_result *items;
	struct slice line, big;
	char octets[3000];

	world_open(&w, ZONE);
	memset(octets, '\001', sizeof(octets));
	big = slice_of(octets, sizeof(octets));
	items = arena_new_array(w.a, 9000, struct dkim_result);
	for (size_t i = 0; i < 9000; i++)
		items[i].sig.domain_text = items[i].sig.selector_text = big;
	o.verdict.dkim = (struct dkim_results){ .items = items, .count = 9000 };
	message_init(&m, w.a);
	m.envelope.queue_id = m.envelope.mail_from = big;
	message_add_header(&m, SLICE("Message-ID"), big);
	o.actions.why = big;
	line = line_of(&w, &o, 1);
	ck_assert_ptr_nonnull(memmem(line.ptr, line.len, " spf=none ", 10));
	ck_assert_ptr_nonnull(memmem(line.ptr, line.len, " dmarc=none action=accept ms=1 why=", 35));
	world_close(&w);
}
END_TEST

Suite *logline_suite(void)
{
	Suite *s = suite_create("logline");

	UNIT_TEST(s, judged);
	UNIT_TEST(s, judged_and_refused);
	UNIT_TEST(s, null_sender_and_no_author);
	UNIT_TEST(s, signed_and_not);
	UNIT_TEST(s, several_signatures);
	UNIT_TEST(s, passed_on);
	UNIT_TABLE(s, hostile_rows, hostile);
	UNIT_TEST(s, nothing_pushes_the_verdict_off);
	return s;
}

#include <stdio.h>

#include <jansson.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "verdict/json.h"
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
		"msgid=<1@example.org> spf=pass dkim=none dmarc=pass(p=reject) action=accept ms=31 class=external "
		"helo=mail.example.org port=25 rcpt=0 spf-helo=none edits=1"));
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
		"class=external helo=mail.example.org port=25 rcpt=0 spf-helo=none override=local_policy edits=1 "
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
		"dmarc=permerror action=accept ms=1 class=external helo=mail.example.org port=25 rcpt=0 "
		"edits=1"));
	world_close(&w);
}
END_TEST

START_TEST(signed_and_not)
{
	struct world w;

	world_open(&w, ZONE);
	w.envelope.auth_user = SLICE("joe");
	ck_slice_eq(line_of(&w, world_run(&w, SLICE("From: joe@gmail.com\n\nx\n")), 1),
	    SLICE("4TEST: role=sign client=192.0.2.7 user=joe from=joe@example.org author=gmail.com msgid=- "
		"signed=- ms=1 class=authenticated helo=mail.example.org port=25 rcpt=0 unsigned=no-key "
		"why=no keys are configured"));
	w.envelope.auth_user = SLICE_NULL;
	world_client(&w, "127.0.0.1");
	ck_slice_eq(line_of(&w, world_run(&w, SLICE("From: joe@gmail.com\n\nx\n")), 1),
	    SLICE("4TEST: role=sign client=127.0.0.1 from=joe@example.org author=gmail.com msgid=- signed=- ms=1 "
		"class=internal helo=mail.example.org port=25 rcpt=0 unsigned=no-key "
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
	    SLICE("Q: role=sign client=unknown user=a\\x20b from=<> author=- msgid=- signed=b.org/s1,b.org/e1 ms=1 "
		"class=authenticated port=0 rcpt=0"));
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
	    SLICE("4TEST: role=pass client=127.0.0.1 from=joe@example.org author=gmail.com msgid=- ms=1 "
	    "class=reinjected helo=mail.example.org port=10025 rcpt=0 unsigned=reinjected why=re-injected over "
	    "loopback on port 10025, so its origin is not known: a content filter belongs on a port "
	    "in pass-ports, a list manager or webmail on a listener in sign-reinjected"));
	w.envelope.port = 10026;
	w.policy.pass_ports = (struct port_list){ ports, 1, 1 };
	ck_slice_eq(line_of(&w, world_run(&w, SLICE("Received: x\nFrom: joe@gmail.com\n\nx\n")), 1),
	    SLICE("4TEST: role=pass client=127.0.0.1 from=joe@example.org author=gmail.com msgid=- ms=1 class=pass-port "
	    "helo=mail.example.org port=10026 rcpt=0"));
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
	ck_assert_msg(equals == 11, "row %d: %.*s", _i, SLICE_ARG(line));
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
	m.envelope.queue_id = m.envelope.mail_from = m.envelope.auth_user = big;
	m.envelope.helo = m.envelope.client_name = big;
	message_add_header(&m, SLICE("Message-ID"), big);
	o.actions.why = big;
	line = line_of(&w, &o, 1);
	ck_assert_ptr_nonnull(memmem(line.ptr, line.len, " spf=none ", 10));
	ck_assert_ptr_nonnull(memmem(line.ptr, line.len, " dmarc=none action=accept ms=1 class=external ", 46));
	world_close(&w);
}
END_TEST

/* "Blob in the log": the journal shows a line that is not UTF-8 as "blob data"; a sender must not get one. */
START_TEST(cuts_leave_utf8)
{
	struct message m;
	struct outcome o = { .class = CLASS_EXTERNAL, .message = &m };
	struct world w;
	char euros[2000];

	for (size_t i = 0; i < sizeof(euros); i++)
		euros[i] = "\xe2\x82\xac"[i % 3];
	for (size_t shift = 0; shift < 3; shift++) {
		struct slice text = { euros + 3 - shift, 1800 + shift };

		world_open(&w, ZONE);
		message_init(&m, w.a);
		m.envelope.mail_from = m.envelope.auth_user = m.envelope.helo = m.envelope.client_name = text;
		m.envelope.queue_id = text;
		message_add_header(&m, SLICE("Message-ID"), text);
		o.actions.why = text;
		ck_assert(utf8_valid(line_of(&w, &o, 1)));
		world_close(&w);
	}
}
END_TEST

/* --- the same facts as text and as JSON --------------------------------------------------------- */

/*
 * Where each fact is.  text NULL: JSON alone has it, since a line has a stamp of its own, or since it is a
 * detail of the fact before it.  json: the name, or the path of one within an object.
 */
static const struct {
	const char *text, *json;
} facts[] = {
	{ "role", "role" }, { "class", "class" }, { NULL, "version" }, { NULL, "time" },
	{ "client", "client.ip" }, { "helo", "client.helo" }, { "name", "client.name" },
	{ "user", "client.auth" }, { "port", "client.port" },
	{ "from", "mail_from" }, { "rcpt", "rcpt" }, { "author", "author" }, { "msgid", "message_id" },
	{ "spf", "spf" }, { "spf-helo", "helo" }, { "dkim", "dkim" }, { "arc", "arc" }, { "dmarc", "dmarc" },
	{ "override", "dmarc.overrides" }, { "local-trouble", "local_trouble" },
	{ "signed", "signed" }, { "unsigned", "unsigned_code" }, { "sealed", "sealed" },
	{ "action", "action" }, { "would", "would" }, { "applied", "ending" }, { "hold", "hold" },
	{ "reply", "reply" }, { "edits", "edits" }, { "ms", "ms" }, { "why", "why" },
	{ NULL, "queue_id" }, /* before the colon of the line */
	{ NULL, "unsigned" }, { NULL, "unsealed" }, /* why=, where nothing else decided */
};

/* A message about which everything can be said at once. */
static struct outcome everything(struct world *w)
{
	static struct signed_by by[] = { { SLICE("b.org"), SLICE("s1"), KEY_RSA } };
	static struct override overrides[] = { { OVERRIDE_MAILING_LIST, SLICE("x") } };
	static struct edit edits[] = { { .op = EDIT_DELETE, .name = SLICE("X") } };
	struct outcome o;

	w->envelope.auth_user = SLICE("joe");
	w->envelope.helo = SLICE("mx.example.org");
	w->envelope.client_name = SLICE("mx.example.org");
	o = *world_run(w, SLICE("From: joe@example.org\nMessage-ID: <1@example.org>\n\nx\n"));
	o.class = CLASS_EXTERNAL;
	o.time = WORLD_NOW;
	o.elapsed_ms = 1;
	o.ending = OUTCOME_NOT_APPLIED;
	o.verdict.spf_checked = o.verdict.dkim_checked = o.verdict.dmarc_checked = true;
	o.verdict.arc_checked = o.verdict.local_trouble = true;
	o.verdict.arc.result = AUTH_FAIL;
	o.signatures = by;
	o.signature_count = 1;
	o.unsigned_why = SIGNING_MISMATCH;
	o.unsigned_reason = o.unsealed_reason = o.actions.why = SLICE("some words");
	o.sealed = (struct sealed_by){ SLICE("b.org"), SLICE("a1"), 1 };
	o.actions.would = ACTION_REJECT;
	o.actions.hold = true;
	o.actions.hold_reason = SLICE("held");
	o.actions.reply = (struct reply){ 550, "5.7.26", SLICE("no") };
	o.actions.overrides = overrides;
	o.actions.override_count = 1;
	o.actions.edits = edits;
	o.actions.edit_count = 1;
	return o;
}

static bool is_text_fact(struct slice name)
{
	for (size_t i = 0; i < N_ELEMENTS(facts); i++)
		if (facts[i].text != NULL && slice_eq(name, slice_str(facts[i].text)))
			return true;
	return false;
}

static bool is_json_fact(const char *name)
{
	for (size_t i = 0; i < N_ELEMENTS(facts); i++) {
		struct slice rest = slice_str(facts[i].json), first = slice_split(&rest, '.');

		if (slice_eq(first, slice_str(name)))
			return true;
	}
	return false;
}

static json_t *find(json_t *object, const char *path)
{
	struct slice rest = slice_str(path);

	while (!slice_is_null(rest) && object != NULL) {
		struct slice part = slice_split(&rest, '.');
		char name[40];

		snprintf(name, sizeof(name), "%.*s", SLICE_ARG(part));
		object = json_object_get(object, name);
	}
	return object;
}

/* Each fact is in both forms, and neither has one that the table does not know. */
START_TEST(same_facts)
{
	struct buf text = BUF_INIT(64u * 1024), fields = BUF_INIT(64u * 1024);
	struct slice line, rest;
	const char *name;
	json_t *json, *value;
	struct world w;
	struct outcome o;

	world_open(&w, ZONE);
	o = everything(&w);
	line = line_of(&w, &o, 1);
	ck_assert_int_eq(json_outcome(&o, 0, &text), RC_OK);
	json = json_loads(buf_cstr(&text), 0, NULL);
	ck_assert_ptr_nonnull(json);
	outcome_log_fields(line, &fields);
	rest = buf_slice(&fields);
	ck_assert(slice_starts_with(rest, SLICE("ASSAY_QUEUE_ID=4TEST\nASSAY_ROLE=judge\n")));
	ck_assert_ptr_nonnull(memmem(rest.ptr, rest.len, "\nASSAY_SPF_HELO=", 16));
	ck_assert_ptr_nonnull(memmem(rest.ptr, rest.len, "\nASSAY_WHY=some words\n", 22));
	for (size_t i = 0; i < N_ELEMENTS(facts); i++) {
		struct buf key = BUF_INIT(64);

		buf_addf(&key, " %s=", facts[i].text == NULL ? "role" : facts[i].text);
		ck_assert_msg(memmem(line.ptr, line.len, key.ptr, key.len) != NULL, "no%s in %.*s", key.ptr,
		    SLICE_ARG(line));
		ck_assert_msg(find(json, facts[i].json) != NULL, "no %s in %s", facts[i].json, buf_cstr(&text));
		buf_free(&key);
	}
	json_object_foreach(json, name, value)
		ck_assert_msg(is_json_fact(name), "%s is in JSON alone", name);
	rest = slice_drop(line, slice_find(line, ' ') + 1);
	while (rest.len > 0 && !slice_starts_with(rest, SLICE("why="))) {
		struct slice field = slice_split(&rest, ' '), key = slice_split(&field, '=');

		ck_assert_msg(is_text_fact(key), "%.*s is in text alone", SLICE_ARG(key));
	}
	json_decref(json);
	buf_free(&fields);
	buf_free(&text);
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
	UNIT_TEST(s, same_facts);
	UNIT_TABLE(s, hostile_rows, hostile);
	UNIT_TEST(s, nothing_pushes_the_verdict_off);
	UNIT_TEST(s, cuts_leave_utf8);
	return s;
}

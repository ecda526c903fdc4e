#include "base/cursor.h"
#include "base/utf8.h"
#include "verdict/json.h"

#include "world.h"

#define ZONE \
	"example.org TXT v=spf1 ip4:192.0.2.7 -all exp=why.example.org\n" \
	"why.example.org TXT go away\n" \
	"mail.example.org TXT v=spf1 a -all\n" \
	"mail.example.org A 192.0.2.7\n" \
	"_dmarc.example.org TXT v=DMARC1; p=reject; sp=none; rua=mailto:d@example.org\n"

/* --- a reader of JSON that believes nothing: RFC 8259, no more than is asked for --------------------- */

static bool value(struct cursor *c, unsigned depth);

static bool string(struct cursor *c)
{
	if (!take_char(c, '"'))
		return false;
	while (!cursor_done(c) && *c->at != '"') {
		if ((unsigned char)*c->at < 0x20)
			return false;
		if (take_char(c, '\\') && cursor_done(c))
			return false;
		if (utf8_sequence(cursor_rest(c)) == 0)
			return false;
		c->at++;
		while (!cursor_done(c) && ((unsigned char)*c->at & 0xc0) == 0x80)
			c->at++;
	}
	return take_char(c, '"');
}

static bool members(struct cursor *c, char end, bool named, unsigned depth)
{
	skip_fws(c);
	if (take_char(c, end))
		return true;
	do {
		skip_fws(c);
		if (named && !(string(c) && (skip_fws(c), take_char(c, ':'))))
			return false;
		if (!value(c, depth + 1))
			return false;
		skip_fws(c);
	} while (take_char(c, ','));
	return take_char(c, end);
}

static bool is_number_octet(char c)
{
	return (c >= '0' && c <= '9') || c == '-';
}

static bool value(struct cursor *c, unsigned depth)
{
	struct slice number;

	skip_fws(c);
	if (depth > 20)
		return false;
	if (cursor_peek(c) == '"')
		return string(c);
	if (take_char(c, '{'))
		return members(c, '}', true, depth);
	if (take_char(c, '['))
		return members(c, ']', false, depth);
	return take_literal(c, SLICE("true")) || take_literal(c, SLICE("false")) ||
	    take_while(c, is_number_octet, &number);
}

static void check_json(struct slice text)
{
	struct cursor c = cursor_of(text);

	ck_assert_msg(value(&c, 0) && cursor_done(&c), "not JSON at %zu: %.*s",
	    text.len - cursor_left(&c), SLICE_ARG(text));
}

static struct slice json_of(struct world *w, const struct outcome *o)
{
	struct buf out = BUF_INIT(1024 * 1024);

	ck_assert_int_eq(json_outcome(o, 0, &out), RC_OK);
	check_json(buf_slice(&out));
	return arena_take_buf(w->a, &out);
}

/* --- the whole object ----------------------------------------------------------------------------------- */

/* Texts for people may change; names and codes may not. */
static struct slice without_texts(struct world *w, struct slice json)
{
	static const struct slice mark = { ",\"text\":\"", 9 };
	struct buf out = BUF_INIT(1024 * 1024);

	while (json.len > 0) {
		if (slice_starts_with(json, mark)) {
			json = slice_drop(json, mark.len);
			json = slice_drop(json, slice_find(json, '"') + 1);
		} else {
			buf_add_char(&out, json.ptr[0]);
			json = slice_drop(json, 1);
		}
	}
	return arena_take_buf(w->a, &out);
}

START_TEST(judged)
{
	const struct slice want = SLICE("{\"version\":1,\"queue_id\":\"4TEST\","
		"\"client\":{\"ip\":\"192.0.2.7\",\"helo\":\"mail.example.org\","
		"\"name\":\"mail.example.org\",\"port\":25},"
		"\"mail_from\":\"joe@example.org\",\"rcpt\":[],\"class\":\"external\",\"role\":\"judge\","
		"\"author\":[\"example.org\"],"
		"\"spf\":{\"result\":\"pass\",\"reason\":{\"code\":\"match\"},\"scope\":\"mfrom\","
		"\"domain\":\"example.org\"},"
		"\"helo\":{\"result\":\"pass\",\"reason\":{\"code\":\"match\"},"
		"\"domain\":\"mail.example.org\"},"
		"\"dkim\":[],"
		"\"dmarc\":{\"result\":\"pass\",\"reason\":{\"code\":\"aligned\"},"
		"\"authors\":[{\"domain\":\"example.org\",\"result\":\"pass\","
		"\"reason\":{\"code\":\"aligned\"},"
		"\"policy_domain\":\"example.org\",\"organizational_domain\":\"example.org\","
		"\"policy\":\"reject\",\"discovery_method\":\"treewalk\","
		"\"published\":{\"record\":\"v=DMARC1; p=reject; sp=none; rua=mailto:d@example.org\","
		"\"p\":\"reject\",\"sp\":\"none\",\"adkim\":\"r\",\"aspf\":\"r\","
		"\"rua\":\"mailto:d@example.org\"},\"spf_aligned\":true,\"dkim_aligned\":false}],"
		"\"disposition\":\"pass\",\"overrides\":[]},"
		"\"action\":\"accept\",\"would\":\"accept\","
		"\"edits\":[{\"op\":\"insert\",\"index\":0,\"name\":\"Authentication-Results\","
		"\"value\":\" mx.example.com;");
	struct world w;
	struct slice got;

	world_open(&w, ZONE);
	w.envelope.client_name = SLICE("mail.example.org");
	got = without_texts(&w, json_of(&w, world_run(&w, SLICE("From: joe@example.org\n\nx\n"))));
	ck_slice_eq(slice_take(got, want.len), want);
	world_close(&w);
}
END_TEST

static bool has(struct slice text, const char *part)
{
	return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

START_TEST(refused)
{
	struct world w;
	struct slice json;

	world_open(&w, ZONE);
	world_client(&w, "192.0.2.8");
	w.policy.enforce = ENFORCE_YES;
	json = json_of(&w, world_run(&w, SLICE("From: joe@example.org\n\nx\n")));
	ck_assert(has(json, "\"explanation\":\"go away\""));
	ck_assert(has(json, "\"action\":\"reject\",\"would\":\"reject\""));
	ck_assert(has(json, "\"reply\":\"550 5.7.26 DMARC: "));
	ck_assert(has(json, "\"disposition\":\"reject\""));
	world_close(&w);
}
END_TEST

START_TEST(unchecked_parts_are_left_out)
{
	struct world w;
	struct slice json;

	world_open(&w, ZONE);
	w.envelope.port = -1;
	w.envelope.client = (struct ip){ .family = IP_NONE };
	w.envelope.queue_id = SLICE_NULL;
	w.envelope.auth_user = SLICE("joe");
	json = json_of(&w, world_run(&w, SLICE("From: joe@example.org\n\nx\n")));
	ck_assert(!has(json, "\"spf\"") && !has(json, "\"helo\":{") && !has(json, "\"dkim\""));
	ck_assert(!has(json, "\"dmarc\"") && !has(json, "\"ip\"") && !has(json, "\"port\""));
	ck_assert(!has(json, "\"queue_id\"") && !has(json, "\"reply\"") && !has(json, "null"));
	ck_assert(has(json, "\"auth\":\"joe\"") && has(json, "\"class\":\"authenticated\""));
	ck_assert(has(json, "\"unsigned\":\"no keys are configured\",\"unsigned_code\":\"no-key\""));
	world_close(&w);
}
END_TEST

/* --- text that is none ------------------------------------------------------------------------------------ */

static const struct {
	const char *octets;
	size_t len;
	const char *want;
} texts[] = {
	{ "abc", 3, "abc" },
	{ "a\"b\\c", 5, "a\\\"b\\\\c" },
	{ "a\nb", 3, "a\\nb" },
	{ "a\0b", 3, "a\\u0000b" },
	{ "b\xc3\xbc", 3, "b\xc3\xbc" },
	{ "\xff", 1, "\xef\xbf\xbd" },
	{ "a\xc3", 2, "a\xef\xbf\xbd" },
	{ "\xc0\xaf", 2, "\xef\xbf\xbd\xef\xbf\xbd" },               /* overlong */
	{ "\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* a surrogate */
	{ "\xf0\x9f\x93\xa7", 4, "\xf0\x9f\x93\xa7" },
	{ "\xf4\x90\x80\x80", 4, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ "", 0, "" },
};

START_TEST(text_rows)
{
	struct message m = { .envelope = { .port = -1,
		.mail_from = slice_of(texts[_i].octets, texts[_i].len) } };
	struct outcome o = { .class = CLASS_EXTERNAL, .message = &m };
	struct buf want = BUF_INIT(256);
	struct world w;

	world_open(&w, ZONE);
	buf_addf(&want, "\"mail_from\":\"%s\",", texts[_i].want);
	ck_assert_msg(has(json_of(&w, &o), buf_cstr(&want)), "row %d", _i);
	buf_free(&want);
	world_close(&w);
}
END_TEST

/* Every remote text at once, every octet value. */
START_TEST(every_octet_everywhere)
{
	char octets[256];
	struct slice all = { octets, sizeof(octets) };
	struct slice rcpt[] = { all };
	struct dkim_result item = { .reason = all, .sig = { .domain_text = all, .identity = all,
		.selector_text = all, .algorithm_text = all } };
	struct dmarc_author_result author = { .discovery = { .status = DMARC_DISCOVERED,
		.record = { .text = all, .fo = all, .rua = all, .ruf = all } } };
	struct edit edit = { EDIT_INSERT, 0, all, all, NULL };
	struct message m = { .envelope = { .helo = all, .client_name = all, .auth_user = all,
		.queue_id = all, .mail_from = all, .recipients = rcpt, .recipient_count = 1 } };
	struct outcome o = { .class = CLASS_EXTERNAL, .message = &m, .unsigned_reason = all,
		.verdict = { .spf_checked = true, .dkim_checked = true, .dmarc_checked = true,
		.spf = { .r = { .reason = all, .explanation = all } },
		.dkim = { .items = &item, .count = 1 },
		.dmarc = { .reason = all, .authors = &author, .author_count = 1 } },
		.actions = { .edits = &edit, .edit_count = 1, .why = all,
		.reply = { 550, "5.7.1", all } } };
	struct world w;

	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (char)i;
	world_open(&w, ZONE);
	json_of(&w, &o);
	world_close(&w);
}
END_TEST

/* Where a line has no room for everything, what a sender can pile up is left out, and that is said. */
START_TEST(no_room)
{
	struct slice *rcpt;
	struct message m = { .envelope = { .port = -1 } };
	struct outcome o = { .class = CLASS_EXTERNAL, .message = &m };
	struct buf out = BUF_INIT(1000);
	struct world w;

	world_open(&w, ZONE);
	rcpt = arena_new_array(w.a, 1000, struct slice);
	for (size_t i = 0; i < 1000; i++)
		rcpt[i] = SLICE("ann@example.com");
	m.envelope.recipients = rcpt;
	m.envelope.recipient_count = 1000;
	ck_assert_int_eq(json_outcome(&o, 0, &out), RC_OK);
	check_json(buf_slice(&out));
	ck_assert(has(buf_slice(&out), "\"truncated\":true") && has(buf_slice(&out), "\"action\""));
	ck_assert(!has(buf_slice(&out), "ann@"));
	buf_free(&out);
	out.max = 20;
	ck_assert_int_eq(json_outcome(&o, 0, &out), RC_NOMEM);
	buf_free(&out);
	world_close(&w);
}
END_TEST

/* A text that is as long as can be in JSON: every octet becomes six. */
static struct slice bulky(struct world *w, size_t len)
{
	char *octets = arena_alloc(w->a, len);

	memset(octets, 1, len);
	return slice_of(octets, len);
}

/*
 * THREATS, Long log line: whatever a sender piles up, the line fits and says who, what and what became
 * of it.
 */
START_TEST(the_line_always_fits)
{
	struct message m = { .envelope = { .port = 25 } };
	struct outcome o = { .class = CLASS_EXTERNAL, .message = &m };
	struct dmarc_author_result authors[LIMIT_AUTHOR_DOMAINS] = { 0 };
	struct domain domains[LIMIT_AUTHOR_DOMAINS];
	struct dkim_result signatures[100] = { 0 };
	struct edit edits[100] = { 0 };
	struct buf line = BUF_INIT(LIMIT_OUTCOME_LINE);
	struct slice rcpt[100];
	struct world w;

	world_open(&w, ZONE);
	ck_assert(ip_parse(SLICE("2001:db8:1111:2222:3333:4444:5555:6666"), &m.envelope.client));
	m.envelope.queue_id = SLICE("4TEST");
	m.envelope.helo = m.envelope.client_name = m.envelope.auth_user = m.envelope.mail_from =
	    bulky(&w, 20000);
	m.envelope.recipients = rcpt;
	m.envelope.recipient_count = N_ELEMENTS(rcpt);
	for (size_t i = 0; i < 100; i++) {
		rcpt[i] = bulky(&w, 300);
		signatures[i] = (struct dkim_result){ .result = AUTH_FAIL, .why = DKIM_WHY_BODY_HASH,
			.reason = bulky(&w, 500), .sig = { .domain_text = bulky(&w, 900),
			.selector_text = bulky(&w, 900), .algorithm_text = bulky(&w, 900),
			.identity = bulky(&w, 900) } };
		edits[i] = (struct edit){ .op = EDIT_INSERT, .name = SLICE("X"), .value = bulky(&w, 900) };
	}
	for (size_t i = 0; i < LIMIT_AUTHOR_DOMAINS; i++) {
		authors[i].domain = domains[i] = (struct domain){ arena_printf(w.a, "d%zu.%0200d.example",
		    i, 0) };
		authors[i].result = AUTH_FAIL;
		authors[i].discovery.status = DMARC_DISCOVERED;
		authors[i].discovery.policy_domain = authors[i].discovery.organizational_domain =
		    domains[i];
		authors[i].discovery.record.text = authors[i].discovery.record.rua = bulky(&w, 15000);
	}
	o.verdict = (struct verdict){ .spf_checked = true, .dkim_checked = true, .dmarc_checked = true,
		.authors = { .domains = domains, .domain_count = LIMIT_AUTHOR_DOMAINS },
		.spf = { .r = { .result = AUTH_FAIL, .reason = bulky(&w, 5000),
			.explanation = bulky(&w, 5000), .domain = domains[0] } },
		.helo = { .r = { .result = AUTH_FAIL, .domain = domains[1] } },
		.dkim = { .items = signatures, .count = N_ELEMENTS(signatures) },
		.dmarc = { .result = AUTH_FAIL, .authors = authors, .author_count = LIMIT_AUTHOR_DOMAINS,
			.reason = bulky(&w, 5000) } };
	o.actions = (struct actions){ .action = ACTION_REJECT, .would = ACTION_REJECT,
		.why = bulky(&w, 5000), .reply = { 550, "5.7.26", bulky(&w, 900) },
		.edits = edits, .edit_count = N_ELEMENTS(edits) };
	o.unsigned_reason = bulky(&w, 5000);
	ck_assert_int_eq(json_outcome(&o, 0, &line), RC_OK);
	check_json(buf_slice(&line));
	ck_assert_uint_le(line.len, LIMIT_OUTCOME_LINE);
	ck_assert_msg(has(buf_slice(&line), "\"queue_id\":\"4TEST\"") &&
	    has(buf_slice(&line), "\"ip\":\"2001:db8:1111:2222:3333:4444:5555:6666\"") &&
	    has(buf_slice(&line), "\"author\":[\"d0.") && has(buf_slice(&line), "\"d9.0") &&
	    has(buf_slice(&line), "\"spf\":{\"result\":\"fail\"") &&
	    has(buf_slice(&line), "\"dmarc\":{\"result\":\"fail\"") &&
	    has(buf_slice(&line), "\"action\":\"reject\"") &&
	    has(buf_slice(&line), "\"truncated\":true"), "%s", buf_cstr(&line));
	buf_free(&line);
	world_close(&w);
}
END_TEST

/* --- parts and codes --------------------------------------------------------------------------------------- */

START_TEST(parts)
{
	struct spf_mail_from_result spf = { .scope = SPF_SCOPE_HELO };
	struct dmarc_author_result author = { .result = AUTH_NONE, .why = DMARC_WHY_NO_RECORD,
		.discovery = { .status = DMARC_DISCOVERED_NOTHING } };
	struct buf out = BUF_INIT(65536);

	ck_assert_int_eq(json_spf(&spf, 2, &out), RC_OK);
	check_json(buf_slice(&out));
	ck_assert(has(buf_slice(&out), "\"scope\": \"helo\"") && has(buf_slice(&out), "\n"));
	buf_clear(&out);
	ck_assert_int_eq(json_dmarc_author(&author, 0, &out), RC_OK);
	check_json(buf_slice(&out));
	ck_assert(has(buf_slice(&out), "\"code\":\"no-record\"") && !has(buf_slice(&out), "published"));
	buf_free(&out);
}
END_TEST

/* D_43: what a reporter needs: the SPF result and its domain, of every signature result, d= and s=. */
START_TEST(D_43_kept_for_reports)
{
	struct slice got;
	struct world w;

	world_open(&w, ZONE);
	got = json_of(&w, world_run(&w, SLICE("DKIM-Signature: v=1; a=rsa-sha256; d=list.example; s=one; h=from;\n"
	    " bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\n"
	    "DKIM-Signature: v=1; a=rsa-sha1; d=old.example; s=two; h=from; bh=AAAA; b=AAAA\n"
	    "From: joe@example.org\n\nx\n")));
	ck_assert_msg(has(got, "\"spf\":{\"result\":\"pass\"") && has(got, "\"domain\":\"example.org\"") &&
	    has(got, "\"domain\":\"list.example\",\"selector\":\"one\"") &&
	    has(got, "\"domain\":\"old.example\",\"selector\":\"two\""), "%.*s", SLICE_ARG(got));
	world_close(&w);
}
END_TEST

/* A reason that was added to its room has a name here, and no two have the same. */
static void check_codes(const struct outcome *o, int *why, int count)
{
	struct buf seen = BUF_INIT(65536);

	for (*why = 0; *why < count; (*why)++) {
		struct buf out = BUF_INIT(65536);
		const char *code, *end;

		ck_assert_int_eq(json_outcome(o, 0, &out), RC_OK);
		code = strstr(buf_cstr(&out), "\"code\":");
		ck_assert_msg(code != NULL, "reason %d has no name", *why);
		end = strchr(code, ',');
		ck_assert_ptr_nonnull(end);
		ck_assert_msg(memmem(buf_cstr(&seen), seen.len, code, (size_t)(end - code)) == NULL,
		    "reason %d: %.*s again", *why, (int)(end - code), code);
		buf_add(&seen, slice_between(code, end));
		buf_free(&out);
	}
	buf_free(&seen);
}

START_TEST(codes)
{
	struct message m = { .envelope = { .port = -1 } };
	struct dkim_result item = { .result = AUTH_NONE };
	struct outcome o = { .class = CLASS_EXTERNAL, .message = &m };

	o.verdict.dkim_checked = true;
	o.verdict.dkim = (struct dkim_results){ .items = &item, .count = 1 };
	check_codes(&o, (int *)&item.why, DKIM_WHY_COUNT);
	o.verdict.dkim_checked = false;
	o.verdict.dmarc_checked = true;
	check_codes(&o, (int *)&o.verdict.dmarc.why, DMARC_WHY_COUNT);
	o.verdict.dmarc_checked = false;
	o.verdict.spf_checked = true;
	check_codes(&o, (int *)&o.verdict.spf.r.why, SPF_WHY_COUNT);
}
END_TEST

Suite *json_suite(void)
{
	Suite *s = suite_create("json");

	UNIT_TEST(s, judged);
	UNIT_TEST(s, refused);
	UNIT_TEST(s, unchecked_parts_are_left_out);
	UNIT_TABLE(s, text_rows, texts);
	UNIT_TEST(s, every_octet_everywhere);
	UNIT_TEST(s, no_room);
	UNIT_TEST(s, the_line_always_fits);
	UNIT_TEST(s, D_43_kept_for_reports);
	UNIT_TEST(s, parts);
	UNIT_TEST(s, codes);
	return s;
}

/* spf_received_field(): P_51, P_53 to P_55. */
#include "base/ascii.h"
#include "spf/spf.h"

#include "suites.h"

static struct spf_mail_from_result result_of(enum auth_result result, const char *sender)
{
	return (struct spf_mail_from_result){
		.r = { .result = result, .reason = SLICE("-all of example.com"), .mechanism = SLICE("all") },
		.scope = SPF_SCOPE_MFROM,
		.sender = slice_str(sender),
	};
}

static struct slice value_of(struct arena *a, const char *client, const char *helo,
    const char *from, const struct spf_mail_from_result *r, const char *receiver)
{
	struct spf_mail_from_result result = *r;
	struct slice value;

	result.r.request = (struct spf_request){ world_ip(client), slice_str(helo), slice_str(from) };
	value = spf_received_field(a, &result, slice_str(receiver));
	ck_assert(!slice_is_null(value));
	return value;
}

START_TEST(plain)
{
	struct arena *a = arena_create(65536);
	struct spf_mail_from_result r = result_of(AUTH_FAIL, "joe@example.com");

	ck_slice_eq(value_of(a, "192.0.2.1", "mta.example.com", "joe@example.com", &r, "mx.test"), SLICE(
	    " fail (mx.test: domain of joe@example.com does not designate\n"
	    "\t192.0.2.1 as permitted sender) receiver=mx.test; identity=mailfrom;\n"
	    "\tclient-ip=192.0.2.1; envelope-from=\"joe@example.com\";\n"
	    "\thelo=mta.example.com; mechanism=all;"));
	r.r.result = AUTH_PASS;
	r.scope = SPF_SCOPE_HELO;
	r.sender = SLICE("postmaster@mta.example.com");
	ck_slice_eq(value_of(a, "2001:db8::1", "mta.example.com", "", &r, ""), SLICE(
	    " pass (unknown: domain of postmaster@mta.example.com designates\n"
	    "\t2001:db8::1 as permitted sender) receiver=unknown; identity=helo;\n"
	    "\tclient-ip=\"2001:db8::1\"; helo=mta.example.com; mechanism=all;"));
	r = result_of(AUTH_PERMERROR, "joe@example.com");
	r.r.mechanism = SLICE_NULL;
	r.r.reason = SLICE("moo of example.com: syntax error");
	ck_slice_eq(value_of(a, "192.0.2.1", "h", "joe@example.com", &r, "mx.test"), SLICE(
	    " permerror (mx.test: moo of example.com: syntax error)\n"
	    "\treceiver=mx.test; identity=mailfrom; client-ip=192.0.2.1;\n"
	    "\tenvelope-from=\"joe@example.com\"; helo=h;\n"
	    "\tproblem=\"moo of example.com: syntax error\";"));
	arena_free(&a);
}
END_TEST

/* What the sender gives, anywhere. */
static const struct {
	const char *id, *text;
} hostile[] = {
	{ "P_54 line end", "a\r\nX-Evil: yes" },
	{ "P_54 LF", "a\nX-Evil: yes" },
	{ "P_54 CR", "a\rb" },
	{ "P_54 quote", "a\"; helo=other; x=\"" },
	{ "P_54 backslash", "a\\" },
	{ "P_54 backslash and quote", "a\\\"b" },
	{ "P_54 parentheses", "a) pass (b" },
	{ "P_54 open parenthesis", "((((" },
	{ "P_54 semicolon", "a; identity=helo" },
	{ "P_54 equals sign", "verp=joe=example.com" },
	{ "P_54 8-bit", "j\xc3\xb6rg" },
	{ "P_54 C1 control", "a\xc2\x85z" },
	{ "P_54 escape", "\x1b[2J" },
	{ "P_54 spaces", "  a   b  " },
	{ "P_54 long words and spaces", "                                                          "
	    "                aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  "
	    " aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa " },
	{ "P_54 tab", "a\tb" },
	{ "P_54 empty", "" },
	{ "P_54 dots", "a..b" },
	{ "P_54 quoted local-part", "\"joe doe\"" },
	{ "P_54 comment in a comment", "a(b(c\\)d" },
};

static size_t comment_end(struct slice s, size_t at)
{
	size_t depth = 0;

	do {
		ck_assert_uint_lt(at, s.len);
		if (s.ptr[at] == '\\')
			at++;
		else if (s.ptr[at] == '(')
			depth++;
		else if (s.ptr[at] == ')')
			depth--;
		at++;
	} while (depth > 0);
	return at;
}

static size_t value_end(struct slice s, size_t at)
{
	if (s.ptr[at] != '"') {
		while (at < s.len && s.ptr[at] != ';') {
			ck_assert_msg(is_vchar(s.ptr[at]) && strchr("()<>@,:\\\"[]", s.ptr[at]) == NULL, "at %zu", at);
			at++;
		}
		return at;
	}
	for (at++; s.ptr[at] != '"'; at++) {
		ck_assert_uint_lt(at, s.len);
		if (s.ptr[at] == '\\')
			at++;
	}
	return at + 1;
}

/* result FWS comment FWS key-value-list, of unfolded text; the keys, each with a space */
static void read_value(struct slice s, struct buf *keys)
{
	size_t at = slice_find(slice_drop(s, 1), ' ') + 2;

	ck_assert_int_eq(s.ptr[0], ' ');
	ck_assert_int_eq(s.ptr[at], '(');
	at = comment_end(s, at);
	while (at < s.len) {
		size_t equals = at + slice_find(slice_drop(s, at), '=');

		ck_assert_uint_lt(equals, s.len);
		ck_assert_int_eq(s.ptr[at], ' ');
		buf_add(keys, slice_between(s.ptr + at, s.ptr + equals));
		at = value_end(s, equals + 1);
		ck_assert_int_eq(s.ptr[at], ';');
		at++;
	}
}

static void check_lines(struct slice value, struct buf *unfolded)
{
	while (!slice_is_null(value)) {
		struct slice line = slice_split(&value, '\n');

		ck_assert_uint_le(line.len, 900);
		ck_assert_uint_gt(slice_trim(line).len, 0);
		if (unfolded->len > 0) {
			ck_assert_int_eq(line.ptr[0], '\t');
			buf_add_char(unfolded, ' ');
			line = slice_drop(line, 1);
		}
		for (size_t i = 0; i < line.len; i++)
			ck_assert(line.ptr[i] >= ' ' && line.ptr[i] < 0x7f);
		buf_add(unfolded, line);
	}
}

START_TEST(hostile_rows)
{
	const char *text = hostile[_i].text;

	for (int place = 0; place < 4; place++) {
		struct arena *a = arena_create(65536);
		struct spf_mail_from_result r = result_of(place == 3 ? AUTH_TEMPERROR : AUTH_PASS,
		    place == 2 ? text : "joe@example.com");
		struct buf unfolded = BUF_INIT(65536), keys = BUF_INIT(4096);
		struct slice value;

		if (place == 3)
			r.r.reason = slice_str(text);
		value = value_of(a, "192.0.2.1", place == 0 ? text : "h.test",
		    place == 1 ? text : "joe@example.com", &r, "mx.test");
		check_lines(value, &unfolded);
		read_value(buf_slice(&unfolded), &keys);
		ck_assert_msg(slice_starts_with(buf_slice(&keys),
		    SLICE(" receiver identity client-ip envelope-from helo mechanism")), "%s: %s", hostile[_i].id,
		    buf_cstr(&keys));
		buf_free(&unfolded);
		buf_free(&keys);
		arena_free(&a);
	}
}
END_TEST

START_TEST(long_values)
{
	struct arena *a = arena_create(1024 * 1024);
	struct spf_mail_from_result r = result_of(AUTH_SOFTFAIL, "");
	struct buf unfolded = BUF_INIT(65536), keys = BUF_INIT(4096);
	char text[20001];

	memset(text, '"', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	r.sender = r.r.reason = r.r.mechanism = slice_str(text);
	check_lines(value_of(a, "192.0.2.1", text, text, &r, "mx.test"), &unfolded);
	read_value(buf_slice(&unfolded), &keys);
	ck_assert_uint_le(unfolded.len, 6000);
	memset(text, 'x', sizeof(text) - 1);
	buf_clear(&unfolded);
	check_lines(value_of(a, "192.0.2.1", text, text, &r, "mx.test"), &unfolded);
	read_value(buf_slice(&unfolded), &keys);
	buf_free(&unfolded);
	buf_free(&keys);
	arena_free(&a);
}
END_TEST

Suite *received_spf_suite(void)
{
	Suite *s = suite_create("spf received-spf");

	UNIT_TEST(s, plain);
	UNIT_TABLE(s, hostile_rows, hostile);
	UNIT_TEST(s, long_values);
	return s;
}

#include "base/utf8.h"
#include "verdict/results.h"

#include "world.h"

static struct arena *arena(void)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);

	ck_assert_ptr_nonnull(a);
	return a;
}

/* --- forged fields ----------------------------------------------------------------------------------- */

static struct slice others[] = { { "old.example.net", 15 }, { "b\xc3\xbc" "cher.example", 15 } };

static void remove_forged(struct arena *a, const struct verdict_policy *p, const struct message *m,
    struct actions *actions)
{
	struct field_set forged;

	ck_assert_int_eq(results_find_forged(a, p, SLICE("mx.example.com"), m, &forged), RC_OK);
	ck_assert_int_eq(results_remove(a, p, m, &forged, actions), RC_OK);
	ck_assert_uint_eq(forged.count, p->enforce == ENFORCE_OBSERVE ? forged.count :
	    actions->edit_count);
}

/* ours: mx.example.com; remove-authserv-ids as above */
static const struct {
	const char *name, *value;
	bool removed;
} fields[] = {
	{ "A_05 ours", " mx.example.com; spf=pass", true },
	{ "A_05 another's", " mx.example.net; spf=pass", false },
	{ "A_05 one of remove-authserv-ids", " old.example.net; none", true },
	{ "A_06 odd case", " MX.Example.COM; none", true },
	{ "A_06 U-label", " b\xc3\xbc" "cher.example; none", true },
	{ "A_06 A-label", " xn--bcher-kva.example; none", true },
	{ "A_06 A-label, odd case", " XN--Bcher-KVA.example; none", true },
	{ "A_07 a comment first", " (hello) mx.example.com; none", true },
	{ "A_07 a nested comment", " (a (b) c) mx.example.com; none", true },
	{ "A_07 a comment with an escaped parenthesis", " (a \\) b) mx.example.com; none", true },
	{ "A_07 folded", "\n\tmx.example.com;\n none", true },
	{ "A_07 quoted", " \"mx.example.com\"; none", true },
	{ "A_07 quoted with an escape", " \"mx.e\\xample.com\"; none", true },
	{ "A_07 a version", " mx.example.com 1; none", true },
	{ "A_09 a version nobody knows", " mx.example.com 99; none", true },
	{ "A_07 no result part", " mx.example.com", true },
	{ "A_08 malformed behind the name", " mx.example.com; ((((", true },
	{ "A_08 unclosed comment", " (mx.example.com; none", true },
	{ "A_08 unclosed quote", " \"mx.example.com; none", true },
	{ "A_08 empty", "", true },
	{ "A_08 nothing but a comment", " (x)", true },
	{ "A_08 nothing but a semicolon", " ; spf=pass", true },
	{ "a trailing dot is the same domain", " mx.example.com.; none", true },
	{ "quoted with a job's name", " \"mx.example.com/4XyZ\"; none", true },
	{ "another's quoted with a job's name", " \"mx.example.net/4XyZ\"; none", false },
	{ "quoted with a port", " \"MX.example.com:25\"; none", true },
	{ "quoted with a dot and a job's name", " \"mx.example.com./4XyZ\"; none", true },
	{ "one of remove-authserv-ids with a job's name", " \"old.example.net/1\"; none", true },
	{ "a U-label with a job's name", " \"b\xc3\xbc" "cher.example/1\"; none", true },
	{ "a U-label of others", " k\xc3\xb6ln.example; none", false },
	{ "U+00A0 behind ours", " mx.example.com\xc2\xa0; none", true },
	{ "U+00A0 before ours", " \xc2\xa0mx.example.com; none", true },
	{ "U+1680", " mx.example.com\xe1\x9a\x80; none", true },
	{ "U+2003", " mx.example.com\xe2\x80\x83; none", true },
	{ "U+200A", " \xe2\x80\x8amx.example.com; none", true },
	{ "U+2028", " mx.example.com\xe2\x80\xa8; none", true },
	{ "U+2029", " x.example\xe2\x80\xa9mx.example.com; none", true },
	{ "U+202F", " mx.example.com\xe2\x80\xaf; none", true },
	{ "U+205F", " mx.example.com\xe2\x81\x9f; none", true },
	{ "U+3000", " \xe3\x80\x80mx.example.com; none", true },
	{ "U+FEFF", " \xef\xbb\xbfmx.example.com; none", true },
	{ "U+0085", " mx.example.com\xc2\x85; none", true },
	{ "Latin-1 0xA0", " mx.example.com\xa0; none", true },
	{ "U+00A0, quoted", " \"mx.example.com\xc2\xa0\"; none", true },
	{ "U+2028, quoted", " \"\xe2\x80\xa8mx.example.com\"; none", true },
	{ "a vertical tab", " mx.example.com\v; none", true },
	{ "a longer name", " mx.example.com.evil.example; none", false },
	{ "a name that ends with ours", " notmx.example.com; none", false },
	{ "a name below ours", " a.mx.example.com; none", false },
	{ "our mail, judged by others", " x.example; spf=pass smtp.helo=mx.example.com; dkim=pass header.d=mx.example.com; "
	    "dmarc=pass header.from=mx.example.com", false },
	{ "our users, judged by others", " x.example; spf=pass smtp.mailfrom=a@mx.example.com; dkim=pass header.i=@mx.example.com"
	    " ; none", false },
	{ "our key, in another's reason", " x.example; dkim=pass reason=\"s1._domainkey.mx.example.com\"; none", false },
	{ "a name that ends with ours, with a job's name", " \"notmx.example.com/1\"; none", false },
	{ "its parent", " example.com; none", false },
	{ "ours in a comment only", " other.example (mx.example.com); none", false },
	{ "ours behind the name", " other.example; spf=pass smtp.mailfrom=mx.example.com", false },
	{ "an encoded-word", " =?us-ascii?q?mx.example.com=3B_dmarc=3Dpass?=", true },
	{ "an encoded-word, quoted", " \"=?us-ascii?q?mx.example.com?=\"; dmarc=pass", true },
	{ "an encoded-word behind another's", " x.example; none (=?us-ascii?q?mx.example.com=3B_dmarc=3Dpass?=)", true },
	{ "base64 before a question mark", " x.example; dkim=pass header.b=\"AAA=\" (sure?)", false },
	{ "our results in a comment", " x.example; none (mx.example.com; dmarc=pass)", true },
	{ "our results in quotes", " x.example; spf=none reason=\"MX.example.com\n ; dmarc=pass\"", true },
	{ "our quoted name in quotes", " x.example; spf=none reason=\"\\\"mx.example.com\" ; dmarc=pass\"", true },
	{ "our results behind another's", " x.example; dmarc=fail; mx.example.com; dmarc=pass", true },
	{ "our A-label in a comment", " x.example; none (xn--bcher-kva.example; dmarc=pass)", true },
	{ "our U-label in a comment", " x.example; none (b\xc3\xbc" "cher.example; dmarc=pass)", true },
	{ "a longer name in a comment", " x.example; none (mx.example.com.x; dmarc=pass)", false },
};

START_TEST(field_rows)
{
	struct arena *a = arena();
	struct verdict_policy p = { .enforce = ENFORCE_NO, .remove_authserv_ids = { others, 2, 2 },
		.quarantine_header_name = SLICE("X-Q") };
	struct actions actions = { 0 };
	struct message m;

	message_init(&m, a);
	message_add_header(&m, SLICE("AUTHENTICATION-results"), slice_str(fields[_i].value));
	remove_forged(a, &p, &m, &actions);
	ck_assert_msg((actions.edit_count == 1) == fields[_i].removed, "row %d (%s)", _i,
	    fields[_i].name);
	if (fields[_i].removed) {
		ck_assert_int_eq(actions.edits[0].op, EDIT_DELETE);
		ck_assert_uint_eq(actions.edits[0].index, 1);
		ck_assert_ptr_eq(actions.edits[0].field, &m.headers[0]);
	}
	arena_free(&a);
}
END_TEST

/*
 * A_11, CVE-2022-48521 (OpenDKIM K#148, K#185): the last goes first, and indexes count the fields of
 * that name only.
 */
START_TEST(order_of_deletion)
{
	static const unsigned want[] = { 22, 20, 19, 3, 1 };
	struct verdict_policy p = { .enforce = ENFORCE_YES, .quarantine_header_name = SLICE("X-Q") };
	struct arena *a = arena();
	struct actions actions = { 0 };
	struct message m;

	message_init(&m, a);
	for (unsigned i = 1; i <= 22; i++) {
		bool ours = i == 1 || i == 3 || i == 19 || i == 20 || i == 22;

		message_add_header(&m, SLICE("Received"), SLICE(" x"));
		message_add_header(&m, SLICE("Authentication-Results"),
		    ours ? SLICE(" mx.example.com; none") : SLICE(" honest.example; none"));
		message_add_header(&m, SLICE("X-Authentication-Results"), SLICE(" mx.example.com; none"));
	}
	remove_forged(a, &p, &m, &actions);
	ck_assert_uint_eq(actions.edit_count, N_ELEMENTS(want));
	for (size_t i = 0; i < N_ELEMENTS(want); i++)
		ck_assert_uint_eq(actions.edits[i].index, want[i]);
	arena_free(&a);
}
END_TEST

/* No number of them is too many. */
START_TEST(thousands_of_forged_fields)
{
	struct verdict_policy p = { .enforce = ENFORCE_YES, .quarantine_header_name = SLICE("X-Q") };
	struct arena *a = arena();
	struct actions actions = { 0 };
	struct message m;

	message_init(&m, a);
	for (unsigned i = 0; i < 9999; i++)
		message_add_header(&m, SLICE("Authentication-Results"), SLICE(" mx.example.com; none"));
	remove_forged(a, &p, &m, &actions);
	ck_assert_uint_eq(actions.edit_count, 9999);
	for (unsigned i = 0; i < 9999; i++)
		ck_assert_uint_eq(actions.edits[i].index, 9999 - i);
	arena_free(&a);
}
END_TEST

START_TEST(quarantine_copies)
{
	struct verdict_policy p = { .enforce = ENFORCE_YES, .quarantine_header_name = SLICE("X-Q") };
	struct arena *a = arena();
	struct actions actions = { 0 };
	struct message m;

	message_init(&m, a);
	message_add_header(&m, SLICE("x-q"), SLICE(" anything"));
	message_add_header(&m, SLICE("X-Q"), SLICE(""));
	message_add_header(&m, SLICE("X-Q2"), SLICE(" another"));
	remove_forged(a, &p, &m, &actions);
	ck_assert_uint_eq(actions.edit_count, 2);
	ck_assert_uint_eq(actions.edits[0].index, 2);
	ck_assert_uint_eq(actions.edits[1].index, 1);
	arena_free(&a);
}
END_TEST

START_TEST(observe_touches_nothing)
{
	struct verdict_policy p = { .enforce = ENFORCE_OBSERVE, .quarantine_header_name = SLICE("X-Q"),
		.received_spf = true };
	struct verdict v = { .spf_checked = true };
	struct arena *a = arena();
	struct actions actions = { .action = ACTION_QUARANTINE };
	struct message m;

	message_init(&m, a);
	message_add_header(&m, SLICE("X-Q"), SLICE(" x"));
	message_add_header(&m, SLICE("Authentication-Results"), SLICE(" mx.example.com; none"));
	remove_forged(a, &p, &m, &actions);
	ck_assert_int_eq(results_write(a, &p, SLICE("mx.example.com"), &v, &actions), RC_OK);
	ck_assert_uint_eq(actions.edit_count, 0);
	ck_assert(!actions.hold);
	arena_free(&a);
}
END_TEST

/* --- what is written ------------------------------------------------------------------------------------ */

static struct domain domain_of(struct arena *a, const char *name)
{
	struct domain d = DOMAIN_NONE;

	if (name != NULL)
		ck_assert(domain_parse(a, slice_str(name), &d));
	return d;
}

static struct slice written(struct arena *a, const struct verdict_policy *p, const struct verdict *v,
    struct actions *actions)
{
	struct header h = { .name = SLICE("") };

	ck_assert_int_eq(results_write(a, p, SLICE("mx.example.com"), v, actions), RC_OK);
	ck_assert_uint_gt(actions->edit_count, 0);
	h.value = actions->edits[actions->edit_count - 1].value;
	ck_assert(h.value.len > 0 && h.value.ptr[0] == ' ');
	return header_unfolded(a, &h);
}

START_TEST(nothing_checked)
{
	struct verdict_policy p = { .enforce = ENFORCE_YES };
	struct verdict v = { 0 };
	struct actions actions = { 0 };
	struct arena *a = arena();

	ck_slice_eq(written(a, &p, &v, &actions), SLICE("mx.example.com; none")); /* A_22 */
	ck_assert_uint_eq(actions.edit_count, 1);
	arena_free(&a);
}
END_TEST

static const struct {
	const char *name;
	enum auth_result result;
	enum spf_scope scope;
	const char *domain, *sender, *want;
} spfs[] = {
	{ "A_14 A_15 A_20 the domain only", AUTH_PASS, SPF_SCOPE_MFROM, "example.org", "joe@example.org",
		"mx.example.com; spf=pass smtp.mailfrom=example.org" },
	{ "A_14 HELO", AUTH_PASS, SPF_SCOPE_HELO, "mail.example.org", "postmaster@mail.example.org",
		"mx.example.com; spf=pass smtp.helo=mail.example.org" },
	{ "a reason, unless pass", AUTH_FAIL, SPF_SCOPE_MFROM, "example.org", "joe@example.org",
		"mx.example.com; spf=fail reason=\"ours\" smtp.mailfrom=example.org" },
	{ "an address literal", AUTH_NONE, SPF_SCOPE_MFROM, NULL, "joe@[192.0.2.7]",
		"mx.example.com; spf=none reason=\"ours\"" },
	{ "a literal that says something", AUTH_NONE, SPF_SCOPE_MFROM, NULL, "joe@[dmarc=pass]",
		"mx.example.com; spf=none reason=\"ours\"" },
	{ "no domain at all", AUTH_NONE, SPF_SCOPE_MFROM, NULL, "joe",
		"mx.example.com; spf=none reason=\"ours\"" },
};

START_TEST(spf_rows)
{
	struct verdict_policy p = { .enforce = ENFORCE_YES };
	struct arena *a = arena();
	struct verdict v = { .spf_checked = true, .spf = { .scope = spfs[_i].scope,
		.sender = slice_str(spfs[_i].sender), .r = { .result = spfs[_i].result,
		.reason = SLICE("ours"), .domain = domain_of(a, spfs[_i].domain) } } };
	struct actions actions = { 0 };

	ck_slice_eq(written(a, &p, &v, &actions), slice_str(spfs[_i].want));
	arena_free(&a);
}
END_TEST

static struct dkim_result signature(struct arena *a, enum auth_result result, const char *domain)
{
	return (struct dkim_result){ .result = result, .reason = SLICE("ours"), .bits = 2048,
		.header_b = SLICE("abcdEFGH"), .sig = { .domain = domain_of(a, domain),
		.domain_text = slice_str(domain), .selector_text = SLICE("s1"),
		.algorithm_text = SLICE("rsa-sha256"), .identity = SLICE_NULL } };
}

static struct dmarc_author_result author(struct arena *a, enum auth_result result,
    const char *domain, enum dmarc_policy policy)
{
	struct dmarc_author_result r = { .result = result, .domain = domain_of(a, domain),
		.policy = policy, .why = result == AUTH_PASS ? DMARC_WHY_ALIGNED : DMARC_WHY_NOT_ALIGNED };

	r.discovery.status = DMARC_DISCOVERED;
	r.discovery.record.p = (struct dmarc_policy_tag){ DMARC_TAG_VALID, DMARC_POLICY_REJECT };
	r.discovery.record.sp = (struct dmarc_policy_tag){ DMARC_TAG_VALID, DMARC_POLICY_QUARANTINE };
	return r;
}

START_TEST(dkim_results)
{
	struct verdict_policy p = { .enforce = ENFORCE_YES };
	struct arena *a = arena();
	struct dkim_result items[] = { signature(a, AUTH_PASS, "example.org"),
		signature(a, AUTH_FAIL, "example.net") };
	struct verdict v = { .dkim_checked = true };
	struct actions actions = { 0 };

	ck_slice_eq(written(a, &p, &v, &actions), SLICE("mx.example.com; dkim=none"));
	items[1].sig.identity = SLICE("joe@a.example.net");
	v.dkim = (struct dkim_results){ .items = items, .count = 2 };
	ck_slice_eq(written(a, &p, &v, &actions), SLICE("mx.example.com; " /* A_12 A_13 */
		"dkim=pass (2048-bit key) header.d=example.org header.i=@example.org header.s=s1 "
		"header.a=rsa-sha256 header.b=abcdEFGH; "
		"dkim=fail reason=\"ours\" header.d=example.net header.i=joe@a.example.net header.s=s1 "
		"header.a=rsa-sha256 header.b=abcdEFGH"));
	arena_free(&a);
}
END_TEST

/* A_21; Exim wrote i= as it came: no text of a sender ends a property, a comment or the field. */
static const struct {
	const char *value;
} hostile[] = {
	{ "a; dmarc=pass" }, { "a\r\nX-Evil: 1" }, { "a\nb" }, { "a\" dmarc=pass" }, { "a\\" },
	{ "a) dmarc=pass (" }, { "a(b" }, { "a\001b" }, { "\377\376" }, { "a b" }, { "" },
	{ "dmarc=pass" }, { "x dmarc=pass header.from=bank.example" }, { "include:x;dmarc=pass" },
	{ "dmarc=\001pass" }, { "dmarc = pass" }, { "x\xe2\x80\xa8" "dmarc=pass" },
	{ "\"dmarc=pass\"@example.org" }, { "dmarc=pass@example.org" }, { "[dmarc=pass]" },
};

START_TEST(hostile_rows)
{
	struct verdict_policy p = { .enforce = ENFORCE_YES };
	struct arena *a = arena();
	struct dkim_result item = signature(a, AUTH_FAIL, "example.org");
	struct verdict v = { .dkim_checked = true, .spf_checked = true,
		.dkim = { .items = &item, .count = 1 } };
	struct actions actions = { 0 };
	struct slice value, text = slice_str(hostile[_i].value);
	bool quoted = false;
	unsigned results = 0;

	item.sig.identity = item.sig.selector_text = item.sig.domain_text = text;
	item.sig.algorithm_text = item.header_b = item.reason = v.spf.r.reason = text;
	v.spf.sender = arena_printf(a, "x@%s", hostile[_i].value);
	written(a, &p, &v, &actions);
	value = actions.edits[0].value;
	ck_assert_msg(memmem(value.ptr, value.len, "=pass", 5) == NULL && slice_is_ascii(value),
	    "row %d: %.*s", _i, SLICE_ARG(value)); /* not even quoted: filters search for words */
	for (size_t i = 0; i < value.len; i++) { /* RFC 8601 section 2.2, read by hand */
		char c = value.ptr[i];

		ck_assert_msg(c != '\r' && (c != '\n' || (i + 1 < value.len && value.ptr[i + 1] == '\t')),
		    "row %d: %.*s", _i, SLICE_ARG(value));
		ck_assert_msg(c == '\n' || c == '\t' || (unsigned char)c >= ' ', "row %d: octet %d", _i, c);
		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && c == ';')
			results++;
		else if (!quoted)
			ck_assert_msg(c != '(' && c != ')', "row %d: %.*s", _i, SLICE_ARG(value));
	}
	ck_assert_msg(!quoted && results == 2, "row %d: %.*s", _i, SLICE_ARG(value));
	arena_free(&a);
}
END_TEST

/* However much a sender piles up, DMARC and SPF are whole, and so is every signature shown. */
START_TEST(signatures_without_end)
{
	struct verdict_policy p = { .enforce = ENFORCE_YES };
	struct arena *a = arena();
	struct dkim_result *items = arena_new_array(a, 5000, struct dkim_result);
	struct dmarc_author_result r = author(a, AUTH_FAIL, "author.example", DMARC_POLICY_REJECT);
	struct verdict v = { .dkim_checked = true, .dmarc_checked = true, .spf_checked = true,
		.spf = { .r = { .result = AUTH_PASS, .domain = domain_of(a, "sender.example") } },
		.dkim = { .items = items, .count = 5000 },
		.dmarc = { .result = AUTH_FAIL, .authors = &r, .author_count = 1 } };
	struct actions actions = { .disposition = DISPOSITION_REJECT };
	struct slice value;
	char reason[5000];

	memset(reason, '"', sizeof(reason));
	for (size_t i = 0; i < 5000; i++) {
		items[i] = signature(a, AUTH_FAIL, "example.org");
		items[i].reason = slice_of(reason, i % 2 == 0 ? 300 : sizeof(reason));
	}
	value = written(a, &p, &v, &actions);
	ck_assert_uint_le(actions.edits[0].value.len, LIMIT_HEADER_VALUE);
	ck_assert_ptr_nonnull(memmem(value.ptr, value.len, " header.from=author.example "
		"policy.dmarc=reject; spf=pass smtp.mailfrom=sender.example; dkim=fail ", 98));
	ck_assert(slice_iends_with(value, SLICE(" header.a=rsa-sha256 header.b=abcdEFGH")));
	arena_free(&a);
}
END_TEST

/* A value that is too long is left out: a part of it would be another value. */
START_TEST(long_values_are_left_out)
{
	struct verdict_policy p = { .enforce = ENFORCE_YES };
	struct arena *a = arena();
	struct dkim_result item = signature(a, AUTH_PASS, "example.org");
	struct verdict v = { .dkim_checked = true, .dkim = { .items = &item, .count = 1 } };
	struct actions actions = { 0 };
	char identity[400];

	memset(identity, 'x', sizeof(identity));
	item.sig.identity = slice_of(identity, sizeof(identity));
	ck_slice_eq(written(a, &p, &v, &actions), SLICE("mx.example.com; dkim=pass (2048-bit key) "
		"header.d=example.org header.s=s1 header.a=rsa-sha256 header.b=abcdEFGH"));
	arena_free(&a);
}
END_TEST

/* --- dmarc ------------------------------------------------------------------------------------------------ */

START_TEST(dmarc_property)
{
	struct verdict_policy p = { .enforce = ENFORCE_YES };
	struct arena *a = arena();
	struct dmarc_author_result r = author(a, AUTH_PASS, "a.example.org", DMARC_POLICY_QUARANTINE);
	struct verdict v = { .dmarc_checked = true,
		.dmarc = { .result = AUTH_PASS, .authors = &r, .author_count = 1, .deciding = &r } };
	struct actions actions = { .disposition = DISPOSITION_PASS };

	ck_slice_eq(written(a, &p, &v, &actions), SLICE("mx.example.com; " /* A_16 A_17 */
		"dmarc=pass (p=reject sp=quarantine dis=pass) header.from=a.example.org "
		"policy.dmarc=quarantine"));
	arena_free(&a);
}
END_TEST

START_TEST(dmarc_overrides)
{
	struct override overrides[] = { { OVERRIDE_POLICY_TEST_MODE, SLICE("t=y") },
		{ OVERRIDE_MAILING_LIST, SLICE("evil) (x") } };
	struct verdict_policy p = { .enforce = ENFORCE_YES };
	struct arena *a = arena();
	struct dmarc_author_result r = author(a, AUTH_FAIL, "example.org", DMARC_POLICY_REJECT);
	struct verdict v = { .dmarc_checked = true,
		.dmarc = { .result = AUTH_FAIL, .authors = &r, .author_count = 1, .deciding = &r } };
	struct actions actions = { .disposition = DISPOSITION_QUARANTINE, .overrides = overrides,
		.override_count = 2 };
	struct slice got = written(a, &p, &v, &actions);

	ck_assert_msg(memmem(got.ptr, got.len, "dis=quarantine, policy_test_mode: t=y, mailing_list: ",
		53) != NULL, "%.*s", SLICE_ARG(got));
	arena_free(&a);
}
END_TEST

/* Nobody finds a "dmarc=pass" in the field of a message that does not pass. */
START_TEST(several_authors)
{
	static const struct {
		enum auth_result results[2], overall;
		bool pass_shown;
	} cases[] = {
		{ { AUTH_PASS, AUTH_PASS }, AUTH_PASS, true },
		{ { AUTH_PASS, AUTH_FAIL }, AUTH_FAIL, false },
		{ { AUTH_FAIL, AUTH_PASS }, AUTH_FAIL, false },
		{ { AUTH_TEMPERROR, AUTH_PASS }, AUTH_TEMPERROR, false },
		{ { AUTH_NONE, AUTH_PASS }, AUTH_NONE, false },
	};
	struct verdict_policy p = { .enforce = ENFORCE_YES };

	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct arena *a = arena();
		struct dmarc_author_result both[] = {
			author(a, cases[i].results[0], "one.example", DMARC_POLICY_REJECT),
			author(a, cases[i].results[1], "two.example", DMARC_POLICY_REJECT) };
		struct verdict v = { .dmarc_checked = true, .dmarc = { .result = cases[i].overall,
			.authors = both, .author_count = 2 } };
		struct actions actions = { 0 };
		struct slice got = written(a, &p, &v, &actions);

		ck_assert_msg((memmem(got.ptr, got.len, "dmarc=pass", 10) != NULL) == cases[i].pass_shown,
		    "case %zu: %.*s", i, SLICE_ARG(got));
		ck_assert_ptr_nonnull(memmem(got.ptr, got.len, auth_result_text(cases[i].overall),
			strlen(auth_result_text(cases[i].overall))));
		arena_free(&a);
	}
}
END_TEST

START_TEST(dmarc_without_author)
{
	struct verdict_policy p = { .enforce = ENFORCE_YES };
	struct arena *a = arena();
	struct verdict v = { .dmarc_checked = true,
		.dmarc = { .result = AUTH_PERMERROR, .why = DMARC_WHY_FROM_MISSING } };
	struct actions actions = { 0 };
	struct slice got = written(a, &p, &v, &actions);

	ck_assert_msg(slice_starts_with(got, SLICE("mx.example.com; dmarc=permerror reason=\"")) &&
	    memmem(got.ptr, got.len, "header.from", 11) == NULL, "%.*s", SLICE_ARG(got));
	arena_free(&a);
}
END_TEST

/* "A-R order": what filters look for first, and what a sender cannot make long, comes first. */
START_TEST(order_of_results)
{
	struct verdict_policy p = { .enforce = ENFORCE_YES };
	struct arena *a = arena();
	struct dmarc_author_result r = author(a, AUTH_FAIL, "example.org", DMARC_POLICY_REJECT);
	struct verdict v = { .dkim_checked = true, .dmarc_checked = true, .spf_checked = true,
		.spf = { .r = { .result = AUTH_PASS, .domain = domain_of(a, "example.net") } },
		.dmarc = { .result = AUTH_FAIL, .authors = &r, .author_count = 1 } };
	struct actions actions = { 0 };
	struct slice got = written(a, &p, &v, &actions);

	ck_assert_msg(slice_starts_with(got, SLICE("mx.example.com; dmarc=fail ")) &&
	    slice_iends_with(got, SLICE("; spf=pass smtp.mailfrom=example.net; dkim=none")), "%.*s",
	    SLICE_ARG(got));
	arena_free(&a);
}
END_TEST

/* Names in UTF-8, ours and the sender's, are written as A-labels. */
START_TEST(a_labels)
{
	struct verdict_policy p = { .enforce = ENFORCE_YES };
	struct arena *a = arena();
	struct dkim_result item = signature(a, AUTH_PASS, "b\xc3\xbc" "cher.example");
	struct verdict v = { .dkim_checked = true, .dkim = { .items = &item, .count = 1 } };
	struct actions actions = { 0 };

	ck_assert_int_eq(results_write(a, &p, SLICE("mx.b\xc3\xbc" "cher.example"), &v, &actions),
	    RC_OK);
	ck_slice_eq(actions.edits[0].value, SLICE(" mx.xn--bcher-kva.example;\n"
	    "\tdkim=pass (2048-bit key) header.d=xn--bcher-kva.example\n"
	    "\theader.i=@xn--bcher-kva.example header.s=s1 header.a=rsa-sha256\n"
	    "\theader.b=abcdEFGH"));
	arena_free(&a);
}
END_TEST

/* --- order of insertion ------------------------------------------------------------------------------------- */

/* A_04 P_52: each at the top; the last inserted stands highest. */
START_TEST(order_of_insertion)
{
	struct verdict_policy p = { .enforce = ENFORCE_YES, .quarantine = QUARANTINE_HEADER,
		.quarantine_header_name = SLICE("X-Q"), .quarantine_header_value = SLICE("dmarc"),
		.received_spf = true };
	struct arena *a = arena();
	struct verdict v = { .spf_checked = true };
	struct actions actions = { .action = ACTION_QUARANTINE };
	static const struct slice want[] = { { "X-Q", 3 }, { "Received-SPF", 12 },
		{ "Authentication-Results", 22 } };

	written(a, &p, &v, &actions);
	ck_assert_uint_eq(actions.edit_count, 3);
	for (size_t i = 0; i < 3; i++) {
		ck_slice_eq(actions.edits[i].name, want[i]);
		ck_assert_uint_eq(actions.edits[i].index, 0);
	}
	ck_slice_eq(actions.edits[0].value, SLICE(" dmarc"));
	arena_free(&a);
}
END_TEST

START_TEST(hold_instead_of_field)
{
	struct verdict_policy p = { .enforce = ENFORCE_YES, .quarantine = QUARANTINE_HOLD,
		.quarantine_header_name = SLICE("X-Q") };
	struct arena *a = arena();
	struct verdict v = { 0 };
	struct actions actions = { .action = ACTION_QUARANTINE, .why = SLICE("because") };

	written(a, &p, &v, &actions);
	ck_assert_uint_eq(actions.edit_count, 1);
	ck_assert(actions.hold);
	ck_slice_eq(actions.hold_reason, SLICE("because"));
	arena_free(&a);
}
END_TEST

Suite *results_suite(void)
{
	Suite *s = suite_create("results");

	UNIT_TABLE(s, field_rows, fields);
	UNIT_TEST(s, order_of_deletion);
	UNIT_TEST(s, thousands_of_forged_fields);
	UNIT_TEST(s, quarantine_copies);
	UNIT_TEST(s, observe_touches_nothing);
	UNIT_TEST(s, nothing_checked);
	UNIT_TABLE(s, spf_rows, spfs);
	UNIT_TEST(s, dkim_results);
	UNIT_TEST(s, order_of_results);
	UNIT_TEST(s, a_labels);
	UNIT_TABLE(s, hostile_rows, hostile);
	UNIT_TEST(s, signatures_without_end);
	UNIT_TEST(s, long_values_are_left_out);
	UNIT_TEST(s, dmarc_property);
	UNIT_TEST(s, dmarc_overrides);
	UNIT_TEST(s, several_authors);
	UNIT_TEST(s, dmarc_without_author);
	UNIT_TEST(s, order_of_insertion);
	UNIT_TEST(s, hold_instead_of_field);
	return s;
}

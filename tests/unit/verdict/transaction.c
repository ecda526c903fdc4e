#include "base/limits.h"
#include "verdict/decide.h"

#include "files.h"
#include "world.h"

#define ZONE \
	"example.org TXT v=spf1 ip4:192.0.2.7 -all\n" \
	"_dmarc.example.org TXT v=DMARC1; p=reject\n" \
	"spf-only.example TXT v=spf1 -all\n" \
	"slow.example TXT !TIMEOUT\n" \
	"broken.example TXT !SERVFAIL\n"

static struct slice text_of(struct world *w, const char *name)
{
	return slice_eq(slice_str(name), SLICE("")) ? SLICE("") : arena_printf(w->a,
	    "From: joe@%s\nSubject: x\n\nbody\n", name);
}

static bool has(struct slice text, const char *part)
{
	return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

/* --- at any point -------------------------------------------------------------------------------------- */

/* A connection may end after every step. */
START_TEST(freed_anywhere)
{
	static const char *const fields[][2] = { { "From", " joe@example.org" },
		{ "DKIM-Signature", " v=1; a=rsa-sha256; d=slow.example; s=s; h=from; bh=; b=" },
		{ "Received", " x" } };
	struct transaction_env env;
	struct world w;

	world_open(&w, ZONE);
	w.envelope.mail_from = SLICE("joe@slow.example");
	env = (struct transaction_env){ &w.policy, NULL, w.resolver };
	for (int stop = 0; stop < 9; stop++) {
		struct transaction *t = transaction_begin(&env, &w.envelope);
		int step = 0;

		ck_assert_ptr_nonnull(t);
		if (step++ < stop)
			transaction_recipient(t, SLICE("ann@example.com"));
		for (size_t i = 0; i < 3; i++)
			if (step++ < stop)
				transaction_header(t, slice_str(fields[i][0]), slice_str(fields[i][1]));
		if (step++ < stop)
			transaction_end_of_header(t);
		if (step++ < stop)
			transaction_body(t, SLICE("x\r\n"));
		if (step++ < stop)
			transaction_set_queue_id(t, SLICE("LATE"));
		if (step++ < stop)
			ck_assert_ptr_nonnull(transaction_end(t, WORLD_NOW));
		transaction_free(&t);
		ck_assert_ptr_null(t);
	}
	world_close(&w);
}
END_TEST

START_TEST(free_of_nothing)
{
	struct transaction *t = NULL;

	transaction_free(&t);
	ck_assert_ptr_null(t);
}
END_TEST

/* Nothing is required to come: a message without header, without body, without its end of header. */
START_TEST(nothing_comes)
{
	struct transaction_env env;
	struct transaction *t;
	const struct outcome *o;
	struct world w;

	world_open(&w, ZONE);
	env = (struct transaction_env){ &w.policy, NULL, w.resolver };
	t = transaction_begin(&env, &w.envelope);
	o = transaction_end(t, WORLD_NOW);
	ck_assert_int_eq(o->class, CLASS_EXTERNAL);
	ck_assert_int_eq(o->actions.action, ACTION_REJECT); /* no From */
	ck_assert(!o->failed);
	transaction_free(&t);
	world_close(&w);
}
END_TEST

/* What was given is copied. */
START_TEST(input_is_copied)
{
	char address[] = "joe@example.org", value[] = " joe@example.org", name[] = "From";
	struct transaction_env env;
	struct transaction *t;
	const struct outcome *o;
	struct world w;

	world_open(&w, ZONE);
	w.envelope.mail_from = slice_str(address);
	env = (struct transaction_env){ &w.policy, NULL, w.resolver };
	t = transaction_begin(&env, &w.envelope);
	transaction_header(t, slice_str(name), slice_str(value));
	memset(address, '@', sizeof(address) - 1);
	memset(value, '@', sizeof(value) - 1);
	memset(name, '@', sizeof(name) - 1);
	transaction_end_of_header(t);
	o = transaction_end(t, WORLD_NOW);
	ck_assert_int_eq(o->verdict.dmarc.result, AUTH_PASS);
	transaction_free(&t);
	world_close(&w);
}
END_TEST

/* The queue id may come after MAIL. */
START_TEST(late_queue_id)
{
	struct transaction_env env;
	struct transaction *t;
	struct world w;

	world_open(&w, ZONE);
	w.envelope.queue_id = SLICE_NULL;
	env = (struct transaction_env){ &w.policy, NULL, w.resolver };
	t = transaction_begin(&env, &w.envelope);
	transaction_set_queue_id(t, SLICE("LATE"));
	ck_slice_eq(transaction_end(t, WORLD_NOW)->message->envelope.queue_id, SLICE("LATE"));
	transaction_free(&t);
	world_close(&w);
}
END_TEST

/* --- the need for the body ------------------------------------------------------------------------------- */

static const struct {
	const char *name, *ip, *user;
	int port;
	const char *signature;
	bool want;
} bodies[] = {
	{ "a stranger's unsigned mail", "192.0.2.7", NULL, 25, NULL, false },
	{ "a stranger's signed mail", "192.0.2.7", NULL, 25, " v=1; a=rsa-sha256; d=example.org; s=s; "
		"h=from; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA", true },
	{ "a signature that cannot be right", "192.0.2.7", NULL, 25, " v=1; a=rsa-sha1; d=example.org; "
		"s=s; h=from; bh=AAAA; b=AAAA", false },
	{ "no keys to sign with", "192.0.2.7", "joe", 587, NULL, false },
	{ "a pass port, signed by somebody", "127.0.0.1", NULL, 10026, " v=1; a=rsa-sha256; "
		"d=example.org; s=s; h=from; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA",
		false },
};

START_TEST(body_rows)
{
	static int ports[] = { 10026 };
	struct transaction_env env;
	struct transaction *t;
	struct world w;

	world_open(&w, ZONE);
	w.policy.pass_ports = (struct port_list){ ports, 1, 1 };
	w.envelope.port = bodies[_i].port;
	w.envelope.auth_user = slice_str(bodies[_i].user);
	world_client(&w, bodies[_i].ip);
	env = (struct transaction_env){ &w.policy, NULL, w.resolver };
	t = transaction_begin(&env, &w.envelope);
	transaction_header(t, SLICE("From"), SLICE(" joe@example.org"));
	if (bodies[_i].signature != NULL)
		transaction_header(t, SLICE("DKIM-Signature"), slice_str(bodies[_i].signature));
	transaction_end_of_header(t);
	ck_assert_msg(transaction_needs_body(t) == bodies[_i].want, "row %d (%s)", _i, bodies[_i].name);
	transaction_free(&t);
	world_close(&w);
}
END_TEST

/* --- ceilings and memory: never acceptance unjudged --------------------------------------------------------- */

struct ceiling {
	enum action set;
	enum enforce enforce;
	enum action want;
	int code;
};

static const struct ceiling ceilings[] = {
	{ ACTION_REJECT, ENFORCE_YES, ACTION_REJECT, 550 },
	{ ACTION_REJECT, ENFORCE_NO, ACTION_REJECT, 550 },
	{ ACTION_REJECT, ENFORCE_OBSERVE, ACTION_ACCEPT, 0 },
	{ ACTION_TEMPFAIL, ENFORCE_YES, ACTION_TEMPFAIL, 451 },
	{ ACTION_QUARANTINE, ENFORCE_YES, ACTION_QUARANTINE, 0 },
	{ ACTION_ACCEPT, ENFORCE_YES, ACTION_REJECT, 550 },
	{ ACTION_ACCEPT, ENFORCE_NO, ACTION_REJECT, 550 },
};

START_TEST(ceiling_rows)
{
	struct buf text = BUF_INIT(65536);
	const struct ceiling *c = &ceilings[_i];
	const struct outcome *o;
	struct world w;

	world_open(&w, ZONE);
	w.policy.on_exceed = c->set;
	w.policy.enforce = c->enforce;
	w.policy.max_header_fields = 50;
	buf_add_str(&text, "Authentication-Results: mx.example.com; none\n");
	for (int i = 0; i < 60; i++)
		buf_add_str(&text, "X-Pad: x\n");
	buf_add_str(&text, "From: joe@example.org\n\nx\n");
	o = world_run(&w, buf_slice(&text));
	ck_assert_msg(o->actions.action == c->want && o->failed, "row %d: %s", _i,
	    action_text(o->actions.action));
	ck_assert_msg(o->actions.reply.code == c->code, "row %d: %d", _i, o->actions.reply.code);
	ck_assert(c->code == 0 || has(o->actions.reply.text, "50 header fields"));
	ck_assert_uint_eq(o->actions.edit_count, c->want == ACTION_QUARANTINE ? 2 : 0);
	ck_assert(has(o->actions.why, "50 header fields"));
	buf_free(&text);
	world_close(&w);
}
END_TEST

/* THREATS, Forged fields: each that is removed costs the MTA a walk over the message. */
static const struct {
	const char *name, *ip;
	int count;
	enum enforce enforce;
	enum action want, would;
	size_t edits;
} forged_rows[] = {
	{ "as many as may be", "192.0.2.7", 5, ENFORCE_YES, ACTION_ACCEPT, ACTION_ACCEPT, 6 },
	{ "one more", "192.0.2.7", 6, ENFORCE_YES, ACTION_REJECT, ACTION_REJECT, 0 },
	{ "one more, enforce = no", "192.0.2.7", 6, ENFORCE_NO, ACTION_REJECT, ACTION_REJECT, 0 },
	{ "one more, observed", "192.0.2.7", 6, ENFORCE_OBSERVE, ACTION_ACCEPT, ACTION_REJECT, 0 },
	{ "mail that would be signed", "127.0.0.1", 6, ENFORCE_YES, ACTION_ACCEPT, ACTION_ACCEPT, 6 },
};

START_TEST(forged_fields_rows)
{
	struct buf text = BUF_INIT(65536);
	const struct outcome *o;
	struct world w;

	world_open(&w, ZONE);
	world_client(&w, forged_rows[_i].ip);
	w.policy.enforce = forged_rows[_i].enforce;
	w.policy.max_forged_fields = 5;
	for (int i = 0; i < forged_rows[_i].count; i++)
		buf_add_str(&text, "Authentication-Results: mx.example.com; none\n");
	buf_add_str(&text, "From: joe@example.org\n\nx\n");
	o = world_run(&w, buf_slice(&text));
	ck_assert_msg(o->actions.action == forged_rows[_i].want && o->actions.would ==
	    forged_rows[_i].would && o->actions.edit_count == forged_rows[_i].edits, "row %d (%s): %s, "
	    "would %s, %zu edits", _i, forged_rows[_i].name, action_text(o->actions.action),
	    action_text(o->actions.would), o->actions.edit_count);
	if (o->actions.action == ACTION_REJECT)
		ck_assert(has(o->actions.reply.text, "5 header fields that claim to be ours"));
	buf_free(&text);
	world_close(&w);
}
END_TEST

/* Whoever sends: what was not seen may carry results in our name. */
START_TEST(every_class_has_ceilings)
{
	static const struct {
		const char *ip, *user;
		int port;
		enum action want;
	} each[] = { { "192.0.2.7", NULL, 25, ACTION_REJECT }, { "192.0.2.7", "joe", 587,
		ACTION_REJECT }, { "127.0.0.1", NULL, 25, ACTION_REJECT }, { "127.0.0.1", NULL, 10026,
		ACTION_ACCEPT /* pass-ports: nothing is touched */ } };
	static int ports[] = { 10026 };
	struct buf text = BUF_INIT(65536);
	struct world w;

	world_open(&w, ZONE);
	w.policy.max_header_bytes = 1000;
	w.policy.pass_ports = (struct port_list){ ports, 1, 1 };
	for (int i = 0; i < 200; i++)
		buf_add_str(&text, "X-Pad: x\n");
	buf_add_str(&text, "From: joe@example.org\n\nx\n");
	for (size_t i = 0; i < N_ELEMENTS(each); i++) {
		const struct outcome *o;

		w.envelope.port = each[i].port;
		w.envelope.auth_user = slice_str(each[i].user);
		world_client(&w, each[i].ip);
		o = world_run(&w, buf_slice(&text));
		ck_assert_msg(o->actions.action == each[i].want, "case %zu: %s", i,
		    action_text(o->actions.action));
		if (each[i].want == ACTION_REJECT) {
			ck_assert_int_eq(o->actions.reply.code, 552);
			ck_assert(has(o->actions.reply.text, "1000 octets"));
		}
	}
	buf_free(&text);
	world_close(&w);
}
END_TEST

START_TEST(too_many_recipients)
{
	struct transaction_env env;
	struct transaction *t;
	const struct outcome *o;
	struct world w;

	world_open(&w, ZONE);
	env = (struct transaction_env){ &w.policy, NULL, w.resolver };
	t = transaction_begin(&env, &w.envelope);
	for (unsigned i = 0; i <= LIMIT_RECIPIENTS; i++)
		transaction_recipient(t, SLICE("ann@example.com"));
	transaction_header(t, SLICE("From"), SLICE(" joe@example.org"));
	o = transaction_end(t, WORLD_NOW);
	ck_assert_int_eq(o->actions.action, ACTION_REJECT);
	ck_assert_str_eq(o->actions.reply.enhanced, "5.5.3");
	transaction_free(&t);
	world_close(&w);
}
END_TEST

/* The arena's ceiling, reached by a header that the policy would allow. */
START_TEST(memory_ends)
{
	static const struct {
		enum enforce enforce;
		enum action want;
		int code;
	} each[] = { { ENFORCE_YES, ACTION_TEMPFAIL, 451 }, { ENFORCE_NO, ACTION_TEMPFAIL, 451 },
		{ ENFORCE_OBSERVE, ACTION_ACCEPT, 0 } };
	struct slice value;
	struct world w;

	world_open(&w, ZONE);
	w.policy.enforce = each[_i].enforce;
	w.policy.max_header_bytes = 1024u * 1024 * 1024;
	value = slice_of(arena_alloc(w.a, 1024 * 1024), 1024 * 1024);
	for (int classes = 0; classes < 2; classes++) {
		struct transaction_env env = { &w.policy, NULL, w.resolver };
		struct transaction *t;
		const struct outcome *o;

		w.envelope.auth_user = classes == 0 ? SLICE_NULL : SLICE("joe");
		t = transaction_begin(&env, &w.envelope);
		transaction_header(t, SLICE("From"), SLICE(" joe@example.org"));
		for (int i = 0; i < 20; i++)
			transaction_header(t, SLICE("X"), value);
		transaction_end_of_header(t);
		transaction_body(t, SLICE("x"));
		o = transaction_end(t, WORLD_NOW);
		ck_assert_int_eq(o->actions.action, each[_i].want);
		ck_assert_int_eq(o->actions.reply.code, each[_i].code);
		ck_assert(o->failed);
		ck_assert_uint_eq(o->actions.edit_count, 0);
		transaction_free(&t);
	}
	world_close(&w);
}
END_TEST

/* --- look-ups -------------------------------------------------------------------------------------------- */

static uint64_t asked(const struct world *w)
{
	struct resolver_counters counters;

	resolver_counters(w->resolver, &counters);
	return counters.questions;
}

/* Questions start with what brings them, not with the end of the message. */
START_TEST(early_questions)
{
	struct transaction_env env;
	struct transaction *t;
	struct world w;
	uint64_t n;

	world_open(&w, ZONE);
	env = (struct transaction_env){ &w.policy, NULL, w.resolver };
	t = transaction_begin(&env, &w.envelope);
	n = asked(&w);
	ck_assert_uint_gt(n, 0); /* SPF */
	transaction_header(t, SLICE("Subject"), SLICE(" x"));
	ck_assert_uint_eq(asked(&w), n);
	transaction_header(t, SLICE("From"), SLICE(" joe@author.example"));
	ck_assert_uint_gt(asked(&w), n); /* the policy */
	n = asked(&w);
	transaction_header(t, SLICE("DKIM-Signature"), SLICE(" v=1; a=rsa-sha256; d=signer.example; "
		"s=s; h=from; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA"));
	ck_assert_uint_gt(asked(&w), n); /* the key */
	transaction_free(&t);
	world_close(&w);
}
END_TEST

/* X_02: more From fields bring no more questions, for such mail is not evaluated. */
START_TEST(many_from_fields)
{
	struct transaction_env env;
	struct transaction *t;
	struct world w;
	uint64_t n;

	world_open(&w, ZONE);
	env = (struct transaction_env){ &w.policy, NULL, w.resolver };
	t = transaction_begin(&env, &w.envelope);
	transaction_header(t, SLICE("From"), SLICE(" joe@author.example"));
	n = asked(&w);
	for (int i = 0; i < 50; i++)
		transaction_header(t, SLICE("From"), arena_printf(w.a, " joe@author%d.example", i));
	transaction_end_of_header(t);
	ck_assert_uint_eq(asked(&w), n);
	transaction_free(&t);
	world_close(&w);
}
END_TEST

/* Mail that is not judged asks nobody anything; mail of an own relay does not ask for SPF. */
START_TEST(no_questions)
{
	struct transaction_env env;
	struct transaction *t;
	struct world w;
	const char *why;

	world_open(&w, ZONE);
	ck_assert_int_eq(hostlist_add(w.a, &w.policy.own_relays, SLICE("198.51.100.9"), &why), RC_OK);
	env = (struct transaction_env){ &w.policy, NULL, w.resolver };
	for (int i = 0; i < 2; i++) {
		w.envelope.auth_user = i == 0 ? SLICE("joe") : SLICE_NULL;
		world_client(&w, "198.51.100.9");
		t = transaction_begin(&env, &w.envelope);
		if (i == 0)
			transaction_header(t, SLICE("From"), SLICE(" joe@author.example"));
		ck_assert_uint_eq(asked(&w), 0);
		transaction_free(&t);
	}
	world_close(&w);
}
END_TEST

/* --- SPF where it is not to be checked ------------------------------------------------------------------------- */

static const struct {
	const char *name, *skip_host, *skip_domain, *mail_from, *want;
} skips[] = {
	{ "checked", NULL, NULL, "joe@example.org", "spf=pass " },
	{ "skip-hosts", "192.0.2.0/24", NULL, "joe@example.org", "(SPF not checked: " },
	{ "another host", "198.51.100.0/24", NULL, "joe@example.org", "spf=pass " },
	{ "skip-domains", NULL, "example.org", "joe@EXAMPLE.org", "(SPF not checked: " },
	{ "skip-domains, below", NULL, ".org", "joe@example.org", "(SPF not checked: " },
	{ "skip-domains, another", NULL, "example.net", "joe@example.org", "spf=pass " },
	{ "skip-domains, not below", NULL, ".example.org", "joe@example.org", "spf=pass " },
	{ "skip-domains, null sender", NULL, "mail.example.org", "", "(SPF not checked: " },
};

START_TEST(skip_rows)
{
	struct slice list[] = { slice_str(skips[_i].skip_domain) };
	const struct outcome *o;
	struct slice got;
	const char *why;
	struct world w;
	size_t n;

	world_open(&w, ZONE);
	w.envelope.mail_from = slice_str(skips[_i].mail_from);
	if (skips[_i].skip_host != NULL)
		ck_assert_int_eq(hostlist_add(w.a, &w.policy.spf_skip_hosts,
		    slice_str(skips[_i].skip_host), &why), RC_OK);
	if (skips[_i].skip_domain != NULL)
		w.policy.spf_skip_domains = (struct slice_list){ list, 1, 1 };
	o = world_run(&w, text_of(&w, "example.org"));
	got = world_inserted(&w, o, "Authentication-Results", &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_msg(has(got, skips[_i].want), "row %d (%s): %.*s", _i, skips[_i].name,
	    SLICE_ARG(got));
	world_close(&w);
}
END_TEST

/* P_03 P_04: HELO is a value of its own; for the null sender it is the one there is. */
START_TEST(helo_is_a_value_of_its_own)
{
	const struct outcome *o;
	struct world w;

	world_open(&w, ZONE "mail.example.org TXT v=spf1 +all\n");
	w.envelope.mail_from = SLICE("joe@spf-only.example");
	o = world_run(&w, text_of(&w, "example.org"));
	ck_assert_int_eq(o->verdict.helo.r.result, AUTH_PASS);
	ck_assert_int_eq(o->verdict.spf.r.result, AUTH_FAIL);
	ck_assert_int_eq(o->verdict.dmarc.result, AUTH_FAIL); /* D_32 */
	w.envelope.mail_from = SLICE("");
	o = world_run(&w, text_of(&w, "example.org"));
	ck_assert_int_eq(o->verdict.spf.scope, SPF_SCOPE_HELO);
	ck_assert_int_eq(o->verdict.helo.r.result, AUTH_PASS);
	ck_assert_int_eq(o->verdict.dmarc.result, AUTH_PASS); /* D_31 */
	world_close(&w);
}
END_TEST

/* A sender must not gain by breaking DNS, nor lose by a stranger's broken DNS. */
static const struct {
	const char *name, *mail_from, *author, *zone;
	enum auth_result want;
	enum action action;
} breaks[] = {
	{ "D_30 the sender's own SPF broken, unaligned", "a@broken.example", "example.org", "",
		AUTH_FAIL, ACTION_REJECT },
	{ "D_30 the sender's own SPF slow, unaligned", "a@slow.example", "example.org", "", AUTH_FAIL,
		ACTION_REJECT },
	{ "D_30 an aligned candidate undecided", "a@b.example.org", "example.org",
		"b.example.org TXT !SERVFAIL\n", AUTH_TEMPERROR, ACTION_TEMPFAIL },
	{ "D_30 an aligned candidate undecided, p=none", "a@b.lax.example", "lax.example",
		"_dmarc.lax.example TXT v=DMARC1; p=none\nb.lax.example TXT !TIMEOUT\n", AUTH_TEMPERROR,
		ACTION_ACCEPT },
	{ "D_30 the policy unknown", "a@elsewhere.example", "dark.example",
		"_dmarc.dark.example TXT !TIMEOUT\n", AUTH_TEMPERROR, ACTION_ACCEPT },
};

START_TEST(break_rows)
{
	const struct outcome *o;
	struct buf zone = BUF_INIT(65536);
	struct world w;

	buf_addf(&zone, "%s%s", ZONE, breaks[_i].zone);
	world_open(&w, buf_cstr(&zone));
	w.envelope.mail_from = slice_str(breaks[_i].mail_from);
	o = world_run(&w, text_of(&w, breaks[_i].author));
	ck_assert_msg(o->verdict.dmarc.result == breaks[_i].want, "row %d (%s): %s", _i,
	    breaks[_i].name, auth_result_text(o->verdict.dmarc.result));
	ck_assert_msg(o->actions.action == breaks[_i].action, "row %d (%s): %s", _i, breaks[_i].name,
	    action_text(o->actions.action));
	buf_free(&zone);
	world_close(&w);
}
END_TEST

/* --- signing ---------------------------------------------------------------------------------------------------- */

static size_t occurrences(struct slice text, const char *part)
{
	size_t n = 0, len = strlen(part);

	for (size_t i = 0; i + len <= text.len; i++)
		n += memcmp(text.ptr + i, part, len) == 0;
	return n;
}

/* S_25: signed is what the receiver will see, without the fields that are taken away. */
START_TEST(signed_without_what_is_removed)
{
	struct slice add[] = { SLICE("X-Assay-Quarantine") };
	char *keys = files_dir();
	struct err err = ERR_INIT;
	const struct outcome *o;
	struct slice value;
	struct world w;
	size_t n;

	world_open(&w, ZONE);
	files_key(keys, "example.org/e1.pem", "ed25519.pem", 0600);
	if (keystore_open(keys, true, NULL, &w.keys, &err) != RC_OK)
		ck_abort_msg("%s", buf_cstr(&err.text));
	err_free(&err);
	w.policy.signing.headers = (struct sign_header_set){ .add = add, .add_count = 1 };
	w.envelope.auth_user = SLICE("joe");
	o = world_run(&w, SLICE("X-Assay-Quarantine: 1\nFrom: joe@example.org\n"
		"X-Assay-Quarantine: 2\nX-Assay-Quarantine: 3\n\nx\n"));
	value = world_inserted(&w, o, "DKIM-Signature", &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(o->actions.edit_count, 4);
	ck_assert_msg(occurrences(value, "X-Assay-Quarantine") == 1, "%.*s", SLICE_ARG(value));
	world_close(&w);
	free(keys);
}
END_TEST

/* Nothing that a damaged key has signed leaves: its first signature is verified before it is written. */
START_TEST(first_signature_is_the_trial)
{
	static const enum action want[] = { ACTION_ACCEPT, ACTION_TEMPFAIL };
	char *keys = files_dir();
	struct err err = ERR_INIT;
	const struct outcome *o;
	struct world w;
	size_t n;

	world_open(&w, ZONE);
	w.envelope.auth_user = SLICE("joe");
	w.policy.defer_unsignable = _i == 1;
	for (unsigned i = 0; i < LIMIT_KEYS_DECODED; i++) { /* further ones are tried by their first signature */
		char name[48];

		snprintf(name, sizeof(name), "other.example/s%u.pem", i);
		files_key(keys, name, "ed25519.pem", 0600);
	}
	if (keystore_open(keys, true, NULL, &w.keys, &err) != RC_OK)
		ck_abort_msg("%s", buf_cstr(&err.text));
	err_free(&err);
	files_key(keys, "example.org/bad.pem", "rsa2048-damaged.pem", 0600);
	for (int message = 0; message < 2; message++) {
		o = world_run(&w, SLICE("From: joe@example.org\n\nx\n"));
		world_inserted(&w, o, "DKIM-Signature", &n);
		ck_assert_uint_eq(n, 0);
		ck_assert_uint_eq(o->signature_count, 0);
		ck_assert_int_eq(o->actions.action, want[_i]);
		if (_i == 0) {
			ck_assert_int_eq(o->unsigned_why, SIGNING_KEY_TROUBLE);
			ck_assert(occurrences(o->unsigned_reason, message == 0 ? "example.org/bad: signatures by the key do not verify" :
			    "example.org") == 1);
		}
	}
	world_close(&w);
	free(keys);
}
END_TEST

/* --- marks ------------------------------------------------------------------------------------------------------ */

START_TEST(marks_of_a_message)
{
	const struct arc_chain no_chain = { .why = ARC_WHY_NO_CHAIN };
	struct indirect_marks marks;
	struct world w;
	struct message m;

	world_open(&w, ZONE);
	message_init(&m, w.a);
	indirect_marks(&m, &no_chain, &marks);
	ck_assert(!marks.list && !marks.resent && !marks.arc);
	message_add_header(&m, SLICE("LIST-ID"), SLICE(" <x.example>"));
	message_add_header(&m, SLICE("resent-from"), SLICE(" x@example.net"));
	indirect_marks(&m, &no_chain, &marks);
	ck_assert(marks.list && marks.resent && !marks.arc);
	world_close(&w);
}
END_TEST

Suite *transaction_suite(void)
{
	Suite *s = suite_create("transaction");

	UNIT_TEST(s, freed_anywhere);
	UNIT_TEST(s, free_of_nothing);
	UNIT_TEST(s, nothing_comes);
	UNIT_TEST(s, input_is_copied);
	UNIT_TEST(s, late_queue_id);
	UNIT_TABLE(s, body_rows, bodies);
	UNIT_TABLE(s, ceiling_rows, ceilings);
	UNIT_TABLE(s, forged_fields_rows, forged_rows);
	UNIT_TEST(s, every_class_has_ceilings);
	UNIT_TEST(s, too_many_recipients);
	unit_table(s, "memory_ends", memory_ends, 3);
	UNIT_TEST(s, early_questions);
	UNIT_TEST(s, many_from_fields);
	UNIT_TEST(s, no_questions);
	UNIT_TABLE(s, skip_rows, skips);
	UNIT_TEST(s, helo_is_a_value_of_its_own);
	UNIT_TABLE(s, break_rows, breaks);
	UNIT_TEST(s, signed_without_what_is_removed);
	unit_table(s, "first_signature_is_the_trial", first_signature_is_the_trial, 2);
	UNIT_TEST(s, marks_of_a_message);
	return s;
}

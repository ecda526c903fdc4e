#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "mail/reader.h"
#include "verdict/json.h"
#include "verdict/transaction.h"

#include "cli/command.h"
#include "cli/diagnose.h"
#include "cli/describe.h"
#include "cli/messages.h"

struct verify_request {
	struct envelope envelope;
	struct slice_list recipients;
	const char *zone, *config, *file, *authserv_id;
	int64_t now;
	bool json, explain, mbox, from_headers;
};

static void pass_body(void *ctx, struct slice octets)
{
	transaction_body(ctx, octets);
}

/* The whole message through the same steps as in the daemon. */
static enum rc play(struct transaction *t, const struct verify_request *r, struct slice text)
{
	struct arena *a = arena_create(2 * (size_t)LIMIT_ARENA_BYTES);
	struct message m;
	struct slice body;

	if (a == NULL)
		return RC_NOMEM;
	message_init(&m, a);
	m.max_header_bytes = m.max_header_fields = LIMIT_FILE_BYTES; /* the transaction has the ceilings */
	for (size_t i = 0; i < r->recipients.count; i++)
		transaction_recipient(t, r->recipients.items[i]);
	body = read_headers(&m, text);
	for (size_t i = 0; i < m.count; i++)
		transaction_header(t, m.headers[i].raw_name, m.headers[i].value);
	transaction_end_of_header(t);
	read_body(body, (struct sink){ pass_body, t });
	arena_free(&a);
	return RC_OK;
}

static enum rc print_outcome(const struct verify_request *r, const struct outcome *o)
{
	struct buf json = BUF_INIT(64u * 1024 * 1024);
	enum rc rc = RC_OK;

	if (r->json) {
		rc = json_outcome(o, 2, &json);
		if (rc == RC_OK)
			command_print_json(buf_cstr(&json));
		buf_free(&json);
	} else {
		describe_outcome(o, r->explain);
	}
	return rc;
}

/* A changed message through the same steps: does that signature pass now? */
struct trial_context {
	const struct verify_request *request;
	const struct transaction_env *env;
};

static bool trial_passes(void *ctx, struct slice text, struct slice header_b)
{
	const struct trial_context *c = ctx;
	struct transaction *t = transaction_begin(c->env, &c->request->envelope);
	const struct dkim_results *results;
	bool passes = false;

	if (t != NULL && play(t, c->request, text) == RC_OK) {
		results = &transaction_end(t, c->request->now)->verdict.dkim;
		for (size_t i = 0; i < results->count; i++)
			passes = passes || (results->items[i].result == AUTH_PASS &&
			    slice_eq(results->items[i].header_b, header_b));
	}
	transaction_free(&t);
	return passes;
}

static void diagnose(const struct verify_request *r, const struct transaction_env *env,
    const struct outcome *o, struct slice text)
{
	struct trial_context context = { r, env };

	struct lookups *lookups = lookups_new(env->resolver, env->policy->dns_deadline_ms);

	diagnose_signatures(&o->verdict.dkim, text, &(struct trial){ trial_passes, &context }, lookups);
	lookups_release(&lookups);
}

static enum rc judge(const struct verify_request *r, const struct transaction_env *env,
    struct slice text)
{
	struct transaction *t = transaction_begin(env, &r->envelope);
	enum rc rc = t == NULL ? RC_NOMEM : RC_OK;

	if (rc == RC_OK && r->explain && r->envelope.client.family != IP_NONE) {
		puts("SPF, record by record:");
		transaction_trace_spf(t, &trace_printer);
	}
	if (rc == RC_OK)
		rc = play(t, r, text);
	if (rc == RC_OK) {
		const struct outcome *o = transaction_end(t, r->now);

		rc = print_outcome(r, o);
		if (r->explain)
			diagnose(r, env, o, text);
	}
	transaction_free(&t);
	return rc;
}

static void print_envelope(const struct envelope *e)
{
	char ip[IP_TEXT_SIZE];

	printf("taken from the header: client %s, HELO ", ip_text(&e->client, ip));
	print_text(e->helo);
	printf(", envelope sender <");
	print_text(e->mail_from);
	puts(">");
}

/* The request with what the header says of the session, if that is wanted. */
static enum rc complete(struct arena *a, const struct verify_request *r, const struct verdict_policy *policy,
    struct slice text, struct verify_request *out, struct err *err)
{
	*out = *r;
	return r->from_headers ? envelope_from_headers(a, text, &policy->own_relays, &out->envelope, err) : RC_OK;
}

static enum rc judge_one(const struct verify_request *r, const struct transaction_env *env, struct slice text,
    struct err *err)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct verify_request completed;
	enum rc rc = a == NULL ? RC_NOMEM : complete(a, r, env->policy, text, &completed, err);

	if (rc == RC_OK && r->from_headers && !r->json)
		print_envelope(&completed.envelope);
	if (rc == RC_OK)
		rc = judge(&completed, env, text);
	arena_free(&a);
	return rc;
}

/* A message of a mailbox whose header does not describe the session is reported, and those after it are judged. */
static enum rc judge_numbered(const struct verify_request *r, const struct transaction_env *env, struct slice text,
    unsigned number, struct err *err)
{
	size_t mark = err->text.len;
	enum rc rc;

	if (!r->json)
		printf("%smessage %u\n", number == 1 ? "" : "\n", number);
	rc = judge_one(r, env, text, err);
	if (rc == RC_CONFIG)
		err_wrap(err, mark, "message %u", number);
	return rc;
}

/* One message, or those of a mailbox one after the other. */
static enum rc judge_all(const struct verify_request *r, const struct transaction_env *env,
    struct slice text, struct err *err)
{
	struct slice rest = text;
	unsigned number = 0;
	enum rc rc = RC_OK;
	bool more = true;

	if (!r->mbox)
		return judge_one(r, env, text, err);
	while (more && (rc == RC_OK || rc == RC_CONFIG)) {
		struct buf message = BUF_INIT(LIMIT_FILE_BYTES);
		enum rc one = RC_OK;

		more = mbox_next(&rest, &message);
		number++;
		if (more)
			one = buf_failed(&message) ? RC_NOMEM : judge_numbered(r, env, buf_slice(&message), number, err);
		rc = one == RC_OK ? rc : one;
		buf_free(&message);
	}
	return rc;
}

/* Mail of that class is signed, or may be once its header is known. */
static bool may_be_signed(const struct verify_request *r, const struct settings *s,
    enum received_before before)
{
	enum message_class class = classify(&s->policy, &r->envelope, before);

	return class_rules(class)->sign || class == CLASS_SIGN_OR_JUDGE || class == CLASS_REINJECTED;
}

/* Loads keys only if the message could be signed or sealed: other messages can be judged without access to keys. */
static enum rc load_keys(const struct verify_request *given, struct settings *s, struct slice text,
    struct err *err)
{
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	struct verify_request r = *given;
	enum rc rc = a == NULL ? RC_NOMEM : RC_OK;
	bool needed;

	if (rc == RC_OK && !given->mbox)
		rc = complete(a, given, &s->policy, text, &r, err);
	needed = rc == RC_OK && (may_be_signed(&r, s, RECEIVED_NOWHERE) ||
	    may_be_signed(&r, s, RECEIVED_ELSEWHERE) || s->policy.arc.seal.len > 0);
	arena_free(&a);
	return needed ? settings_load_keys(s, err) : rc;
}

static enum rc verify(const struct verify_request *r, struct err *err)
{
	struct buf text = BUF_INIT(LIMIT_FILE_BYTES);
	struct settings *s = NULL;
	struct resolver *resolver = NULL;
	struct transaction_env env;
	struct verdict_policy policy;
	enum rc rc = command_settings(r->config, &s, err);

	if (rc == RC_OK)
		rc = command_resolver(s, r->zone, &resolver, err);
	if (rc == RC_OK)
		rc = message_read(r->file, r->mbox, &text, err);
	if (rc == RC_OK)
		rc = load_keys(r, s, buf_slice(&text), err);
	if (rc == RC_OK) {
		policy = s->policy;
		if (r->authserv_id != NULL)
			policy.authserv_id = slice_str(r->authserv_id);
		env = (struct transaction_env){ &policy, s->keystore, resolver };
		rc = judge_all(r, &env, buf_slice(&text), err);
	}
	resolver_free(&resolver);
	settings_release(&s);
	buf_free(&text);
	return rc;
}

static const struct argument arguments[] = {
	{ "ip", ARGUMENT_IP, offsetof(struct verify_request, envelope.client), "ADDRESS",
	    "the client's address; without it SPF is not checked" },
	OPTION_HELO(struct verify_request, envelope.helo),
	OPTION_MAIL_FROM(struct verify_request, envelope.mail_from),
	{ "rcpt", ARGUMENT_PATHS, offsetof(struct verify_request, recipients), "ADDRESS",
	    "an envelope recipient; may be repeated" },
	{ "auth", ARGUMENT_SLICE, offsetof(struct verify_request, envelope.auth_user), "USER",
	    "the login: the message is signed and not judged" },
	{ "port", ARGUMENT_PORT, offsetof(struct verify_request, envelope.port), "PORT",
	    "the port that the client is connected to" },
	{ "client-name", ARGUMENT_SLICE, offsetof(struct verify_request, envelope.client_name), "NAME",
	    "the client's verified name" },
	OPTION_ZONE(struct verify_request, zone),
	OPTION_CONFIG(struct verify_request, config),
	{ "authserv-id", ARGUMENT_TEXT, offsetof(struct verify_request, authserv_id), "NAME",
	    "the name in Authentication-Results" },
	{ "time", ARGUMENT_NUMBER, offsetof(struct verify_request, now), "EPOCH",
	    "the current time, in seconds since 1970" },
	{ "from-headers", ARGUMENT_FLAG, offsetof(struct verify_request, from_headers), NULL,
	    "take missing properties from Received and Return-Path" },
	{ "mbox", ARGUMENT_FLAG, offsetof(struct verify_request, mbox), NULL,
	    "the file is a mailbox: judge each of its messages" },
	OPTION_JSON(struct verify_request, json),
	{ "explain", ARGUMENT_FLAG, offsetof(struct verify_request, explain), NULL,
	    "explain the result" },
	OPTIONS_END,
};

static int run(const struct command *c, int argc, char **argv)
{
	struct verify_request r = { .envelope.port = -1, .envelope.mta_name = SLICE("localhost.localdomain"),
		.now = clock_now() };
	struct err err = ERR_INIT;
	bool done;
	int rest;
	int status = command_arguments(c, argc, argv, &r, 0, 1, &rest, &done);

	if (status == EXIT_SUCCESS && !done && r.json && r.explain)
		status = command_usage(c, "write --json or --explain");
	if (status == EXIT_SUCCESS && !done) {
		r.file = argv[rest];
		status = command_end(&err, verify(&r, &err));
	}
	free(r.recipients.items);
	return status;
}

const struct command command_verify = {
	.name = "verify",
	.run = run,
	.summary = "judge (or sign) a message as the daemon would, and say why",
	.usage = "[--ip A] [--helo N] [--mail-from ADDR] [--rcpt ADDR]... [--auth USER] [--port N]\n"
	    "           [--client-name N] [--zone FILE] [--time EPOCH] [--authserv-id ID] [-c FILE]\n"
	    "           [--from-headers] [--mbox] [--json|--explain] [FILE|-]",
	.arguments = arguments,
};

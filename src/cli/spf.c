#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "spf/spf.h"
#include "verdict/json.h"

#include "cli/command.h"

struct spf_question {
	struct spf_request request;
	const char *zone, *config, *engine_name;
	enum spf_engine engine;
	bool json, explain;
};

static void print_result(const struct spf_mail_from_result *r)
{
	printf("spf=%s ", auth_result_text(r->r.result));
	printf("%s=", r->scope == SPF_SCOPE_HELO ? "smtp.helo" : "smtp.mailfrom");
	print_text(r->r.domain.name);
	printf("\nreason: ");
	print_text(r->r.reason);
	printf("\nlook-ups: %u of %u terms, %u void\n", r->r.terms, LIMIT_SPF_TERMS, r->r.voids);
	if (r->r.explanation.len > 0) {
		printf("explanation by the sender's domain: ");
		print_text(r->r.explanation);
		putchar('\n');
	}
}

static enum rc print_json(const struct spf_mail_from_result *result)
{
	struct buf json = BUF_INIT(64u * 1024);
	enum rc rc = json_spf(result, 2, &json);

	if (rc == RC_OK)
		command_print_json(buf_cstr(&json));
	buf_free(&json);
	return rc;
}

static enum rc evaluate(const struct spf_question *q, const struct asker *dns, struct arena *a)
{
	struct spf_params params = dns->settings->policy.spf;
	struct spf_mail_from_result result = { 0 };

	if (q->engine_name != NULL)
		params.engine = q->engine;
	spf_start(dns->lookups, &q->request);
	TRY(spf_check_mail_from(a, dns->lookups, &params, &q->request, q->explain ? &trace_printer : NULL,
	    clock_now(), &result));
	if (q->json)
		return print_json(&result);
	print_result(&result);
	return RC_OK;
}

static int answer(const struct spf_question *q)
{
	struct err err = ERR_INIT;
	struct asker dns = { NULL, NULL, NULL };
	struct arena *a = arena_create(LIMIT_ARENA_BYTES);
	enum rc rc = a == NULL ? RC_NOMEM : asker_open(q->config, q->zone, &dns, &err);

	if (rc == RC_OK)
		rc = evaluate(q, &dns, a);
	asker_close(&dns);
	arena_free(&a);
	return command_end(&err, rc);
}

static bool engine_by_name(const char *name, enum spf_engine *out)
{
	static const char *const names[] = { "builtin", "libspf2" };

	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			*out = (enum spf_engine)i;
			return true;
		}
	}
	return false;
}

static const struct argument arguments[] = {
	{ "ip", ARGUMENT_IP, offsetof(struct spf_question, request.client), "ADDRESS",
	    "the client's address" },
	OPTION_HELO(struct spf_question, request.helo),
	OPTION_MAIL_FROM(struct spf_question, request.mail_from),
	OPTION_ZONE(struct spf_question, zone),
	{ "engine", ARGUMENT_TEXT, offsetof(struct spf_question, engine_name), "ENGINE",
	    "builtin or libspf2" },
	OPTION_CONFIG(struct spf_question, config),
	OPTION_JSON(struct spf_question, json),
	{ "explain", ARGUMENT_FLAG, offsetof(struct spf_question, explain), NULL,
	    "show every record and term" },
	OPTIONS_END,
};

static int run(const struct command *c, int argc, char **argv)
{
	struct spf_question q = { 0 };
	bool done;
	int rest;
	int status = command_arguments(c, argc, argv, &q, 0, 0, &rest, &done);

	if (status != EXIT_SUCCESS || done)
		return status;
	if (q.json && q.explain)
		return command_usage(c, "write --json or --explain");
	if (q.request.client.family == IP_NONE)
		return command_usage(c, "--ip is needed");
	if (q.engine_name != NULL && !engine_by_name(q.engine_name, &q.engine))
		return command_usage(c, "--engine %s: builtin or libspf2", q.engine_name);
	if (!spf_engine_available(q.engine))
		return command_usage(c, "--engine %s: not part of this build", q.engine_name);
	return answer(&q);
}

const struct command command_spf = {
	.name = "spf",
	.run = run,
	.summary = "check a client, HELO name and sender by SPF",
	.usage = "--ip A [--helo N] [--mail-from ADDR] [--zone FILE] [--engine builtin|libspf2]\n"
	    "           [-c FILE] [--json|--explain]",
	.arguments = arguments,
};

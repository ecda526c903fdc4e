#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "dmarc/discover.h"
#include "verdict/json.h"

#include "cli/command.h"
#include "cli/describe.h"

struct dmarc_question {
	struct domain domain;
	const char *zone, *config;
	bool json;
};

static enum rc print_json(const struct dmarc_policy_discovery *d)
{
	struct dmarc_author_result author;
	struct buf json = BUF_INIT(1024u * 1024);
	enum rc rc;

	dmarc_author_of(d, &author);
	rc = json_dmarc_author(&author, 2, &json);
	if (rc == RC_OK)
		command_print_json(buf_cstr(&json));
	buf_free(&json);
	return rc;
}

/* The exit status says whether the policy is known, too. */
static enum rc discover(const struct dmarc_question *q, const struct asker *dns, struct arena *a,
    struct err *err)
{
	enum dmarc_discovery method = dns->settings->policy.dmarc.discovery;
	struct dmarc_policy_discovery d = { 0 };
	struct domain domain = q->domain;

	dmarc_start(dns->lookups, LOOKUP_POLICY, method, domain);
	TRY(dmarc_discover(a, dns->lookups, method, domain, &d));
	if (!q->json)
		describe_discovery(&d);
	else
		TRY(print_json(&d));
	return d.status == DMARC_DISCOVERY_UNKNOWN ? err_config(err, "%.*s: could not ask: %.*s",
	    SLICE_ARG(domain.name), SLICE_ARG(d.reason)) : RC_OK;
}

static const struct argument arguments[] = {
	OPTION_ZONE(struct dmarc_question, zone),
	OPTION_CONFIG(struct dmarc_question, config),
	OPTION_JSON(struct dmarc_question, json),
	OPTIONS_END,
};

static int run(const struct command *c, int argc, char **argv)
{
	struct dmarc_question q = { 0 };
	struct asker dns = { NULL, NULL, NULL };
	struct err err = ERR_INIT;
	struct arena *a;
	bool done;
	enum rc rc;
	int rest;
	int status = command_arguments(c, argc, argv, &q, 1, 1, &rest, &done);

	if (status != EXIT_SUCCESS || done)
		return status;
	a = arena_create(LIMIT_ARENA_BYTES);
	if (a != NULL && !domain_parse(a, slice_str(argv[rest]), &q.domain)) {
		arena_free(&a);
		return command_usage(c, "%s: not a domain name", argv[rest]);
	}
	rc = a == NULL ? RC_NOMEM : asker_open(q.config, q.zone, &dns, &err);
	if (rc == RC_OK)
		rc = discover(&q, &dns, a, &err);
	asker_close(&dns);
	arena_free(&a);
	return command_end(&err, rc);
}

const struct command command_dmarc = {
	.name = "dmarc",
	.run = run,
	.summary = "find the DMARC policy that applies to a domain",
	.usage = "DOMAIN [--zone FILE] [-c FILE] [--json]",
	.arguments = arguments,
};

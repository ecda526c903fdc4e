#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "dmarc/discover.h"
#include "verdict/json.h"

#include "cli/command.h"
#include "cli/explain.h"

struct dmarc_question {
	const char *domain, *zone, *config;
	bool json;
};

static enum rc print_json(const struct policy_discovery *d)
{
	struct dmarc_author_result author = { .domain = d->author_domain, .discovery = *d,
		.policy = d->record.testing ? dmarc_policy_weaker(d->policy) : d->policy,
		.testing = d->record.testing };
	struct buf json = BUF_INIT(1024u * 1024);
	enum rc rc = json_dmarc_author(&author, 2, &json);

	if (rc == RC_OK)
		puts(buf_cstr(&json));
	buf_free(&json);
	return rc;
}

static enum rc discover(const struct dmarc_question *q, struct arena *a, struct err *err)
{
	struct policy_discovery d = { 0 };
	struct settings *s = NULL;
	struct resolver *resolver = NULL;
	struct lookups *l = NULL;
	struct domain domain;
	enum rc rc;

	if (!domain_parse(a, slice_str(q->domain), &domain))
		return err_config(err, "%s: not a domain name", q->domain);
	rc = command_settings(q->config, &s, err);
	if (rc == RC_OK)
		rc = command_resolver(s, q->zone, &resolver, err);
	if (rc == RC_OK && (l = lookups_new(resolver, s->policy.dns_deadline_ms)) == NULL)
		rc = RC_NOMEM;
	if (rc == RC_OK) {
		dmarc_start(l, LOOKUP_POLICY, s->policy.dmarc.discovery, domain);
		rc = dmarc_discover(a, l, s->policy.dmarc.discovery, domain, &d);
	}
	if (rc == RC_OK && q->json)
		rc = print_json(&d);
	else if (rc == RC_OK)
		explain_discovery(&d);
	lookups_release(&l);
	resolver_free(&resolver);
	settings_release(&s);
	return rc;
}

static const struct argument arguments[] = {
	{ "zone", ARGUMENT_TEXT, offsetof(struct dmarc_question, zone) },
	{ "config", ARGUMENT_TEXT, offsetof(struct dmarc_question, config) },
	{ "json", ARGUMENT_FLAG, offsetof(struct dmarc_question, json) },
	{ NULL, ARGUMENT_FLAG, 0 },
};

static int run(const struct command *c, int argc, char **argv)
{
	struct dmarc_question q = { 0 };
	struct err err = ERR_INIT;
	struct arena *a;
	bool done;
	enum rc rc;
	int rest;
	int status = command_arguments(c, argc, argv, &q, 1, 1, &rest, &done);

	if (status != EXIT_SUCCESS || done)
		return status;
	q.domain = argv[rest];
	a = arena_create(LIMIT_ARENA_BYTES);
	rc = a == NULL ? RC_NOMEM : discover(&q, a, &err);
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

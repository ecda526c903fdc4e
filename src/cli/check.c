#include <stddef.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "crypto/keyfile.h"
#include "dmarc/discover.h"
#include "spf/cost.h"

#include "cli/command.h"
#include "cli/published.h"

struct check_request {
	const char *keys, *config, *zone;
	/* prepared by run() */
	struct arena *arena;
	struct asker dns;
	struct err *err;
	struct signing_key *own; /* the key directory's */
	size_t own_count;
	size_t findings;
};

/* "ok", "BAD" or "note", and the words. */
static void say(struct check_request *r, const char *mark, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void say(struct check_request *r, const char *mark, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	command_finding(mark, fmt, ap);
	va_end(ap);
	if (mark[0] == 'B')
		r->findings++;
}

/* --- keys ------------------------------------------------------------------------------------- */

static enum rc check_key(struct check_request *r, const struct signing_key *key)
{
	struct private_key *private = NULL;
	struct published found;

	if (key->state == KEY_RETIRED)
		return RC_OK;
	TRY(private_key_load(arena_copy(r->arena, key->path).ptr, &private, r->err));
	if (published_find(r->arena, r->dns.lookups, key, private, &found) != RC_OK) {
		private_key_free(&private);
		return RC_NOMEM;
	}
	private_key_free(&private);
	say(r, found.good ? "ok" : key->state == KEY_ACTIVE ? "BAD" : "note", "key %.*s (%s): %.*s",
	    SLICE_ARG(key->selector), key->state == KEY_ACTIVE ? "signs" : "pending", SLICE_ARG(found.what));
	return RC_OK;
}

static enum rc check_keys(struct check_request *r, struct domain domain)
{
	bool any = false;

	for (size_t i = 0; i < r->own_count; i++) {
		if (!domain_eq(r->own[i].domain, domain))
			continue;
		any = any || r->own[i].state == KEY_ACTIVE;
		TRY(check_key(r, &r->own[i]));
	}
	if (!any)
		say(r, "note", "no key of %.*s signs here", SLICE_ARG(domain.name));
	return RC_OK;
}

/* --- SPF -------------------------------------------------------------------------------------- */

static void tell_cost_line(const struct spf_cost_line *line)
{
	printf("       %*s", (int)(2 * line->depth), "");
	print_text(line->term);
	printf("  %u", line->total);
	if (line->why != SPF_WHY_DEFAULT) {
		printf("  %s", line->detail != NULL ? line->detail : spf_why_text(line->why));
		if (line->wrong.len > 0) {
			printf(": ");
			print_text(line->wrong);
		}
	}
	putchar('\n');
}

static enum rc check_spf(struct check_request *r, struct domain domain)
{
	struct spf_cost cost;
	const struct spf_cost_line *top;
	bool bad;

	TRY(spf_cost(r->arena, r->dns.lookups, domain, &cost));
	top = &cost.lines[0];
	if (top->why == SPF_WHY_NO_RECORD || top->why == SPF_WHY_NXDOMAIN) {
		say(r, "BAD", "SPF: %s: publish one, at least \"v=spf1 mx -all\"", spf_why_text(top->why));
		return RC_OK;
	}
	bad = top->total > LIMIT_SPF_TERMS || !cost.complete;
	for (size_t i = 0; i < cost.count; i++)
		bad = bad || cost.lines[i].why != SPF_WHY_DEFAULT;
	say(r, bad ? "BAD" : "ok", "SPF: %u of %u look-ups%s%s", top->total, LIMIT_SPF_TERMS,
	    top->total > LIMIT_SPF_TERMS ? ": receivers answer permerror" : "",
	    cost.complete ? "" : " at least; more includes than were followed");
	if (top->why != SPF_WHY_DEFAULT)
		tell_cost_line(top);
	for (size_t i = 1; i < cost.count; i++)
		tell_cost_line(&cost.lines[i]);
	return RC_OK;
}

/* --- DMARC ------------------------------------------------------------------------------------ */

static void remark(void *ctx, const char *text)
{
	say(ctx, "note", "DMARC: %s", text);
}

static enum rc check_dmarc(struct check_request *r, struct domain domain)
{
	struct dmarc_policy_discovery d = { 0 };

	TRY(dmarc_discover(r->arena, r->dns.lookups, r->dns.settings->policy.dmarc.discovery, domain, &d));
	if (d.status != DMARC_DISCOVERED) {
		say(r, "BAD", "DMARC: %.*s: publish \"v=DMARC1; p=none; rua=mailto:...\" at _dmarc.%.*s",
		    SLICE_ARG(d.reason), SLICE_ARG(domain.name));
		return RC_OK;
	}
	say(r, "ok", "DMARC: policy %s (%s= of %.*s)", dmarc_policy_text(d.policy), d.policy_tag,
	    SLICE_ARG(d.policy_domain.name));
	dmarc_record_remarks(&d.record, remark, r);
	return RC_OK;
}

/* --- the command -------------------------------------------------------------------------------- */

static enum rc check_domain(struct check_request *r, struct domain domain)
{
	/* each domain has the questions of one message */
	lookups_release(&r->dns.lookups);
	r->dns.lookups = lookups_new(r->dns.resolver, r->dns.settings->policy.dns_deadline_ms);
	if (r->dns.lookups == NULL)
		return RC_NOMEM;
	printf("%.*s\n", SLICE_ARG(domain.name));
	TRY(check_keys(r, domain));
	TRY(check_spf(r, domain));
	return check_dmarc(r, domain);
}

/* Every domain that has a key here, once. */
static enum rc check_own(struct check_request *r)
{
	if (r->own_count == 0)
		return err_config(r->err, "%s: no keys: name a domain", r->keys);
	for (size_t i = 0; i < r->own_count; i++)
		if (i == 0 || !domain_eq(r->own[i].domain, r->own[i - 1].domain))
			TRY(check_domain(r, r->own[i].domain));
	return RC_OK;
}

static enum rc check(struct check_request *r, int count, char **domains)
{
	struct err quiet = ERR_INIT;
	struct domain domain;

	r->arena = arena_create(LIMIT_ARENA_BYTES);
	if (r->arena == NULL)
		return RC_NOMEM;
	TRY(asker_open(r->config, r->zone, &r->dns, r->err));
	if (r->keys == NULL)
		r->keys = arena_copy(r->arena, r->dns.settings->keys_directory).ptr;
	/* a domain that is named may be somebody else's: keys are not needed for it */
	if (keystore_list(r->keys, r->arena, &r->own, &r->own_count, &quiet) != RC_OK)
		r->own_count = 0;
	err_free(&quiet);
	for (int i = 0; i < count; i++) {
		if (!domain_parse(r->arena, slice_str(domains[i]), &domain))
			return err_config(r->err, "%s: not a domain name", domains[i]);
		TRY(check_domain(r, domain));
	}
	return count > 0 ? RC_OK : check_own(r);
}

static const struct argument arguments[] = {
	{ "keys", ARGUMENT_TEXT, offsetof(struct check_request, keys) },
	{ "config", ARGUMENT_TEXT, offsetof(struct check_request, config) },
	{ "zone", ARGUMENT_TEXT, offsetof(struct check_request, zone) },
	{ NULL, ARGUMENT_FLAG, 0 },
};

static int run(const struct command *c, int argc, char **argv)
{
	struct check_request r = { 0 };
	struct err err = ERR_INIT;
	bool done;
	int rest;
	int status = command_arguments(c, argc, argv, &r, 0, 10000, &rest, &done);

	if (status != EXIT_SUCCESS || done)
		return status;
	r.err = &err;
	status = command_end(&err, check(&r, argc - rest, argv + rest));
	asker_close(&r.dns);
	arena_free(&r.arena);
	return status == EXIT_SUCCESS && r.findings > 0 ? EXIT_FINDING : status;
}

const struct command command_check = {
	.name = "check",
	.run = run,
	.summary = "check the records that domains publish: keys, SPF look-ups, DMARC",
	.usage = "[DOMAIN ...] [--keys DIRECTORY] [--zone FILE] [-c FILE]",
	.arguments = arguments,
};

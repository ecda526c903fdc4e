#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "dmarc/discover.h"
#include "spf/cost.h"

#include "cli/command.h"
#include "cli/json.h"
#include "cli/keys.h"
#include "cli/published.h"

struct check_request {
	const char *directory, *config, *zone;
	bool json;
	/* prepared by run() */
	struct arena *arena;
	struct asker dns;
	struct err *err;
	struct domain *domains; /* that are named as arguments */
	size_t domain_count;
	struct own_keys keys;
	bool keys_unread; /* there may be keys that could not be read: reported */
	struct findings findings; /* of one domain after the other */
	json_t *all;              /* owned; with --json the domains that were checked */
};

enum mark { MARK_OK, MARK_BAD, MARK_NOTE, MARK_UNKNOWN };

static const char *const mark_text[] = {
	[MARK_OK] = "ok", [MARK_BAD] = "BAD", [MARK_NOTE] = "note", [MARK_UNKNOWN] = "?",
};

static void say(struct check_request *r, enum mark mark, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void say(struct check_request *r, enum mark mark, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	findings_add(&r->findings, mark_text[mark], fmt, ap);
	va_end(ap);
}

/* --- keys ------------------------------------------------------------------------------------- */

static enum mark key_mark(const struct signing_key *key, enum published_state state)
{
	if (state == PUBLISHED_UNKNOWN)
		return MARK_UNKNOWN;
	if (state == PUBLISHED)
		return MARK_OK;
	return key->state == KEY_ACTIVE ? MARK_BAD : MARK_NOTE;
}

static enum rc check_key(struct check_request *r, const struct signing_key *key)
{
	struct private_key *loaded = NULL;
	struct err why = ERR_INIT;
	const struct private_key *private = own_key_load(r->arena, r->dns.settings, key, &loaded, &why);
	struct published found;
	enum rc rc = RC_OK;

	if (private == NULL)
		say(r, MARK_BAD, "key %.*s cannot be used: %.*s", SLICE_ARG(key->selector),
		    SLICE_ARG(slice_trim(buf_slice(&why.text))));
	else
		rc = published_find(&(struct published_key){ r->arena, key, private }, r->dns.lookups, &found);
	if (private != NULL && rc == RC_OK)
		say(r, key_mark(key, found.state), "key %.*s (%s): %.*s", SLICE_ARG(key->selector),
		    key->state == KEY_ACTIVE ? "signs" : "pending", SLICE_ARG(found.what));
	private_key_free(&loaded);
	err_free(&why);
	return rc;
}

static enum rc check_keys(struct check_request *r, struct domain domain)
{
	size_t active = 0, others = 0;

	for (size_t i = 0; i < r->keys.count; i++) {
		const struct signing_key *key = &r->keys.items[i];

		if (!domain_eq(key->domain, domain))
			continue;
		active += key->state == KEY_ACTIVE;
		others += key->state != KEY_ACTIVE;
		if (key->state != KEY_RETIRED)
			TRY(check_key(r, key));
	}
	if (r->keys_unread && active + others == 0) {
		say(r, MARK_UNKNOWN, "keys could not be read (see above): whether mail of %.*s is signed here is not "
		    "known", SLICE_ARG(domain.name));
		return RC_OK;
	}
	if (active == 0 && others > 0)
		say(r, MARK_BAD, "the keys of %.*s here are pending or retired: none signs",
		    SLICE_ARG(domain.name));
	else if (active == 0)
		say(r, MARK_NOTE, "no key of %.*s signs here", SLICE_ARG(domain.name));
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

static json_t *term_json(const struct spf_cost_line *line)
{
	json_t *o = json_pack("{s:o, s:i, s:i}", "term", json_slice(line->term), "depth", (int)line->depth, "look_ups",
	    (int)line->total);

	if (line->why != SPF_WHY_DEFAULT)
		json_object_set_new(o, "fault", json_string(line->detail != NULL ? line->detail : spf_why_text(line->why)));
	if (line->wrong.len > 0)
		json_object_set_new(o, "wrong", json_slice(line->wrong));
	return o;
}

/* To the finding that was added last. */
static void add_terms(struct check_request *r, const struct spf_cost *cost, size_t first)
{
	json_t *list = json_array();

	for (size_t i = first; i < cost->count; i++)
		json_array_append_new(list, term_json(&cost->lines[i]));
	json_object_set_new(json_array_get(r->findings.list, json_array_size(r->findings.list) - 1), "terms", list);
}

/*
 * What a verifier finds for a client that no mechanism matches, so that it reads the whole record:
 * its limits and its syntax, wherever they are (RFC 7208 section 4.6.4).
 */
static enum rc verifier_says(struct check_request *r, struct domain domain, const char *client,
    struct spf_result *out)
{
	struct spf_request request = { .helo = domain.name,
		.mail_from = arena_printf(r->arena, "postmaster@%.*s", SLICE_ARG(domain.name)) };
	struct spf_mail_from_result result = { 0 };

	if (!ip_parse(slice_str(client), &request.client))
		return RC_CONFIG;
	TRY(spf_check_mail_from(r->arena, r->dns.lookups, &r->dns.settings->policy.spf, &request, NULL,
	    clock_now(), &result));
	*out = result.r;
	return RC_OK;
}

/* A client of IPv6 makes void look-ups of names that have IPv4 addresses only. */
static enum rc check_spf_v6(struct check_request *r, struct domain domain)
{
	struct spf_result v6 = { .result = AUTH_NONE };

	TRY(verifier_says(r, domain, "::", &v6));
	if (v6.result == AUTH_PERMERROR)
		say(r, MARK_NOTE, "SPF: permerror for clients with an IPv6 address: %.*s",
		    SLICE_ARG(v6.reason));
	else if (v6.result == AUTH_TEMPERROR)
		say(r, MARK_UNKNOWN, "SPF of clients with an IPv6 address: could not ask: %.*s",
		    SLICE_ARG(v6.reason));
	return RC_OK;
}

static void tell_cost(struct check_request *r, const struct spf_cost *cost,
    const struct spf_result *v4)
{
	const struct spf_cost_line *top = &cost->lines[0];
	size_t first = top->why != SPF_WHY_DEFAULT ? 0 : 1; /* what the record itself costs is in the finding */
	bool bad = v4->result == AUTH_PERMERROR || top->total > LIMIT_SPF_TERMS || !cost->complete;

	for (size_t i = 0; i < cost->count; i++)
		bad = bad || cost->lines[i].why != SPF_WHY_DEFAULT;
	say(r, bad ? MARK_BAD : MARK_OK, "SPF: %u of %u look-ups%s%s%.*s", top->total, LIMIT_SPF_TERMS,
	    cost->complete ? "" : " at least; more includes than were followed",
	    v4->result == AUTH_PERMERROR ? "; receivers answer permerror: " : "",
	    SLICE_ARG(v4->result == AUTH_PERMERROR ? v4->reason : SLICE("")));
	if (r->json)
		add_terms(r, cost, first);
	for (size_t i = first; i < cost->count && !r->json; i++)
		tell_cost_line(&cost->lines[i]);
}

static bool could_not_ask(const struct spf_cost *cost)
{
	for (size_t i = 0; i < cost->count; i++)
		if (cost->lines[i].why == SPF_WHY_DNS_TIMEOUT || cost->lines[i].why == SPF_WHY_DNS_FAILURE)
			return true;
	return false;
}

static enum rc check_spf(struct check_request *r, struct domain domain)
{
	struct spf_result v4 = { .result = AUTH_NONE };
	struct spf_cost cost;

	TRY(verifier_says(r, domain, "0.0.0.0", &v4));
	TRY(spf_cost(r->arena, r->dns.lookups, domain, &cost));
	if (v4.result == AUTH_TEMPERROR || could_not_ask(&cost)) {
		say(r, MARK_UNKNOWN, "SPF: could not ask: %.*s", SLICE_ARG(v4.result == AUTH_TEMPERROR ?
		    v4.reason : SLICE("a record that it includes")));
		return RC_OK;
	}
	if (v4.why == SPF_WHY_NO_RECORD || v4.why == SPF_WHY_NXDOMAIN) {
		say(r, MARK_BAD, "SPF: %s: publish one, at least \"v=spf1 mx -all\"", spf_why_text(v4.why));
		return RC_OK;
	}
	tell_cost(r, &cost, &v4);
	return v4.result == AUTH_PERMERROR ? RC_OK : check_spf_v6(r, domain);
}

/* --- DMARC ------------------------------------------------------------------------------------ */

static void remark(void *ctx, const char *text)
{
	say(ctx, MARK_NOTE, "DMARC: %s", text);
}

/* RFC 9989 section 4.10: several records at a name are all discarded. True: there was one such name. */
static bool check_several(struct check_request *r, const struct dmarc_policy_discovery *d)
{
	bool any = false;

	for (size_t i = 0; i < d->walk.count; i++) {
		const struct dmarc_walk_step *step = &d->walk.steps[i];

		if (step->records < 2)
			continue;
		say(r, MARK_BAD, "DMARC: %zu DMARC records at _dmarc.%.*s, and receivers discard all of them "
		    "(RFC 9989 section 4.10): leave one", step->records, SLICE_ARG(step->domain.name));
		any = true;
	}
	return any;
}

static enum rc check_dmarc(struct check_request *r, struct domain domain)
{
	struct dmarc_policy_discovery d = { 0 };
	bool several;

	TRY(dmarc_discover(r->arena, r->dns.lookups, r->dns.settings->policy.dmarc.discovery, domain, &d));
	several = check_several(r, &d);
	switch (d.status) {
	case DMARC_DISCOVERY_UNKNOWN:
		say(r, MARK_UNKNOWN, "DMARC: could not ask: %.*s", SLICE_ARG(d.reason));
		break;
	case DMARC_DISCOVERED_NOTHING:
		if (!several)
			say(r, MARK_BAD, "DMARC: %.*s: publish \"v=DMARC1; p=none; rua=mailto:...\" at _dmarc.%.*s",
			    SLICE_ARG(d.reason), SLICE_ARG(domain.name));
		break;
	case DMARC_DISCOVERY_UNUSABLE:
		say(r, MARK_BAD, "DMARC: %.*s", SLICE_ARG(d.reason));
		break;
	case DMARC_DISCOVERED:
		say(r, MARK_OK, "DMARC: policy %s (%s=%s of %.*s%s)", dmarc_policy_text(d.record.testing ?
		    dmarc_policy_weaker(d.policy) : d.policy), d.policy_tag, dmarc_policy_text(d.policy),
		    SLICE_ARG(d.policy_domain.name), d.record.testing ? ", one step lower by t=y" : "");
		dmarc_record_remarks(&d.record, remark, r);
		break;
	}
	return RC_OK;
}

/* --- the command -------------------------------------------------------------------------------- */

static void begin_domain(struct check_request *r, struct domain domain)
{
	json_t *o;

	if (!r->json) {
		printf("%.*s\n", SLICE_ARG(domain.name));
		return;
	}
	r->findings.list = json_array();
	o = json_pack("{s:o, s:o}", "domain", json_slice(domain.name), "findings", r->findings.list);
	json_array_append_new(r->all, o);
}

static enum rc check_domain(struct check_request *r, struct domain domain)
{
	/* each domain has the questions of one message */
	lookups_release(&r->dns.lookups);
	r->dns.lookups = lookups_new(r->dns.resolver, r->dns.settings->policy.dns_deadline_ms);
	if (r->dns.lookups == NULL)
		return RC_NOMEM;
	begin_domain(r, domain);
	TRY(check_keys(r, domain));
	TRY(check_spf(r, domain));
	return check_dmarc(r, domain);
}

static int domain_order(const void *a, const void *b)
{
	const struct signing_key *x = a, *y = b;

	return slice_icmp(x->domain.name, y->domain.name);
}

/* Every domain that has a key here, once. */
static enum rc check_own(struct check_request *r)
{
	struct signing_key *keys = r->keys.items;

	if (r->keys.count == 0)
		return err_config(r->err, "there is no key here: name a domain");
	qsort(keys, r->keys.count, sizeof(*keys), domain_order);
	for (size_t i = 0; i < r->keys.count; i++)
		if (i == 0 || !domain_eq(keys[i].domain, keys[i - 1].domain))
			TRY(check_domain(r, keys[i].domain));
	return RC_OK;
}

/* Without arguments every domain that has a key is checked. */
static bool is_checked(void *ctx, const struct signing_key *key)
{
	const struct check_request *r = ctx;

	for (size_t i = 0; i < r->domain_count; i++)
		if (domain_eq(r->domains[i], key->domain))
			return true;
	return r->domain_count == 0;
}

/*
 * If the keys cannot be read, this is reported, but domains given as arguments are still checked: they need
 * not be our own, so that no key may be needed.
 */
static enum rc read_keys(struct check_request *r)
{
	struct sign_tables_wanted tables = { is_checked, r };
	enum rc rc = own_keys_read(r->arena, r->dns.settings, r->directory, &tables, &r->keys, r->err);

	if (rc == RC_NOMEM || (rc != RC_OK && r->domain_count == 0 && r->keys.count == 0))
		return rc;
	r->keys_unread = rc != RC_OK;
	return RC_OK;
}

static enum rc take_domains(struct check_request *r, size_t count, char **domains)
{
	r->domains = arena_new_array(r->arena, count, struct domain);
	r->domain_count = count;
	for (size_t i = 0; r->domains != NULL && i < count; i++)
		if (!domain_parse(r->arena, slice_str(domains[i]), &r->domains[i]))
			return RC_NOMEM; /* it has been parsed before */
	return r->domains == NULL ? RC_NOMEM : RC_OK;
}

static enum rc check(struct check_request *r, int count, char **domains)
{
	TRY(take_domains(r, (size_t)count, domains));
	TRY(asker_open(r->config, r->zone, &r->dns, r->err));
	TRY(read_keys(r));
	for (size_t i = 0; i < r->domain_count; i++)
		TRY(check_domain(r, r->domains[i]));
	return r->domain_count > 0 ? RC_OK : check_own(r);
}

static enum rc check_and_print(struct check_request *r, int count, char **domains)
{
	r->all = r->json ? json_array() : NULL;
	TRY(check(r, count, domains));
	return r->json ? json_print_all(json_pack("{s:i, s:O}", "version", 1, "domains", r->all)) : RC_OK;
}

/* A definite finding takes precedence over a question that could not be answered. */
static int status_of(const struct check_request *r, int status)
{
	if (status != EXIT_SUCCESS)
		return status;
	return r->findings.bad > 0 ? EXIT_FINDING : r->findings.unknown > 0 || r->keys_unread ? EXIT_FAILURE : EXIT_SUCCESS;
}

static const struct argument arguments[] = {
	OPTION_KEYS(struct check_request, directory),
	OPTION_CONFIG(struct check_request, config),
	OPTION_ZONE(struct check_request, zone),
	OPTION_JSON(struct check_request, json),
	OPTIONS_END,
};

static int run(const struct command *c, int argc, char **argv)
{
	struct check_request r = { 0 };
	struct err err = ERR_INIT;
	const char *wrong;
	bool done;
	int rest;
	int status = command_arguments(c, argc, argv, &r, 0, 10000, &rest, &done);

	if (status != EXIT_SUCCESS || done)
		return status;
	r.err = &err;
	r.arena = arena_create(LIMIT_ARENA_BYTES);
	if (r.arena == NULL)
		return command_end(&err, RC_NOMEM);
	wrong = command_not_a_domain(r.arena, argc - rest, argv + rest);
	if (wrong != NULL)
		status = command_usage(c, "%s: not a domain name", wrong);
	else
		status = status_of(&r, command_end(&err, check_and_print(&r, argc - rest, argv + rest)));
	json_decref(r.all);
	own_keys_free(&r.keys);
	asker_close(&r.dns);
	arena_free(&r.arena);
	return status;
}

const struct command command_check = {
	.name = "check",
	.run = run,
	.summary = "check the records that domains publish: keys, SPF look-ups, DMARC",
	.usage = "[DOMAIN ...] [--keys DIRECTORY] [--zone FILE] [-c FILE] [--json]",
	.arguments = arguments,
};

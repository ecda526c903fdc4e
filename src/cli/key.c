#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/hostname.h"
#include "base/limits.h"
#include "base/log.h"

#include "cli/key.h"

/* --- new ---------------------------------------------------------------------------------------- */

static enum rc new_key(struct key_request *r, struct domain d, enum key_type type)
{
	bool both = r->key_types[KEY_RSA] && r->key_types[KEY_ED25519];
	struct slice selector = SLICE_NULL;
	struct private_key *private = NULL;
	struct signing_key key;
	enum rc rc;

	if (r->selector != NULL) {
		selector = both ? arena_printf(r->arena, "%s%c", r->selector, type == KEY_RSA ? 'r' : 'e') :
		    slice_str(r->selector);
		selector = arena_lower(r->arena, selector);
		if (slice_is_null(selector))
			return RC_NOMEM;
	}
	rc = key_make(r, d, type, selector, &key, &private);
	if (rc == RC_OK) {
		printf("; %.*s\n", SLICE_ARG(key.path));
		rc = key_print_record(r, &key, private);
	}
	private_key_free(&private);
	return rc;
}

static enum rc new_domain(struct key_request *r, struct domain d)
{
	if (r->key_types[KEY_RSA])
		TRY(new_key(r, d, KEY_RSA));
	if (r->key_types[KEY_ED25519])
		TRY(new_key(r, d, KEY_ED25519));
	printf("; pending: nothing is signed with it yet. Publish the record, then:\n"
	    ";   assay key activate %.*s\n", SLICE_ARG(d.name));
	return RC_OK;
}

/* Every domain of the key directory, once. */
static enum rc new_all(struct key_request *r)
{
	struct signing_key *keys = NULL;
	size_t count = 0;
	enum rc listed = keystore_list(r->directory, r->arena, &keys, &count, r->err);

	for (size_t i = 0; i < count; i++) {
		if (i > 0 && domain_eq(keys[i].domain, keys[i - 1].domain))
			continue;
		key_progress(r, i + 1, count, keys[i].domain);
		TRY(new_domain(r, keys[i].domain));
	}
	return listed;
}

static enum rc key_new(struct key_request *r)
{
	struct domain d = DOMAIN_NONE;

	for (int i = 0; i < r->argument_count; i++) {
		if (!domain_parse(r->arena, slice_str(r->arguments[i]), &d))
			return RC_NOMEM; /* it has been parsed before */
		TRY(new_domain(r, d));
	}
	return r->all ? new_all(r) : RC_OK;
}

/* --- activate, retire --------------------------------------------------------------------------------- */

/* A key whose record is not there would make every signature fail. */
static enum rc check_published(struct key_request *r, const struct signing_key *key,
    const struct private_key *private)
{
	struct published found;

	TRY(key_published(r, key, private, &found));
	if (found.state == PUBLISHED)
		return RC_OK;
	return err_config(r->err, "%.*s: %.*s; --force skips this check", SLICE_ARG(found.name),
	    SLICE_ARG(found.what));
}

/* For the search for the cause when signatures fail later. */
static void log_force(const struct signing_key *key, const char *action)
{
	log_open(&(struct log_params){ .target = LOG_TARGET_SYSLOG, .level = LOG_LEVEL_INFO,
	    .facility = LOG_MAIL, .ident = "assay" });
	log_warning("key %s --force: %.*s/%.*s, without proof", action, SLICE_ARG(key->domain.name),
	    SLICE_ARG(key->selector));
}

static enum rc activate_one(struct key_request *r, const struct signing_key *key)
{
	struct private_key *private = NULL;
	enum rc rc = own_key_load(r->arena, r->dns.settings, key, &private, r->err) == NULL ? RC_CONFIG : RC_OK;

	if (rc == RC_OK && r->force)
		log_force(key, "activate");
	else if (rc == RC_OK)
		rc = check_published(r, key, private);
	if (rc == RC_OK)
		rc = key_move(r, key, KEY_ACTIVE);
	private_key_free(&private);
	return rc;
}

static enum rc count_active(struct key_request *r, struct domain d, size_t *out)
{
	struct signing_key *keys = NULL;
	size_t count = 0;

	*out = 0;
	TRY(keystore_list(r->directory, r->arena, &keys, &count, r->err));
	for (size_t i = 0; i < count; i++)
		*out += domain_eq(keys[i].domain, d) && keys[i].state == KEY_ACTIVE;
	return RC_OK;
}

/* Without a key that signs, mail of a domain with a strict policy is refused elsewhere. */
static enum rc retire_one(struct key_request *r, const struct signing_key *key)
{
	size_t active;

	TRY(count_active(r, key->domain, &active));
	if (key->state == KEY_ACTIVE && active < 2 && !r->force)
		return err_config(r->err, "%.*s/%.*s is the last active key: mail of %.*s would not be signed "
		    "any more; --force retires it all the same", SLICE_ARG(key->domain.name),
		    SLICE_ARG(key->selector), SLICE_ARG(key->domain.name));
	if (key->state == KEY_ACTIVE && active < 2)
		log_force(key, "retire");
	TRY(key_move(r, key, KEY_RETIRED));
	if (key->state != KEY_PENDING)
		key_say(r, "%.*s/%.*s: keep its record published for another week, for mail that is on its way",
		    SLICE_ARG(key->domain.name), SLICE_ARG(key->selector));
	return RC_OK;
}

static enum rc key_activate(struct key_request *r)
{
	return key_each(r, &(struct key_walk){ .visit = activate_one, .states = 1u << KEY_PENDING |
	    (r->argument_count > 1 ? 1u << KEY_RETIRING | 1u << KEY_RETIRED : 0) });
}

static enum rc key_retire(struct key_request *r)
{
	return key_each(r, &(struct key_walk){ .visit = retire_one,
	    .states = 1u << KEY_ACTIVE | 1u << KEY_PENDING | 1u << KEY_RETIRING });
}

/* --- the command ------------------------------------------------------------------------------------------ */

static const struct argument arguments[] = {
	{ "keys", ARGUMENT_TEXT, offsetof(struct key_request, named_directory) },
	{ "config", ARGUMENT_TEXT, offsetof(struct key_request, config) },
	{ "selector", ARGUMENT_TEXT, offsetof(struct key_request, selector) },
	{ "type", ARGUMENT_TEXT, offsetof(struct key_request, type) },
	{ "bits", ARGUMENT_NUMBER, offsetof(struct key_request, bits) },
	{ "zone", ARGUMENT_TEXT, offsetof(struct key_request, zone) },
	{ "server", ARGUMENT_PATHS, offsetof(struct key_request, servers) },
	{ "via-resolver", ARGUMENT_FLAG, offsetof(struct key_request, via_resolver) },
	{ "every", ARGUMENT_TEXT, offsetof(struct key_request, every) },
	{ "overlap", ARGUMENT_TEXT, offsetof(struct key_request, overlap) },
	{ "hook", ARGUMENT_TEXT, offsetof(struct key_request, hook) },
	{ "force", ARGUMENT_FLAG, offsetof(struct key_request, force) },
	{ "all", ARGUMENT_FLAG, offsetof(struct key_request, all) },
	{ "web", ARGUMENT_FLAG, offsetof(struct key_request, web) },
	{ "nsupdate", ARGUMENT_FLAG, offsetof(struct key_request, nsupdate) },
	{ "json", ARGUMENT_FLAG, offsetof(struct key_request, json) },
	{ "plan", ARGUMENT_FLAG, offsetof(struct key_request, plan) },
	{ "dry-run", ARGUMENT_FLAG, offsetof(struct key_request, dry_run) },
	{ NULL, ARGUMENT_FLAG, 0 },
};

/* Which arguments an action takes. */
enum operands { DOMAINS, DOMAINS_OR_ALL, DOMAIN_SELECTORS, DOMAIN_SELECTOR };

#define PROOF " zone server via-resolver"

static const struct key_action {
	const char *name;
	enum rc (*run)(struct key_request *r);
	enum operands operands;
	const char *options; /* beside --keys and --config; an option that an action ignores is refused */
} actions[] = {
	{ "new", key_new, DOMAINS_OR_ALL, "all type bits selector web nsupdate" },
	{ "activate", key_activate, DOMAIN_SELECTORS, "force" PROOF },
	{ "list", key_list, DOMAINS, "all json" },
	{ "show", key_show, DOMAIN_SELECTORS, "web nsupdate json" },
	{ "check", key_check, DOMAINS, "all json" PROOF },
	{ "retire", key_retire, DOMAIN_SELECTOR, "force" },
	{ "rotate", key_rotate, DOMAINS_OR_ALL, "all every overlap bits hook plan dry-run json" PROOF },
};

static bool is_given(const struct key_request *r, const struct argument *arg)
{
	const char *at = (const char *)r + arg->offset;

	switch (arg->kind) {
	case ARGUMENT_FLAG:
		return *(const bool *)at;
	case ARGUMENT_NUMBER:
		return *(const int64_t *)(const void *)at != 0;
	case ARGUMENT_PATHS:
		return ((const struct slice_list *)(const void *)at)->count > 0;
	default:
		return *(const char *const *)(const void *)at != NULL;
	}
}

static bool takes(const struct key_action *action, const char *option)
{
	struct slice rest = slice_str(action->options);

	while (rest.len > 0)
		if (slice_eq(slice_split(&rest, ' '), slice_str(option)))
			return true;
	return false;
}

/* The first option that was given although the action has no use for it; NULL: none. */
static const char *useless_option(const struct key_request *r, const struct key_action *action)
{
	for (const struct argument *arg = arguments; arg->name != NULL; arg++)
		if (strcmp(arg->name, "keys") != 0 && strcmp(arg->name, "config") != 0 && is_given(r, arg) &&
		    !takes(action, arg->name))
			return arg->name;
	return NULL;
}

/* NULL: the arguments are those of the action; else what is wrong with them. */
static const char *wrong_operands(const struct key_request *r, enum operands operands)
{
	bool one = operands == DOMAIN_SELECTORS || operands == DOMAIN_SELECTOR;
	const char *wrong = command_not_a_domain(r->arena, one && r->argument_count > 0 ? 1 :
	    r->argument_count, r->arguments);

	if (wrong != NULL)
		return arena_printf(r->arena, "%s: not a domain name", wrong).ptr;
	if (operands == DOMAINS_OR_ALL && r->all == (r->argument_count > 0))
		return "name domains, or write --all for every domain of the key directory";
	if (operands == DOMAINS && r->all && r->argument_count > 0)
		return "name domains, or write --all";
	if (one && r->argument_count == 0)
		return "a domain is needed";
	if (operands == DOMAIN_SELECTOR && r->argument_count < 2)
		return "name the selector to retire";
	return NULL;
}

const char *key_wrong_type(struct key_request *r)
{
	static const struct {
		const char *name;
		bool rsa, ed25519;
	} types[] = { { "rsa", true, false }, { "ed25519", false, true }, { "both", true, true } };

	for (size_t i = 0; i < N_ELEMENTS(types); i++) {
		if (strcmp(r->type, types[i].name) != 0)
			continue;
		r->key_types[KEY_RSA] = types[i].rsa;
		r->key_types[KEY_ED25519] = types[i].ed25519;
		return NULL;
	}
	return "--type: write rsa, ed25519 or both";
}

static void set_defaults(struct key_request *r)
{
	r->type = r->type == NULL ? "rsa" : r->type;
	r->bits = r->bits == 0 ? 2048 : r->bits;
	r->every = r->every == NULL ? "180d" : r->every;
	r->overlap = r->overlap == NULL ? "0s" : r->overlap;
}

static const char *wrong_options(struct key_request *r, const struct key_action *action)
{
	const char *wrong = useless_option(r, action);

	if (wrong != NULL)
		return arena_printf(r->arena, "--%s cannot be used with this action", wrong).ptr;
	set_defaults(r);
	wrong = key_wrong_type(r);
	if (wrong != NULL)
		return wrong;
	if (r->selector != NULL && !hostname_valid(slice_str(r->selector)))
		return "--selector: not a selector (letters, digits, - and .)";
	if (r->bits < 1024 || r->bits > LIMIT_RSA_BITS)
		return "--bits: write 2048 (1024 to 8192)";
	if (r->via_resolver + (r->zone != NULL) + (r->servers.count > 0) > 1)
		return "write one of --zone, --server and --via-resolver";
	return r->web + r->nsupdate + r->json > 1 ? "write one of --web, --nsupdate and --json" : NULL;
}

static enum rc prepare(struct key_request *r)
{
	TRY(command_settings(r->config, &r->dns.settings, r->err));
	r->directory = r->named_directory != NULL ? r->named_directory :
	    r->dns.settings->keys_directory.ptr;
	return RC_OK;
}

static int run_action(struct key_request *r, const struct key_action *action)
{
	struct err err = ERR_INIT;
	const char *wrong;
	int status;
	enum rc rc;

	r->err = &err;
	r->arena = arena_create(LIMIT_CONFIG_ARENA);
	if (r->arena == NULL)
		return command_end(&err, RC_NOMEM);
	wrong = wrong_operands(r, action->operands);
	wrong = wrong != NULL ? wrong : wrong_options(r, action);
	if (wrong != NULL) {
		status = command_usage(r->command, "%s: %s", action->name, wrong);
	} else {
		rc = prepare(r);
		rc = rc == RC_OK ? action->run(r) : rc;
		key_report_end(r);
		status = command_end(&err, rc);
		if (status == EXIT_SUCCESS && r->findings > 0)
			status = EXIT_FINDING;
		else if (status == EXIT_SUCCESS && r->unknown > 0)
			status = EXIT_FAILURE;
	}
	asker_close(&r->dns);
	arena_free(&r->arena);
	return status;
}

static int run(const struct command *c, int argc, char **argv)
{
	struct key_request r = { .command = c };
	bool done;
	int rest;
	int status = command_arguments(c, argc, argv, &r, 1, 100000, &rest, &done);

	if (status != EXIT_SUCCESS || done)
		return status;
	for (size_t i = 0; i < N_ELEMENTS(actions); i++) {
		if (strcmp(argv[rest], actions[i].name) != 0)
			continue;
		r.arguments = argv + rest + 1;
		r.argument_count = argc - rest - 1;
		status = run_action(&r, &actions[i]);
		free(r.servers.items);
		return status;
	}
	free(r.servers.items);
	return command_usage(c, "%s: new, activate, list, show, check, retire or rotate", argv[rest]);
}

const struct command command_key = {
	.name = "key",
	.run = run,
	.summary = "make signing keys, print and check their records, put them into use, rotate them",
	.usage = "new DOMAIN ...|--all [--type rsa|ed25519|both] [--bits N] [--selector S] [--web|--nsupdate]\n"
	    "       assay key activate DOMAIN [SELECTOR ...] [--force] [PROOF]\n"
	    "       assay key list [DOMAIN ...|--all] [--json]\n"
	    "       assay key show DOMAIN [SELECTOR ...] [--web|--nsupdate|--json]\n"
	    "       assay key check [DOMAIN ...|--all] [PROOF] [--json]\n"
	    "       assay key retire DOMAIN SELECTOR ... [--force]\n"
	    "       assay key rotate DOMAIN ...|--all [--every 180d] [--overlap 0s] [--bits N] [--hook PROGRAM]\n"
	    "           [--plan|--dry-run] [PROOF] [--json]\n"
	    "         each: [--keys DIRECTORY] [-c FILE]\n"
	    "         PROOF: [--zone FILE|--server ADDRESS ...|--via-resolver]",
	.arguments = arguments,
};

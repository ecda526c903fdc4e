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

#define OPTION_PLACE OPTION_KEYS(struct key_request, named_directory), OPTION_CONFIG(struct key_request, config)
#define OPTION_BITS { "bits", ARGUMENT_NUMBER, offsetof(struct key_request, bits), "N", "bits of an RSA key (default 2048)" }
#define OPTION_FORMS { "web", ARGUMENT_FLAG, offsetof(struct key_request, web), NULL, \
	"print records as the web forms of DNS providers ask for them" }, \
	{ "nsupdate", ARGUMENT_FLAG, offsetof(struct key_request, nsupdate), NULL, "print input for nsupdate(1)" }
#define OPTION_ALL { "all", ARGUMENT_FLAG, offsetof(struct key_request, all), NULL, "every domain of the key directory" }
#define OPTION_OUTPUT OPTION_JSON(struct key_request, json)
#define OPTION_PROOF OPTION_ZONE(struct key_request, zone), \
	{ "server", ARGUMENT_PATHS, offsetof(struct key_request, servers), "ADDRESS", \
	"ask this name server; may be repeated" }, \
	{ "via-resolver", ARGUMENT_FLAG, offsetof(struct key_request, via_resolver), NULL, "ask the resolver only" }

static const struct argument new_options[] = {
	OPTION_ALL,
	{ "type", ARGUMENT_TEXT, offsetof(struct key_request, type), "TYPE", "rsa (default), ed25519 or both" },
	OPTION_BITS,
	{ "selector", ARGUMENT_TEXT, offsetof(struct key_request, selector), "SELECTOR",
	    "the name of the key (default: of key-selectors)" },
	OPTION_FORMS,
	OPTION_PLACE,
	OPTIONS_END,
};

static const struct argument activate_options[] = {
	{ "force", ARGUMENT_FLAG, offsetof(struct key_request, force), NULL, "do not check what is published" },
	OPTION_PROOF,
	OPTION_PLACE,
	OPTIONS_END,
};

static const struct argument list_options[] = { OPTION_ALL, OPTION_OUTPUT, OPTION_PLACE, OPTIONS_END };

static const struct argument show_options[] = { OPTION_FORMS, OPTION_OUTPUT, OPTION_PLACE, OPTIONS_END };

static const struct argument check_options[] = { OPTION_ALL, OPTION_PROOF, OPTION_OUTPUT, OPTION_PLACE, OPTIONS_END };

static const struct argument retire_options[] = {
	{ "force", ARGUMENT_FLAG, offsetof(struct key_request, force), NULL, "even the last active key" },
	OPTION_PLACE,
	OPTIONS_END,
};

static const struct argument rotate_options[] = {
	OPTION_ALL,
	{ "every", ARGUMENT_TEXT, offsetof(struct key_request, every), "TIME", "age of a key that is replaced (default 180d)" },
	{ "overlap", ARGUMENT_TEXT, offsetof(struct key_request, overlap), "TIME",
	    "sign with both keys for that time (default 0s)" },
	OPTION_BITS,
	{ "hook", ARGUMENT_TEXT, offsetof(struct key_request, hook), "PROGRAM", "it publishes and removes records" },
	{ "plan", ARGUMENT_FLAG, offsetof(struct key_request, plan), NULL, "print which step is due, and change nothing" },
	{ "dry-run", ARGUMENT_FLAG, offsetof(struct key_request, dry_run), NULL, "the same as --plan" },
	OPTION_PROOF,
	OPTION_OUTPUT,
	OPTION_PLACE,
	OPTIONS_END,
};

/* Which arguments an action takes. */
enum operands { DOMAINS, DOMAINS_OR_ALL, DOMAIN_SELECTORS, DOMAIN_SELECTOR };

struct key_action {
	struct command command; /* the first member: run() gets its address */
	enum rc (*act)(struct key_request *r);
	enum operands operands;
};

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

static const char *wrong_options(struct key_request *r)
{
	const char *wrong;

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
	wrong = wrong != NULL ? wrong : wrong_options(r);
	if (wrong != NULL) {
		status = command_usage(r->command, "%s", wrong);
	} else {
		rc = prepare(r);
		rc = rc == RC_OK ? action->act(r) : rc;
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

#define PLACE_USAGE "           [--keys DIRECTORY] [-c FILE]"
#define PROOF_USAGE "[--zone FILE|--server ADDRESS ...|--via-resolver]"

static int run(const struct command *c, int argc, char **argv)
{
	struct key_request r = { .command = c };
	bool done;
	int rest;
	int status = command_arguments(c, argc, argv, &r, 0, 100000, &rest, &done);

	if (status == EXIT_SUCCESS && !done) {
		r.arguments = argv + rest;
		r.argument_count = argc - rest;
		status = run_action(&r, (const struct key_action *)c);
	}
	free(r.servers.items);
	return status;
}

static const struct key_action new_action = {
	.command = { .name = "key new", .run = run, .arguments = new_options,
		.summary = "make pending keys and print the records to publish",
		.usage = "DOMAIN ...|--all [--type rsa|ed25519|both] [--bits N] [--selector S] [--web|--nsupdate]\n"
		    PLACE_USAGE },
	.act = key_new,
	.operands = DOMAINS_OR_ALL,
};

static const struct key_action activate_action = {
	.command = { .name = "key activate", .run = run, .arguments = activate_options,
		.summary = "sign with pending keys whose records are published",
		.usage = "DOMAIN [SELECTOR ...] [--force] " PROOF_USAGE "\n" PLACE_USAGE },
	.act = key_activate,
	.operands = DOMAIN_SELECTORS,
};

static const struct key_action list_action = {
	.command = { .name = "key list", .run = run, .arguments = list_options,
		.summary = "list keys with their states",
		.usage = "[DOMAIN ...|--all] [--json]\n" PLACE_USAGE },
	.act = key_list,
	.operands = DOMAINS,
};

static const struct key_action show_action = {
	.command = { .name = "key show", .run = run, .arguments = show_options,
		.summary = "print the records to publish",
		.usage = "DOMAIN [SELECTOR ...] [--web|--nsupdate|--json]\n" PLACE_USAGE },
	.act = key_show,
	.operands = DOMAIN_SELECTORS,
};

static const struct key_action check_action = {
	.command = { .name = "key check", .run = run, .arguments = check_options,
		.summary = "compare what is published with the keys",
		.usage = "[DOMAIN ...|--all] " PROOF_USAGE " [--json]\n" PLACE_USAGE },
	.act = key_check,
	.operands = DOMAINS,
};

static const struct key_action retire_action = {
	.command = { .name = "key retire", .run = run, .arguments = retire_options,
		.summary = "stop signing with a key",
		.usage = "DOMAIN SELECTOR ... [--force]\n" PLACE_USAGE },
	.act = key_retire,
	.operands = DOMAIN_SELECTOR,
};

static const struct key_action rotate_action = {
	.command = { .name = "key rotate", .run = run, .arguments = rotate_options,
		.summary = "take the next step in the life of each domain's keys",
		.usage = "DOMAIN ...|--all [--every TIME] [--overlap TIME] [--bits N] [--hook PROGRAM]\n"
		    "           [--plan|--dry-run] " PROOF_USAGE " [--json]\n" PLACE_USAGE },
	.act = key_rotate,
	.operands = DOMAINS_OR_ALL,
};

static const struct command *const subcommands[] = {
	&new_action.command,
	&activate_action.command,
	&list_action.command,
	&show_action.command,
	&check_action.command,
	&retire_action.command,
	&rotate_action.command,
	NULL,
};

const struct command command_key = {
	.name = "key",
	.run = command_subcommand,
	.summary = "make signing keys, print and check their records, put them into use, rotate them",
	.usage = "new|activate|list|show|check|retire|rotate [ARGUMENT ...]",
	.subcommands = subcommands,
};

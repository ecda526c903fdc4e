#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/clock.h"
#include "base/hostname.h"
#include "base/limits.h"
#include "base/log.h"

#include "cli/key.h"

#define DAY (24 * 60 * 60)

/* --- new ---------------------------------------------------------------------------------------- */

static enum rc new_key(struct key_request *r, struct domain d, enum key_type type)
{
	bool both = r->key_types[KEY_RSA] && r->key_types[KEY_ED25519];
	struct slice base = r->selector == NULL ? key_month_selector(r, type) :
	    both ? arena_printf(r->arena, "%s%c", r->selector, type == KEY_RSA ? 'r' : 'e') :
	    slice_str(r->selector);
	struct private_key *private = NULL;
	struct signing_key key;
	enum rc rc;

	if (slice_is_null(base))
		return RC_NOMEM;
	rc = key_make(r, d, type, arena_lower(r->arena, base), r->selector != NULL, &key, &private);
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

	TRY(keystore_list(r->directory, r->arena, &keys, &count, r->err));
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && domain_eq(keys[i].domain, keys[i - 1].domain))
			continue;
		fprintf(stderr, "assay: key %zu of %zu: %.*s\n", i + 1, count, SLICE_ARG(keys[i].domain.name));
		TRY(new_domain(r, keys[i].domain));
	}
	return RC_OK;
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

/* --- walking over the keys there are -------------------------------------------------------------- */

/* Which keys an action is about: arguments are domains, or one domain and its selectors. */
struct walk {
	bool domains;
	bool tables; /* those of sign-tables, too */
	unsigned states;
	enum rc (*visit)(struct key_request *r, const struct signing_key *key);
};

static bool names_domain(const struct key_request *r, int i, struct domain d)
{
	struct domain named;

	return domain_parse(r->arena, slice_str(r->arguments[i]), &named) && domain_eq(named, d);
}

static bool wanted(const struct key_request *r, const struct walk *w, const struct signing_key *key)
{
	int last = w->domains ? r->argument_count : 1;
	bool found = r->argument_count == 0;

	for (int i = 0; i < last && i < r->argument_count && !found; i++)
		found = names_domain(r, i, key->domain);
	if (!found || w->domains || r->argument_count < 2)
		return found;
	for (int i = 1; i < r->argument_count; i++)
		if (slice_ieq(slice_str(r->arguments[i]), key->selector))
			return true;
	return false;
}

static enum rc nothing_seen(struct key_request *r, const struct walk *w, const struct own_keys *keys)
{
	struct walk any = { .domains = w->domains, .states = ~0u };
	size_t there = 0;

	for (size_t i = 0; i < keys->count; i++) {
		if (!wanted(r, &any, &keys->items[i]))
			continue;
		printf("%.*s/%.*s: %s already\n", SLICE_ARG(keys->items[i].domain.name),
		    SLICE_ARG(keys->items[i].selector), key_state_text(keys->items[i].state));
		there++;
	}
	return there > 0 ? RC_OK : err_config(r->err, "%s: there is no such key%s%s", r->directory,
	    r->argument_count > 0 ? " of " : "", r->argument_count > 0 ? r->arguments[0] : "");
}

/* Calls visit for every key asked for in one of the states; says so when there is none. */
static enum rc each_key(struct key_request *r, const struct walk *w)
{
	struct own_keys keys;
	enum rc worst = RC_OK, rc;
	size_t seen = 0;

	TRY(own_keys_read(r->arena, r->dns.settings, r->named_directory, w->tables, &keys, r->err));
	for (size_t i = 0; i < keys.count && worst != RC_NOMEM; i++) {
		if (!wanted(r, w, &keys.items[i]) || (w->states & 1u << keys.items[i].state) == 0)
			continue;
		seen++;
		rc = w->visit(r, &keys.items[i]);
		worst = rc == RC_OK ? worst : rc;
	}
	if (seen == 0 && worst == RC_OK && r->argument_count > 0)
		worst = nothing_seen(r, w, &keys);
	own_keys_free(&keys);
	return worst;
}

/* --- list, show, check ------------------------------------------------------------------------------ */

static const char *place(const struct signing_key *key)
{
	return key->path.len == 0 ? "(in the key table)" : key->path.ptr;
}

static void print_age(struct key_request *r, const struct signing_key *key)
{
	int64_t since = key_since(r, key);

	if (since == 0)
		printf("%-9s", "-");
	else
		printf("%6lldd  ", (long long)((clock_now() - since) / DAY));
}

static enum rc list_one(struct key_request *r, const struct signing_key *key)
{
	struct private_key *loaded = NULL;
	const struct private_key *private = own_key_load(r->arena, key, &loaded, r->err);

	printf("%-30.*s %-16.*s %-8s ", SLICE_ARG(key->domain.name), SLICE_ARG(key->selector),
	    key_state_text(key->state));
	print_age(r, key);
	if (private == NULL)
		printf("cannot be used  %s\n", place(key));
	else
		printf("%s-%u  %s\n", key_type_text(private_key_type(private)), private_key_bits(private),
		    place(key));
	private_key_free(&loaded);
	return private == NULL ? RC_CONFIG : RC_OK;
}

static enum rc show_one(struct key_request *r, const struct signing_key *key)
{
	struct private_key *loaded = NULL;
	const struct private_key *private = own_key_load(r->arena, key, &loaded, r->err);
	enum rc rc = RC_CONFIG;

	if (private != NULL) {
		printf("; %.*s: %s for %lld days\n", SLICE_ARG(key->selector), key_state_text(key->state),
		    (long long)((clock_now() - key_since(r, key)) / DAY));
		rc = key_print_record(r, key, private);
	}
	private_key_free(&loaded);
	return rc;
}

static enum rc check_one(struct key_request *r, const struct signing_key *key)
{
	struct private_key *loaded = NULL;
	const struct private_key *private = own_key_load(r->arena, key, &loaded, r->err);
	struct published found = { .state = PUBLISHED_WRONG, .what = SLICE("the key cannot be used") };
	static const char *const marks[] = {
		[PUBLISHED] = "ok", [PUBLISHED_WRONG] = "BAD", [PUBLISHED_UNKNOWN] = "?",
	};
	enum rc rc = private == NULL ? RC_OK : key_published(r, key, private, &found);

	if (rc == RC_OK) {
		printf("%-4s %.*s/%.*s (%s): ", marks[found.state], SLICE_ARG(key->domain.name),
		    SLICE_ARG(key->selector), key_state_text(key->state));
		print_text(found.what);
		putchar('\n');
		r->findings += found.state == PUBLISHED_WRONG;
		r->unknown += found.state == PUBLISHED_UNKNOWN;
	}
	private_key_free(&loaded);
	return rc;
}

static enum rc key_list(struct key_request *r)
{
	return each_key(r, &(struct walk){ .domains = true, .tables = true, .states = ~0u,
	    .visit = list_one });
}

static enum rc key_show(struct key_request *r)
{
	return each_key(r, &(struct walk){ .tables = true, .states = ~0u, .visit = show_one });
}

static enum rc key_check(struct key_request *r)
{
	return each_key(r, &(struct walk){ .domains = true, .tables = true, .visit = check_one,
	    .states = 1u << KEY_ACTIVE | 1u << KEY_PENDING | 1u << KEY_RETIRING });
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

/* For whoever wonders later why signatures failed. */
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
	enum rc rc = own_key_load(r->arena, key, &private, r->err) == NULL ? RC_CONFIG : RC_OK;

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
	return key_move(r, key, KEY_RETIRED);
}

static enum rc key_activate(struct key_request *r)
{
	return each_key(r, &(struct walk){ .visit = activate_one, .states = 1u << KEY_PENDING |
	    (r->argument_count > 1 ? 1u << KEY_RETIRING | 1u << KEY_RETIRED : 0) });
}

static enum rc key_retire(struct key_request *r)
{
	return each_key(r, &(struct walk){ .visit = retire_one,
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
	{ "every", ARGUMENT_TEXT, offsetof(struct key_request, every) },
	{ "hook", ARGUMENT_TEXT, offsetof(struct key_request, hook) },
	{ "force", ARGUMENT_FLAG, offsetof(struct key_request, force) },
	{ "all", ARGUMENT_FLAG, offsetof(struct key_request, all) },
	{ "web", ARGUMENT_FLAG, offsetof(struct key_request, web) },
	{ "nsupdate", ARGUMENT_FLAG, offsetof(struct key_request, nsupdate) },
	{ "plan", ARGUMENT_FLAG, offsetof(struct key_request, plan) },
	{ "dry-run", ARGUMENT_FLAG, offsetof(struct key_request, dry_run) },
	{ NULL, ARGUMENT_FLAG, 0 },
};

/* Which arguments an action takes. */
enum operands { DOMAINS, DOMAINS_OR_ALL, DOMAIN_SELECTORS, DOMAIN_SELECTOR };

static const struct {
	const char *name;
	enum rc (*run)(struct key_request *r);
	enum operands operands;
} actions[] = {
	{ "new", key_new, DOMAINS_OR_ALL },
	{ "activate", key_activate, DOMAIN_SELECTORS },
	{ "list", key_list, DOMAINS },
	{ "show", key_show, DOMAIN_SELECTORS },
	{ "check", key_check, DOMAINS },
	{ "retire", key_retire, DOMAIN_SELECTOR },
	{ "rotate", key_rotate, DOMAINS_OR_ALL },
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
	if (one && r->argument_count == 0)
		return "a domain is needed";
	if (operands == DOMAIN_SELECTOR && r->argument_count < 2)
		return "name the selector to retire";
	return NULL;
}

static const char *wrong_type(struct key_request *r)
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

static const char *wrong_options(struct key_request *r)
{
	const char *wrong = wrong_type(r);

	if (wrong != NULL)
		return wrong;
	if (r->selector != NULL && !hostname_valid(slice_str(r->selector)))
		return "--selector: not a selector (letters, digits, - and .)";
	if (r->bits < 1024 || r->bits > LIMIT_RSA_BITS)
		return "--bits: write 2048 (1024 to 8192)";
	return r->web && r->nsupdate ? "write --web or --nsupdate" : NULL;
}

static enum rc prepare(struct key_request *r)
{
	TRY(command_settings(r->config, &r->dns.settings, r->err));
	r->directory = r->named_directory != NULL ? r->named_directory :
	    r->dns.settings->keys_directory.ptr;
	return RC_OK;
}

static int run_action(struct key_request *r, size_t action)
{
	struct err err = ERR_INIT;
	const char *wrong;
	int status;
	enum rc rc;

	r->err = &err;
	r->arena = arena_create(LIMIT_CONFIG_ARENA);
	if (r->arena == NULL)
		return command_end(&err, RC_NOMEM);
	wrong = wrong_operands(r, actions[action].operands);
	wrong = wrong != NULL ? wrong : wrong_options(r);
	if (wrong != NULL) {
		status = command_usage(r->command, "%s: %s", actions[action].name, wrong);
	} else {
		rc = prepare(r);
		status = command_end(&err, rc == RC_OK ? actions[action].run(r) : rc);
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
	struct key_request r = { .command = c, .type = "rsa", .bits = 2048, .every = "180d" };
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
		return run_action(&r, i);
	}
	return command_usage(c, "%s: new, activate, list, show, check, retire or rotate", argv[rest]);
}

const struct command command_key = {
	.name = "key",
	.run = run,
	.summary = "make signing keys, print and check their records, put them into use, rotate them",
	.usage = "new DOMAIN ...|--all [--type rsa|ed25519|both] [--bits N] [--selector S]\n"
	    "       assay key activate DOMAIN [SELECTOR ...] [--force] [--zone FILE]\n"
	    "       assay key list [DOMAIN ...]\n"
	    "       assay key show DOMAIN [SELECTOR ...] [--web|--nsupdate]\n"
	    "       assay key check [DOMAIN ...] [--zone FILE]\n"
	    "       assay key retire DOMAIN SELECTOR ... [--force]\n"
	    "       assay key rotate DOMAIN ...|--all [--every 180d] [--hook PROGRAM] [--plan|--dry-run]\n"
	    "         each: [--keys DIRECTORY] [-c FILE]",
	.arguments = arguments,
};

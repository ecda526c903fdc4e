#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "crypto/base64.h"
#include "crypto/keyfile.h"
#include "signing/keystore.h"

#include "cli/command.h"
#include "cli/published.h"

struct key_request {
	const char *keys, *config, *selector, *type, *zone;
	int64_t bits;
	bool force;
	struct domain domain;    /* none: every domain, where that makes sense */
	char **selectors;        /* arguments behind the domain */
	int selector_count;
	/* prepared by run() */
	struct arena *arena;
	struct settings *settings;
	struct err *err;
};

static const char *const state_suffix[] = {
	[KEY_ACTIVE] = "", [KEY_PENDING] = ".pending", [KEY_RETIRED] = ".retired",
};
static const char *const state_text[] = {
	[KEY_ACTIVE] = "active", [KEY_PENDING] = "pending", [KEY_RETIRED] = "retired",
};

static const char *key_path(struct key_request *r, struct domain d, struct slice selector,
    enum key_state state)
{
	return arena_printf(r->arena, "%s/%.*s/%.*s%s.pem", r->keys, SLICE_ARG(d.name),
	    SLICE_ARG(selector), state_suffix[state]).ptr;
}

/* --- the record to publish --------------------------------------------------------------------- */

static enum rc record_text(const struct private_key *key, struct buf *out)
{
	struct buf octets = BUF_INIT(LIMIT_KEY_OCTETS);
	enum rc rc = private_key_public(key, &octets);

	buf_addf(out, "v=DKIM1; k=%s; p=", key_type_text(private_key_type(key)));
	base64_encode(out, buf_slice(&octets));
	buf_free(&octets);
	return rc == RC_OK && buf_failed(out) ? RC_NOMEM : rc;
}

/* As a line of a zone file; character-strings hold at most 255 octets. */
static enum rc print_record(struct domain d, struct slice selector, const struct private_key *key)
{
	struct buf text = BUF_INIT(16u * 1024);
	struct slice rest;
	enum rc rc = record_text(key, &text);

	if (rc == RC_OK) {
		printf("%.*s._domainkey.%.*s. TXT", SLICE_ARG(selector), SLICE_ARG(d.name));
		for (rest = buf_slice(&text); rest.len > 0; rest = slice_drop(rest, 250))
			printf(" \"%.*s\"", SLICE_ARG(slice_take(rest, 250)));
		putchar('\n');
	}
	buf_free(&text);
	return rc;
}

/* --- new ------------------------------------------------------------------------------------------ */

/* What root makes belongs to the owner of the key directory: the daemon's user must read it. */
static enum rc give_to_owner(struct key_request *r, const char *path)
{
	struct stat st;

	if (geteuid() != 0)
		return RC_OK;
	if (stat(r->keys, &st) != 0 || chown(path, st.st_uid, st.st_gid) != 0)
		return err_config(r->err, "%s: cannot be given to the owner of %s: %s", path, r->keys,
		    strerror(errno));
	return RC_OK;
}

static enum rc make_domain_directory(struct key_request *r)
{
	const char *path = arena_printf(r->arena, "%s/%.*s", r->keys, SLICE_ARG(r->domain.name)).ptr;
	struct stat st;

	if (stat(r->keys, &st) != 0)
		return err_config(r->err, "the key directory %s: %s (make it, owned by the daemon's user: "
		    "install -d -m 0750 -o assay -g assay %s)", r->keys, strerror(errno), r->keys);
	if (mkdir(path, 0750) == 0)
		return give_to_owner(r, path);
	if (errno != EEXIST)
		return err_config(r->err, "%s: %s", path, strerror(errno));
	return RC_OK;
}

/* "202611r": the month, and a letter for the algorithm. */
static struct slice default_selector(struct key_request *r, enum key_type type)
{
	time_t now = (time_t)clock_now();
	struct tm tm;

	gmtime_r(&now, &tm);
	return arena_printf(r->arena, "%04d%02d%c", tm.tm_year + 1900, tm.tm_mon + 1,
	    type == KEY_RSA ? 'r' : 'e');
}

static enum rc chosen_selector(struct key_request *r, enum key_type type, bool both,
    struct slice *out)
{
	struct domain checked;

	*out = default_selector(r, type);
	if (r->selector != NULL)
		*out = both ? arena_printf(r->arena, "%s%c", r->selector, type == KEY_RSA ? 'r' : 'e') :
		    slice_str(r->selector);
	if (!domain_parse(r->arena, *out, &checked))
		return err_config(r->err, "--selector %.*s: not a selector (letters, digits, - and .)",
		    SLICE_ARG(*out));
	*out = checked.name;
	for (size_t state = 0; state < N_ELEMENTS(state_suffix); state++) {
		const char *path = key_path(r, r->domain, *out, (enum key_state)state);

		if (access(path, F_OK) == 0)
			return err_config(r->err, "%s is there already: choose another --selector", path);
	}
	return RC_OK;
}

static enum rc new_key(struct key_request *r, enum key_type type, bool both)
{
	struct private_key *key = NULL;
	struct slice selector;
	const char *path;
	enum rc rc;

	TRY(chosen_selector(r, type, both, &selector));
	path = key_path(r, r->domain, selector, KEY_PENDING);
	rc = private_key_generate(type, type == KEY_RSA ? (unsigned)r->bits : 256, &key, r->err);
	if (rc == RC_OK)
		rc = private_key_save(key, path, 0600, r->err);
	if (rc == RC_OK)
		rc = give_to_owner(r, path);
	if (rc == RC_OK) {
		printf("; %s\n", path);
		rc = print_record(r->domain, selector, key);
	}
	private_key_free(&key);
	return rc;
}

static enum rc key_new(struct key_request *r)
{
	static const struct {
		const char *name;
		bool rsa, ed25519;
	} types[] = { { "rsa", true, false }, { "ed25519", false, true }, { "both", true, true } };

	for (size_t i = 0; i < N_ELEMENTS(types); i++) {
		if (strcmp(r->type, types[i].name) != 0)
			continue;
		TRY(make_domain_directory(r));
		if (types[i].rsa)
			TRY(new_key(r, KEY_RSA, types[i].ed25519));
		if (types[i].ed25519)
			TRY(new_key(r, KEY_ED25519, types[i].rsa));
		printf("; pending: nothing is signed with it yet. Publish the record, then:\n"
		    ";   assay key activate %.*s\n", SLICE_ARG(r->domain.name));
		return RC_OK;
	}
	return err_config(r->err, "--type %s: rsa, ed25519 or both", r->type);
}

/* --- walking over the keys there are --------------------------------------------------------------- */

static bool wanted(const struct key_request *r, const struct signing_key *key)
{
	if (!domain_is_none(r->domain) && !domain_eq(r->domain, key->domain))
		return false;
	for (int i = 0; i < r->selector_count; i++)
		if (slice_ieq(slice_str(r->selectors[i]), key->selector))
			return true;
	return r->selector_count == 0;
}

/* Calls visit for every key asked for in one of the states; says so when there is none. */
static enum rc each_key(struct key_request *r, unsigned states,
    enum rc (*visit)(struct key_request *r, const struct signing_key *key))
{
	struct signing_key *keys;
	size_t count, seen = 0;
	enum rc worst = RC_OK, rc;

	TRY(keystore_list(r->keys, r->arena, &keys, &count, r->err));
	for (size_t i = 0; i < count; i++) {
		if (!wanted(r, &keys[i]) || (states & 1u << keys[i].state) == 0)
			continue;
		seen++;
		rc = visit(r, &keys[i]);
		worst = rc == RC_OK ? worst : rc;
	}
	if (seen == 0 && !domain_is_none(r->domain))
		return err_config(r->err, "%s: no such key for %.*s", r->keys, SLICE_ARG(r->domain.name));
	return worst;
}

static enum rc load(struct key_request *r, const struct signing_key *key, struct private_key **out)
{
	return private_key_load(arena_copy(r->arena, key->path).ptr, out, r->err);
}

static enum rc list_one(struct key_request *r, const struct signing_key *key)
{
	struct private_key *private = NULL;
	enum rc rc = load(r, key, &private);

	if (rc == RC_OK)
		printf("%-30.*s %-16.*s %-8s %s-%u  %.*s\n", SLICE_ARG(key->domain.name),
		    SLICE_ARG(key->selector), state_text[key->state], key_type_text(private_key_type(private)),
		    private_key_bits(private), SLICE_ARG(key->path));
	private_key_free(&private);
	return rc;
}

static enum rc show_one(struct key_request *r, const struct signing_key *key)
{
	struct private_key *private = NULL;
	enum rc rc = load(r, key, &private);

	if (rc == RC_OK)
		rc = print_record(key->domain, key->selector, private);
	private_key_free(&private);
	return rc;
}

static enum rc key_list(struct key_request *r)
{
	return each_key(r, ~0u, list_one);
}

static enum rc key_show(struct key_request *r)
{
	return each_key(r, ~0u, show_one);
}

/* --- activate, retire --------------------------------------------------------------------------------- */

static enum rc move(struct key_request *r, const struct signing_key *key, enum key_state to)
{
	const char *from = arena_copy(r->arena, key->path).ptr;
	const char *target = key_path(r, key->domain, key->selector, to);

	/* link() never replaces what is there */
	if (link(from, target) != 0 || unlink(from) != 0)
		return err_config(r->err, "%s cannot become %s: %s", from, target, strerror(errno));
	printf("%.*s/%.*s: %s\n", SLICE_ARG(key->domain.name), SLICE_ARG(key->selector), state_text[to]);
	return RC_OK;
}

/* A key whose record is not there would make every signature fail. */
static enum rc check_published(struct key_request *r, const struct signing_key *key,
    const struct private_key *private)
{
	struct published found;
	struct asker dns;
	enum rc rc = asker_open(r->config, r->zone, &dns, r->err);

	if (rc == RC_OK)
		rc = published_find(r->arena, dns.lookups, key, private, &found);
	if (rc == RC_OK && !found.good)
		rc = err_config(r->err, "%.*s: %.*s; --force does not look", SLICE_ARG(found.name),
		    SLICE_ARG(found.what));
	asker_close(&dns);
	return rc;
}

static enum rc activate_one(struct key_request *r, const struct signing_key *key)
{
	struct private_key *private = NULL;
	enum rc rc = load(r, key, &private);

	if (rc == RC_OK && !r->force)
		rc = check_published(r, key, private);
	if (rc == RC_OK)
		rc = move(r, key, KEY_ACTIVE);
	private_key_free(&private);
	return rc;
}

static enum rc retire_one(struct key_request *r, const struct signing_key *key)
{
	return move(r, key, KEY_RETIRED);
}

static enum rc key_activate(struct key_request *r)
{
	return each_key(r, 1u << KEY_PENDING | (r->selector_count > 0 ? 1u << KEY_RETIRED : 0),
	    activate_one);
}

static enum rc key_retire(struct key_request *r)
{
	if (r->selector_count == 0)
		return err_config(r->err, "key retire: name the selector that is to sign no more");
	return each_key(r, 1u << KEY_ACTIVE | 1u << KEY_PENDING, retire_one);
}

/* --- the command ------------------------------------------------------------------------------------------ */

static const struct argument arguments[] = {
	{ "keys", ARGUMENT_TEXT, offsetof(struct key_request, keys) },
	{ "config", ARGUMENT_TEXT, offsetof(struct key_request, config) },
	{ "selector", ARGUMENT_TEXT, offsetof(struct key_request, selector) },
	{ "type", ARGUMENT_TEXT, offsetof(struct key_request, type) },
	{ "bits", ARGUMENT_NUMBER, offsetof(struct key_request, bits) },
	{ "zone", ARGUMENT_TEXT, offsetof(struct key_request, zone) },
	{ "force", ARGUMENT_FLAG, offsetof(struct key_request, force) },
	{ NULL, ARGUMENT_FLAG, 0 },
};

static const struct {
	const char *name;
	enum rc (*run)(struct key_request *r);
	bool needs_domain;
} actions[] = {
	{ "new", key_new, true },
	{ "activate", key_activate, true },
	{ "list", key_list, false },
	{ "show", key_show, true },
	{ "retire", key_retire, true },
};

static enum rc prepare(struct key_request *r, const char *domain)
{
	r->arena = arena_create(LIMIT_ARENA_BYTES);
	if (r->arena == NULL)
		return RC_NOMEM;
	TRY(command_settings(r->config, &r->settings, r->err));
	if (r->keys == NULL)
		r->keys = arena_copy(r->arena, r->settings->keys_directory).ptr;
	if (domain != NULL && !domain_parse(r->arena, slice_str(domain), &r->domain))
		return err_config(r->err, "%s: not a domain name", domain);
	return RC_OK;
}

static int run_action(struct key_request *r, size_t action, const char *domain)
{
	struct err err = ERR_INIT;
	enum rc rc;

	r->err = &err;
	rc = prepare(r, domain);
	if (rc == RC_OK)
		rc = actions[action].run(r);
	settings_release(&r->settings);
	arena_free(&r->arena);
	return command_end(&err, rc);
}

static int run(const struct command *c, int argc, char **argv)
{
	struct key_request r = { .type = "rsa", .bits = 2048 };
	bool done;
	int rest;
	int status = command_arguments(c, argc, argv, &r, 1, 1000, &rest, &done);

	if (status != EXIT_SUCCESS || done)
		return status;
	for (size_t i = 0; i < N_ELEMENTS(actions); i++) {
		if (strcmp(argv[rest], actions[i].name) != 0)
			continue;
		if (actions[i].needs_domain && argc - rest < 2)
			return command_usage(c, "key %s: a domain is needed", actions[i].name);
		r.selectors = argv + rest + 2;
		r.selector_count = argc - rest > 2 ? argc - rest - 2 : 0;
		return run_action(&r, i, argv[rest + 1]);
	}
	return command_usage(c, "%s: new, activate, list, show or retire", argv[rest]);
}

const struct command command_key = {
	.name = "key",
	.run = run,
	.summary = "make signing keys, print their records, put them into use",
	.usage = "new DOMAIN [--type rsa|ed25519|both] [--bits N] [--selector S]\n"
	    "       assay key activate DOMAIN [SELECTOR ...] [--force] [--zone FILE]\n"
	    "       assay key list [DOMAIN]\n"
	    "       assay key show DOMAIN [SELECTOR ...]\n"
	    "       assay key retire DOMAIN SELECTOR ...\n"
	    "         each: [--keys DIRECTORY] [-c FILE]",
	.arguments = arguments,
};

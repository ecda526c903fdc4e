/* assay init: from an installed package to a domain whose mail is signed, step by step. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"

#include "init.h"

/* --- output ------------------------------------------------------------------------------------- */

static const char *const states[INIT_STATES] = {
	[INIT_OK] = "ok",
	[INIT_DONE] = "done",
	[INIT_WILL] = "will",
	[INIT_TODO] = "todo",
};

static void add_step(struct init *in, const char *step, enum init_state state, struct slice text)
{
	json_t *o = json_object();

	json_object_set_new(o, "step", json_string(step));
	json_object_set_new(o, "state", json_string(states[state]));
	json_object_set_new(o, "text", json_slice(text));
	json_array_append_new(in->steps, o);
}

void init_say(struct init *in, const char *step, enum init_state state, const char *fmt, ...)
{
	struct buf text = BUF_INIT(LIMIT_LOG_LINE);
	va_list ap;

	va_start(ap, fmt);
	if (in->keys.json) {
		buf_vaddf(&text, fmt, ap);
		add_step(in, step, state, buf_slice(&text));
		buf_free(&text);
	} else {
		command_finding(states[state], fmt, ap);
	}
	va_end(ap);
}

static bool has_domain(const struct init *in)
{
	return in->domain.name.len > 0;
}

/* An object is printed also when an error ended the work: it has what was done until then. */
static enum rc print_object(struct init *in)
{
	json_t *o = json_object();

	json_object_set_new(o, "version", json_integer(1));
	if (has_domain(in))
		json_object_set_new(o, "domain", json_slice(in->domain.name));
	json_object_set_new(o, "mta", json_string(in->mta.sendmail ? "sendmail" : "postfix"));
	json_object_set_new(o, "steps", json_incref(in->steps));
	json_object_set_new(o, "mta_lines", json_incref(in->mta_lines));
	json_object_set_new(o, "records", json_incref(in->records));
	return json_print_all(o);
}

/* --- keys --------------------------------------------------------------------------------------- */

/* A key that signs or will: one that is being retired has a successor, unless the administrator wanted none. */
static bool is_in_use(void *ctx, const struct signing_key *key)
{
	const struct init *in = ctx;

	return domain_eq(key->domain, in->domain) && (key->state == KEY_ACTIVE || key->state == KEY_PENDING);
}

/* Calls visit for every key of the domain that is in use, loaded. */
static enum rc each_key(struct init *in,
    enum rc (*visit)(struct init *in, const struct signing_key *key, const struct private_key *private))
{
	struct key_request *r = &in->keys;
	struct sign_tables_wanted tables = { is_in_use, in };
	struct own_keys keys;
	enum rc rc = own_keys_read(r->arena, r->dns.settings, r->named_directory, &tables, &keys, r->err);

	for (size_t i = 0; rc == RC_OK && i < keys.count; i++) {
		struct private_key *loaded = NULL;
		const struct private_key *private;

		if (!is_in_use(in, &keys.items[i]))
			continue;
		private = own_key_load(r->arena, r->dns.settings, &keys.items[i], &loaded, r->err);
		rc = private == NULL ? RC_CONFIG : visit(in, &keys.items[i], private);
		private_key_free(&loaded);
	}
	own_keys_free(&keys);
	return rc;
}

static enum rc note_type(struct init *in, const struct signing_key *key, const struct private_key *private)
{
	in->keys.key_types[private_key_type(private)] = false;
	init_say(in, "key", INIT_OK, "%s key %.*s: %s", key_type_text(private_key_type(private)),
	    SLICE_ARG(key->selector), key_state_text(key->state));
	return RC_OK;
}

/* Of each type that was asked for, unless the domain has one. */
static enum rc make_keys(struct init *in)
{
	struct key_request *r = &in->keys;

	for (enum key_type type = KEY_RSA; type <= KEY_ED25519; type++) {
		struct private_key *private = NULL;
		struct signing_key key;

		if (!r->key_types[type])
			continue;
		if (in->dry_run) {
			init_say(in, "key", INIT_WILL, "make a key (%s) below %s/%.*s", key_type_text(type), r->directory,
			    SLICE_ARG(in->domain.name));
			continue;
		}
		TRY(key_make(r, in->domain, type, SLICE_NULL, &key, &private));
		private_key_free(&private);
		init_say(in, "key", INIT_DONE, "made %.*s", SLICE_ARG(key.path));
	}
	return RC_OK;
}

/* --- records ------------------------------------------------------------------------------------- */

static enum rc count_pending(struct init *in, const struct signing_key *key, const struct private_key *private)
{
	struct buf text = BUF_INIT(16u * 1024);
	json_t *o;
	enum rc rc;

	if (key->state != KEY_PENDING)
		return RC_OK;
	rc = published_text(private, &text);
	o = json_object();
	json_object_set_new(o, "name", json_slice(published_name(in->keys.arena, key)));
	json_object_set_new(o, "type", json_string("TXT"));
	json_object_set_new(o, "value", json_slice(buf_slice(&text)));
	json_array_append_new(in->records, o);
	buf_free(&text);
	return rc;
}

static enum rc print_pending(struct init *in, const struct signing_key *key, const struct private_key *private)
{
	return key->state == KEY_PENDING ? key_print_record(&in->keys, key, private) : RC_OK;
}

static enum rc records(struct init *in)
{
	if (!has_domain(in))
		return RC_OK;
	if (in->dry_run) {
		init_say(in, "records", INIT_WILL, "print the records of the keys to publish");
		return RC_OK;
	}
	TRY(each_key(in, count_pending));
	if (json_array_size(in->records) == 0) {
		init_say(in, "records", INIT_OK, "no key is pending; assay check %.*s tests what is published",
		    SLICE_ARG(in->domain.name));
		return RC_OK;
	}
	init_say(in, "records", INIT_TODO, "publish these records, then run: assay key activate %.*s",
	    SLICE_ARG(in->domain.name));
	return in->keys.json ? RC_OK : each_key(in, print_pending);
}

/* --- the command ------------------------------------------------------------------------------------ */

static enum rc prepare(struct init *in)
{
	struct key_request *r = &in->keys;

	in->config = r->config == NULL ? ASSAY_SYSCONFDIR "/assay.conf" : r->config;
	TRY(settings_load(in->config, &r->dns.settings, r->err));
	r->directory = r->dns.settings->keys_directory.ptr;
	in->mta.settings = r->dns.settings;
	in->mta.listen = doctor_listen(r->dns.settings, &in->listen);
	TRY(doctor_read_mta(&in->mta, in->postconf, in->sendmail, &in->mta_text, r->err));
	if (in->apply_mta && in->mta.sendmail)
		return err_config(r->err, "--apply-mta: this command does not change sendmail.mc: run it without, and write "
		    "the line that it prints");
	return init_place(in);
}

/* Everything that could stop half-way is looked at before the first thing is written. */
static enum rc set_up(struct init *in)
{
	struct buf needed = BUF_INIT(LIMIT_LOG_LINE);
	enum rc rc = init_needed(in, &needed), printed;

	if (rc == RC_OK && has_domain(in))
		rc = each_key(in, note_type);
	if (rc == RC_OK && !in->dry_run)
		rc = init_permitted(in, buf_slice(&needed));
	if (rc == RC_OK)
		rc = make_keys(in);
	if (rc == RC_OK)
		rc = init_configuration(in, buf_slice(&needed));
	buf_free(&needed);
	if (rc == RC_OK)
		rc = init_service(in);
	if (rc != RC_OK)
		return rc;
	rc = init_mta(in);
	printed = records(in); /* the keys are there, whatever the MTA says */
	return rc == RC_OK ? printed : rc;
}

static const char *wrong_usage(struct init *in, const char *domain)
{
	struct key_request *r = &in->keys;

	if (domain != NULL && !domain_parse(r->arena, slice_str(domain), &in->domain))
		return arena_printf(r->arena, "%s: not a domain name", domain).ptr;
	if (domain == NULL && r->type != NULL)
		return "--type is for a domain's keys: name the domain";
	if (in->postconf != NULL && in->sendmail != NULL)
		return "write one of --postconf and --sendmail";
	if (in->apply_mta && in->postconf != NULL)
		return "--apply-mta runs postconf, and cannot be used with --postconf";
	if (domain == NULL)
		return NULL;
	r->type = r->type == NULL ? "both" : r->type;
	r->bits = 2048;
	return key_wrong_type(r);
}

static int init_run(struct init *in, const char *domain)
{
	struct err err = ERR_INIT;
	const char *wrong = wrong_usage(in, domain);
	enum rc rc, printed = RC_OK;

	if (wrong != NULL)
		return command_usage(in->keys.command, "%s", wrong);
	in->keys.err = &err;
	rc = prepare(in);
	if (rc == RC_OK) {
		rc = set_up(in);
		printed = in->keys.json ? print_object(in) : RC_OK;
	}
	return command_end(&err, rc == RC_OK ? printed : rc);
}

static int run(const struct command *c, int argc, char **argv)
{
	struct init in = { .keys = { .command = c }, .domain = DOMAIN_NONE, .mta_text = BUF_INIT(LIMIT_FILE_BYTES),
		.listen = BUF_INIT(4096) };
	bool done;
	int rest, status = command_arguments(c, argc, argv, &in, 0, 1, &rest, &done);

	if (status != EXIT_SUCCESS || done)
		return status;
	in.keys.arena = arena_create(LIMIT_CONFIG_ARENA);
	if (in.keys.arena == NULL)
		return command_end(&(struct err)ERR_INIT, RC_NOMEM);
	in.steps = json_array();
	in.mta_lines = json_array();
	in.records = json_array();
	status = init_run(&in, rest < argc ? argv[rest] : NULL);
	json_decref(in.steps);
	json_decref(in.mta_lines);
	json_decref(in.records);
	buf_free(&in.mta_text);
	buf_free(&in.listen);
	asker_close(&in.keys.dns);
	arena_free(&in.keys.arena);
	return status;
}

static const struct argument arguments[] = {
	OPTION_CONFIG(struct init, keys.config),
	{ "type", ARGUMENT_TEXT, offsetof(struct init, keys.type), "TYPE",
	    "rsa, ed25519 or both (default)" },
	{ "authserv-id", ARGUMENT_TEXT, offsetof(struct init, authserv_id), "NAME",
	    "the name in Authentication-Results" },
	{ "apply-mta", ARGUMENT_FLAG, offsetof(struct init, apply_mta), NULL,
	    "write the lines of main.cf, too" },
	{ "postconf", ARGUMENT_TEXT, offsetof(struct init, postconf), "FILE",
	    "read the output of postconf -x from a file" },
	{ "sendmail", ARGUMENT_TEXT, offsetof(struct init, sendmail), "FILE",
	    "read this sendmail.cf" },
	{ "units", ARGUMENT_TEXT, offsetof(struct init, units), "DIRECTORY",
	    "write the drop-in of the unit here" },
	{ "dry-run", ARGUMENT_FLAG, offsetof(struct init, dry_run), NULL,
	    "print what would be done" },
	OPTION_JSON(struct init, keys.json),
	OPTIONS_END,
};

const struct command command_init = {
	.name = "init",
	.run = run,
	.summary = "set a host and a domain up: keys, socket, the MTA's lines, records to publish",
	.usage = "[DOMAIN] [--type rsa|ed25519|both] [--authserv-id NAME] [--apply-mta] [--dry-run] [--json] [-c FILE]\n"
	    "           [--postconf FILE | --sendmail FILE] [--units DIRECTORY]",
	.arguments = arguments,
};

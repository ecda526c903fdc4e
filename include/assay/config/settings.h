/*
 * settings.h - one configuration, read, checked and complete: what a start or a reload swaps in.
 *
 * A struct settings owns everything that it holds (one arena, the key store, the tables).  It is
 * reference-counted and immutable: messages in flight finish on the one they began with.
 */
#ifndef ASSAY_CONFIG_SETTINGS_H
#define ASSAY_CONFIG_SETTINGS_H

#include <stdatomic.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/log.h"
#include "config/options.h"
#include "config/reports.h"
#include "dns/network.h"
#include "signing/keystore.h"
#include "verdict/policy.h"

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct config_record; /* what was set where; the config room's own */

struct settings {
	struct arena *arena;          /* owned */
	atomic_uint references;
	struct config_record *record; /* the arena's */
	struct verdict_policy policy;

	/* read at the start only; a reload warns when they were changed (settings_need_restart()) */
	struct slice listen;          /* "unix:PATH", "inet:ADDRESS:PORT", "fd:3" */
	unsigned socket_mode;
	struct slice socket_group;    /* null: the daemon's own */
	bool allow_remote_mta;
	struct slice user;
	struct slice pid_file;        /* null: none */
	struct slice control_socket;  /* path; empty: none */
	bool control_socket_named;    /* the configuration named it: it must be made */
	struct slice control_group;   /* empty: none */
	struct slice metrics_listen;  /* as listen; empty: none */

	struct slice keys_directory;
	struct slice *key_selectors;  /* of new keys: patterns, one at least */
	size_t key_selector_count;
	struct slice key_passphrase_file; /* of encrypted keys; empty: none */
	bool keys_directory_named;    /* the configuration named it: it must be there */
	struct keystore *keystore;    /* NULL until settings_load_keys(); owned */
	struct sign_tables *tables;   /* owned; policy.signing.tables points at it */
	struct slice key_table, signing_table;
	bool multiple_signatures;

	struct network_params dns;
	struct resolver_params dns_cache;
	struct slice test_zone_file;  /* null: the network */

	struct report_settings reports;

	size_t max_sessions;          /* connections of MTAs that are served */

	struct log_params log;
	bool log_target_named;        /* else -f decides */
	struct slice log_file;
	enum log_format log_format;
};

/* The built-in defaults, as if an empty file had been read. */
MUST_CHECK enum rc settings_default(struct settings **out);

/*
 * Reads and checks path.  Every mistake is added to err as "file:line: what, and what to write
 * instead"; RC_CONFIG when there is any, and *out is untouched.  Keys are not read, and neither
 * are signing tables.
 */
MUST_CHECK enum rc settings_load(const char *path, struct settings **out, struct err *err);

/* The same of text in memory, which can name no other file to read (include, file: lists). */
MUST_CHECK enum rc settings_load_text(const char *label, struct slice text,
    struct settings **out, struct err *err);

/*
 * Opens key store and tables (after privileges were dropped).  RC_CONFIG when a directory or table
 * cannot be read; what costs single domains their signatures, and settings by which nothing will
 * ever be signed, are findings.
 */
MUST_CHECK enum rc settings_load_keys(struct settings *s, struct err *err);

/* key-passphrase-file for private_key_load(), or NULL. */
const char *settings_passphrase_file(const struct settings *s);

/*
 * What will happen, for people: "signs: example.com (202611r), ..." (the first
 * SETTINGS_DESCRIBED domains, then their number), "judges: ...", "enforce = no: ...", a line each.
 * After settings_load_keys().
 */
#define SETTINGS_DESCRIBED 20u
MUST_CHECK enum rc settings_describe(const struct settings *s, struct buf *out);

/* The resolver that the settings ask for. */
MUST_CHECK enum rc settings_resolver(const struct settings *s, struct resolver **out,
    struct err *err);

/*
 * Warns of every option that is read at the start only and has another value in now than in start,
 * the settings that the daemon was started with.
 */
void settings_need_restart(const struct settings *start, const struct settings *now,
    struct err *err);

struct settings *settings_hold(struct settings *s);   /* one more reference; thread-safe */
void settings_release(struct settings **s);           /* sets *s to NULL; NULL is fine */

/*
 * Every option with its value and where it came from ("file:line" or "default"), for `assay
 * config`.  What is printed is itself a configuration with the same meaning.
 */
void settings_print(const struct settings *s, struct buf *out);

/* One option as settings_each() shows it; borrowed. */
struct set_option {
	const char *section;  /* "" at the top level */
	struct slice title;   /* of a titled section, else null */
	const char *name;
	bool list;
	size_t count;         /* of values; without one the option is not set */
	const struct config_item *values;
	struct config_place at; /* file NULL: the default */
};
typedef void set_option_visitor(void *ctx, const struct set_option *option);
void settings_each(const struct settings *s, set_option_visitor *visit, void *ctx);

/* Puts "file:line: " before the messages that were added after mark, if the option was set in a file. */
void settings_locate(const struct settings *s, const char *section, const char *option, struct err *err, size_t mark);

#endif

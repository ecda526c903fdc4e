/*
 * command.h - what the subcommands of assay share.
 *
 * Exit status: 0 the work was done, whatever the verdict; 1 it could not be done; 2 usage; 3 done
 * and the finding is negative (checks).
 */
#ifndef ASSAY_CLI_COMMAND_H
#define ASSAY_CLI_COMMAND_H

#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "config/settings.h"
#include "dns/lookups.h"
#include "mail/canon.h"

enum { EXIT_USAGE = 2, EXIT_FINDING = 3 };

/* What an option's value must be, and where it goes. */
enum argument_kind {
	ARGUMENT_FLAG,   /* bool; no value */
	ARGUMENT_TEXT,   /* const char * */
	ARGUMENT_SLICE,  /* struct slice */
	ARGUMENT_PATH,   /* struct slice: an address, <> around it taken off */
	ARGUMENT_NUMBER, /* int64_t, not negative */
	ARGUMENT_PORT,   /* int */
	ARGUMENT_IP,     /* struct ip */
	ARGUMENT_TEXTS,  /* struct slice_list, each ended by NUL: may be given several times */
	ARGUMENT_PATHS,  /* struct slice_list: may be given several times */
};

struct argument {
	const char *name;  /* --name; "config" may also be written -c, "output" -o */
	enum argument_kind kind;
	size_t offset;     /* in the command's request */
	const char *value; /* what its value is called in --help; NULL: a flag */
	const char *help;  /* one line */
};

/* The options that mean the same to every command. */
#define OPTION_CONFIG(request, member) { "config", ARGUMENT_TEXT, offsetof(request, member), "FILE", \
	"configuration (default " ASSAY_SYSCONFDIR "/assay.conf)" }
#define OPTION_KEYS(request, member) { "keys", ARGUMENT_TEXT, offsetof(request, member), "DIRECTORY", \
	"the key directory (default: the setting keys)" }
#define OPTION_ZONE(request, member) { "zone", ARGUMENT_TEXT, offsetof(request, member), "FILE", \
	"take DNS records from a file instead of the network" }
#define OPTION_HELO(request, member) { "helo", ARGUMENT_SLICE, offsetof(request, member), "NAME", \
	"the client's HELO name" }
#define OPTION_MAIL_FROM(request, member) { "mail-from", ARGUMENT_PATH, offsetof(request, member), "ADDRESS", \
	"the envelope sender; empty: the null reverse-path" }, \
	{ "from", ARGUMENT_PATH, offsetof(request, member), "ADDRESS", "the same as --mail-from" }
#define OPTION_JSON(request, member) { "json", ARGUMENT_FLAG, offsetof(request, member), NULL, "print JSON" }
#define OPTIONS_END { NULL, ARGUMENT_FLAG, 0, NULL, NULL }

struct command {
	const char *name; /* of a subcommand: "key new" */
	int (*run)(const struct command *c, int argc, char **argv); /* argv[0] is the command's name */
	const char *summary;
	const char *usage; /* lines of arguments and options */
	const struct argument *arguments; /* up to OPTIONS_END */
	const struct command *const *subcommands; /* up to NULL; for command_subcommand() */
};

extern const struct command command_verify, command_sign, command_spf, command_dmarc, command_key,
    command_check, command_init, command_doctor, command_config, command_status, command_import,
    command_explain, command_log, command_report;

/* Prints "assay NAME: message" and the command's usage; returns EXIT_USAGE. */
int command_usage(const struct command *c, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The run of a command with subcommands: runs the one that argv[1] names, or answers --help. */
int command_subcommand(const struct command *c, int argc, char **argv);

/*
 * Fills request from the options; *rest_out is the index of the first argument that is none, of
 * which there may be min to max.  EXIT_SUCCESS to go on; *done_out is set when --help was answered.
 */
int command_arguments(const struct command *c, int argc, char **argv, void *request, int min,
    int max, int *rest_out, bool *done_out);

/*
 * What a check has found: "ok", "BAD" (something must be done), "note" or "?" (could not be asked) and the words, a
 * line each, or with --json an object in list: {"result":"ok|bad|note|unknown","text"}.
 */
struct findings {
	struct json_t *list; /* owned; NULL: lines for people */
	size_t bad, unknown;
};
void findings_add(struct findings *f, const char *mark, const char *fmt, va_list ap) PRINTF_LIKE(3, 0);

/* Prints such a line. */
void command_finding(const char *mark, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

/*
 * Prints what err holds, frees it, returns the exit status that rc means.  It goes to standard error; but
 * what has failed with --json goes to standard output as {"errors":["..."]}, unless an object was printed.
 */
int command_end(struct err *err, enum rc rc);

/* One JSON text, to standard output. */
void command_print_json(const char *text);

/* The default configuration file is optional; one that was named is not. */
MUST_CHECK enum rc command_settings(const char *path, struct settings **out, struct err *err);

/* zone: a file for --zone, or NULL for what the settings say. */
MUST_CHECK enum rc command_resolver(const struct settings *s, const char *zone,
    struct resolver **out, struct err *err);

/* For commands that ask the DNS without a message. Closing an empty one is fine. */
struct asker {
	struct settings *settings;
	struct resolver *resolver;
	struct lookups *lookups;
};
MUST_CHECK enum rc asker_open(const char *config, const char *zone, struct asker *out,
    struct err *err);
void asker_close(struct asker *q);

/* A whole file, or standard input for "-" and NULL; at most LIMIT_FILE_BYTES. */
MUST_CHECK enum rc command_read(const char *path, struct buf *out, struct err *err);

/* "relaxed/simple" */
bool command_canon(const char *text, enum canon *header_out, enum canon *body_out);

/* The first of the texts that is not a domain name, or NULL. */
const char *command_not_a_domain(struct arena *a, int count, char **texts);

/* Text of others for a terminal: CTLs and invalid octets escaped, spaces kept. */
void print_text(struct slice s); /* to standard output */
void print_text_to(FILE *to, struct slice s);

/* Prints an SPF walk, for --explain. */
struct spf_trace;
extern const struct spf_trace trace_printer;

#endif

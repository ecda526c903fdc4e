/*
 * report.h - what the subcommands of `assay report` share.
 */
#ifndef ASSAY_CLI_REPORT_H
#define ASSAY_CLI_REPORT_H

#include "cli/command.h"
#include "cli/json.h"
#include "report/external.h"
#include "report/store.h"

/* Each has a file of its own; their names are "report show" and so on. */
extern const struct command command_report_show, command_report_build, command_report_send,
    command_report_status, command_report_bounce;

/* The program assay-report, which `assay report` becomes: argv[1] is the subcommand. */
int report_main(int argc, char **argv);

/* --- days and times --------------------------------------------------------------------------- */

#define REPORT_DAY_TEXT 16
/* "2026-11-25"; returns out. */
const char *report_day_text(int64_t day, char out[REPORT_DAY_TEXT]);

#define REPORT_TIME_TEXT 32
/* "2026-11-25T12:00:00Z", of seconds since the epoch; returns out. */
const char *report_time_text(int64_t seconds, char out[REPORT_TIME_TEXT]);

/* --- a subcommand that reads the store --------------------------------------------------------- */

struct report_request {
	const char *config, *zone, *day_text, *to; /* options */
	bool json, failures;
	/* ready when the action runs */
	struct arena *arena;
	struct settings *settings;
	struct store *store;
	int64_t today;        /* number of the UTC day */
	int64_t day;          /* --day, else yesterday */
	struct domain domain; /* the argument; none */
	struct err *err;
};

typedef enum rc report_action(struct report_request *r);

/* Reads options into r and one optional argument, a policy domain; opens the store; runs the action. */
int report_run(const struct command *c, int argc, char **argv, struct report_request *r,
    report_action *run);

MUST_CHECK enum rc report_open_store(const struct settings *settings, struct store **out,
    struct err *err);

/* What is stored of r's day: every policy domain or the one asked for, in the arena.  RC_CONFIG: nothing is. */
struct stored_domains {
	struct store_domain *items;
	size_t count, cap;
};
MUST_CHECK enum rc report_stored(struct report_request *r, struct stored_domains *out);

/* --- files and destinations -------------------------------------------------------------------- */

/* The directory r->to, which may be there. */
MUST_CHECK enum rc report_make_directory(struct report_request *r);

/* DIR/NAME; what is there under that name is replaced, and a symbolic link is an error. */
MUST_CHECK enum rc report_write_file(struct report_request *r, struct arena *a, struct slice name,
    struct slice octets);

void report_print_destination(const struct report_destination *d);
json_t *report_destination_json(const struct report_destination *d);

/* --- failure reports that wait ------------------------------------------------------------------ */

report_action report_show_failures, report_build_failures;

#endif

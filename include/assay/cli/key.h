/*
 * key.h - what the parts of `assay key` share: the request, key files and their states, records.
 *
 * Every change of a key's state is one rename within its directory, after the file's time has been
 * set to now: whatever is interrupted is done again by the same command.
 */
#ifndef ASSAY_CLI_KEY_H
#define ASSAY_CLI_KEY_H

#include "cli/command.h"
#include "cli/keys.h"
#include "cli/published.h"

struct key_request {
	const struct command *command;
	const char *named_directory; /* --keys; NULL: the settings' */
	const char *config, *selector, *type, *zone, *hook, *every;
	int64_t bits;
	bool force, all, web, nsupdate, plan, dry_run;
	char **arguments; /* after the action */
	int argument_count;
	/* prepared by run() */
	const char *directory;
	struct arena *arena;
	struct asker dns; /* settings at once, the rest when it is needed */
	struct err *err;
	bool key_types[2]; /* --type, by enum key_type */
	size_t findings, unknown;
};

/* --- files (keyfiles.c) ----------------------------------------------------------------------- */

const char *key_path(struct key_request *r, struct domain d, struct slice selector,
    enum key_state state);

/*
 * A new pending key under the next free selector: base, or base2, base3, ...; with exact, base or an
 * error.  *private_out is to be freed.
 */
MUST_CHECK enum rc key_make(struct key_request *r, struct domain d, enum key_type type,
    struct slice base, bool exact, struct signing_key *key_out, struct private_key **private_out);

/* "202611r": the month, and a letter for the algorithm. */
struct slice key_month_selector(struct key_request *r, enum key_type type);

/* Never replaces a file; says what the key has become. */
MUST_CHECK enum rc key_move(struct key_request *r, const struct signing_key *key, enum key_state to);

/* Since when the key is in its state; 0: not known. */
int64_t key_since(struct key_request *r, const struct signing_key *key);

/* --- records (keyrecords.c) ------------------------------------------------------------------- */

/* As --web, --nsupdate or neither (a line of a zone file) ask for. */
MUST_CHECK enum rc key_print_record(const struct key_request *r, const struct signing_key *key,
    const struct private_key *private);

/* Asks the DNS anew. */
MUST_CHECK enum rc key_published(struct key_request *r, const struct signing_key *key,
    const struct private_key *private, struct published *out);

/* --- actions ---------------------------------------------------------------------------------- */

MUST_CHECK enum rc key_rotate(struct key_request *r); /* keyrotate.c */

#endif

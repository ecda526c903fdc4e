/*
 * key.h - what the parts of `assay key` share: the request, key files and their states, records.
 *
 * The state of a key is part of its file name.  It is changed in three atomic steps: the file is linked to
 * its new name, its time is set to now, and the old name is removed.  So the key exists at every moment.
 * If a change is interrupted, the same command or the next rotation completes it.
 */
#ifndef ASSAY_CLI_KEY_H
#define ASSAY_CLI_KEY_H

#include "cli/command.h"
#include "cli/keys.h"
#include "cli/published.h"

struct key_request {
	const struct command *command;
	const char *named_directory; /* --keys; NULL: the settings' */
	const char *config, *selector, *type, *zone, *hook, *every, *overlap;
	int64_t bits;
	struct slice_list servers; /* --server */
	bool force, all, web, nsupdate, plan, dry_run, via_resolver, json;
	char **arguments; /* after the action */
	int argument_count;
	/* prepared by run() */
	const char *directory;
	struct arena *arena;
	struct asker dns; /* settings at once, the rest when it is needed */
	struct err *err;
	bool key_types[2]; /* --type, by enum key_type */
	size_t findings, unknown;
	struct key_report *report; /* with --json; keyjson.c */
};

/* Sets key_types from type (rsa, ed25519, both); NULL, or what is wrong with it. */
const char *key_wrong_type(struct key_request *r);

/* --- files (keyfiles.c) ----------------------------------------------------------------------- */

/* Where it is noted since when the record of a pending key is visible: the time of that file. */
const char *key_visible_path(struct key_request *r, struct domain d, struct slice selector);

/*
 * A new pending key.  selector null: the first of the setting key-selectors that is free; else that one
 * or an error.  *private_out is to be freed.
 */
MUST_CHECK enum rc key_make(struct key_request *r, struct domain d, enum key_type type,
    struct slice selector, struct signing_key *key_out, struct private_key **private_out);

/* Changes the state of a key and prints the new one.  Never replaces a file. */
MUST_CHECK enum rc key_move(struct key_request *r, const struct signing_key *key, enum key_state to);

/*
 * Completes interrupted changes of the keys of one domain: it finishes the move of a file that has two names,
 * and removes auxiliary files that were left.  *settled_out: a move was finished, so that the directory
 * must be read again.
 */
MUST_CHECK enum rc key_settle(struct key_request *r, const struct signing_key *keys, size_t count,
    bool *settled_out);

/* Since when the key is in its state; 0: not known. */
int64_t key_since(struct key_request *r, const struct signing_key *key);

/* Sets that time to now, where the clock was ahead when the key got its state. */
MUST_CHECK enum rc key_begin_again(struct key_request *r, const struct signing_key *key);

/*
 * One host changes a key directory that several share: the first one that rotates puts its name into
 * DIRECTORY/.writer, and the others are refused.  Held until the process ends, so that there is
 * one rotation at a time.
 */
MUST_CHECK enum rc key_writer(struct key_request *r);

/* --- records (keyrecords.c) ------------------------------------------------------------------- */

/* As --web, --nsupdate or neither (a line of a zone file) ask for. */
MUST_CHECK enum rc key_print_record(const struct key_request *r, const struct signing_key *key,
    const struct private_key *private);

/* Asks the DNS again. */
MUST_CHECK enum rc key_published(struct key_request *r, const struct signing_key *key,
    const struct private_key *private, struct published *out);

/* --- output (keyjson.c) ----------------------------------------------------------------------- */

/* A line for people; with --json it becomes a message of the next report. */
void key_say(struct key_request *r, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* With --all at a terminal: where a long walk over the keys is. */
void key_progress(const struct key_request *r, size_t done, size_t count, struct domain d);

/* With --json: one object for a key; private and found may be NULL. */
MUST_CHECK enum rc key_report(struct key_request *r, const struct signing_key *key,
    const struct private_key *private, const struct published *found);

/* With --json: one object for a step of the rotation; when 0: at no known time. */
struct key_report_step {
	struct domain domain;
	enum key_type type;
	const char *step; /* a stable word */
	int64_t next;     /* when the next key is made; 0: not known */
	int64_t removal;  /* when the retiring key's record may be removed; 0: there is none */
};
MUST_CHECK enum rc key_report_add_step(struct key_request *r, const struct key_report_step *step);

/* Prints what was reported, and releases it. */
void key_report_end(struct key_request *r);

/* --- actions ---------------------------------------------------------------------------------- */

/* Which keys an action is about: arguments are domains, or one domain and its selectors. */
struct key_walk {
	bool domains;
	bool tables; /* those of sign-tables, too */
	unsigned states;
	bool none_is_said; /* also when no domain is named */
	enum rc (*visit)(struct key_request *r, const struct signing_key *key);
};

/* Calls visit for every key asked for in one of the states; says so when there is none. */
MUST_CHECK enum rc key_each(struct key_request *r, const struct key_walk *w);

MUST_CHECK enum rc key_list(struct key_request *r); /* keylist.c */
MUST_CHECK enum rc key_show(struct key_request *r);
MUST_CHECK enum rc key_check(struct key_request *r);
MUST_CHECK enum rc key_rotate(struct key_request *r); /* keyrotate.c */

#endif

/*
 * init.h - what the parts of `assay init` share.
 *
 * Each part is a step that looks first: what is done already is reported and left alone, so that the command can be
 * run again at any time and goes on where it is.  No step replaces a file.
 */
#ifndef ASSAY_CLI_INIT_H
#define ASSAY_CLI_INIT_H

#include "cli/json.h"
#include "cli/key.h"

#include "doctor.h"

enum init_state {
	INIT_OK,    /* nothing to do */
	INIT_DONE,
	INIT_WILL, /* --dry-run */
	INIT_TODO,  /* left to the administrator */
	INIT_STATES
};

struct init {
	struct key_request keys; /* options of its own; the settings, the arena, the errors */
	const char *authserv_id, *units, *postconf, *sendmail;
	bool apply_mta, dry_run;
	/* prepared by run() */
	struct domain domain;    /* DOMAIN_NONE: keys are not asked for */
	const char *config;      /* the configuration file */
	struct slice wanted;     /* listen for the MTA that was found */
	const char *group;       /* socket-group for it */
	struct doctor mta;
	struct buf mta_text, listen;
	bool kept;               /* the configuration has another listen, which the MTA can reach */
	bool changed;            /* what the daemon reads at its start only was written */
	json_t *steps, *mta_lines, *records; /* for --json, owned */
};

/* One line for people, with --json an object of "steps". */
void init_say(struct init *in, const char *step, enum init_state state, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* --- the daemon (init_service.c) ------------------------------------------------------------------ */

/*
 * What the file below conf.d must say so that the MTA finds the socket; empty: the settings do.  RC_CONFIG: they say
 * something else, with which it cannot work.
 */
MUST_CHECK enum rc init_needed(struct init *in, struct buf *out);

/* Reports every directory that this user cannot write although something must be written there. */
MUST_CHECK enum rc init_permitted(struct init *in, struct slice needed);

MUST_CHECK enum rc init_configuration(struct init *in, struct slice needed);
MUST_CHECK enum rc init_service(struct init *in);

/* --- the MTA (init_mta.c) -------------------------------------------------------------------------- */

/* Sets wanted and group. */
MUST_CHECK enum rc init_place(struct init *in);
MUST_CHECK enum rc init_mta(struct init *in);

#endif

/*
 * import.h - from the files of opendkim, opendmarc, openarc and policyd-spf to one assay.conf.
 *
 *     import_new -> import_read* -> import_translate -> import_configuration, import_copy_keys
 *
 * The old files are read as their own programs read them and are never changed.  Every line of
 * theirs gets at least one finding, and so does every default of theirs that differs from assay's: no change
 * goes unreported.  The new configuration always contains `enforce = observe`.
 */
#ifndef ASSAY_IMPORT_IMPORT_H
#define ASSAY_IMPORT_IMPORT_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

/* What Sendmail needs to know of the daemon's socket: it waits so long, and defers mail while assayd is down. */
#define SENDMAIL_EQUATES(socket) "S=local:" socket ", F=T, T=S:10s;R:30s;E:5m"

/* In the order in which a person must see them. */
enum finding_kind {
	FINDING_WITHOUT_COUNTERPART, /* nothing in assay does this */
	FINDING_UNSAFE,
	FINDING_DIFFERENT,           /* treated otherwise; the text names the setting that decides */
	FINDING_DROPPED,             /* not needed, or never had an effect */
	FINDING_TRANSLATED,
	FINDING_KEPT,                /* what assay does by itself */
	FINDING_KIND_COUNT
};
const char *finding_kind_text(enum finding_kind kind);

struct finding {
	enum finding_kind kind;
	const char *file;     /* the program's name where line is 0 */
	unsigned line;        /* 0: a default of the program, which no line sets */
	struct slice option;  /* the old file's octets: escape before printing */
	struct slice value;
	struct slice text;    /* ours: a sentence, clean */
};

/* What becomes of hosts other than loopback that the old files trust. */
enum trusted_hosts {
	TRUSTED_UNDECIDED,     /* such hosts are an error that says how to decide */
	TRUSTED_INTERNAL,      /* internal-hosts: signed, not judged */
	TRUSTED_RELAY,         /* own-relays: judged by what they recorded, not signed */
	TRUSTED_SIGN_OR_JUDGE, /* sign-or-judge */
	TRUSTED_ASK            /* params.ask decides for each */
};

struct import_params {
	const char *keys;      /* the key directory that keys are copied to */
	enum trusted_hosts trusted;
	enum trusted_hosts (*ask)(void *ctx, struct slice host); /* with TRUSTED_ASK */
	void (*progress)(void *ctx, const char *what, size_t done, size_t all); /* now and then; may be NULL */
	void *ctx;
};

struct import;

struct import *import_new(const struct import_params *params); /* NULL: out of memory */
void import_free(struct import **im);

/*
 * Reads one file of the old chain: which program's it is shows in its name, else in the names of
 * its options.  Postfix's main.cf and master.cf are taken as well.  All mistakes are added to err
 * as file:line: RC_CONFIG.
 */
MUST_CHECK enum rc import_read(struct import *im, const char *path, struct err *err);

/* The same with the text of such a file, which must outlive im. */
MUST_CHECK enum rc import_read_text(struct import *im, const char *path, struct slice text, struct err *err);

/* Translates all that was read.  RC_CONFIG with every mistake in err; then nothing may be written. */
MUST_CHECK enum rc import_translate(struct import *im, struct err *err);

/* The new configuration, and the findings by kind, in the files' order within a kind. */
MUST_CHECK enum rc import_configuration(const struct import *im, struct buf *out);
const struct finding *import_findings(const struct import *im, size_t *count_out);

/* Lines to write into and to take out of the MTA's files, for a person; borrowed. */
struct slice import_mta_lines(const struct import *im);

/*
 * Copies the keys that the new configuration needs into the key directory (and, where tables are
 * needed, writes these), mode 0600, given to the directory's owner; files that hold the same key
 * already are left alone, others are never overwritten: RC_CONFIG.
 */
MUST_CHECK enum rc import_copy_keys(struct import *im, struct err *err);
size_t import_key_count(const struct import *im);

/* --- comparing ------------------------------------------------------------------------------- */

struct settings;

/* d=, s= and i= of one author address, "d/s" or "d/s i=..." joined with blanks; "-": unsigned. */
struct comparison {
	struct slice address, before, after;
};

/*
 * Every pattern of the old tables and every domain with a key as an author's address, by the old
 * files and by the new configuration, whose keys are loaded.  Borrowed from im.
 */
MUST_CHECK enum rc import_compare(struct import *im, const struct settings *s,
    const struct comparison **out, size_t *count_out, struct err *err);

#endif

/*
 * private.h - what the files in this directory share: lines of old files, the configuration being built,
 * and findings.
 */
#ifndef ASSAY_IMPORT_PRIVATE_H
#define ASSAY_IMPORT_PRIVATE_H

#include "base/hostlist.h"
#include "crypto/key.h"
#include "import/import.h"
#include "mail/domain.h"

enum program {
	PROGRAM_OPENDKIM, PROGRAM_OPENDMARC, PROGRAM_OPENARC, PROGRAM_POLICYD_SPF,
	PROGRAM_MAIN_CF, PROGRAM_MASTER_CF, PROGRAM_SENDMAIL,
	PROGRAM_COUNT
};

/* One line of an old file, as its program reads it. */
struct old_line {
	const char *file;      /* printable */
	unsigned line;         /* 0: the program's default */
	struct slice name;     /* as written */
	struct slice value;    /* without comment and blanks around it */
	const struct rule *rule; /* NULL where no table applies (Postfix, Sendmail) */
	bool superseded;       /* a later line sets the same option: the last one counts */
	struct slice recipient; /* of policyd-spf's settings for one recipient; else null */
};

struct old_lines {
	struct old_line *items;
	size_t count, cap;
	bool present;          /* a file of this program was read */
};

/* --- the new configuration, plan.c ----------------------------------------------------------- */

/* One setting under way; lists gather their entries. */
struct setting {
	const char *section; /* "" at the top level */
	struct slice title;  /* of titled sections, else null */
	const char *name;
	struct slice *values;
	size_t count, cap;
	bool list;
	const struct old_line *from; /* of a scalar: the line that set it; NULL: a default, or several lines */
	struct setting *next;
};

/* A key to be copied. */
struct planned_key {
	struct domain domain;
	struct slice selector;
	struct slice third;          /* where it is: a path or its text, as the old table has it */
	const char *path, *label;    /* path: NULL where third is its text; label: printable */
	const char *target;          /* the new file */
	bool repeated;               /* another one has that target, and the same key */
	struct private_key *key;     /* the arena's */
	enum rc rc;                  /* of what each_key() does, */
	struct err err;              /* and its messages */
	const char *file;            /* the line that names it */
	unsigned line;
};

/* A row of the old SigningTable or KeyTable, or what KeyFile, Domain and Selector say. */
struct key_row {
	struct slice name;           /* of the KeyTable; null for KeyFile */
	struct slice domain;         /* d=, or "%" */
	struct slice selector, third; /* third: a path, a PEM or base64 text */
	const char *file;
	unsigned line;
	bool used;                   /* a row of the SigningTable names it */
	bool hidden;                 /* an earlier row has the same name */
};
struct sign_row {
	struct slice pattern, key, signer;
	const char *file;
	unsigned line;
	struct key_row *row;         /* NULL: "%" */
};

struct import {
	struct arena *arena;
	struct import_params params;
	struct old_lines lines[PROGRAM_COUNT];
	struct err *err;             /* of the call under way */
	struct setting *settings, **settings_end;
	struct finding *findings;
	size_t finding_count, finding_cap;
	struct planned_key *keys;
	size_t key_count, key_cap;
	struct key_row *rows;
	size_t row_count, row_cap;
	struct sign_row *signers;
	size_t signer_count, signer_cap;
	const char *key_table, *signing_table;   /* specs as written; NULL: none */
	bool patterns;               /* the SigningTable is "refile:" */
	bool multiple;               /* MultipleSignatures */
	bool subdomains;             /* SubDomains, with KeyFile */
	bool new_tables;             /* the key directory alone does not say it */
	struct slice key_table_text, signing_table_text; /* where new_tables */
	struct slice mta_lines;
};

/* Adds a value to a list setting, or sets a scalar; false: assay has no such setting. */
bool plan_set(struct import *im, const char *section, const char *name, struct slice value);
bool plan_set_in(struct import *im, const char *section, struct slice title, const char *name,
    struct slice value);
bool plan_add(struct import *im, const char *section, const char *name, struct slice value);

struct setting *plan_find(const struct import *im, const char *section, struct slice title, const char *name);

/* The sentence is formatted; values of old files in it are escaped by the caller (shown()). */
void find_at(struct import *im, enum finding_kind kind, const char *file, unsigned line,
    struct slice option, struct slice value, const char *fmt, ...) PRINTF_LIKE(7, 8);
void find(struct import *im, enum finding_kind kind, const struct old_line *l, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* A mistake in an old file.  Of very many, only the first are reported. */
bool mistake_is_told(struct import *im);
void mistake(struct import *im, const char *file, unsigned line, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

const char *shown(struct import *im, struct slice text);

/* --- old files, oldfile.c -------------------------------------------------------------------- */

extern const char *const program_names[PROGRAM_COUNT];

/* "True", "yes", "1"; "False", "no", "0": the first letter decides, as in opendkim. */
bool old_boolean(struct slice value, bool *out);

/* A file's text, in the arena; the null slice: a mistake has been reported. */
struct slice old_text(struct import *im, const char *path);

/* Reports a last line without a line end: the rest of the file may be missing. */
void check_end(struct import *im, const char *file, struct slice text);

/* The line in force for an option; NULL: none. */
const struct old_line *old_option(const struct import *im, enum program p, const char *name);

/* --- tables of options, rules.c -------------------------------------------------------------- */

/*
 * One option of an old program.  apply is called for the line in force, and with a line 0 whose
 * value is fallback where no line sets it and fallback is not NULL.
 */
struct rule {
	const char *name;
	void (*apply)(struct import *im, const struct old_line *l, const struct rule *r);
	enum finding_kind kind;   /* of note() and others that only say something */
	const char *text;
	const char *section, *option; /* of those that set one */
	const char *fallback;
};

/* The options of a program one by one, its own and those that it shares; NULL after the last. */
const struct rule *rule_at(enum program p, size_t i);
const struct rule *shared_rule_at(enum program p, size_t i); /* process.c */
extern const struct rule opendkim_rules[], opendmarc_rules[], openarc_rules[], policyd_spf_rules[];
extern const size_t opendkim_rule_count, opendmarc_rule_count, openarc_rule_count,
    policyd_spf_rule_count;

/* For the tables' rows. */
#define WITHOUT FINDING_WITHOUT_COUNTERPART
#define UNSAFE FINDING_UNSAFE
#define DIFFERENT FINDING_DIFFERENT
#define DROPPED FINDING_DROPPED
#define KEPT FINDING_KEPT
#define NOTE(name, kind, text) { name, note, kind, text, NULL, NULL, NULL }
#define NOTE_IF(name, kind, text) { name, note_if_yes, kind, text, NULL, NULL, NULL }
#define RULE(name, apply) { name, apply, KEPT, NULL, NULL, NULL, NULL }
#define RULE_OR(name, apply, fallback) { name, apply, KEPT, NULL, NULL, NULL, fallback }

/* Adds a finding with the rule's text and kind.  note_if_yes: only where the boolean is true; else it is kept. */
void note(struct import *im, const struct old_line *l, const struct rule *r);
void note_if_yes(struct import *im, const struct old_line *l, const struct rule *r);

/* Sets section option: to yes, where it is, to a number of seconds, to a number, to each entry. */
void set_if_yes(struct import *im, const struct old_line *l, const struct rule *r);
void set_seconds(struct import *im, const struct old_line *l, const struct rule *r);
void set_number(struct import *im, const struct old_line *l, const struct rule *r);
void set_domains(struct import *im, const struct old_line *l, const struct rule *r);
void set_hosts(struct import *im, const struct old_line *l, const struct rule *r);
void set_listen(struct import *im, const struct old_line *l, const struct rule *r);
void set_authserv_id(struct import *im, const struct old_line *l, const struct rule *r);
void set_authserv_ids(struct import *im, const struct old_line *l, const struct rule *r);
void set_facility(struct import *im, const struct old_line *l, const struct rule *r);
void set_canonicalization(struct import *im, const struct old_line *l, const struct rule *r);
void set_trusted(struct import *im, const struct old_line *l, const struct rule *r);

/* Does assay.conf accept these lines? */
bool settings_accept(struct slice text);

/*
 * Sets a scalar that several old files may set: the first line that does counts, and what another one says
 * instead is reported, as is a value that assay.conf does not accept.  False: the line's value is not used.
 */
bool set_scalar(struct import *im, const struct old_line *l, const char *section, const char *option,
    struct slice value, const char *text);

/* Reports that a value is not valid for the option. */
void wrong_value(struct import *im, const struct old_line *l, const char *expected);

/* After a plan_ call: translated, or without counterpart where the setting does not exist. */
void set_done(struct import *im, const struct old_line *l, bool set, const char *section,
    const char *option, const char *text);

/* --- lists of entries, dataset.c ------------------------------------------------------------- */

struct entry {
	struct slice key, value;
	const char *file;
	unsigned line;
	bool pattern;          /* of a "refile:" */
};
struct entries {
	struct entry *items;
	size_t count, cap;
};

/*
 * What opendkim calls a data set: "/path", "file:path", "refile:path", "csl:a,b", "a,b".  False: the
 * type has no counterpart, or the file cannot be read; either has been reported.
 */
bool dataset_read(struct import *im, const struct old_line *l, struct entries *out);

/* Adds an entry to a list; what assay.conf does not accept is reported and left out.  False: no such setting. */
bool add_entry_to(struct import *im, const struct old_line *l, const struct entry *e, const char *option,
    struct slice value);

/* A host list's entry as assay writes it; false: reported as one that never matches. */
bool host_entry(struct import *im, const struct old_line *l, const struct entry *e,
    struct slice *out, bool *loopback_out);

/* --- keytables.c ------------------------------------------------------------------------------ */

void rule_key_table(struct import *im, const struct old_line *l, const struct rule *r);
void rule_signing_table(struct import *im, const struct old_line *l, const struct rule *r);
void rule_key_file(struct import *im, const struct old_line *l, const struct rule *r);
void rule_beside_key_file(struct import *im, const struct old_line *l, const struct rule *r);

/* Gives each row of signers its row of keys; what never signs, or signs otherwise than it seems, is reported. */
void keytables_join(struct import *im);

/* --- keys, keys.c, crew.c; the MTAs, mta.c, postfix.c, sendmail.c; habits.c --------------------------- */

void keys_translate(struct import *im);

/*
 * Calls work for every planned key, by several threads: it may change that key alone, and the arena is
 * not for it.  Messages are added in the keys' order.
 */
enum rc each_key(struct import *im, const char *what,
    enum rc (*work)(const struct import *im, struct planned_key *k, struct err *err));
bool same_key(const struct private_key *a, const struct private_key *b);
const char *table_keys_directory(struct import *im);
bool text_contains(struct slice text, struct slice part); /* false for an empty part */
bool is_old_milter(const struct import *im, struct slice milter); /* as the MTA's file writes it */
void mta_translate(struct import *im);
void postfix_translate(struct import *im, struct buf *out);
void sendmail_translate(struct import *im, struct buf *out);
void habits_report(struct import *im);
void contradictions_report(struct import *im); /* contradictions.c: before anything is translated */

#endif

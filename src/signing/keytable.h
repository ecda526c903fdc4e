/*
 * keytable.h - the KeyTable: `name  domain:selector:path-or-PEM[:algorithm]`.
 */
#ifndef ASSAY_SIGNING_KEYTABLE_H
#define ASSAY_SIGNING_KEYTABLE_H

#include "keyring.h"
#include "map.h"
#include "mail/domain.h"

/* One line.  "%" as the domain, or in the path, means the author domain. */
struct key_row {
	struct domain domain;           /* none: the author domain */
	struct slice selector;
	struct keyring_key *file;       /* or */
	const struct private_key *key;  /* inline; the table's arena's; or */
	struct slice path;              /* with "%" in it: looked for when used */
	struct slice named_path;          /* without "%", also when it cannot be used */
	bool unusable;                  /* none of these: the line or its key is wrong */
	enum key_type type;             /* that the fourth field asks for, when */
	bool has_type;
};

struct key_table {
	struct arena *arena;   /* borrowed */
	struct keyring *ring;  /* borrowed */
	struct map rows;       /* struct key_row by name */
	bool names_only;       /* no key is read */
};

/* Wrong lines are findings, as file:line, and their rows unusable. */
MUST_CHECK enum rc key_table_load(struct key_table *t, const char *spec, struct err *err);

/*
 * The key of a row for that author domain, which lives as long as the arena; NULL: none.  *unusable_out:
 * there should be one.  Trouble is logged once.
 */
const struct private_key *key_row_key(const struct key_table *t, const struct key_row *row,
    struct arena *a, struct domain author, bool *unusable_out);

/* The same by what is known, without decoding.  False: there is no key for that domain. */
bool key_row_known(const struct key_table *t, const struct key_row *row, struct arena *a, struct domain author,
    bool *unusable_out);

/* Is there a key for that domain, as far as its name says? */
bool key_row_exists(const struct key_row *row, struct arena *a, struct domain author);

/* The file of a row's key for that author domain; empty: the key is in the table. */
struct slice key_row_path(const struct key_row *row, struct arena *a, struct domain author);

#endif

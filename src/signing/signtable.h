/*
 * signtable.h - the SigningTable: whose address is signed with which line of the KeyTable.
 *
 * `file:`   six steps, each an exact name: user@host, host, then for each parent p of the host
 *           user@.p and .p, then user@*, then *.
 * `refile:` patterns in their order, "*" being any text.
 * The usual patterns ("*@example.com", "*@*.example.com", whole addresses) are found by a hash, so
 * that a hundred thousand of them cost no more than ten; others are tried one by one.
 */
#ifndef ASSAY_SIGNING_SIGNTABLE_H
#define ASSAY_SIGNING_SIGNTABLE_H

#include "keytable.h"

struct sign_row {
	struct slice pattern;     /* lower case, A-labels */
	const struct key_row *key; /* NULL: the one whose name is the author domain */
	struct slice signer;      /* i=, "%" still in it; null: none */
	size_t order;             /* of the line */
	struct sign_row *next;    /* with the same pattern, or the next pattern without a hash */
	struct sign_row *listed;  /* the next line */
};

struct sign_table {
	struct arena *arena;           /* borrowed */
	const struct key_table *keys;  /* borrowed */
	bool patterns;
	struct map rows;               /* the first struct sign_row of each exact pattern */
	struct map last;               /* and the last one, while loading */
	struct sign_row *others, **others_end;
	struct sign_row *first, **first_end; /* all, in their order, by listed */
	size_t count;
};

/* Wrong lines, and patterns that never match, are findings, as file:line. */
MUST_CHECK enum rc sign_table_load(struct sign_table *t, const char *spec, struct err *err);

/* All rows that fit the address, in their order; in the arena. local in lower case. */
MUST_CHECK enum rc sign_table_find(const struct sign_table *t, struct arena *a, struct slice local,
    struct domain domain, const struct sign_row ***out, size_t *count_out);

#endif

/*
 * tables.h - OpenDKIM's KeyTable and SigningTable, read in place.
 *
 * KeyTable: `name  domain:selector:path-or-PEM[:algorithm]` ("%" stands for the author domain);
 * SigningTable: `file:` with its six-step look-up, `refile:` with "*" patterns in order (matched by
 * our own bounded matcher, never a regular expression).  Immutable after loading.
 */
#ifndef ASSAY_SIGNING_TABLES_H
#define ASSAY_SIGNING_TABLES_H

#include "base/err.h"
#include "signing/keystore.h"

struct sign_tables;

struct table_match {
	struct slice domain;   /* d=, "%" replaced */
	struct slice selector;
	struct slice identity; /* the signer part, or null */
	const struct private_key *key;
};

/* specs as OpenDKIM writes them: "/path", "file:/path", "refile:/path". All mistakes are told. */
MUST_CHECK enum rc sign_tables_load(const char *key_table, const char *signing_table,
    bool multiple_signatures, struct sign_tables **out, struct err *err);
void sign_tables_free(struct sign_tables **t);

/* Every match for the author's address (the first only, unless multiple). */
MUST_CHECK enum rc sign_tables_find(const struct sign_tables *t, struct arena *a,
    struct slice author_address, struct table_match **out, size_t *count_out);

#endif

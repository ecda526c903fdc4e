/*
 * tables.h - OpenDKIM's KeyTable and SigningTable, read in place.
 *
 * KeyTable: `name  domain:selector:path-or-PEM[:algorithm]` ("%" means the author domain);
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

struct table_matches {
	struct table_match *items;
	size_t count;
	bool unusable; /* a line fits whose key cannot be used: the log says why */
};

/*
 * specs as OpenDKIM writes them: "/path", "file:/path", "refile:/path".  RC_CONFIG with messages
 * when a file cannot be read.  A line that is wrong, a key that cannot be used, a pattern that never
 * matches and an empty table are findings: each costs its own domain only.
 */
MUST_CHECK enum rc sign_tables_load(const char *key_table, const char *signing_table,
    bool multiple_signatures, const char *passphrase_file, struct sign_tables **out, struct err *err);
void sign_tables_free(struct sign_tables **t);

/* The same without reading keys, to find out who signs even if keys are unreadable; matches have no key. */
MUST_CHECK enum rc sign_tables_load_names(const char *key_table, const char *signing_table,
    bool multiple_signatures, struct sign_tables **out, struct err *err);

/* Every match for the author's address (the first only, unless multiple). */
MUST_CHECK enum rc sign_tables_find(const struct sign_tables *t, struct arena *a,
    struct slice author_address, struct table_matches *out);

/* Which keys are to be decoded, by their domain and selector: of 100,000 that takes a minute, where one may do. */
struct sign_tables_wanted {
	bool (*wants)(void *ctx, const struct signing_key *key);
	void *ctx;
};

/*
 * The keys that the lines name, each once, as active ones: path "" for one in the table itself, key
 * NULL for one that cannot be used or is not wanted.  Lines for any author domain ("%") count where a
 * pattern names the domain.  decode NULL: none is wanted.  No file is read of a key that is not, and
 * one that was not used yet counts as usable.
 */
MUST_CHECK enum rc sign_tables_keys(const struct sign_tables *t, struct arena *a,
    const struct sign_tables_wanted *decode, struct signing_key **out, size_t *count_out);

/*
 * The signing table's lines whose keys can be used, in their order: "*@example.com (s1)" as one
 * text each, put into the arena.
 */
MUST_CHECK enum rc sign_tables_describe(const struct sign_tables *t, struct arena *a,
    struct slice **out, size_t *count_out);

#endif

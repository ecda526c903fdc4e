/*
 * tablefile.h - OpenDKIM's table files line by line, and its patterns.
 */
#ifndef ASSAY_SIGNING_TABLEFILE_H
#define ASSAY_SIGNING_TABLEFILE_H

#include "base/arena.h"
#include "base/err.h"
#include "crypto/key.h"

struct table_file {
	const char *path;  /* printable */
	bool patterns;     /* "refile:" */
	struct slice rest; /* not read yet */
	unsigned line;     /* of the last entry */
};

/* One entry: key, blanks, value; "#" anywhere begins a comment. */
struct table_entry {
	struct slice key;
	struct slice value; /* empty: there is none */
};

/* spec: "/path", "file:/path", "refile:/path"; the text goes into the arena. */
MUST_CHECK enum rc table_open(const char *spec, struct arena *a, struct table_file *out,
    struct err *err);
bool table_next(struct table_file *f, struct table_entry *out);

/* "*" is any text, all else itself; both in lower case.  At most pattern x text steps. */
bool table_glob(struct slice pattern, struct slice text);

/*
 * A key inside a table: PEM whose lines were joined, or base64 alone (PKCS#8, else
 * PKCS#1).  name is for messages.
 */
MUST_CHECK enum rc table_key_decode(struct slice text, const char *name, struct private_key **out,
    struct err *err);

#endif

/*
 * keys.h - the project's throw-away keys, keys/NAME.
 */
#ifndef ASSAY_TEST_KEYS_H
#define ASSAY_TEST_KEYS_H

#include <stddef.h>

struct private_key;

/* The file's text; free() it.  The test fails when it is not in the source tree (ASSAY_SRCDIR). */
char *keys_text(const char *name, size_t *len_out);

/* The key, untried; private_key_free() it. */
struct private_key *keys_private(const char *name);

#endif

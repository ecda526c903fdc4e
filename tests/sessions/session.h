/*
 * session.h - one session file (README), read and made ready: the message signed and tampered with,
 * keys and zone in place.
 */
#ifndef ASSAY_TEST_SESSION_H
#define ASSAY_TEST_SESSION_H

#include <stdint.h>

#include "base/err.h"
#include "mail/message.h"

enum expected { EXPECT_CLASS, EXPECT_ACTION, EXPECT_WOULD, EXPECT_REPLY, EXPECT_HOLD,
	EXPECT_DELETE, EXPECT_INSERT, EXPECT_LOG };

struct expectation {
	enum expected kind;
	struct slice text;
	unsigned line;
};

struct key_line {
	struct slice file, domain, selector, tags;
};

struct session {
	struct arena *a;
	const char *path;
	const char *keys; /* the directory of key files */
	unsigned line;
	struct err *err;
	struct buf config, zone;
	struct key_line *private_keys;
	size_t private_key_count, private_key_cap;
	int64_t clock;
	struct envelope envelope;
	struct buf message; /* with LF line ends */
	struct expectation *expectations;
	size_t expectation_count, expectation_cap;
};

/* keys: the project's directory of test keys. RC_CONFIG with file:line messages. */
MUST_CHECK enum rc session_read(const char *path, const char *keys, struct session *s,
    struct err *err);
void session_free(struct session *s);

/* Writes assay.conf, zone, keys/ and message.eml into a directory that exists. */
MUST_CHECK enum rc session_prepare(const struct session *s, const char *directory,
    struct err *err);

/* "..." in the pattern stands for any text; white space is folded on both sides. */
bool session_matches(struct arena *a, struct slice pattern, struct slice text);

/* prepare.c */
MUST_CHECK enum rc session_sign(struct session *s, const struct key_line *key, struct slice canon,
    struct slice field);
/* As a sealer that found the chain so far valid; results: the rest of its ARC-Authentication-Results. */
MUST_CHECK enum rc session_seal(struct session *s, const struct key_line *key,
    struct slice results);
MUST_CHECK enum rc session_publish(struct session *s, const struct key_line *key);

#endif

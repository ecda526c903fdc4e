/*
 * cursor.h - the one reader of text grammars.
 *
 * A cursor walks over borrowed octets.  Every take_ function consumes what it names and returns
 * true, or consumes nothing and returns false: a caller may always try the next alternative.
 * Rooms add their own productions (take_tag_name, take_domain_spec, ...) with the same rule.
 */
#ifndef ASSAY_BASE_CURSOR_H
#define ASSAY_BASE_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct cursor {
	const char *at;
	const char *end;
};

static inline struct cursor cursor_of(struct slice s)
{
	/* a null slice still needs two equal pointers that may be compared */
	const char *p = s.ptr == NULL ? "" : s.ptr;

	return (struct cursor){ p, p + s.len };
}

static inline bool cursor_done(const struct cursor *c)
{
	return c->at == c->end;
}

static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

static inline struct slice cursor_rest(const struct cursor *c)
{
	return slice_between(c->at, c->end);
}

/* The next octet without consuming it; '\0' at the end (ask cursor_done() where NUL matters). */
static inline char cursor_peek(const struct cursor *c)
{
	return c->at == c->end ? '\0' : *c->at;
}

bool take_char(struct cursor *c, char wanted);

/* A literal; take_iliteral folds ASCII case, as ABNF strings do (RFC 5234 section 2.3). */
bool take_literal(struct cursor *c, struct slice literal);
bool take_iliteral(struct cursor *c, struct slice literal);

/* 1*DIGIT, at most max_digits of them, value at most max; more digits or a larger value fail. */
bool take_uint(struct cursor *c, unsigned max_digits, uint64_t max, uint64_t *value_out);

/* One or more octets that pred accepts. */
bool take_while(struct cursor *c, bool (*pred)(char), struct slice *out);

/* Skips and counts: never fails.  skip_fws skips SP, HTAB, CR and LF in any order. */
size_t skip_wsp(struct cursor *c);
size_t skip_fws(struct cursor *c);

#endif

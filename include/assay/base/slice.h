/*
 * slice.h - counted, borrowed octets.
 *
 * A slice never owns memory and is never NUL-terminated by promise: it points into somebody
 * else's octets and lives as long as they do.  NUL is an octet like any other.  A slice of
 * length 0 may have any pointer, NULL included; "absent" and "empty" are distinguished by
 * slice_is_null().  Case folding is ASCII only, as in every RFC we implement.
 */
#ifndef ASSAY_BASE_SLICE_H
#define ASSAY_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *ptr;
	size_t len;
};

#define SLICE(literal) ((struct slice){ "" literal, sizeof("" literal) - 1 })
#define SLICE_NULL ((struct slice){ NULL, 0 })

/* printf("%.*s", SLICE_ARG(s)): for text that is known to be clean only. */
#define SLICE_ARG(s) (int)(s).len, (s).ptr == NULL ? "" : (s).ptr

#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

static inline struct slice slice_of(const char *ptr, size_t len)
{
	return (struct slice){ ptr, len };
}

/* From a C string; NULL gives the null slice. */
static inline struct slice slice_str(const char *str)
{
	return str == NULL ? SLICE_NULL : slice_of(str, strlen(str));
}

/* The octets of [from, to). */
static inline struct slice slice_between(const char *from, const char *to)
{
	return slice_of(from, (size_t)(to - from));
}

static inline bool slice_is_null(struct slice s)
{
	return s.ptr == NULL;
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool slice_ieq(struct slice a, struct slice b); /* ASCII case folded */
int slice_cmp(struct slice a, struct slice b);  /* total order of octets; a beginning precedes what is longer */
int slice_icmp(struct slice a, struct slice b); /* the same, ASCII case folded */
bool slice_starts_with(struct slice s, struct slice prefix);
bool slice_istarts_with(struct slice s, struct slice prefix);
bool slice_iends_with(struct slice s, struct slice suffix);

/* What is left after dropping / keeping the first n octets; n beyond the end is the end. */
struct slice slice_drop(struct slice s, size_t n);
struct slice slice_take(struct slice s, size_t n);

/* Without SP, HTAB, CR and LF at both ends. */
struct slice slice_trim(struct slice s);

/* Position of the first / last c, or s.len when there is none. */
size_t slice_find(struct slice s, char c);
size_t slice_rfind(struct slice s, char c);

/*
 * Splits at the first sep: the part before it is returned, *rest becomes what follows, or the
 * null slice when there was no sep.  A loop "while (!slice_is_null(rest))" sees every part.
 */
struct slice slice_split(struct slice *rest, char sep);

#endif

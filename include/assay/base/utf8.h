/*
 * utf8.h - well-formed UTF-8 (RFC 3629), for internationalised mail and for what we print.
 */
#ifndef ASSAY_BASE_UTF8_H
#define ASSAY_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/*
 * Length of the well-formed sequence at the start of s: 1 for ASCII, 2 to 4 for others, 0 when
 * there is none (overlong forms, surrogates, beyond U+10FFFF, cut off, C1 controls U+0080-9F).
 */
size_t utf8_sequence(struct slice s);

/* As that; but 0 for what people cannot see or take for a blank or a line end, SP included. */
size_t utf8_visible(struct slice s);

/* At most the first n octets, without a part of a sequence at their end. */
struct slice utf8_take(struct slice s, size_t n);

bool utf8_valid(struct slice s);  /* well-formed throughout (NUL and CTLs are ASCII) */
bool slice_is_ascii(struct slice s);

#endif

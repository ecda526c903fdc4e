/*
 * encoded_word.h - encoded words (RFC 2047), as far as they could pass for an address.
 *
 * They never are one, but some readers decode a field before they parse it, and people see what
 * was decoded.
 */
#ifndef ASSAY_MAIL_ENCODED_WORD_H
#define ASSAY_MAIL_ENCODED_WORD_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"

/* In s as it is written, or without the backslashes of its quoted-pairs.  True when out of memory. */
bool encoded_word_within(struct arena *a, struct slice s);

/*
 * Could a mail reader show an "@" in s that is not written in it?  In an encoded word, in several
 * whose encoded text is joined, within quoted-pairs, or as a fullwidth (U+FF20) or small (U+FE6B)
 * one.  An encoded word in a charset, an encoding or a form that is not known here could show
 * anything; so could octets that are not UTF-8, or that shift to another set of characters.  True
 * when out of memory.
 */
bool encoded_word_may_show_at(struct arena *a, struct slice text);

#endif

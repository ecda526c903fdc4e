/*
 * encoded_word.h - encoded words (RFC 2047), as far as they could pass for an address.
 *
 * They never are one, but some readers decode a field before they parse it, and people see what
 * was decoded.
 */
#ifndef ASSAY_MAIL_ENCODED_WORD_H
#define ASSAY_MAIL_ENCODED_WORD_H

#include <stdbool.h>

#include "base/slice.h"

bool encoded_word_within(struct slice s);

/*
 * Could s show an "@" to a reader where it has none as it stands?  In an encoded word, or as a
 * fullwidth (U+FF20) or small (U+FE6B) one.  An encoded word in a charset, an encoding or a form
 * that is not known here could show anything.
 */
bool encoded_word_may_show_at(struct slice s);

#endif

/*
 * encoded_word.h - encoded words (RFC 2047), as far as they could pass for an address.
 *
 * They never are one, but some readers decode a field before they parse it.
 */
#ifndef ASSAY_MAIL_ENCODED_WORD_H
#define ASSAY_MAIL_ENCODED_WORD_H

#include <stdbool.h>

#include "base/slice.h"

bool encoded_word_within(struct slice s);

/* An "@" anywhere in s: as it is, or encoded within an encoded word. */
bool encoded_or_plain_at(struct slice s);

#endif

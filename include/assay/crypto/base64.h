/*
 * base64.h - base64 (RFC 4648 section 4), strict: wrong padding, stray characters or octets after
 * the end are errors, never cut off.
 */
#ifndef ASSAY_CRYPTO_BASE64_H
#define ASSAY_CRYPTO_BASE64_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

/*
 * Decodes into the arena; FWS anywhere is skipped (RFC 6376 section 2.10).  false: not base64, or
 * more than max octets.
 */
bool base64_decode(struct arena *a, struct slice text, size_t max, struct slice *out);

void base64_encode(struct buf *out, struct slice octets);

#endif

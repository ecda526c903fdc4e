/*
 * ask.h - one question over a unix socket: a line is asked, the answer is text up to the end.  It is not
 * waited for longer than the limit, however slowly the other side writes.
 */
#ifndef ASSAY_BASE_ASK_H
#define ASSAY_BASE_ASK_H

#include <stdint.h>

#include "base/buf.h"
#include "base/rc.h"
#include "base/slice.h"

/*
 * Connects to path, writes question and LF, adds the answer to out.  RC_IO: *why_out is a text such as
 * "Connection refused" or "no answer in time".
 */
MUST_CHECK enum rc ask(const char *path, const char *question, int64_t limit_ms, struct buf *out,
    const char **why_out);

#endif

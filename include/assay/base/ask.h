/*
 * ask.h - both sides of one question over a unix socket: a line is asked, the answer is text up to the
 * end.  Neither side waits longer than it is told, however slowly the other one writes.
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

/* The other side: the line without its LF goes to out (whose ceiling is the longest one).  False: none. */
bool ask_receive(int fd, int64_t limit_ms, struct buf *out);
bool ask_answer(int fd, int64_t limit_ms, struct slice text);

#endif

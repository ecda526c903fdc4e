/*
 * gzip.h - octets compressed, the same way every time (RFC 1952).
 */
#ifndef ASSAY_REPORT_GZIP_H
#define ASSAY_REPORT_GZIP_H

#include "base/buf.h"
#include "base/rc.h"

/* Adds one member to out.  RC_LIMIT: more than LIMIT_REPORT_XML, or more than out takes. */
MUST_CHECK enum rc gzip(struct slice octets, struct buf *out);

#endif

/*
 * logline.h - the one log line of a message, fixed order, remote text escaped.
 *
 *     4XyZ1: role=judge client=192.0.2.7 from=a@b.org author=b.org msgid=<...> spf=pass
 *         dkim=pass(b.org/s1) dmarc=pass(p=reject) action=accept ms=31
 *     4XyZ2: role=sign user=joe author=gmail.com signed=- why=no key for gmail.com
 */
#ifndef ASSAY_VERDICT_LOGLINE_H
#define ASSAY_VERDICT_LOGLINE_H

#include "base/buf.h"
#include "verdict/verdict.h"

void outcome_log_line(const struct outcome *o, struct buf *out);

#endif

/*
 * logline.h - the one log line of a message, fixed order, remote text escaped.
 *
 *     4XyZ1: role=judge client=192.0.2.7 from=a@b.org author=b.org msgid=<...> spf=pass
 *         dkim=pass(b.org/s1) dmarc=pass(p=reject) action=accept ms=31 class=external helo=mx.b.org rcpt=1
 *     4XyZ2: role=sign client=192.0.2.9 user=joe from=joe@gmail.com author=gmail.com msgid=<...> signed=-
 *         ms=2 class=authenticated rcpt=1 unsigned=no-key why=no key for gmail.com
 *
 * It carries the same facts as the JSON of a message (verdict/json.h), which has the details of each.
 */
#ifndef ASSAY_VERDICT_LOGLINE_H
#define ASSAY_VERDICT_LOGLINE_H

#include "base/buf.h"
#include "verdict/verdict.h"

void outcome_log_line(const struct outcome *o, struct buf *out);

/* The same facts as fields for the journal (log_line_with()), from such a line: "ASSAY_ACTION=accept". */
void outcome_log_fields(struct slice line, struct buf *out);

#endif

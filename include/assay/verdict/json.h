/*
 * json.h - the one serialiser: `assay verify --json`, the JSON log.  The names are stable
 * (assay(1), "JSON").  Absent parts are left out.
 */
#ifndef ASSAY_VERDICT_JSON_H
#define ASSAY_VERDICT_JSON_H

#include "base/buf.h"
#include "verdict/verdict.h"

/* Each adds one JSON text without a final line end; indent 0 is one line. RC_NOMEM only. */
MUST_CHECK enum rc json_outcome(const struct outcome *o, int indent, struct buf *out);
MUST_CHECK enum rc json_spf(const struct spf_mail_from_result *r, int indent, struct buf *out);
MUST_CHECK enum rc json_dmarc_author(const struct dmarc_author_result *r, int indent,
    struct buf *out);

/*
 * Remote text, or any other, as one JSON string with its quotes: octets that are not UTF-8 become U+FFFD.
 */
MUST_CHECK enum rc json_text(struct slice text, struct buf *out);

#endif

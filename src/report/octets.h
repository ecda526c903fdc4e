/*
 * octets.h - how values become the octets that the store keeps, and back.
 *
 * Numbers are one octet or more, the highest first; a text is its length in one or two octets and its octets.
 * A reader goes straight through: what is not there makes it bad, which is checked once, at the end.
 */
#ifndef ASSAY_REPORT_OCTETS_H
#define ASSAY_REPORT_OCTETS_H

#include <stdint.h>

#include "base/cursor.h"
#include "report/row.h"

void octets_put(struct buf *out, unsigned number);         /* one octet */
void octets_put_time(struct buf *out, int64_t number);     /* eight */
void octets_put_text(struct buf *out, struct slice text);  /* cut at LIMIT_REPORT_FIELD */
void octets_put_long(struct buf *out, struct slice text);  /* cut at 65535 octets */
void octets_put_policy(struct buf *out, const struct report_policy *p);

struct octets_reader {
	struct cursor c;
	bool bad;
};

struct slice octets_take(struct octets_reader *r, size_t len);
unsigned octets_get(struct octets_reader *r, unsigned limit); /* a number below limit */
int64_t octets_get_time(struct octets_reader *r);
struct slice octets_get_text(struct octets_reader *r);
struct slice octets_get_long(struct octets_reader *r);

/* Of the octets of a policy, which are all that r has; the domain is the caller's. */
void octets_get_policy(struct octets_reader *r, struct report_policy *out);

#endif

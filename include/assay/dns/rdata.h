/*
 * rdata.h - the data of one record as master files write it (RFC 1035 section 5.1), made into wire
 * format without compression.
 */
#ifndef ASSAY_DNS_RDATA_H
#define ASSAY_DNS_RDATA_H

#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"

struct rdata_type {
	const char *name;
	uint16_t number;
	/* Consumes the data; false: they are not of the form, out and c are then of no use. */
	bool (*put)(struct cursor *c, struct buf *out);
	const char *form; /* "an IPv4 address": what the data must be */
};

/*
 * By name, letter case ignored; NULL: unknown.  Types that nothing here asks for are known by name
 * (TYPEnnn are one type) and consume their data without a look.
 */
const struct rdata_type *rdata_type(struct slice word);

/* Words are separated by blanks and by the parentheses in which master files wrap long records. */
void skip_rdata_blank(struct cursor *c);

/* The next word; false at the end of the line or where a comment begins. */
bool take_rdata_word(struct cursor *c, struct slice *out);

#endif

/*
 * name.h - domain names as the DNS knows them: any octets in labels, not only host names.
 *
 * Inside the dns room a name is the one canonical text of its octets: labels joined by dots,
 * lower case, no trailing dot, "" for the root; a dot or backslash inside a label and every octet
 * outside 0x21-0x7E is \DDD (RFC 1035 section 5.1).  Two names are equal when their texts are.
 */
#ifndef ASSAY_DNS_NAME_H
#define ASSAY_DNS_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/slice.h"

#define NAME_WIRE_SIZE 255 /* RFC 1035 section 2.3.4: length octets and the root's included */

/* 250 octets in four labels, each octet four characters long, three dots and a NUL. */
#define NAME_TEXT_SIZE (250 * 4 + 3 + 1)

struct name {
	size_t len;
	char text[NAME_TEXT_SIZE]; /* NUL-terminated */
};

/*
 * From presentation form: \DDD and \X escapes, one trailing dot allowed, other octets represent
 * themselves.  false: an empty or overlong label, an overlong name, a broken escape.  "." and ""
 * are the root.
 */
bool name_parse(struct slice text, struct name *out);

/* One octet of presentation form, escaped or itself; false: a broken escape, or the end. */
bool take_presented_octet(struct cursor *c, unsigned char *out);

/*
 * Reads a name of a packet at *at, following compression pointers, which may only point back
 * (RFC 1035 section 4.1.4); *at is then the octet after it.  false: not a name, *at unmoved.
 */
bool name_from_wire(struct slice packet, size_t *at, struct name *out);

/* The uncompressed octets of a canonical name; returns their number. */
size_t name_to_wire(const char *canonical, unsigned char out[NAME_WIRE_SIZE]);

/* What follows the first label of a canonical name; NULL for the root. */
const char *name_parent(const char *canonical);

#endif

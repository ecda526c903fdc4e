/*
 * taglist.h - tag-lists (RFC 6376 section 3.2), for DKIM, ARC and DMARC.
 *
 *     tag-list = tag-spec *( ";" tag-spec ) [ ";" ];  FWS is allowed around names, "=" and values
 *
 * The whole list is checked before any tag is seen.  Every slice points into the caller's octets.
 * A name that occurs twice makes the list invalid.  Names are compared with case (DKIM, ARC) or
 * without (DMARC, RFC 9989 section 4.8), as the caller says.
 */
#ifndef ASSAY_MAIL_TAGLIST_H
#define ASSAY_MAIL_TAGLIST_H

#include <stdbool.h>

#include "base/limits.h"
#include "base/slice.h"

struct tag {
	struct slice name;
	struct slice value; /* trimmed of FWS at both ends; inner FWS is there */
};

struct taglist {
	bool fold_names;
	size_t count;
	struct tag tags[LIMIT_TAGS];
};

enum taglist_status { TAGLIST_OK, TAGLIST_SYNTAX, TAGLIST_DUPLICATE, TAGLIST_TOO_MANY };

enum taglist_status taglist_parse(struct slice text, bool fold_names, struct taglist *out);

/* NULL when the list has no such tag; an empty value is not an absent one. */
const struct tag *taglist_find(const struct taglist *list, const char *name);

/* Takes the next element of a colon-separated value, trimmed of FWS; false at the end. */
bool taglist_next_element(struct slice *rest, struct slice *element_out);

#endif

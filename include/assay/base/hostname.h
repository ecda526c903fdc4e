/*
 * hostname.h - host names as text: labels of letters, digits, "-" and "_" that dots separate.
 *
 * What all rooms ask of a name before they believe that it is one; mail/domain.h makes the one
 * form of it in which names are compared, dns/name.h knows names of any octets.
 */
#ifndef ASSAY_BASE_HOSTNAME_H
#define ASSAY_BASE_HOSTNAME_H

#include <stdbool.h>

#include "base/slice.h"

/* Labels of 1 to 63 octets, 253 octets in all (RFC 1035 section 2.3.4); no trailing dot. */
bool hostname_valid(struct slice name);

/* Without the one dot that may end a complete name (RFC 1034 section 3.1). */
struct slice hostname_undotted(struct slice name);

/* "192.0.2.1": its last label consists of digits, which no top-level domain does. */
bool hostname_ends_in_number(struct slice name);

#endif

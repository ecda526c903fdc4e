/*
 * bounce.h - what comes back for a report: a delivery status notification (RFC 3464) that is addressed to the
 * envelope sender of that one delivery.
 *
 * That sender is the bounce address of the configuration with a tag after "+".  The tag is a keyed hash of the
 * delivery, so that only a recipient of the report can make its address fail.  A notification is
 * hostile input: it is read up to ceilings, and what is not a notification says nothing.
 */
#ifndef ASSAY_REPORT_BOUNCE_H
#define ASSAY_REPORT_BOUNCE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/rc.h"
#include "base/slice.h"

#define BOUNCE_TAG_OCTETS  16u /* of the hash; twice as many characters */
#define BOUNCE_LOCAL_MAX   31u /* of the bounce address: RFC 5321 section 4.5.3.1.1 allows 64 with "+" and the tag */
#define BOUNCE_MAX         (1024u * 1024) /* octets read of a notification; its status comes before the report */

/* The tag of one delivery, in lower case hexadecimal; in the arena. */
MUST_CHECK enum rc bounce_tag(struct arena *a, struct slice secret, struct slice report_id,
    struct slice address, struct slice *out);

/* "local+tag@domain" of "local@domain". */
struct slice bounce_sender(struct arena *a, struct slice bounce_address, struct slice tag);

/* The tag of an address that bounce_sender() made; false: it is not one. */
bool bounce_sender_tag(struct arena *a, struct slice bounce_address, struct slice sender, struct slice *tag_out);

/* What a notification says of its one recipient, the first that failed. */
struct bounce {
	bool failed;             /* RFC 3464 section 2.3.3, Action: failed */
	struct slice status;     /* "5.1.1" (section 2.3.4); null: none */
	struct slice diagnostic; /* section 2.3.6, octets of others; null: none */
};

/* False: the message is not a delivery status notification.  Slices are the arena's. */
bool bounce_read(struct arena *a, struct slice message, struct bounce *out);

#endif

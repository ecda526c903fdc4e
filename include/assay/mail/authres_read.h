/*
 * authres_read.h - the results in a field of others (RFC 8601 section 2.2), read to its end.
 *
 * Only one such field is ever believed: the ARC-Authentication-Results of the newest set of a chain
 * that verifies, when the operator trusts its sealer by name.  It is read as a whole or not at all: text of
 * a third party inside quotes or comments must not be taken for a result.
 */
#ifndef ASSAY_MAIL_AUTHRES_READ_H
#define ASSAY_MAIL_AUTHRES_READ_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/rc.h"
#include "base/slice.h"

struct authres_read_property {
	struct slice ptype, name, value; /* value without quotes */
};

struct authres_read_result {
	struct slice method, result; /* as written */
	struct authres_read_property *properties;
	size_t count, cap;
};

struct authres_read {
	struct slice authserv_id; /* as written, quotes included */
	struct authres_read_result *results;
	size_t count, cap;
};

/*
 * The value of an ARC-Authentication-Results field (RFC 8617 section 4.1.1): its instance, 1 to
 * LIMIT_ARC_SETS, and what follows, which reads like an Authentication-Results field.
 */
bool authres_arc_split(struct slice value, unsigned *instance_out, struct slice *payload_out);

/*
 * The whole field, or false: it does not follow the grammar, has more than LIMIT_AUTHRES_PARTS results
 * and properties, or memory is short (the arena's mark is set).  More is accepted than the grammar has,
 * as large senders write it: "name=value" without a ptype is skipped, and an unquoted value may have any
 * printable octet but ";", "(" and the quote.
 */
bool authres_read(struct arena *a, struct slice value, struct authres_read *out);

#endif

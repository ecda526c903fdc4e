/*
 * dnsreply.h - packets of the test suite's name server: a query read, the reply written.
 */
#ifndef ASSAY_TEST_DNSREPLY_H
#define ASSAY_TEST_DNSREPLY_H

#include "base/buf.h"

#include "dns/name.h"
#include "dns/zone.h"

#include "dnsserver.h"

#define DNSREPLY_MAX 65535u

struct dnsrequest {
	struct dnsserver_query seen; /* tcp and port are the caller's */
	struct name name;
	unsigned flags, opcode, class;
	size_t question_end;
};

/* false: not a query with one question. */
bool dnsreply_read(struct slice packet, struct dnsrequest *out);

/* What the zone has and its directive wants; out stays empty where nothing is answered. */
void dnsreply_write(const struct dnsrequest *q, struct slice packet,
    const struct zone_found *found, bool authentic, struct buf *out);

#endif

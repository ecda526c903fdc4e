/*
 * status.h - what the running daemon is doing: for `assay status`, and as OpenMetrics.
 */
#ifndef ASSAY_DAEMON_STATUS_H
#define ASSAY_DAEMON_STATUS_H

#include "daemon/facts.h"
#include "daemon/services.h"

/* config: the path of the configuration. */
void status_write(struct services *services, const char *config, enum facts_form form,
    struct buf *out);

#endif

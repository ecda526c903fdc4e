/*
 * answers.h - what the control socket and the metrics port answer, for the one server of the process.
 */
#ifndef ASSAY_DAEMON_ANSWERS_H
#define ASSAY_DAEMON_ANSWERS_H

#include "daemon/control.h"
#include "daemon/facts.h"
#include "daemon/services.h"

/* The ctx of every answer; not owned, and must live as long as the process, because threads use it to the end. */
struct server {
	struct services *services;
	const char *config; /* path */
};

/* status, status-json, openmetrics, reload; ends with a row without a name. */
extern const struct control_request answers[];

/* As metrics_start() needs it. */
void answer_metrics(void *server, enum facts_form form, struct buf *out);

#endif

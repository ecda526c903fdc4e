/*
 * doctor.h - what the parts of `assay doctor` share: the findings, and the MTA's own configuration.
 *
 * The MTA's configuration is text of the operator's, read whole: the output of postconf, or sendmail.cf.
 * Everything borrows from it and from the settings.
 */
#ifndef ASSAY_CLI_DOCTOR_H
#define ASSAY_CLI_DOCTOR_H

#include "config/settings.h"

/* What was found: "ok", "BAD" or "note" with what it means and what to write; BAD is counted. */
struct doctor {
	const struct settings *settings;
	struct slice mta;  /* the MTA's configuration */
	size_t findings;
};

void doctor_say(struct doctor *d, const char *mark, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* A value of postconf's output, "name = value"; null when it has none of that name. */
struct slice postfix_setting(const struct doctor *d, const char *name);

/*
 * How the MTA is connected to the socket, what it does not show to milters, and what it rewrites after
 * signing.
 */
void doctor_postfix(struct doctor *d);
void doctor_sendmail(struct doctor *d);

#endif

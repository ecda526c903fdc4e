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
	struct slice listen; /* where the MTA finds the daemon, "unix:PATH" or "inet:ADDRESS:PORT" */
	struct slice mta;    /* the MTA's configuration */
	size_t findings;
};

void doctor_say(struct doctor *d, const char *mark, const char *fmt, ...) PRINTF_LIKE(3, 4);

bool doctor_contains(struct slice text, const char *word);

/* A value of postconf's output, "name = value"; null when it has none of that name. */
struct slice postfix_setting(const struct doctor *d, const char *name);

/* Whether a value of smtpd_milters names the daemon's socket. */
bool postfix_names_us(const struct doctor *d, struct slice milters);

/*
 * How the MTA is connected to the socket, what it does not show to milters, and what it rewrites after
 * signing.
 */
void doctor_postfix(struct doctor *d);
void doctor_sendmail(struct doctor *d);

/* Services of Postfix's master.cf whose own settings differ from main.cf's, and what they mean together. */
void doctor_services(struct doctor *d);

#endif

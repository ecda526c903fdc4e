/*
 * doctor.h - what the parts of `assay doctor` share, and `assay init` with them: the findings, and the MTA's own
 * configuration.
 *
 * The MTA's configuration is text of the operator's, read whole: the output of postconf, or sendmail.cf.
 * Everything borrows from it and from the settings.
 */
#ifndef ASSAY_CLI_DOCTOR_H
#define ASSAY_CLI_DOCTOR_H

#include "config/settings.h"
#include "import/import.h"

#include "cli/command.h"

struct passwd;

struct doctor {
	const struct settings *settings;
	struct slice listen; /* where the MTA finds the daemon, "unix:PATH" or "inet:ADDRESS:PORT" */
	bool sendmail;       /* the MTA is Sendmail, else Postfix */
	struct slice mta;    /* the MTA's configuration */
	struct findings found;
};

/* The line for sendmail.mc; its argument is the path of the socket, a slice. */
#define SENDMAIL_LINE "INPUT_MAIL_FILTER(`assay', `" SENDMAIL_EQUATES("%.*s") "')"

/*
 * Reads the MTA's configuration into text, which d borrows from then on: a file with the output of postconf, or
 * a sendmail.cf; NULL for both: what is installed.  RC_CONFIG: there is none.
 */
MUST_CHECK enum rc doctor_read_mta(struct doctor *d, const char *postconf, const char *sendmail, struct buf *text,
    struct err *err);

/* Where an MTA finds the daemon; of a socket unit what the service manager says.  It may live in out. */
struct slice doctor_listen(const struct settings *s, struct buf *out);

/*
 * Connects to the socket as the MTA's account would, or as this user if that is not possible.  0: it answers; else
 * the errno; -1: the address cannot be tried from here.  *pw_out: the account, NULL: not known.
 */
int doctor_connect(const struct doctor *d, const struct passwd **pw_out);

/* "ok", "BAD" or "note" with what it means and what to write. */
void doctor_say(struct doctor *d, const char *mark, const char *fmt, ...) PRINTF_LIKE(3, 4);

bool doctor_contains(struct slice text, const char *word);

/* A value of postconf's output, "name = value"; null when it has none of that name. */
struct slice postfix_setting(const struct doctor *d, const char *name);

/* Whether a service, "smtp/inet", runs in a chroot, where paths begin at the queue directory. */
bool postfix_chrooted(const struct doctor *d, struct slice service);

/* How main.cf names the daemon's socket: a path below the queue directory without it, which also holds in a chroot. */
void postfix_address(const struct doctor *d, struct buf *out);

/* Whether a value of smtpd_milters names the daemon's socket so that the service, chrooted or not, finds it. */
bool postfix_names_us(const struct doctor *d, struct slice milters, bool chrooted);

/* The part of the value that names the socket by its whole path, which a chrooted service cannot find; null: none. */
struct slice postfix_misses_us(const struct doctor *d, struct slice milters, bool chrooted);

/* The first milter of the value that is not assay's own; null: there is none. */
struct slice postfix_names_others(const struct doctor *d, struct slice milters, bool chrooted);

/* Whether smtpd can reach the socket: a chrooted one sees nothing outside of the queue directory. */
bool postfix_reaches_us(const struct doctor *d);

/* Whether sendmail.cf has a filter with the daemon's socket in use. */
bool sendmail_names_us(const struct doctor *d);

/* The program that listens there and that assay replaces, by its usual address; NULL: it is another one. */
const char *doctor_replaced(struct slice address);

/*
 * How the MTA is connected to the socket, what it does not show to milters, and what it rewrites after
 * signing.
 */
void doctor_postfix(struct doctor *d);
void doctor_sendmail(struct doctor *d);

/* Services of Postfix's master.cf whose own settings differ from main.cf's, and what they mean together. */
void doctor_services(struct doctor *d);

#endif

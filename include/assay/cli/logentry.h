/*
 * logentry.h - a line of assayd's log about one message, text or JSON.
 *
 *     4XyZ1: role=judge client=192.0.2.7 from=a@b.org ... action=accept ms=31 why=words to the end
 *     {"version":1,"queue_id":"4XyZ1", ...}
 *
 * The writer of the log puts a prefix before it: nothing, "assayd: " (standard error), a time and
 * "assayd[123]: " (a file), or a time, the host and "assayd[123]: " (syslog, journalctl -o short-iso).  A
 * line with a prefix of another program is ignored: it may contain text from a remote party that imitates
 * a line of assayd.
 *
 * Whatever the form, the fields are those of the text line, and printable: remote text is escaped by
 * log_escape().
 */
#ifndef ASSAY_CLI_LOGENTRY_H
#define ASSAY_CLI_LOGENTRY_H

#include <stdint.h>

#include "base/arena.h"

enum log_role { LOG_ROLE_JUDGE, LOG_ROLE_SIGN, LOG_ROLE_PASS };

enum log_field {
	LOG_CLASS, LOG_CLIENT, LOG_HELO, LOG_USER, LOG_MAIL_FROM, LOG_AUTHOR, LOG_MESSAGE_ID, LOG_SPF,
	LOG_DKIM, LOG_ARC, LOG_DMARC, LOG_POLICY, LOG_OVERRIDE, LOG_ACTION, LOG_WOULD, LOG_SIGNED,
	LOG_APPLIED, LOG_ABORTED, LOG_WHY,
	LOG_SPF_REASON, LOG_DKIM_REASON, LOG_DMARC_REASON, LOG_REPLY, /* of JSON lines only */
	LOG_FIELD_COUNT
};

/* Its name in the text line, and in what is printed of entries. */
const char *log_field_name(enum log_field field);

struct log_entry {
	int64_t time; /* seconds since the epoch; -1: the line has none */
	enum log_role role;
	struct slice queue_id;
	struct slice field[LOG_FIELD_COUNT]; /* null: absent, or "-" in the line */
};

/* What `enforce = yes` does or would have done. */
struct slice log_entry_wish(const struct log_entry *e);

/* The next of LOG_DKIM: "pass(b.org/s1),fail(c.org/s2)".  false: there is none. */
struct log_signature {
	struct slice result, domain, selector;
};
bool log_signature_next(struct slice *rest, struct log_signature *out);

enum log_line {
	LOG_LINE_MESSAGE,
	LOG_LINE_OTHER,  /* of another program, or about something else */
	LOG_LINE_BROKEN, /* assayd's JSON, but cut off or damaged */
};

/* now: see take_syslog_time().  What out points to lives in the line and the arena. */
enum log_line log_entry_parse(struct arena *a, struct slice line, int64_t now, struct log_entry *out);

#endif

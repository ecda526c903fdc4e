/*
 * message.h - the header of one message and its envelope, exactly as the MTA shows them.
 *
 * The body is never kept: it streams through dkim/bodyhash.h.  All memory is the message's arena's.
 */
#ifndef ASSAY_MAIL_MESSAGE_H
#define ASSAY_MAIL_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ip.h"
#include "base/rc.h"
#include "base/slice.h"

/*
 * One header field.  value is every octet after the colon: its leading space included, folds as
 * LF followed by WSP (libmilter's form; the file reader makes CRLF so), no final line end.
 */
struct header {
	struct slice name;     /* field-name without the WSP of obsolete syntax after it */
	struct slice raw_name; /* with it, as the simple canonicalization hashes it */
	struct slice value;
};

/* Fields to be added to a message. */
struct field_list {
	struct header *items;
	size_t count;
};

struct envelope {
	struct ip client;         /* IP_NONE: unknown */
	unsigned client_port;     /* of the client's end of the TCP connection; 0: unknown */
	struct slice client_name; /* verified by the MTA; null: none */
	struct slice helo;
	struct slice mail_from;   /* without <>; empty: the null reverse-path */
	struct slice envid;       /* ENVID of MAIL, in xtext (RFC 3461 section 4.4); null: none */
	struct slice auth_user;   /* {auth_authen}; null: not authenticated */
	struct slice daemon_name; /* {daemon_name}; null: unknown */
	int port;                 /* {daemon_port}; -1: unknown; 0: Postfix's sendmail command */
	struct slice queue_id;    /* macro i; may come late, or never */
	struct slice mta_name;    /* macro j */
	struct slice *recipients; /* without <> */
	size_t recipient_count, recipient_cap;
	bool smtputf8;            /* MAIL came with SMTPUTF8, where known */
};

enum message_limit { MESSAGE_FITS, MESSAGE_TOO_MANY_FIELDS, MESSAGE_HEADER_TOO_LARGE,
	MESSAGE_TOO_MANY_RECIPIENTS, MESSAGE_TOO_MANY_FORGED /* verdict/transaction.h */,
	MESSAGE_NO_MEMORY };

struct message {
	struct arena *arena; /* borrowed: owns everything below */
	struct envelope envelope;
	struct header *headers; /* in the order of the message */
	size_t count, cap;
	size_t header_bytes;
	size_t max_header_bytes, max_header_fields; /* ceilings, set by message_init() */
	enum message_limit exceeded; /* sticky; the first ceiling that was reached */
};

/* Empty message with the defaults of base/limits.h; an unknown port and client. */
void message_init(struct message *m, struct arena *a);

/*
 * Copies into the arena.  At a ceiling nothing is added and m->exceeded is set.  name may end with
 * WSP; a recipient comes without its <> (envelope_path()).
 */
void message_add_header(struct message *m, struct slice name, struct slice value);
void message_add_recipient(struct message *m, struct slice address);

/* Number of fields with that name (ASCII case folded). */
size_t message_count(const struct message *m, struct slice name);

/*
 * RFC 5322 section 3.6: the name of the first field that must be there and is not, or that may be
 * there once and is there again (*missing_out: which); NULL: the header is as it must be.
 */
const char *message_header_fault(const struct message *m, bool *missing_out);

/* The nth (0 = topmost) field of that name, or NULL. */
const struct header *message_field(const struct message *m, struct slice name, size_t nth);

/*
 * A set of fields of one message: marked[i] is headers[i].  It belongs to the fields that the message
 * has when the set is made.
 */
struct field_set {
	bool *marked;
	size_t count; /* of those marked */
};

MUST_CHECK enum rc field_set_new(const struct message *m, struct field_set *out);
void field_set_add(struct field_set *set, size_t index);

/* m without the fields of the set; m itself where the set is empty.  NULL: out of memory. */
struct message *message_without(struct message *m, const struct field_set *set);

/* The text between "<" and ">" of an SMTP path as milters receive it, without a source route. */
struct slice envelope_path(struct slice smtp_path);

/*
 * The text that the value of an ESMTP parameter is the xtext of (RFC 3461 section 4); any octet can be in it.  The
 * null slice: it is not xtext, or memory is short (the arena's mark).
 */
struct slice xtext_decoded(struct arena *a, struct slice xtext);

/* Right of the last "@", or the null slice. */
struct slice address_domain_part(struct slice address);
/* Left of the last "@", or the null slice if it contains no "@". */
struct slice address_local_part(struct slice address);

/* A header value for people and matching: unfolded, runs of WSP as one SP, trimmed. */
struct slice header_unfolded(struct arena *a, const struct header *h);

#endif

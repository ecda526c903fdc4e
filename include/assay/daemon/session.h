/*
 * session.h - one connection of an MTA, from its negotiation to its close.  Does not depend on libmilter.
 *
 *     new -> { connect -> helo* -> { mail -> recipient* -> header* -> end_of_header -> body* -> end } } -> free
 *
 * abort may be called at any point of a message.  Every function copies the data that it keeps.  No answer
 * is given before the end of a message; an error is remembered until then.  Only one thread uses a session
 * at a time, but it need not always be the same thread.
 */
#ifndef ASSAY_DAEMON_SESSION_H
#define ASSAY_DAEMON_SESSION_H

#include <stdbool.h>

#include "base/ip.h"
#include "base/slice.h"
#include "daemon/services.h"
#include "verdict/verdict.h"

struct session;

/* What was agreed with the MTA when it connected to us. */
struct mta_facts {
	bool leading_space; /* values of fields come, and go, with their leading space (SMFIP_HDR_LEADSPC) */
};

/*
 * What the MTA does for us at the end of a message, in the order of the calls.  False: it did not.
 * Texts end with a NUL.  handle is valid within that call of session_end() only.
 */
struct mta {
	void *handle;
	bool (*delete_field)(void *handle, const char *name, unsigned index);
	bool (*insert_field)(void *handle, unsigned position, const char *name, const char *value);
	bool (*quarantine)(void *handle, const char *reason);
	bool (*set_reply)(void *handle, const struct reply *reply);
};

/* The client's connection to the MTA; a macro that was not given is a null slice. */
struct session_client {
	struct ip address;         /* IP_NONE: unknown */
	unsigned port;             /* 0: unknown */
	struct slice hostname;     /* as the MTA gives it, verified or not */
	struct slice client_addr, client_resolve, mta_name, daemon_name, daemon_port; /* macros */
};

struct session_sender {
	struct slice path;         /* as in MAIL FROM, with its <> */
	bool smtputf8;
	struct slice envid;        /* value of the parameter ENVID; null: none */
	struct slice auth_user, queue_id; /* macros */
};

enum session_answer {
	SESSION_CONTINUE, /* deliver it, as far as we are concerned */
	SESSION_TEMPFAIL,
	SESSION_REJECT,
};

/* NULL: out of memory, or more connections than can be held: close it. */
struct session *session_new(struct services *services, const struct mta_facts *facts);
void session_free(struct session **s); /* sets *s to NULL; NULL is fine */

/* Another connect (QUIT_NC of the milter protocol) or another helo discards what is known and starts over. */
void session_connect(struct session *s, const struct session_client *client);
void session_helo(struct session *s, struct slice name);

void session_mail(struct session *s, const struct session_sender *sender);
void session_recipient(struct session *s, struct slice path);
void session_header(struct session *s, struct slice name, struct slice value);
void session_end_of_header(struct session *s);
void session_body(struct session *s, struct slice chunk);

/*
 * The only function that blocks, up to the message's DNS deadline.  Makes the edits and sets the reply
 * through mta.  queue_id: the macro, or null.
 */
enum session_answer session_end(struct session *s, const struct mta *mta, struct slice queue_id);
void session_abort(struct session *s);

#endif

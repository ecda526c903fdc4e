/*
 * classify.h - which mail is signed and which is judged.  One table; the first class that fits.
 */
#ifndef ASSAY_VERDICT_CLASSIFY_H
#define ASSAY_VERDICT_CLASSIFY_H

#include "mail/message.h"
#include "verdict/policy.h"

enum message_class {
	CLASS_PASS_PORT,     /* pass-ports: nothing touched */
	CLASS_AUTHENTICATED, /* an authenticated user, any port */
	CLASS_SUBMISSION,    /* sign-ports, sign-daemon-names; sign-reinjected */
	CLASS_OWN_RELAY,
	CLASS_FORWARDER,
	CLASS_SIGN_OR_JUDGE, /* sign-or-judge, before or where it is judged; else CLASS_INTERNAL */
	CLASS_REINJECTED,    /* from this host, unauthenticated, with a Received field already */
	CLASS_INTERNAL,      /* internal-hosts */
	CLASS_EXTERNAL,      /* anyone else, and unknown addresses */
	CLASS_COUNT
};

struct class_rules {
	const char *name; /* for the log and the JSON */
	bool sign, judge, may_refuse;
	bool remove_authres; /* fields with our authserv-id are removed on arrival */
};

const struct class_rules *class_rules(enum message_class class);

/* What is done with its messages, in the log and the JSON: "judge", "sign" or "pass". */
const char *class_role(enum message_class class);

/* Where a message has been before, as far as its Received fields say. */
enum received_before {
	RECEIVED_NOWHERE,    /* no such field, or the header is not seen yet */
	RECEIVED_SUBMISSION, /* one only, of Sendmail's own submission program (mail/received.h) */
	RECEIVED_ELSEWHERE,
};
enum received_before received_before(const struct message *m);

/* Before the header is seen (RECEIVED_NOWHERE) it may still turn into CLASS_REINJECTED. */
enum message_class classify(const struct verdict_policy *p, const struct envelope *e,
    enum received_before before);

#endif

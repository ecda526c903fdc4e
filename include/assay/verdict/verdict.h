/*
 * verdict.h - what was found (verdict) and what is to be done (actions), as values.
 */
#ifndef ASSAY_VERDICT_VERDICT_H
#define ASSAY_VERDICT_VERDICT_H

#include "arc/evidence.h"
#include "dkim/verify.h"
#include "dmarc/evaluate.h"
#include "mail/address.h"
#include "spf/spf.h"
#include "verdict/classify.h"
#include "verdict/policy.h"

struct verdict {
	struct spf_mail_from_result spf;
	struct spf_helo_result helo;
	bool spf_checked, dkim_checked, dmarc_checked;
	bool arc_checked;       /* false: arc.chain has the shape of the chain, nothing was verified */
	struct arc_result arc;
	struct ip remote_ip;    /* the client that sent the message to us: smtp.remote-ip */
	bool local_trouble; /* a temperror may be our own fault (dns/lookups.h) */
	struct dkim_results dkim;
	struct authors authors;
	struct dmarc_result dmarc;
};

/* RFC 9990 section 3.1.6 */
enum override_type { OVERRIDE_LOCAL_POLICY, OVERRIDE_MAILING_LIST, OVERRIDE_OTHER,
	OVERRIDE_POLICY_TEST_MODE, OVERRIDE_TRUSTED_FORWARDER };
const char *override_type_text(enum override_type type);

struct override {
	enum override_type type;
	struct slice comment;
};

/* RFC 9990: what became of the message as far as the author's policy goes. */
enum disposition { DISPOSITION_NONE, DISPOSITION_PASS, DISPOSITION_QUARANTINE, DISPOSITION_REJECT };
const char *disposition_text(enum disposition d);

struct reply {
	int code;               /* 550, 451; 0: none */
	const char *enhanced;   /* "5.7.26" (RFC 7372), "4.7.5", ... */
	struct slice text;      /* ours; remote names in it are escaped; no CR, LF; "%" as it is */
};

/*
 * The lines of a reply.  With the codes before each and its CRLF none has more than 512 octets (RFC
 * 5321 section 4.5.3.1.5); they end between words where words are not longer than a line.
 */
#define REPLY_LINE_OCTETS 480u
#define REPLY_LINES       4u
size_t reply_lines(const struct reply *r, struct slice lines[REPLY_LINES]);

enum edit_op { EDIT_DELETE, EDIT_INSERT };

/* In the order in which they must be applied: deletions from the highest index down, then inserts. */
struct edit {
	enum edit_op op;
	unsigned index;     /* delete: 1-based among fields of that name; insert: position, 0 is the top */
	struct slice name;
	struct slice value; /* insert: with its leading space, folds as LF */
	const struct header *field; /* delete: the field itself, borrowed from the message */
};

struct actions {
	enum action action;          /* what is done */
	enum action would;           /* what `enforce = yes` would have done */
	struct slice why;            /* for the log: what decided */
	struct reply reply;
	bool hold;                   /* quarantine by the MTA's hold queue */
	struct slice hold_reason;
	enum disposition disposition;
	struct override *overrides;
	size_t override_count, override_cap;
	struct edit *edits;
	size_t edit_count, edit_cap;
};

struct signed_by {
	struct slice domain, selector;
	enum key_type algorithm;
};

/* The ARC set that was added. */
struct sealed_by {
	struct slice domain, selector;
	unsigned instance; /* 0: none was added */
};

/* How a message ended for us.  Applied: the MTA took our edits; whether it delivers is its own affair. */
enum outcome_ending { OUTCOME_APPLIED, OUTCOME_NOT_APPLIED, OUTCOME_ABORTED };

/*
 * Everything about one message when it has ended; lives in the transaction's arena.  Of an aborted
 * one, what was known by then.
 */
struct outcome {
	int64_t time;                /* of the end, seconds since the epoch */
	int64_t elapsed_ms;          /* from the end of the message to our answer; the daemon measures it */
	enum outcome_ending ending;
	enum message_class class;
	const struct message *message;
	struct verdict verdict;
	struct actions actions;
	struct signed_by *signatures;
	size_t signature_count;
	enum signing_why unsigned_why; /* SIGNING_DONE: signed, or not to be signed */
	struct slice unsigned_reason;  /* the same in words for the log, with what to set; or null */
	struct sealed_by sealed;
	struct slice unsealed_reason;  /* why a message that was to be sealed is not; or null */
	int64_t dns_wait_ms;
	size_t dns_questions;
	bool failed; /* memory or a ceiling: actions hold the answer */
};

#endif

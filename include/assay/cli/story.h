/*
 * story.h - what a line of the log says of one message, in sentences: what was found, what decided, by
 * which setting, and what the sender should mend.
 */
#ifndef ASSAY_CLI_STORY_H
#define ASSAY_CLI_STORY_H

#include "cli/logentry.h"

#define STORY_SENTENCES 24

struct sentences {
	struct slice items[STORY_SENTENCES];
	size_t count;
};

struct story {
	struct sentences message;  /* who handed over what */
	struct sentences found;    /* a sentence for each method */
	struct sentences decided;  /* what decided, and what was done */
	struct sentences settings; /* options of assay.conf(5) that decided */
	struct sentences mend;     /* what the sender, or of our own mail we, should change */
};

/* Everything in out is the arena's, and printable. */
void story_of(struct arena *a, const struct log_entry *e, struct story *out);

/* What a sender's trouble looks like, as far as the log shows it; `assay log would` counts by it. */
enum evidence {
	EVIDENCE_OWN_RELAY,  /* the client has a private address */
	EVIDENCE_LIST,
	EVIDENCE_FORWARDER,  /* the author's own signature is broken, or a forwarder sealed or rewrote the message */
	EVIDENCE_SERVICE,    /* another domain passes: a service that sends for the author without alignment */
	EVIDENCE_TROUBLE,    /* something could not be looked up */
	EVIDENCE_FORGERY,    /* nothing passes and nothing speaks for the author's domain */
	EVIDENCE_COUNT
};
enum evidence evidence_of(const struct log_entry *e);

#endif

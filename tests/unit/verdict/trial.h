/*
 * trial.h - one decision for the tests of decide.h and what it is made of: what is asked about, and what came out.
 */
#ifndef ASSAY_TEST_VERDICT_TRIAL_H
#define ASSAY_TEST_VERDICT_TRIAL_H

#include "verdict/decide.h"

#include "world.h"

enum source { DIRECT, LISTED, RESENT, FORWARDED, RELAYED, SOURCES };
enum settings { DEFAULTS, STRICT, LAX, SETTINGS };

enum finding { PASSES, FAILS, POLICY_UNKNOWN, UNDECIDED, NO_RECORD, FINDINGS };
enum exempted { NOBODY, RECIPIENT, AUTHOR, EXEMPTIONS };

struct combination {
	enum finding finding;
	enum dmarc_policy published;
	bool testing, null_sender;
	enum source source;
	enum settings settings;
	enum enforce enforce;
	enum exempted exempted;
	int section; /* an action, or -1: none */
};

struct trial {
	struct arena *a;
	struct verdict_policy p;
	struct message m;
	struct verdict v;
	struct actions got;
};

/* Mail from joe@example.org to joe@mx.example as the combination says, in an arena that trial_end() frees. */
void trial_begin(struct trial *t, const struct combination *c);

/* The default policy under enforce = yes, and a message from a@example.org without fields. */
void trial_blank(struct trial *t);

void trial_decide(struct trial *t, enum message_class class); /* as often as wanted */
void trial_end(struct trial *t);

/* Fails unless the action has that letter; the row is named. */
void trial_expect(const struct trial *t, int row, const char *name, char want);

/* A accept, Q quarantine, T tempfail, R reject */
char trial_letter(enum action action);

/* That applies, after t=y. */
enum dmarc_policy trial_policy(const struct combination *c);

extern const enum message_class trial_classes[SOURCES];

struct domain trial_domain(struct arena *a, const char *name);

#endif

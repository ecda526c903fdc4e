/*
 * select.h - which keys sign a message, and if none, why not.
 *
 * Matching From alone never gets a signature.  From an authenticated user a message is signed when
 * its author domain equals the envelope sender's domain or the login's, or a table allows it;
 * everything else goes unsigned, with the reason in the log, or under `sign-fallback` (never so that
 * it could be aligned with an author whose name the user may not use).  Mail from trusted places
 * (internal hosts, submission ports, bounces) is signed by its author domain.
 */
#ifndef ASSAY_SIGNING_SELECT_H
#define ASSAY_SIGNING_SELECT_H

#include "dkim/sign.h"
#include "mail/address.h"
#include "mail/message.h"
#include "signing/keystore.h"

/* sign "example.com" { ... }: only where the key directory is not enough. */
struct sign_section {
	struct domain domain;
	struct slice *selectors;     /* none: every active key of the directory */
	size_t selector_count;
	bool subdomains;             /* its keys sign its subdomains' mail, too: d= this domain */
	struct slice *users;         /* who may use the domain, besides logins of that domain; none: by
	                                the envelope.  "login", or "address login, login" */
	size_t user_count;
	bool reinjected;             /* sign its authors' mail that this host hands back, too */
	struct slice identity;       /* i=; null: left out */
	bool has_canon;
	enum canon header_canon, body_canon;
	bool has_expire;
	int64_t expire_after;
};

struct sign_tables; /* signing/tables.h; NULL: none */

struct signing_params {
	struct sign_section *sections;
	size_t section_count, section_cap;
	bool sign_mismatch;            /* sign although author and envelope/login differ */
	struct domain sign_fallback;   /* none: leave such mail unsigned */
	struct sign_header_set headers;
	enum canon header_canon, body_canon;
	int64_t expire_after;
	const struct sign_tables *tables;
};

/* Why a message is not signed; one for the log, counters and the JSON. */
enum signing_why {
	SIGNING_DONE,
	SIGNING_NO_AUTHOR,        /* From missing, several, or not clear */
	SIGNING_SEVERAL_AUTHORS,  /* several author domains */
	SIGNING_NO_KEY,           /* "no key for gmail.com" */
	SIGNING_MISMATCH,         /* author domain is neither the envelope's nor the login's */
	SIGNING_KEY_TROUBLE,
	SIGNING_LIMIT,             /* of a signer: fields, hashes */
	SIGNING_OBSERVED,          /* enforce = observe */
	SIGNING_RECIPIENTS,        /* never-sign-to */
	SIGNING_REINJECTED,        /* came back from a filter or a pipe: who wrote it is not known */
	SIGNING_WHY_COUNT
};

/* The reason's name in JSON and in counters; stable.  NULL for SIGNING_DONE. */
const char *signing_why_code(enum signing_why why);

struct signing_selection {
	enum signing_why why;
	struct slice reason;           /* for the log: what to set; null when signed */
	struct dkim_sign_params *signatures;
	size_t count;
};

/* Does the section of that author domain, or of a parent with subdomains = yes, sign re-injected mail? */
bool signing_reinjected(const struct signing_params *params, const struct authors *authors);

/*
 * Is a message from a sign-or-judge host to be signed?  Yes if its author domain has a key here and the
 * domain of the envelope sender equals it.
 */
MUST_CHECK enum rc signing_agrees(struct arena *a, const struct signing_params *params,
    struct keystore *keys, const struct message *m, const struct authors *authors, int64_t now_ms,
    bool *out);

/* authenticated: the message came from a login (the rule above); else a trusted place. */
MUST_CHECK enum rc signing_select(struct arena *a, const struct signing_params *params,
    struct keystore *keys, const struct message *m, const struct authors *authors,
    bool authenticated, int64_t now_ms, struct signing_selection *out);

#endif

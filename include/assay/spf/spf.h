/*
 * spf.h - SPF (RFC 7208): check_host() for the two identities: one interface to two engines.
 *
 * HELO and MAIL FROM are two identities of two types, so that a HELO pass can never be taken for
 * a MAIL FROM pass: DMARC is given a struct spf_mail_from_result and nothing else.
 */
#ifndef ASSAY_SPF_SPF_H
#define ASSAY_SPF_SPF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ip.h"
#include "base/limits.h"
#include "base/rc.h"
#include "base/result.h"
#include "dns/lookups.h"
#include "mail/domain.h"

enum spf_engine { SPF_ENGINE_BUILTIN, SPF_ENGINE_LIBSPF2 };

/* Is the second engine linked in? */
bool spf_engine_available(enum spf_engine engine);

/* Why a check has its result; one table gives text for people. The spf room extends the list. */
enum spf_why {
	SPF_WHY_MATCH,               /* a mechanism decided */
	SPF_WHY_DEFAULT,             /* no mechanism matched: neutral */
	SPF_WHY_NO_RECORD,
	SPF_WHY_NO_DOMAIN,           /* the identity is not a domain that can be checked */
	SPF_WHY_NXDOMAIN,
	SPF_WHY_NOT_CHECKED,         /* an operator's list says so */
	SPF_WHY_NO_CLIENT,           /* the client address is not known */
	SPF_WHY_MULTIPLE_RECORDS,
	SPF_WHY_RECORD_SYNTAX,
	SPF_WHY_RECORD_TOO_LARGE,
	SPF_WHY_TOO_MANY_TERMS,
	SPF_WHY_TOO_MANY_VOID,
	SPF_WHY_TOO_MANY_MX,
	SPF_WHY_TOO_MUCH_WORK,       /* more than LIMIT_SPF_STEPS */
	SPF_WHY_INCLUDE_NO_RECORD,
	SPF_WHY_REDIRECT_NO_RECORD,
	SPF_WHY_DNS_TIMEOUT,
	SPF_WHY_DNS_FAILURE,
	SPF_WHY_LOCAL_TROUBLE,       /* an answer is missing through a fault on this side */
	SPF_WHY_NO_MEMORY,
	SPF_WHY_COUNT
};

const char *spf_why_text(enum spf_why why);

/*
 * Which answers are void (RFC 7208 section 4.6.4).  By the RFC a name that exists without records of
 * the type asked for is: with a client that has an IPv6 address, any host that has none.
 */
enum spf_void { SPF_VOID_RFC, SPF_VOID_NXDOMAIN };

struct spf_params {
	enum spf_engine engine;
	enum spf_void void_answers;
	unsigned void_limit;        /* LIMIT_SPF_VOID */
	struct slice receiver;      /* %{r}: our host name; empty: "unknown" */
	struct slice default_explanation; /* null: none */
};

#define SPF_DEFAULTS { .engine = SPF_ENGINE_BUILTIN, .void_limit = LIMIT_SPF_VOID }

/* Lines of --explain, in the order of the walk; depth is the nesting of include and redirect. */
struct spf_trace {
	void (*line)(void *ctx, unsigned depth, struct slice text);
	void *ctx;
};

/* Whom a check is about: one client, and the two identities that it has given. */
struct spf_request {
	struct ip client;
	struct slice helo;
	struct slice mail_from; /* without <>; empty: the null reverse-path */
};

/* A record that was fetched for a check. */
struct spf_used {
	struct slice domain; /* where it was found */
	struct slice text;   /* its octets, borrowed from the lookups of the check */
};

struct spf_result {
	struct spf_request request; /* that was checked: whatever shows the result shows this client */
	enum auth_result result;
	enum spf_why why;
	struct slice reason;      /* for people, ours: "-all of example.com", "include:x: SERVFAIL" */
	struct domain domain;     /* that was checked */
	struct slice explanation; /* the sender's words, ASCII without CTLs; null: none */
	struct slice mechanism;   /* that decided, or "default"; null: an error or none */
	unsigned terms, voids;    /* counted against the limits */
	/*
	 * In the order of the check.  The list ends before the first name that a macro has made of the sender's
	 * local-part: a report on a failure shows these names to others.
	 */
	struct spf_used *used;
	size_t used_count;
};

/*
 * It was not asked: the client's address is not known, or an operator's list says so.  Then the result is
 * "none", but must be shown as "not checked".
 */
bool spf_was_checked(const struct spf_result *r);

enum spf_scope { SPF_SCOPE_MFROM, SPF_SCOPE_HELO };

/* With a null reverse-path the identity is postmaster@HELO (RFC 7208 section 2.4). */
struct spf_mail_from_result {
	struct spf_result r;
	enum spf_scope scope; /* which identity r is about: HELO for the null sender */
	struct slice sender;  /* <sender> as checked */
};

struct spf_helo_result {
	struct spf_result r;
};

/*
 * Starts the questions that a check of this request will need, as far ahead as they are known
 * (include, redirect, a, mx without macros), following records as they arrive.
 */
void spf_start(struct lookups *l, const struct spf_request *request);

/* trace may be NULL. Everything in out lives in the arena. */
MUST_CHECK enum rc spf_check_mail_from(struct arena *a, struct lookups *l,
    const struct spf_params *params, const struct spf_request *request,
    const struct spf_trace *trace, int64_t now, struct spf_mail_from_result *out);

MUST_CHECK enum rc spf_check_helo(struct arena *a, struct lookups *l,
    const struct spf_params *params, const struct spf_request *request,
    const struct spf_trace *trace, int64_t now, struct spf_helo_result *out);

/*
 * The value of a Received-SPF field (RFC 7208 section 9.1, erratum 5436), beginning with a space;
 * null: no memory.
 */
struct slice spf_received_field(struct arena *a, const struct spf_mail_from_result *result,
    struct slice receiver);

#endif

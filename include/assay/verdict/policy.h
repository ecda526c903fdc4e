/*
 * policy.h - the operator's wishes, as values.  config fills this; verdict is the first room that
 * knows of it.  Immutable while messages use it.
 */
#ifndef ASSAY_VERDICT_POLICY_H
#define ASSAY_VERDICT_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hostlist.h"
#include "base/slice.h"
#include "dkim/verify.h"
#include "dmarc/evaluate.h"
#include "mail/domain.h"
#include "signing/select.h"
#include "spf/spf.h"

/* In rising order of severity, so that "the strictest" is the maximum. */
enum action { ACTION_ACCEPT, ACTION_QUARANTINE, ACTION_TEMPFAIL, ACTION_REJECT };
const char *action_text(enum action action);

enum enforce {
	ENFORCE_OBSERVE, /* judge and log, touch nothing */
	ENFORCE_NO,      /* write headers, refuse nothing, log would= */
	ENFORCE_YES,
};

enum quarantine_mode { QUARANTINE_HEADER, QUARANTINE_HOLD };

struct slice_list {
	struct slice *items;
	size_t count, cap;
};

struct port_list {
	int *items;
	size_t count, cap;
};

bool port_listed(const struct port_list *list, int port);

/*
 * Findings that have a setting each.  What is wrong stays wrong: tempfail for a failure refuses for good.
 * Trouble passes: reject for a temperror defers.
 */
enum occasion {
	ON_SPF_FAIL,
	ON_SPF_SOFTFAIL,
	ON_SPF_PERMERROR,
	ON_SPF_TEMPERROR,
	ON_SPF_NONE,       /* neutral as well (RFC 7208 section 8.2) */
	ON_SPF_HELO_FAIL,  /* of the HELO identity */
	ON_DKIM_NONE,      /* no signature at all */
	ON_DKIM_FAIL,      /* none that passes and is aligned */
	ON_DKIM_TEMPERROR,
	ON_DMARC_FAIL,     /* for single recipients only: for others, what the domain publishes decides */
	OCCASION_COUNT
};

struct dmarc_actions {
	enum action on_policy_reject;        /* direct mail that fails under p=reject */
	enum action on_policy_quarantine;
	enum action indirect;                /* p=reject, with the marks of an indirect flow */
	enum action on_temperror_policy;     /* the policy itself is not known */
	enum action on_temperror_identifier; /* policy known, not none; an aligned candidate undecided */
	enum action from_missing, from_multiple, from_invalid;
};

/* policy "example.org" { ... }: for that author domain and below. */
struct policy_section {
	struct domain domain;
	bool has_action;
	enum action on_fail;          /* instead of what the domain publishes (also for p=none) */
	bool never_refuse;
	struct slice comment;         /* recorded with the override */
};

/*
 * policy-to "example.net" { ... }: for recipients in that domain (or "user@domain", "user@").  One message
 * has one answer: for each occasion the strictest of its recipients' decides.  For ON_DMARC_FAIL, not under
 * p=none.
 */
struct recipient_section {
	struct slice pattern;
	struct recipient_action {
		bool set;
		enum action action;
	} on[OCCASION_COUNT];
};

/* ARC (RFC 8617) */
struct arc_policy {
	bool verify;
	struct slice_list trusted_sealers; /* "SEALER", or "SEALER for AUTHOR" */
	enum action on_trusted;            /* mail that fails, which such a sealer saw pass */
	struct slice seal;                 /* "DOMAIN/SELECTOR"; empty: nothing is sealed */
	struct slice_list seal_to;         /* only mail with such a recipient; none: all that is judged */
	struct port_list seal_ports;       /* only mail that came to these ports; none: all */
};

struct verdict_policy {
	struct slice authserv_id;              /* null: the MTA's {j} */
	struct slice_list remove_authserv_ids;
	enum enforce enforce;

	struct hostlist internal_hosts, own_relays, forwarders, sign_or_judge;
	struct port_list sign_ports, pass_ports;
	struct slice_list sign_daemon_names;
	struct slice_list sign_reinjected;     /* listeners, by port or {daemon_name} */

	enum quarantine_mode quarantine;
	struct slice quarantine_header_name, quarantine_header_value;

	struct spf_params spf;
	struct hostlist spf_skip_hosts;        /* not checked; the reason is in the header */
	struct slice_list spf_skip_domains;
	bool received_spf;
	bool spf_recorded_client;              /* own-relays: check the client that the relay recorded */

	struct dkim_verify_params dkim;
	struct arc_policy arc;

	enum action on[OCCASION_COUNT];        /* for recipients without a section */

	struct dmarc_params dmarc;
	struct dmarc_actions dmarc_actions;
	struct policy_section *sections;
	size_t section_count, section_cap;
	struct recipient_section *recipient_sections;
	size_t recipient_section_count, recipient_section_cap;
	struct slice_list never_refuse_to;     /* exempts the message when every recipient is one */
	struct slice_list never_refuse_from;   /* author domains or addresses; every author must be one */
	bool required_headers;                 /* refuse what lacks or repeats a field (RFC 5322) */
	struct slice reply_url;                /* added to refusals; null: none */

	struct signing_params signing;
	struct slice_list never_sign_to;         /* not signed when every recipient is one */
	bool defer_unsignable;                 /* mail of a domain whose key cannot be used waits */

	enum action on_local_trouble;          /* accept: as any temperror; or tempfail */
	enum action on_exceed;                 /* a ceiling was reached; never accept unjudged */
	size_t max_header_bytes, max_header_fields;
	size_t max_forged_fields;              /* of judged mail: each costs the MTA a walk */
	int64_t dns_deadline_ms;
};

#endif

/* Every option of opendmarc.conf, and what becomes of it. */
#include "private.h"

#define FAILURE "failure reports (ruf=) are off by default; reports { failure = yes } makes them, redacted and limited " \
	"(doc/REPORTS)"
#define HISTORY "the history for aggregate reports is not imported: reports { store = ... } begins a new one and is off " \
	"by default"

/* By default opendmarc rejects nothing; what it evaluates is the same. */
static void rule_reject(struct import *im, const struct old_line *l, const struct rule *r)
{
	bool yes;

	(void)r;
	if (!old_boolean(l->value, &yes)) {
		wrong_value(im, l, "yes or no");
		return;
	}
	if (yes) {
		find(im, FINDING_TRANSLATED, l, "what a domain publishes decides (dmarc on-policy-reject = reject) once "
		    "enforce is yes");
		find(im, DIFFERENT, l, "mail that fails under p=reject and shows an indirect flow, such as a list, is "
		    "quarantined (dmarc indirect)");
	} else {
		set_done(im, l, plan_set(im, "dmarc", "on-policy-reject", SLICE("accept")) &&
		    plan_set(im, "dmarc", "indirect", SLICE("accept")), "dmarc", "on-policy-reject",
		    "nothing is refused for DMARC");
	}
}

static bool refuses(const struct import *im)
{
	const struct old_line *l = old_option(im, PROGRAM_OPENDMARC, "RejectFailures");
	bool yes;

	return l != NULL && old_boolean(l->value, &yes) && yes;
}

/* opendmarc 1.4.2 holds nothing unless it also refuses. */
static void rule_hold(struct import *im, const struct old_line *l, const struct rule *r)
{
	bool yes;

	(void)r;
	if (!old_boolean(l->value, &yes))
		wrong_value(im, l, "yes or no");
	else if (yes && refuses(im))
		set_done(im, l, plan_set(im, "", "quarantine", SLICE("hold")), "", "quarantine", "the MTA's hold queue");
	else if (yes) {
		plan_set(im, "dmarc", "on-policy-quarantine", SLICE("accept"));
		find(im, DROPPED, l, "opendmarc holds nothing unless RejectFailures is set as well (dmarc "
		    "on-policy-quarantine = accept; quarantine = hold is the MTA's hold queue)");
	} else
		set_done(im, l, plan_set(im, "dmarc", "on-policy-quarantine", SLICE("accept")), "dmarc",
		    "on-policy-quarantine", "mail under p=quarantine is delivered as it is");
}

static void rule_ignore_authors(struct import *im, const struct old_line *l, const struct rule *r)
{
	struct entries entries;

	(void)r;
	if (!dataset_read(im, l, &entries))
		return;
	for (size_t i = 0; i < entries.count; i++) {
		struct domain d;

		if (!domain_parse(im->arena, entries.items[i].key, &d))
			find_at(im, DROPPED, entries.items[i].file, entries.items[i].line, l->name, entries.items[i].key,
			    "this entry never matches: it is not a domain name");
		else
			plan_set_in(im, "policy", d.name, "on-fail", SLICE("accept"));
	}
	find(im, DIFFERENT, l, "their mail is judged, and accepted when it fails, as is that of the domains below them "
	    "(policy \"DOMAIN\" { on-fail = accept })");
}

static void rule_ignore_clients(struct import *im, const struct old_line *l, const struct rule *r)
{
	bool yes;

	(void)r;
	if (!old_boolean(l->value, &yes))
		wrong_value(im, l, "yes or no");
	else if (yes)
		find(im, KEPT, l, "mail of authenticated users is signed and never judged");
	else
		find(im, DIFFERENT, l, "mail of authenticated users is signed and never judged");
}

static void rule_own_spf(struct import *im, const struct old_line *l, const struct rule *r)
{
	bool yes;

	(void)r;
	if (!old_boolean(l->value, &yes))
		wrong_value(im, l, "yes or no");
	else
		find(im, yes ? KEPT : DIFFERENT, l, "assay evaluates SPF itself and believes no header field about it");
}

static void rule_multi_from(struct import *im, const struct old_line *l, const struct rule *r)
{
	bool yes;

	(void)r;
	if (!old_boolean(l->value, &yes))
		wrong_value(im, l, "yes or no");
	else if (yes)
		find(im, DIFFERENT, l, "each author domain of a From field is judged, and the strictest decides; several "
		    "From fields are refused (dmarc from-multiple)");
	else
		find(im, DIFFERENT, l, "mail with several author domains is not let through unjudged: each is judged "
		    "(dmarc from-multiple is for several From fields)");
}


const struct rule opendmarc_rules[] = {
	{ "TrustedAuthservIDs", set_authserv_ids, DIFFERENT, "results under these names are never believed: they are kept "
	    "if they come from own-relays, and removed otherwise", NULL, NULL, NULL },
	RULE_OR("RejectFailures", rule_reject, "no"),
	NOTE("RejectString", DIFFERENT, "the text of a refusal names the author domain and the reason (reply-url "
	    "adds a link)"),
	RULE_OR("HoldQuarantinedMessages", rule_hold, "no"),
	RULE_OR("RejectMultiValueFrom", rule_multi_from, "no"),
	NOTE_IF("RequiredFrom", KEPT, "mail without a usable From is refused (dmarc from-missing, from-invalid)"),
	RULE("SPFIgnoreResults", rule_own_spf),
	RULE("SPFSelfValidate", rule_own_spf),
	RULE_OR("IgnoreAuthenticatedClients", rule_ignore_clients, "no"),
	{ "IgnoreHosts", set_trusted, DIFFERENT, "DMARC alone was left out for these hosts; mail of internal-hosts is "
	    "neither judged by SPF nor by DKIM, and signed", NULL, NULL, NULL },
	RULE("IgnoreMailFrom", rule_ignore_authors),
	NOTE("IgnoreMailTo", DIFFERENT, "mail that is itself a report is left out of reports"),
	NOTE("PublicSuffixList", DIFFERENT, "organizational domains are found by RFC 9989's tree walk in the DNS "
	    "(dmarc discovery; psl is the older way)"),
	NOTE("CopyFailuresTo", WITHOUT, "recipients are never added"),
	NOTE("DomainWhitelist", DIFFERENT, "sealers whose chains are believed are named in arc trusted-sealers"),
	NOTE("DomainWhitelistFile", DIFFERENT, "sealers whose chains are believed are named in arc trusted-sealers"),
	NOTE("DomainWhitelistSize", DROPPED, "a detail of opendmarc"),
	NOTE_IF("FailureReports", DIFFERENT, FAILURE),
	NOTE("FailureReportsBcc", DIFFERENT, FAILURE),
	NOTE_IF("FailureReportsOnNone", DIFFERENT, FAILURE),
	NOTE("FailureReportsSentBy", DIFFERENT, FAILURE),
	NOTE("ReportCommand", DIFFERENT, FAILURE),
	NOTE("NoReportsList", DIFFERENT, FAILURE),
	NOTE("ForensicReports", DIFFERENT, FAILURE),
	NOTE("ForensicReportsBcc", DIFFERENT, FAILURE),
	NOTE("ForensicReportsOnNone", DIFFERENT, FAILURE),
	NOTE("ForensicReportsSentBy", DIFFERENT, FAILURE),
	NOTE("HistoryFile", DIFFERENT, HISTORY),
	NOTE_IF("RecordAllMessages", DIFFERENT, HISTORY),
	NOTE("DMARCbisWalkMode", KEPT, "the tree walk of RFC 9989 is used (dmarc discovery)"),
	NOTE_IF("DMARCbisWalkModeFallback", DIFFERENT, "dmarc discovery = psl is the older way, for all domains"),
	NOTE_IF("DMARCbisIgnorePct", KEPT, "pct is ignored (RFC 9989)"),
	NOTE_IF("ReadCanonicalizedData", DROPPED, "nothing has to be handed over by another milter"),
	NOTE_IF("LogSPFDNS", DROPPED, "assay spf --explain shows the look-ups of a check"),
};
const size_t opendmarc_rule_count = N_ELEMENTS(opendmarc_rules);

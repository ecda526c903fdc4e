/* Every option of opendmarc.conf, and what becomes of it. */
#include "private.h"

#define WITHOUT FINDING_WITHOUT_COUNTERPART
#define UNSAFE FINDING_UNSAFE
#define DIFFERENT FINDING_DIFFERENT
#define DROPPED FINDING_DROPPED
#define KEPT FINDING_KEPT

#define UNIT "the unit and the settings user, socket-mode and socket-group decide this"
#define SYSTEMD "the service manager starts assayd again when it ends"
#define FAILURE "failure reports are a setting of reports (failure), off until it is written"
#define HISTORY "history for aggregate reports is kept by reports { store = ... }, off until it is written"

/* opendmarc refuses nothing unless told to; what is judged then is the same. */
static void rule_reject(struct import *im, const struct old_line *l, const struct rule *r)
{
	bool yes;

	(void)r;
	if (!old_boolean(l->value, &yes)) {
		wrong_value(im, l, "yes or no");
		return;
	}
	if (yes)
		find(im, FINDING_TRANSLATED, l, "what a domain publishes decides (dmarc on-policy-reject = reject) once "
		    "enforce is yes; mail that fails and shows an indirect flow, such as a list, is quarantined "
		    "instead (dmarc indirect)");
	else
		set_done(im, l, plan_set(im, "dmarc", "on-policy-reject", SLICE("accept")) &&
		    plan_set(im, "dmarc", "indirect", SLICE("accept")), "dmarc", "on-policy-reject",
		    "nothing is refused for DMARC");
}

static void rule_hold(struct import *im, const struct old_line *l, const struct rule *r)
{
	bool yes;

	(void)r;
	if (!old_boolean(l->value, &yes))
		wrong_value(im, l, "yes or no");
	else if (yes)
		set_done(im, l, plan_set(im, "", "quarantine", SLICE("hold")), "", "quarantine", "the MTA's hold queue");
	else
		set_done(im, l, plan_set(im, "dmarc", "on-policy-quarantine", SLICE("accept")), "dmarc",
		    "on-policy-quarantine", "mail under p=quarantine is delivered as it is");
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

#define NOTE(name, kind, text) { name, note, kind, text, NULL, NULL, NULL }
#define NOTE_IF(name, kind, text) { name, note_if_yes, kind, text, NULL, NULL, NULL }
#define RULE(name, apply) { name, apply, KEPT, NULL, NULL, NULL, NULL }
#define RULE_OR(name, apply, fallback) { name, apply, KEPT, NULL, NULL, NULL, fallback }

const struct rule opendmarc_rules[] = {
	RULE("AuthservID", set_authserv_id),
	NOTE_IF("AuthservIDWithJobID", DIFFERENT, "the queue id is in the log, not in the header field"),
	RULE("TrustedAuthservIDs", set_authserv_ids),
	RULE_OR("RejectFailures", rule_reject, "no"),
	NOTE("RejectString", DIFFERENT, "the text of a refusal names the author domain and the reason (reply-url "
	    "adds a link)"),
	RULE_OR("HoldQuarantinedMessages", rule_hold, "no"),
	RULE_OR("RejectMultiValueFrom", rule_multi_from, "no"),
	{ "RequiredHeaders", set_boolean, KEPT, NULL, "", "required-headers", NULL },
	NOTE_IF("RequiredFrom", KEPT, "mail without a usable From is refused (dmarc from-missing, from-invalid)"),
	RULE("SPFIgnoreResults", rule_own_spf),
	RULE("SPFSelfValidate", rule_own_spf),
	RULE_OR("IgnoreAuthenticatedClients", rule_ignore_clients, "no"),
	{ "IgnoreHosts", set_trusted, KEPT, NULL, NULL, NULL, NULL },
	{ "IgnoreMailFrom", set_domains, KEPT, "their mail is judged and never refused", "", "never-refuse-from",
	    NULL },
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
	{ "DNSTimeout", set_seconds, KEPT, "one message waits so long in all", "dns", "deadline", NULL },
	RULE("Socket", set_listen),
	NOTE("UserID", DIFFERENT, "assayd runs as the user assay (user)"),
	NOTE("UMask", DIFFERENT, "the socket's mode is socket-mode, its group socket-group"),
	NOTE("PidFile", DIFFERENT, "the pid file is pid-file"),
	NOTE_IF("Background", DROPPED, "assayd -f stays in the foreground"),
	NOTE("BaseDirectory", DROPPED, UNIT),
	NOTE("ChangeRootDirectory", DROPPED, UNIT),
	NOTE_IF("AutoRestart", DROPPED, SYSTEMD),
	NOTE("AutoRestartCount", DROPPED, SYSTEMD),
	NOTE("AutoRestartRate", DROPPED, SYSTEMD),
	NOTE_IF("EnableCoredumps", DROPPED, UNIT),
	NOTE("MilterDebug", DROPPED, "assay verify --explain shows what was found and why"),
	NOTE_IF("SoftwareHeader", DROPPED, "assay adds no field that names itself"),
	NOTE_IF("Syslog", KEPT, "assay logs to syslog (log target)"),
	RULE("SyslogFacility", set_facility),
	NOTE("TestDNSData", DIFFERENT, "canned records for tests: dns test-zone-file reads a zone file"),
	NOTE("TemporaryDirectory", DROPPED, "assay writes no temporary files"),
	NOTE("DMARCbisWalkMode", KEPT, "the tree walk of RFC 9989 is used (dmarc discovery)"),
	NOTE_IF("DMARCbisWalkModeFallback", DIFFERENT, "dmarc discovery = psl is the older way, for all domains"),
	NOTE_IF("DMARCbisIgnorePct", KEPT, "pct is ignored (RFC 9989)"),
	NOTE_IF("ReadCanonicalizedData", DROPPED, "nothing has to be handed over by another milter"),
	NOTE_IF("LogSPFDNS", DROPPED, "assay spf --explain shows the look-ups of a check"),
};
const size_t opendmarc_rule_count = N_ELEMENTS(opendmarc_rules);

/* Every option of opendkim.conf, and what becomes of it. */
#include "base/ascii.h"

#include "private.h"

/* --- texts that several rows share ----------------------------------------------------------------- */

#define DEBUGGING "a help for debugging: assay verify --explain shows what was found and why"
#define STATISTICS "assay keeps no statistics of this kind: the log has one line for each message"
#define SCRIPTS "assay runs no scripts: what each setting can decide is in assay.conf(5)"
#define REPUTATION "assay has no reputation service"
#define LDAP "a detail of ldap: data sets, which assay does not read"
#define VOUCHING "Vouch By Reference (RFC 5518) is not implemented"
#define FAILURE_REPORTS "DKIM failure reports (RFC 6651) are not sent"
#define CACHE "assay caches DNS answers by itself (dns cache-entries)"

/* --- rules of their own ------------------------------------------------------------------------------ */

static void rule_mode(struct import *im, const struct old_line *l, const struct rule *r)
{
	bool sign = slice_find(l->value, 's') < l->value.len;
	bool verify = slice_find(l->value, 'v') < l->value.len;

	(void)r;
	if (!sign && !verify)
		wrong_value(im, l, "s, v or sv");
	else if (sign && verify)
		find(im, KEPT, l, "assay signs what the site sends and judges what arrives");
	else if (sign)
		find(im, DIFFERENT, l, "assay judges incoming mail as well; nothing is refused while enforce is "
		    "observe or no");
	else
		find(im, DIFFERENT, l, "assay also signs, for each domain that has a key in the key directory "
		    "(keys); without keys it signs nothing");
}

/* opendkim 2.11 asks the MTA for the right to quarantine only with this option, and accepts otherwise. */
static bool can_quarantine(const struct import *im)
{
	const struct old_line *l = old_option(im, PROGRAM_OPENDKIM, "CaptureUnknownErrors");
	bool yes;

	return l != NULL && old_boolean(l->value, &yes) && yes;
}

/* What assay makes of an action, and the finding that says so; NULL: it does nothing. */
static const char *new_action(struct import *im, const struct old_line *l, const struct rule *r, const char *action)
{
	if (strcmp(action, "quarantine") == 0 && !can_quarantine(im)) {
		find(im, DROPPED, l, "opendkim accepts such mail: it quarantines only where CaptureUnknownErrors is set");
		return NULL;
	}
	if (strcmp(action, "quarantine") == 0)
		plan_set(im, "", "quarantine", SLICE("hold"));
	if (strcmp(r->option, "on-temperror") == 0 && strcmp(action, "reject") == 0) {
		find(im, DIFFERENT, l, "a temporary error defers the message, never rejects it (dkim on-temperror)");
		return "tempfail";
	}
	if (slice_istarts_with(l->value, SLICE("d")))
		find(im, DIFFERENT, l, "assay never discards mail: it is refused, so that the sender learns of it");
	if (strcmp(r->option, "on-fail") == 0 && strcmp(action, "accept") != 0)
		find(im, DIFFERENT, l, "assay asks for a signature that passes and is aligned with From, whether the others "
		    "fail, have no key, cannot be read or are a third party's (dkim on-fail)");
	return action;
}

/*
 * What opendkim writes for a failure: accept, discard, quarantine, reject, tempfail.  A discarded
 * message is lost without a notice to anyone: assay refuses it instead.
 */
static void rule_action(struct import *im, const struct old_line *l, const struct rule *r)
{
	static const struct {
		const char *old, *action;
	} words[] = { { "accept", "accept" }, { "a", "accept" }, { "discard", "reject" }, { "d", "reject" },
		{ "quarantine", "quarantine" }, { "q", "quarantine" }, { "reject", "reject" }, { "r", "reject" },
		{ "tempfail", "tempfail" }, { "t", "tempfail" } };

	for (size_t i = 0; i < N_ELEMENTS(words); i++) {
		const char *action;

		if (!slice_ieq(l->value, slice_str(words[i].old)))
			continue;
		action = new_action(im, l, r, words[i].action);
		if (action != NULL)
			set_done(im, l, plan_set(im, r->section, r->option, slice_str(action)), r->section, r->option,
			    r->text);
		return;
	}
	wrong_value(im, l, "accept, discard, quarantine, reject or tempfail");
}

/* On-Default sets all actions; each can be overridden by an option of its own. */
static void rule_default_action(struct import *im, const struct old_line *l, const struct rule *r)
{
	static const struct rule each[] = {
		{ "", NULL, KEPT, "for mail whose signatures all fail", "dkim", "on-fail", NULL },
		{ "", NULL, KEPT, "for mail without a signature", "dkim", "on-none", NULL },
		{ "", NULL, KEPT, "for keys that cannot be fetched", "dkim", "on-temperror", NULL },
	};

	(void)r;
	for (size_t i = 0; i < N_ELEMENTS(each); i++)
		rule_action(im, l, &each[i]);
}

/*
 * "daemon_name=A|B" in a list, "daemon_name A|B" in a file.  opendkim 2.11 takes what precedes the "=" or
 * the blank for the macro's name, "|" and braces included, so that entries with either never match.
 */
static void macro_entry(struct import *im, const struct old_line *l, const struct entry *e)
{
	struct slice values = e->value;

	if (slice_find(e->key, '|') < e->key.len || slice_starts_with(e->key, SLICE("{")))
		find_at(im, DROPPED, e->file, e->line, l->name, e->key, "this entry never matches: opendkim expects "
		    "NAME=VALUE; sign-daemon-names names listeners whose mail is signed");
	else if (slice_starts_with(e->key, SLICE("auth_")))
		find_at(im, KEPT, e->file, e->line, l->name, e->key, "mail of logins is signed");
	else if (!slice_eq(e->key, SLICE("daemon_name")) || values.len == 0)
		find_at(im, WITHOUT, e->file, e->line, l->name, e->key, "mail is signed by the values of the macro "
		    "daemon_name only (sign-daemon-names)");
	else
		while (!slice_is_null(values)) {
			struct slice name = slice_trim(slice_split(&values, '|'));

			set_done(im, l, plan_add(im, "", "sign-daemon-names", name), "", "sign-daemon-names", NULL);
		}
}

static void rule_macro_list(struct import *im, const struct old_line *l, const struct rule *r)
{
	struct entries entries;

	(void)r;
	if (!dataset_read(im, l, &entries))
		return;
	for (size_t i = 0; i < entries.count; i++)
		macro_entry(im, l, &entries.items[i]);
}

/* A recipient as assay writes it; the null slice: opendkim compares whole addresses, so it never matches. */
static struct slice recipient_of(const struct entry *e)
{
	size_t at = slice_rfind(e->key, '@');
	struct slice local = slice_take(e->key, at), domain = slice_drop(e->key, at + 1);

	if (at == e->key.len || domain.len == 0)
		return SLICE_NULL;
	if (e->pattern && slice_eq(local, SLICE("*")))
		return domain;
	if (e->pattern && slice_eq(domain, SLICE("*")))
		return slice_take(e->key, at + 1);
	return e->key;
}

static void rule_never_sign_to(struct import *im, const struct old_line *l, const struct rule *r)
{
	struct entries entries;

	(void)r;
	if (!dataset_read(im, l, &entries))
		return;
	for (size_t i = 0; i < entries.count; i++) {
		const struct entry *e = &entries.items[i];
		struct slice to = recipient_of(e);

		if (slice_find(to, '*') < to.len && e->pattern)
			find_at(im, WITHOUT, e->file, e->line, l->name, e->key, "of patterns, *@DOMAIN and USER@* have a "
			    "counterpart");
		else if (slice_is_null(to) || slice_find(to, '*') < to.len)
			find_at(im, DROPPED, e->file, e->line, l->name, e->key, "this entry never matches: opendkim compares "
			    "the whole address");
		else
			add_entry_to(im, l, e, "never-sign-to", arena_lower(im->arena, to));
	}
	find(im, DIFFERENT, l, "opendkim does not sign when one recipient is in the list, assay when every recipient "
	    "is (never-sign-to)");
}

/* "*,+x,-y" is a difference to the default; a list without "*" replaces it. */
static void rule_sign_headers(struct import *im, const struct old_line *l, const struct rule *r)
{
	struct entries entries;
	bool difference = false;

	(void)r;
	if (!dataset_read(im, l, &entries))
		return;
	for (size_t i = 0; i < entries.count; i++) {
		struct slice name = entries.items[i].key;
		bool sign = slice_starts_with(name, SLICE("+")), leave = slice_starts_with(name, SLICE("-"));

		difference = difference || slice_eq(name, SLICE("*"));
		if (slice_eq(name, SLICE("*")))
			continue;
		add_entry_to(im, l, &entries.items[i], "sign-headers", arena_printf(im->arena, "%s%.*s",
		    sign || leave ? "" : "+", SLICE_ARG(name)));
	}
	find(im, difference ? FINDING_TRANSLATED : DIFFERENT, l, difference ? "sign-headers" :
	    "these fields are signed in addition to the defaults of assay (sign-headers): to leave a field "
	    "unsigned, write \"-Name\"");
}

/* "Name" or "+Name" in the list of SignHeaders */
static bool signs_header(struct import *im, struct slice name)
{
	const struct old_line *l = old_option(im, PROGRAM_OPENDKIM, "SignHeaders");
	struct slice rest = l == NULL ? SLICE_NULL : l->value;

	while (!slice_is_null(rest)) {
		struct slice entry = slice_trim(slice_split(&rest, ','));

		if (slice_ieq(slice_drop(entry, slice_starts_with(entry, SLICE("+"))), name))
			return true;
	}
	return false;
}

static void rule_omit_headers(struct import *im, const struct old_line *l, const struct rule *r)
{
	struct entries entries;
	bool set = true;

	(void)r;
	if (!dataset_read(im, l, &entries))
		return;
	for (size_t i = 0; i < entries.count && set; i++) {
		struct slice name = entries.items[i].key;

		if (slice_eq(name, SLICE("*")) || slice_starts_with(name, SLICE("-")))
			continue;
		name = slice_drop(name, slice_starts_with(name, SLICE("+")));
		if (slice_ieq(name, SLICE("From"))) {
			find(im, DIFFERENT, l, "From is always signed (RFC 6376 section 5.4)");
			continue;
		}
		if (signs_header(im, name))
			mistake(im, l->file, l->line, "%s is left out here, and signed by SignHeaders at %s:%u: remove it from one "
			    "of both", shown(im, name), old_option(im, PROGRAM_OPENDKIM, "SignHeaders")->file,
			    old_option(im, PROGRAM_OPENDKIM, "SignHeaders")->line);
		else
			set = add_entry_to(im, l, &entries.items[i], "sign-headers", arena_printf(im->arena, "-%.*s",
			    SLICE_ARG(name)));
	}
	set_done(im, l, set, "", "sign-headers", NULL);
}

static void rule_algorithm(struct import *im, const struct old_line *l, const struct rule *r)
{
	(void)r;
	if (slice_ieq(l->value, SLICE("rsa-sha1")))
		find(im, UNSAFE, l, "rsa-sha1 is not valid any more (RFC 8301): assay signs with rsa-sha256");
	else
		find(im, KEPT, l, "the kind of the key decides");
}

static void rule_minimum_bits(struct import *im, const struct old_line *l, const struct rule *r)
{
	if (slice_eq(l->value, SLICE("0")) || l->value.len < 4)
		find(im, UNSAFE, l, "keys under 1024 bits count as no signature (RFC 8301 section 3.2)");
	else
		set_number(im, l, r);
}

static void rule_senders(struct import *im, const struct old_line *l, const struct rule *r)
{
	(void)r;
	if (slice_ieq(l->value, SLICE("From")))
		find(im, KEPT, l, "the author is in From");
	else
		find(im, WITHOUT, l, "a signature protects the author domain, which is in From; mail from logins of "
		    "other domains is signed under sign-fallback");
}

static void rule_subdomains(struct import *im, const struct old_line *l, const struct rule *r)
{
	(void)r;
	if (!old_boolean(l->value, &im->subdomains))
		wrong_value(im, l, "yes or no");
	else
		find(im, FINDING_TRANSLATED, l, "sign \"DOMAIN\" { subdomains = %s }", im->subdomains ? "yes" : "no");
}

static void rule_multiple(struct import *im, const struct old_line *l, const struct rule *r)
{
	(void)r;
	if (!old_boolean(l->value, &im->multiple))
		wrong_value(im, l, "yes or no");
	else
		find(im, FINDING_TRANSLATED, l, "%s", im->multiple ? "every active key of a domain signs" :
		    "one key signs for a domain: the first that its table names");
}

static void rule_servers(struct import *im, const struct old_line *l, const struct rule *r)
{
	struct entries entries;
	bool set = true;

	(void)r;
	if (!dataset_read(im, l, &entries))
		return;
	for (size_t i = 0; i < entries.count; i++)
		set = plan_add(im, "dns", "servers", entries.items[i].key) && set;
	set_done(im, l, set, "dns", "servers", NULL);
}

/* --- the table ---------------------------------------------------------------------------------------- */

#define ACTION(name, option, text, fallback) { name, rule_action, KEPT, text, "dkim", option, fallback }

const struct rule opendkim_rules[] = {
	/* what is signed, with which key */
	RULE("Mode", rule_mode),
	RULE("KeyTable", rule_key_table),
	RULE("SigningTable", rule_signing_table),
	RULE("KeyFile", rule_key_file),
	{ "Domain", rule_beside_key_file, FINDING_TRANSLATED, "the domains that KeyFile signs for", NULL, NULL, NULL },
	{ "Selector", rule_beside_key_file, FINDING_TRANSLATED, "the selector of KeyFile", NULL, NULL, NULL },
	RULE("SubDomains", rule_subdomains),
	RULE("MultipleSignatures", rule_multiple),
	RULE("SenderHeaders", rule_senders),
	NOTE("SenderMacro", WITHOUT, "the author is always taken from From"),
	NOTE("DefaultSender", WITHOUT, "mail without an author domain is not signed"),
	RULE("DontSignMailTo", rule_never_sign_to),
	NOTE("IdentityHeader", WITHOUT, "i= is set by sign \"DOMAIN\" { identity = ... }"),
	NOTE("IdentityHeaderRemove", WITHOUT, "i= is set by sign \"DOMAIN\" { identity = ... }"),
	NOTE_IF("LuaOnlySigning", WITHOUT, SCRIPTS),
	NOTE_IF("ConditionalSignatures", WITHOUT, "an expired draft"),
	NOTE("ResignMailTo", WITHOUT, "forwarded mail is not signed again: arc seal is for that"),
	NOTE_IF("ResignAll", WITHOUT, "forwarded mail is not signed again: arc seal is for that"),
	NOTE_IF("RemoveOldSignatures", DIFFERENT, "signatures of others are kept: they do no harm and may prove "
	    "where a message comes from"),
	NOTE("POPDBFile", WITHOUT, "POP before SMTP: use SMTP authentication"),
	NOTE_IF("CheckSigningTable", KEPT, "assayd --check reads the tables and the keys"),

	/* who is trusted */
	{ "InternalHosts", set_trusted, KEPT, NULL, NULL, NULL, "127.0.0.1" },
	NOTE("ExternalIgnoreList", DROPPED, "it silences a line of opendkim's log that assay does not write"),
	{ "ExemptDomains", set_domains, KEPT, NULL, "", "never-refuse-from", NULL },
	RULE("MacroList", rule_macro_list),
	{ "MTA", set_domains, KEPT, "names of the MTA's listeners whose mail is signed", "",
	    "sign-daemon-names", NULL },

	/* how it is signed */
	{ "Canonicalization", set_canonicalization, KEPT, NULL, NULL, NULL, "simple/simple" },
	NOTE("SelectCanonicalizationHeader", UNSAFE, "a message does not choose how it is signed"),
	RULE("SignatureAlgorithm", rule_algorithm),
	RULE("SignHeaders", rule_sign_headers),
	RULE("OmitHeaders", rule_omit_headers),
	{ "OversignHeaders", note, DIFFERENT, "besides the fields that opendkim signs, assay signs Sender, Message-ID, "
	    "MIME-Version and the Content fields; it oversigns From, To, Cc, Subject and Reply-To always, and most "
	    "of the others where they are present (sign-headers)", NULL, NULL, "" },
	{ "SignatureTTL", set_seconds, KEPT, NULL, "", "expire", NULL },
	NOTE("BodyLengthDB", UNSAFE, "l= lets anybody append to a signed body: it is never written"),
	NOTE("MaximumSignedBytes", UNSAFE, "l= lets anybody append to a signed body: the whole body is signed"),
	NOTE_IF("Diagnostics", DROPPED, "z= copies the header into the signature; " DEBUGGING),
	NOTE_IF("RequestReports", WITHOUT, FAILURE_REPORTS),
	NOTE("ReplaceRules", WITHOUT, "what is rewritten must be rewritten by the MTA, before the milter"),
	NOTE("ReplaceHeaders", WITHOUT, "what is rewritten must be rewritten by the MTA, before the milter"),
	NOTE("ATPSDomains", WITHOUT, "authorized third-party signatures (RFC 6541) are not implemented"),
	NOTE("ATPSHashAlgorithm", WITHOUT, "authorized third-party signatures (RFC 6541) are not implemented"),
	NOTE_IF("FixCRLF", KEPT, "the MTA hands over CRLF line ends, and sends them"),
	NOTE_IF("StrictHeaders", DIFFERENT, "of the fields that must not be repeated, only From is checked "
	    "(dmarc from-multiple); required-headers covers the others"),

	/* what is done with a result */
	{ "On-Default", rule_default_action, KEPT, NULL, NULL, NULL, NULL },
	ACTION("On-BadSignature", "on-fail", "for mail whose signatures all fail", NULL),
	ACTION("On-DNSError", "on-temperror", "for keys that cannot be fetched", "tempfail"),
	NOTE("On-InternalError", DIFFERENT, "mail that cannot be processed for lack of memory is deferred, never "
	    "accepted unchecked"),
	ACTION("On-KeyNotFound", "on-fail", "for mail whose signatures all fail", NULL),
	ACTION("On-NoSignature", "on-none", "for mail without a signature", NULL),
	NOTE("On-Security", DIFFERENT, "a message that reaches a ceiling is refused (limits on-exceed)"),
	NOTE("On-SignatureError", DIFFERENT, "a signature that cannot be parsed is treated as failed "
	    "(dkim on-fail)"),
	NOTE("On-ReputationError", WITHOUT, REPUTATION),
	{ "MinimumKeyBits", rule_minimum_bits, KEPT, NULL, "dkim", "minimum-bits", NULL },
	NOTE("Minimum", DIFFERENT, "a signature with l= does not pass at all (dkim body-length)"),
	NOTE("MustBeSigned", WITHOUT, "From must be signed (RFC 6376 section 5.4); no other field is required to be"),
	{ "MaximumSignaturesToVerify", set_number, KEPT, NULL, "dkim", "max-signatures", NULL },
	NOTE("TrustSignaturesFrom", WITHOUT, "a signature of a third party is never aligned, and so never decides"),
	{ "ClockDrift", set_seconds, KEPT, NULL, "dkim", "clock-skew", NULL },
	NOTE_IF("AllowSHA1Only", UNSAFE, "rsa-sha1 is not valid any more (RFC 8301)"),
	NOTE_IF("DomainKeysCompat", UNSAFE, "keys of the older DomainKeys are not accepted"),
	NOTE_IF("WeakSyntaxChecks", UNSAFE, "a signature that cannot be read does not pass"),
	NOTE_IF("IgnoreMalformedMail", DIFFERENT, "mail without a usable From is judged by dmarc from-missing, "
	    "from-multiple and from-invalid"),
	NOTE_IF("CaptureUnknownErrors", DIFFERENT, "mail that cannot be treated is deferred"),
	NOTE_IF("Quarantine", DIFFERENT, "dkim on-fail = quarantine holds or marks such mail; it is not set"),
	NOTE("RedirectFailuresTo", WITHOUT, "recipients are never rewritten"),
	NOTE("BogusKey", DIFFERENT, "the resolver is asked to validate; what it refuses is temperror"),
	NOTE("UnprotectedKey", WITHOUT, "a key without DNSSEC is treated like any other"),

	/* Authentication-Results */
	NOTE_IF("AlwaysAddARHeader", KEPT, "every judged message gets the field"),
	NOTE_IF("NoHeaderB", DIFFERENT, "header.b is written: it distinguishes signatures of one domain (RFC 6008)"),
	NOTE_IF("KeepAuthResults", UNSAFE, "forged fields with the authserv-id of this host are always removed"),
	RULE("RemoveARFrom", set_authserv_ids),
	NOTE_IF("RemoveARAll", KEPT, "fields with the authserv-id of this host are removed whatever they report"),
	NOTE_IF("X-Header", DROPPED, "assay adds no field that names itself"),
	NOTE_IF("AddCanonicalizedData", DROPPED, "nothing has to be handed to another milter"),

	/* DNS */
	RULE("Nameservers", rule_servers),
	NOTE_IF("DNSConnect", DIFFERENT, "UDP is asked first, and TCP where an answer is truncated"),
	NOTE("ResolverConfiguration", DROPPED, "a file for libunbound: name the resolver in dns servers"),
	NOTE_IF("ResolverTracing", DROPPED, DEBUGGING),
	NOTE("TrustAnchorFile", DROPPED, "the resolver validates DNSSEC"),
	NOTE_IF("QueryCache", KEPT, CACHE),
	NOTE("TestPublicKeys", DIFFERENT, "canned records for tests: dns test-zone-file reads a zone file"),

	/* process, log, files */
	NOTE_IF("DisableCryptoInit", DROPPED, "a detail of opendkim"),
	NOTE("SyslogName", DIFFERENT, "the log's lines begin with assayd"),
	NOTE_IF("SyslogSuccess", KEPT, "each message has one line in the log"),
	NOTE_IF("LogWhy", KEPT, "the log's line says why (why=)"),
	NOTE_IF("LogResults", KEPT, "the log's line has all results"),
	NOTE_IF("StdoutLog", DIFFERENT, "log target = stderr"),
	NOTE("DiagnosticDirectory", DROPPED, DEBUGGING),
	NOTE_IF("StrictTestMode", DROPPED, DEBUGGING),
	NOTE_IF("SoftStart", DROPPED, "a detail of data sets that need a server"),

	/* reports, statistics, reputation, scripts */
	NOTE_IF("SendReports", WITHOUT, FAILURE_REPORTS),
	NOTE("ReportAddress", WITHOUT, FAILURE_REPORTS),
	NOTE("ReportBccAddress", WITHOUT, FAILURE_REPORTS),
	NOTE("MTACommand", WITHOUT, FAILURE_REPORTS),
	NOTE("SMTPURI", WITHOUT, FAILURE_REPORTS),
	NOTE("Statistics", WITHOUT, STATISTICS),
	NOTE("StatisticsName", WITHOUT, STATISTICS),
	NOTE("StatisticsPrefix", WITHOUT, STATISTICS),
	NOTE("StatisticsPolicyScript", WITHOUT, STATISTICS),
	NOTE("SetupPolicyScript", WITHOUT, SCRIPTS),
	NOTE("ScreenPolicyScript", WITHOUT, SCRIPTS),
	NOTE("FinalPolicyScript", WITHOUT, SCRIPTS),
	NOTE("ReputationCache", WITHOUT, REPUTATION),
	NOTE("ReputationCacheTTL", WITHOUT, REPUTATION),
	NOTE("ReputationDuplicates", WITHOUT, REPUTATION),
	NOTE("ReputationLimits", WITHOUT, REPUTATION),
	NOTE("ReputationLimitModifiers", WITHOUT, REPUTATION),
	NOTE("ReputationLowTime", WITHOUT, REPUTATION),
	NOTE("ReputationMinimum", WITHOUT, REPUTATION),
	NOTE("ReputationRatios", WITHOUT, REPUTATION),
	NOTE("ReputationRRDHashDepth", WITHOUT, REPUTATION),
	NOTE("ReputationRRDRoot", WITHOUT, REPUTATION),
	NOTE("ReputationSpamCheck", WITHOUT, REPUTATION),
	NOTE_IF("ReputationTest", WITHOUT, REPUTATION),
	NOTE("ReputationTimeFactor", WITHOUT, REPUTATION),
	NOTE("ReputationTimeout", WITHOUT, REPUTATION),
	NOTE_IF("ReputationVerbose", WITHOUT, REPUTATION),
	NOTE("RateLimits", WITHOUT, REPUTATION),
	NOTE("FlowData", WITHOUT, REPUTATION),
	NOTE("FlowDataFactor", WITHOUT, REPUTATION),
	NOTE("FlowDataTTL", WITHOUT, REPUTATION),
	NOTE("VBR-Certifiers", WITHOUT, VOUCHING),
	NOTE_IF("VBR-PurgeFields", WITHOUT, VOUCHING),
	NOTE("VBR-TrustedCertifiers", WITHOUT, VOUCHING),
	NOTE_IF("VBR-TrustedCertifiersOnly", WITHOUT, VOUCHING),
	NOTE("VBR-Type", WITHOUT, VOUCHING),
	NOTE("LDAPAuthMechanism", WITHOUT, LDAP),
	NOTE("LDAPAuthName", WITHOUT, LDAP),
	NOTE("LDAPAuthRealm", WITHOUT, LDAP),
	NOTE("LDAPAuthUser", WITHOUT, LDAP),
	NOTE("LDAPBindPassword", WITHOUT, LDAP),
	NOTE("LDAPBindUser", WITHOUT, LDAP),
	NOTE_IF("LDAPDisableCache", WITHOUT, LDAP),
	NOTE("LDAPKeepaliveIdle", WITHOUT, LDAP),
	NOTE("LDAPKeepaliveInterval", WITHOUT, LDAP),
	NOTE("LDAPKeepaliveProbes", WITHOUT, LDAP),
	NOTE("LDAPTimeout", WITHOUT, LDAP),
	NOTE_IF("LDAPUseTLS", WITHOUT, LDAP),
	NOTE("ADSPAction", WITHOUT, "ADSP (RFC 5617) is historic: DMARC takes its place"),
	NOTE("ADSPNoSuchDomain", WITHOUT, "ADSP (RFC 5617) is historic: DMARC takes its place"),
	NOTE("LocalADSP", WITHOUT, "ADSP (RFC 5617) is historic: DMARC takes its place"),
	NOTE("NoDiscardableMailTo", WITHOUT, "ADSP (RFC 5617) is historic: DMARC takes its place"),
	NOTE_IF("SendADSPReports", WITHOUT, "ADSP (RFC 5617) is historic: DMARC takes its place"),
};
const size_t opendkim_rule_count = N_ELEMENTS(opendkim_rules);

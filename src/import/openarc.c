/* Every option of openarc.conf.  It shares much with opendkim.conf, whose lines decide. */
#include "private.h"

#define WITHOUT FINDING_WITHOUT_COUNTERPART
#define DIFFERENT FINDING_DIFFERENT
#define DROPPED FINDING_DROPPED
#define KEPT FINDING_KEPT

#define UNIT "the unit and the settings user, socket-mode and socket-group decide this"
#define SYSTEMD "the service manager starts assayd again when it ends"
#define RESPONSE "a message that cannot be treated is deferred; a chain that fails decides nothing by itself"

/*
 * Domain, Selector and KeyFile make one sealer.  Its key is not copied: in the key directory it would
 * sign outgoing mail as well.
 */
static void rule_sealer(struct import *im, const struct old_line *l, const struct rule *r)
{
	const struct old_line *domain = old_option(im, PROGRAM_OPENARC, "Domain");
	const struct old_line *selector = old_option(im, PROGRAM_OPENARC, "Selector");

	(void)r;
	if (domain == NULL || selector == NULL) {
		mistake(im, l->file, l->line, "KeyFile needs Domain and Selector beside it");
		return;
	}
	find(im, DIFFERENT, l, "sealing stays off until arc { seal = \"%s/%s\" } is written and the key is in the "
	    "key directory: decide first which mail is sealed (assay.conf(5), section arc)", shown(im, domain->value), shown(im, selector->value));
}

#define NOTE(name, kind, text) { name, note, kind, text, NULL, NULL, NULL }
#define NOTE_IF(name, kind, text) { name, note_if_yes, kind, text, NULL, NULL, NULL }
#define RULE(name, apply) { name, apply, KEPT, NULL, NULL, NULL, NULL }

const struct rule openarc_rules[] = {
	NOTE("AuthResComments", DIFFERENT, "ARC-Authentication-Results carry no comments: receivers were seen to "
	    "fail on them"),
	NOTE_IF("AuthResIP", KEPT, "smtp.remote-ip is written"),
	RULE("AuthservID", set_authserv_id),
	NOTE_IF("AutoRestart", DROPPED, SYSTEMD),
	NOTE("AutoRestartCount", DROPPED, SYSTEMD),
	NOTE("AutoRestartRate", DROPPED, SYSTEMD),
	NOTE_IF("Background", DROPPED, "assayd -f stays in the foreground"),
	NOTE("BaseDirectory", DROPPED, UNIT),
	NOTE("Canonicalization", DIFFERENT, "seals use relaxed/relaxed"),
	NOTE("ChangeRootDirectory", DROPPED, UNIT),
	NOTE("Domain", DIFFERENT, "the sealer's domain: see KeyFile"),
	NOTE_IF("EnableCoredumps", DROPPED, UNIT),
	NOTE_IF("FinalReceiver", DROPPED, "nothing has to be handed to another milter"),
	NOTE("FixedTimestamp", DROPPED, "for tests"),
	NOTE("Include", KEPT, "the file has been read"),
	{ "InternalHosts", set_trusted, KEPT, NULL, NULL, NULL, NULL },
	NOTE_IF("KeepTemporaryFiles", DROPPED, "for tests"),
	RULE("KeyFile", rule_sealer),
	NOTE("MaximumHeaders", DIFFERENT, "the ceiling of a header is limits header-bytes (2M)"),
	NOTE("MilterDebug", DROPPED, "assay verify --explain shows what was found and why"),
	NOTE("MinimumKeySizeRSA", DIFFERENT, "dkim minimum-bits is for ARC as well"),
	NOTE("Mode", DIFFERENT, "chains are always verified (arc verify); sealing is off until arc seal names a key"),
	NOTE("OversignHeaders", DIFFERENT, "what is signed is decided as for DKIM (sign-headers)"),
	{ "PeerList", set_trusted, KEPT, NULL, NULL, NULL, NULL },
	NOTE_IF("PermitAuthenticationOverrides", FINDING_UNSAFE, "no verdict is ever read from a header field"),
	NOTE("PidFile", DIFFERENT, "the pid file is pid-file"),
	NOTE_IF("RequireSafeKeys", KEPT, "key files that others can read or write are refused"),
	NOTE("ResponseDisabled", DIFFERENT, RESPONSE),
	NOTE("ResponseUnable", DIFFERENT, RESPONSE),
	NOTE("ResponseUnwilling", DIFFERENT, RESPONSE),
	NOTE("SealHeaderChecks", WITHOUT, "no regular expressions are matched against header fields"),
	NOTE("Selector", DIFFERENT, "the sealer's selector: see KeyFile"),
	NOTE("SignatureAlgorithm", KEPT, "the kind of the key decides"),
	NOTE("SignatureTTL", DIFFERENT, "seals do not expire"),
	NOTE("SignHeaders", DIFFERENT, "what is signed is decided as for DKIM (sign-headers)"),
	RULE("Socket", set_listen),
	NOTE_IF("SoftwareHeader", DROPPED, "assay adds no field that names itself"),
	NOTE_IF("Syslog", KEPT, "assay logs to syslog (log target)"),
	RULE("SyslogFacility", set_facility),
	NOTE("TemporaryDirectory", DROPPED, "assay writes no temporary files"),
	NOTE("TestKeys", DROPPED, "canned records for tests: dns test-zone-file reads a zone file"),
	NOTE("UMask", DIFFERENT, "the socket's mode is socket-mode, its group socket-group"),
	NOTE("UserID", DIFFERENT, "assayd runs as the user assay (user)"),
};
const size_t openarc_rule_count = N_ELEMENTS(openarc_rules);

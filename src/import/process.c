/* Options that several of the old programs have, most of them about the process, in one table. */
#include "private.h"

#define DKIM (1u << PROGRAM_OPENDKIM)
#define DMARC (1u << PROGRAM_OPENDMARC)
#define ARC (1u << PROGRAM_OPENARC)
#define SPF (1u << PROGRAM_POLICYD_SPF)
#define MILTERS (DKIM | DMARC | ARC)

#define SYSTEMD "the service manager starts assayd again when it ends"
#define UNIT "the unit and the settings user, socket-mode and socket-group decide this"


static const struct {
	unsigned programs; /* a bit for each that has the option */
	struct rule rule;
} shared[] = {
	{ MILTERS, RULE("AuthservID", set_authserv_id) },
	{ DKIM | DMARC, NOTE_IF("AuthservIDWithJobID", DIFFERENT, "the queue id is in the log, not in the header field") },
	{ MILTERS, NOTE_IF("AutoRestart", DROPPED, SYSTEMD) },
	{ MILTERS, NOTE("AutoRestartCount", DROPPED, SYSTEMD) },
	{ MILTERS, NOTE("AutoRestartRate", DROPPED, SYSTEMD) },
	{ MILTERS, NOTE_IF("Background", DROPPED, "assayd -f stays in the foreground") },
	{ MILTERS, NOTE("BaseDirectory", DROPPED, UNIT) },
	{ MILTERS, NOTE("ChangeRootDirectory", DROPPED, UNIT) },
	{ DKIM | DMARC, { "DNSTimeout", set_seconds, KEPT, "DNS time for one message", "dns", "deadline", NULL } },
	{ MILTERS, NOTE_IF("EnableCoredumps", DROPPED, UNIT) },
	{ DKIM | ARC, NOTE("Include", KEPT, "the file has been read") },
	{ DKIM | ARC | SPF, { "InternalHosts", set_trusted, KEPT, NULL, NULL, NULL, NULL } },
	{ DKIM | ARC, NOTE_IF("KeepTemporaryFiles", DROPPED, "assay writes no temporary files") },
	{ DKIM | ARC, NOTE("MaximumHeaders", DIFFERENT, "the ceiling of a header is limits header-bytes (2M)") },
	{ MILTERS, NOTE("MilterDebug", DROPPED, "assay verify --explain shows what was found and why") },
	{ DKIM | ARC, { "PeerList", set_trusted, DIFFERENT, "mail of these hosts was left alone; it is signed where its author "
	    "domain has a key here (pass-ports is for mail that must be left alone)", NULL, NULL, NULL } },
	{ MILTERS | SPF, NOTE("PidFile", DIFFERENT, "the pid file is pid-file") },
	{ DKIM | DMARC, { "RequiredHeaders", set_if_yes, KEPT, NULL, "", "required-headers", NULL } },
	{ DKIM | ARC, NOTE_IF("RequireSafeKeys", KEPT, "key files that others can read or write are refused") },
	{ MILTERS, RULE("Socket", set_listen) },
	{ MILTERS, NOTE_IF("SoftwareHeader", DROPPED, "assay adds no field that names itself") },
	{ MILTERS, NOTE_IF("Syslog", KEPT, "assay logs to syslog (log target)") },
	{ MILTERS, RULE("SyslogFacility", set_facility) },
	{ MILTERS, NOTE("TemporaryDirectory", DROPPED, "assay writes no temporary files") },
	{ DKIM | DMARC, NOTE("TestDNSData", DIFFERENT, "canned records for tests: dns test-zone-file reads a zone file") },
	{ MILTERS | SPF, NOTE("UMask", DIFFERENT, "the socket's mode is socket-mode, its group socket-group") },
	{ MILTERS | SPF, NOTE("UserID", DIFFERENT, "assayd runs as the user assay (user)") },
};

const struct rule *shared_rule_at(enum program p, size_t i)
{
	for (size_t k = 0; k < N_ELEMENTS(shared); k++)
		if ((shared[k].programs & 1u << p) != 0 && i-- == 0)
			return &shared[k].rule;
	return NULL;
}

#include <stdint.h>

#include "base/limits.h"

#include "private.h"

/*
 * The one table of options.  A fallback is written as in a file and read by the same parser; ""
 * is no default at all: the field stays empty.
 */

#define PLAIN(type, member) \
	.offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)
#define ALONE .count = NO_FIELD, .cap = NO_FIELD

/* one field; one with a mark: it was set; arrays that have a count, without cap and with */
#define FIELD(type, member) PLAIN(type, member), ALONE, .present = NO_FIELD
#define MARKED(type, member, mark) \
	PLAIN(type, member), ALONE, .present = offsetof(struct type, mark)
#define ARRAY(type, items, number) \
	PLAIN(type, items), .count = offsetof(struct type, number), .cap = NO_FIELD, \
	.present = NO_FIELD
#define LIST(type, list) \
	PLAIN(type, list.items), .count = offsetof(struct type, list.count), \
	.cap = offsetof(struct type, list.cap), .present = NO_FIELD

#define ACTIONS "accept|quarantine|tempfail|reject"
#define CANONS "simple/simple|simple/relaxed|relaxed/simple|relaxed/relaxed"
#define YEAR (366 * 86400)

static const struct option options[] = {
	{ { "", "authserv-id", "host name", "\"\"",
	    "our name in Authentication-Results; \"\": the MTA's own ({j})" },
	    &type_text, FIELD(settings, policy.authserv_id), .rule = rule_authserv_id },
	{ { "", "listen", "socket", "\"unix:" ASSAY_RUNSTATEDIR "/assay.sock\"",
	    "where the MTA finds the milter: unix:PATH, inet:ADDRESS:PORT or fd:NUMBER" },
	    &type_text, FIELD(settings, listen), .min = 1, .rule = rule_listen,
	    .one_of_list = true },
	{ { "", "socket-mode", "file mode", "0660", "mode of a unix socket" },
	    &type_mode, FIELD(settings, socket_mode) },
	{ { "", "socket-group", "group", "\"\"",
	    "group of a unix socket, that of the MTA; \"\": the user's own" },
	    &type_text, FIELD(settings, socket_group), .rule = rule_name },
	{ { "", "allow-remote-mta", "no|yes", "no",
	    "listen on addresses that other machines reach; whoever connects gets mail signed" },
	    &type_word, FIELD(settings, allow_remote_mta) },
	{ { "", "user", "user", "\"assay\"", "what the daemon becomes when root starts it" },
	    &type_text, FIELD(settings, user), .min = 1, .rule = rule_name },
	{ { "", "pid-file", "path", "\"" ASSAY_RUNSTATEDIR "/assayd.pid\"",
	    "process id, not written with -f; \"\": none" },
	    &type_text, FIELD(settings, pid_file), .rule = rule_path },
	{ { "", "keys", "path", "\"" ASSAY_SYSCONFDIR "/keys\"",
	    "directory of the private keys, <domain>/<selector>.pem" },
	    &type_text, MARKED(settings, keys_directory, keys_directory_named), .min = 1,
	    .rule = rule_path },
	{ { "", "enforce", "observe|no|yes", "no",
	    "observe: touch nothing; no: write headers, refuse nothing; yes: do what is decided" },
	    &type_word, FIELD(settings, policy.enforce) },
	{ { "", "internal-hosts", "list of hosts", "{ \"127.0.0.0/8\", \"::1\" }",
	    "clients whose mail is signed and not judged" },
	    &type_hosts, FIELD(settings, policy.internal_hosts) },
	{ { "", "own-relays", "list of hosts", "{ }",
	    "clients that relay others' mail to us: secondary MX, gateways; never refused" },
	    &type_hosts, FIELD(settings, policy.own_relays) },
	{ { "", "forwarders", "list of hosts", "{ }",
	    "clients that forward others' mail to our users: judged, never refused" },
	    &type_hosts, FIELD(settings, policy.forwarders) },
	{ { "", "sign-ports", "list of ports", "{ 587, 465, 0 }",
	    "ports whose mail is signed; 0: Postfix's sendmail command" },
	    &type_ports, FIELD(settings, policy.sign_ports) },
	{ { "", "sign-daemon-names", "list of texts", "{ }",
	    "{daemon_name} values of the MTA whose mail is signed" },
	    &type_texts, LIST(settings, policy.sign_daemon_names), .rule = rule_printable },
	{ { "", "pass-ports", "list of ports", "{ }",
	    "ports whose mail is left alone: re-injection behind a content filter" },
	    &type_ports, FIELD(settings, policy.pass_ports) },
	{ { "", "remove-authserv-ids", "list of texts", "{ }",
	    "more names under which arriving Authentication-Results are forged" },
	    &type_texts, LIST(settings, policy.remove_authserv_ids), .rule = rule_token },
	{ { "", "quarantine", "header|hold", "header",
	    "header: deliver with quarantine-header; hold: the MTA's hold queue" },
	    &type_word, FIELD(settings, policy.quarantine) },
	{ { "", "quarantine-header", "header field", "\"X-Assay-Quarantine: dmarc\"",
	    "what a mail filter files on; arriving copies are removed" },
	    &type_header, FIELD(settings, policy.quarantine_header_name) },
	{ { "", "never-refuse-to", "list of addresses", "{ \"postmaster@\", \"abuse@\" }",
	    "a message with such a recipient is not refused" },
	    &type_texts, LIST(settings, policy.never_refuse_to), .rule = rule_address },
	{ { "", "never-refuse-from", "list of addresses", "{ }",
	    "authors, or domains of authors and those below, never refused" },
	    &type_texts, LIST(settings, policy.never_refuse_from), .rule = rule_address },
	{ { "", "reply-url", "URL", "\"\"", "page that refusals point to" },
	    &type_text, FIELD(settings, policy.reply_url), .max = 200, .rule = rule_url },
	{ { "", "sign-mismatch", "no|yes", "no",
	    "sign although the author domain is neither the envelope's nor the login's" },
	    &type_word, FIELD(settings, policy.signing.sign_mismatch) },
	{ { "", "sign-fallback", "domain", "\"\"",
	    "sign in this domain's name what would go unsigned; \"\": leave it so" },
	    &type_domain, FIELD(settings, policy.signing.sign_fallback) },
	{ { "", "sign-headers", "list of header names", "{ }",
	    "\"+Name\" signs one field more than the default set, \"-Name\" leaves one out" },
	    &type_sign_headers, FIELD(settings, policy.signing.headers) },
	{ { "", "canonicalization", CANONS, "relaxed/relaxed", "of header and body, when signing" },
	    &type_canon, FIELD(settings, policy.signing.header_canon) },
	{ { "", "expire", "duration", "0", "signatures are valid for so long; 0: for ever" },
	    &type_seconds, FIELD(settings, policy.signing.expire_after), .max = 10 * YEAR },

	{ { "dns", "servers", "list of addresses", "{ }",
	    "name servers, with or without port; none: those of /etc/resolv.conf" },
	    &type_texts, ARRAY(settings, dns.servers, dns.server_count), .rule = rule_server },
	{ { "dns", "timeout", "duration", "2s", "of one try at one server" },
	    &type_milliseconds, FIELD(settings, dns.timeout_ms), .min = 50, .max = 60000 },
	{ { "dns", "tries", "number", "3", "of one question, over all servers" },
	    &type_number, FIELD(settings, dns.tries), .min = 2, .max = 20 },
	{ { "dns", "deadline", "duration", "20s",
	    "how long one message waits for all its answers; stay below the MTA's own limit" },
	    &type_milliseconds, FIELD(settings, policy.dns_deadline_ms), .min = 100,
	    .max = 240000 },
	{ { "dns", "test-zone-file", "path", "\"\"", "answers from a file instead of the network" },
	    &type_text, FIELD(settings, test_zone_file), .rule = rule_path },
	{ { "dns", "cache-entries", "number", "50000", "answers kept; 0: none" },
	    &type_number, FIELD(settings, dns_cache.cache_entries), .max = 10000000 },
	{ { "dns", "cache-ttl", "duration", "1d", "longer TTLs are cut to this" },
	    &type_seconds, FIELD(settings, dns_cache.max_ttl), .max = YEAR },
	{ { "dns", "cache-negative-ttl", "duration", "1h", "the same for \"no such record\"" },
	    &type_seconds, FIELD(settings, dns_cache.max_negative_ttl), .max = YEAR },
	{ { "dns", "cache-failure-ttl", "duration", "5s", "how long a failure is remembered" },
	    &type_seconds, FIELD(settings, dns_cache.failure_ttl), .max = 300 },

	{ { "spf", "engine", "builtin|libspf2", "builtin", "who evaluates records" },
	    &type_word, FIELD(settings, policy.spf.engine), .rule = rule_engine },
	{ { "spf", "on-fail", ACTIONS, "accept", "when SPF says fail" },
	    &type_word, FIELD(settings, policy.spf_actions.on_fail) },
	{ { "spf", "on-softfail", ACTIONS, "accept", "when SPF says softfail" },
	    &type_word, FIELD(settings, policy.spf_actions.on_softfail) },
	{ { "spf", "on-permerror", ACTIONS, "accept", "when the record cannot be used" },
	    &type_word, FIELD(settings, policy.spf_actions.on_permerror) },
	{ { "spf", "on-temperror", ACTIONS, "accept", "when the DNS does not answer" },
	    &type_word, FIELD(settings, policy.spf_actions.on_temperror) },
	{ { "spf", "received-spf", "no|yes", "no", "write a Received-SPF field as well" },
	    &type_word, FIELD(settings, policy.received_spf) },
	{ { "spf", "void-limit", "number", "2",
	    "look-ups without an answer before a record is a permanent error" },
	    &type_number, FIELD(settings, policy.spf.void_limit), .max = 10 },
	{ { "spf", "skip-hosts", "list of hosts", "{ }", "clients for whom SPF is not checked" },
	    &type_hosts, FIELD(settings, policy.spf_skip_hosts) },
	{ { "spf", "skip-domains", "list of domains", "{ }",
	    "sender domains for which SPF is not checked" },
	    &type_texts, LIST(settings, policy.spf_skip_domains), .rule = rule_domain },
	{ { "spf", "default-explanation", "text", "\"\"", "for records that have no exp=" },
	    &type_text, FIELD(settings, policy.spf.default_explanation), .max = 400,
	    .rule = rule_printable },

	{ { "dkim", "minimum-bits", "number", "1024", "RSA keys with fewer do not count" },
	    &type_number, FIELD(settings, policy.dkim.minimum_bits), .min = 1024, .max = 4096 },
	{ { "dkim", "body-length", "refuse|allow", "refuse",
	    "signatures over a part of the body only (l=): no pass, or a pass" },
	    &type_word, FIELD(settings, policy.dkim.body_length) },
	{ { "dkim", "clock-skew", "duration", "300s", "allowed on the times in signatures" },
	    &type_seconds, FIELD(settings, policy.dkim.clock_skew), .max = 86400 },
	{ { "dkim", "max-signatures", "number", "10", "verified of one message" },
	    &type_number, FIELD(settings, policy.dkim.max_signatures), .min = 1,
	    .max = LIMIT_SIGNATURES },
	{ { "dkim", "on-temperror", ACTIONS, "accept", "when a key cannot be fetched" },
	    &type_word, FIELD(settings, policy.dkim_on_temperror) },

	{ { "dmarc", "on-policy-reject", ACTIONS, "reject", "mail that fails under p=reject" },
	    &type_word, FIELD(settings, policy.dmarc_actions.on_policy_reject) },
	{ { "dmarc", "on-policy-quarantine", ACTIONS, "quarantine",
	    "mail that fails under p=quarantine" },
	    &type_word, FIELD(settings, policy.dmarc_actions.on_policy_quarantine) },
	{ { "dmarc", "indirect", ACTIONS, "quarantine",
	    "mail that fails under p=reject but shows the marks of a list or a forwarder" },
	    &type_word, FIELD(settings, policy.dmarc_actions.indirect) },
	{ { "dmarc", "on-temperror-policy", ACTIONS, "accept",
	    "when the author domain's policy cannot be fetched" },
	    &type_word, FIELD(settings, policy.dmarc_actions.on_temperror_policy) },
	{ { "dmarc", "on-temperror-identifier", ACTIONS, "tempfail",
	    "when SPF or DKIM of an aligned domain is undecided" },
	    &type_word, FIELD(settings, policy.dmarc_actions.on_temperror_identifier) },
	{ { "dmarc", "from-missing", ACTIONS, "reject", "mail without From" },
	    &type_word, FIELD(settings, policy.dmarc_actions.from_missing) },
	{ { "dmarc", "from-multiple", ACTIONS, "reject", "mail with several From fields" },
	    &type_word, FIELD(settings, policy.dmarc_actions.from_multiple) },
	{ { "dmarc", "from-invalid", ACTIONS, "reject", "mail whose From tells no author domain" },
	    &type_word, FIELD(settings, policy.dmarc_actions.from_invalid) },
	{ { "dmarc", "discovery", "treewalk|psl", "treewalk",
	    "organizational domains by RFC 9989, or by the public suffix list" },
	    &type_word, FIELD(settings, policy.dmarc.discovery) },

	{ { "log", "target", "stderr|syslog|journal", "syslog", "where lines go; stderr with -f" },
	    &type_word, FIELD(settings, log.target) },
	{ { "log", "format", "text|json", "text", "of the line of a message" },
	    &type_word, FIELD(settings, log_format) },
	{ { "log", "facility", "mail|daemon|user|local0|local1|local2|local3|local4|local5|local6|"
	    "local7", "mail", "of syslog" },
	    &type_facility, FIELD(settings, log.facility) },
	{ { "log", "level", "error|warning|info|debug", "info", "the least important lines kept" },
	    &type_word, FIELD(settings, log.level) },

	{ { "limits", "on-exceed", "tempfail|reject", "reject",
	    "mail that reaches a ceiling; it is never accepted unjudged" },
	    &type_word, FIELD(settings, policy.on_exceed), .min = ACTION_TEMPFAIL },
	{ { "limits", "header-bytes", "size", "2M", "of all header fields of a message" },
	    &type_octets, FIELD(settings, policy.max_header_bytes), .min = 65536,
	    .max = LIMIT_ARENA_BYTES / 2 },
	{ { "limits", "header-fields", "number", "10000", "of a message" },
	    &type_number, FIELD(settings, policy.max_header_fields), .min = 100, .max = 100000 },

	{ { "sign-tables", "key-table", "table", "\"\"", "OpenDKIM's KeyTable, read in place" },
	    &type_text, FIELD(settings, key_table), .rule = rule_table },
	{ { "sign-tables", "signing-table", "table", "\"\"", "OpenDKIM's SigningTable" },
	    &type_text, FIELD(settings, signing_table), .rule = rule_table },
	{ { "sign-tables", "multiple-signatures", "no|yes", "no",
	    "every line that fits signs, not the first alone" },
	    &type_word, FIELD(settings, multiple_signatures) },

	{ { "sign", "selectors", "list of selectors", "{ }",
	    "keys of the directory that sign; none: every active one" },
	    &type_texts, ARRAY(sign_section, selectors, selector_count), .rule = rule_selector },
	{ { "sign", "subdomains", "no|yes", "no", "sign the mail of the domains below, too" },
	    &type_word, FIELD(sign_section, subdomains) },
	{ { "sign", "users", "list of logins", "{ }",
	    "logins that may write in the domain's name from any envelope" },
	    &type_texts, ARRAY(sign_section, users, user_count), .rule = rule_token },
	{ { "sign", "identity", "identity", "\"\"", "the i= of signatures; \"\": none" },
	    &type_text, FIELD(sign_section, identity), .rule = rule_identity },
	{ { "sign", "canonicalization", CANONS, "", "instead of the general one" },
	    &type_canon, MARKED(sign_section, header_canon, has_canon) },
	{ { "sign", "expire", "duration", "", "instead of the general one" },
	    &type_seconds, MARKED(sign_section, expire_after, has_expire), .max = 10 * YEAR },

	{ { "policy", "on-fail", ACTIONS, "",
	    "what to do with mail that fails, whatever its domain publishes" },
	    &type_word, MARKED(policy_section, on_fail, has_action) },
	{ { "policy", "never-refuse", "no|yes", "no", "mail of these authors is not refused" },
	    &type_word, FIELD(policy_section, never_refuse) },
	{ { "policy", "comment", "text", "\"\"", "recorded with the override" },
	    &type_text, FIELD(policy_section, comment), .max = 200, .rule = rule_printable },

	{ { "policy-to", "on-fail", ACTIONS, "", "what to do with mail that fails" },
	    &type_word, MARKED(recipient_section, on_fail, has_action) },
};

const struct option *option_table(size_t *count_out)
{
	*count_out = N_ELEMENTS(options);
	return options;
}

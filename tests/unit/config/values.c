/* Types, bounds and rules of every kind of option; X-02, X-07. */
#include <stdlib.h>
#include <syslog.h>

#include "config/options.h"
#include "config/settings.h"

#include "suites.h"

static enum rc load(const char *text, struct settings **s, struct err *err)
{
	return settings_load_text("t", slice_str(text), s, err);
}

/* --- wrong values --------------------------------------------------------------------------- */

static const struct {
	const char *text;
	const char *want; /* a part of the one message */
} bad_rows[] = {
	/* words */
	{ "enforce = maybe", "t:1: enforce: \"maybe\" is not a valid value: write observe, no or "
	    "yes" },
	{ "enforce = Yes", "write observe, no or yes" },
	{ "enforce = \"\"", "write observe" },
	{ "allow-remote-mta = true", "write no or yes" },
	{ "sign-mismatch = 1", "write no or yes" },
	{ "quarantine = reject", "write header or hold" },
	{ "spf { on-fail = discard }", "spf on-fail: \"discard\" is not a valid value: write accept, "
	    "quarantine, tempfail or reject" },
	{ "limits { on-exceed = accept }", "write tempfail or reject" },
	{ "log { facility = kern }", "write mail, daemon" },
	{ "log { target = paper }", "write stderr, syslog, journal or file" },
	{ "log { target = file }", "log target = file needs a file" },
	{ "canonicalization = relaxed", "write simple/simple" },
	{ "canonicalization = relaxed/", "write simple/simple" },
	{ "dmarc { discovery = both }", "write treewalk or psl" },
	{ "enforce = { yes }", "enforce takes one value, no list" },
	{ "enforce = { yes, no }", "enforce takes one value, no list" },
	{ "enforce = { }", "enforce takes one value, no list" },
	/* numbers */
	{ "spf { void-limit = 11 }", "write a number from 0 to 10" },
	{ "spf { void-limit = -1 }", "is not a number: write one from 0 to 10" },
	{ "spf { void-limit = two }", "is not a number" },
	{ "spf { void-limit = 2s }", "is not a number" },
	{ "spf { void-limit = 0x2 }", "is not a number" },
	{ "spf { void-limit = 99999999999999999999 }", "is not a number" },
	{ "dkim { minimum-bits = 512 }", "write a number from 1024 to 4096" },
	{ "dkim { max-signatures = 0 }", "write a number from 1" },
	{ "dns { tries = 1 }", "write a number from 2 to 20" },
	/* times */
	{ "dns { timeout = 2 }", "is not a time with its unit (ms s m h d w): write one from 50ms "
	    "to 1m" },
	{ "dns { timeout = 2x }", "is not a time" },
	{ "dns { timeout = 2.5s }", "is not a time" },
	{ "dns { timeout = s }", "is not a time" },
	{ "dns { timeout = \"2 s\" }", "is not a time" },
	{ "dns { timeout = 0 }", "from 50ms to 1m" },
	{ "dns { timeout = 61s }", "is out of range" },
	{ "dns { deadline = 5m }", "is out of range: write" }, /* X-07 */
	{ "dns { timeout = 9s deadline = 8s }", "dns timeout (one try) is longer than dns "
	    "deadline" },
	{ "dkim { clock-skew = 500ms }", "must be a whole number of seconds" },
	{ "dkim { clock-skew = 2d }", "from 0 to 1d" },
	{ "expire = 99999999w", "is out of range" },
	{ "expire = 999999999999999999w", "is not a time" },
	/* sizes */
	{ "limits { header-bytes = 1 }", "write a number of octets (units k M G) from 64k to 8M" },
	{ "limits { header-bytes = 9M }", "is out of range" },
	{ "limits { header-bytes = 1T }", "is not a number of octets" },
	{ "limits { header-fields = 1k }", "is not a number" },
	/* modes */
	{ "socket-mode = 888", "is not a valid file mode" },
	{ "socket-mode = 77777", "is not a valid file mode" },
	{ "socket-mode = 7777", "is not a valid file mode" },
	{ "socket-mode = 0", "is not a valid file mode" },
	{ "socket-mode = u=rw", "unexpected \"=\"" },
	{ "socket-mode = \"\"", "is not a valid file mode" },
	/* names */
	/* A_23 */
	{ "authserv-id = mx", "is not the full name of a host: write one with a dot" },
	{ "authserv-id = mx.", "is not the full name of a host" },
	{ "authserv-id = \"mx example.com\"", "is not the full name of a host" },
	{ "authserv-id = \"mx.example.com;\"", "is not the full name of a host" },
	{ "user = \"\"", "must not be empty" },
	{ "user = \"a b\"", "is not a valid user or group name" },
	{ "socket-group = \"a:b\"", "is not a valid user or group name" },
	{ "keys = keys", "is not a full path: begin it with \"/\"" },
	{ "keys = \"\"", "must not be empty" },
	{ "pid-file = assayd.pid", "is not a full path" },
	{ "dns { test-zone-file = zone }", "is not a full path" },
	{ "sign-fallback = \"a b\"", "is not a domain name" },
	{ "reports { store = \"reports.sqlite\" }", "is not a store" },
	{ "reports { store = \"sqlite:relative/path\" }", "is not a store" },
	{ "reports { store = \"mysql://db/assay\" }", "is not a store" },
	{ "reports { keep = 1d }", "" },
	{ "reports { memory = 1k }", "" },
	{ "reports { domain-rows = 0 }", "" },
	{ "reports { only-to = \"a b\" }", "is not a domain name" },
	{ "reply-url = www.example.com", "is not a valid address of a web page" },
	{ "reply-url = \"https://a b/\"", "is not a valid address of a web page" },
	{ "reply-url = \"ftp://a/\"", "is not a valid address of a web page" },
	{ "reply-url = \"https://m\xc3\xbcnchen.de/\"", "in ASCII" },
	{ "remove-authserv-ids = \"a b\"", "contains a blank" },
	{ "remove-authserv-ids = { a, \"\" }", "must not be empty" },
	/* sockets: a listener that others reach is a signing oracle */
	{ "listen = /run/x", "lacks the type of socket: write \"unix:/PATH\"" },
	{ "listen = unix:x", "is not a full path" },
	{ "listen = local:/x", "is not supported here" },
	{ "listen = inet:8893@127.0.0.1", "is not an address and a port: write "
	    "\"inet:127.0.0.1:8893\"" },
	{ "listen = inet:localhost:8893", "(numbers, no names)" },
	{ "listen = inet:127.0.0.1", "is not an address and a port" },
	{ "listen = inet:127.0.0.1:0", "is not an address and a port" },
	{ "listen = inet:127.0.0.1:65536", "is not an address and a port" },
	{ "listen = inet:::1:8893", "is not an address and a port" },
	{ "listen = inet:[::1:8893", "is not an address and a port" },
	{ "listen = \"inet:[127.0.0.1]:8893\"", "is not an address and a port" },
	{ "listen = inet6:[::1]:8893", "is not an address and a port" },
	{ "listen = fd:0", "is not an inherited socket" },
	{ "listen = fd:x", "is not an inherited socket" },
	{ "listen = \"\"", "must not be empty" },
	{ "listen = tcp:1", "is not a valid socket" },
	{ "listen = { unix:/a, unix:/b }", "exactly one entry is supported" },
	{ "listen = { }", "exactly one entry is supported" },
	{ "listen = unix:/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaa", "is too long for a socket" },
	{ "listen = inet:192.0.2.1:8893", "can be reached from other machines" },
	{ "listen = inet:0.0.0.0:8893", "t:1: \"inet:0.0.0.0:8893\" can be reached" },
	{ "listen = \"inet:[::]:8893\"", "can be reached from other machines" },
	{ "listen = \"inet:[2001:db8::1]:8893\"\nallow-remote-mta = no", "can be reached" },
	/* lists of hosts and ports */
	{ "internal-hosts = 192.0.2.1/24", "t:1: internal-hosts: \"192.0.2.1/24\" has bits set "
	    "beyond" },
	{ "own-relays = { ::1,\n 2001:db8::1/32 }", "t:2: own-relays: \"2001:db8::1/32\" has "
	    "bits" },
	{ "forwarders = 192.0.2.0/33", "from 0 to 32" },
	{ "forwarders = 192.0.2", "is not an address" },
	{ "forwarders = \"a b\"", "is not an address" },
	{ "forwarders = \"\"", "is not an address" },
	{ "sign-ports = 65536", "is not a valid port" },
	{ "sign-ports = smtp", "is not a valid port" },
	{ "sign-ports = { 587, -1 }", "is not a valid port" },
	{ "pass-ports = { 10025, 587 }", "port 587 is in sign-ports and in pass-ports" },
	{ "forwarders = file:x", "file: is not allowed here" },
	/* addresses */
	{ "never-refuse-to = \"@\"", "is neither an address nor a domain" },
	{ "never-refuse-to = \"a@b@c d\"", "contains a blank" },
	{ "never-refuse-to = \"a@b c\"", "contains a blank" },
	{ "never-refuse-to = \"a@b,c\"", "is neither an address nor a domain" },
	{ "never-refuse-from = \"<a@b.org>\"", "is neither an address nor a domain" },
	{ "policy-to \"a b\" { on-fail = accept }", "policy-to: \"a b\" contains a blank" },
	{ "spf { skip-domains = \"a@b.org\" }", "is not a domain name" },
	{ "dns { servers = localhost }", "is not a valid name server address" },
	{ "dns { servers = \"192.0.2.1:x\" }", "is not a valid name server address" },
	{ "dns { servers = \"192.0.2.1:0\" }", "is not a valid name server address" },
	{ "dns { servers = \"[::1\" }", "is not a valid name server address" },
	/* header fields */
	{ "quarantine-header = \"X-Foo\"", "write \"X-Name: value\"" },
	{ "quarantine-header = \"X-Foo:\"", "write \"X-Name: value\"" },
	{ "quarantine-header = \"X Foo: a\"", "write \"X-Name: value\"" },
	{ "quarantine-header = \": a\"", "write \"X-Name: value\"" },
	{ "quarantine-header = \"\"", "write \"X-Name: value\"" },
	{ "quarantine-header = \"Subject: spam\"", "would remove every Subject field" },
	{ "sign-headers = X-Foo", "is not valid: write \"+Name\"" },
	{ "sign-headers = \"+\"", "is not valid" },
	{ "sign-headers = \"+A:\"", "is not valid" },
	{ "sign-headers = -From", "cannot be used" },
	{ "sign-headers = +DKIM-Signature", "cannot be used" },
	{ "sign-headers = +Received", "cannot be used" },
	/* sections */
	{ "sign { }", "sign needs a title: write sign \"example.com\" { ... }" },
	{ "sign \"a b\" { }", "is not a domain name" },
	{ "sign \"\" { }", "is not a domain name" },
	{ "dns \"x\" { }", "dns takes no title" },
	{ "sign a.org { selectors = \"a b\" }", "is not a valid selector" },
	{ "sign a.org { identity = joe }", "is not a valid identity" },
	{ "sign a.org { identity = @b.org }", "the identity \"@b.org\" is not in the section's "
	    "domain a.org" },
	{ "sign a.org { identity = \"@evila.org\" }", "is not in the section's domain" },
	{ "sign a.org { users = \"a b\" }", "must be a login, or an address" },
	{ "sign-trouble = reject", "write accept or tempfail" },
	{ "on-local-trouble = reject", "write accept, quarantine or tempfail" },
	{ "sign-tables { key-table = /a }", "key-table and signing-table work together only: write "
	    "signing-table, too" },
	{ "sign-tables { signing-table = refile:/a }", "write key-table, too" },
	{ "sign-tables { key-table = db:/a signing-table = /b }", "is not a table that can be read" },
	{ "sign-tables { key-table = a signing-table = /b }", "is not a table that can be read" },
	/* twice */
	{ "enforce = yes\n\nenforce = no", "t:3: enforce is set in line 1 already" },
	{ "own-relays = ::1\nown-relays = ::2", "t:2: own-relays is set in line 1 already" },
	{ "dns { timeout = 1s }\ndns { timeout = 2s }", "t:2: timeout is set in line 1 already" },
	{ "sign a.org { }\nsign \"A.ORG\" { }", "t:2: there is a section sign \"A.ORG\" at t:1 "
	    "already" },
	{ "sign m\xc3\xbcnchen.de { }\nsign xn--mnchen-3ya.de { }", "at t:1 already" },
	{ "policy a.org { on-fail = accept }\npolicy a.org { on-fail = reject }",
	    "at t:1 already" },
	/* names */
	{ "enforc = yes", "t:1: enforc is unknown: did you mean enforce?" },
	{ "Enforce = yes", "did you mean enforce?" },
	{ "socket_mode = 0660", "did you mean socket-mode?" },
	{ "authservid = a.b", "did you mean authserv-id?" },
	{ "gibberish = yes", "gibberish is unknown: `assay config` prints every name" },
	{ "x = yes", "x is unknown" },
	{ "timeout = 2s", "timeout belongs in a section: write dns { timeout = ... }" },
	{ "subdomains = yes", "write sign \"...\" { subdomains = ... }" },
	{ "dns { enforce = yes }", "enforce is not allowed in a section" },
	{ "dns { engine = builtin }", "engine belongs in a section: write spf { engine = ... }" },
	{ "dns { serverz = ::1 }", "did you mean servers?" },
	{ "dns = 192.0.2.1", "dns is a section: write dns { ... }" },
	{ "sign = a.org", "sign is a section: write sign \"...\" { ... }" },
	{ "dnss { a = 1 }", "there is no section dnss: did you mean dns?" },
	{ "enforce { a = 1 }", "enforce is a setting: write enforce = ..." },
	{ "gibberish { a = 1 }", "there is no section gibberish" },
	{ "metrics { listen = \"9893\" }", "is not a valid socket" },
	{ "metrics { listen = \"inet:9893\" }", "is not an address and a port" },
	{ "metrics = 1", "metrics is a section: write metrics { ... }" },
	{ "include \"x\"", "include: not allowed here" },
	{ "en\\x1b = yes", "after en" },
	{ "spf { on-fail = { } }", "spf on-fail takes one value" },
};

START_TEST(wrong)
{
	struct err err = ERR_INIT;
	struct settings *s = NULL;
	const char *text;

	ck_assert_msg(load(bad_rows[_i].text, &s, &err) == RC_CONFIG, "%s", bad_rows[_i].text);
	text = buf_cstr(&err.text);
	ck_assert_ptr_null(s);
	ck_assert_msg(err.count == 1, "%s: %zu errors\n%s", bad_rows[_i].text, err.count, text);
	ck_assert_msg(strstr(text, bad_rows[_i].want) != NULL, "%s:\n%s", bad_rows[_i].text, text);
	ck_assert_msg(slice_starts_with(buf_slice(&err.text), SLICE("t:")), "%s", text);
	err_free(&err);
}
END_TEST

static const struct {
	const char *text, *want;
} warning_rows[] = {
	{ "user = root", "warning: t:1: user = \"root\"" },
	{ "socket-mode = 0666", "every local user may have mail signed" },
	{ "internal-hosts = 0.0.0.0/0", "contains all addresses" },
	{ "internal-hosts = { ::1, ::/0 }", "contains all addresses" },
	{ "sign-ports = { 25, 587 }", "sign-ports holds 25" },
	{ "policy a.org { }", "this section changes nothing" },
	{ "policy-to a.org { }", "this section changes nothing" },
	{ "spf { on-fail = tempfail }", "t:1: spf on-fail = tempfail: permanent conditions" },
	{ "dmarc { from-invalid = tempfail }", "so reject is used" },
	{ "policy a.org { on-fail = tempfail }", "policy on-fail = tempfail" },
	{ "policy-to a.org { on-fail = tempfail }", "policy-to on-fail = tempfail" },
	{ "policy-to a.org { spf-on-fail = tempfail }", "policy-to spf-on-fail = tempfail" },
	{ "policy-to a.org { spf-on-temperror = reject }", "so tempfail is used" },
	{ "spf { on-temperror = reject }", "t:1: spf on-temperror = reject: temporary" },
	{ "dmarc { on-temperror-identifier = reject }", "so tempfail is used" },
};

START_TEST(warned)
{
	struct err err = ERR_INIT;
	struct settings *s = NULL;

	ck_assert_int_eq(load(warning_rows[_i].text, &s, &err), RC_OK);
	ck_assert_msg(err.warnings == 1 && err.count == 0, "%s: %s", warning_rows[_i].text,
	    buf_cstr(&err.text));
	ck_assert_msg(strstr(buf_cstr(&err.text), warning_rows[_i].want) != NULL, "%s: %s",
	    warning_rows[_i].text, buf_cstr(&err.text));
	settings_release(&s);
	err_free(&err);
}
END_TEST

static const struct {
	const char *text, *want; /* NULL: none */
} finding_rows[] = {
	{ "own-relays = 192.0.2.1 forwarders = 192.0.2.1", "finding: t:1: 192.0.2.1/32 in forwarders has "
	    "no effect, since own-relays contains it and comes first" },
	{ "own-relays = 192.0.2.0/24 internal-hosts = 192.0.2.7", "192.0.2.7/32 in internal-hosts" },
	{ "forwarders = 127.0.0.0/8", "127.0.0.0/8 in internal-hosts" },
	{ "own-relays = .a.org forwarders = mx.a.org", "mx.a.org in forwarders" },
	{ "own-relays = mx.a.org forwarders = MX.a.org", "mx.a.org in forwarders" },
	/* a relay or forwarder inside a network of ours is meant so */
	{ "own-relays = 192.0.2.7 internal-hosts = 192.0.2.0/24", NULL },
	{ "forwarders = 192.0.2.0/24 own-relays = 192.0.2.7", NULL },
	{ "own-relays = { 192.0.2.0/24, !192.0.2.7 } forwarders = 192.0.2.7", NULL },
	{ "own-relays = 192.0.2.7 forwarders = { 198.51.100.0/24, !192.0.2.7 }", NULL },
	{ "own-relays = 192.0.2.7 forwarders = mx.a.org", NULL },
};

START_TEST(findings)
{
	const char *want = finding_rows[_i].want;
	struct err err = ERR_INIT;
	struct settings *s = NULL;

	ck_assert_int_eq(load(finding_rows[_i].text, &s, &err), RC_OK);
	ck_assert_msg(err.findings == (want != NULL) && err.count == 0 && err.warnings == 0, "%s: %s",
	    finding_rows[_i].text, buf_cstr(&err.text));
	ck_assert_msg(want == NULL || strstr(buf_cstr(&err.text), want) != NULL, "%s: %s",
	    finding_rows[_i].text, buf_cstr(&err.text));
	settings_release(&s);
	err_free(&err);
}
END_TEST

/* --- right values, where they arrive ---------------------------------------------------------- */

static struct settings *loaded(const char *text)
{
	struct err err = ERR_INIT;
	struct settings *s = NULL;

	ck_assert_msg(load(text, &s, &err) == RC_OK && err.text.len == 0, "%s",
	    buf_cstr(&err.text));
	err_free(&err);
	return s;
}

START_TEST(top_level)
{
	struct settings *s = loaded("authserv-id = MX.example.com listen = { "
	    "\"inet:127.0.0.1:8893\" }\nsocket-mode = 660 socket-group = postfix allow-remote-mta "
	    "= yes user = \"assay-x\"\npid-file = \"\" keys = \"/k\" enforce = observe "
	    "internal-hosts = !192.0.2.1\nown-relays = { \"2001:db8::/32\", mx2.example.com } "
	    "forwarders = .example.net\nsign-ports = { } sign-daemon-names = \"my daemon\" "
	    "pass-ports = 10025\nremove-authserv-ids = { a, b } quarantine = hold "
	    "quarantine-header = \"X-Q : a b\"\nnever-refuse-to = { } never-refuse-from = { "
	    "\"a@B.org\", C.org } reply-url = https://a/\nsign-mismatch = yes sign-fallback = "
	    "F.org sign-headers = { +X-A, -Cc }\ncanonicalization = simple/relaxed expire = 2w\n");
	const struct verdict_policy *p = &s->policy;

	ck_slice_eq(p->authserv_id, SLICE("mx.example.com")); /* A_23: one form, however written */
	ck_slice_eq(s->listen, SLICE("inet:127.0.0.1:8893"));
	ck_assert_uint_eq(s->socket_mode, 0660);
	ck_slice_eq(s->socket_group, SLICE("postfix"));
	ck_assert(s->allow_remote_mta);
	ck_slice_eq(s->user, SLICE("assay-x"));
	ck_assert(slice_is_null(s->pid_file));
	ck_slice_eq(s->keys_directory, SLICE("/k"));
	ck_assert(s->keys_directory_named);
	ck_assert_int_eq((int)p->enforce, ENFORCE_OBSERVE);
	ck_assert_uint_eq(p->internal_hosts.count, 1);
	ck_assert(p->internal_hosts.entries[0].negated);
	ck_assert_uint_eq(p->own_relays.count, 2);
	ck_assert_uint_eq(p->forwarders.count, 1);
	ck_assert_uint_eq(p->sign_ports.count, 0);
	ck_slice_eq(p->sign_daemon_names.items[0], SLICE("my daemon"));
	ck_assert_int_eq(p->pass_ports.items[0], 10025);
	ck_assert_uint_eq(p->remove_authserv_ids.count, 2);
	ck_assert_int_eq((int)p->quarantine, QUARANTINE_HOLD);
	ck_slice_eq(p->quarantine_header_name, SLICE("X-Q"));
	ck_slice_eq(p->quarantine_header_value, SLICE("a b"));
	ck_assert_uint_eq(p->never_refuse_to.count, 0);
	ck_slice_eq(p->never_refuse_from.items[0], SLICE("a@b.org"));
	ck_slice_eq(p->never_refuse_from.items[1], SLICE("c.org"));
	ck_slice_eq(p->reply_url, SLICE("https://a/"));
	ck_assert(p->signing.sign_mismatch);
	ck_slice_eq(p->signing.sign_fallback.name, SLICE("f.org"));
	ck_assert_uint_eq(p->signing.headers.add_count, 1);
	ck_slice_eq(p->signing.headers.add[0], SLICE("X-A"));
	ck_assert_uint_eq(p->signing.headers.remove_count, 1);
	ck_slice_eq(p->signing.headers.remove[0], SLICE("Cc"));
	ck_assert_int_eq((int)p->signing.header_canon, CANON_SIMPLE);
	ck_assert_int_eq((int)p->signing.body_canon, CANON_RELAXED);
	ck_assert_int_eq((int)p->signing.expire_after, 14 * 86400);
	settings_release(&s);
}
END_TEST

START_TEST(plain_sections)
{
	struct settings *s = loaded("dns { servers = { 192.0.2.1, \"192.0.2.2:5353\", "
	    "\"[::1]:53\", ::2 }\ntimeout = 500ms tries = 4 deadline = 1m test-zone-file = /z "
	    "cache-entries = 7\ncache-ttl = 2h cache-negative-ttl = 5m cache-failure-ttl = 0 }\n"
	    "spf { on-fail = reject on-softfail = quarantine on-permerror = quarantine\n"
	    "on-none = quarantine on-helo-fail = reject void = nxdomain\n"
	    "on-temperror = tempfail received-spf = yes void-limit = 3 skip-hosts = 192.0.2.1\n"
	    "skip-domains = { A.org } default-explanation = \"no way\" }\n"
	    "dkim { minimum-bits = 2048 body-length = allow clock-skew = 1m max-signatures = 3\n"
	    "on-temperror = tempfail }\n"
	    "dmarc { on-policy-reject = quarantine on-policy-quarantine = accept indirect = "
	    "accept\non-temperror-policy = tempfail on-temperror-identifier = accept from-missing "
	    "= accept\nfrom-multiple = quarantine from-invalid = quarantine discovery = psl }\n"
	    "log { target = journal format = json facility = local3 level = debug }\n"
	    "limits { on-exceed = tempfail header-bytes = 1M header-fields = 500 }\n"
	    "sign-tables { key-table = \"refile:/k\" signing-table = /s multiple-signatures = yes "
	    "}\n");
	const struct verdict_policy *p = &s->policy;

	ck_assert_uint_eq(s->dns.server_count, 4);
	ck_slice_eq(s->dns.servers[2], SLICE("[::1]:53"));
	ck_assert_int_eq((int)s->dns.timeout_ms, 500);
	ck_assert_uint_eq(s->dns.tries, 4);
	ck_assert_int_eq((int)p->dns_deadline_ms, 60000);
	ck_slice_eq(s->test_zone_file, SLICE("/z"));
	ck_assert_uint_eq(s->dns_cache.cache_entries, 7);
	ck_assert_uint_eq(s->dns_cache.max_ttl, 7200);
	ck_assert_uint_eq(s->dns_cache.max_negative_ttl, 300);
	ck_assert_uint_eq(s->dns_cache.failure_ttl, 0);
	ck_assert_int_eq((int)p->on[ON_SPF_FAIL], ACTION_REJECT);
	ck_assert_int_eq((int)p->on[ON_SPF_SOFTFAIL], ACTION_QUARANTINE);
	ck_assert_int_eq((int)p->on[ON_SPF_PERMERROR], ACTION_QUARANTINE);
	ck_assert_int_eq((int)p->on[ON_SPF_TEMPERROR], ACTION_TEMPFAIL);
	ck_assert_int_eq((int)p->on[ON_SPF_NONE], ACTION_QUARANTINE);
	ck_assert_int_eq((int)p->on[ON_SPF_HELO_FAIL], ACTION_REJECT);
	ck_assert(p->received_spf);
	ck_assert_int_eq((int)p->spf.void_answers, SPF_VOID_NXDOMAIN);
	ck_assert_uint_eq(p->spf.void_limit, 3);
	ck_assert_uint_eq(p->spf_skip_hosts.count, 1);
	ck_slice_eq(p->spf_skip_domains.items[0], SLICE("a.org"));
	ck_slice_eq(p->spf.default_explanation, SLICE("no way"));
	ck_assert_uint_eq(p->dkim.minimum_bits, 2048);
	ck_assert_int_eq((int)p->dkim.body_length, DKIM_LENGTH_ALLOW);
	ck_assert_int_eq((int)p->dkim.clock_skew, 60);
	ck_assert_uint_eq(p->dkim.max_signatures, 3);
	ck_assert_int_eq((int)p->on[ON_DKIM_TEMPERROR], ACTION_TEMPFAIL);
	ck_assert_int_eq((int)p->dmarc_actions.on_policy_reject, ACTION_QUARANTINE);
	ck_assert_int_eq((int)p->dmarc_actions.on_policy_quarantine, ACTION_ACCEPT);
	ck_assert_int_eq((int)p->dmarc_actions.indirect, ACTION_ACCEPT);
	ck_assert_int_eq((int)p->dmarc_actions.on_temperror_policy, ACTION_TEMPFAIL);
	ck_assert_int_eq((int)p->dmarc_actions.on_temperror_identifier, ACTION_ACCEPT);
	ck_assert_int_eq((int)p->dmarc_actions.from_missing, ACTION_ACCEPT);
	ck_assert_int_eq((int)p->dmarc_actions.from_multiple, ACTION_QUARANTINE);
	ck_assert_int_eq((int)p->dmarc_actions.from_invalid, ACTION_QUARANTINE);
	ck_assert_int_eq((int)p->dmarc.discovery, DMARC_DISCOVERY_PSL);
	ck_assert_int_eq((int)s->log.target, LOG_TARGET_JOURNAL);
	ck_assert_int_eq((int)s->log_format, LOG_FORMAT_JSON);
	ck_assert_int_eq(s->log.facility, LOG_LOCAL3);
	ck_assert_int_eq((int)s->log.level, LOG_LEVEL_DEBUG);
	ck_assert_int_eq((int)p->on_exceed, ACTION_TEMPFAIL);
	ck_assert_uint_eq(p->max_header_bytes, 1u << 20);
	ck_assert_uint_eq(p->max_header_fields, 500);
	ck_slice_eq(s->key_table, SLICE("refile:/k"));
	ck_slice_eq(s->signing_table, SLICE("/s"));
	ck_assert(s->multiple_signatures);
	settings_release(&s);
}
END_TEST

START_TEST(titled_sections)
{
	struct settings *s = loaded("sign \"A.org\" { selectors = { s1, s2 } subdomains = yes "
	    "users = joe\nidentity = \"@N.a.org\" canonicalization = relaxed/simple expire = 1h }\n"
	    "sign m\xc3\xbcnchen.de { }\n"
	    "policy b.org { on-fail = reject never-refuse = no comment = \"they asked\" }\n"
	    "policy c.org { never-refuse = yes }\n"
	    "policy-to \"Joe@D.org\" { on-fail = accept }\n"
	    "policy-to \"abuse@\" { on-fail = accept }\n"
	    "policy-to e.org { on-fail = quarantine spf-on-helo-fail = reject dkim-on-none = quarantine }\n"
	    "policy-to f.org { spf-on-fail = reject spf-on-softfail = accept spf-on-permerror = reject\n"
	    "spf-on-temperror = tempfail spf-on-none = quarantine dkim-on-fail = reject dkim-on-temperror = accept }\n");
	static const int actions[OCCASION_COUNT] = { /* of f.org; -1: not set */
		[ON_SPF_FAIL] = ACTION_REJECT, [ON_SPF_SOFTFAIL] = ACTION_ACCEPT, [ON_SPF_PERMERROR] = ACTION_REJECT,
		[ON_SPF_TEMPERROR] = ACTION_TEMPFAIL, [ON_SPF_NONE] = ACTION_QUARANTINE, [ON_SPF_HELO_FAIL] = -1,
		[ON_DKIM_NONE] = -1, [ON_DKIM_FAIL] = ACTION_REJECT, [ON_DKIM_TEMPERROR] = ACTION_ACCEPT,
		[ON_DMARC_FAIL] = -1,
	};
	const struct verdict_policy *p = &s->policy;
	const struct sign_section *sign = p->signing.sections;

	ck_assert_uint_eq(p->signing.section_count, 2);
	ck_slice_eq(sign[0].domain.name, SLICE("a.org"));
	ck_assert_uint_eq(sign[0].selector_count, 2);
	ck_slice_eq(sign[0].selectors[1], SLICE("s2"));
	ck_assert(sign[0].subdomains);
	ck_slice_eq(sign[0].users[0], SLICE("joe"));
	ck_slice_eq(sign[0].identity, SLICE("@n.a.org"));
	ck_assert(sign[0].has_canon && sign[0].has_expire);
	ck_assert_int_eq((int)sign[0].header_canon, CANON_RELAXED);
	ck_assert_int_eq((int)sign[0].body_canon, CANON_SIMPLE);
	ck_assert_int_eq((int)sign[0].expire_after, 3600);
	ck_slice_eq(sign[1].domain.name, SLICE("xn--mnchen-3ya.de"));
	ck_assert(!sign[1].subdomains && !sign[1].has_canon && !sign[1].has_expire);
	ck_assert_uint_eq(sign[1].selector_count, 0);
	ck_assert_uint_eq(p->section_count, 2);
	ck_assert(p->sections[0].has_action && !p->sections[0].never_refuse);
	ck_assert_int_eq((int)p->sections[0].on_fail, ACTION_REJECT);
	ck_slice_eq(p->sections[0].comment, SLICE("they asked"));
	ck_assert(!p->sections[1].has_action && p->sections[1].never_refuse);
	ck_assert_uint_eq(p->recipient_section_count, 4);
	ck_slice_eq(p->recipient_sections[0].pattern, SLICE("Joe@d.org"));
	ck_slice_eq(p->recipient_sections[1].pattern, SLICE("abuse@"));
	ck_slice_eq(p->recipient_sections[2].pattern, SLICE("e.org"));
	ck_assert(p->recipient_sections[2].on[ON_DMARC_FAIL].set);
	ck_assert_int_eq((int)p->recipient_sections[2].on[ON_DMARC_FAIL].action, ACTION_QUARANTINE);
	ck_assert_int_eq((int)p->recipient_sections[2].on[ON_SPF_HELO_FAIL].action, ACTION_REJECT);
	ck_assert_int_eq((int)p->recipient_sections[2].on[ON_DKIM_NONE].action, ACTION_QUARANTINE);
	ck_assert(!p->recipient_sections[2].on[ON_SPF_FAIL].set);
	for (enum occasion on = 0; on < OCCASION_COUNT; on++) {
		ck_assert_int_eq(p->recipient_sections[3].on[on].set, actions[on] >= 0);
		ck_assert_int_eq((int)p->recipient_sections[3].on[on].action, actions[on] < 0 ? 0 : actions[on]);
	}
	settings_release(&s);
}
END_TEST

/* Fine, and easily thought not to be. */
static const char *const fine_rows[] = {
	"dkim { clock-skew = 0 }", "dkim { clock-skew = 1500000MS }", "expire = 0", "expire = 0s",
	"dns { timeout = 1000ms }", "listen = unix:/run/a", "listen = fd:3",
	"listen = \"inet:[::1]:8893\"", "listen = inet:127.0.0.53:1",
	"listen = inet:192.0.2.1:8893 allow-remote-mta = yes", "internal-hosts = { }",
	"internal-hosts = !0.0.0.0/0", "socket-mode = 0600", "authserv-id = \"\"",
	"never-refuse-to = \"@a.org\"", "never-refuse-to = \"joe@\"", "sign-fallback = \"\"",
	"sign a.org { identity = \"joe@a.org\" }",
	"sign a.org { } policy a.org { never-refuse = yes }",
	"limits { header-bytes = 65536 }", "limits { header-bytes = 64k }", "user = \"1000\"",
};

START_TEST(fine)
{
	struct settings *s = loaded(fine_rows[_i]);

	settings_release(&s);
}
END_TEST

/* --- the option table ----------------------------------------------------------------------- */

START_TEST(table_is_sound)
{
	const struct option_info *o, *other;
	size_t count = 0;

	for (size_t i = 0; (o = option_info(i)) != NULL; i++, count++) {
		ck_assert_msg(*o->name != '\0' && *o->type != '\0' && *o->help != '\0', "%s",
		    o->name);
		for (size_t k = 0; k < i && (other = option_info(k)) != NULL; k++)
			ck_assert_msg(strcmp(o->section, other->section) != 0 ||
			    strcmp(o->name, other->name) != 0, "%s %s twice", o->section, o->name);
		/* the options of a section stand together */
		for (size_t k = 0; i > 0 && k + 1 < i; k++)
			ck_assert_msg(strcmp(option_info(k)->section, o->section) != 0 ||
			    strcmp(option_info(i - 1)->section, o->section) == 0, "%s %s",
			    o->section, o->name);
	}
	ck_assert_uint_gt(count, 60);
	ck_assert_ptr_null(option_info(count + 1));
}
END_TEST

Suite *values_suite(void)
{
	Suite *s = suite_create("values");

	UNIT_TABLE(s, wrong, bad_rows);
	UNIT_TABLE(s, warned, warning_rows);
	UNIT_TABLE(s, findings, finding_rows);
	UNIT_TEST(s, top_level);
	UNIT_TEST(s, plain_sections);
	UNIT_TEST(s, titled_sections);
	UNIT_TABLE(s, fine, fine_rows);
	UNIT_TEST(s, table_is_sound);
	return s;
}

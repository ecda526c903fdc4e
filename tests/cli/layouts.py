"""assay import: the layouts of Debian's packages, of tutorials and of mail panels, written anew.

Each is imported, compared with what is imported, and checked by assayd.  Files lie as the documents
have them, below a directory of the test in the place of "/".
"""
import os
import pwd
import re

import imports

SINGLE = "AutoRestart Yes\nAutoRestartRate 10/1h\nSyslog yes\nSyslogSuccess Yes\nLogWhy Yes\nUMask 002\nMode sv\n"
TABLES = ("KeyTable refile:{etc}/opendkim/KeyTable\nSigningTable refile:{etc}/opendkim/SigningTable\n"
          "ExternalIgnoreList refile:{etc}/opendkim/TrustedHosts\nInternalHosts refile:{etc}/opendkim/TrustedHosts\n")
KEY = "mail._domainkey.example.com example.com:mail:{etc}/opendkim/keys/example.com/mail.private\n"
KEY_FILE = "opendkim/keys/example.com/mail.private"

# name -> files (those that are imported end in .conf, .cf or .mc), keys, exit status, parts of the configuration,
# parts of the report
LAYOUTS = {
    "Debian": (
        {"opendkim.conf": "Syslog yes\nSyslogSuccess yes\n#LogWhy no\nCanonicalization relaxed/simple\n#Mode sv\nOversignHeaders From\n"
                          "UserID opendkim\nUMask 007\nSocket local:/run/opendkim/opendkim.sock\n"
                          "PidFile /run/opendkim/opendkim.pid\nTrustAnchorFile /usr/share/dns/root.key\n",
         "opendmarc.conf": "# AuthservID name\nPidFile /run/opendmarc/opendmarc.pid\nSocket local:/run/opendmarc/opendmarc.sock\n"
                           "PublicSuffixList /usr/share/publicsuffix/public_suffix_list.dat\nSyslog true\nUMask 0002\nUserID opendmarc\n",
         "policyd-spf.conf": "debugLevel = 1 \nTestOnly = 1\n\nHELO_reject = Fail\nMail_From_reject = Fail\n\nPermError_reject = False\n"
                             "TempError_Defer = False\n\nskip_addresses = 127.0.0.0/8,::ffff:127.0.0.0/104,::1\n",
         "openarc.conf": "Syslog yes\nSocket local:/run/openarc/openarc.sock\nUserID openarc\nUMask 007\n"},
        [], 0, ["canonicalization = relaxed/simple", "on-fail = reject", "on-policy-reject = accept"], []),
    "TrustedHosts and refile:": (
        {"opendkim.conf": SINGLE + TABLES + "Canonicalization relaxed/simple\nPidFile /var/run/opendkim/opendkim.pid\n"
                          "SignatureAlgorithm rsa-sha256\nUserID opendkim:opendkim\nSocket inet:12301@localhost\n",
         "opendkim/KeyTable": KEY, "opendkim/SigningTable": "#*@example.net x\n*@example.com mail._domainkey.example.com\n",
         "opendkim/TrustedHosts": "127.0.0.1\nlocalhost\n192.168.0.1/24\n\n*.example.com\n#*.example.net\n",
         "postfix/main.cf": "milter_protocol = 2\nmilter_default_action = accept\nsmtpd_milters = unix:/spamass/spamass.sock, inet:localhost:12301\n"
                            "non_smtpd_milters = unix:/spamass/spamass.sock, inet:localhost:12301\n"},
        [KEY_FILE], 0, [".example.com"], ["smtpd_milters = unix:/spamass/spamass.sock, { unix:assay", "192.168.0.1/24: this entry never matches"]),
    "key.table, opendmarc and policyd-spf": (
        {"opendkim.conf": "Canonicalization relaxed/simple\nMode sv\nSubDomains no\nAutoRestart yes\nAutoRestartRate 10/1M\nBackground yes\n"
                          "DNSTimeout 5\nSignatureAlgorithm rsa-sha256\nOversignHeaders From\nUserID opendkim\nLogwhy yes\n"
                          "KeyTable refile:{etc}/opendkim/key.table\nSigningTable refile:{etc}/opendkim/signing.table\n"
                          "ExternalIgnoreList {etc}/opendkim/trusted.hosts\nInternalHosts {etc}/opendkim/trusted.hosts\n"
                          "Socket local:/var/spool/postfix/opendkim/opendkim.sock\n",
         "opendkim/key.table": "default._domainkey.example.com example.com:default:{etc}/opendkim/keys/example.com/default.private\n",
         "opendkim/signing.table": "*@example.com default._domainkey.example.com\n*@*.example.com default._domainkey.example.com\n",
         "opendkim/trusted.hosts": "127.0.0.1\nlocalhost\n\n.example.com\n",
         "opendmarc.conf": "AuthservID OpenDMARC\nTrustedAuthservIDs mail.example.com\nRejectFailures true\nIgnoreAuthenticatedClients true\n"
                           "RequiredHeaders true\nSPFSelfValidate true\nSocket local:/var/spool/postfix/opendmarc/opendmarc.sock\n"
                           "IgnoreHosts {etc}/opendmarc/ignore.hosts\n",
         "opendmarc/ignore.hosts": "127.0.0.1\n",
         "policyd-spf.conf": "debugLevel = 1\nTestOnly = 1\nHELO_reject = Fail\nMail_From_reject = Fail\n",
         "postfix/main.cf": "policyd-spf_time_limit = 3600\nsmtpd_recipient_restrictions =\n   permit_mynetworks,\n"
                            "   permit_sasl_authenticated,\n   reject_unauth_destination,\n   check_policy_service unix:private/policyd-spf\n"
                            "milter_default_action = accept\nmilter_protocol = 6\n"
                            "smtpd_milters = local:opendkim/opendkim.sock,local:opendmarc/opendmarc.sock\nnon_smtpd_milters = $smtpd_milters\n",
         "postfix/master.cf": "policyd-spf  unix  -       n       n       -       0       spawn\n    user=policyd-spf argv=/usr/bin/policyd-spf\n"},
        ["opendkim/keys/example.com/default.private"], 0,
        ["subdomains = yes", "required-headers = yes", "deadline = 5s", "remove-authserv-ids = { mail.example.com }"],
        ["smtpd_milters = { unix:assay", "policyd-spf_time_limit", "Remove the service at"]),
    "one key, as on Red Hat": (
        {"opendkim.conf": "PidFile /run/opendkim/opendkim.pid\nMode sv\nSyslog yes\nSyslogSuccess yes\nLogWhy yes\nUserID opendkim:opendkim\n"
                          "Socket inet:8891@localhost\nUmask 002\nSendReports yes\nSoftwareHeader yes\nCanonicalization relaxed/relaxed\n"
                          "Domain example.com\nSelector default\nMinimumKeyBits 1024\nKeyFile {etc}/opendkim/keys/default.private\n"
                          "InternalHosts refile:{etc}/opendkim/TrustedHosts\nOversignHeaders From\n",
         "opendkim/TrustedHosts": "127.0.0.1\n::1\n"},
        ["opendkim/keys/default.private"], 3, ["canonicalization = relaxed/relaxed"], ["SendReports yes: DKIM failure reports"]),
    "one directory of keys, Sendmail": (
        {"opendkim.conf": "Mode sv\nMacroList daemon_name=MSA\nX-Header no\nAutoRestart no\nCanonicalization simple\n"
                          "KeyTable file:{etc}/mail/keytable\nSigningTable file:{etc}/mail/signingtable\nInternalHosts csl:127.0.0.1,::1\n"
                          "Socket inet:8891@localhost\nInclude {etc}/mail/more.cfg\n",
         "mail/more.cfg": "RequireSafeKeys no\nMode s\n",
         "mail/keytable": "example.com example.com:2024:{etc}/mail/keys/example.com\nexample.net example.net:2024:{etc}/mail/keys/example.com\n",
         "mail/signingtable": "example.com example.com\nexample.net example.net\n",
         "mail/sendmail.mc": "INPUT_MAIL_FILTER(`dkim-filter', `S=inet:8891@localhost')\n"},
        ["mail/keys/example.com"], 0, ["sign-daemon-names = { MSA }", "canonicalization = simple/simple"],
        ["sendmail.mc:1: dkim-filter", "a later line sets this option again"]),
    "a list of domains, several names for one key": (
        {"opendkim.conf": "Domain refile:{etc}/mail/domains\nSelector default\nKeyFile {etc}/dkimkeys/dkim.key\nSubDomains no\n"
                          "Nameservers 127.0.0.1\nInternalHosts {etc}/opendkim/hosts\n",
         "mail/domains": "example.com\nexample.net\n# example.org\n", "opendkim/hosts": "127.0.0.1\nlocalhost\n192.168.0.0/255.255.255.0\nmail.example.com\n"},
        ["dkimkeys/dkim.key"], 0, ["mail.example.com", "servers = { 127.0.0.1 }"], ["192.168.0.0/255.255.255.0: this entry never matches"]),
    "modoboa": (
        {"opendkim.conf": "Syslog yes\nLogResults Yes\nUMask 007\n"
                          "KeyTable dsn:pgsql://opendkim:secret@5432+127.0.0.1/modoboa/table=dkim?keycol=id?datacol=domain_name,selector,private_key_path\n"
                          "SigningTable dsn:pgsql://opendkim:secret@5432+127.0.0.1/modoboa/table=dkim?keycol=domain_name?datacol=id\n"
                          "SubDomains yes\nCanonicalization relaxed/relaxed\nSocket inet:12345@localhost\nOversignHeaders From\n"
                          "ExternalIgnoreList {etc}/opendkim.hosts\nInternalHosts {etc}/opendkim.hosts\nTrustAnchorFile /usr/share/dns/root.key\n",
         "opendkim.hosts": "127.0.0.1\n::1\nlocalhost\n"},
        [], 3, ["canonicalization = relaxed/relaxed"], ["export this data set to a file"]),
    "docker-mailserver": (
        {"opendkim.conf": SINGLE + TABLES + "RemoveOldSignatures Yes\nCanonicalization relaxed/simple\nSocket inet:8891@localhost\n"
                          "OmitHeaders Message-ID, Date, Return-Path, Bounces-To, Received, Comments, Keywords, Bcc, Resent-Bcc, DKIM-Signature\n",
         "opendkim/KeyTable": KEY, "opendkim/SigningTable": "*@example.com mail._domainkey.example.com\n",
         "opendkim/TrustedHosts": "127.0.0.1\nlocalhost\n",
         "opendmarc.conf": "UserID opendmarc:opendmarc\nUMask 0002\nSyslog true\nRejectFailures true\nIgnoreHosts {etc}/opendmarc/ignore.hosts\n"
                           "HistoryFile /var/run/opendmarc/opendmarc.dat\nAuthservID HOSTNAME\nTrustedAuthservIDs HOSTNAME\nIgnoreAuthenticatedClients true\n",
         "opendmarc/ignore.hosts": "localhost\n",
         "policyd-spf.conf": "debugLevel = 1\nHELO_reject = Fail\nMail_From_reject = Fail\nPermError_reject = False\nTempError_Defer = False\n",
         "postfix/main.cf": "dkim_milter = inet:localhost:8891\ndmarc_milter = inet:localhost:8893\nsmtpd_milters = $dkim_milter $dmarc_milter\n"
                            "non_smtpd_milters = $dkim_milter\npolicyd-spf_time_limit = 3600\n"},
        [KEY_FILE], 0, ["-Message-ID"], ["smtpd_milters = inet:localhost:8893, { unix:assay"]),
    "Virtualmin": (
        {"opendkim.conf": "Syslog yes\nUMask 002\nDomain example.com,example.net,mail.example.org\nKeyFile {etc}/dkim.key\nSelector 2024\n"
                          "OversignHeaders From\nSocket inet:8891@localhost\n",
         "postfix/main.cf": "smtpd_milters = inet:localhost:8891\nnon_smtpd_milters = inet:localhost:8891\nmilter_default_action = accept\n"},
        ["dkim.key"], 0, [], ["smtpd_milters = { unix:assay"]),
    "iRedMail": (
        {"postfix/main.cf": "smtpd_recipient_restrictions = reject_unauth_destination check_policy_service inet:127.0.0.1:7777\n"
                            "content_filter = smtp-amavis:[127.0.0.1]:10024\nsmtpd_milters =\n",
         "opendmarc.conf": "Socket inet:8893@localhost\nSPFSelfValidate true\n"},
        [], 0, ["socket-group = postfix"], ["smtpd_milters = { unix:assay"]),
    "ISPConfig": (
        {"postfix/main.cf": "content_filter = amavis:[127.0.0.1]:10024\nsmtpd_milters = inet:localhost:11332\nmilter_default_action = accept\n"
                            "smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination, check_policy_service unix:private/policy-spf\n",
         "postfix/master.cf": "policy-spf unix - n n - - spawn user=nobody argv=/usr/bin/policyd-spf\n"
                              "127.0.0.1:10025 inet n - n - - smtpd -o content_filter= -o smtpd_milters=\n",
         "policyd-spf.conf": "TestOnly = 1\nHELO_reject = False\nMail_From_reject = False\n"},
        [], 0, ["received-spf = yes"], ["smtpd_milters = inet:localhost:11332, { unix:assay", "Remove the service at"]),
}


def lay_out(w, name, files, keys):
    path = imports.site(w, re.sub("[^A-Za-z]", "", name))
    for key in keys:
        imports.private_key(path, "etc/" + key)
    for file, text in files.items():
        imports.put(path, "etc/" + file, text.replace("{etc}", path + "/etc"))
    return path, [os.path.join(path, "etc", f) for f in files if re.search(r"\.(conf|cf|mc)$", f)]


def checkable(path, text):
    """Without the accounts and the directories that a machine of the tests may lack."""
    own = 'user = "%s"\nlisten = "unix:%s/sock"\n' % (pwd.getpwuid(os.geteuid()).pw_name, path)
    return imports.put(path, "checkable.conf", own + re.sub("(?m)^(socket-group|listen) = .*$", "", text))


def every_layout_is_imported(w):
    for name, (files, keys, status, parts, reported) in LAYOUTS.items():
        path, old = lay_out(w, name, files, keys)
        conf = os.path.join(path, "assay.conf")
        got, _, err = w.run("import", "-o", conf, "--keys", path + "/keys", "--trusted", "internal", *old)
        assert got == status, (name, got, err)
        text = open(conf).read()
        for part in parts + ["enforce = observe"]:
            assert part in text, (name, part, text)
        for part in reported:
            assert part in err, (name, part, err)
        assert "lines[" not in err and "(null)" not in err, (name, err)
        got, out, err = imports.compare(w, path, *old)
        assert got == 0 and "0 are signed differently" in out and ("same:" in out) == bool(keys), (name, out, err)
        got, out, err = w.run("--check", "-c", checkable(path, text), program=w.assayd)
        assert got == 0, (name, got, out, err, text)


CHECKS = [every_layout_is_imported]

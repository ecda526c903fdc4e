"""assay import: what becomes of the old chain's files.

Each check takes the World of run.py.  Files are written as administrators have them; the tables
below have one row for each rule.
"""
import json
import os
import pty
import re
import shutil
import subprocess
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def site(w, name):
    """A directory for one import, with an empty key directory."""
    path = os.path.join(w.dir, "import-" + name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(os.path.join(path, "keys"))
    return path


def put(path, name, text):
    full = os.path.join(path, name)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    return full


def private_key(path, name):
    """A key of its own, as opendkim-genkey leaves it."""
    full = os.path.join(path, name)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", full, "2048"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.chmod(full, 0o600)
    return full


def run(w, path, *files, extra=()):
    """Runs an import into path; returns status, configuration (or None), findings, mistakes."""
    out = os.path.join(path, "assay.conf")
    status, report, err = w.run("import", "--json", "--keys", os.path.join(path, "keys"), "-o", out, *extra, *files)
    try:
        report = json.loads(report)
        findings = report.get("findings", [])
        err += "".join("assay: %s\n" % line for line in report.get("errors", []))
    except ValueError:
        findings = []
    text = open(out).read() if os.path.exists(out) else None
    return status, text, findings, err


def compare(w, path, *files):
    return w.run("import", "--compare", "-c", os.path.join(path, "assay.conf"), "--trusted", "internal", *files)


# --- one row for each rule ------------------------------------------------------------------------

# program, line, kind of the finding, a part of the new configuration (or None)
RULES = [
    ("opendkim", "Mode sv", "kept", None),
    ("opendkim", "Mode s", "different", None),
    ("opendkim", "Canonicalization relaxed/simple", "translated", "canonicalization = relaxed/simple"),
    ("opendkim", "Canonicalization relaxed", "translated", "canonicalization = relaxed/simple"),
    ("opendkim", "canonicalization RELAXED/relaxed", "translated", "canonicalization = relaxed/relaxed"),
    ("opendkim", "SignatureTTL 86400", "translated", "expire = 86400s"),
    ("opendkim", "ClockDrift 60", "translated", "clock-skew = 60s"),
    ("opendkim", "MinimumKeyBits 2048", "translated", "minimum-bits = 2048"),
    ("opendkim", "MinimumKeyBits 512", "unsafe", None),
    ("opendkim", "SignatureAlgorithm rsa-sha1", "unsafe", None),
    ("opendkim", "MacroList daemon_name=ORIGINATING|MSA", "translated", "sign-daemon-names = { ORIGINATING, MSA }"),
    ("opendkim", "MacroList daemon_name|ORIGINATING", "dropped", None),
    ("opendkim", "MacroList {daemon_name}=ORIGINATING", "dropped", None),
    ("opendkim", "MacroList daemon_name", "without counterpart", None),
    ("opendkim", "MacroList client_ptr=x", "without counterpart", None),
    ("opendkim", "MacroList auth_type", "kept", None),
    ("opendkim", "DontSignMailTo Fax@Legacy.example", "different", "never-sign-to = { \"fax@legacy.example\" }"),
    ("opendkim", "DontSignMailTo legacy.example", "dropped", None),
    ("opendkim", "MTA MSA", "translated", "sign-daemon-names = { msa }"),
    ("opendkim", "SignHeaders *,+X-Foo,-Date", "translated", "sign-headers = { \"+X-Foo\", -Date }"),
    ("opendkim", "SignHeaders From,X-Foo", "different", "\"+X-Foo\""),
    ("opendkim", "OmitHeaders X-Foo", "translated", "sign-headers = { -X-Foo }"),
    ("opendkim", "Nameservers 127.0.0.1,192.0.2.53", "translated", "servers = { 127.0.0.1, 192.0.2.53 }"),
    ("opendkim", "AuthservID mx.example.com", "translated", "authserv-id = mx.example.com"),
    ("opendkim", "AuthservID mail", "different", None),
    ("opendkim", "RemoveARFrom old.example.com", "translated", "remove-authserv-ids = { old.example.com }"),
    ("opendkim", "SyslogFacility local3", "translated", "facility = local3"),
    ("opendkim", "On-DNSError accept", "translated", "on-temperror = accept"),
    ("opendkim", "On-DNSError discard", "different", "on-temperror = tempfail"),
    ("opendkim", "FinalPolicyScript /etc/opendkim/final.lua", "without counterpart", None),
    ("opendkim", "KeyTable dsn:mysql://u:p@localhost/db/table=t\nSigningTable dsn:mysql://u:p@localhost/db/table=s", "without counterpart", None),
    ("opendkim", "InternalHosts ldap://x", "without counterpart", None),
    ("opendkim", "InternalHosts 127.0.0.1, ::1", "translated", "internal-hosts = { 127.0.0.0/8, \"::1\" }"),
    ("opendkim", "InternalHosts ::1, 127.0.0.1", "different", "internal-hosts = { 127.0.0.0/8, \"::1\" }"),
    ("opendkim", "InternalHosts *", "unsafe", None),
    ("opendkim", "AllowSHA1Only yes", "unsafe", None),
    ("opendkim", "AllowSHA1Only no", "kept", None),
    ("opendkim", "PidFile /run/x.pid # comment", "different", None),
    ("opendkim", "SyslogSucc yes", "kept", None),
    ("opendmarc", "RejectFailures true", "translated", None),
    ("opendmarc", "RejectFailures false", "translated", "on-policy-reject = accept"),
    ("opendmarc", "RejectFailures yes\nHoldQuarantinedMessages yes", "translated", "quarantine = hold"),
    ("opendmarc", "HoldQuarantinedMessages yes", "dropped", "on-policy-quarantine = accept"),
    ("opendmarc", "IgnoreMailFrom example.org,Example.net", "different",
     "policy example.net {\n\ton-fail = accept\n}"),
    ("opendmarc", "IgnoreMailFrom not_a..domain", "dropped", None),
    ("opendkim", "On-NoSignature quarantine", "dropped", None),
    ("opendkim", "On-NoSignature quarantine\nCaptureUnknownErrors yes", "translated", "on-none = quarantine"),
    ("opendkim", "On-BadSignature reject", "different", "on-fail = reject"),
    ("policyd-spf", "TestOnly = 0\nTempError_Defer = True", "dropped", None),
    ("opendmarc", "TrustedAuthservIDs HOSTNAME,gw.example.com", "translated", "remove-authserv-ids = { gw.example.com }"),
    ("opendkim", "DNSTimeout 1", "different", None),
    ("opendkim", "DNSTimeout 900", "different", None),
    ("opendkim", "DNSTimeout 8", "translated", "deadline = 8s"),
    ("opendkim", "MinimumKeyBits 8192", "different", None),
    ("opendkim", "MaximumSignaturesToVerify 1000000", "different", None),
    ("policyd-spf", "Void_Limit = 50", "different", None),
    ("opendmarc", "TrustedAuthservIDs gw.example.com", "different", None),
    ("opendmarc", "PublicSuffixList /usr/share/publicsuffix/public_suffix_list.dat", "different", None),
    ("opendmarc", "HistoryFile /var/run/opendmarc.dat", "different", None),
    ("opendmarc", "CopyFailuresTo root", "without counterpart", None),
    ("openarc", "FinalReceiver yes", "dropped", None),
    ("openarc", "PermitAuthenticationOverrides yes", "unsafe", None),
    ("openarc", "SealHeaderChecks /etc/openarc/checks", "without counterpart", None),
    ("policyd-spf", "Mail_From_reject = Softfail", "translated", "on-softfail = reject"),
    ("policyd-spf", "Mail_From_reject = False", "kept", None),
    ("policyd-spf", "TempError_Defer = True", "translated", "on-temperror = tempfail"),
    ("policyd-spf", "PermError_reject = True", "translated", "on-permerror = reject"),
    ("policyd-spf", "Header_Type = AR", "kept", None),
    ("policyd-spf", "skip_addresses = 127.0.0.0/8,192.0.2.0/24", "translated", "skip-hosts = { 127.0.0.0/8, 192.0.2.0/24 }"),
    ("policyd-spf", "Domain_Whitelist_PTR = relay.example.net", "translated", "forwarders = { relay.example.net }"),
    ("policyd-spf", "Void_Limit = 4", "translated", "void-limit = 4"),
    ("master.cf", "submission inet n - y - - smtpd\n  -o milter_macro_daemon_name=ORIGINATING", "kept",
     None),
    ("master.cf", "submission inet n - y - - smtpd\n  -o { milter_macro_daemon_name = ORIGINATING }", "kept",
     None),
    ("opendkim", "Domain example.com", "dropped", None),
]


def every_rule_finds_what_it_should(w):
    for program, line, kind, part in RULES:
        path = site(w, "rule")
        file = put(path, program if "." in program else program + ".conf", line + "\n")
        status, text, findings, err = run(w, path, file)
        row = (program, line)
        assert text is not None, (row, err)
        own = [f for f in findings if f["file"] == file]
        assert kind in [f["kind"] for f in own], (row, own)
        assert part is None or part in text, (row, text)
        missing = any(f["kind"] == "without counterpart" for f in findings)
        assert status == (3 if missing else 0), (row, status)
        assert "enforce = observe" in text, row


def defaults_of_the_old_programs_count(w):
    rows = [
        ("policyd-spf.conf", "debugLevel = 1", ["on-fail = reject", "received-spf = yes"]),
        ("opendmarc.conf", "Syslog true", ["on-policy-reject = accept", "on-policy-quarantine = accept"]),
        ("opendkim.conf", "Syslog yes", ["canonicalization = simple/simple", "on-temperror = tempfail"]),
    ]
    for name, line, parts in rows:
        path = site(w, "defaults")
        _, text, findings, err = run(w, path, put(path, name, line + "\n"))
        for part in parts:
            assert text is not None and part in text, (name, part, text, err)
        assert any("line" not in f for f in findings), name


# file name, content, parts of the messages
MISTAKES = [
    ("opendkim.conf", "Mode sv\nNoSuchOption yes\nAlsoNot 1\n", [":2: NoSuchOption", ":3: AlsoNot"]),
    ("opendkim.conf", "Syslog\n", [":1: Syslog has no value"]),
    ("opendkim.conf", "Sign x\n", [":1: Sign: begins several options"]),
    ("opendkim.conf", "Mode x\n", [":1: Mode x: s, v or sv is expected"]),
    ("opendkim.conf", "MultipleSignatures maybe\n", [":1: MultipleSignatures maybe"]),
    ("opendkim.conf", "KeyFile /nowhere\n", [":1: KeyFile needs Domain and Selector"]),
    ("opendkim.conf", "Domain example.com\nSelector s\nKeyFile /nowhere/key\n", [":3: /nowhere/key: No such file"]),
    ("opendkim.conf", "SignatureTTL soon\n", [":1: SignatureTTL soon: a number of seconds"]),
    ("opendkim.conf", "KeyTable /nowhere/KeyTable\n", ["/nowhere/KeyTable: No such file"]),
    ("opendkim.conf", "Canonicalization strict\n", [":1: Canonicalization strict"]),
    ("opendkim.conf", "Include {self}\n", ["Include is nested deeper"]),
    ("opendkim.conf", "Include /nowhere/more.conf\n", ["/nowhere/more.conf: cannot be read by"]),
    ("opendkim.conf", b"Mode\0sv\n", ["contains NUL or control octets"]),
    ("opendkim.conf", b"#" * (10 << 20), ["too large"]),
    ("opendkim.conf", "InternalHosts 127.0.0.1, 192.0.2.1\n", [":1: InternalHosts trusts 192.0.2.1"]),
    ("opendmarc.conf", "RejectFailures perhaps\n", [":1: RejectFailures perhaps"]),
    ("policyd-spf.conf", "Per_User = text:/etc/per-user\n", [":1: Per_User text:/etc/per-user: text,/PATH is expected"]),
    ("policyd-spf.conf", "Per_User = text,/nowhere/users\n", ["/nowhere/users: cannot be read by"]),
    ("policyd-spf.conf", "Per_User = text,{users}\n", ["users:2: a@example.com: has no \",\"",
                                                     "users:3: HELO_reject: has no \"=\"", "users:4: HELO_reject maybe"]),
    ("opendmarc.conf", "Include x\n", [":1: Include: is not an option of opendmarc"]),
    ("policyd-spf.conf", "HELO_reject Fail\n", ["has no \"=\""]),
    ("policyd-spf.conf", "HELO_reject = Maybe\n", [":1: HELO_reject Maybe"]),
    ("opendkim.conf", "Mode v\nKeyTable /k\nSigningTable refile:/s\nNoSuch 1\n",
     [":2: KeyTable names keys, and Mode at ", ":3: SigningTable names keys, and Mode at ", ":4: NoSuch: is not an option"]),
    ("opendkim.conf", "mode V\nDomain a.example\nSelector s\nKeyFile /k\n", [":1: Mode V: s, v or sv"]),
    ("opendkim.conf", "SigningTable refile:/nowhere/s\n", [":1: SigningTable without KeyTable", ":1: SigningTable: /nowhere/s: No such"]),
    ("opendkim.conf", "\nKeyTable /nowhere/k", [":2: KeyTable without SigningTable", ":2: KeyTable: /nowhere/k: No such"]),
    ("opendkim.conf", "InternalHosts refile:/nowhere/hosts\n", [":1: InternalHosts: /nowhere/hosts: No such file"]),
    ("opendkim.conf", "SignHeaders *,+X-A,Date\nOmitHeaders X-A,date,X-B\n", [":2: X-A is left out here", ":2: date is left out here"]),
    ("opendkim.conf", "-----BEGIN RSA PRIVATE KEY-----\nMIIEvQIBADANBgkq\n", ["is a key or a certificate"]),
    ("opendkim.conf", bytes(range(1, 256)) * 20, ["contains NUL or control octets"]),
    ("opendkim.conf", "server {\n listen 80;\n}\n", [":1: server", ":2: listen", ":3: }"]),
    ("opendkim.conf", "Mode sv\nCanonicaliz", [":2: Canonicalization has no value"]),
    ("main.cf", "Dear all\nsmtpd_milters = inet:localhost:8891\nnon_smtpd_mil", [":1: Dear: has no \"=\"", ":3: non_smtpd_mil: has no"]),
    ("main.cf", "smtpd_milters = inet:localhost:8891,\n  { inet:localhost:8893, default_action=ac", [":1: smtpd_milters: a \"{\" is not closed"]),
    ("master.cf", "smtp inet n - y - - smtpd\nsubmission inet n -\n", [":2: submission: the line of this service is not complete"]),
    ("master.cf", "smtp inet n - y - - smtpd\n -o { smtpd_milters = inet:x", [":1: smtp: the line of this service is not complete"]),
    ("sendmail.mc", "INPUT_MAIL_FILTER(`opendkim', `S=inet:8891@loc\ndefine(`confINPUT_MAIL_FILTERS', `opendkim", [
        ":1: INPUT_MAIL_FILTER: a quoted text", ":2: define: a quoted text"]),
    ("KeyTable", "a example.com:s:/k\n", ["tables and lists are read where these files name them"]),
    ("something.txt", "Dear all,\nthis is not a configuration.\n", ["is not recognized"]),
    ("empty.txt", "", ["is not recognized"]),
]


def mistakes_are_all_reported_and_nothing_is_written(w):
    for name, content, parts in MISTAKES:
        path = site(w, "mistake")
        if isinstance(content, str):
            users = put(path, "users", "# one\na@example.com\nb@example.com,HELO_reject\nc@example.com,HELO_reject=maybe\n")
            content = content.replace("{self}", os.path.join(path, name)).replace("{users}", users)
        status, text, _, err = run(w, path, put(path, name, content))
        assert status == 1, (name, content[:60], status, err)
        for part in parts:
            assert part in err, (part, err)
        assert text is None and os.listdir(os.path.join(path, "keys")) == [], name
    status, _, err = w.run("import", os.path.join(w.dir, "absent", "opendkim.conf"))
    assert status == 1 and "No such file" in err, err
    path = site(w, "mistake")
    first = put(path, "opendkim.conf", "Mode s\n")
    status, text, _, err = run(w, path, first, put(path, "opendkim-verifier.conf", "Mode v\n"), put(path, "opendmarc.conf", "Nosuch 1\n"))
    assert status == 1 and text is None and "opendkim-verifier.conf: a file of opendkim has been read already" in err \
        and "opendmarc.conf:1: Nosuch" in err, err
    status, text, _, err = run(w, path, put(path, "opendkim.conf", "Unknown x\n" * 300000), extra=["--force"])
    assert status == 1 and text is None and err.count("\n") < 1100 and "further mistakes omitted" in err, err[:500]
    assert w.run("import")[0] == 2
    assert w.run("import", "--trusted", "everybody", "x")[0] == 2


def recipients_of_policyd_spf_become_sections(w):
    path = site(w, "recipients")
    users = put(path, "users", "# a comment\n\nstrict@example.com,PermError_reject=True|HELO_reject=SPF_Not_Pass|TempError_Defer=True\n"
                "postmaster@example.com,Mail_From_reject=No_Check|HELO_reject=False|debugLevel=5|defaultSeedOnly=1\n"
                "soft@example.com , Mail_From_reject=Softfail|skip_addresses=192.0.2.1|NoSuch=1\n"
                "STRICT@example.com,HELO_reject=False\nnobody,HELO_reject=False\n")
    status, text, findings, err = run(w, path, put(path, "policyd-spf.conf",
                                                   f"HELO_reject = Fail\nMail_From_reject = Fail\nPer_User = text,{users}\n"))
    assert status == 3, err
    assert "policy-to \"strict@example.com\" {\n\tspf-on-permerror = reject\n\tspf-on-helo-fail = reject\n" \
        "\tspf-on-temperror = tempfail\n}" in text, text
    assert "policy-to \"postmaster@example.com\" {\n\tspf-on-fail = accept\n\tspf-on-softfail = accept\n" \
        "\tspf-on-none = accept\n\tspf-on-helo-fail = accept\n}" in text, text
    assert "policy-to \"soft@example.com\" {\n\tspf-on-fail = reject\n\tspf-on-softfail = reject\n" \
        "\tspf-on-none = accept\n}" in text, text
    assert text.count("policy-to") == 3, text
    found = {(f["line"], f["kind"], f["option"]) for f in findings if f["file"] == users}
    for line, kind, option in (4, "dropped", "debugLevel"), (4, "dropped", "defaultSeedOnly"), \
            (5, "without counterpart", "skip_addresses"), (5, "dropped", "NoSuch"), (6, "dropped", "STRICT@example.com"), \
            (7, "without counterpart", "nobody"), (3, "different", "HELO_reject"):
        assert (line, kind, option) in found, (line, kind, option, found)
    put(path, "users", "".join("u%d@example.com,HELO_reject=False\n" % i for i in range(1001)))
    status, text, findings, err = run(w, path, os.path.join(path, "policyd-spf.conf"), extra=["--force"])
    assert status == 3 and text.count("policy-to") == 1000, err
    assert any(f["kind"] == "without counterpart" and f["line"] == 1001 for f in findings), findings[:3]


# the KeyTable, the SigningTable, the mistakes; {key} is a key file, {inline} its text, {cut} a part of that
TABLE_MISTAKES = [
    ("a example.com:s:{key}\nb example.net:t:{key}", "*@example.com a\n*@example.net", ["SigningTable:2: *@example.net: the name"]),
    ("a example.com:s:{key}\nbb example.net:t:{key}", "*@example.com a\n*@example.net b", ["SigningTable:2: the KeyTable has no key"]),
    ("a example.com:s:{key}\nb example.net:t:{cut}", "*@example.com a\n*@example.net b", ["KeyTable:2: a key inside the table"]),
    ("a example.com:s:{key}\nb example.net:t:{key}x", "*@example.com a\n*@example.net b", ["KeyTable:2: {key}x: No such"]),
    ("a example.com:s:{key}\nb example.net:t:{dir}", "*@example.com a\n*@example.net b", ["KeyTable:2: {dir}: is a directory"]),
    ("a example.com:s:{key}\nb example.n", "*@example.com a\n*@example.net b", ["KeyTable:2: the key b: domain:selector"]),
    ("a exa\0mple.com:s:{key}\nb\x01\nc exa mple.net:x:\n", "\x02\n*@example.com\n",
     ["KeyTable:1: exa\\x00mple.com", "KeyTable:2: the key b\\x01", "KeyTable:3: ", "SigningTable:2: *@example.com: the name"]),
]


def tables_that_are_cut_or_binary(w):
    key = private_key(w.dir, "import-old/cut")
    inline = "".join(l for l in open(key).read().splitlines() if "-----" not in l)
    names = {"key": key, "dir": os.path.dirname(key), "cut": inline[:300]}
    for keys, signing, parts in TABLE_MISTAKES:
        path = site(w, "cut")
        put(path, "old/KeyTable", keys.format(**names))
        put(path, "old/SigningTable", signing)
        old = put(path, "opendkim.conf", f"KeyTable {path}/old/KeyTable\nSigningTable refile:{path}/old/SigningTable\n")
        status, text, _, err = run(w, path, old)
        assert status == 1 and text is None and os.listdir(os.path.join(path, "keys")) == [], (keys, status, err)
        for part in parts:
            assert part.format(**names) in err, (part, err)


def files_that_contradict_each_other(w):
    path = site(w, "contradictions")
    key = private_key(path, "old/k")
    put(path, "old/KeyTable", f"a example.com:s:{key}\na example.net:t:{key}\n")
    put(path, "old/SigningTable", "*@example.com a")
    dkim = put(path, "opendkim.conf", f"KeyTable {path}/old/KeyTable\nSigningTable refile:{path}/old/SigningTable\n"
               "Domain x.example\nSelector s\nKeyFile /nowhere\nMode s\nAuthservID a.example.com\nSyslogFacility local1\n"
               "DNSTimeout 7\nRequiredHeaders yes\nSignHeaders *,+Received,+X-A\n")
    dmarc = put(path, "opendmarc.conf", "AuthservID b.example.com\nSyslogFacility local2\nDNSTimeout 8\nRejectFailures yes\n"
                "RequiredHeaders no\n")
    spf = put(path, "policyd-spf.conf", "Authserv_Id = a.example.com\nLookup_Time = 20\n")
    status, text, findings, err = run(w, path, dkim, dmarc, spf)
    assert status == 3, err
    for part in "authserv-id = a.example.com", "remove-authserv-ids = { b.example.com }", "facility = local1", \
            "deadline = 7s", "required-headers = yes", 'sign-headers = { "+X-A" }':
        assert part in text, (part, text)
    assert os.listdir(os.path.join(path, "keys")) == ["example.com"]
    for file, line, kind, words in (dmarc, 1, "different", "opendkim.conf:7 says a.example.com"), \
            (dmarc, 2, "different", "opendkim.conf:8 says local1"), (dmarc, 3, "different", "opendkim.conf:9 says 7"), \
            (spf, 2, "different", "opendkim.conf:9 says 7"), (dmarc, 4, "different", "opendkim verifies nothing (Mode at "), \
            (dkim, 3, "dropped", "where there is a KeyTable"), (dkim, 5, "dropped", "where there is a KeyTable"), \
            (dkim, 11, "without counterpart", "does not accept this entry"), \
            (path + "/old/KeyTable", 2, "dropped", "old/KeyTable:1 has this name as well"), \
            (path + "/old/SigningTable", 1, "unsafe", "is the file complete?"):
        assert any(f["file"] == file and f.get("line") == line and f["kind"] == kind and words in f["text"] for f in findings), \
            (file, line, words, findings)


def what_cannot_be_written_copies_no_key(w):
    path = site(w, "unwritten")
    key = private_key(path, "old/k")
    old = put(path, "opendkim.conf", f"Domain example.com\nSelector s\nKeyFile {key}\n")
    keys = os.path.join(path, "keys")
    status, _, err = w.run("import", "--keys", keys, "-o", os.path.join(path, "nowhere/assay.conf"), old)
    assert status == 1 and "nowhere/assay.conf.new: cannot be written: No such file" in err, err
    assert os.listdir(keys) == []
    # Link for import: what waits at the temporary name is not written to
    precious = put(path, "precious", "kept\n")
    os.symlink(precious, os.path.join(path, "out.conf.new"))
    status, _, err = w.run("import", "--keys", keys, "-o", os.path.join(path, "out.conf"), old)
    assert status == 1 and "out.conf.new exists already: remove it" in err, err
    assert os.listdir(keys) == [] and open(precious).read() == "kept\n"
    put(path, "keys/example.com/s.pem", "another\n")
    status, _, err = w.run("import", "--keys", keys, "-o", os.path.join(path, "assay.conf"), old)
    assert status == 1 and "holds another key" in err, err
    assert not [f for f in os.listdir(path) if f.startswith("assay.conf")], os.listdir(path)


# --- keys and tables -------------------------------------------------------------------------------

def tables_become_a_key_directory(w):
    path = site(w, "directory")
    first, second = private_key(path, "old/example.com/mail.private"), private_key(path, "old/example.net/mail.private")
    put(path, "KeyTable", f"\ufeffmail._domainkey.example.com example.com:mail:{first}\r\n"
        f"net example.net:mail:{second}\r\nspare example.com:spare:{first}\n")
    put(path, "SigningTable", "*@example.com mail._domainkey.example.com\n*@example.net net\nexample.org net\n"
        "*@example.com net\n")
    old = put(path, "opendkim.conf", f"KeyTable refile:{path}/KeyTable\nSigningTable refile:{path}/SigningTable\n")
    status, text, findings, err = run(w, path, old)
    assert status == 0, err
    assert "sign-tables" not in text, text
    for domain in "example.com", "example.net":
        file = os.path.join(path, "keys", domain, "mail.pem")
        assert os.stat(file).st_mode & 0o777 == 0o600
    assert os.listdir(os.path.join(path, "keys", "example.com")) == ["mail.pem"]
    dropped = [f for f in findings if f["kind"] == "dropped"]
    assert any("never matches" in f["text"] and f["line"] == 3 for f in dropped), dropped
    assert any("never signs" in f["text"] and f["line"] == 4 for f in dropped), dropped
    assert any("no line of the SigningTable" in f["text"] for f in dropped), dropped
    status, out, err = compare(w, path, old)
    assert status == 0 and "0 are signed differently" in out, (out, err)


def a_second_import_changes_nothing_and_overwrites_nothing(w):
    path = site(w, "again")
    key = private_key(path, "old/k")
    old = put(path, "opendkim.conf", f"Domain example.com\nSelector s\nKeyFile {key}\n")
    target = os.path.join(path, "keys", "example.com", "s.pem")
    status, _, _, err = run(w, path, old, extra=["--dry-run"])
    assert status == 0 and not os.path.exists(target) and not os.path.exists(os.path.join(path, "assay.conf")), err
    assert run(w, path, old)[0] == 0
    before = open(target, "rb").read()
    status, _, _, err = run(w, path, old)
    assert status == 1 and "already exists" in err, err
    assert run(w, path, old, extra=["--force"])[0] == 0
    assert open(target, "rb").read() == before
    other = private_key(path, "old/other")
    old = put(path, "opendkim.conf", f"Domain example.com\nSelector s\nKeyFile {other}\n")
    status, _, _, err = run(w, path, old, extra=["--force"])
    assert status == 1 and "holds another key" in err, err
    assert open(target, "rb").read() == before


def every_form_of_tables_signs_as_before(w):
    """The KeyTable, the SigningTable, further lines; {key} is a key file, {each} has %."""
    rows = [
        # the key directory is enough
        ("file", "k example.com:s:{key}\n", "example.com k\n", "", False),
        ("refile", "k example.com:s:{key}\n", "*@example.com k\n*@*.example.com k\n", "", False),
        ("refile", "k example.com:s:{key}:rsa-sha256\n", "*@example.com k:example.com\n", "", False),
        ("refile", "k %:s:{each}\n", "* k\n", "", False),
        ("refile", "a example.com:s1:{key}\nb example.com:s2:{key}\n", "*@example.com a\n*@example.com b\n",
         "MultipleSignatures yes\n", False),
        ("refile", "a example.com:s1:{key}\nb example.com:s2:{key}\n", "*@example.com a\n*@example.com b\n", "", False),
        ("file", "k %:s:{key}\n", "example.com k\nexample.net k\n", "", False),
        # tables are needed
        ("refile", "k example.com:s:{key}\n", "joe@example.com k\n", "", True),
        ("file", "k example.com:s:{key}\n", "joe@example.com k\nexample.net k\n.example.org k\n* k\n", "", True),
        ("refile", "k example.com:s:{key}\n", "*@*.example.com k\n", "", True),
        ("refile", "k provider.example:s:{key}\n", "*@example.com k\n", "", True),
        ("refile", "k example.com:s:{key}\n", "* k\n", "", True),
        ("refile", "example.com example.com:s:{key}\n", "*@example.com %\n", "", True),
        ("refile", "k %:s:{key}\n", "* k\n", "", True),
        ("refile", "k example.com:s:{inline}\n", "*@example.com k\n", "", False),
    ]
    key = private_key(w.dir, "import-old/key")
    inline = "".join(l for l in open(key).read().splitlines() if "-----" not in l)
    for domain in "example.com", "example.net":
        private_key(w.dir, f"import-old/each/{domain}/s.key")
    each = os.path.join(w.dir, "import-old/each/%/s.key")
    for kind, keys, signing, more, tables in rows:
        path = site(w, "form")
        put(path, "old/KeyTable", keys.format(key=key, each=each, inline=inline))
        put(path, "old/SigningTable", signing)
        old = put(path, "opendkim.conf",
                  f"KeyTable {path}/old/KeyTable\nSigningTable {kind}:{path}/old/SigningTable\n{more}")
        status, text, _, err = run(w, path, old)
        assert status == 0, (keys, signing, err)
        assert ("sign-tables" in text) == tables, (keys, signing, text)
        status, out, err = compare(w, path, old)
        assert status == 0 and "same:" in out and "/s" in out, (keys, signing, out, err)


def tables_are_written_with_the_rights_of_the_directory(w):
    """Tables of a stranger: beside a key directory whose parent is not root's, root could be led to another file."""
    if os.geteuid() != 0:
        return print("not run: it needs root")
    path = site(w, "tables-owner")
    key = private_key(w.dir, "import-old/key")
    put(path, "old/KeyTable", f"k provider.example:s:{key}\n")
    put(path, "old/SigningTable", "*@example.com k\n")
    old = put(path, "opendkim.conf", f"KeyTable {path}/old/KeyTable\nSigningTable refile:{path}/old/SigningTable\n")
    os.chmod(w.dir, 0o755)
    for directory in path, path + "/keys":
        os.chown(directory, 12345, 12346)
    status, _, err = w.run("import", "--keys", path + "/keys", "-o", w.dir + "/tables-owner.conf", old)
    assert status == 0, err
    for name in "KeyTable", "SigningTable", "table-keys", "table-keys/provider.example/s.pem":
        st = os.stat(os.path.join(path, name))
        assert (st.st_uid, st.st_gid) == (12345, 12346), (name, st)


def a_single_key_with_subdomains(w):
    path = site(w, "single")
    key = private_key(path, "old/k")
    for word in "yes", "no":
        old = put(path, "opendkim.conf", f"Domain example.com, Example.net\nSelector s\nKeyFile {key}\nSubDomains {word}\n")
        status, text, _, err = run(w, path, old, extra=["--force"])
        assert status == 0 and ("subdomains = yes" in text) == (word == "yes"), (text, err)
        status, out, err = compare(w, path, old)
        assert status == 0, (out, err)
        assert ("x@sub.example.com  same:  example.com/s" in out) == (word == "yes"), out


def a_difference_is_found(w):
    path = site(w, "difference")
    key = private_key(path, "old/k")
    old = put(path, "opendkim.conf", f"Domain example.com\nSelector s\nKeyFile {key}\n")
    assert run(w, path, old)[0] == 0
    os.rename(os.path.join(path, "keys/example.com/s.pem"), os.path.join(path, "keys/example.com/t.pem"))
    status, out, _ = compare(w, path, old)
    assert status == 3 and "DIFFERENT: before:  example.com/s  after: example.com/t" in out, out


def a_trial_shows_the_configuration_and_writes_nothing(w):
    path = site(w, "trial")
    key = private_key(path, "old/k")
    old = put(path, "opendkim.conf", f"Domain example.com\nSelector s\nKeyFile {key}\nSignatureTTL 60\n")
    out = os.path.join(path, "assay.conf")
    status, text, err = w.run("import", "--dry-run", "--keys", path + "/keys", "-o", out, old)
    assert status == 0 and "expire = 60s" in text and "1 key would be copied" in err and "expire = 60s" in err, (text, err)
    status, report, err = w.run("import", "--dry-run", "--json", "--keys", path + "/keys", old)
    assert status == 0 and json.loads(report)["configuration"] == text, (report, err)
    assert not os.path.exists(out) and os.listdir(path + "/keys") == []


def trusted_hosts_need_a_decision(w):
    path = site(w, "trusted")
    put(path, "TrustedHosts", "127.0.0.1\n::1\nlocalhost\n10.0.0.0/8\n*.lan\n!10.0.0.1\n[192.0.2.7]\n10.0.0.1/8\n")
    old = put(path, "opendkim.conf", f"InternalHosts refile:{path}/TrustedHosts\n")
    status, text, _, err = run(w, path, old)
    assert status == 1 and text is None and err.count("specify its role") == 4, err
    put(path, "assay.conf", f"keys = \"{path}/keys\"\n")
    assert w.run("import", "--compare", "-c", path + "/assay.conf", old)[0] == 0
    os.unlink(path + "/assay.conf")
    for word, part in ("internal", 'internal-hosts = { 127.0.0.0/8, "::1", 10.0.0.0/8, .lan, "!10.0.0.1", 192.0.2.7 }'), \
            ("relay", 'own-relays = { 10.0.0.0/8, .lan, "!10.0.0.1", 192.0.2.7 }'):
        status, text, findings, err = run(w, path, old, extra=["--trusted", word, "--force"])
        assert status == 0 and part in text, (word, text, err)
        assert any("never matches" in f["text"] and f["value"] == "10.0.0.1/8" for f in findings), findings
    out = w.run("import", "--trusted", "ask", "--dry-run", "--keys", path + "/keys", old,
                stdin=b"internal\nrelay\nrelay\ninternal\n")[1]
    assert "192.0.2.7" in re.search("internal-hosts.*", out).group(0), out
    assert "10.0.0.0/8" not in re.search("own-relays.*", out).group(0), out


def patterns_of_hosts_and_recipients(w):
    path = site(w, "patterns")
    put(path, "hosts", "10.*\n192.168.*\n192.0.2.*\n*.lan\n192.*.2.1\nmx?.lan\n")
    put(path, "recipients", "*@legacy.example\nfax@*\njoe@example.net\nx*@example.org\nexample.com\n")
    old = put(path, "opendkim.conf", f"InternalHosts refile:{path}/hosts\nDontSignMailTo refile:{path}/recipients\n"
              "MacroList daemon_name=A\n")
    master = put(path, "master.cf", "a inet n - y - - smtpd -o milter_macro_daemon_name=A\n"
                 "b inet n - y - - smtpd -o milter_macro_daemon_name=B\n")
    status, text, findings, err = run(w, path, old, master, extra=["--trusted", "internal"])
    assert status == 3 and 'internal-hosts = { 127.0.0.0/8, "::1", 10.0.0.0/8, 192.168.0.0/16, 192.0.2.0/24, .lan }' in text, (text, err)
    assert 'never-sign-to = { legacy.example, "fax@", "joe@example.net" }' in text, text
    assert "sign-daemon-names = { A }" in text, text
    without = [f["value"] for f in findings if f["kind"] == "without counterpart"]
    assert without == ["192.*.2.1", "x*@example.org"], without
    kinds = [f["kind"] for f in findings if f["file"] == master]
    assert sorted(kinds) == ["kept", "translated"], kinds


def identities_that_opendkim_does_not_use(w):
    path = site(w, "identities")
    key = private_key(path, "old/k")
    put(path, "KeyTable", f"a example.com:s:{key}\nb example.net:s:{key}\nc example.org:s:{key}\n")
    put(path, "SigningTable", "*@example.com a:mail.example.com\n*@example.net b:x@elsewhere.example\n*@example.org c:@mail.example.org\n")
    old = put(path, "opendkim.conf", f"KeyTable {path}/KeyTable\nSigningTable refile:{path}/SigningTable\n")
    status, text, findings, err = run(w, path, old)
    assert status == 0, err
    assert re.findall("identity = (.*)", text) == ['"@mail.example.com"', '"@mail.example.org"'], text
    lines = {f["line"]: f["kind"] for f in findings if f["file"].endswith("SigningTable")}
    assert lines == {1: "different", 2: "dropped"}, lines


def postfix_lines_are_made_from_the_sites(w):
    path = site(w, "postfix")
    old = [put(path, "opendkim.conf", "Socket inet:8891@localhost\n"),
           put(path, "opendmarc.conf", "Socket local:/var/spool/postfix/opendmarc/opendmarc.sock\n"),
           put(path, "policyd-spf.conf", "debugLevel = 1\n"),
           put(path, "main.cf", "# smtpd_milters = no\nsmtpd_milters = inet:127.0.0.1:8891,\n   local:opendmarc/opendmarc.sock,\n"
               "  { inet:localhost:11332, connect_timeout = 3s }\nmilter_default_action = accept\n"
               "policyd-spf_time_limit = 3600\nsmtpd_recipient_restrictions = reject_unauth_destination,\n   check_policy_service unix:private/policyd-spf\n"),
           put(path, "master.cf", "policyd-spf unix - n n - 0 spawn\n  user=policyd-spf argv=/usr/bin/policyd-spf\n")]
    out = os.path.join(path, "assay.conf")
    status, _, err = w.run("import", "-o", out, "--keys", path + "/keys", *old)
    assert status in (0, 3), err
    assert "smtpd_milters = { inet:localhost:11332, connect_timeout = 3s }, { unix:assay/assay.sock, default_action=tempfail }" in err, err
    assert "inet:127.0.0.1:8891, local:opendmarc/opendmarc.sock, " in err, err
    assert "Remove check_policy_service ...policyd-spf from %s:7: smtpd_recipient_restrictions" % old[3] in err, err
    assert "Remove %s:6: policyd-spf_time_limit" % old[3] in err, err
    assert "Remove the service at %s:1" % old[4] in err, err
    assert 'listen = "unix:/var/spool/postfix/assay/assay.sock"' in open(out).read()


def postfix_lists_behind_names_are_found(w):
    path = site(w, "names")
    old = [put(path, "opendkim.conf", "Socket inet:8891@localhost\n"),
           put(path, "main.cf", "dkim_milter = inet:localhost:8891\nloop = $loop\n"
               "smtpd_milters = $dkim_milter, ${other}, $$loop, inet:localhost:11332\n"),
           put(path, "master.cf", "submission inet n - y - - smtpd\n -o smtpd_milters=$dkim_milter,inet:localhost:9\n")]
    _, _, err = w.run("import", "--dry-run", *old)
    assert "smtpd_milters = ${other}, $$loop, inet:localhost:11332, { unix:assay" in err, err
    assert "At %s:1 of master.cf write\n    -o { smtpd_milters = inet:localhost:9, unix:assay/assay.sock }" % old[2] in err, err


def sendmail_lines_are_made_from_the_sites(w):
    rows = [
        ("sendmail.mc", "dnl INPUT_MAIL_FILTER(`opendkim', `S=inet:1@localhost')\n"
         "INPUT_MAIL_FILTER(`dkim', `S=inet:8891@localhost')dnl\nMAIL_FILTER(`clamav', `S=local:/run/clamav.sock, F=T')\n"
         "INPUT_MAIL_FILTER(`opendmarc', `S=local:/run/opendmarc/opendmarc.sock')\n"
         "define(`confINPUT_MAIL_FILTERS', `dkim,clamav, opendmarc')dnl\n",
         ["INPUT_MAIL_FILTER(`assay', `S=local:/run/assay/assay.sock, F=T, T=S:10s;R:30s;E:5m')",
          "    dkim, clamav, opendmarc, assay\n", "    clamav, assay\n", ":2: dkim.", ":4: opendmarc."]),
        ("sendmail.cf", "O InputMailFilters=dkim,clamav\nXdkim, S=inet:8891@localhost\nXclamav, S=local:/run/clamav.sock\n",
         ["Xassay, S=local:/run/assay/assay.sock, F=T", "O InputMailFilters=dkim, clamav, assay\n",
          "O InputMailFilters=clamav, assay\n", ":2: dkim."]),
        ("sendmail.mc", "OSTYPE(`debian')\n", ["INPUT_MAIL_FILTER(`assay'"]),
    ]
    for name, text, parts in rows:
        path = site(w, "sendmail")
        old = put(path, "opendkim.conf", "Socket inet:8891@localhost\n")
        _, out, err = w.run("import", "--dry-run", old, put(path, name, text))
        for part in parts + ["set enforce = no", "restart Sendmail"]:
            assert part in err, (name, part, err)
        assert "main.cf" not in err and "Remove %s:3" % os.path.join(path, name) not in err, err
        assert 'socket-group = smmsp' in out, out


def what_no_option_says_is_reported(w):
    path = site(w, "habits")
    for name, line, part in (("opendkim.conf", "Syslog yes", "sign-mismatch"), ("opendmarc.conf", "Syslog yes", "no pct"),
                             ("policyd-spf.conf", "debugLevel = 1", "not at RCPT")):
        findings = run(w, path, put(path, name, line + "\n"), extra=["--force"])[2]
        assert [f for f in findings if part in f["text"] and f["kind"] == "different" and "line" not in f], findings


def many_domains(w):
    """ASSAY_IMPORT_DOMAINS=20000: as many as a provider has, and then at most 10 s for the import."""
    count = int(os.environ.get("ASSAY_IMPORT_DOMAINS", "300"))
    path = site(w, "many")
    with open(os.path.join(TOP, "keys/rsa2048.pem")) as f:
        pem = f.read()
    names = ["d%d.example" % i for i in range(count)]
    for name in names:
        put(path, f"old/{name}/mail.private", pem)
    put(path, "KeyTable", "".join(f"mail._domainkey.{n} {n}:mail:{path}/old/{n}/mail.private\n" for n in names))
    put(path, "SigningTable", "".join(f"*@{n} mail._domainkey.{n}\n" for n in names))
    old = put(path, "opendkim.conf", f"KeyTable {path}/KeyTable\nSigningTable refile:{path}/SigningTable\nRequireSafeKeys no\n")
    start = time.monotonic()
    terminal = on_a_terminal(w, "import", "--keys", path + "/keys", "-o", path + "/assay.conf", old)
    took = time.monotonic() - start
    assert "keys read: %d of %d" % (count, count) in terminal and "keys copied: %d of %d" % (count, count) in terminal, terminal[-500:]
    assert len(os.listdir(path + "/keys")) == count
    if count >= 20000:
        print("import of %d domains: %.1f s" % (count, took))
        assert took < 10, took
    status, out, err = compare(w, path, old)
    assert status == 0 and "%d authors, 0 are signed differently" % (2 * count) in out, (out[-200:], err)
    assert "keys" not in err, "progress in what is not a terminal: " + err


def on_a_terminal(w, *args):
    """What a person sees on standard error."""
    ours, its = pty.openpty()
    with subprocess.Popen([w.assay, *args], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=its) as p:
        os.close(its)
        seen = b""
        try:
            while chunk := os.read(ours, 65536):
                seen += chunk
        except OSError:                          # the other end is closed
            pass
    os.close(ours)
    assert p.returncode == 0, seen[-2000:]
    return seen.decode("utf-8", "replace")


def one_selector_with_two_keys(w):
    path = site(w, "twice")
    first, second = private_key(path, "old/a"), private_key(path, "old/b")
    put(path, "old/SigningTable", "*@example.com a\njoe@example.com b\n")
    old = put(path, "opendkim.conf", f"KeyTable {path}/old/KeyTable\nSigningTable refile:{path}/old/SigningTable\n")
    put(path, "old/KeyTable", f"a example.com:s:{first}\nb example.com:s:{second}\n")
    status, text, _, err = run(w, path, old)
    assert status == 1 and "KeyTable:2: another key of the same domain and selector is at" in err and text is None, err
    assert os.listdir(path + "/keys") == [], err
    put(path, "old/KeyTable", f"a example.com:s:{first}\nb example.com:s:{first}\n")
    status, _, _, err = run(w, path, old)
    assert status == 0, err


def every_option_of_the_peers_is_known(w):
    """Names in the shared table of the peers' options."""
    table = os.path.join(os.environ.get("ASSAY_SHARED", os.path.join(TOP, "..", "shared")), "peers/classic-features.md")
    if not os.path.exists(table):
        print("skipped: the table of the peers' options is not there")
        return
    program, count = None, 0
    for line in open(table):
        section = re.match(r"## (\d)", line)
        if section:
            program = {"1": "opendkim", "2": "opendmarc"}.get(section.group(1))
        row = re.match(r"\| ([^|]+) \|", line)
        if program is None or row is None or "Prefix" in line:
            continue
        for name in re.findall(r"(?<![\w{/.-])[A-Z][A-Za-z]+(?:-[A-Z][A-Za-z]+)?(?![\w*])", re.sub(r"\([^)]*\)|\[[^]]*\]", "", row.group(1))):
            if name in ("Option", "SetupPolicyScript", "API", "ADSP", "LDAP"):
                continue
            path = site(w, "known")
            err = run(w, path, put(path, program + ".conf", name + " 1\n"))[3]
            assert "is not an option" not in err and "begins several" not in err, (program, name, err)
            count += 1
    assert count > 150, count


CHECKS = [
    every_rule_finds_what_it_should,
    defaults_of_the_old_programs_count,
    mistakes_are_all_reported_and_nothing_is_written,
    tables_that_are_cut_or_binary,
    files_that_contradict_each_other,
    what_cannot_be_written_copies_no_key,
    tables_become_a_key_directory,
    a_second_import_changes_nothing_and_overwrites_nothing,
    recipients_of_policyd_spf_become_sections,
    every_form_of_tables_signs_as_before,
    tables_are_written_with_the_rights_of_the_directory,
    a_single_key_with_subdomains,
    a_difference_is_found,
    a_trial_shows_the_configuration_and_writes_nothing,
    trusted_hosts_need_a_decision,
    patterns_of_hosts_and_recipients,
    identities_that_opendkim_does_not_use,
    postfix_lines_are_made_from_the_sites,
    postfix_lists_behind_names_are_found,
    sendmail_lines_are_made_from_the_sites,
    what_no_option_says_is_reported,
    many_domains,
    one_selector_with_two_keys,
    every_option_of_the_peers_is_known,
]

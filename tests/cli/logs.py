"""assay explain and assay log: what they say of a log that a real assayd has written.

Each check takes the World of run.py.
"""
import csv
import gzip
import io
import json
import os
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "lib"))
import documents  # noqa: E402
sys.path.insert(0, os.path.join(HERE, "..", "sessions"))
from run_daemon import Daemon, Mta, zero  # noqa: E402

ZONE = """
bank.example TXT v=spf1 ip4:203.0.113.1 -all
_dmarc.bank.example TXT v=DMARC1; p=reject
shop.example TXT v=spf1 -all
_dmarc.shop.example TXT v=DMARC1; p=quarantine
list.example TXT v=spf1 ip4:198.51.100.1 -all
fwd.example TXT v=spf1 ip4:198.51.100.2 -all
esp.example TXT v=spf1 ip4:198.51.100.3 -all
friend.example TXT v=spf1 ip4:198.51.100.4 -all
_dmarc.friend.example TXT v=DMARC1; p=none
"""

# queue id, client, envelope sender, author, further fields, login
MAIL = [("F%d" % i, "192.0.2.66", "x@bank.example", "bank.example", [], None) for i in range(1, 6)] + [
    ("L1", "198.51.100.1", "l-bounces@list.example", "bank.example", [("List-Id", " <l.list.example>")], None),
    ("S1", "198.51.100.2", "SRS0=a=b=bank.example=x@fwd.example", "bank.example", [], None),
    ("E1", "198.51.100.3", "b@esp.example", "shop.example", [], None),
    ("R1", "10.1.1.1", "x@bank.example", "bank.example", [], None),
    ("G1", "198.51.100.4", "a@friend.example", "friend.example", [], None),
    ("G1", "198.51.100.4", "b@friend.example", "friend.example", [], None),  # the MTA uses an id again
    ("U1", "192.0.2.1", "joe@own.example", "own.example", [], "joe"),
]


def play(mta, queue_id, client, sender, author, fields, login):
    mta.macros("C", j="mx.example.com", daemon_port="25", client_addr=client)
    mta.tell("C", zero("[%s]" % client) + b"4" + struct.pack(">H", 40000) + zero(client))
    mta.tell("H", zero("mail.example.org"))
    mta.macros("M", i=queue_id, auth_authen=login)
    mta.tell("M", zero("<%s>" % sender))
    mta.tell("R", zero("<ann@example.com>"))
    mta.tell("T")
    for name, value in [("From", " joe@" + author), ("Message-ID", " <%s@%s>" % (queue_id, author)), *fields]:
        mta.tell("L", zero(name, value))
    mta.tell("N")
    mta.tell("B", b"Hello.\r\n")
    mta.macros("E", i=queue_id)
    return mta.end()


def site(w, log_format):
    """A directory with assay.conf, and the log of MAIL in assay.log; made once for each format."""
    directory = os.path.join(w.dir, "logs-" + log_format)
    if os.path.isdir(directory):
        return directory
    os.makedirs(os.path.join(directory, "keys"))
    zone = w.file(os.path.join(directory, "zone"), ZONE)
    w.file(os.path.join(directory, "assay.conf"), """
authserv-id = "mx.example.com"
keys = "%s/keys"
enforce = no
dns { test-zone-file = "%s" }
log { target = file  file = "%s/assay.log"  format = %s }
""" % (directory, zone, directory, log_format))
    daemon = Daemon(w.build, directory)
    try:
        for message in MAIL:
            play(Mta(daemon.socket), *message)
        until = time.monotonic() + 60
        while open(os.path.join(directory, "assay.log")).read().count("G1") < 2 or "U1" not in open(
                os.path.join(directory, "assay.log")).read():
            assert time.monotonic() < until, "the log is not written"
            time.sleep(0.05)
    finally:
        daemon.stop()
    return directory


def conf(directory):
    return os.path.join(directory, "assay.conf")


def log_of(directory):
    return os.path.join(directory, "assay.log")


def explain_says_what_decided(w):
    for log_format in ("text", "json"):
        d = site(w, log_format)
        rows = [
            ("F1", ["author domain bank.example", "192.0.2.66", "SPF: fail", "no signature", "p=reject",
                    "enforce = yes would reject it", "bank.example fails DMARC", "dmarc { on-policy-reject }",
                    "signed with d=bank.example", "SPF record of bank.example should contain it"]),
            ("L1", ["enforce = yes would quarantine it", "indirect flow: list fields", "dmarc { indirect }",
                    "an envelope sender at bank.example"]),
            ("E1", ["enforce = yes would quarantine it", "dmarc { on-policy-quarantine }", "SPF passed for esp.example"]),
            ("U1", ["Outgoing mail", "no key", "keys"]),
        ]
        for queue_id, texts in rows:
            out = w.ok("explain", queue_id, "-c", conf(d))
            for text in texts:
                assert text in out, "%s, %s: %r is not in\n%s" % (log_format, queue_id, text, out)
        out = w.ok("explain", "G1", "-c", conf(d))
        assert out.count("What was decided:") == 2 and "used this queue id 2 times" in out, out
        assert "DMARC: pass" in out and "should mend" not in out, out


def explain_as_json(w):
    for log_format in ("text", "json"):
        d = site(w, log_format)
        o = json.loads(w.ok("explain", "G1", "--json", "--log", log_of(d)))
        assert len(o["matches"]) == 2 and o["searched"] == log_of(d), o
        first = o["matches"][0]
        assert first["queue_id"] == "G1" and first["fields"]["client"] == "198.51.100.4" and first["time"] > 0, first
        assert first["fields"]["dmarc"] == "pass" and first["fields"]["policy"] == "none", first
        assert all(isinstance(s, str) for k in ("message", "found", "decided", "settings", "mend") for s in first[k])
        status, out, err = w.run("explain", "NONE", "--json", "--log", log_of(d))
        assert status == 3 and json.loads(out)["matches"] == [] and err == "", (status, out, err)


def explain_reads_logs_as_they_are(w):
    """Prefixes of syslog, rotated and compressed files, lines of others, hostile octets."""
    d = os.path.join(w.dir, "logs-rotated")
    os.makedirs(d)
    line = "4ID: role=judge client=192.0.2.%d from=<> author=b.org spf=none dkim=none dmarc=none action=accept ms=1"
    other = "Nov 26 10:00:0%d mx postfix/smtpd[1]: NOQUEUE: x: " + line % 99
    now = time.time()
    with gzip.open(os.path.join(d, "mail.log.2.gz"), "wb") as f:
        f.write(("Nov 24 10:00:00 mx assayd[7]: " + line % 1 + "\n").encode())
    w.file(os.path.join(d, "mail.log.1"), "2026-11-25T10:00:00.5+01:00 mx assayd[7]: " + line % 2 + "\n")
    w.file(os.path.join(d, "mail.log"), b"\xff\x00\n" + b"a" * 100000 + b"\n" + (other % 1 + "\n").encode() +
           ("<22>Nov 26 10:00:00 mx assayd[7]: " + line % 3 + "\n").encode() + b"assayd: {\"cut")
    w.file(os.path.join(d, "mail.log.bak"), line % 98 + "\n")
    os.utime(os.path.join(d, "mail.log.2.gz"), (now - 200, now - 200))
    os.utime(os.path.join(d, "mail.log.1"), (now - 100, now - 100))
    w.file(os.path.join(d, "assay.conf"), 'log { target = file  file = "%s/mail.log" }\n' % d)
    status, out, err = w.run("explain", "4ID", "-c", conf(d))
    clients = [l.split()[3].rstrip(".") for l in out.splitlines() if "The client was" in l]
    assert status == 0 and clients == ["192.0.2.1", "192.0.2.2", "192.0.2.3"], (out, err)
    assert "not counted: 1 " in err, err
    with open(os.path.join(d, "mail.log"), "rb") as f:
        assert "192.0.2.3" in w.ok("explain", "4ID", "--log", "-", stdin=f.read())
    rows = [
        (["explain"], 2, "argument is missing"),
        (["explain", "4ID", "--log", os.path.join(d, "none")], 1, "No such file"),
        (["explain", "4ID", "--log", d], 1, "directory"),
        (["explain", "4ID", "--log", w.file("broken.gz", "no gzip")], 1, "gzip has failed"),
    ]
    for args, want, text in rows:
        status, out, err = w.run(*args)
        assert status == want and text in err, (args, status, err)


def log_sums_a_period(w):
    for log_format in ("text", "json"):
        d = site(w, log_format)
        o = json.loads(w.ok("log", "--json", "-c", conf(d)))
        assert o["messages"] == len(MAIL) and o["first"] <= o["last"] and o["searched"] == log_of(d), o
        by = {kind: {row["key"]: row for row in o[kind]} for kind in ("action", "author", "client", "reason")}
        bank = by["author"]["bank.example"]
        assert (bank["messages"], bank["dmarc_fail"], bank["would"], bank["reject"]) == (8, 8, 8, 0), bank
        assert by["author"]["friend.example"]["dmarc_pass"] == 2 and by["client"]["joe"]["unsigned"] == 1, by
        assert by["reason"]["DOMAIN fails DMARC (p=reject)"]["messages"] == 7, by["reason"]
        assert by["action"]["judged: accept, enforce = yes: reject"]["messages"] == 7, by["action"]
        assert o["author"][0]["key"] == "bank.example", "the largest is not the first"
        table = list(csv.DictReader(io.StringIO(w.ok("log", "--csv", "-c", conf(d)), newline="")))
        assert {r["key"]: r["messages"] for r in table if r["kind"] == "author"}["bank.example"] == "8", table
        out = w.ok("log", "-c", conf(d))
        assert "12 messages, from 20" in out and "by reason" in out, out


def log_would_answers(w):
    looks = {"F1": "forgery", "L1": "mailing list", "S1": "forwarder", "E1": "service", "R1": "own relay"}
    for log_format in ("text", "json"):
        d = site(w, log_format)
        status, out, _ = w.run("log", "would", "--json", "-c", conf(d))
        o = json.loads(out)
        assert status == 3 and o["safe"] is False and (o["judged"], o["refused"], o["in_force"]) == (11, 9, 0), o
        assert {r["example"].split()[0]: r["looks_like"] for r in o["rows"]} == looks, o["rows"]
        assert o["rows"][0]["messages"] == 5 and o["rows"][0]["clients"] == 1, o["rows"]
        assert o["looks_like"]["own relay"]["wanted"] and not o["looks_like"]["forgery"]["wanted"], o["looks_like"]
        status, out, _ = w.run("log", "would", "-c", conf(d))
        assert status == 3 and "No: mail of your own hosts" in out and "81.82 %" in out, out
        status, out, _ = w.run("log", "would", "--csv", "-c", conf(d))
        assert status == 3 and len(list(csv.DictReader(io.StringIO(out, newline="")))) == 5, out
    line = "Nov %d 10:00:00 mx assayd[1]: Q: role=judge client=192.0.2.1 author=b.org spf=fail dkim=none " \
        "dmarc=fail(p=reject) action=%s why=b.org fails DMARC (p=reject)\n"
    rows = [
        ("", 3, "cannot be answered"),
        (line % (10, "reject"), 0, "less than a week"),
        (line % (10, "reject") + line % (20, "reject"), 0, "Yes: nothing"),
        (line % (10, "reject") + line % (20, "reject"), 0, "2 of these were refused or quarantined in fact"),
        (line.replace("none", "pass(l.org/s)") % (10, "reject"), 3, "Not before you have looked"),
    ]
    for log, want, text in rows:
        status, out, err = w.run("log", "would", "--log", "-", stdin=log.encode())
        assert status == want and text in out, (log, status, out, err)


def log_of_hostile_lines(w):
    """Spreadsheets get no formula, terminals no controls, and memory is bounded."""
    authors = ["=cmd|x", "+1", "-1", "@x", 'a"b', "plain.example"]
    lines = "".join("Q: role=judge client=192.0.2.1 author=%s action=accept\n" % a for a in authors)
    out = w.ok("log", "--csv", "--log", "-", stdin=lines.encode())
    keys = [r["key"] for r in csv.DictReader(io.StringIO(out, newline="")) if r["kind"] == "author"]
    assert sorted(keys) == sorted(["'=cmd|x", "'+1", "'-1", "'@x", 'a"b', "plain.example"]), keys
    out = subprocess.run([w.assay, "log", "--log", "-"], capture_output=True, check=True,
                         input=b"Q: role=judge client=192.0.2.1 author=a\x1b[2J\xff\n").stdout
    assert b"a\\x1b[2J\\xff" in out, out
    fifo = os.path.join(w.dir, "log.fifo")
    os.mkfifo(fifo)
    config = w.file("fifo.conf", 'log {\n\ttarget = file\n\tfile = "%s"\n}\n' % fifo)
    status, _, err = w.run("log", "-c", config)
    assert status == 1 and "log.fifo: is not a regular file" in err, err
    many = "".join("Q: role=judge client=192.0.%d.%d author=b.org action=accept\n" % (i >> 8, i & 255)
                   for i in range(20100))
    o = json.loads(w.ok("log", "--json", "--log", "-", stdin=many.encode()))
    assert len(o["client"]) == 20001 and o["client"][-1] == dict(o["client"][-1], key="others", messages=100), o["client"][-1]


def log_takes_periods(w):
    lines = "".join("2026-11-%02dT10:00:00Z mx assayd[1]: Q: role=pass client=192.0.2.%d\n" % (d, d) for d in range(10, 20))
    rows = [
        ([], 10), (["--since", "2026-11-15T10:00:00Z"], 5), (["--until", "2026-11-15T10:00:00Z"], 5),
        (["--since", "2026-11-12T00:00Z", "--until", "2026-11-14T00:00Z"], 2), (["--since", "@9999999999"], 0),
    ]
    for args, want in rows:
        o = json.loads(w.ok("log", "--json", "--log", "-", *args, stdin=lines.encode()))
        assert o["messages"] == want, (args, o["messages"])
    for args, text in [(["--since", "soon"], "not a time"), (["--until", "7"], "not a time"), (["maybe"], "unknown word"),
                       (["--json", "--csv"], "--json or --csv"), (["would", "more"], "unexpected argument")]:
        status, _, err = w.run("log", *args)
        assert status == 2 and text in err, (args, status, err)


def journal_is_asked_without_a_shell(w):
    """A journalctl of the test's own says how it was called, and prints two lines."""
    d = os.path.join(w.dir, "logs-journal")
    program = w.file(os.path.join(d, "bin", "journalctl"), """#!/bin/sh
printf '%%s\\n' "$@" >"%s/arguments"
echo '2026-11-26T10:00:00+0000 mx assayd[1]: 4ID: role=pass client=192.0.2.1'
echo '2026-11-26T10:00:00+0000 mx kernel: 4ID: role=pass client=192.0.2.2'
""" % d)
    os.chmod(program, 0o755)
    env = dict(os.environ, PATH=os.path.dirname(program) + ":" + os.environ["PATH"])
    conf_file = w.file(os.path.join(d, "assay.conf"), "log { target = journal }\n")
    out = subprocess.run([w.assay, "explain", "4ID", "-c", conf_file], env=env, capture_output=True, check=True).stdout
    assert b"(the journal)" in out and b"192.0.2.1." in out and b"192.0.2.2" not in out, out
    arguments = open(os.path.join(d, "arguments")).read().split("\n")[:-1]
    assert arguments == ["-t", "assayd", "-q", "--no-pager", "-o", "short-iso"], arguments
    subprocess.run([w.assay, "log", "--since", "@5", "-c", conf_file], env=env, capture_output=True, check=True)
    assert open(os.path.join(d, "arguments")).read().split("\n")[-3:-1] == ["--since", "@5"]
    w.file(os.path.join(d, "bin", "journalctl"), "#!/bin/sh\nexit 1\n")
    p = subprocess.run([w.assay, "log", "-c", conf_file], env=env, capture_output=True)
    assert p.returncode == 1 and b"journalctl has failed" in p.stderr and b"--log FILE" in p.stderr, p.stderr


def examples_of_the_manual_run(w):
    """The lines of assay(1)'s EXAMPLES that show something, on a site with an hour of mixed mail."""
    d = site(w, "text")
    w.file(os.path.join(d, "message.eml"), "Return-Path: <a@friend.example>\nReceived: from mail.example.org (mail.example.org "
           "[198.51.100.4])\n\tby mx.example.com with ESMTP id 1; Thu, 26 Nov 2026 10:00:00 +0000\n"
           "From: a@friend.example\n\nHello.\n")
    lines = [line.split() for d in documents.section("doc/assay.1", "EXAMPLES")[:5] for line in d.lines]
    assert {l[1] for l in lines} >= {"verify", "explain", "log"}, lines
    for line in lines:
        arguments = [a.replace("4XyZ1", "F1") for a in line[1:]] + ["-c", conf(d)]
        p = subprocess.run([w.assay, *arguments], cwd=d, capture_output=True)
        assert p.returncode in ((0, 3) if arguments[1] == "would" else (0,)) and len(p.stdout) > 100, (line, p)


CHECKS = [journal_is_asked_without_a_shell, examples_of_the_manual_run, explain_says_what_decided, explain_as_json, explain_reads_logs_as_they_are, log_sums_a_period,
          log_would_answers, log_of_hostile_lines, log_takes_periods]
